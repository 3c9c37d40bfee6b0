"""The weight and bias gradient of a dense layer, across the whole batch, by csrc's tile.

    dweight[o][i] = Σ_n dy[n][o] · x[n][i],     dbias[o] = Σ_n dy[n][o]

Positions of a tile are packs of input features, lanes features, terms the samples of the batch in
order: x and dy are turned sample-major, chunk by chunk, into panels as wide as a tile (short rows
of dy stay whole; samples that come as rows go there as they are); then tasks take tiles of outputs.
"""
from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    ACCUMULATE, CHAIN, LANES, MAX_OUTPUTS, MAX_POSITIONS, copy_panel, enter_fast_mode, fastnn_run,
    lanes_to_rows, leave_fast_mode, position_sums, real, tile)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport choose_tiling, panel_start, panels_size, tile_start, tile_width

cdef enum:
    SHORT_ROW = 128             # outputs, whose lines a tile's reading finds in a cache


cdef DenseGradient make_dense_gradient(ptrdiff_t features, ptrdiff_t outputs,
                                       const real* which) noexcept nogil:
    cdef DenseGradient plan
    plan.features = features
    plan.outputs = outputs
    plan.packs = (features + LANES - 1) // LANES
    plan.tiling = choose_tiling(which, plan.packs, outputs)
    plan.whole_rows = outputs <= SHORT_ROW
    return plan


