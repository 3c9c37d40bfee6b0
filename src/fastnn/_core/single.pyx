"""Inference of single samples: lanes are channels, so that no lane is empty.

    activations   (positions, packs of channels, LANES); what is beyond the channels means nothing
    convolution   see single_conv.pyx
    dense         a convolution with one column; weights are turned so that outputs fill the lanes
    pooling       as for samples: lanes do not meet; resampling likewise

Every sum has its terms in the order that it has in a batch, so a sample's bits are the same. A bias
is what y holds before the sum is added to it.
"""
from libc.string cimport memcpy, memset

from fastnn._core.batch_norm cimport batch_norm_apply_chunk
from fastnn._core.conv cimport Correlation
from fastnn._core.conv_plan cimport ConvPlan
from fastnn._core.feed cimport affine_forward_chunk
from fastnn._core.kernels cimport (
    ACCUMULATE, LANES, RELU, fastnn_run, lanes_to_rows, rows_to_lanes, tile)
from fastnn._core.operation cimport (
    BATCH_NORM, CONV, DENSE, GROUP_NORM, LOCAL_CONV, MERGE, PERMUTE, POINTWISE, POOL, PRELU,
    RESAMPLE, SOFTMAX)
from fastnn._core.merge_plan cimport merge_plan_scratch
from fastnn._core.pointwise cimport pointwise_forward_chunk
from fastnn._core.pool_plan cimport PoolPlan, grid, pool_forward_rows, pool_plan_scratch
from fastnn._core.resample cimport Resampling, resample_plan_scratch, resample_rows
from fastnn._core.single_conv cimport single_conv, single_conv_scratch
from fastnn._core.softmax cimport softmax_forward_chunk
from fastnn._core.tiles cimport Tiling, choose_tiling


cdef bint single_supports(const Operation* op, Layout before) noexcept nogil:
    """Whether samples can go singly through an operation, from the layout that they have before.

    Groups would share packs of channels; other ways to convolve have no path of their own here, nor
    have permutations, normalisations of a sample and locally connected layers. Samples that were
    given another shape may have other channels than are expected.
    """
    cdef const Correlation* plan = &op.conv.correlation
    if op.kind == CONV:
        return (not (plan.groups > 1 or plan.winograd or plan.from_last)
                and before.channels == plan.terms)
    if op.kind == POOL:
        return before.channels == op.pool.windows.channels
    if op.kind == RESAMPLE:
        return before.channels == op.resample.resampling.channels
    return op.kind != PERMUTE and op.kind != GROUP_NORM and op.kind != LOCAL_CONV


cdef Layout layout_after(const Operation* op, Layout before) noexcept nogil:
    """What an operation makes of samples in this layout."""
    cdef const ConvPlan* conv = &op.conv
    cdef Layout after = before
    if op.kind == DENSE:
        after.positions = 1
        after.channels = op.outputs
    elif op.kind == MERGE:
        after.channels = op.merge.channels
        after.positions = op.outputs // after.channels
    elif op.kind == SOFTMAX:
        after.positions = op.softmax.positions
        after.channels = op.softmax.channels
    elif op.kind == POOL or op.conv.pools:
        after.positions = grid(&op.pool.windows if op.kind == POOL else &conv.pool.windows, False)
        after.channels = op.outputs // after.positions
    elif op.kind == RESAMPLE:
        after.channels = op.resample.resampling.channels
        after.positions = op.outputs // after.channels
    elif op.kind == CONV:
        after.channels = conv.correlation.tiling.outputs
        after.positions = op.outputs // after.channels
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
        return (op.conv.correlation.tiling.outputs + LANES - 1) // LANES
    return (op.outputs + LANES - 1) // LANES if op.kind == DENSE else 0


cdef inline ptrdiff_t single_terms(const Operation* op) noexcept nogil:
    return op.inputs if op.kind == DENSE else op.conv.correlation.taps * op.conv.correlation.terms


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


