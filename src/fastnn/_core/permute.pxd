from fastnn._core.kernels cimport real

cdef enum:
    MOST_AXES = 8               # of a sample whose axes are permuted

# A sample's axes in another order. Those that stay neighbours are one; the last, if it stays the
# last, is part of what is copied at once.
cdef struct Permutation:
    int axes                    # at least one
    ptrdiff_t size[MOST_AXES]   # of the output's axes
    ptrdiff_t step[MOST_AXES]   # from one to the next in x, in elements
    ptrdiff_t width             # elements that stay together
    ptrdiff_t rows              # product of all sizes but the last

# A program's: what makes y of x, and what makes dx of dy.
cdef struct PermutePlan:
    Permutation order, inverse

cdef Permutation make_permutation(tuple order) except *
cdef void permute_rows(const Permutation* plan, const real* x, real* y, ptrdiff_t part,
                       ptrdiff_t parts) noexcept nogil
