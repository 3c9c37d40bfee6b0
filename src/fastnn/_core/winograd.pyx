"""Winograd's F(2×2, 3×3): a convolution's output, or its input gradient, with 16 products for 36.

Targets come in tiles of two by two, each from the four by four sources around it. Sources and
kernels are transformed, which takes additions alone; csrc/winograd.inc.h has the equations.

    for each block of tiles
        v[place][tile][channel]  the transformed sources
        m[place][tile][output]   Σ_channel v[place][tile][channel] · u[place][channel][output]
        y                        two by two targets a tile, from its 16 products an output

The sums over channels are csrc's tile's, in its order. Tiles begin at even rows and columns,
whichever rows are asked for, so that these change no bit. Sources beyond the border are zeros, and
targets beyond it, or in a row that was not asked for, go where nobody reads them.
"""
from libc.string cimport memset

from fastnn._core.conv cimport Correlation
from fastnn._core.kernels cimport (
    LANES, RELU, fastnn_run, real, tile, winograd_data, winograd_output)
from fastnn._core.tiles cimport choose_tiling, panel_start, tile_start, tile_width

# v and m of a block, in bytes: a quarter of a large L2 cache, which also holds the weights. Larger
# blocks are no faster with 32 channels, and slower with 128.
cdef ptrdiff_t BLOCK_BYTES = 512 << 10


cdef void plan_winograd(Correlation* plan, ptrdiff_t outputs, const real* which) noexcept nogil:
    """Choose block and register tile, of a plan whose axes and terms are filled."""
    cdef ptrdiff_t tile_bytes = PLACES * (plan.terms + outputs) * LANES * sizeof(real)
    cdef ptrdiff_t tiles = (plan.axis[1].targets + 1) // 2 * tile_columns(plan)
    plan.block = min(tiles, max(<ptrdiff_t>2, BLOCK_BYTES // tile_bytes))
    plan.tiling = choose_tiling(which, plan.block, outputs)


cdef inline ptrdiff_t tile_columns(const Correlation* plan) noexcept nogil:
    return (plan.axis[2].targets + 1) // 2


# Places are a pack further apart than they must be. At a power of two they would all fall on the
# same lines of a cache, which makes the transform of the sources half as fast.

cdef inline ptrdiff_t v_step(const Correlation* plan) noexcept nogil:
    return (plan.block * plan.terms + 1) * LANES


cdef inline ptrdiff_t m_step(const Correlation* plan) noexcept nogil:
    return (plan.block * plan.tiling.outputs + 1) * LANES


cdef ptrdiff_t winograd_scratch(const Correlation* plan) noexcept nogil:
    """Elements: v, m, the zeros beyond the border, and room for targets beyond it."""
    return (PLACES * (v_step(plan) + m_step(plan))
            + (plan.terms + plan.tiling.outputs) * LANES)


cdef void transform_sources(const Correlation* plan, const real* x, ptrdiff_t index,
                            const real* zeros, real* v) noexcept nogil:
    cdef const real* pixel[16]
    cdef ptrdiff_t first_row = index // tile_columns(plan) * 2 - plan.before[1]
    cdef ptrdiff_t first_column = index % tile_columns(plan) * 2 - plan.before[2]
    cdef ptrdiff_t i, row, column
    for i in range(16):
        row = first_row + i // 4
        column = first_column + i % 4
        pixel[i] = zeros
        if 0 <= row < plan.axis[1].sources and 0 <= column < plan.axis[2].sources:
            pixel[i] = x + (row * plan.axis[2].sources + column) * plan.terms * LANES
    winograd_data(pixel, plan.terms, v, v_step(plan))


cdef void multiply(const Correlation* plan, const real* v, const real* packed, ptrdiff_t place,
                   ptrdiff_t count, real* m) noexcept nogil:
    """The products of one place for `count` tiles."""
    cdef ptrdiff_t x_step = plan.terms * LANES, y_step = plan.tiling.outputs * LANES
    cdef ptrdiff_t index, start, width, j
    cdef const real* panel
    cdef fastnn_run run
    run.x = run.w = 0
    run.length = plan.terms
    v += place * v_step(plan)
    m += place * m_step(plan)
    for index in range(plan.tiling.tiles):
        start = tile_start(&plan.tiling, index)
        width = tile_width(&plan.tiling, index)
        panel = (packed + panel_start(&plan.tiling, index, PLACES * plan.terms)
                 + place * plan.terms * width)
        for j from 0 <= j < count by plan.tiling.positions:
            tile(<int>min(<ptrdiff_t>plan.tiling.positions, count - j), <int>width,
                 v + j * x_step, x_step, LANES, &run, 1, panel, width, width,
                 <const real*>NULL, <const real*>NULL, 0,
                 m + j * y_step + start * LANES, y_step, LANES)


cdef void transform_products(const Correlation* plan, const real* m, ptrdiff_t index,
                             const real* bias, const real* positive, real* y,
                             ptrdiff_t first_row, ptrdiff_t end_row, real* beyond) noexcept nogil:
    cdef real* target[4]
    cdef const real* target_positive[4]
    cdef ptrdiff_t i, row, column, place
    for i in range(4):
        row = index // tile_columns(plan) * 2 + i // 2
        column = index % tile_columns(plan) * 2 + i % 2
        target[i] = beyond
        target_positive[i] = beyond
        if first_row <= row < end_row and column < plan.axis[2].targets:
            place = (row * plan.axis[2].targets + column) * plan.tiling.outputs * LANES
            target[i] = y + place
            if positive != NULL:
                target_positive[i] = positive + place
    winograd_output(m, m_step(plan), plan.tiling.outputs, bias,
                    <const real**>target_positive if positive != NULL else NULL,
                    RELU if plan.relu else 0, target)


cdef void winograd_correlate_chunk(
        const Correlation* plan,
        const real* x,              # IN   (*sources, terms, LANES)
        const real* packed,         # IN   transformed weights, from pack_tile
        const real* bias,           # IN   (outputs,) or NULL
        const real* positive,       # IN   like y, or NULL: results are 0 where it is not > 0
        real* y,                    # OUT  (*targets, outputs, LANES): these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row, real* scratch) noexcept nogil:
    cdef ptrdiff_t first = first_row // 2 * tile_columns(plan)
    cdef ptrdiff_t end = (end_row + 1) // 2 * tile_columns(plan), count, place, j
    cdef real* v = scratch
    cdef real* m = v + PLACES * v_step(plan)
    cdef real* zeros = m + PLACES * m_step(plan)
    cdef real* beyond = zeros + plan.terms * LANES
    if first_row >= end_row:
        return
    memset(zeros, 0, plan.terms * LANES * sizeof(real))
    for first from first <= first < end by plan.block:
        count = min(plan.block, end - first)
        for j in range(count):
            transform_sources(plan, x, first + j, zeros, v + j * plan.terms * LANES)
        for place in range(PLACES):
            multiply(plan, v, packed, place, count, m)
        for j in range(count):
            transform_products(plan, m + j * plan.tiling.outputs * LANES, first + j, bias,
                               positive, y, first_row, end_row, beyond)
