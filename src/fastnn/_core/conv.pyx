"""Convolution of up to three axes: forward and input gradient. Weight gradients: conv_weights.pyx.

Both are the same correlation, y[target] = Σ_taps Σ_c x[source] · w[tap][c]; window.pxd says which
taps. A transposed convolution is the input gradient of a convolution, and its own input gradient is
that convolution; only its weights lie otherwise. Here is the direct way, and what it shares with
Winograd's (winograd.pyx) and that of groups of few channels (conv_groups.pyx): plan and driver.

    for each block of targets (a segment of rows x a segment of columns) that share their taps
        list the runs of consecutive terms (taps side by side in memory are one run)
        for each line of the block, along its columns or, at left and right borders, along its rows
            for each position tile, for each output tile: csrc's tile
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport free

from fastnn._core.conv_groups cimport correlate_groups, goes_grouped, pack_group
from fastnn._core.kernels cimport (
    LANES, MAX_POSITIONS, RELU, copy_panel, enter_fast_mode, fastnn_run, leave_fast_mode, real,
    tile, tile_outputs, winograd_weights)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport (
    make_tiling, pack_rows, panel_start, panels_size, tile_start, tile_vectors, tile_width,
    tiling_cycles)
from fastnn._core.window cimport Segment, Taps, Window, make_axis, make_window, segments_of
from fastnn._core.winograd cimport (
    PLACES, plan_winograd, winograd_correlate_chunk, winograd_scratch)

# Packing a weight costs about as much as this many multiply-adds.
cdef double MOVE = 8


cdef inline ptrdiff_t panel_terms(const Correlation* plan) noexcept nogil:
    """Packed weights of an output."""
    return (PLACES if plan.winograd else plan.taps) * plan.terms


cdef void pack_tile(const Correlation* plan, const real* weight, bint backward, ptrdiff_t group,
                    ptrdiff_t index, real* packed) noexcept nogil:
    """Lay out one output tile's weights as the tile kernel reads them: [tap][term][output].

    forward:  an output is a filter, a term its channel
    backward: an output is an input channel, a term a filter

    Taps keep their order, or run from the last: backward, and forward if transposed.

    Winograd's algorithm: [place][term][output]. The taps first stand at the panel's end.
    """
    cdef ptrdiff_t taps = plan.taps, terms = plan.terms, outputs = plan.tiling.outputs
    cdef ptrdiff_t place, tap
    cdef ptrdiff_t start = tile_start(&plan.tiling, index), width = tile_width(&plan.tiling, index)
    cdef real* panel = packed + (group * panels_size(&plan.tiling, panel_terms(plan))
                                 + panel_start(&plan.tiling, index, panel_terms(plan)))
    if plan.grouped:
        pack_group(plan, weight, backward, group, packed)
        return
    packed = panel + (panel_terms(plan) - taps * terms) * width
    if not backward and not plan.from_last:
        pack_rows(weight + (group * outputs + start) * taps * terms, taps * terms, taps * terms,
                  width, width, packed)
    else:
        for place in range(taps):
            tap = taps - 1 - place if plan.from_last else place
            if backward:
                copy_panel(weight + (group * terms * taps + tap) * outputs + start, taps * outputs,
                           terms, width, packed + place * terms * width)
            else:
                pack_rows(weight + ((group * outputs + start) * taps + tap) * terms, taps * terms,
                          terms, width, width, packed + place * terms * width)
    if plan.winograd:
        winograd_weights(terms * width, panel)


cdef ptrdiff_t list_runs(const Correlation* plan, ptrdiff_t group, const Taps* depth,
                         const Taps* height, const Taps* width, fastnn_run* runs) noexcept nogil:
    """Write the runs of a segment's terms; taps that touch in x and in the weights are one run."""
    cdef ptrdiff_t source_channels = plan.groups * plan.terms
    cdef ptrdiff_t i, j, k, source, place, x, w, found = 0
    cdef ptrdiff_t length = plan.terms * width.count if plan.rows_touch else plan.terms
    if width.count == 0:
        return 0
    for i in range(depth.count):
        for j in range(height.count):
            source = ((depth.source + i * plan.axis[0].source_step) * plan.axis[1].sources
                      + height.source + j * plan.axis[1].source_step)
            place = ((depth.place + i * plan.axis[0].place_step) * plan.size[1]
                     + height.place + j * plan.axis[1].place_step)
            # along the last axis all taps are one run, if they touch
            for k in range(1 if plan.rows_touch else width.count):
                x = ((source * plan.axis[2].sources + width.source + k * plan.axis[2].source_step)
                     * source_channels + group * plan.terms) * LANES
                w = ((place * plan.size[2] + width.place + k * plan.axis[2].place_step)
                     * plan.terms)
                if (found and runs[found - 1].x + runs[found - 1].length * LANES == x
                        and runs[found - 1].w + runs[found - 1].length == w):
                    runs[found - 1].length += length
                    continue
                runs[found].x = x
                runs[found].w = w
                runs[found].length = length
                found += 1
    return found


