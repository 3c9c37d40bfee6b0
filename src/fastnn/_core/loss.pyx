"""Losses on lane packs: each sample's loss and, in the same pass, the weighted mean's gradient.

`share` is what a sample's loss counts in the mean: its weight over the sum of the weights.
Gradients of empty lanes are 0. Loss sums are taken in double precision, in chains of CHAIN terms.

    loss_chunk --> element_loss_chunk (loss_elements.pyx)   an output, a target
               --> class_loss_chunk (loss_classes.pyx)      the outputs of a position, a class

A new loss is a kernel in one of these two, a LossKind (loss.pxd) and its name in _KINDS.
"""
from cython.parallel cimport parallel, prange
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from fastnn._core.kernels cimport CHAIN, LANES, enter_fast_mode, leave_fast_mode, real
from fastnn._core.loss_classes cimport class_loss_chunk
from fastnn._core.loss_elements cimport element_loss_chunk
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team

cdef double COST = 64                   # an element costs about as much as this many multiply-adds

_KINDS = {
    "squared": SQUARED, "absolute": ABSOLUTE, "huber": HUBER, "poisson": POISSON,
    "poisson_of_rate": POISSON_OF_RATE, "hinge": HINGE, "perceptron": PERCEPTRON,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY, "binary_focal": BINARY_FOCAL,
    "cross_entropy": CROSS_ENTROPY, "kl_divergence": KL_DIVERGENCE, "focal": FOCAL,
    "multiclass_hinge": MULTICLASS_HINGE,
}


cdef bint make_loss(Loss* loss, dict settings, ptrdiff_t outputs) except False:
    """Fill a loss from its settings (functional/_losses.py), for samples of so many outputs.

    The settings own the weights of classes, and have to outlive the loss.
    """
    cdef const double[::1] class_weight = settings["class_weight"]
    loss.kind = _KINDS[settings["kind"]]
    loss.scale = settings["scale"]
    loss.parameter = settings["parameter"]
    loss.smoothing = settings["label_smoothing"]
    loss.class_weight = NULL if class_weight is None else &class_weight[0]
    loss.ignores = settings["ignore_label"] is not None
    loss.ignore_label = settings["ignore_label"] or 0
    loss.adds = settings["reduction"] == "sum"
    loss.channels = settings["channels"]
    loss.positions = outputs // loss.channels
    return True


cdef double chained_sum(double* terms, ptrdiff_t n) noexcept nogil:
    """Σ terms, in chains of CHAIN, chains of those, and so on; terms are used up."""
    cdef ptrdiff_t i, chain
    while n > 1:
        for chain in range((n + CHAIN - 1) // CHAIN):
            for i in range(chain * CHAIN + 1, min((chain + 1) * CHAIN, n)):
                terms[chain * CHAIN] += terms[i]
            terms[chain] = terms[chain * CHAIN]
        n = (n + CHAIN - 1) // CHAIN
    return terms[0] if n else 0.0


cdef double mean_label_weight(const Loss* loss, const int64_t* labels) noexcept nogil:
    """The mean weight of a sample's labels, in chains."""
    cdef double chain = 0, level = 0, total = 0
    cdef ptrdiff_t position
    for position in range(loss.positions):
        chain += label_weight(loss, labels[position])
        if position % CHAIN == CHAIN - 1:
            level += chain
            chain = 0
        if position % (CHAIN * CHAIN) == CHAIN * CHAIN - 1:
            total += level
            level = 0
    return (total + (level + chain)) / loss.positions


cdef void loss_chunk(
        const Loss* loss,
        const real* y,              # IN   (outputs, LANES)
        const int64_t* labels,      # IN   (samples, positions), or NULL
        const real* target,         # IN   like y, or NULL if labels are given
        const double* share,        # IN   (samples,)
        ptrdiff_t samples,
        real* dy,                   # OUT  like y, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    if of_classes(loss):
        class_loss_chunk(loss, y, labels, target, share, samples, dy, losses)
    else:
        element_loss_chunk(loss, y, target, share, samples, dy, losses)


cdef double weighted_sum(double* losses, const double* share, ptrdiff_t samples) noexcept nogil:
    cdef ptrdiff_t n
    for n in range(samples):
        losses[n] *= share[n]
    return chained_sum(losses, samples)


def batch_loss(
        dict settings,
        const real[:, ::1] y,           # IN   (chunks, outputs·LANES)
        const int64_t[::1] labels,      # IN   (N·positions,), or None
        const real[:, ::1] target,      # IN   like y, or None if labels are given
        const double[::1] share,        # IN   (N,), over positions already
        real[:, ::1] dy,                # OUT  like y, overwritten
        int n_threads):
    """Return Σ share · ℓ over the samples, where ℓ of labels is weighted by their classes."""
    cdef ptrdiff_t chunks = y.shape[0], samples = share.shape[0], chunk
    cdef const int64_t* label = NULL if labels is None or samples == 0 else &labels[0]
    cdef const real* rows = NULL if target is None or samples == 0 else &target[0, 0]
    cdef int threads = team(n_threads, chunks, COST * chunks * y.shape[1])
    cdef double* losses
    cdef double mean
    cdef unsigned long long mode
    cdef Loss loss
    make_loss(&loss, settings, y.shape[1] // LANES)
    losses = <double*>take(chunks * LANES * sizeof(double))
    if losses == NULL:
        raise MemoryError(f"no memory for {samples} losses")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            loss_chunk(
                &loss, &y[chunk, 0],
                label + chunk * LANES * loss.positions if label != NULL else NULL,
                rows + chunk * y.shape[1] if rows != NULL else NULL,
                &share[chunk * LANES], min(<ptrdiff_t>LANES, samples - chunk * LANES),
                &dy[chunk, 0], losses + chunk * LANES)
        leave_fast_mode(mode)
    mean = weighted_sum(losses, &share[0], samples) if samples else 0.0
    give(losses)
    return mean


def weigh_labels(
        dict settings,
        const int64_t[::1] labels,      # IN   (N·positions,)
        double[::1] weights):           # IN   (N,); OUT times the mean weight of their labels
    cdef Loss loss
    cdef ptrdiff_t n
    make_loss(&loss, settings, labels.shape[0] // weights.shape[0] * settings["channels"])
    for n in range(weights.shape[0]):
        weights[n] *= mean_label_weight(&loss, &labels[n * loss.positions])


cdef bint all_within(const int64_t* labels, ptrdiff_t n, int64_t classes) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(n):
        if not 0 <= labels[i] < classes:
            return False
    return True


def labels_within(const int64_t[::1] labels, int64_t classes):
    """Say whether all labels are from 0 up to, without, `classes`."""
    return labels.shape[0] == 0 or all_within(&labels[0], labels.shape[0], classes)


def weight_sum(const double[::1] weights):
    """Return Σ weights, in chains."""
    cdef ptrdiff_t n = weights.shape[0]
    cdef double* terms = <double*>take(n * sizeof(double))
    cdef double total
    if terms == NULL:
        raise MemoryError(f"no memory for {n} weights")
    if n:
        memcpy(terms, &weights[0], n * sizeof(double))
    total = chained_sum(terms, n)
    give(terms)
    return total
