from fastnn._core.kernels cimport real

cdef void pointwise_forward_chunk(int function, double parameter, ptrdiff_t n, const real* x,
                                  real* y) noexcept nogil
cdef void pointwise_backward_chunk(int function, double parameter, ptrdiff_t n, const real* dy,
                                   const real* y, real* dx) noexcept nogil
cdef void softmax_forward_chunk(ptrdiff_t positions, ptrdiff_t channels, const real* x,
                                real* y) noexcept nogil
cdef void softmax_backward_chunk(ptrdiff_t positions, ptrdiff_t channels, const real* dy,
                                 const real* y, real* dx) noexcept nogil
