from fastnn._core.kernels cimport real

cdef enum Function:
    RELU, SIGMOID, TANH, SIGN

cdef void pointwise_forward_chunk(Function function, ptrdiff_t n, const real* x,
                                  real* y) noexcept nogil
cdef void pointwise_backward_chunk(Function function, ptrdiff_t n, const real* dy, const real* y,
                                   real* dx) noexcept nogil
cdef void softmax_forward_chunk(ptrdiff_t positions, ptrdiff_t channels, const real* x,
                                real* y) noexcept nogil
cdef void softmax_backward_chunk(ptrdiff_t positions, ptrdiff_t channels, const real* dy,
                                 const real* y, real* dx) noexcept nogil
