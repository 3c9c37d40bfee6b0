from libc.stdint cimport int64_t

from fastnn._core.kernels cimport real
from fastnn._core.loss cimport Loss

cdef void class_loss_chunk(
    const Loss* loss, const real* logits, const int64_t* labels, const real* target,
    const double* share, ptrdiff_t samples, real* dlogits, double* losses) noexcept nogil
