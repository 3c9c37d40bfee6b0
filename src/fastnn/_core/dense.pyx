"""Dense layers: y[n][o] = Σ_i x[n][i] · w[o][i] + b[o], and both gradients, all by csrc's tile.

    forward, input gradient   positions of a tile are packs of samples (chunks), lanes are samples
    weight gradient           positions are packs of input features, lanes features, terms the
                              samples of the whole batch in order: x and dy are turned row-major
"""
from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memset

from fastnn._core.kernels cimport (
    ACCUMULATE, CHAIN, LANES, MAX_OUTPUTS, RELU, copy_panel, enter_fast_mode, fastnn_run,
    lanes_to_rows, leave_fast_mode, real, tile)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport (
    choose_tiling, pack_rows, panel_start, panels_size, tile_start, tile_width)


cdef void dense_tile_chunks(
        const Tiling* tiling,
        const real* x,              # IN   (chunks, terms, LANES)
        ptrdiff_t terms,
        const real* weight,         # IN   the tile's first output of the first term
        ptrdiff_t w_step,           #      between terms
        const real* bias,           # IN   (outputs,) or NULL
        bint relu,                  #      keep what is positive
        const real* positive,       # IN   like y, or NULL: results are 0 where it is not > 0
        real* y,                    # OUT  (chunks, outputs, LANES): this tile's are overwritten
        ptrdiff_t index, ptrdiff_t chunks) noexcept nogil:
    """One tile of outputs for up to tiling.positions chunks."""
    cdef fastnn_run run
    cdef ptrdiff_t start = tile_start(tiling, index)
    run.x = 0
    run.w = 0
    run.length = terms
    tile(<int>chunks, <int>tile_width(tiling, index), x, terms * LANES, LANES, &run, 1,
         weight, w_step, bias + start if bias != NULL else NULL,
         positive + start * LANES if positive != NULL else NULL, RELU if relu else 0,
         y + start * LANES, tiling.outputs * LANES, LANES)


cdef void dense_task(const Tiling* tiling, const real* x, ptrdiff_t terms, const real* weight,
                     bint backward, const real* bias, bint relu, const real* positive, real* y,
                     ptrdiff_t first_tile, ptrdiff_t end_tile, ptrdiff_t first, ptrdiff_t end,
                     real* panel) noexcept nogil:
    """Tiles of outputs for chunks first … end: their weights are packed, and stay in cache.

    forward:   y[o] += w[o][i] · x[i], rows of w are outputs
    backward: dx[i] += w[o][i] · dy[o], columns of w are
    """
    cdef ptrdiff_t start = tile_start(tiling, first_tile), chunk, index
    cdef ptrdiff_t width = tile_start(tiling, end_tile) - start
    if backward:
        copy_panel(weight + start, tiling.outputs, terms, width, panel)
    else:
        pack_rows(weight + start * terms, terms, terms, width, panel)
    for index in range(first_tile, end_tile):
        for chunk from first <= chunk < end by tiling.positions:
            dense_tile_chunks(
                tiling, x + chunk * terms * LANES, terms,
                panel + tile_start(tiling, index) - start, width, bias, relu,
                positive + chunk * tiling.outputs * LANES if positive != NULL else NULL,
                y + chunk * tiling.outputs * LANES, index,
                min(<ptrdiff_t>tiling.positions, end - chunk))