cdef inline ptrdiff_t block_of(ptrdiff_t samples) noexcept nogil:
    """Samples at once: CHAIN², or more where there would be more than CHAIN blocks."""
    cdef ptrdiff_t block = <ptrdiff_t>CHAIN * CHAIN
    return block * ((samples + block * CHAIN - 1) // (block * CHAIN))


cdef ptrdiff_t dense_scratch(const DenseGradient* plan) noexcept nogil:
    """Elements that a thread needs."""
    return LANES * max(plan.outputs, <ptrdiff_t>(MAX_OUTPUTS * MAX_POSITIONS))


cdef ptrdiff_t dense_x_size(const DenseGradient* plan, ptrdiff_t samples) noexcept nogil:
    """Elements of x's panels."""
    return plan.packs * LANES * samples


cdef ptrdiff_t dense_panels_size(const DenseGradient* plan, ptrdiff_t samples) noexcept nogil:
    """Elements of dy's panels, which stand block after block."""
    cdef ptrdiff_t block = block_of(samples)
    return (samples + block - 1) // block * panels_size(&plan.tiling, min(block, samples))


cdef inline ptrdiff_t dy_width(const DenseGradient* plan, ptrdiff_t index) noexcept nogil:
    """From row to row of dy, as the tile reads them."""
    return plan.outputs if plan.whole_rows else tile_width(&plan.tiling, index)


cdef inline ptrdiff_t dy_start(const DenseGradient* plan, ptrdiff_t index,
                               ptrdiff_t samples) noexcept nogil:
    """Where the tile's first number stands in a block of so many samples."""
    if plan.whole_rows:
        return tile_start(&plan.tiling, index)
    return panel_start(&plan.tiling, index, samples)


cdef inline ptrdiff_t x_width(const DenseGradient* plan, ptrdiff_t pack) noexcept nogil:
    """Of the panel of x that starts with this pack of features: what a tile takes at once."""
    return LANES * min(<ptrdiff_t>plan.tiling.positions, plan.packs - pack)


cdef void dense_take_rows(
        const DenseGradient* plan,
        const real*const* rows,     # IN   (features,) each, of this chunk's samples
        ptrdiff_t chunk, ptrdiff_t samples,     # of the batch
        real* x_panels) noexcept nogil:     # OUT  as of dense_turn_chunk
    """x's panels, where x comes as rows."""
    cdef ptrdiff_t first = chunk * LANES, count = min(<ptrdiff_t>LANES, samples - first)
    cdef ptrdiff_t pack, width, columns, lane
    for pack from 0 <= pack < plan.packs by plan.tiling.positions:
        width = x_width(plan, pack)
        columns = min(width, plan.features - pack * LANES)
        for lane in range(count):
            memcpy(x_panels + pack * LANES * samples + (first + lane) * width,
                   rows[lane] + pack * LANES, columns * sizeof(real))


cdef void dense_turn_chunk(
        const DenseGradient* plan,
        const real* x,              # IN   (features, LANES) of this chunk; NULL: its rows are there
        const real* dy,             # IN   (outputs, LANES) of this chunk
        ptrdiff_t chunk, ptrdiff_t samples,     # of the batch
        real* scratch,              #      (LANES, outputs)
        real* x_panels,             # OUT  of all packs, [sample][feature]: this chunk's rows
        real* panels) noexcept nogil:       # OUT  of all tiles, or rows: [sample][output], likewise
    cdef ptrdiff_t block = block_of(samples), first = chunk * LANES
    cdef ptrdiff_t begin = first // block * block, in_block = min(block, samples - begin)
    cdef ptrdiff_t count = min(<ptrdiff_t>LANES, samples - first), index, width, lane, columns, pack
    cdef real* rows[16]
    for pack from 0 <= pack < (plan.packs if x != NULL else 0) by plan.tiling.positions:
        width = x_width(plan, pack)
        columns = min(width, plan.features - pack * LANES)
        for lane in range(count):
            rows[lane] = x_panels + pack * LANES * samples + (first + lane) * width
        lanes_to_rows(x + pack * LANES * LANES, columns, count, rows)
    panels += begin // block * panels_size(&plan.tiling, block)
    if plan.whole_rows:
        scratch = panels + (first - begin) * plan.outputs
    for lane in range(count):
        rows[lane] = scratch + lane * plan.outputs
    lanes_to_rows(dy, plan.outputs, count, rows)
    if plan.whole_rows:
        return
    for index in range(plan.tiling.tiles):
        width = tile_width(&plan.tiling, index)
        copy_panel(scratch + tile_start(&plan.tiling, index), plan.outputs, count, width,
                   panels + panel_start(&plan.tiling, index, in_block) + (first - begin) * width)


cdef void dense_backward_weights_columns(
        const DenseGradient* plan, ptrdiff_t index,
        const real* x,              # IN   (samples, step): a panel
        ptrdiff_t first,            #      its first feature
        const real* panel,          # IN   (samples, dy_width) of dy
        ptrdiff_t samples, bint accumulate,
        real* sums,                 #      scratch
        real* dweight) noexcept nogil:      # IN/OUT  (outputs, features): the tile's rows
    """One tile of outputs and up to tiling.positions packs of features."""
    cdef ptrdiff_t step = x_width(plan, first // LANES)
    cdef ptrdiff_t width = tile_width(&plan.tiling, index), dy_step = dy_width(plan, index), o, c
    cdef ptrdiff_t columns = min(step, plan.features - first)
    cdef real* place = dweight + tile_start(&plan.tiling, index) * plan.features + first
    cdef fastnn_run run
    run.x = 0
    run.w = 0
    run.length = samples
    if columns == step:
        tile(<int>(step // LANES), <int>width, x, LANES, step, &run, 1, panel, 0, dy_step,
             <const real*>NULL, <const real*>NULL, ACCUMULATE if accumulate else 0,
             place, LANES, plan.features)
        return
    # the last features of a row do not fill a pack: their sums pass through a buffer
    tile(<int>(step // LANES), <int>width, x, LANES, step, &run, 1, panel, 0, dy_step,
         <const real*>NULL, <const real*>NULL, 0, sums, LANES, step)
    if columns == plan.features and not accumulate:
        copy_panel(sums, step, width, columns, place)
        return
    for o in range(width):
        if accumulate:
            for c in range(columns):
                place[o * plan.features + c] += sums[o * step + c]
        else:
            memcpy(place + o * plan.features, sums + o * step, columns * sizeof(real))


cdef void dense_backward_bias_tile(const real* panel, ptrdiff_t step, ptrdiff_t width,
                                   ptrdiff_t samples, bint accumulate, real* dbias) noexcept nogil:
    """dbias[o] += Σ_n dy[n][o], in chains over n; a second level holds the chains.

    LANES numbers of a row at once: those beyond its width are the next row's, and not used.
    """
    cdef real level[16]
    cdef real total[16]
    cdef ptrdiff_t first, n, o
    memset(total, 0, sizeof(total))
    for first from 0 <= first < samples by CHAIN * CHAIN:
        memset(level, 0, sizeof(level))
        for n from first <= n < min(first + CHAIN * CHAIN, samples) by CHAIN:
            position_sums(min(<ptrdiff_t>CHAIN, samples - n), 1, panel + n * step, step, level)
        for o in range(width):
            total[o] += level[o]
    for o in range(width):
        dbias[o] = dbias[o] + total[o] if accumulate else total[o]


cdef void dense_backward_weights_tile(
        const DenseGradient* plan, ptrdiff_t index,
        const real* x_panels,       # IN   from dense_turn_chunk
        const real* panels,         # IN   likewise
        ptrdiff_t samples,          #      of the batch, at least one
        real* scratch,              #      (dense_scratch,)
        real* dweight,              # OUT  (outputs, features): the tile's rows
        real* dbias) noexcept nogil:        # OUT  (outputs,), likewise, or NULL
    """dweight[o][i] = Σ_n dy[n][o] · x[n][i], in chains over n, at most CHAIN blocks of them."""
    cdef ptrdiff_t block = block_of(samples), first, end, j
    cdef const real* panel
    for first from 0 <= first < samples by block:
        end = min(first + block, samples)
        panel = panels + dy_start(plan, index, end - first)
        for j from 0 <= j < plan.packs by plan.tiling.positions:
            dense_backward_weights_columns(
                plan, index, x_panels + j * LANES * samples + first * x_width(plan, j), j * LANES,
                panel, end - first, first > 0, scratch, dweight)
        if dbias != NULL:
            dense_backward_bias_tile(panel, dy_width(plan, index),
                                     tile_width(&plan.tiling, index), end - first, first > 0,
                                     dbias + tile_start(&plan.tiling, index))
        panels += panels_size(&plan.tiling, block)


def dense_backward_weights(
        const real[:, ::1] x,           # IN   (chunks, in·LANES)
        const real[:, ::1] dy,          # IN   (chunks, out·LANES)
        ptrdiff_t samples,              # real ones
        real[:, ::1] dweight,           # OUT  (out, in), overwritten
        real[::1] dbias,                # OUT  (out,), overwritten
        int n_threads):
    """x and dy are turned first; then tiles of outputs are shared out to threads."""
    cdef ptrdiff_t features = dweight.shape[1], outputs = dweight.shape[0], chunks = x.shape[0]
    cdef ptrdiff_t chunk, index, scratch_size
    cdef DenseGradient plan
    cdef real* scratch
    cdef real* x_panels
    cdef real* panels
    cdef int threads
    cdef unsigned long long mode
    if samples == 0:
        dweight[:, :] = 0
        dbias[:] = 0
        return
    plan = make_dense_gradient(features, outputs, &x[0, 0])
    threads = team(n_threads, max(chunks, plan.tiling.tiles), <double>samples * features * outputs)
    scratch_size = dense_scratch(&plan)
    scratch = <real*>take(threads * scratch_size * sizeof(real))
    x_panels = <real*>take(dense_x_size(&plan, samples) * sizeof(real))
    panels = <real*>take(dense_panels_size(&plan, samples) * sizeof(real))
    if scratch == NULL or x_panels == NULL or panels == NULL:
        give(scratch)
        give(x_panels)
        give(panels)
        raise MemoryError(f"no memory for {samples} rows of {features} inputs")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            dense_turn_chunk(&plan, &x[chunk, 0], &dy[chunk, 0], chunk, samples,
                             scratch + threadid() * scratch_size, x_panels, panels)
        leave_fast_mode(mode)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for index in prange(plan.tiling.tiles, schedule="static"):
            dense_backward_weights_tile(&plan, index, x_panels, panels, samples,
                                        scratch + threadid() * scratch_size, &dweight[0, 0],
                                        &dbias[0])
        leave_fast_mode(mode)
    give(scratch)
    give(x_panels)
    give(panels)
