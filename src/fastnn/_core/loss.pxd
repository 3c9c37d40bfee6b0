from libc.stdint cimport int64_t

from fastnn._core.kernels cimport real

# Losses of elements, which are compared with a target each, come before losses of classes.
cdef enum LossKind:
    NO_LOSS
    SQUARED, BINARY_CROSS_ENTROPY
    CROSS_ENTROPY

cdef struct Loss:
    LossKind kind
    double scale                # of every element's loss
    ptrdiff_t positions, channels           # of a sample's outputs

cdef inline bint of_classes(const Loss* loss) noexcept nogil:
    return loss.kind >= CROSS_ENTROPY

cdef bint make_loss(Loss* loss, dict settings, ptrdiff_t outputs) except False
cdef bint all_within(const int64_t* labels, ptrdiff_t n, int64_t classes) noexcept nogil
cdef double chained_sum(double* terms, ptrdiff_t n) noexcept nogil
cdef double weighted_sum(double* losses, const double* share, ptrdiff_t samples) noexcept nogil
cdef void loss_chunk(
    const Loss* loss, const real* y, const int64_t* labels, const real* target,
    const double* share, ptrdiff_t samples, real* dy, double* losses) noexcept nogil
