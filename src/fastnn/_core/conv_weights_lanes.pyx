"""Weight gradients of a convolution with few channels: lanes stay samples, by csrc's outer.

Blocks of output positions, small enough for L1, go through all taps and filters:

    sums[o][t][lane] += Σ_p dy[p][o][lane] · x[p + tap t][lane],      dw[o][t] = Σ_lanes sums[o][t]

Taps whose windows all lie inside the input (a convolution without padding) are tiled together over
(kz, ky, kx, c). With padding each tap (kz, ky, kx) has its own rectangle of positions, and only its
channels are tiled: a padded tap contributes no term.
"""
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport CHAIN, LANES, outer
from fastnn._core.slots cimport add_lane_sums, clear_lanes
from fastnn._core.tiles cimport tile_start, tile_width
from fastnn._core.window cimport Window, end_output, first_output

# Output positions (depth, first_row … end_row, first_column … end_column).
cdef struct Block:
    ptrdiff_t depth, first_row, end_row, first_column, end_column


cdef void list_offsets(const WeightGradient* plan, ptrdiff_t* offsets) noexcept nogil:
    """Where tap (kz, ky, kx, c) of each group stands from a window's first element."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t channels = plan.channels // plan.groups
    cdef ptrdiff_t group, i, j, k, c, t = 0
    for group in range(plan.groups):
        for i in range(window.size[0]):
            for j in range(window.size[1]):
                for k in range(window.size[2]):
                    for c in range(channels):
                        offsets[t] = (
                            ((i * window.dilation[0] * window.input[1] + j * window.dilation[1])
                             * window.input[2] + k * window.dilation[2]) * plan.channels
                            + group * channels + c) * LANES
                        t += 1


cdef void outer_taps(const WeightGradient* plan, const real* x, const real* panel,
                     ptrdiff_t panel_row, const Block* block, const Block* part,
                     const ptrdiff_t* offsets, ptrdiff_t taps, ptrdiff_t width, bint accumulate,
                     real* sums) noexcept nogil:
    """These taps and a panel's `width` filters over a part of the block, which may be empty."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t x_step = plan.channels * LANES, x_row = window.input[2] * x_step
    cdef ptrdiff_t rows = max(<ptrdiff_t>0, part.end_row - part.first_row)
    cdef ptrdiff_t columns = max(<ptrdiff_t>0, part.end_column - part.first_column)
    cdef ptrdiff_t t
    x += ((part.depth * window.stride[0] - window.before[0]) * window.input[1]
          + part.first_row * window.stride[1] - window.before[1]) * x_row
    x += (part.first_column * window.stride[2] - window.before[2]) * x_step
    panel += ((part.first_row - block.first_row) * panel_row
              + (part.first_column - block.first_column) * width * LANES)
    for t from 0 <= t < taps by plan.tiling.positions:
        outer(<int>min(<ptrdiff_t>plan.tiling.positions, taps - t), <int>width, x, offsets + t,
              window.stride[1] * x_row, window.stride[2] * x_step, panel, panel_row, width * LANES,
              rows, columns, accumulate, sums + t * LANES, plan.row)


