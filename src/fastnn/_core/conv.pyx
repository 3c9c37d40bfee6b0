"""Convolution of any rank up to three: forward and input gradient. Weight gradients: conv_weights.pyx.

Both are the same correlation, y[target] = Σ_taps Σ_c x[source] · w[tap][c]; window.pxd says which taps.

    for each row of targets (all axes but the last)
        for each segment of the row whose targets share their taps
            list the runs of consecutive terms (taps side by side in memory are one run)
            for each position tile, for each output tile: csrc's tile
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport calloc, free, malloc

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, fastnn_run, leave_fast_mode, real, tile)
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport choose_tiling, tile_start, tile_width
from fastnn._core.window cimport Axis, Segment, Taps, Window, find_segments, make_axis, make_window


cdef void pack_tile(const Correlation* plan, const real* weight, bint backward, ptrdiff_t group,
                    ptrdiff_t index, real* packed) noexcept nogil:
    """Lay out one output tile's weights as the tile kernel reads them: [tap][term][output].

    forward:  an output is a filter, a term its channel, and taps keep their order
    backward: an output is an input channel, a term a filter, and taps run from the last
    """
    cdef ptrdiff_t taps = plan.size[0] * plan.size[1] * plan.size[2]
    cdef ptrdiff_t terms = plan.terms, outputs = plan.tiling.outputs
    cdef ptrdiff_t start = tile_start(&plan.tiling, index), width = tile_width(&plan.tiling, index)
    cdef ptrdiff_t tap, term, o
    cdef const real* source
    packed += (group * outputs + start) * taps * terms
    for tap in range(taps):
        for term in range(terms):
            if backward:
                source = weight + ((group * terms + term) * taps + taps - 1 - tap) * outputs + start
                for o in range(width):
                    packed[o] = source[o]
            else:
                source = weight + ((group * outputs + start) * taps + tap) * terms + term
                for o in range(width):
                    packed[o] = source[o * taps * terms]
            packed += width


cdef ptrdiff_t list_runs(const Correlation* plan, ptrdiff_t group, const Taps* depth,
                         const Taps* height, const Taps* width, fastnn_run* runs) noexcept nogil:
    """Write the runs of a segment's terms; taps that touch in x and in the weights are one run."""
    cdef ptrdiff_t source_channels = plan.groups * plan.terms
    cdef ptrdiff_t i, j, k, source, place, x, w, found = 0
    for i in range(depth.count):
        for j in range(height.count):
            source = ((depth.source + i * plan.axis[0].source_step) * plan.axis[1].sources
                      + height.source + j * plan.axis[1].source_step)
            place = ((depth.place + i * plan.axis[0].place_step) * plan.size[1]
                     + height.place + j * plan.axis[1].place_step)
            for k in range(width.count):
                x = ((source * plan.axis[2].sources + width.source + k * plan.axis[2].source_step)
                     * source_channels + group * plan.terms) * LANES
                w = ((place * plan.size[2] + width.place + k * plan.axis[2].place_step)
                     * plan.terms)
                if (found and runs[found - 1].x + runs[found - 1].length * LANES == x
                        and runs[found - 1].w + runs[found - 1].length == w):
                    runs[found - 1].length += plan.terms
                    continue
                runs[found].x = x
                runs[found].w = w
                runs[found].length = plan.terms
                found += 1
    return found


