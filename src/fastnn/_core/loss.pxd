from libc.stdint cimport int64_t

from fastnn._core.kernels cimport real

# Losses of elements, which are compared with a target each, come before losses of classes.
cdef enum LossKind:
    NO_LOSS
    SQUARED, ABSOLUTE, HUBER, POISSON, POISSON_OF_RATE, HINGE, PERCEPTRON
    BINARY_CROSS_ENTROPY, BINARY_FOCAL
    CROSS_ENTROPY, KL_DIVERGENCE, FOCAL, MULTICLASS_HINGE
    LOSS_KINDS

cdef struct Loss:
    LossKind kind
    double scale                # of every element's loss
    double parameter            # delta, margin, gamma or epsilon
    double smoothing            # what all classes share alike of a target
    const double* class_weight  # (channels,), or NULL: all 1
    bint ignores                # whether positions with this label count in no sum:
    int64_t ignore_label
    bint adds                   # Σ w ℓ, else that over Σ w
    ptrdiff_t positions, channels           # of a sample's outputs

cdef inline bint of_classes(const Loss* loss) noexcept nogil:
    return loss.kind >= CROSS_ENTROPY

cdef inline bint weighs_labels(const Loss* loss) noexcept nogil:
    return loss.ignores or loss.class_weight != NULL

cdef inline double label_weight(const Loss* loss, int64_t label) noexcept nogil:
    if loss.ignores and label == loss.ignore_label:
        return 0.0
    return loss.class_weight[label] if loss.class_weight != NULL else 1.0

cdef bint make_loss(Loss* loss, dict settings, ptrdiff_t outputs) except False
cdef double mean_label_weight(const Loss* loss, const int64_t* labels) noexcept nogil
cdef bint all_within(const int64_t* labels, ptrdiff_t n, int64_t classes) noexcept nogil
cdef double chained_sum(double* terms, ptrdiff_t n) noexcept nogil
cdef double weighted_sum(double* losses, const double* share, ptrdiff_t samples) noexcept nogil
cdef void loss_chunk(
    const Loss* loss, const real* y, const int64_t* labels, const real* target,
    const double* share, ptrdiff_t samples, real* dy, double* losses) noexcept nogil
