"""Losses that compare each output with a target of its own, and add up over a sample's outputs.

A loss is one function, in double precision, over the 16 lanes of an output: from y and t to ℓ and
dℓ/dy. ELEMENTS finds it by its kind.
"""
from libc.math cimport exp, fabs, log1p
from libc.string cimport memset

from fastnn._core.kernels cimport CHAIN, LANES, real, table
from fastnn._core.loss cimport BINARY_CROSS_ENTROPY, SQUARED, Loss
from fastnn._core.loss_sums cimport LaneSums, finish, flush

ctypedef void (*Element)(
    const Loss* how,
    const double* y, const double* t,       # IN   (LANES,)
    double* loss,                           # OUT  (LANES,)
    double* slope) noexcept nogil           # OUT  (LANES,); IN what `prepare` left

cdef Element ELEMENTS[16]                   # by LossKind


cdef void squared(const Loss* how, const double* y, const double* t, double* loss,
                  double* slope) noexcept nogil:
    """(y − t)²"""
    cdef ptrdiff_t lane
    cdef double difference
    for lane in range(LANES):
        difference = y[lane] - t[lane]
        loss[lane] = difference * difference
        slope[lane] = 2.0 * difference


cdef void binary_cross_entropy(const Loss* how, const double* y, const double* t, double* loss,
                               double* slope) noexcept nogil:
    """−t log σ(y) − (1 − t) log(1 − σ(y)), without overflow; the slope is σ(y) − t."""
    cdef ptrdiff_t lane
    for lane in range(LANES):
        loss[lane] = max(y[lane], 0.0) - y[lane] * t[lane] + log1p(exp(-fabs(y[lane])))
        slope[lane] -= t[lane]

ELEMENTS[<int>SQUARED] = squared
ELEMENTS[<int>BINARY_CROSS_ENTROPY] = binary_cross_entropy


cdef void prepare(const Loss* loss, const real* y, ptrdiff_t n, real* dy) noexcept nogil:
    """dy = what a loss wants to find there: σ(y), by the vector kernel, or nothing."""
    if loss.kind != BINARY_CROSS_ENTROPY:
        memset(dy, 0, n * sizeof(real))
    elif real is float:
        table.f32.sigmoid_forward(n, y, dy)
    else:
        table.f64.sigmoid_forward(n, y, dy)


cdef void element_loss_chunk(
        const Loss* loss,
        const real* y,              # IN   (outputs, LANES)
        const real* target,         # IN   like y
        const double* share,        # IN   (samples,)
        ptrdiff_t samples,
        real* dy,                   # OUT  like y, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    cdef ptrdiff_t outputs = loss.positions * loss.channels, i, lane
    cdef LaneSums sums
    cdef double factor[16]
    cdef double value[16]
    cdef double wanted[16]
    cdef double element[16]
    cdef double slope[16]
    memset(&sums, 0, sizeof(LaneSums))
    for lane in range(LANES):
        factor[lane] = share[lane] * loss.scale if lane < samples else 0
    prepare(loss, y, outputs * LANES, dy)
    for i in range(outputs):
        for lane in range(LANES):
            value[lane] = y[i * LANES + lane]
            wanted[lane] = target[i * LANES + lane]
            slope[lane] = dy[i * LANES + lane]
        ELEMENTS[<int>loss.kind](loss, value, wanted, element, slope)
        for lane in range(samples):
            sums.chain[lane] += loss.scale * element[lane]
            # forward: loss += share · scale · ℓ
            dy[i * LANES + lane] = <real>(factor[lane] * slope[lane])
        for lane in range(samples, LANES):
            dy[i * LANES + lane] = 0
        if i % CHAIN == CHAIN - 1:
            flush(&sums)
    finish(&sums, losses)
