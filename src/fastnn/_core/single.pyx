"""Inference of single samples: lanes are channels, so that no lane is empty.

    activations   (positions, packs of channels, LANES); what is beyond the channels means nothing
    convolution   y[column][f] = Σ w[tap][c][f] · x[c][column + tap]: csrc's tile with its operands
                  exchanged. Its vectors are packs of filters, its scalars neighbouring columns of
                  x, for which x is turned planar (channel, row, column) first
    dense         the same with one column; weights are turned so that outputs fill the lanes
    pooling       as for samples: lanes do not meet

Every sum has its terms in the order that it has in a batch, so a sample's bits are the same. A bias
is what y holds before the sum is added to it.
"""
from libc.string cimport memcpy, memset

from fastnn._core.conv cimport Correlation
from fastnn._core.feed cimport affine_forward_chunk
from fastnn._core.kernels cimport (
    ACCUMULATE, LANES, RELU, fastnn_run, lanes_to_rows, rows_to_lanes, tile)
from fastnn._core.operation cimport (
    AVERAGE_POOL, CONV, DENSE, MAX_POOL, POINTWISE, PRELU, SOFTMAX)
from fastnn._core.pointwise cimport pointwise_forward_chunk
from fastnn._core.pool cimport Windows, max_pool_forward_chunk, window_sum_chunk
from fastnn._core.softmax cimport softmax_forward_chunk
from fastnn._core.tiles cimport Tiling, choose_tiling, tile_start, tile_width
from fastnn._core.window cimport Segment, Taps


cdef bint single_supports(const Operation* op) noexcept nogil:
    """Groups would share packs of channels; Winograd's algorithm has no path of its own here."""
    return op.kind != CONV or (op.correlation.groups == 1 and not op.correlation.winograd)


cdef Layout layout_after(const Operation* op, Layout before) noexcept nogil:
    """What an operation makes of samples in this layout."""
    cdef const Correlation* plan = &op.correlation
    cdef const Windows* windows = &op.windows
    cdef Layout after = before
    if op.kind == DENSE:
        after.positions = 1
        after.channels = op.outputs
    elif op.kind == SOFTMAX:
        after.positions = op.outputs // op.channels
        after.channels = op.channels
    elif op.kind == MAX_POOL or op.kind == AVERAGE_POOL or op.pools:
        after.positions = (windows.axis[0].targets * windows.axis[1].targets
                           * windows.axis[2].targets)
        after.channels = op.outputs // after.positions
    elif op.kind == CONV:
        after.positions = plan.axis[0].targets * plan.axis[1].targets * plan.axis[2].targets
        after.channels = plan.tiling.outputs
    return after


cdef void single_enter(const real* row, Layout layout, real* y) noexcept nogil:
    """A user's row into padded channels."""
    cdef ptrdiff_t position, width = padded(layout.channels)
    for position in range(layout.positions):
        memcpy(y + position * width, row + position * layout.channels,
               layout.channels * sizeof(real))
        memset(y + position * width + layout.channels, 0,
               (width - layout.channels) * sizeof(real))


cdef void single_leave(const real* x, Layout layout, real* row) noexcept nogil:
    """Padded channels into a row of numbers side by side."""
    cdef ptrdiff_t position
    for position in range(layout.positions):
        memcpy(row + position * layout.channels, x + position * padded(layout.channels),
               layout.channels * sizeof(real))


# --- weights --------------------------------------------------------------------------------------

cdef ptrdiff_t single_packs(const Operation* op) noexcept nogil:
    """Packs of filters or outputs, each with a panel of weights."""
    if op.kind == CONV:
        return (op.correlation.tiling.outputs + LANES - 1) // LANES
    return (op.outputs + LANES - 1) // LANES if op.kind == DENSE else 0


cdef inline ptrdiff_t single_terms(const Operation* op) noexcept nogil:
    return op.inputs if op.kind == DENSE else op.correlation.taps * op.correlation.terms


cdef ptrdiff_t single_panel_size(const Operation* op) noexcept nogil:
    return single_terms(op) * LANES


