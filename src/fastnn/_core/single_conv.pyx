"""Convolution of a single sample: csrc's tile with its operands exchanged.

    y[column][f] = Σ w[tap][c][f] · x[c][column + tap]

Its vectors are packs of filters, its scalars neighbouring columns of x, for which x is turned
planar (channel, row, column) first.
"""
from libc.string cimport memcpy, memset

from fastnn._core.conv cimport Correlation
from fastnn._core.kernels cimport ACCUMULATE, LANES, RELU, fastnn_run, rows_to_lanes, tile
from fastnn._core.memory cimport elements
from fastnn._core.pool cimport Windows, max_pool_forward_chunk
from fastnn._core.single cimport padded, single_packs, single_panel_size
from fastnn._core.tiles cimport Tiling, choose_tiling, tile_start, tile_width
from fastnn._core.window cimport Segment, Taps


cdef void turn_planar(const real* x, Layout layout, ptrdiff_t first, ptrdiff_t end,
                      real* planes) noexcept nogil:
    """Positions first … end (at least) of x as planes [channel][position]; LANES numbers behind."""
    cdef const real* row[16]
    cdef ptrdiff_t position, lane, width = padded(layout.channels)
    # blocks of LANES positions; the last one overlaps the one before it
    end = max(end, min(<ptrdiff_t>LANES, layout.positions))
    first = max(<ptrdiff_t>0, min(first, end - LANES))
    position = first
    while True:
        for lane in range(LANES):
            row[lane] = x + min(position + lane, layout.positions - 1) * width
        rows_to_lanes(row, layout.channels, planes + position, layout.positions)
        if position + LANES >= end:
            return
        position = min(position + LANES, end - LANES)


cdef void turn_rows(const Correlation* plan, const real* x, Layout layout, ptrdiff_t first_row,
                    ptrdiff_t end_row, real* planes) noexcept nogil:
    """Turn planar what these rows of outputs read."""
    cdef ptrdiff_t line = plan.axis[2].sources, first = layout.positions, end = 0, row
    cdef const Taps* taps
    if plan.axis[0].sources > 1:
        first = 0
        end = layout.positions
    for row in range(first_row, end_row):
        taps = &plan.axis[1].taps[row]
        if taps.count:
            first = min(first, taps.source * line)
            end = max(end, (taps.source + (taps.count - 1) * plan.axis[1].source_step + 1) * line)
    if first < end:
        turn_planar(x, layout, first, end, planes)


cdef ptrdiff_t list_columns(const Correlation* plan, const Taps* depth, const Taps* height,
                            const Taps* width, fastnn_run* runs) noexcept nogil:
    """Runs of terms at one output: with one channel along a row's taps, else along channels."""
    cdef ptrdiff_t together = width.count if plan.terms == 1 else 1
    cdef ptrdiff_t i, j, k, pixel, place, found = 0
    if width.count == 0:
        return 0
    for i in range(depth.count):
        for j in range(height.count):
            pixel = (((depth.source + i * plan.axis[0].source_step) * plan.axis[1].sources
                      + height.source + j * plan.axis[1].source_step) * plan.axis[2].sources
                     + width.source)
            place = ((depth.place + i) * plan.size[1] + height.place + j) * plan.size[2]
            for k from 0 <= k < width.count by together:
                runs[found].x = (place + width.place + k) * plan.terms * LANES
                runs[found].w = pixel + k * plan.axis[2].source_step
                runs[found].length = plan.terms * together
                found += 1
    return found


cdef void single_line(const Operation* op, const real* panels, const real* planes,
                      const fastnn_run* runs, ptrdiff_t n_runs, const Tiling* tiling,
                      ptrdiff_t plane, real* y) noexcept nogil:
    """Neighbouring outputs of one line that share their taps: tiling.outputs of them."""
    cdef ptrdiff_t packs = single_packs(op), panel = single_panel_size(op), j, index, start
    cdef const Correlation* plan = &op.conv.correlation
    cdef int finish = (ACCUMULATE if op.biases else 0) | (RELU if op.relu else 0)
    for j from 0 <= j < packs by tiling.positions:
        for index in range(tiling.tiles):
            start = tile_start(tiling, index)
            tile(<int>min(<ptrdiff_t>tiling.positions, packs - j),
                 <int>tile_width(tiling, index), panels + j * panel, panel, LANES, runs, n_runs,
                 planes + start, 1,
                 plan.axis[2].source_step if plan.terms == 1 else plane,
                 <const real*>NULL, <const real*>NULL, finish,
                 y + (start * packs + j) * LANES, LANES, packs * LANES)


