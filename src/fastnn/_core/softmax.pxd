from fastnn._core.kernels cimport real

cdef void softmax_forward_chunk(bint logarithm, ptrdiff_t positions, ptrdiff_t channels,
                                const real* x, real* y) noexcept nogil
cdef void softmax_backward_chunk(bint logarithm, ptrdiff_t positions, ptrdiff_t channels,
                                 const real* dy, const real* y, real* dx) noexcept nogil
