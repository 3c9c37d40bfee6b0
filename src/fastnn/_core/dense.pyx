"""Dense layers: y[n][o] = Σ_i x[n][i] · w[o][i] + b[o], and both gradients, all by csrc's tile.

    forward and input gradient    positions of a tile are packs of samples (chunks), lanes are samples
    weight gradient               positions are packs of input features of row-major x, lanes features,
                                  terms the samples of the whole batch in order
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    LANES, MAX_OUTPUTS, copy_panel, enter_fast_mode, fastnn_run, leave_fast_mode, real, tile)
from fastnn._core.memory cimport aligned
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport (
    choose_tiling, pack_rows, panel_start, panels_size, tile_start, tile_width)

cdef ptrdiff_t PANEL_SAMPLES = 16384    # more do not fit a cache, and would cost memory


cdef void dense_tile_chunks(
        const Tiling* tiling,
        const real* x,              # IN   (chunks, terms, LANES)
        ptrdiff_t terms,
        const real* weight,         # IN   the tile's first output of the first term
        ptrdiff_t w_step,           #      between terms
        const real* bias,           # IN   (outputs,) or NULL
        real* y,                    # OUT  (chunks, outputs, LANES), overwritten: this tile's outputs
        ptrdiff_t index, ptrdiff_t chunks) noexcept nogil:
    """One tile of outputs for up to tiling.positions chunks."""
    cdef fastnn_run run
    cdef ptrdiff_t start = tile_start(tiling, index)
    run.x = 0
    run.w = 0
    run.length = terms
    tile(<int>chunks, <int>tile_width(tiling, index), x, terms * LANES, LANES, &run, 1,
         weight, w_step, bias + start if bias != NULL else NULL, False,
         y + start * LANES, tiling.outputs * LANES, LANES)


cdef void dense_task(const Tiling* tiling, const real* x, ptrdiff_t terms, const real* weight,
                     bint backward, const real* bias, real* y, ptrdiff_t chunks, ptrdiff_t index,
                     ptrdiff_t first, ptrdiff_t end, real* panel) noexcept nogil:
    """One tile of outputs for chunks first … end: its weights are packed, and stay in cache.

    forward:   y[o] += w[o][i] · x[i], rows of w are outputs
    backward: dx[i] += w[o][i] · dy[o], columns of w are
    """
    cdef ptrdiff_t start = tile_start(tiling, index), width = tile_width(tiling, index), chunk
    if backward:
        copy_panel(weight + start, tiling.outputs, terms, width, panel)
    else:
        pack_rows(weight + start * terms, terms, terms, width, panel)
    for chunk from first <= chunk < end by tiling.positions:
        dense_tile_chunks(tiling, x + chunk * terms * LANES, terms, panel, width, bias,
                          y + chunk * tiling.outputs * LANES, index,
                          min(<ptrdiff_t>tiling.positions, end - chunk))


cdef bint dense(const real[:, ::1] x, const real[:, ::1] weight, bint backward,
                const real[::1] bias, real[:, ::1] y, int n_threads) except False:
    """The driver of both passes: tiles of outputs in parallel, and parts of the batch if they are few."""
    cdef ptrdiff_t chunks = x.shape[0], terms = x.shape[1] // LANES, outputs = y.shape[1] // LANES
    cdef ptrdiff_t parts, part, task, panel
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef Tiling tiling
    cdef real* panels
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return True
    tiling = choose_tiling(&weight[0, 0], chunks, outputs)
    threads = team(n_threads, tiling.tiles * chunks, <double>chunks * terms * outputs * LANES)
    parts = 1
    if tiling.tiles < 2 * threads:
        parts = min(<ptrdiff_t>threads, (chunks + tiling.positions - 1) // tiling.positions)
    panel = (tiling.width + 1) * terms + LANES
    panels = <real*>aligned(threads * panel * sizeof(real))
    if panels == NULL:
        raise MemoryError(f"no memory for {threads} panels of {terms} weights")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(tiling.tiles * parts, schedule="static"):
            part = task % parts
            dense_task(&tiling, &x[0, 0], terms, &weight[0, 0], backward, bias_start, &y[0, 0],
                       chunks, task // parts, part * chunks // parts, (part + 1) * chunks // parts,
                       panels + threadid() * panel)
        leave_fast_mode(mode)
    free(panels)
    return True


def dense_forward(
        const real[:, ::1] x,           # IN   (chunks, in·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        const real[::1] bias,           # IN   (out,) or None
        real[:, ::1] y,                 # OUT  (chunks, out·LANES), overwritten
        int n_threads):
    dense(x, weight, False, bias, y, n_threads)


def dense_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, out·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        real[:, ::1] dx,                # OUT  (chunks, in·LANES), overwritten
        int n_threads):
    cdef const real[::1] no_bias = None
    dense(dy, weight, True, no_bias, dx, n_threads)


cdef void weight_gradient_columns(
        const Tiling* tiling,
        const real* x,              # IN   (samples, features), row-major: from this task's first column
        ptrdiff_t features, ptrdiff_t columns,      # of x; of the task, at most positions · LANES
        const real* dy,             # IN   panels [sample][width], one a tile, or (samples, outputs)
        bint dy_is_packed, ptrdiff_t samples,
        real* scratch,              #      (samples + MAX_OUTPUTS, positions · LANES)
        real* dweight) noexcept nogil:      # OUT  (outputs, features), overwritten: these columns
    """All outputs for one tile's columns."""
    cdef ptrdiff_t packs = (columns + LANES - 1) // LANES, index, start, width, n, o
    cdef ptrdiff_t panel = packs * LANES, x_step = features
    cdef bint whole = columns == panel
    cdef const real* dy_tile
    cdef real* sums = scratch
    cdef fastnn_run run
    run.x = 0
    run.w = 0
    run.length = samples
    if dy_is_packed or not whole:
        # the columns side by side in cache, and a last pack that is not full filled up with zeros
        if whole:
            copy_panel(x, features, samples, columns, scratch)
        else:
            for n in range(samples):
                memcpy(scratch + n * panel, x + n * features, columns * sizeof(real))
                memset(scratch + n * panel + columns, 0, (panel - columns) * sizeof(real))
        sums = scratch + samples * panel
        x = scratch
        x_step = panel
    for index in range(tiling.tiles):
        start = tile_start(tiling, index)
        width = tile_width(tiling, index)
        dy_tile = dy + (panel_start(tiling, index, samples) if dy_is_packed else start)
        tile(<int>packs, <int>width, x, LANES, x_step, &run, 1, dy_tile,
             width if dy_is_packed else tiling.outputs, <const real*>NULL, False,
             dweight + start * features if whole else sums, LANES, features if whole else panel)
        if not whole:
            for o in range(width):
                memcpy(dweight + (start + o) * features, sums + o * panel, columns * sizeof(real))


