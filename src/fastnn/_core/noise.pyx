"""Noise of training, for 16 rows of a batch at once.

    dropout             y = 0 where u < rate, else x / (1 − rate)       dx = the same of dy
    Gaussian noise      y = x + stddev · z                              dx = dy
    Gaussian dropout    y = x · (1 + stddev · z)                        dx = the same of dy

u is uniform, z normal: numbers of (seed, stream, counter, row in the batch, channel), as random.pyx
lists them. A channel is an element of a sample, or, where dropout takes whole channels, one of
those at all positions. What is dropped is 0, be it infinite or NaN.

    random_bits --> bits, 32 channels of a row in a word --> dropout
    random_normal --> numbers of a row --> rows_to_lanes --> packs --> gaussian_…

Lanes without a sample hold copies of the last one, and see its noise: they make nothing of their
own, such as an infinity.
"""
from cython.parallel cimport parallel, prange
from libc.stdint cimport uint32_t, uint64_t

from fastnn._core.kernels cimport (
    LANES, dropout as dropout_run, enter_fast_mode, fastnn_sequence,
    gaussian_dropout as gaussian_dropout_run, gaussian_noise as gaussian_noise_run,
    leave_fast_mode, random_bits, random_normal, real, rows_to_lanes)
from fastnn._core.threads cimport team

STREAM = 2**31 + 1              # of layer 0, see random.pyx

cdef enum:
    WORD = 32                   # channels whose bits a word holds
    BLOCK = 128                 # channels of a task, whose numbers are on the stack

cdef double DROPOUT_COST = 20   # an element costs about as much as this many multiply-adds
cdef double NORMAL_COST = 120


cdef inline fastnn_sequence sequence_of(const Noise* plan, ptrdiff_t chunk) noexcept nogil:
    cdef fastnn_sequence origin = plan.origin
    origin.row += <uint32_t>(chunk * LANES)
    return origin


cdef ptrdiff_t bits_size(const Noise* plan) noexcept nogil:
    """Words for the bits of a chunk."""
    return (plan.channels + WORD - 1) // WORD * LANES


cdef void draw_bits(const Noise* plan, ptrdiff_t chunk, ptrdiff_t samples, ptrdiff_t first,
                    ptrdiff_t end, uint32_t* bits) noexcept nogil:
    """Whether channels first … end of a chunk's samples stay; first is a multiple of 32."""
    cdef fastnn_sequence origin = sequence_of(plan, chunk)
    cdef ptrdiff_t word, lane
    random_bits(&origin, first, end - first, plan.rate, bits)
    if samples < LANES:
        for word in range((end - first + WORD - 1) // WORD):
            for lane in range(samples, LANES):
                bits[word * LANES + lane] = bits[word * LANES + samples - 1]


cdef void dropout_chunk(const Noise* plan, const uint32_t* bits, ptrdiff_t first, ptrdiff_t end,
                        const real* x, real* y) noexcept nogil:
    """Channels first … end, whose bits are these, at all positions; y may be x.

    The way back is the same of dy.
    """
    cdef ptrdiff_t position, start
    for position in range(plan.positions):
        start = (position * plan.channels + first) * LANES
        dropout_run(end - first, bits, <real>plan.scale, x + start, y + start)


cdef void normal_chunk(const Noise* plan, ptrdiff_t chunk, ptrdiff_t samples, ptrdiff_t first,
                       ptrdiff_t end, const real* x, real* y) noexcept nogil:
    """Elements first … end, each with a normal number of its own; y may be x."""
    cdef fastnn_sequence origin = sequence_of(plan, chunk)
    cdef real numbers[128 * 16]     # BLOCK packs
    cdef real z[128 * 16]
    cdef real* row[16]
    cdef ptrdiff_t start, n, lane
    for start from first <= start < end by BLOCK:
        n = min(<ptrdiff_t>BLOCK, end - start)
        for lane in range(LANES):
            row[lane] = numbers + min(lane, samples - 1) * BLOCK
        for lane in range(samples):
            random_normal(&origin, start, n, row[lane])
            origin.row += 1
        origin.row -= <uint32_t>samples
        rows_to_lanes(<const real*const*>row, n, z, LANES)
        if plan.multiplies:
            gaussian_dropout_run(n, <real>plan.scale, z, x + start * LANES, y + start * LANES)
        else:
            gaussian_noise_run(n, <real>plan.scale, z, x + start * LANES, y + start * LANES)


cdef void dropout_block(const Noise* plan, ptrdiff_t chunk, ptrdiff_t samples, ptrdiff_t block,
                        const real* x, real* y) noexcept nogil:
    cdef uint32_t bits[4 * 16]      # BLOCK / WORD packs
    cdef ptrdiff_t first = block * BLOCK, end = min(first + BLOCK, plan.channels)
    draw_bits(plan, chunk, samples, first, end, bits)
    dropout_chunk(plan, bits, first, end, x, y)


def dropout(
        const real[:, ::1] x,           # IN   (chunks, positions · channels · LANES)
        real[:, ::1] y,                 # OUT  like x, overwritten
        ptrdiff_t samples, ptrdiff_t channels, double rate,
        uint64_t seed, uint32_t stream, uint32_t counter, uint32_t row,
        int n_threads):
    """Forward, and backward of dy; all elements of a sample are channels, or the last axis is."""
    cdef ptrdiff_t chunks = x.shape[0], blocks = (channels + BLOCK - 1) // BLOCK, task, chunk
    cdef int threads = team(n_threads, chunks * blocks, DROPOUT_COST * chunks * x.shape[1])
    cdef unsigned long long mode
    cdef Noise plan
    plan.channels = channels
    plan.positions = x.shape[1] // (channels * LANES) if channels else 0
    plan.rate = rate
    plan.scale = 1 / (1 - rate)
    plan.origin = fastnn_sequence(seed, stream, counter, row)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(chunks * blocks, schedule="static"):
            chunk = task // blocks
            dropout_block(&plan, chunk, min(<ptrdiff_t>LANES, samples - chunk * LANES),
                          task % blocks, &x[chunk, 0], &y[chunk, 0])
        leave_fast_mode(mode)


def gaussian(
        const real[:, ::1] x,           # IN   (chunks, features · LANES)
        real[:, ::1] y,                 # OUT  like x, overwritten
        ptrdiff_t samples, bint multiplies, double stddev,
        uint64_t seed, uint32_t stream, uint32_t counter, uint32_t row,
        int n_threads):
    """x + stddev · z, or x · (1 + stddev · z), whose way back is the same of dy."""
    cdef ptrdiff_t chunks = x.shape[0], features = x.shape[1] // LANES
    cdef ptrdiff_t blocks = (features + BLOCK - 1) // BLOCK, task, chunk
    cdef int threads = team(n_threads, chunks * blocks, NORMAL_COST * chunks * x.shape[1])
    cdef unsigned long long mode
    cdef Noise plan
    plan.positions = 1
    plan.channels = features
    plan.scale = stddev
    plan.multiplies = multiplies
    plan.origin = fastnn_sequence(seed, stream, counter, row)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(chunks * blocks, schedule="static"):
            chunk = task // blocks
            normal_chunk(&plan, chunk, min(<ptrdiff_t>LANES, samples - chunk * LANES),
                         task % blocks * BLOCK, min((task % blocks + 1) * BLOCK, features),
                         &x[chunk, 0], &y[chunk, 0])
        leave_fast_mode(mode)