cdef void padded_taps(const WeightGradient* plan, const real* x, const real* panel,
                      ptrdiff_t panel_row, const Block* block, const ptrdiff_t* offsets,
                      ptrdiff_t width, bint accumulate, real* sums) noexcept nogil:
    """One tap after the other, each over those positions of the block where it meets the input."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t channels = plan.channels // plan.groups, i, j, k, t = 0
    cdef Block part
    for i in range(window.size[0]):
        for j in range(window.size[1]):
            for k in range(window.size[2]):
                part = block[0]
                part.first_row = max(part.first_row, first_output(window, 1, j))
                part.end_row = min(part.end_row, end_output(window, 1, j))
                part.first_column = max(part.first_column, first_output(window, 2, k))
                part.end_column = min(part.end_column, end_output(window, 2, k))
                if not first_output(window, 0, i) <= block.depth < end_output(window, 0, i):
                    part.end_row = part.first_row
                outer_taps(plan, x, panel, panel_row, block, &part, offsets + t, channels, width,
                           accumulate, sums + t * LANES)
                t += channels


cdef void copy_filters(const WeightGradient* plan, const real* dy, const Block* block,
                       ptrdiff_t width, real* panel) noexcept nogil:
    """dy of `width` filters over a block, side by side: strides of powers of two thrash a cache."""
    cdef ptrdiff_t row, column, line
    for row in range(block.first_row, block.end_row):
        line = (block.depth * plan.window.output[1] + row) * plan.window.output[2]
        for column in range(block.first_column, block.end_column):
            memcpy(panel, dy + (line + column) * plan.filters * LANES,
                   width * LANES * sizeof(real))
            panel += width * LANES


cdef void outer_block(const WeightGradient* plan, const real* x, const real* dy, const Block* block,
                      const ptrdiff_t* offsets, bint accumulate, real* scratch,
                      real* sums) noexcept nogil:
    """All taps and filters of a group over one block."""
    cdef ptrdiff_t line = (block.depth * plan.window.output[1] + block.first_row)
    cdef const real* panel = (dy + (line * plan.window.output[2] + block.first_column)
                              * plan.filters * LANES)
    cdef ptrdiff_t panel_row = plan.window.output[2] * plan.filters * LANES
    cdef ptrdiff_t index, o, width
    for index in range(plan.tiling.tiles):
        o = tile_start(&plan.tiling, index)
        width = tile_width(&plan.tiling, index)
        if width < plan.filters:
            copy_filters(plan, dy + o * LANES, block, width, scratch)
            panel = scratch
            panel_row = (block.end_column - block.first_column) * width * LANES
        if plan.padded:
            padded_taps(plan, x, panel, panel_row, block, offsets, width, accumulate,
                        sums + o * plan.row * LANES)
        else:
            outer_taps(plan, x, panel, panel_row, block, block, offsets, plan.row, width,
                       accumulate, sums + o * plan.row * LANES)


cdef void lane_major_group(const WeightGradient* plan, const real* x, const real* dy,
                           ptrdiff_t samples, const ptrdiff_t* offsets, real* scratch, real* sums,
                           real* dweight) noexcept nogil:
    """dweight[o][t] of one group's filters; dy starts at the first of them."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t n = plan.tiling.outputs * plan.row, blocks = 0, depth, row, column
    cdef ptrdiff_t block_columns = min(window.output[2], plan.positions)
    cdef ptrdiff_t block_rows = max(<ptrdiff_t>1, plan.positions // block_columns)
    cdef Block block
    memset(dweight, 0, n * sizeof(real))
    for depth in range(window.output[0]):
        for row from 0 <= row < window.output[1] by block_rows:
            for column from 0 <= column < window.output[2] by block_columns:
                block.depth = depth
                block.first_row = row
                block.end_row = min(row + block_rows, window.output[1])
                block.first_column = column
                block.end_column = min(column + block_columns, window.output[2])
                outer_block(plan, x, dy, &block, offsets, blocks > 0, scratch, sums)
                blocks += 1
                if blocks == CHAIN:
                    clear_lanes(n, samples, sums)
                    add_lane_sums(n, sums, dweight)
                    blocks = 0
    if blocks:
        clear_lanes(n, samples, sums)
        add_lane_sums(n, sums, dweight)


cdef void lane_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                           ptrdiff_t samples, real* scratch, real* sums,
                           real* dweight) noexcept nogil:
    cdef ptrdiff_t filters = plan.tiling.outputs, group
    for group in range(plan.groups):
        lane_major_group(plan, x, dy + group * filters * LANES, samples,
                         plan.offsets + group * plan.row, scratch, sums,
                         dweight + group * filters * plan.row)
