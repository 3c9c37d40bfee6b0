"""Losses that compare the outputs of a position, one a class, with a class or shares of classes.

Those of a softmax y have one form. From the share t of a class and log y its kernel makes the
class's cost and its pull p = −dℓ/d log y; then

    ℓ = Σ_c cost_c      ∂ℓ/∂z_c = y_c Σ p − p_c

A label is the share 1 of one class, so that Σ p is its pull, and ∂ℓ/∂z = p (y − t).
"""
from libc.math cimport exp, expm1, log, pow
from libc.stdint cimport int64_t
from libc.string cimport memset

from fastnn._core.kernels cimport CHAIN, LANES, real, softmax_forward
from fastnn._core.loss cimport (
    CROSS_ENTROPY, FOCAL, KL_DIVERGENCE, LOSS_KINDS, MULTICLASS_HINGE, Loss, label_weight)
from fastnn._core.loss_sums cimport LaneSums, finish, flush

ctypedef void (*Share)(
    const Loss* how,
    const double* t, const double* log_y,   # IN   (LANES,)
    double* cost,                           # OUT  (LANES,)
    double* pull) noexcept nogil            # OUT  (LANES,)

cdef Share SHARES[<int>LOSS_KINDS]          # by LossKind


cdef void cross_entropy(const Loss* how, const double* t, const double* log_y, double* cost,
                        double* pull) noexcept nogil:
    """−t log y; a target of 0 contributes no term, here and below."""
    cdef ptrdiff_t lane
    for lane in range(LANES):
        cost[lane] = -t[lane] * log_y[lane] if t[lane] != 0 else 0.0
        pull[lane] = t[lane]


cdef void kl_divergence(const Loss* how, const double* t, const double* log_y, double* cost,
                        double* pull) noexcept nogil:
    """t (log t − log y)"""
    cdef ptrdiff_t lane
    for lane in range(LANES):
        cost[lane] = t[lane] * (log(t[lane]) - log_y[lane]) if t[lane] != 0 else 0.0
        pull[lane] = t[lane]


cdef void focal(const Loss* how, const double* t, const double* log_y, double* cost,
                double* pull) noexcept nogil:
    """−t (1 − y)^γ log y; the pull is t (1 − y)^(γ − 1) (1 − y − γ y log y)."""
    cdef ptrdiff_t lane
    cdef double rest, y, focus
    for lane in range(LANES):
        cost[lane] = pull[lane] = 0.0
        if t[lane] == 0:
            continue
        rest = -expm1(log_y[lane])
        y = exp(log_y[lane])
        if rest == 0:               # y is 1: the limits, and not 0 · ∞
            pull[lane] = t[lane] if how.parameter == 0 else 0.0
            continue
        focus = t[lane] * pow(rest, how.parameter - 1.0)
        cost[lane] = -focus * rest * log_y[lane]
        pull[lane] = focus * (rest - (how.parameter * y * log_y[lane] if y != 0 else 0.0))


SHARES[<int>CROSS_ENTROPY] = cross_entropy
SHARES[<int>KL_DIVERGENCE] = kl_divergence
SHARES[<int>FOCAL] = focal


cdef void target_sums(const real* target, ptrdiff_t channels, double* total) noexcept nogil:
    """Σ_c t[c] of each lane."""
    cdef LaneSums sums
    cdef ptrdiff_t c, lane
    memset(&sums, 0, sizeof(LaneSums))
    for c in range(channels):
        for lane in range(LANES):
            sums.chain[lane] += target[c * LANES + lane]
        if c % CHAIN == CHAIN - 1:
            flush(&sums)
    finish(&sums, total)


# What the shares of a position are made of: rows, or the labels of its lanes; smoothed.
cdef struct Shares:
    const int64_t* labels       # (LANES,), or NULL
    double keep
    double spread[16]           # what each class gets of the rest


cdef void share_row(const Loss* loss, const Shares* shares, const real* z, const real* t,
                    ptrdiff_t c, const real* maximum, const double* log_total, double* cost,
                    double* pull) noexcept nogil:
    """The kernel's results for a class."""
    cdef double wanted[16]
    cdef double log_y[16]
    cdef ptrdiff_t lane
    for lane in range(LANES):
        if shares.labels != NULL:
            wanted[lane] = 1.0 if shares.labels[lane] == c else 0.0
        else:
            wanted[lane] = t[c * LANES + lane]
        wanted[lane] = shares.keep * wanted[lane] + shares.spread[lane]
        log_y[lane] = -(log_total[lane] + (<double>maximum[lane] - z[c * LANES + lane]))
    SHARES[<int>loss.kind](loss, wanted, log_y, cost, pull)


