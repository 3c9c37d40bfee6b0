"""Losses on lane packs: each sample's loss and, in the same pass, the weighted mean's gradient.

`share` is what a sample's loss counts in the mean: its weight over the sum of the weights.
Gradients of empty lanes are 0. Loss sums are taken in double precision, in chains of CHAIN terms.
"""
from cython.parallel cimport parallel, prange
from libc.math cimport exp, fabs, log, log1p
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    CHAIN, LANES, enter_fast_mode, leave_fast_mode, real, softmax_forward, table)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team

cdef double COST = 64                   # an element costs about as much as this many multiply-adds

SQUARED = SQUARED_ERROR
BINARY = BINARY_CROSS_ENTROPY


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


# Sums of each lane: the chain that terms are added to, and the levels that full chains go to.
cdef struct LaneSums:
    double chain[16]
    double level[2][16]
    ptrdiff_t flushes


cdef void flush(LaneSums* sums) noexcept nogil:
    """End the chain, which holds at most CHAIN terms; CHAIN chains are one of the last level."""
    cdef ptrdiff_t lane
    sums.flushes += 1
    for lane in range(LANES):
        sums.level[0][lane] += sums.chain[lane]
        sums.chain[lane] = 0
        if sums.flushes % CHAIN == 0:
            sums.level[1][lane] += sums.level[0][lane]
            sums.level[0][lane] = 0


cdef void finish(LaneSums* sums, double* total) noexcept nogil:
    cdef ptrdiff_t lane
    flush(sums)
    for lane in range(LANES):
        total[lane] = sums.level[0][lane] + sums.level[1][lane]


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


cdef void row_losses(const real* z, const real* t, ptrdiff_t channels, ptrdiff_t samples,
                     const real* maximum, const real* total, LaneSums* sums) noexcept nogil:
    """sums += −Σ_c t_c log softmax(z)_c; a target of 0 contributes no term."""
    cdef double log_total[16]
    cdef ptrdiff_t c, lane
    for lane in range(samples):
        log_total[lane] = log(<double>total[lane])
    for c in range(channels):
        for lane in range(samples):
            if t[c * LANES + lane] != 0:
                sums.chain[lane] += t[c * LANES + lane] * (
                    log_total[lane] + (<double>maximum[lane] - z[c * LANES + lane]))
        if c % CHAIN == CHAIN - 1:
            flush(sums)
    flush(sums)


