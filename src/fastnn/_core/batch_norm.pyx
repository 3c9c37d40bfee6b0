"""Batch normalisation: every channel to mean 0 and variance 1 over the batch and its positions.

    y = (x − mean) / √(variance + epsilon) · scale + shift

A block of a chunk, up to CHAIN positions of some channels, is read twice while it is in cache: for
a number near its mean, the centre, and for the sums of deviations from that and of their squares.
Both are small whatever the mean, and mean and squared deviations of a block follow without
cancellation; blocks, chunks and the whole batch are merged in double (Chan, Golub, LeVeque, 1979).
The stages stand in the pxd; batch_norm_driver.pyx runs them for the functional operations.
"""
from libc.math cimport sqrt
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    CHAIN, LANES, channel_normalize, channel_normalize_backward, deviation_sums, lane_sums,
    position_sums, product_sums)
from fastnn._core.slots cimport begin_chunk, clear_lanes, end_chunk

cdef enum:
    TILE = 128                  # most channels of a block
    LEAST_TILE = 64             # and how many there are in a block of many positions


cdef inline ptrdiff_t tile_of(ptrdiff_t positions) noexcept nogil:
    """Channels of a block: what is read twice is half a MiB at most, and a stretch of memory."""
    return max(<ptrdiff_t>LEAST_TILE, 2048 // max(<ptrdiff_t>16, min(positions, CHAIN)))


cdef ptrdiff_t batch_norm_scratch(ptrdiff_t channels, const real* which) noexcept nogil:
    """Elements that the sums of a chunk need, in either pass."""
    # two vectors of moments or of sums, in double; sums, products and centres of a block by lanes,
    # and their totals; moments of a block
    return (2 * channels * <ptrdiff_t>(sizeof(double) // sizeof(real))
            + TILE * (3 * LANES + 3) + 4 * TILE)


# --- forward --------------------------------------------------------------------------------------

cdef void merge(ptrdiff_t channels, double count, double* mean, double* squares, double more,
                const double* other_mean, const double* other_squares) noexcept nogil:
    """Make the moments of `count` numbers those of `more` others as well."""
    cdef double share = more / (count + more), weight = count * share, apart, middle
    cdef ptrdiff_t c
    if count == 0:
        memcpy(mean, other_mean, channels * sizeof(double))
        memcpy(squares, other_squares, channels * sizeof(double))
        return
    for c in range(channels):
        apart = other_mean[c] - mean[c]
        middle = mean[c] + share * apart
        # a NaN unless both are infinities of one sign
        mean[c] = middle if middle == middle else mean[c] + other_mean[c]
        squares[c] += other_squares[c] + apart * apart * weight


cdef void block_moments(ptrdiff_t positions, ptrdiff_t channels, const real* x,
                        ptrdiff_t position_step, ptrdiff_t samples, real* scratch, double* mean,
                        double* squares) noexcept nogil:
    """Mean and sum of squared deviations of up to TILE channels at up to CHAIN positions."""
    cdef real* sums = scratch
    cdef real* products = sums + TILE * LANES
    cdef real* centres = products + TILE * LANES
    cdef real* centre = centres + TILE * LANES
    cdef real* sum = centre + TILE
    cdef real* product = sum + TILE
    cdef double count = positions * samples, rest
    cdef ptrdiff_t c, lane
    memset(sums, 0, channels * LANES * sizeof(real))
    position_sums(positions, channels, x, position_step, sums)
    clear_lanes(channels, samples, sums)
    lane_sums(channels, sums, centre)
    for c in range(channels):
        centre[c] /= <real>count
        for lane in range(LANES):
            centres[c * LANES + lane] = centre[c]
    memset(sums, 0, 2 * TILE * LANES * sizeof(real))
    deviation_sums(positions, channels, x, position_step, centres, LANES, sums, products)
    clear_lanes(channels, samples, sums)
    clear_lanes(channels, samples, products)
    lane_sums(channels, sums, sum)
    lane_sums(channels, products, product)
    for c in range(channels):
        rest = sum[c] / count
        mean[c] = centre[c] + rest if rest == rest else <double>centre[c]
        squares[c] = product[c] - sum[c] * rest


cdef void batch_norm_sum_chunk(
        ptrdiff_t positions, ptrdiff_t channels,
        const real* x,              # IN   (positions, channels, LANES)
        ptrdiff_t samples,          #      lanes that hold samples, at least one
        real* scratch,              #      (batch_norm_scratch(channels),)
        double* moments) noexcept nogil:        # OUT  (2, channels)
    """Moments of a chunk's channels, of its samples alone: means, sums of squared deviations."""
    cdef ptrdiff_t first, c, n, tile = tile_of(positions), count, whole = 0, chained = 0
    cdef double* chain = <double*>scratch
    cdef double* block = chain + 2 * channels
    scratch = <real*>(block + 2 * TILE)
    for first from 0 <= first < positions by CHAIN:
        count = min(<ptrdiff_t>CHAIN, positions - first)
        for c from 0 <= c < channels by tile:
            n = min(tile, channels - c)
            block_moments(count, n, x + (first * channels + c) * LANES, channels * LANES, samples,
                          scratch, block, block + TILE)
            merge(n, chained, chain + c, chain + channels + c, count * samples, block,
                  block + TILE)
        chained += count * samples
        if (first // CHAIN + 1) % CHAIN == 0 or first + CHAIN >= positions:
            merge(channels, whole, moments, moments + channels, chained, chain, chain + channels)
            whole += chained
            chained = 0


cdef void batch_norm_combine(
        ptrdiff_t chunks, ptrdiff_t samples, ptrdiff_t positions, ptrdiff_t channels,
        ptrdiff_t first, ptrdiff_t end,         # channels to combine
        double* moments,            # IN   (chunks, 2, channels): of every chunk; used up
        double* mean,               # OUT  (channels,)
        double* variance) noexcept nogil:       # OUT  (channels,): of all numbers, not an estimate
    cdef ptrdiff_t distance = 1, chunk, left, right, c
    while distance < chunks:
        for chunk from 0 <= chunk < chunks - distance by 2 * distance:
            left = distance * LANES
            right = min(samples, (chunk + 2 * distance) * LANES) - (chunk + distance) * LANES
            merge(end - first, left * positions, moments + 2 * chunk * channels + first,
                  moments + (2 * chunk + 1) * channels + first, right * positions,
                  moments + 2 * (chunk + distance) * channels + first,
                  moments + (2 * (chunk + distance) + 1) * channels + first)
        distance *= 2
    for c in range(first, end):
        mean[c] = moments[c]
        # rounding may leave less than nothing of a channel that does not vary
        variance[c] = moments[channels + c] / (<double>samples * positions)
        variance[c] = 0 if variance[c] < 0 else variance[c]


cdef void batch_norm_track(
        ptrdiff_t first, ptrdiff_t end, double count, double momentum,
        const double* mean,         # IN      (channels,): of a batch, `count` numbers a channel
        const double* variance,     # IN      (channels,)
        double* running_mean,       # IN/OUT  (channels,)
        double* running_variance) noexcept nogil:       # IN/OUT  (channels,)
    """running ← (1 − momentum)·running + momentum·batch, with the unbiased variance.

    A channel with a NaN or an infinity stays what it was, and so does the variance after a batch
    of one number a channel, whose unbiased variance there is not.
    """
    cdef ptrdiff_t c
    cdef double unbiased
    for c in range(first, end):
        # of finite numbers alone the difference is 0
        if mean[c] - mean[c] != 0 or variance[c] - variance[c] != 0:
            continue
        running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean[c]
        if count > 1:
            unbiased = variance[c] * (count / (count - 1))
            running_variance[c] = (1 - momentum) * running_variance[c] + momentum * unbiased


cdef void batch_norm_factors(
        ptrdiff_t first, ptrdiff_t end,
        const double* mean,         # IN   (channels,)
        const double* variance,     # IN   (channels,)
        const real* scale,          # IN   (channels,) or NULL: 1
        const real* shift,          # IN   (channels,) or NULL: 0
        double epsilon,
        real* centre,               # OUT  (channels,): the mean, rounded
        real* factor,               # OUT  (channels,)
        real* offset) noexcept nogil:           # OUT  (channels,): with what the centre lacks
    """Such that y = (x − centre)·factor + offset."""
    cdef ptrdiff_t c
    cdef double slope
    for c in range(first, end):
        slope = (scale[c] if scale != NULL else 1.0) / sqrt(variance[c] + epsilon)
        centre[c] = <real>mean[c]
        factor[c] = <real>slope
        offset[c] = <real>((shift[c] if shift != NULL else 0.0) - (mean[c] - centre[c]) * slope)


cdef void batch_norm_apply_chunk(
        ptrdiff_t positions, ptrdiff_t channels,
        const real* x,              # IN   (positions, channels, LANES)
        const real* centre, const real* factor, const real* offset,     # IN   (channels,) each
        bint relu,                  #      whether a ReLU follows
        real* y) noexcept nogil:    # OUT  like x, overwritten; may be x
    channel_normalize(positions, channels, x, centre, factor, offset, relu, y)


# --- backward -------------------------------------------------------------------------------------

cdef void batch_norm_backward_sum_block(
        ptrdiff_t first,            #      the block's first position; a chunk's come in order
        ptrdiff_t positions, ptrdiff_t channels,
        const real* dy,             # IN   (positions, channels, LANES): read from `first` on
        const real* x,              # IN   like dy
        ptrdiff_t samples,          #      lanes that hold samples, at least one
        const real* centre,         # IN   (channels,): of batch_norm_factors
        real* scratch,              #      (batch_norm_scratch(channels),): kept between blocks
        real* sums) noexcept nogil:             # OUT  (2, channels), with the last block
    """The share of up to CHAIN positions in the sums of a chunk."""
    cdef ptrdiff_t c, lane, n, tile = tile_of(positions), nth = first // CHAIN, half
    cdef real* chain = scratch
    cdef real* lanes = chain + 2 * channels
    cdef real* centres = lanes + 2 * TILE * LANES
    cdef real* part = centres + TILE * LANES
    for c from 0 <= c < channels by tile:
        n = min(tile, channels - c)
        for lane in range(n * LANES):
            centres[lane] = centre[c + lane // LANES]
        memset(lanes, 0, 2 * TILE * LANES * sizeof(real))
        product_sums(min(<ptrdiff_t>CHAIN, positions - first), n,
                     dy + (first * channels + c) * LANES, x + (first * channels + c) * LANES,
                     channels * LANES, centres, LANES, lanes, lanes + TILE * LANES)
        for half in range(2):
            clear_lanes(n, samples, lanes + half * TILE * LANES)
            lane_sums(n, lanes + half * TILE * LANES,
                      begin_chunk(nth, part, chain + half * channels + c,
                                  sums + half * channels + c))
            end_chunk(nth, first + CHAIN >= positions, n, part, chain + half * channels + c,
                      sums + half * channels + c)


cdef void batch_norm_backward_sum_chunk(
        ptrdiff_t positions, ptrdiff_t channels,
        const real* dy,             # IN   (positions, channels, LANES)
        const real* x,              # IN   like dy
        ptrdiff_t samples,          #      lanes that hold samples, at least one
        const real* centre,         # IN   (channels,): of batch_norm_factors
        real* scratch,              #      (batch_norm_scratch(channels),)
        real* sums) noexcept nogil:             # OUT  (2, channels): Σ dy, Σ dy·(x − centre)
    cdef ptrdiff_t first
    for first from 0 <= first < positions by CHAIN:
        batch_norm_backward_sum_block(first, positions, channels, dy, x, samples, centre, scratch,
                                      sums)


cdef void batch_norm_backward_combine(
        ptrdiff_t chunks, double count,         # numbers a channel has; 0: mean and variance are
                                                # constants, not the batch's own
        ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end,     # channels to combine
        real* sums,                 # IN   (chunks, 2, channels): of every chunk; used up
        const double* mean,         # IN   (channels,)
        const double* variance,     # IN   (channels,)
        const real* scale,          # IN   (channels,) or NULL: 1
        double epsilon,
        const real* centre,         # IN   (channels,)
        real* dscale,               # OUT  (channels,), or NULL
        real* dshift,               # OUT  (channels,), or NULL
        real* dy_factor, real* x_factor, real* offset) noexcept nogil:  # OUT  (channels,) each
    """Gradients of scale and shift, and dx = dy·dy_factor + (x − centre)·x_factor + offset."""
    cdef ptrdiff_t distance = 1, chunk, c, half
    cdef double root, rest, sum, product, slope, x_slope
    while distance < chunks:
        for chunk from 0 <= chunk < chunks - distance by 2 * distance:
            for half in range(2):
                for c in range((2 * chunk + half) * channels + first,
                               (2 * chunk + half) * channels + end):
                    sums[c] += sums[c + 2 * distance * channels]
        distance *= 2
    for c in range(first, end):
        # normal = (x − centre)·root − rest
        root = 1.0 / sqrt(variance[c] + epsilon)
        rest = (mean[c] - centre[c]) * root
        sum = sums[c]
        product = sums[channels + c] * root - sum * rest
        if dshift != NULL:
            dshift[c] = <real>sum
        if dscale != NULL:
            dscale[c] = <real>product
        # dx = slope·(dy − sum / count − normal·product / count)
        slope = root * (scale[c] if scale != NULL else 1.0)
        dy_factor[c] = <real>slope
        x_slope = -slope * product / count if count > 0 else 0.0
        x_factor[c] = <real>(x_slope * root)
        offset[c] = <real>(-slope * sum / count - x_slope * rest) if count > 0 else <real>0


cdef void batch_norm_backward_input_chunk(
        ptrdiff_t positions, ptrdiff_t channels,
        const real* dy,             # IN   (positions, channels, LANES)
        const real* x,              # IN   like dy
        const real* centre, const real* dy_factor, const real* x_factor,
        const real* offset,         # IN   (channels,) each
        ptrdiff_t samples,          # of the chunk
        real* dx) noexcept nogil:   # OUT  like dy, overwritten; may be dy
    channel_normalize_backward(positions, channels, dy, x, centre, dy_factor, x_factor, offset, dx)
    # dy is 0 in lanes without a sample, and so has dx to be, which depends on x as well
    clear_lanes(positions * channels, samples, dx)
