"""Dense layers: y[n][o] = Σ_i x[n][i] · w[o][i] + b[o], and the gradient of x, by csrc's tile.

Positions of a tile are packs of samples (chunks), lanes are samples. Weights are packed once, in
panels of up to LANES outputs: [input][output]. The forward pass reads a panel from end to end, tile
by tile of its outputs; the input gradient reads, for a tile of inputs, LANES weights of each from
every panel (tile_turned). The weight gradient is in dense_weights.pyx.
"""
from cython.parallel cimport parallel, prange, threadid

from fastnn._core.kernels cimport (
    LANES, RELU, enter_fast_mode, fastnn_run, leave_fast_mode, real, tile, tile_turned)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport choose_tiling, pack_rows, tile_start, tile_width

cdef enum:
    TURNED_POSITIONS = 2        # the most that csrc's tile_turned has


cdef DenseTiles make_dense_tiles(ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t chunks,
                                 const real* which) noexcept nogil:
    """For passes over `chunks` at once."""
    cdef DenseTiles plan
    plan.inputs = inputs
    plan.tiling = choose_tiling(which, chunks, outputs)
    plan.turned = choose_tiling(which, chunks, inputs, TURNED_POSITIONS)
    plan.together = LANES // tile_width(&plan.tiling, 0)
    plan.panels = (plan.tiling.tiles + plan.together - 1) // plan.together
    plan.panel_size = LANES * inputs
    return plan


cdef inline ptrdiff_t end_tile(const DenseTiles* plan, ptrdiff_t index) noexcept nogil:
    return min((index + 1) * plan.together, plan.tiling.tiles)


cdef ptrdiff_t first_output(const DenseTiles* plan, ptrdiff_t index) noexcept nogil:
    """Of a panel; for the index after the last, the number of outputs."""
    return tile_start(&plan.tiling, min(index * plan.together, plan.tiling.tiles))


cdef void dense_pack_panel(
        const DenseTiles* plan,
        const real* weight,         # IN   (out, in)
        ptrdiff_t index,
        real* panel) noexcept nogil:        # OUT  (in, LANES)
    """Lay out the weights of up to LANES outputs as the tile kernels read them."""
    cdef ptrdiff_t start = first_output(plan, index)
    pack_rows(weight + start * plan.inputs, plan.inputs, plan.inputs,
              first_output(plan, index + 1) - start, LANES, panel)


cdef void dense_forward_panel(
        const DenseTiles* plan, ptrdiff_t index,
        const real* x,              # IN   (in, LANES) for each chunk,
        ptrdiff_t x_step,           #      so far apart
        const real* panel,          # IN   (in, LANES)
        const real* bias,           # IN   (out,) or NULL
        bint relu,                  #      keep what is positive
        real* y,                    # OUT  (out, LANES) likewise: this panel's are overwritten
        ptrdiff_t y_step,
        ptrdiff_t first, ptrdiff_t end) noexcept nogil:
    """y[o] = Σ_i w[o][i] · x[i] + b[o] for the outputs of one panel and chunks first … end."""
    cdef const Tiling* tiling = &plan.tiling
    cdef ptrdiff_t begin = first_output(plan, index), chunk, t, start
    cdef fastnn_run run
    run.x = 0
    run.w = 0
    run.length = plan.inputs
    for t in range(index * plan.together, end_tile(plan, index)):
        start = tile_start(tiling, t)
        for chunk from first <= chunk < end by tiling.positions:
            tile(<int>min(<ptrdiff_t>tiling.positions, end - chunk), <int>tile_width(tiling, t),
                 x + chunk * x_step, x_step, LANES, &run, 1,
                 panel + start - begin, LANES, LANES, bias + start if bias != NULL else NULL,
                 <const real*>NULL, RELU if relu else 0, y + chunk * y_step + start * LANES,
                 y_step, LANES)


cdef void dense_list_runs(const DenseTiles* plan, fastnn_run* runs) noexcept nogil:
    """The terms of an input gradient: panel after panel."""
    cdef ptrdiff_t index
    for index in range(plan.panels):
        runs[index].x = first_output(plan, index) * LANES
        runs[index].w = index
        runs[index].length = first_output(plan, index + 1) - first_output(plan, index)


