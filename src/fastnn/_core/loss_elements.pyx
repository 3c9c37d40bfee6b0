"""Losses that compare each output with a target of its own, and add up over a sample's outputs.

A loss is one function, in double precision, over the 16 lanes of an output: from y and t to ℓ and
dℓ/dy. ELEMENTS finds it by its kind. Where a loss has a kink, comparisons let NaN through.
"""
from libc.math cimport exp, fabs, log, log1p, pow
from libc.string cimport memset

from fastnn._core.kernels cimport CHAIN, LANES, POINTWISE_SIGMOID, pointwise_forward, real
from fastnn._core.loss cimport (
    ABSOLUTE, BINARY_CROSS_ENTROPY, BINARY_FOCAL, HINGE, HUBER, LOSS_KINDS, PERCEPTRON, POISSON,
    POISSON_OF_RATE, SQUARED, Loss)
from fastnn._core.loss_sums cimport LaneSums, finish, flush

ctypedef void (*Element)(
    const Loss* how,
    const double* y, const double* t,       # IN   (LANES,)
    double* loss,                           # OUT  (LANES,)
    double* slope) noexcept nogil           # OUT  (LANES,); IN what `prepare` left

cdef Element ELEMENTS[<int>LOSS_KINDS]      # by LossKind


cdef void squared(const Loss* how, const double* y, const double* t, double* loss,
                  double* slope) noexcept nogil:
    """(y − t)²"""
    cdef ptrdiff_t lane
    cdef double difference
    for lane in range(LANES):
        difference = y[lane] - t[lane]
        loss[lane] = difference * difference
        slope[lane] = 2.0 * difference


cdef inline double clipped(double value, double limit) noexcept nogil:
    return limit if value > limit else -limit if value < -limit else value


cdef void absolute(const Loss* how, const double* y, const double* t, double* loss,
                   double* slope) noexcept nogil:
    """|y − t|; the slope is 0 where they are equal."""
    cdef ptrdiff_t lane
    cdef double difference
    for lane in range(LANES):
        difference = y[lane] - t[lane]
        loss[lane] = fabs(difference)
        slope[lane] = 1.0 if difference > 0 else -1.0 if difference < 0 else difference


cdef void huber(const Loss* how, const double* y, const double* t, double* loss,
                double* slope) noexcept nogil:
    """(y − t)² / 2 up to δ, then the tangent: s (y − t − s / 2) with the slope s."""
    cdef ptrdiff_t lane
    for lane in range(LANES):
        slope[lane] = clipped(y[lane] - t[lane], how.parameter)
        loss[lane] = slope[lane] * (y[lane] - t[lane] - 0.5 * slope[lane])


cdef void poisson(const Loss* how, const double* y, const double* t, double* loss,
                  double* slope) noexcept nogil:
    """exp(y) − t y; a target of 0 contributes no second term."""
    cdef ptrdiff_t lane
    cdef double rate
    for lane in range(LANES):
        rate = exp(y[lane])
        loss[lane] = rate - t[lane] * y[lane] if t[lane] != 0 else rate
        slope[lane] = rate - t[lane]


cdef void poisson_of_rate(const Loss* how, const double* y, const double* t, double* loss,
                          double* slope) noexcept nogil:
    """y − t log(y + ε); a target of 0 contributes no second term."""
    cdef ptrdiff_t lane
    for lane in range(LANES):
        loss[lane] = y[lane]
        slope[lane] = 1.0
        if t[lane] != 0:
            loss[lane] -= t[lane] * log(y[lane] + how.parameter)
            slope[lane] -= t[lane] / (y[lane] + how.parameter)


cdef void hinge(const Loss* how, const double* y, const double* t, double* loss,
                double* slope) noexcept nogil:
    """max(0, 1 − s y), s = ±1; flat where the margin is kept exactly."""
    cdef ptrdiff_t lane
    cdef double side
    for lane in range(LANES):
        side = 1.0 if t[lane] > 0 else -1.0
        loss[lane] = 1.0 - side * y[lane]
        slope[lane] = -side
        if loss[lane] <= 0:
            loss[lane] = slope[lane] = 0.0


cdef void perceptron(const Loss* how, const double* y, const double* t, double* loss,
                     double* slope) noexcept nogil:
    """max(0, −s y), s = ±1; an output of 0 is wrong, so that weights of 0 learn."""
    cdef ptrdiff_t lane
    cdef double side
    for lane in range(LANES):
        side = 1.0 if t[lane] > 0 else -1.0
        loss[lane] = 0.0 - side * y[lane]
        slope[lane] = -side
        if loss[lane] < 0:
            loss[lane] = slope[lane] = 0.0


