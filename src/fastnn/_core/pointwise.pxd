from fastnn._core.kernels cimport real

cdef void pointwise_forward_chunk(int function, double parameter, ptrdiff_t n, const real* x,
                                  real* y) noexcept nogil
cdef void pointwise_backward_chunk(int function, double parameter, ptrdiff_t n, const real* dy,
                                   const real* kept, real* dx) noexcept nogil