cdef void correlate_line(
        const Correlation* plan, const real* x, ptrdiff_t x_step, const fastnn_run* runs,
        ptrdiff_t n_runs, const real* packed, const real* bias, const real* positive, real* y,
        ptrdiff_t y_step, ptrdiff_t count) noexcept nogil:
    """`count` targets of one group, `y_step` apart, that share their taps."""
    cdef const Tiling* tiling = &plan.tiling
    cdef ptrdiff_t terms = plan.taps * plan.terms
    cdef ptrdiff_t j, index, start, width
    for j from 0 <= j < count by tiling.positions:
        for index in range(tiling.tiles):
            start = tile_start(tiling, index)
            width = tile_width(tiling, index)
            tile(<int>min(<ptrdiff_t>tiling.positions, count - j), <int>width,
                 x + j * x_step, x_step, LANES, runs, n_runs,
                 packed + panel_start(tiling, index, terms), width, width,
                 bias + start if bias != NULL else NULL,
                 positive + j * y_step + start * LANES if positive != NULL else NULL,
                 RELU if plan.relu else 0, y + j * y_step + start * LANES, y_step, LANES)


cdef inline bint along_columns(const Correlation* plan, ptrdiff_t rows,
                               ptrdiff_t columns) noexcept nogil:
    """Which way the position tiles of a block of targets go."""
    return columns >= plan.tiling.positions or columns >= rows


cdef void correlate_block(
        const Correlation* plan, const Block* block, const real* x, const real* packed,
        const real* bias, const real* positive, real* y) noexcept nogil:
    """A block of targets: one group, line by line, or all groups at once."""
    cdef ptrdiff_t i, lines = block.rows, count = block.columns
    cdef ptrdiff_t x_line = block.x_row, y_line = block.y_row
    cdef ptrdiff_t x_step = block.x_column, y_step = block.y_column
    if plan.grouped:
        correlate_groups(plan, block, x, packed, bias, positive, y)
        return
    if not along_columns(plan, block.rows, block.columns):
        lines, count = count, lines
        x_line, x_step = x_step, x_line
        y_line, y_step = y_step, y_line
    for i in range(lines):
        correlate_line(plan, x + i * x_line, x_step, block.runs, block.n_runs, packed, bias,
                       positive + i * y_line if positive != NULL else NULL, y + i * y_line, y_step,
                       count)


