"""Losses that compare the outputs of a position, one a class, with a class or shares of classes."""
from libc.math cimport log
from libc.stdint cimport int64_t
from libc.string cimport memset

from fastnn._core.kernels cimport CHAIN, LANES, real, softmax_forward
from fastnn._core.loss cimport Loss
from fastnn._core.loss_sums cimport LaneSums, finish, flush


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


cdef void class_loss_chunk(
        const Loss* loss,
        const real* logits,         # IN   (positions, channels, LANES)
        const int64_t* labels,      # IN   (samples, positions), or NULL
        const real* target,         # IN   like logits, or NULL if labels are given
        const double* share,        # IN   (samples,)
        ptrdiff_t samples,
        real* dlogits,              # OUT  like logits, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    cdef ptrdiff_t positions = loss.positions, channels = loss.channels
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