cdef void set_biases(const Operation* op, const real* bias, ptrdiff_t positions,
                     real* y) noexcept nogil:
    cdef ptrdiff_t position, width = padded(op.biases)
    memset(y, 0, positions * width * sizeof(real))
    for position in range(positions):
        memcpy(y + position * width, bias, op.biases * sizeof(real))


cdef void single_conv_rows(const Operation* op, const real* bias, const real* panels,
                           const real* planes, ptrdiff_t plane, ptrdiff_t first_row,
                           ptrdiff_t end_row, fastnn_run* runs, real* y) noexcept nogil:
    """Rows first_row … end_row of the output, at their usual places."""
    cdef const Correlation* plan = &op.conv.correlation
    cdef ptrdiff_t pixel = single_packs(op) * LANES, stride = plan.axis[2].source_advance
    cdef ptrdiff_t depth, c, row, column, n_runs
    cdef const Segment* columns
    cdef Tiling tiling
    cdef real* line
    for c in range(plan.n_columns):
        columns = &plan.columns[c]
        # neighbouring outputs read neighbouring inputs only without a stride
        tiling = choose_tiling(y, single_packs(op), columns.count if stride == 1 else 1)
        for depth in range(plan.axis[0].targets):
            for row in range(first_row, end_row):
                line = y + ((depth * plan.axis[1].targets + row) * plan.axis[2].targets
                            + columns.target) * pixel
                if op.biases:
                    set_biases(op, bias, columns.count, line)
                n_runs = list_columns(plan, &plan.axis[0].taps[depth], &plan.axis[1].taps[row],
                                      &columns.taps, runs)
                for column from 0 <= column < columns.count by tiling.outputs:
                    single_line(op, panels, planes + column * stride, runs, n_runs, &tiling,
                                plane, line + column * pixel)


cdef void single_conv(const Operation* op, const real* bias, const real* panels, const real* x,
                      Layout layout, real* y, ptrdiff_t part, ptrdiff_t parts,
                      real* scratch) noexcept nogil:
    cdef const Correlation* plan = &op.conv.correlation
    cdef Windows windows = op.conv.pool.windows
    cdef fastnn_run* runs = <fastnn_run*>scratch
    cdef real* planes = scratch + elements(plan.taps, sizeof(fastnn_run), x)
    cdef real* lines = planes + (layout.positions * layout.channels + LANES) // LANES * LANES
    cdef ptrdiff_t* offsets
    cdef ptrdiff_t rows = windows.axis[1].targets if op.conv.pools else plan.axis[1].targets
    cdef ptrdiff_t first = part * rows // parts, end = (part + 1) * rows // parts
    cdef ptrdiff_t first_line = first, end_line = end
    if first == end:
        return
    if op.conv.pools:
        first_line = windows.axis[1].taps[first].source
        end_line = (windows.axis[1].taps[end - 1].source + 1
                    + (windows.axis[1].taps[end - 1].count - 1) * windows.axis[1].source_step)
    turn_rows(plan, x, layout, first_line, end_line, planes)
    if not op.conv.pools:
        single_conv_rows(op, bias, panels, planes, layout.positions, first, end, runs, y)
        return
    single_conv_rows(op, bias, panels, planes, layout.positions, first_line, end_line, runs, lines)
    windows.channels = single_packs(op)
    offsets = <ptrdiff_t*>(lines + windows.axis[1].sources * windows.axis[2].sources
                           * windows.channels * LANES)
    max_pool_forward_chunk(&windows, lines, y, NULL, first, end, offsets)


cdef ptrdiff_t single_conv_scratch(const Operation* op, const real* which) noexcept nogil:
    """What it needs beside its operands, in elements: runs, planes, lines before a pooling."""
    cdef const Windows* windows = &op.conv.pool.windows
    cdef ptrdiff_t size = elements(op.conv.correlation.taps, sizeof(fastnn_run), which) + op.inputs
    if op.conv.pools:
        size += windows.axis[1].sources * windows.axis[2].sources * single_packs(op) * LANES
        size += elements(windows.size, sizeof(ptrdiff_t), which)
    return size + 2 * LANES