cdef void single_pack(const Operation* op, const real* parameters, ptrdiff_t index,
                      real* panels) noexcept nogil:
    """Panel `index`: its weights [term][LANES]."""
    cdef ptrdiff_t terms = single_terms(op), rows = op.weights // terms
    cdef const real* row[16]
    cdef ptrdiff_t lane
    for lane in range(LANES):
        row[lane] = parameters + op.weight + min(index * LANES + lane, rows - 1) * terms
    rows_to_lanes(row, terms, panels + index * single_panel_size(op), LANES)


# --- convolution ----------------------------------------------------------------------------------

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
    cdef int finish = ACCUMULATE if op.biases else 0
    if op.relu:
        finish |= RELU
    for j from 0 <= j < packs by tiling.positions:
        for index in range(tiling.tiles):
            start = tile_start(tiling, index)
            tile(<int>min(<ptrdiff_t>tiling.positions, packs - j),
                 <int>tile_width(tiling, index), panels + j * panel, panel, LANES, runs, n_runs,
                 planes + start, 1,
                 op.correlation.axis[2].source_step if op.correlation.terms == 1 else plane,
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
    cdef const Correlation* plan = &op.correlation
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
    cdef const Correlation* plan = &op.correlation
    cdef Windows windows = op.windows
    cdef fastnn_run* runs = <fastnn_run*>scratch
    cdef real* planes = scratch + runs_elements(op, x)
    cdef real* lines = planes + (layout.positions * layout.channels + LANES) // LANES * LANES
    cdef ptrdiff_t* offsets
    cdef ptrdiff_t rows = windows.axis[1].targets if op.pools else plan.axis[1].targets
    cdef ptrdiff_t first = part * rows // parts, end = (part + 1) * rows // parts
    cdef ptrdiff_t first_line = first, end_line = end
    if first == end:
        return
    if op.pools:
        first_line = windows.axis[1].taps[first].source
        end_line = (windows.axis[1].taps[end - 1].source + 1
                    + (windows.axis[1].taps[end - 1].count - 1) * windows.axis[1].source_step)
    turn_rows(plan, x, layout, first_line, end_line, planes)
    if not op.pools:
        single_conv_rows(op, bias, panels, planes, layout.positions, first, end, runs, y)
        return
    single_conv_rows(op, bias, panels, planes, layout.positions, first_line, end_line, runs, lines)
    windows.channels = single_packs(op)
    offsets = <ptrdiff_t*>(lines + windows.axis[1].sources * windows.axis[2].sources
                           * windows.channels * LANES)
    max_pool_forward_chunk(&windows, lines, y, NULL, first, end, offsets)


# --- the other operations -------------------------------------------------------------------------

cdef void single_dense(const Operation* op, const real* bias, const real* panels, const real* x,
                       Layout layout, real* y, ptrdiff_t part, ptrdiff_t parts,
                       real* scratch) noexcept nogil:
    cdef ptrdiff_t packs = single_packs(op), panel = single_panel_size(op), j
    cdef ptrdiff_t first = part * packs // parts, end = (part + 1) * packs // parts
    cdef Tiling tiling = choose_tiling(y, end - first, 1)
    cdef int finish = (ACCUMULATE if op.biases else 0) | (RELU if op.relu else 0)
    cdef fastnn_run run
    run.x = run.w = 0
    run.length = op.inputs
    if layout.positions > 1 and padded(layout.channels) != layout.channels:
        single_leave(x, layout, scratch)
        x = scratch
    if op.biases and first < end:
        memcpy(y + first * LANES, bias + first * LANES,
               (min(end * LANES, op.outputs) - first * LANES) * sizeof(real))
    for j from first <= j < end by tiling.positions:
        tile(<int>min(<ptrdiff_t>tiling.positions, end - j), 1, panels + j * panel, panel, LANES,
             &run, 1, x, 1, 1, <const real*>NULL, <const real*>NULL, finish, y + j * LANES, LANES,
             LANES)


cdef void single_softmax(const Operation* op, const real* x, Layout layout, real* y,
                         real* scratch) noexcept nogil:
    """Sixteen positions at a time fill the lanes."""
    cdef ptrdiff_t width = padded(op.channels), positions = op.outputs // op.channels
    cdef real* row[16]
    cdef real* packs = scratch + positions * width
    cdef ptrdiff_t first, lane
    single_leave(x, layout, packs)
    layout.positions = positions
    layout.channels = op.channels
    single_enter(packs, layout, scratch)
    for first from 0 <= first < positions by LANES:
        for lane in range(LANES):
            row[lane] = scratch + min(first + lane, positions - 1) * width
        rows_to_lanes(<const real*const*>row, op.channels, packs, LANES)
        softmax_forward_chunk(op.logarithm, 1, op.channels, packs, packs)
        for lane in range(LANES):
            row[lane] = y + min(first + lane, positions - 1) * width
        lanes_to_rows(packs, op.channels, min(<ptrdiff_t>LANES, positions - first), row)


cdef void single_prelu(const Operation* op, const real* slope, const real* x, Layout layout,
                       real* y) noexcept nogil:
    cdef ptrdiff_t width = padded(layout.channels), position, c, feature, at
    for position in range(layout.positions):
        for c in range(layout.channels):
            at = position * width + c
            feature = (position * layout.channels + c) % op.slopes.channels
            y[at] = x[at] if x[at] > 0 else x[at] * slope[feature * op.slopes.step]


cdef void single_affine(const Operation* op, const real* x, Layout layout, real* y) noexcept nogil:
    cdef ptrdiff_t width = padded(layout.channels), position, c, feature
    if not op.affine.standardize:
        affine_forward_chunk(&op.affine, layout.positions * width // LANES, x, y)
        return
    for position in range(layout.positions):
        for c in range(layout.channels):
            feature = (position * layout.channels + c) % op.affine.features
            y[position * width + c] = <real>((x[position * width + c] - op.affine.mean[feature])
                                             / op.affine.spread[feature])


cdef inline ptrdiff_t runs_elements(const Operation* op, const real* which) noexcept nogil:
    cdef ptrdiff_t size = op.correlation.taps * <ptrdiff_t>(sizeof(fastnn_run) // sizeof(real))
    return size // LANES * LANES + LANES


cdef ptrdiff_t single_scratch(const Operation* op, const real* which) noexcept nogil:
    """Elements that a pass needs beside its operands, at most."""
    cdef ptrdiff_t size = 2 * (op.outputs + op.inputs) + 2 * LANES * LANES
    if op.kind == SOFTMAX:
        return op.outputs // op.channels * padded(op.channels) + size + op.channels * LANES
    if op.kind == CONV:
        size += runs_elements(op, which) + op.inputs
        if op.pools:
            size += (op.windows.axis[1].sources * op.windows.axis[2].sources * single_packs(op)
                     * LANES)
    return size + 2 * op.windows.size


cdef void single_forward_part(
        const Operation* op,
        const real* parameters,     # IN   flat
        const real* panels,         # IN   CONV, DENSE: from single_pack
        const real* x,              # IN   a sample in the layout given
        Layout layout,
        real* y,                    # OUT  a sample in the layout after: this part is overwritten
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef const real* bias = parameters + op.weight + op.weights
    cdef Windows windows = op.windows
    windows.channels = padded(layout.channels) // LANES
    if op.kind == CONV:
        single_conv(op, bias, panels, x, layout, y, part, parts, scratch)
    elif op.kind == DENSE:
        single_dense(op, bias, panels, x, layout, y, part, parts, scratch)
    elif op.kind == MAX_POOL:
        max_pool_forward_chunk(&windows, x, y, NULL, 0, windows.axis[1].targets,
                               <ptrdiff_t*>scratch)
    elif op.kind == AVERAGE_POOL:
        window_sum_chunk(&windows, x, <const real*>op.scale, y, 0, windows.axis[1].targets,
                         <ptrdiff_t*>scratch)
    elif op.kind == POINTWISE:
        pointwise_forward_chunk(op.function, op.parameter,
                                layout.positions * padded(layout.channels), x, y)
    elif op.kind == SOFTMAX:
        single_softmax(op, x, layout, y, scratch)
    elif op.kind == PRELU:
        single_prelu(op, parameters + op.weight, x, layout, y)
    else:
        single_affine(op, x, layout, y)
