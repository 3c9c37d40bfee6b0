"""Dense layers: y[n][o] = Σ_i x[n][i] · w[o][i] + b[o], and both gradients, all by csrc's tile.

    forward and input gradient    positions of a tile are packs of samples (chunks), lanes are samples
    weight gradient               positions are packs of input features of row-major x, lanes features,
                                  terms the samples of the whole batch in order
"""
from cython.parallel cimport parallel, prange
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, fastnn_run, leave_fast_mode, real, tile)
from fastnn._core.memory cimport aligned
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport choose_tiling, tile_start, tile_width


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


cdef void pack_outputs(const real* weight, ptrdiff_t inputs, ptrdiff_t width,
                       real* packed) noexcept nogil:
    """`width` rows of (out, in) weights, transposed: [in][width]."""
    cdef ptrdiff_t i, o
    for i in range(inputs):
        for o in range(width):
            packed[i * width + o] = weight[o * inputs + i]


def dense_forward(
        const real[:, ::1] x,           # IN   (chunks, in·LANES)
        const real[:, ::1] weight,      # IN   (out, in)
        const real[::1] bias,           # IN   (out,) or None
        real[:, ::1] y,                 # OUT  (chunks, out·LANES), overwritten
        int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], inputs = weight.shape[1], outputs = weight.shape[0]
    cdef ptrdiff_t groups, task, first, index
    cdef Tiling tiling
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef real* packed
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    tiling = choose_tiling(&weight[0, 0], &chunks, 1, outputs)
    groups = (chunks + tiling.positions - 1) // tiling.positions
    threads = team(n_threads, tiling.tiles * groups, <double>chunks * inputs * outputs * LANES)
    packed = <real*>aligned(inputs * outputs * sizeof(real))
    if packed == NULL:
        raise MemoryError(f"no memory for {inputs * outputs} packed weights")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for index in prange(tiling.tiles, schedule="static"):
            pack_outputs(&weight[tile_start(&tiling, index), 0], inputs,
                         tile_width(&tiling, index), packed + tile_start(&tiling, index) * inputs)
        leave_fast_mode(mode)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(tiling.tiles * groups, schedule="static"):
            # a thread keeps one tile's weights in its cache and walks the chunks
            index = task // groups
            first = (task % groups) * tiling.positions
            dense_tile_chunks(&tiling, &x[first, 0], inputs,
                              packed + tile_start(&tiling, index) * inputs,
                              tile_width(&tiling, index), bias_start, &y[first, 0], index,
                              min(<ptrdiff_t>tiling.positions, chunks - first))
        leave_fast_mode(mode)
    free(packed)


def dense_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, out·LANES)
        const real[:, ::1] weight,      # IN   (out, in): already [term][output] here
        real[:, ::1] dx,                # OUT  (chunks, in·LANES), overwritten
        int n_threads):
    cdef ptrdiff_t chunks = dy.shape[0], inputs = weight.shape[1], outputs = weight.shape[0]
    cdef ptrdiff_t groups, task, first, index
    cdef Tiling tiling
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    tiling = choose_tiling(&weight[0, 0], &chunks, 1, inputs)
    groups = (chunks + tiling.positions - 1) // tiling.positions
    threads = team(n_threads, tiling.tiles * groups, <double>chunks * inputs * outputs * LANES)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(tiling.tiles * groups, schedule="static"):
            index = task // groups
            first = (task % groups) * tiling.positions
            # forward: y[o] += w[o][i] · x[i];  here: dx[i] += w[o][i] · dy[o]
            dense_tile_chunks(&tiling, &dy[first, 0], outputs,
                              &weight[0, tile_start(&tiling, index)], inputs,
                              <const real*>NULL, &dx[first, 0], index,
                              min(<ptrdiff_t>tiling.positions, chunks - first))
        leave_fast_mode(mode)


cdef void weight_gradient_columns(
        const Tiling* tiling, const real* x, const real* dy, ptrdiff_t samples, ptrdiff_t features,
        ptrdiff_t outputs, ptrdiff_t first, ptrdiff_t columns, real* scratch,
        real* dweight) noexcept nogil:
    """dweight[o][first : first + columns] for all o; columns ≤ tiling.positions · LANES."""
    cdef ptrdiff_t packs = columns // LANES, left = columns % LANES, index, start, width, n, o
    cdef fastnn_run run
    run.x = 0
    run.w = 0
    run.length = samples
    if left:
        # the last features of a row do not fill a pack: they pass through a buffer that does
        for n in range(samples):
            memset(scratch + n * LANES, 0, LANES * sizeof(real))
            memcpy(scratch + n * LANES, x + n * features + first + packs * LANES,
                   left * sizeof(real))
    for index in range(tiling.tiles):
        start = tile_start(tiling, index)
        width = tile_width(tiling, index)
        if packs:
            tile(<int>packs, <int>width, x + first, LANES, features, &run, 1, dy + start, outputs,
                 <const real*>NULL, False, dweight + start * features + first, LANES, features)
        if left:
            tile(1, <int>width, scratch, LANES, LANES, &run, 1, dy + start, outputs,
                 <const real*>NULL, False, scratch + samples * LANES, LANES, LANES)
            for o in range(width):
                memcpy(dweight + (start + o) * features + first + packs * LANES,
                       scratch + (samples + o) * LANES, left * sizeof(real))


cdef bint weight_gradient(const real* x, const real* dy, ptrdiff_t samples, ptrdiff_t features,
                          ptrdiff_t outputs, real* dweight, int n_threads) except False:
    """dweight[o][i] = Σ_n dy[n][o] · x[n][i], in chains over n; features are shared out to threads."""
    cdef Tiling tiling
    cdef ptrdiff_t packs = (features + LANES - 1) // LANES, tasks, task, step, buffer_size
    cdef real* scratch
    cdef int threads
    cdef unsigned long long mode
    tiling = choose_tiling(x, &packs, 1, outputs)
    step = tiling.positions * LANES
    tasks = (features + step - 1) // step
    threads = team(n_threads, tasks, <double>samples * features * outputs)
    # one buffer is enough: only the last task has a pack that is not full
    buffer_size = (samples + tiling.width + 1) * LANES
    scratch = <real*>aligned(buffer_size * sizeof(real))
    if scratch == NULL:
        raise MemoryError(f"no memory for a buffer of {buffer_size} numbers")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(tasks, schedule="static"):
            weight_gradient_columns(&tiling, x, dy, samples, features, outputs, task * step,
                                    min(step, features - task * step), scratch, dweight)
        leave_fast_mode(mode)
    free(scratch)
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