cdef void dense_backward_input_tile(
        const DenseTiles* plan, ptrdiff_t index,
        const real* dy,             # IN   (out, LANES) for each chunk,
        ptrdiff_t dy_step,          #      so far apart
        const real* panels,         # IN   (panels, in, LANES)
        const fastnn_run* runs,     # IN   (panels,) from dense_list_runs
        const real* positive,       # IN   like dx, or NULL: results are 0 where it is not > 0
        real* dx,                   # OUT  (in, LANES) likewise: this tile's are overwritten
        ptrdiff_t dx_step,
        ptrdiff_t first, ptrdiff_t end) noexcept nogil:
    """dx[i] = Σ_o w[o][i] · dy[o] for one tile of inputs and chunks first … end."""
    cdef const Tiling* tiling = &plan.turned
    cdef ptrdiff_t start = tile_start(tiling, index) * LANES, chunk
    for chunk from first <= chunk < end by tiling.positions:
        # forward: y[o] += w[o][i] · x[i], in panels of outputs
        tile_turned(<int>min(<ptrdiff_t>tiling.positions, end - chunk),
                    <int>tile_width(tiling, index), dy + chunk * dy_step, dy_step, runs,
                    plan.panels, panels + start, plan.panel_size,
                    positive + chunk * dx_step + start if positive != NULL else NULL,
                    dx + chunk * dx_step + start, dx_step)


cdef real* take_panels(const DenseTiles* plan, ptrdiff_t panels, const real* which) except NULL:
    cdef real* start = <real*>take(panels * plan.panel_size * sizeof(real))
    if start == NULL:
        raise MemoryError(f"no memory for {panels} panels of {plan.inputs} x {LANES} weights")
    return start


def dense_forward(
        const real[:, ::1] x,           # IN   (chunks, in·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        const real[::1] bias,           # IN   (out,) or None
        bint relu,                      #      apply a ReLU
        real[:, ::1] y,                 # OUT  (chunks, out·LANES), overwritten
        int n_threads):
    """Panels in parallel, and parts of the batch if panels are few."""
    cdef ptrdiff_t chunks = x.shape[0], inputs = x.shape[1] // LANES, outputs = y.shape[1] // LANES
    cdef ptrdiff_t parts, part, task
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef DenseTiles plan
    cdef real* panels
    cdef real* mine
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    plan = make_dense_tiles(inputs, outputs, chunks, &weight[0, 0])
    threads = team(n_threads, plan.panels * chunks, <double>chunks * inputs * outputs * LANES)
    parts = dense_parts(&plan.tiling, plan.panels, chunks, threads)
    panels = take_panels(&plan, threads, &weight[0, 0])
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        mine = panels + threadid() * plan.panel_size
        for task in prange(plan.panels * parts, schedule="static"):
            part = task % parts
            dense_pack_panel(&plan, &weight[0, 0], task // parts, mine)
            dense_forward_panel(&plan, task // parts, &x[0, 0], inputs * LANES, mine, bias_start,
                                relu, &y[0, 0], outputs * LANES, part * chunks // parts,
                                (part + 1) * chunks // parts)
        leave_fast_mode(mode)
    give(panels)


def dense_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, out·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        const real[:, ::1] positive,    # IN   like dx, or None: dx is 0 where it is not > 0
        real[:, ::1] dx,                # OUT  (chunks, in·LANES), overwritten
        int n_threads):
    """All panels are packed first; then tiles in parallel, and parts of the batch if few."""
    cdef ptrdiff_t chunks = dy.shape[0], inputs = dx.shape[1] // LANES
    cdef ptrdiff_t outputs = dy.shape[1] // LANES, parts, part, task
    cdef const real* positive_start
    cdef DenseTiles plan
    cdef real* panels
    cdef fastnn_run* runs
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    positive_start = NULL if positive is None else &positive[0, 0]
    plan = make_dense_tiles(inputs, outputs, chunks, &weight[0, 0])
    threads = team(n_threads, plan.turned.tiles * chunks,
                   <double>chunks * inputs * outputs * LANES)
    parts = dense_parts(&plan.turned, plan.turned.tiles, chunks, threads)
    panels = take_panels(&plan, plan.panels, &weight[0, 0])
    runs = <fastnn_run*>take(plan.panels * sizeof(fastnn_run))
    if runs == NULL:
        give(panels)
        raise MemoryError(f"no memory for {plan.panels} runs")
    dense_list_runs(&plan, runs)
    with nogil, parallel(num_threads=threads):
        for task in prange(plan.panels, schedule="static"):
            dense_pack_panel(&plan, &weight[0, 0], task, panels + task * plan.panel_size)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(plan.turned.tiles * parts, schedule="static"):
            part = task % parts
            dense_backward_input_tile(
                &plan, task // parts, &dy[0, 0], outputs * LANES, panels, runs, positive_start,
                &dx[0, 0], inputs * LANES, part * chunks // parts, (part + 1) * chunks // parts)
        leave_fast_mode(mode)
    give(runs)
    give(panels)
