"""Weight gradients of a convolution with many channels: lanes become channels, by csrc's tile.

x and dy are turned sample-major, a band of lines at a time, so that 16 neighbouring channels fill
the lanes, and the terms are the columns of a line times the samples:

    dw[o][k][c] += Σ_p Σ_sample dy[p][sample][o] · x[p + k][sample][c]
"""
from libc.string cimport memcpy

from fastnn._core.conv_bias cimport add_bias_sums
from fastnn._core.kernels cimport ACCUMULATE, CHAIN, LANES, fastnn_run, lanes_to_rows, real, tile
from fastnn._core.slots cimport add
from fastnn._core.tiles cimport Tiling, tile_start, tile_width
from fastnn._core.window cimport Window, end_output, first_output


cdef ptrdiff_t list_line_runs(const WeightGradient* plan, const Band* band, ptrdiff_t samples,
                              ptrdiff_t kernel_depth, ptrdiff_t kernel_row, ptrdiff_t kernel_column,
                              ptrdiff_t first, ptrdiff_t end, ptrdiff_t column_block,
                              fastnn_run* runs) noexcept nogil:
    """Terms of output lines first … end at one tap: all columns and samples that meet the input."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t stride = window.stride[2]
    cdef ptrdiff_t shift = kernel_column * window.dilation[2] - window.before[2]
    cdef ptrdiff_t first_column = max(first_output(window, 2, kernel_column), column_block)
    cdef ptrdiff_t end_column = min(end_output(window, 2, kernel_column),
                                    column_block + plan.columns_at_once)
    cdef ptrdiff_t step = end_column - first_column if stride == 1 else 1
    cdef ptrdiff_t line, depth, row, column, x, w, found = 0
    for line in range(first, end):
        depth = (line // window.output[1] * window.stride[0] - window.before[0]
                 + kernel_depth * window.dilation[0])
        row = (line % window.output[1] * window.stride[1] - window.before[1]
               + kernel_row * window.dilation[1])
        if not (0 <= depth < window.input[0] and 0 <= row < window.input[1]):
            continue
        # neighbouring columns touch at stride 1: one run
        for column from first_column <= column < end_column by step:
            x = ((depth * window.input[1] + row - band.first_input) * window.input[2]
                 + column * stride + shift) * samples * row_step(plan.channels)
            w = ((line - band.first) * window.output[2] + column) * samples
            runs[found].x = x
            runs[found].w = w
            runs[found].length = step * samples
            found += 1
    return found


cdef Band make_band(const WeightGradient* plan, ptrdiff_t first) noexcept nogil:
    """The output lines from index `first` of the banded axis on, and the input lines they read."""
    cdef const Window* window = &plan.window
    cdef int axis = plan.band_axis
    cdef ptrdiff_t output_lines = window.output[1] if axis == 0 else 1
    cdef ptrdiff_t input_lines = window.input[1] if axis == 0 else 1
    cdef ptrdiff_t end = min(first + plan.band, window.output[axis])
    cdef ptrdiff_t first_input = first * window.stride[axis] - window.before[axis]
    cdef ptrdiff_t end_input = ((end - 1) * window.stride[axis] - window.before[axis]
                                + (window.size[axis] - 1) * window.dilation[axis] + 1)
    cdef Band band
    band.first = first * output_lines
    band.end = end * output_lines
    band.first_input = min(max(first_input, 0), window.input[axis]) * input_lines
    band.end_input = min(max(end_input, 0), window.input[axis]) * input_lines
    return band


cdef void turn_lines(const real* packs, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t samples,
                     real* turned) noexcept nogil:
    """(positions, channels, LANES) to (positions, samples, row_step(channels))."""
    cdef ptrdiff_t step = row_step(channels)
    cdef real* rows[16]
    cdef ptrdiff_t position, lane
    for position in range(positions):
        for lane in range(samples):
            rows[lane] = turned + (position * samples + lane) * step
        lanes_to_rows(packs + position * channels * LANES, channels, samples, rows)


cdef void sample_major_block(const WeightGradient* plan, const Band* band, ptrdiff_t samples,
                             ptrdiff_t first, ptrdiff_t end, ptrdiff_t column_block,
                             bint accumulate, const real* x, const real* dy, real* sums,
                             fastnn_run* runs) noexcept nogil:
    """Products of some lines and columns, in sums (taps, filters, channel_packs · LANES)."""
    cdef const Window* window = &plan.window
    cdef const Tiling* tiling = &plan.tiling
    cdef ptrdiff_t width = plan.channel_packs * LANES, channels = plan.channels // plan.groups
    cdef ptrdiff_t x_step = row_step(plan.channels), dy_step = row_step(plan.filters)
    cdef ptrdiff_t tap, group, j, index, o, n_runs
    for tap in range(plan.taps):
        n_runs = list_line_runs(plan, band, samples, tap // (window.size[1] * window.size[2]),
                                tap // window.size[2] % window.size[1], tap % window.size[2],
                                first, end, column_block, runs)
        for group in range(plan.groups):
            for j from 0 <= j < plan.channel_packs by tiling.positions:
                for index in range(tiling.tiles):
                    o = group * tiling.outputs + tile_start(tiling, index)
                    tile(<int>min(<ptrdiff_t>tiling.positions, plan.channel_packs - j),
                         <int>tile_width(tiling, index),
                         x + group * channels + j * LANES, LANES, x_step,
                         runs, n_runs, dy + o, dy_step, dy_step,
                         <const real*>NULL, <const real*>NULL, ACCUMULATE if accumulate else 0,
                         sums + (tap * plan.filters + o) * width + j * LANES, LANES, width)


cdef void add_sums(const WeightGradient* plan, const real* sums, bint accumulate,
                   real* dweight) noexcept nogil:
    """dweight (filters, taps, channels) from sums: a second level of chains."""
    cdef ptrdiff_t channels = plan.channels // plan.groups, filter, tap
    cdef const real* part
    cdef real* place
    for filter in range(plan.filters):
        for tap in range(plan.taps):
            place = dweight + filter * plan.row + tap * channels
            part = sums + (tap * plan.filters + filter) * plan.channel_packs * LANES
            if accumulate:
                add(channels, part, place)
            else:
                memcpy(place, part, channels * sizeof(real))


cdef void sample_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                             ptrdiff_t samples, real* x_scratch, real* dy_scratch, real* sums,
                             fastnn_run* runs, real* bias_sums, real* dweight,
                             real* dbias) noexcept nogil:
    """`bias_sums` may be NULL: then there is no gradient of biases."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t x_line = window.input[2] * plan.channels * LANES
    cdef ptrdiff_t dy_line = window.output[2] * plan.filters * LANES
    cdef ptrdiff_t first, line, column, positions, bias_blocks = 0, blocks = 0
    cdef Band band
    for first from 0 <= first < window.output[plan.band_axis] by plan.band:
        band = make_band(plan, first)
        turn_lines(x + band.first_input * x_line,
                   (band.end_input - band.first_input) * window.input[2], plan.channels, samples,
                   x_scratch)
        positions = (band.end - band.first) * window.output[2]
        turn_lines(dy + band.first * dy_line, positions, plan.filters, samples, dy_scratch)
        if bias_sums != NULL:
            bias_blocks = add_bias_sums(dy + band.first * dy_line, positions, plan.filters,
                                        bias_blocks, bias_sums, dbias)
        for line from band.first <= line < band.end by plan.lines_at_once:
            for column from 0 <= column < window.output[2] by plan.columns_at_once:
                if blocks and blocks % CHAIN == 0:
                    add_sums(plan, sums, blocks > CHAIN, dweight)
                sample_major_block(plan, &band, samples, line,
                                   min(line + plan.lines_at_once, band.end), column,
                                   blocks % CHAIN > 0, x_scratch, dy_scratch, sums, runs)
                blocks += 1
    add_sums(plan, sums, blocks > CHAIN, dweight)