cdef void cross_entropy_chunk(
        const real* logits,         # IN   (positions, channels, LANES)
        const int64_t* labels,      # IN   (samples, positions), or NULL
        const real* target,         # IN   like logits, or NULL if labels are given
        const double* share,        # IN   (samples,)
        ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t samples,
        real* dlogits,              # OUT  like logits, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    cdef LaneSums sums
    cdef real maximum[16]
    cdef real total[16]
    cdef real factor[16]
    cdef double target_sum[16]
    cdef const real* z
    cdef const real* t
    cdef real* d
    cdef ptrdiff_t position, c, lane, label
    memset(&sums, 0, sizeof(LaneSums))
    for lane in range(LANES):
        factor[lane] = <real>share[lane] if lane < samples else 0
    for position in range(positions):
        z = logits + position * channels * LANES
        d = dlogits + position * channels * LANES
        softmax_forward(channels, z, d, maximum, total)
        if labels != NULL:
            for lane in range(samples):
                label = labels[lane * positions + position]
                # ∂loss/∂z = softmax(z) − t, with t = 1 at the label
                d[label * LANES + lane] -= 1
                sums.chain[lane] += (log(<double>total[lane])
                                     + (<double>maximum[lane] - z[label * LANES + lane]))
            if position % CHAIN == CHAIN - 1:
                flush(&sums)
        else:
            t = target + position * channels * LANES
            target_sums(t, channels, target_sum)
            row_losses(z, t, channels, samples, maximum, total, &sums)
            for c in range(channels):
                for lane in range(LANES):
                    # ∂loss/∂z_c = y_c Σ t − t_c
                    d[c * LANES + lane] = (<real>target_sum[lane] * d[c * LANES + lane]
                                           - t[c * LANES + lane])
        for c in range(channels):
            for lane in range(LANES):
                d[c * LANES + lane] *= factor[lane]
            for lane in range(samples, LANES):
                d[c * LANES + lane] = 0
    finish(&sums, losses)


cdef void elementwise_loss_chunk(
        Elementwise loss,
        const real* y,              # IN   (n, LANES): outputs, or logits
        const real* target,         # IN   like y
        const double* share,        # IN   (samples,)
        double scale,               #      of every element's loss
        ptrdiff_t n, ptrdiff_t samples,
        real* dy,                   # OUT  like y, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    cdef LaneSums sums
    cdef double slope[16]
    cdef double value, wanted
    cdef ptrdiff_t i, lane, at
    memset(&sums, 0, sizeof(LaneSums))
    for lane in range(LANES):
        slope[lane] = share[lane] * scale if lane < samples else 0
    if loss == BINARY_CROSS_ENTROPY:
        if real is float:
            table.f32.sigmoid_forward(n * LANES, y, dy)
        else:
            table.f64.sigmoid_forward(n * LANES, y, dy)
    for i in range(n):
        for lane in range(samples):
            at = i * LANES + lane
            value = y[at]
            wanted = target[at]
            if loss == BINARY_CROSS_ENTROPY:
                # −t log σ(z) − (1 − t) log(1 − σ(z)), without overflow; ∂/∂z = σ(z) − t
                sums.chain[lane] += max(value, 0.0) - value * wanted + log1p(exp(-fabs(value)))
                dy[at] = <real>(slope[lane] * (<double>dy[at] - wanted))
            else:
                # scale · (y − t)²; ∂/∂y = 2 · scale · (y − t)
                sums.chain[lane] += scale * ((value - wanted) * (value - wanted))
                dy[at] = <real>(2.0 * slope[lane] * (value - wanted))
        for lane in range(samples, LANES):
            dy[i * LANES + lane] = 0
        if i % CHAIN == CHAIN - 1:
            flush(&sums)
    finish(&sums, losses)


cdef double weighted_sum(double* losses, const double* share, ptrdiff_t samples) noexcept nogil:
    cdef ptrdiff_t n
    for n in range(samples):
        losses[n] *= share[n]
    return chained_sum(losses, samples)


def cross_entropy(
        const real[:, ::1] logits,      # IN   (chunks, positions·channels·LANES)
        const int64_t[::1] labels,      # IN   (N·positions,), or None
        const real[:, ::1] target,      # IN   like logits, or None if labels are given
        const double[::1] share,        # IN   (N,), over positions already
        real[:, ::1] dlogits,           # OUT  like logits, overwritten
        ptrdiff_t channels, int n_threads):
    """Return the mean loss."""
    cdef ptrdiff_t chunks = logits.shape[0], samples = share.shape[0], chunk
    cdef ptrdiff_t positions = logits.shape[1] // (channels * LANES)
    cdef const int64_t* label = NULL if labels is None or samples == 0 else &labels[0]
    cdef const real* rows = NULL if target is None or samples == 0 else &target[0, 0]
    cdef int threads = team(n_threads, chunks, COST * chunks * logits.shape[1])
    cdef double* losses = <double*>take(chunks * LANES * sizeof(double))
    cdef double loss
    cdef unsigned long long mode
    if losses == NULL:
        raise MemoryError(f"no memory for {samples} losses")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            cross_entropy_chunk(
                &logits[chunk, 0],
                label + chunk * LANES * positions if label != NULL else NULL,
                rows + chunk * logits.shape[1] if rows != NULL else NULL,
                &share[chunk * LANES], positions, channels,
                min(<ptrdiff_t>LANES, samples - chunk * LANES), &dlogits[chunk, 0],
                losses + chunk * LANES)
        leave_fast_mode(mode)
    loss = weighted_sum(losses, &share[0], samples) if samples else 0.0
    give(losses)
    return loss


def elementwise_loss(
        Elementwise loss,
        const real[:, ::1] y,           # IN   (chunks, n·LANES)
        const real[:, ::1] target,      # IN   like y
        const double[::1] share,        # IN   (N,)
        double scale,
        real[:, ::1] dy,                # OUT  like y, overwritten
        int n_threads):
    """Return the mean loss."""
    cdef ptrdiff_t chunks = y.shape[0], samples = share.shape[0], chunk
    cdef int threads = team(n_threads, chunks, COST * chunks * y.shape[1])
    cdef double* losses = <double*>take(chunks * LANES * sizeof(double))
    cdef double mean
    cdef unsigned long long mode
    if losses == NULL:
        raise MemoryError(f"no memory for {samples} losses")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            elementwise_loss_chunk(
                loss, &y[chunk, 0], &target[chunk, 0], &share[chunk * LANES], scale,
                y.shape[1] // LANES, min(<ptrdiff_t>LANES, samples - chunk * LANES),
                &dy[chunk, 0], losses + chunk * LANES)
        leave_fast_mode(mode)
    mean = weighted_sum(losses, &share[0], samples) if samples else 0.0
    give(losses)
    return mean


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