cdef void conv_correlate_chunk(
        const Correlation* plan,
        const real* x,              # IN   (*sources, groups·terms, LANES)
        const real* packed,         # IN   weights from pack_tile
        const real* bias,           # IN   (groups·outputs,) or NULL
        const real* positive,       # IN   like y, or NULL: results are 0 where it is not > 0
        real* y,                    # OUT  (*targets, groups·outputs, LANES): these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row, real* scratch) noexcept nogil:
    cdef ptrdiff_t outputs = plan.tiling.outputs, x_pixel = plan.groups * plan.terms * LANES
    cdef ptrdiff_t y_pixel = plan.groups * outputs * LANES
    cdef ptrdiff_t panels = panels_size(&plan.tiling, plan.taps * plan.terms)
    cdef ptrdiff_t depth, r, c, group, begin, row, place
    cdef const Segment* rows
    cdef const Segment* columns
    cdef Block block
    if plan.winograd:
        winograd_correlate_chunk(plan, x, packed, bias, positive, y, first_row, end_row, scratch)
        return
    block.x_column = plan.axis[2].source_advance * x_pixel
    block.y_column = plan.axis[2].target_step * y_pixel
    block.x_row = plan.axis[1].source_advance * plan.axis[2].sources * x_pixel
    block.y_row = plan.axis[1].target_step * plan.axis[2].targets * y_pixel
    block.runs = <fastnn_run*>scratch
    for depth in range(plan.axis[0].targets):
        for r in range(plan.n_rows):
            rows = &plan.rows[r]
            # of this segment's rows, those from first_row to end_row
            begin = segment_index(rows, plan.axis[1].target_step, first_row)
            block.rows = segment_index(rows, plan.axis[1].target_step, end_row) - begin
            if block.rows <= 0:
                continue
            row = rows.target + begin * plan.axis[1].target_step
            for c in range(plan.n_columns):
                columns = &plan.columns[c]
                block.columns = columns.count
                for group in range(1 if plan.grouped else plan.groups):
                    block.n_runs = list_runs(plan, group, &plan.axis[0].taps[depth], &rows.taps,
                                             &columns.taps, block.runs)
                    block.row_runs = 1 if plan.rows_touch else max(columns.taps.count, 1)
                    place = (((depth * plan.axis[1].targets + row) * plan.axis[2].targets
                              + columns.target) * y_pixel + group * outputs * LANES)
                    correlate_block(plan, &block, x + begin * block.x_row, packed + group * panels,
                                    bias + group * outputs if bias != NULL else NULL,
                                    positive + place if positive != NULL else NULL, y + place)


cdef inline ptrdiff_t segment_index(const Segment* segment, ptrdiff_t step,
                                    ptrdiff_t target) noexcept nogil:
    """The index of a segment's first target that is not before `target`."""
    if target <= segment.target:
        return 0
    return min((target - segment.target + step - 1) // step, segment.count)


cdef double correlation_cycles(const Correlation* plan, int vectors) noexcept nogil:
    """Cycles a term of all blocks of targets."""
    cdef ptrdiff_t r, c, rows, columns
    cdef double cycles = 0
    for r in range(plan.n_rows):
        rows = plan.rows[r].count
        for c in range(plan.n_columns):
            columns = plan.columns[c].count
            if along_columns(plan, rows, columns):
                cycles += rows * tiling_cycles(&plan.tiling, vectors, columns)
            else:
                cycles += columns * tiling_cycles(&plan.tiling, vectors, rows)
    return cycles


cdef bint make_correlation(Correlation* plan, const Window* window, bint backward,
                           ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, bint winograd,
                           const real* which) except False:
    """Fill all but `relu`; the pointers are NULL, and `free_correlation` frees what they hold.

    `backward` says which way the window slides: from outputs to inputs, or, also in the forward
    pass of a transposed convolution, from inputs to outputs.
    """
    cdef int axis, positions
    cdef Tiling best
    cdef double cycles, fewest = -1
    for axis in range(3):
        make_axis(&plan.axis[axis], window, axis, backward)
        plan.size[axis] = window.size[axis]
        plan.before[axis] = window.before[axis]
        if backward:
            plan.before[axis] = window.size[axis] - 1 - window.before[axis]
    plan.taps = plan.size[0] * plan.size[1] * plan.size[2]
    plan.rows = segments_of(&plan.axis[1], &plan.n_rows)
    plan.columns = segments_of(&plan.axis[2], &plan.n_columns)
    plan.groups = groups
    plan.terms = terms
    plan.from_last = backward
    plan.rows_touch = (groups == 1 and plan.axis[2].source_step == 1
                       and plan.axis[2].place_step == 1)
    plan.grouped = goes_grouped(groups, plan.taps, terms, outputs)
    plan.winograd = winograd
    if winograd:
        plan_winograd(plan, outputs, which)
        return True
    if plan.grouped:
        make_tiling(&plan.tiling, 1, outputs, outputs)
        return True
    for positions in range(1, MAX_POSITIONS + 1):
        if make_tiling(&plan.tiling, positions, tile_outputs(which, positions), outputs):
            cycles = correlation_cycles(plan, tile_vectors(which))
            if fewest < 0 or cycles < fewest:
                fewest = cycles
                best = plan.tiling
    plan.tiling = best
    return True


cdef void free_correlation(Correlation* plan) noexcept nogil:
    cdef int axis
    for axis in range(3):
        free(plan.axis[axis].taps)
    free(plan.rows)
    free(plan.columns)


cdef ptrdiff_t packed_size(const Correlation* plan) noexcept nogil:
    """Elements of the packed weights of all groups."""
    return plan.groups * panels_size(&plan.tiling, panel_terms(plan))


cdef ptrdiff_t correlation_scratch(const Correlation* plan, const real* which) noexcept nogil:
    """Elements that a thread needs beside its operands, from one cache line to the next."""
    cdef ptrdiff_t runs = plan.taps * <ptrdiff_t>(sizeof(fastnn_run) // sizeof(real))
    return winograd_scratch(plan) if plan.winograd else runs // LANES * LANES + LANES


cdef bint correlate(const Window* window, bint backward, bint transposed, ptrdiff_t groups,
                    ptrdiff_t terms, ptrdiff_t outputs, bint winograd, const real[:, ::1] x,
                    const real[:, ::1] weight, const real[::1] bias, bint relu,
                    const real[:, ::1] positive, real[:, ::1] y, int n_threads) except False:
    """The driver of both passes: pack the weights, then chunks (or their rows) in parallel."""
    cdef Correlation plan
    cdef ptrdiff_t chunks = x.shape[0], rows, blocks, task, chunk, block, scratch_size
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef const real* positive_start = NULL
    cdef real* packed = NULL
    cdef real* scratch = NULL
    cdef int threads, packers
    cdef unsigned long long mode
    if chunks == 0:
        return True
    for chunk in range(3):
        plan.axis[chunk].taps = NULL
    plan.rows = plan.columns = NULL
    plan.relu = relu
    if positive is not None:
        positive_start = &positive[0, 0]
    try:
        make_correlation(&plan, window, backward != transposed, groups, terms, outputs, winograd,
                         &weight[0, 0])
        rows = plan.axis[1].targets
        threads = team(n_threads, chunks * rows,
                       <double>chunks * plan.axis[0].targets * rows * plan.axis[2].targets
                       * plan.taps * terms * outputs * groups * LANES)
        # fewer chunks than threads: rows of a chunk are shared out too
        blocks = 1 if chunks >= threads else min(<ptrdiff_t>threads, rows)
        packed = <real*>take(packed_size(&plan) * sizeof(real))
        scratch_size = correlation_scratch(&plan, &weight[0, 0])
        scratch = <real*>take(threads * scratch_size * sizeof(real))
        if packed == NULL or scratch == NULL:
            raise MemoryError(f"no memory for {packed_size(&plan)} packed weights")
        packers = team(threads, groups * plan.tiling.tiles,
                       MOVE * groups * outputs * plan.taps * terms)
        with nogil, parallel(num_threads=packers):
            mode = enter_fast_mode()
            for task in prange(groups * plan.tiling.tiles, schedule="static"):
                pack_tile(&plan, &weight[0, 0], backward, task // plan.tiling.tiles,
                          task % plan.tiling.tiles, packed)
            leave_fast_mode(mode)
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for task in prange(chunks * blocks, schedule="static"):
                chunk = task // blocks
                block = task % blocks
                conv_correlate_chunk(
                    &plan, &x[chunk, 0], packed, bias_start,
                    positive_start + chunk * y.shape[1] if positive_start != NULL else NULL,
                    &y[chunk, 0],
                    block * rows // blocks, (block + 1) * rows // blocks,
                    scratch + threadid() * scratch_size)
            leave_fast_mode(mode)
    finally:
        free_correlation(&plan)
        give(packed)
        give(scratch)
    return True


def conv_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] weight,      # IN   (filters, *size·channels / groups)
        const real[::1] bias,           # IN   (filters,) or None
        bint relu,                      #      apply a ReLU
        real[:, ::1] y,                 # OUT  (chunks, *output·filters·LANES), overwritten
        tuple window, bint transposed,  # of a transposed convolution, its output is the `input`
        ptrdiff_t groups, ptrdiff_t channels, bint winograd, int n_threads):
    cdef Window sizes = make_window(window)
    cdef const real[:, ::1] nothing = None
    correlate(&sizes, False, transposed, groups, channels // groups, weight.shape[0] // groups,
              winograd, x, weight, bias, relu, nothing, y, n_threads)


def conv_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, *output·filters·LANES)
        const real[:, ::1] weight,      # IN   (filters, *size·channels / groups)
        const real[:, ::1] positive,    # IN   like dx, or None: dx is 0 where it is not > 0
        real[:, ::1] dx,                # OUT  (chunks, *input·channels·LANES), overwritten
        tuple window, bint transposed,  # of a transposed convolution, its output is the `input`
        ptrdiff_t groups, ptrdiff_t channels, bint winograd, int n_threads):
    cdef Window sizes = make_window(window)
    cdef const real[::1] no_bias = None
    correlate(&sizes, True, transposed, groups, weight.shape[0] // groups, channels // groups,
              winograd, dy, weight, no_bias, False, positive, dx, n_threads)