cdef void conv_correlate_chunk(
        const Correlation* plan,
        const real* x,              # IN   (*sources, groups·terms, LANES)
        const real* packed,         # IN   weights from pack_tile
        const real* bias,           # IN   (groups·outputs,) or NULL
        real* y,                    # OUT  (*targets, groups·outputs, LANES), overwritten
        ptrdiff_t first_row, ptrdiff_t end_row,
        fastnn_run* runs) noexcept nogil:
    cdef const Tiling* tiling = &plan.tiling
    cdef ptrdiff_t target_channels = plan.groups * tiling.outputs
    cdef ptrdiff_t x_step = (plan.axis[2].source_advance * plan.groups * plan.terms) * LANES
    cdef ptrdiff_t y_step = plan.axis[2].target_step * target_channels * LANES
    cdef ptrdiff_t taps = plan.size[0] * plan.size[1] * plan.size[2]
    cdef ptrdiff_t group, row, s, index, width, n_runs, channel, j, positions
    cdef const Taps* depth
    cdef const Taps* height
    cdef const Segment* segment
    cdef const real* weights
    cdef real* y_segment
    for row in range(first_row, end_row):
        depth = &plan.axis[0].taps[row // plan.axis[1].targets]
        height = &plan.axis[1].taps[row % plan.axis[1].targets]
        for group in range(plan.groups):
            for s in range(plan.n_segments):
                segment = &plan.segments[s]
                y_segment = y + (row * plan.axis[2].targets + segment.target) * target_channels * LANES
                n_runs = list_runs(plan, group, depth, height, &segment.taps, runs)
                for j from 0 <= j < segment.count by tiling.positions:
                    positions = min(<ptrdiff_t>tiling.positions, segment.count - j)
                    for index in range(tiling.tiles):
                        width = tile_width(tiling, index)
                        channel = group * tiling.outputs + tile_start(tiling, index)
                        weights = packed + channel * taps * plan.terms
                        tile(<int>positions, <int>width, x + j * x_step, x_step, LANES,
                             runs, n_runs, weights, width,
                             bias + channel if bias != NULL else NULL, False,
                             y_segment + j * y_step + channel * LANES, y_step, LANES)


cdef bint make_correlation(Correlation* plan, const Window* window, bint backward,
                           ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs,
                           const real* which) except False:
    """Fill `plan`, which starts as zeros; `free_correlation` frees what it holds."""
    cdef int axis
    cdef ptrdiff_t s
    cdef ptrdiff_t* counts
    for axis in range(3):
        make_axis(&plan.axis[axis], window, axis, backward)
        plan.size[axis] = window.size[axis]
    plan.groups = groups
    plan.terms = terms
    plan.segments = <Segment*>malloc(plan.axis[2].targets * sizeof(Segment) + 1)
    counts = <ptrdiff_t*>malloc(plan.axis[2].targets * sizeof(ptrdiff_t) + 1)
    if plan.segments == NULL or counts == NULL:
        free(counts)
        raise MemoryError(f"no memory for {plan.axis[2].targets} segments")
    plan.n_segments = find_segments(&plan.axis[2], plan.segments)
    for s in range(plan.n_segments):
        counts[s] = plan.segments[s].count
    plan.tiling = choose_tiling(which, counts, plan.n_segments, outputs)
    free(counts)
    return True


cdef void free_correlation(Correlation* plan) noexcept nogil:
    cdef int axis
    for axis in range(3):
        free(plan.axis[axis].taps)
    free(plan.segments)


cdef bint correlate(const Window* window, bint backward, ptrdiff_t groups, ptrdiff_t terms,
                    ptrdiff_t outputs, const real[:, ::1] x, const real[:, ::1] weight,
                    const real[::1] bias, real[:, ::1] y, int n_threads) except False:
    """The driver of both passes: pack the weights, then chunks (or their rows) in parallel."""
    cdef Correlation plan
    cdef ptrdiff_t taps = window.size[0] * window.size[1] * window.size[2]
    cdef ptrdiff_t chunks = x.shape[0], rows, blocks, task, chunk, block
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef real* packed = NULL
    cdef fastnn_run* runs = NULL
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return True
    for chunk in range(3):
        plan.axis[chunk].taps = NULL
    plan.segments = NULL
    try:
        make_correlation(&plan, window, backward, groups, terms, outputs, &weight[0, 0])
        rows = plan.axis[0].targets * plan.axis[1].targets
        threads = team(n_threads, chunks * rows,
                       <double>chunks * rows * plan.axis[2].targets * taps * terms * outputs
                       * groups * LANES)
        blocks = 1 if chunks >= threads else rows
        packed = <real*>malloc(groups * outputs * taps * terms * sizeof(real))
        runs = <fastnn_run*>malloc(threads * taps * sizeof(fastnn_run))
        if packed == NULL or runs == NULL:
            raise MemoryError(f"no memory for {groups * outputs * taps * terms} packed weights")
        with nogil, parallel(num_threads=threads):
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
                    &plan, &x[chunk, 0], packed, bias_start, &y[chunk, 0],
                    block * (rows // blocks), (block + 1) * (rows // blocks),
                    runs + threadid() * taps)
            leave_fast_mode(mode)
    finally:
        free_correlation(&plan)
        free(packed)
        free(runs)
    return True


def conv_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] weight,      # IN   (filters, *size·channels / groups)
        const real[::1] bias,           # IN   (filters,) or None
        real[:, ::1] y,                 # OUT  (chunks, *output·filters·LANES), overwritten
        tuple window, ptrdiff_t groups, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    correlate(&sizes, False, groups, channels // groups, weight.shape[0] // groups, x, weight, bias,
              y, n_threads)


def conv_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, *output·filters·LANES)
        const real[:, ::1] weight,      # IN   (filters, *size·channels / groups)
        real[:, ::1] dx,                # OUT  (chunks, *input·channels·LANES), overwritten
        tuple window, ptrdiff_t groups, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef const real[::1] no_bias = None
    correlate(&sizes, True, groups, weight.shape[0] // groups, channels // groups, dy, weight,
              no_bias, dx, n_threads)