cdef bint dense(const real[:, ::1] x, const real[:, ::1] weight, bint backward,
                const real[::1] bias, bint relu, const real[:, ::1] positive, real[:, ::1] y,
                int n_threads) except False:
    """The driver of both passes: tiles in parallel, and parts of the batch if tiles are few.

    A panel holds as many tiles as have LANES outputs together, which are packed in one go.
    """
    cdef ptrdiff_t chunks = x.shape[0], terms = x.shape[1] // LANES, outputs = y.shape[1] // LANES
    cdef ptrdiff_t together, tasks, parts, part, task, panel
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef const real* positive_start
    cdef Tiling tiling
    cdef real* panels
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return True
    positive_start = NULL if positive is None else &positive[0, 0]
    tiling = choose_tiling(&weight[0, 0], chunks, outputs)
    together = LANES // tile_width(&tiling, 0)
    tasks = (tiling.tiles + together - 1) // together
    threads = team(n_threads, tasks * chunks, <double>chunks * terms * outputs * LANES)
    parts = 1
    if tasks < 2 * threads:
        parts = min(<ptrdiff_t>threads, (chunks + tiling.positions - 1) // tiling.positions)
    panel = LANES * terms + LANES
    panels = <real*>take(threads * panel * sizeof(real))
    if panels == NULL:
        raise MemoryError(f"no memory for {threads} panels of {terms} weights")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(tasks * parts, schedule="static"):
            part = task % parts
            dense_task(&tiling, &x[0, 0], terms, &weight[0, 0], backward, bias_start, relu,
                       positive_start, &y[0, 0], task // parts * together,
                       min((task // parts + 1) * together, tiling.tiles), part * chunks // parts,
                       (part + 1) * chunks // parts, panels + threadid() * panel)
        leave_fast_mode(mode)
    give(panels)
    return True


def dense_forward(
        const real[:, ::1] x,           # IN   (chunks, in·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        const real[::1] bias,           # IN   (out,) or None
        bint relu,                      #      apply a ReLU
        real[:, ::1] y,                 # OUT  (chunks, out·LANES), overwritten
        int n_threads):
    cdef const real[:, ::1] nothing = None
    dense(x, weight, False, bias, relu, nothing, y, n_threads)


def dense_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, out·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        const real[:, ::1] positive,    # IN   like dx, or None: dx is 0 where it is not > 0
        real[:, ::1] dx,                # OUT  (chunks, in·LANES), overwritten
        int n_threads):
    cdef const real[::1] no_bias = None
    dense(dy, weight, True, no_bias, False, positive, dx, n_threads)


cdef void turn_columns(const real* packs, ptrdiff_t features, ptrdiff_t first, ptrdiff_t columns,
                       ptrdiff_t first_sample, ptrdiff_t end_sample, ptrdiff_t row_step,
                       real* turned) noexcept nogil:
    """Columns first … of packs (chunks, features, LANES), as rows of samples `row_step` apart."""
    cdef real* rows[16]
    cdef ptrdiff_t sample, lane, samples
    for sample from first_sample <= sample < end_sample by LANES:
        samples = min(<ptrdiff_t>LANES, end_sample - sample)
        for lane in range(samples):
            rows[lane] = turned + (sample - first_sample + lane) * row_step
        lanes_to_rows(packs + (sample * features + first * LANES), columns, samples, rows)


cdef void dense_backward_weights_columns(
        const Tiling* tiling,
        const real* x,              # IN   (chunks, features, LANES)
        ptrdiff_t features, ptrdiff_t first, ptrdiff_t columns,     # at most positions · LANES
        const real* dy,             # IN   panels [sample][output] of the tiles, of these samples
        ptrdiff_t first_sample, ptrdiff_t end_sample,
        real* scratch,              #      (samples + MAX_OUTPUTS, positions · LANES)
        real* dweight) noexcept nogil:      # IN/OUT  (outputs, features): added to after sample 0
    """All outputs for one tile's columns and one block of samples."""
    cdef ptrdiff_t packs = (columns + LANES - 1) // LANES, samples = end_sample - first_sample
    cdef ptrdiff_t panel = packs * LANES, index, start, width, o, c
    cdef bint accumulate = first_sample > 0
    cdef real* sums = scratch + samples * panel
    cdef const real* dy_panel
    cdef fastnn_run run
    run.x = 0
    run.w = 0
    run.length = samples
    if columns < panel:
        memset(scratch, 0, samples * panel * sizeof(real))
    turn_columns(x, features, first, columns, first_sample, end_sample, panel, scratch)
    for index in range(tiling.tiles):
        start = tile_start(tiling, index)
        width = tile_width(tiling, index)
        dy_panel = dy + panel_start(tiling, index, samples)
        if columns == panel:
            tile(<int>packs, <int>width, scratch, LANES, panel, &run, 1, dy_panel, width,
                 <const real*>NULL, <const real*>NULL, ACCUMULATE if accumulate else 0,
                 dweight + start * features + first, LANES, features)
            continue
        # the last features of a row do not fill a pack: their sums pass through a buffer
        tile(<int>packs, <int>width, scratch, LANES, panel, &run, 1, dy_panel, width,
             <const real*>NULL, <const real*>NULL, 0, sums, LANES, panel)
        for o in range(width):
            for c in range(columns):
                if accumulate:
                    dweight[(start + o) * features + first + c] += sums[o * panel + c]
                else:
                    dweight[(start + o) * features + first + c] = sums[o * panel + c]


cdef void dense_backward_bias_block(const real* dy, ptrdiff_t outputs, ptrdiff_t samples,
                                    bint accumulate, real* dbias) noexcept nogil:
    """dbias[o] += Σ_n dy[n][o], in chains over n; a second level holds the chains."""
    cdef real chain[16]
    cdef real level[16]
    cdef real total[16]
    cdef ptrdiff_t first, n, o, width, chains
    for first from 0 <= first < outputs by LANES:
        width = min(<ptrdiff_t>LANES, outputs - first)
        memset(level, 0, sizeof(level))
        memset(total, 0, sizeof(total))
        memset(chain, 0, sizeof(chain))
        chains = 0
        for n in range(samples):
            for o in range(width):
                chain[o] += dy[n * outputs + first + o]
            if n % CHAIN == CHAIN - 1 or n == samples - 1:
                chains += 1
                for o in range(width):
                    level[o] += chain[o]
                    chain[o] = 0
                    if chains % CHAIN == 0 or n == samples - 1:
                        total[o] += level[o]
                        level[o] = 0
        for o in range(width):
            dbias[first + o] = dbias[first + o] + total[o] if accumulate else total[o]


def dense_backward_weights(
        const real[:, ::1] x,           # IN   (chunks, in·LANES)
        const real[:, ::1] dy,          # IN   (chunks, out·LANES)
        ptrdiff_t samples,              # real ones
        real[:, ::1] dweight,           # OUT  (out, in), overwritten
        real[::1] dbias,                # OUT  (out,), overwritten
        int n_threads):
    """dweight[o][i] = Σ_n dy[n][o] · x[n][i], in chains over n; columns are shared out to threads.

    dy is turned row-major first and cut into panels, each task turns its own columns of x. More
    than CHAIN² samples are taken in at most CHAIN blocks.
    """
    cdef ptrdiff_t features = dweight.shape[1], outputs = dweight.shape[0]
    cdef ptrdiff_t packs = (features + LANES - 1) // LANES, block, chunks, chunk
    cdef ptrdiff_t tasks, task, step, first, end, scratch_size
    cdef Tiling tiling
    cdef real* scratch
    cdef real* rows
    cdef real* panels
    cdef int threads
    cdef unsigned long long mode
    if samples == 0:
        dweight[:, :] = 0
        dbias[:] = 0
        return
    block = <ptrdiff_t>CHAIN * CHAIN
    block *= (samples + block * CHAIN - 1) // (block * CHAIN)
    tiling = choose_tiling(&x[0, 0], packs, outputs)
    step = tiling.positions * LANES
    tasks = (features + step - 1) // step
    threads = team(n_threads, tasks + 1, <double>samples * features * outputs)
    scratch_size = (min(block, samples) + MAX_OUTPUTS) * step
    scratch = <real*>take(threads * scratch_size * sizeof(real))
    rows = <real*>take(min(block, samples) * outputs * sizeof(real))
    panels = <real*>take(panels_size(&tiling, min(block, samples)) * sizeof(real))
    if scratch == NULL or rows == NULL or panels == NULL:
        give(scratch)
        give(rows)
        give(panels)
        raise MemoryError(f"no memory for {min(block, samples)} rows of {outputs} gradients")
    for first from 0 <= first < samples by block:
        end = min(first + block, samples)
        chunks = (end - first + LANES - 1) // LANES
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                turn_columns(&dy[0, 0], outputs, 0, outputs, first + chunk * LANES,
                             min(first + (chunk + 1) * LANES, end), outputs,
                             rows + chunk * LANES * outputs)
            leave_fast_mode(mode)
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for task in prange(tiling.tiles, schedule="static"):
                copy_panel(rows + tile_start(&tiling, task), outputs, end - first,
                           tile_width(&tiling, task),
                           panels + panel_start(&tiling, task, end - first))
            leave_fast_mode(mode)
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for task in prange(tasks + 1, schedule="static"):
                if task == tasks:
                    dense_backward_bias_block(rows, outputs, end - first, first > 0, &dbias[0])
                else:
                    dense_backward_weights_columns(
                        &tiling, &x[0, 0], features, task * step, min(step, features - task * step),
                        panels, first, end, scratch + threadid() * scratch_size, &dweight[0, 0])
            leave_fast_mode(mode)
    give(scratch)
    give(rows)
    give(panels)
