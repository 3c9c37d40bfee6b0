from fastnn._core.kernels cimport real

# Which slope an element has: slope[c · step] of its channel c, at every position.
cdef struct Slopes:
    ptrdiff_t positions, channels
    ptrdiff_t step              # 1; 0: one slope for all
    ptrdiff_t count             # of slopes

cdef Slopes make_slopes(ptrdiff_t features, ptrdiff_t channels, ptrdiff_t count) noexcept nogil
cdef ptrdiff_t slopes_scratch(const Slopes* plan) noexcept nogil
cdef void prelu_forward_chunk(const Slopes* plan, const real* x, const real* slope,
                              real* y) noexcept nogil
cdef void prelu_backward_input_chunk(const Slopes* plan, const real* dy, const real* x,
                                     const real* slope, real* dx) noexcept nogil
cdef void prelu_backward_weights_chunk(
    const Slopes* plan, const real* x, const real* dy, ptrdiff_t samples, ptrdiff_t nth, bint last,
    real* scratch, real* chain, real* total) noexcept nogil