cdef void binary_cross_entropy(const Loss* how, const double* y, const double* t, double* loss,
                               double* slope) noexcept nogil:
    """−t log σ(y) − (1 − t) log(1 − σ(y)), without overflow; the slope is σ(y) − t."""
    cdef ptrdiff_t lane
    for lane in range(LANES):
        loss[lane] = max(y[lane], 0.0) - y[lane] * t[lane] + log1p(exp(-fabs(y[lane])))
        slope[lane] -= t[lane]


cdef inline double focused(double z, double gamma, double* slope) noexcept nogil:
    """−(1 − p)^γ log p with p = σ(z), and its slope −(1 − p)^γ (1 − p − γ p log p)."""
    cdef double small = exp(-fabs(z)), cost = max(-z, 0.0) + log1p(small)
    cdef double p = (1.0 if z >= 0 else small) / (1.0 + small)
    cdef double rest = (small if z >= 0 else 1.0) / (1.0 + small)
    cdef double focus = pow(rest, gamma)
    # at p = 0 the limit of p log p, and not 0 · ∞
    slope[0] = -focus * (rest + (gamma * p * cost if p != 0 else 0.0))
    return focus * cost


cdef void binary_focal(const Loss* how, const double* y, const double* t, double* loss,
                       double* slope) noexcept nogil:
    """t ℓ(y) + (1 − t) ℓ(−y), ℓ as in `focused`; a factor of 0 contributes no term."""
    cdef ptrdiff_t lane
    cdef double pull
    for lane in range(LANES):
        loss[lane] = slope[lane] = 0.0
        if t[lane] != 0:
            loss[lane] += t[lane] * focused(y[lane], how.parameter, &pull)
            slope[lane] += t[lane] * pull
        if t[lane] != 1:
            loss[lane] += (1.0 - t[lane]) * focused(-y[lane], how.parameter, &pull)
            slope[lane] -= (1.0 - t[lane]) * pull


ELEMENTS[<int>SQUARED] = squared
ELEMENTS[<int>ABSOLUTE] = absolute
ELEMENTS[<int>HUBER] = huber
ELEMENTS[<int>POISSON] = poisson
ELEMENTS[<int>POISSON_OF_RATE] = poisson_of_rate
ELEMENTS[<int>HINGE] = hinge
ELEMENTS[<int>PERCEPTRON] = perceptron
ELEMENTS[<int>BINARY_CROSS_ENTROPY] = binary_cross_entropy
ELEMENTS[<int>BINARY_FOCAL] = binary_focal


cdef bint prepare(const Loss* loss, const real* y, ptrdiff_t n, real* dy) noexcept nogil:
    """dy = what a loss wants to find there: σ(y), by the vector kernel; says whether it does."""
    if loss.kind != BINARY_CROSS_ENTROPY:
        return False
    pointwise_forward(POINTWISE_SIGMOID, n, y, <const real*>NULL, dy)
    return True


cdef void element_loss_chunk(
        const Loss* loss,
        const real* y,              # IN   (outputs, LANES)
        const real* target,         # IN   like y
        const double* share,        # IN   (samples,)
        ptrdiff_t samples,
        real* dy,                   # OUT  like y, overwritten
        double* losses) noexcept nogil:     # OUT  (LANES,), overwritten
    cdef ptrdiff_t outputs = loss.positions * loss.channels, i, lane
    cdef Element element = ELEMENTS[<int>loss.kind]
    cdef bint prepared
    cdef LaneSums sums
    cdef double factor[16]
    cdef double value[16]
    cdef double wanted[16]
    cdef double cost[16]
    cdef double slope[16]
    memset(&sums, 0, sizeof(LaneSums))
    for lane in range(LANES):
        factor[lane] = share[lane] * loss.scale if lane < samples else 0
    prepared = prepare(loss, y, outputs * LANES, dy)
    for i in range(outputs):
        for lane in range(LANES):
            value[lane] = y[i * LANES + lane]
            wanted[lane] = target[i * LANES + lane]
        if prepared:
            for lane in range(LANES):
                slope[lane] = dy[i * LANES + lane]
        element(loss, value, wanted, cost, slope)
        for lane in range(samples):
            sums.chain[lane] += loss.scale * cost[lane]
            # forward: loss += share · scale · ℓ
            dy[i * LANES + lane] = <real>(factor[lane] * slope[lane])
        for lane in range(samples, LANES):
            dy[i * LANES + lane] = 0
        if i % CHAIN == CHAIN - 1:
            flush(&sums)
    finish(&sums, losses)
