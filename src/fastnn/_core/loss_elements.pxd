from fastnn._core.kernels cimport real
from fastnn._core.loss cimport Loss

cdef void element_loss_chunk(
    const Loss* loss, const real* y, const real* target, const double* share, ptrdiff_t samples,
    real* dy, double* losses) noexcept nogil