cdef void single_by_positions(const Operation* op, ptrdiff_t channels, const real* x,
                              Layout layout, const real* arena, real* y,
                              real* scratch) noexcept nogil:
    """What works on each position's channels: sixteen positions at a time fill the lanes."""
    cdef ptrdiff_t positions = op.outputs // channels, width = padded(channels)
    cdef Layout own = Layout(positions, channels)
    cdef real* row[16]
    cdef real* packs = scratch + positions * width
    cdef ptrdiff_t first, lane
    single_leave(x, layout, packs)
    single_enter(packs, own, scratch)
    for first from 0 <= first < positions by LANES:
        for lane in range(LANES):
            row[lane] = scratch + min(first + lane, positions - 1) * width
        rows_to_lanes(<const real*const*>row, channels, packs, LANES)
        if op.kind == SOFTMAX:
            softmax_forward_chunk(op.softmax.logarithm, 1, channels, packs, packs)
        else:
            batch_norm_apply_chunk(1, channels, packs, arena + op.batch_norm.centre,
                                   arena + op.batch_norm.factor, arena + op.batch_norm.offset,
                                   op.relu, packs)
        lanes_to_rows(packs, channels, min(<ptrdiff_t>LANES, positions - first), row)
    single_leave(scratch, own, packs)
    single_enter(packs, layout_after(op, layout), y)


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


cdef inline ptrdiff_t by_positions_scratch(const Operation* op,
                                           ptrdiff_t channels) noexcept nogil:
    return op.outputs // channels * padded(channels) + max(channels * LANES, op.outputs)


cdef ptrdiff_t single_scratch(const Operation* op, const real* which) noexcept nogil:
    """Elements that a pass needs beside its operands, at most."""
    cdef ptrdiff_t size = 2 * (op.outputs + op.inputs) + 2 * LANES * LANES
    if op.kind == SOFTMAX:
        return by_positions_scratch(op, op.softmax.channels) + size
    if op.kind == BATCH_NORM:
        return by_positions_scratch(op, op.batch_norm.channels) + size
    if op.kind == CONV:
        return single_conv_scratch(op, which)
    if op.kind == MERGE:
        return merge_plan_scratch(&op.several, which) + (op.several.n + 1) * op.outputs
    if op.kind == RESAMPLE:
        return resample_plan_scratch(&op.resample, which)
    return pool_plan_scratch(&op.pool, which) if op.kind == POOL else size


cdef void single_forward_part(
        const Operation* op,
        const real* parameters,     # IN   flat
        const real* panels,         # IN   CONV, DENSE: from single_pack; BATCH_NORM: the arena
        const real* x,              # IN   a sample in the layout given
        Layout layout,
        real* y,                    # OUT  a sample in the layout after: this part is overwritten
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef const real* bias = parameters + op.weight + op.weights
    cdef PoolPlan pool
    cdef Resampling resampling
    if op.kind == CONV:
        single_conv(op, bias, panels, x, layout, y, part, parts, scratch)
    elif op.kind == DENSE:
        single_dense(op, bias, panels, x, layout, y, part, parts, scratch)
    elif op.kind == POOL:
        pool = op.pool
        pool.windows.channels = padded(layout.channels) // LANES
        pool_forward_rows(&pool, x, y, NULL, 0, 1, scratch)
    elif op.kind == RESAMPLE:
        resampling = op.resample.resampling
        resampling.channels = padded(layout.channels) // LANES
        resample_rows(&resampling, x, y, 0, 1, scratch)
    elif op.kind == POINTWISE:
        pointwise_forward_chunk(op.pointwise.function, op.pointwise.parameter,
                                layout.positions * padded(layout.channels), x, y)
    elif op.kind == SOFTMAX:
        single_by_positions(op, op.softmax.channels, x, layout, panels, y, scratch)
    elif op.kind == BATCH_NORM:
        single_by_positions(op, op.batch_norm.channels, x, layout, panels, y, scratch)
    elif op.kind == PRELU:
        single_prelu(op, parameters + op.weight, x, layout, y)
    else:
        single_affine(op, x, layout, y)
