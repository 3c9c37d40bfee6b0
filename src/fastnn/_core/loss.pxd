from libc.stdint cimport int64_t

from fastnn._core.kernels cimport real

cdef enum Elementwise:
    SQUARED_ERROR, BINARY_CROSS_ENTROPY

cdef bint all_within(const int64_t* labels, ptrdiff_t n, int64_t classes) noexcept nogil
cdef double chained_sum(double* terms, ptrdiff_t n) noexcept nogil
cdef double weighted_sum(double* losses, const double* share, ptrdiff_t samples) noexcept nogil
cdef void cross_entropy_chunk(
    const real* logits, const int64_t* labels, const real* target, const double* share,
    ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t samples, real* dlogits,
    double* losses) noexcept nogil
cdef void elementwise_loss_chunk(
    Elementwise loss, const real* y, const real* target, const double* share, double scale,
    ptrdiff_t n, ptrdiff_t samples, real* dy, double* losses) noexcept nogil
