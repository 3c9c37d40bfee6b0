"""A program's noise over one chunk in training, or over part of it: whole words of bits.

Dropout keeps its bits for the way back, a 32nd of the numbers that they belong to. Normal numbers
are drawn again: they would take as much room as the numbers themselves.
"""
from libc.math cimport sqrt
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from fastnn._core.kernels cimport LANES
from fastnn._core.memory cimport elements
from fastnn._core.noise cimport bits_size, draw_bits, dropout_chunk, normal_chunk

from fastnn._core.noise import STREAM as _STREAM

cdef enum:
    WORD = 32                   # channels whose bits a word holds


cdef ptrdiff_t make_noise_plan(NoisePlan* plan, dict settings) except -1:
    """Fill a zeroed plan; returns how many multiply-adds a sample costs about as much as."""
    cdef double strength = settings["strength"]
    cdef Noise* noise = &plan.noise
    noise.channels = settings["channels"]
    noise.positions = settings["inputs"] // noise.channels
    noise.origin.seed = settings["seed"]
    noise.origin.stream = _STREAM + settings["call"]
    noise.rate = strength
    noise.multiplies = settings["operation"] == "gaussian_dropout"
    plan.drops = settings["operation"] in ("dropout", "spatial_dropout")
    if plan.drops:
        noise.scale = 1 / (1 - strength)
        return 4 * settings["inputs"] + 20 * noise.channels
    noise.scale = sqrt(strength / (1 - strength)) if noise.multiplies else strength
    return 120 * settings["inputs"]


cdef ptrdiff_t noise_size(const NoisePlan* plan, const real* which) noexcept nogil:
    """Elements of a frame that a chunk keeps from its forward pass."""
    return elements(bits_size(&plan.noise), sizeof(uint32_t), which) if plan.drops else 0


cdef inline Noise noise_of(const NoisePlan* plan, int64_t step, ptrdiff_t row) noexcept nogil:
    cdef Noise noise = plan.noise
    noise.origin.counter = <uint32_t>step
    noise.origin.row = <uint32_t>row
    return noise


cdef inline ptrdiff_t part_start(const Noise* noise, ptrdiff_t part,
                                 ptrdiff_t parts) noexcept nogil:
    """The first channel of a part."""
    return min((noise.channels + WORD - 1) // WORD * part // parts * WORD, noise.channels)


cdef void noise_forward_part(
        const NoisePlan* plan,
        int64_t step,
        ptrdiff_t row,              #  where the batch begins among the rows of noise
        ptrdiff_t chunk, ptrdiff_t samples,     #  which rows of the batch
        const real* x,              # IN   (positions, channels, LANES)
        real* y,                    # OUT  like x, and may be x: this part is overwritten
        void* saved,                # OUT  bits
        ptrdiff_t part, ptrdiff_t parts) noexcept nogil:
    cdef Noise noise = noise_of(plan, step, row)
    cdef ptrdiff_t first = part_start(&noise, part, parts)
    cdef ptrdiff_t end = part_start(&noise, part + 1, parts)
    cdef uint32_t* bits = <uint32_t*>saved + first // WORD * LANES
    if plan.drops:
        draw_bits(&noise, chunk, samples, first, end, bits)
        dropout_chunk(&noise, bits, first, end, x, y)
    else:
        normal_chunk(&noise, chunk, samples, first, end, x, y)


cdef void noise_backward_part(
        const NoisePlan* plan,
        int64_t step,
        ptrdiff_t row,              #  where the batch begins among the rows of noise
        ptrdiff_t chunk, ptrdiff_t samples,     #  which rows of the batch
        const void* saved,          # IN   bits
        const real* dy,             # IN   (positions, channels, LANES)
        real* dx,                   # OUT  like dy, and may be dy: this part is overwritten
        ptrdiff_t part, ptrdiff_t parts) noexcept nogil:
    cdef Noise noise = noise_of(plan, step, row)
    cdef ptrdiff_t first = part_start(&noise, part, parts)
    cdef ptrdiff_t end = part_start(&noise, part + 1, parts)
    if plan.drops:
        dropout_chunk(&noise, <const uint32_t*>saved + first // WORD * LANES, first, end, dy, dx)
    elif noise.multiplies:
        normal_chunk(&noise, chunk, samples, first, end, dy, dx)
    elif dx != dy:  # forward: y = x + noise
        memcpy(dx + first * LANES, dy + first * LANES, (end - first) * LANES * sizeof(real))