cdef void softmax_of_shares(
        const Loss* loss,
        const real* z,              # IN   (channels, LANES)
        const int64_t* labels,      # IN   (LANES,), or NULL
        const real* t,              # IN   like z, or NULL if labels are given
        const double* weight,       # IN   (LANES,)
        ptrdiff_t samples,
        real* d,                    # OUT  like z
        LaneSums* sums) noexcept nogil:     # the position's losses are added
    cdef ptrdiff_t channels = loss.channels, c, lane
    cdef Shares shares
    cdef LaneSums pulls
    cdef real maximum[16]
    cdef real total[16]
    cdef double log_total[16]
    cdef double cost[16]
    cdef double pull[16]
    cdef double all_pulls[16]
    softmax_forward(channels, z, d, maximum, total)
    shares.labels = labels
    shares.keep = 1.0 - loss.smoothing
    for lane in range(LANES):
        log_total[lane] = log(<double>total[lane])
        shares.spread[lane] = 1.0
    if labels == NULL and loss.smoothing != 0:
        target_sums(t, channels, shares.spread)
    for lane in range(LANES):
        shares.spread[lane] *= loss.smoothing / channels
    memset(&pulls, 0, sizeof(LaneSums))
    for c in range(channels):
        share_row(loss, &shares, z, t, c, maximum, log_total, cost, pull)
        for lane in range(LANES):
            pulls.chain[lane] += pull[lane]
            if lane < samples and weight[lane] != 0:
                sums.chain[lane] += weight[lane] * cost[lane]
        if c % CHAIN == CHAIN - 1:
            flush(&pulls)
            flush(sums)
    finish(&pulls, all_pulls)
    flush(sums)
    for c in range(channels):
        share_row(loss, &shares, z, t, c, maximum, log_total, cost, pull)
        for lane in range(LANES):
            # ∂ℓ/∂z_c = y_c Σ p − p_c
            d[c * LANES + lane] = (<real>all_pulls[lane] * d[c * LANES + lane]
                                   - <real>pull[lane])


cdef void softmax_of_labels(
        const Loss* loss, const real* z,    # IN   as above
        const int64_t* labels, double* weight,      # IN; OUT also times the pulls
        ptrdiff_t samples, real* d, LaneSums* sums) noexcept nogil:
    cdef ptrdiff_t lane
    cdef real maximum[16]
    cdef real total[16]
    cdef double ones[16]
    cdef double log_y[16]
    cdef double cost[16]
    cdef double pull[16]
    softmax_forward(loss.channels, z, d, maximum, total)
    for lane in range(LANES):
        ones[lane] = 1.0
        log_y[lane] = -1.0
    for lane in range(samples):
        if weight[lane] != 0:
            # ∂ℓ/∂z = p (y − t), with t = 1 at the label
            d[labels[lane] * LANES + lane] -= 1
            log_y[lane] = -(log(<double>total[lane])
                            + (<double>maximum[lane] - z[labels[lane] * LANES + lane]))
    SHARES[<int>loss.kind](loss, ones, log_y, cost, pull)
    for lane in range(samples):
        if weight[lane] != 0:
            sums.chain[lane] += weight[lane] * cost[lane]
            weight[lane] *= pull[lane]


cdef void multiclass_hinge(
        const Loss* loss, const real* z,    # IN   as above
        const int64_t* labels, const double* weight,
        ptrdiff_t samples, real* d, LaneSums* sums) noexcept nogil:
    """Σ_c max(0, margin − z_t + z_c) / C over the classes c but t; flat where a margin is kept."""
    cdef ptrdiff_t channels = loss.channels, c, lane
    cdef double own[16]
    cdef double broken[16]
    cdef double gap
    for lane in range(samples):
        own[lane] = broken[lane] = 0
        if weight[lane] != 0:
            own[lane] = z[labels[lane] * LANES + lane]
    for c in range(channels):
        for lane in range(samples):
            gap = loss.parameter - own[lane] + z[c * LANES + lane]
            d[c * LANES + lane] = 0
            if weight[lane] == 0 or c == labels[lane] or gap <= 0:
                continue
            sums.chain[lane] += weight[lane] * (gap / channels)
            d[c * LANES + lane] = <real>(1.0 / channels)
            broken[lane] += 1
        if c % CHAIN == CHAIN - 1:
            flush(sums)
    flush(sums)
    for lane in range(samples):
        if weight[lane] != 0:
            # forward: each broken margin holds −z_t
            d[labels[lane] * LANES + lane] = <real>(-broken[lane] / channels)


cdef void class_loss_chunk(
        const Loss* loss,
        const real* logits,         # IN   (positions, channels, LANES)
        const int64_t* labels,      # IN   (samples, positions), or NULL
        const real* target,         # IN   like logits, or NULL if labels are given
        const double* share,        # IN   (samples,)
        ptrdiff_t samples,
        real* dlogits,              # OUT  like logits, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    cdef ptrdiff_t pack = loss.channels * LANES, position, c, lane
    cdef bint uncounted
    cdef LaneSums sums
    cdef int64_t label[16]
    cdef double weight[16]
    cdef real factor[16]
    cdef const real* z
    cdef real* d
    memset(&sums, 0, sizeof(LaneSums))
    for position in range(loss.positions):
        z = logits + position * pack
        d = dlogits + position * pack
        for lane in range(LANES):
            label[lane] = -1
            weight[lane] = 1.0 if lane < samples else 0.0
        if labels != NULL:
            for lane in range(samples):
                label[lane] = labels[lane * loss.positions + position]
                weight[lane] = label_weight(loss, label[lane])
        if loss.kind == MULTICLASS_HINGE:
            multiclass_hinge(loss, z, label, weight, samples, d, &sums)
        elif labels != NULL and loss.smoothing == 0:
            softmax_of_labels(loss, z, label, weight, samples, d, &sums)
            if position % CHAIN == CHAIN - 1:
                flush(&sums)
        else:
            softmax_of_shares(loss, z, label if labels != NULL else NULL,
                              target + position * pack if target != NULL else NULL, weight,
                              samples, d, &sums)
        uncounted = False
        for lane in range(LANES):
            uncounted |= weight[lane] == 0
            factor[lane] = <real>(share[lane] * weight[lane]) if weight[lane] != 0 else 0
        for c in range(loss.channels):
            for lane in range(LANES):
                d[c * LANES + lane] *= factor[lane]
        for c in range(loss.channels if uncounted else 0):
            for lane in range(LANES):
                if weight[lane] == 0:       # whatever its outputs are
                    d[c * LANES + lane] = 0
    finish(&sums, losses)