cdef bint weight_gradient(const real* x, const real* dy, ptrdiff_t samples, ptrdiff_t features,
                          ptrdiff_t outputs, real* dweight, int n_threads) except False:
    """dweight[o][i] = Σ_n dy[n][o] · x[n][i], in chains over n; columns are shared out to threads.

    Panels of x and dy that fit a cache are copied together first; for very many samples the tile
    walks x and dy where they are. The sums are the same.
    """
    cdef Tiling tiling
    cdef ptrdiff_t packs = (features + LANES - 1) // LANES, tasks, task, step, index, scratch_size
    cdef bint small = samples <= PANEL_SAMPLES
    cdef real* scratch
    cdef real* panels
    cdef int threads
    cdef unsigned long long mode
    tiling = choose_tiling(x, packs, outputs)
    step = tiling.positions * LANES
    tasks = (features + step - 1) // step
    threads = team(n_threads, tasks, <double>samples * features * outputs)
    scratch_size = (samples + MAX_OUTPUTS) * step
    if not small and features % step == 0:
        scratch_size = 0
    scratch = <real*>aligned(threads * scratch_size * sizeof(real))
    panels = <real*>aligned((panels_size(&tiling, samples) if small else 0) * sizeof(real))
    if scratch == NULL or panels == NULL:
        free(scratch)
        free(panels)
        raise MemoryError(f"no memory for panels of {samples} samples")
    if small:
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for index in prange(tiling.tiles, schedule="static"):
                copy_panel(dy + tile_start(&tiling, index), outputs, samples,
                           tile_width(&tiling, index), panels + panel_start(&tiling, index, samples))
            leave_fast_mode(mode)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(tasks, schedule="static"):
            weight_gradient_columns(&tiling, x + task * step, features,
                                    min(step, features - task * step), panels if small else dy,
                                    small, samples, scratch + threadid() * scratch_size,
                                    dweight + task * step)
        leave_fast_mode(mode)
    free(scratch)
    free(panels)
    return True


def dense_backward_weights(
        const real[:, ::1] x,           # IN   (N, in), row-major
        const real[:, ::1] dy,          # IN   (N, out), row-major
        real[:, ::1] dweight,           # OUT  (out, in), overwritten
        real[::1] dbias,                # OUT  (out,), overwritten
        int n_threads):
    cdef ptrdiff_t samples = x.shape[0], inputs = dweight.shape[1], outputs = dweight.shape[0], n
    cdef real* ones
    if samples == 0:
        dweight[:, :] = 0
        dbias[:] = 0
        return
    weight_gradient(&x[0, 0], &dy[0, 0], samples, inputs, outputs, &dweight[0, 0], n_threads)
    # the bias is a weight whose input is always 1: dbias[o] = Σ_n 1 · dy[n][o]
    ones = <real*>aligned(samples * sizeof(real))
    if ones == NULL:
        raise MemoryError(f"no memory for {samples} numbers")
    for n in range(samples):
        ones[n] = 1
    weight_gradient(&dy[0, 0], ones, samples, outputs, 1, &dbias[0], n_threads)
    free(ones)
