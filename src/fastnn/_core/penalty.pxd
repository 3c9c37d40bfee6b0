from fastnn._core.kernels cimport CHAIN, LANES, real

cdef enum:
    TERM = LANES * CHAIN        # numbers whose penalty, or squares, are one term of a sum

# Of the elastic net: l1 Σ|w| + l2 Σ w².
cdef struct Penalty:
    double l1, l2

cdef double penalty_term(const Penalty* penalty, ptrdiff_t n, const real* weight) noexcept nogil
cdef double squared_norm(ptrdiff_t n, const real* x) noexcept nogil
cdef void add_penalty_gradient(const Penalty* penalty, ptrdiff_t n, const real* weight,
                               real* gradient) noexcept nogil


cdef inline ptrdiff_t terms_of(ptrdiff_t n) noexcept nogil:
    return (n + TERM - 1) // TERM
