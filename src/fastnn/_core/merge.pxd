from fastnn._core.kernels cimport (
    MERGE_ADD, MERGE_AVERAGE, MERGE_MAXIMUM, MERGE_MINIMUM, MERGE_MULTIPLY, MERGE_SUBTRACT, real)

cdef enum Merging:
    ADD = MERGE_ADD
    SUBTRACT = MERGE_SUBTRACT
    MULTIPLY = MERGE_MULTIPLY
    AVERAGE = MERGE_AVERAGE
    MAXIMUM = MERGE_MAXIMUM
    MINIMUM = MERGE_MINIMUM

cdef void merge_forward_chunk(int function, int n_inputs, ptrdiff_t first, ptrdiff_t end,
                              const real*const* x, real* y) noexcept nogil
cdef void merge_backward_chunk(int function, int n_inputs, int index, ptrdiff_t first,
                               ptrdiff_t end, const real*const* x, const real* dy,
                               real* dx) noexcept nogil
cdef void concatenate_part_chunk(ptrdiff_t outer, ptrdiff_t inner, ptrdiff_t whole,
                                 ptrdiff_t start, const real* x, real* y) noexcept nogil
cdef void concatenate_part_backward_chunk(ptrdiff_t outer, ptrdiff_t inner, ptrdiff_t whole,
                                          ptrdiff_t start, const real* dy,
                                          real* dx) noexcept nogil
