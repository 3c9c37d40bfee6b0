"""Locally connected layers: every output position has a kernel of its own, by csrc's tile.

    y[p][o] = Σ_taps Σ_c x[p·s + k·d − pad][c] · w[p][o][k][c] + b[p][o]

Positions of a tile are packs of samples (chunks), as in a dense layer, since pixels share no
weights; each output position lists the runs of its taps.

    forward           weights of a position are packed: [term][filter]
    input gradient    a run is what one tap's filters add: weights are read where they are,
                      channels side by side
    weight gradient   the window of a position is the input of a small dense layer
                      (dense_weights.pyx)
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from fastnn._core.conv cimport (
    correlate_line, free_correlation, list_runs, make_correlation, pack_tile)
from fastnn._core.dense cimport dense_parts
from fastnn._core.dense_weights cimport (
    dense_backward_weights_tile, dense_panels_size, dense_scratch, dense_turn_chunk, dense_x_size,
    make_dense_gradient)
from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, real, tile)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport (
    choose_tiling, panels_size, tile_start, tile_width)
from fastnn._core.window cimport Taps, make_axis, make_window


cdef bint make_local_conv(LocalConv* plan, const Window* window, ptrdiff_t channels,
                          ptrdiff_t filters, ptrdiff_t chunks, const real* which) except False:
    """Fill a zeroed plan, for passes over `chunks` at once; `free_local_conv` frees what it holds.

    `correlation.relu` is the caller's to set.
    """
    cdef int axis
    make_correlation(&plan.correlation, window, False, 1, channels, filters, False, which)
    plan.correlation.tiling = choose_tiling(which, chunks, filters)
    plan.positions = plan.inputs = 1
    for axis in range(3):
        make_axis(&plan.back[axis], window, axis, True)
        plan.positions *= window.output[axis]
        plan.inputs *= window.input[axis]
    plan.channels = channels
    plan.filters = filters
    plan.terms = plan.correlation.taps * channels
    plan.tiling = choose_tiling(which, chunks, channels)
    plan.gradient = make_dense_gradient(plan.terms, filters, which)
    return True


cdef void free_local_conv(LocalConv* plan) noexcept nogil:
    cdef int axis
    free_correlation(&plan.correlation)
    for axis in range(3):
        free(plan.back[axis].taps)


cdef ptrdiff_t local_panels_size(const LocalConv* plan) noexcept nogil:
    """Elements of the packed weights of a position."""
    return panels_size(&plan.correlation.tiling, plan.terms)


cdef ptrdiff_t local_gradient_scratch(const LocalConv* plan, ptrdiff_t samples) noexcept nogil:
    """Elements that a weight gradient needs: a window, and what a dense layer's gradient does."""
    return (plan.terms * LANES + dense_scratch(&plan.gradient)
            + dense_x_size(&plan.gradient, samples) + dense_panels_size(&plan.gradient, samples))


cdef ptrdiff_t list_window_runs(const LocalConv* plan, ptrdiff_t position,
                                fastnn_run* runs) noexcept nogil:
    """The taps of an output position: x from the sample's first pixel, w from its first term."""
    cdef const Axis* axis = plan.correlation.axis
    cdef ptrdiff_t column = position % axis[2].targets, line = position // axis[2].targets
    return list_runs(&plan.correlation, 0, &axis[0].taps[line // axis[1].targets],
                     &axis[1].taps[line % axis[1].targets], &axis[2].taps[column], runs)


cdef ptrdiff_t list_reader_runs(const LocalConv* plan, ptrdiff_t position,
                                fastnn_run* runs) noexcept nogil:
    """The outputs that read an input position: dy's filters there, and their weights of its tap."""
    cdef const Axis* axis = plan.back
    cdef const ptrdiff_t* size = plan.correlation.size
    cdef ptrdiff_t column = position % axis[2].targets, line = position // axis[2].targets
    cdef const Taps* z = &axis[0].taps[line // axis[1].targets]
    cdef const Taps* y = &axis[1].taps[line % axis[1].targets]
    cdef const Taps* x = &axis[2].taps[column]
    cdef ptrdiff_t i, j, k, source, place, found = 0
    for i in range(z.count):
        for j in range(y.count):
            for k in range(x.count):
                source = (((z.source + i * axis[0].source_step) * axis[1].sources + y.source
                           + j * axis[1].source_step) * axis[2].sources
                          + x.source + k * axis[2].source_step)
                # places count taps from the last
                place = (((z.place + i * axis[0].place_step) * size[1] + y.place
                          + j * axis[1].place_step) * size[2] + x.place + k * axis[2].place_step)
                runs[found].x = source * plan.filters * LANES
                runs[found].w = (source * plan.filters * plan.terms
                                 + (plan.correlation.taps - 1 - place) * plan.channels)
                runs[found].length = plan.filters
                found += 1
    return found


cdef void local_conv_pack_position(
        const LocalConv* plan,
        const real* weight,         # IN   (positions, filters, terms)
        ptrdiff_t position,
        real* packed) noexcept nogil:       # OUT  (local_panels_size,)
    cdef ptrdiff_t index
    for index in range(plan.correlation.tiling.tiles):
        pack_tile(&plan.correlation, weight + position * plan.filters * plan.terms, False, 0, index,
                  packed)


cdef void local_conv_forward_position(
        const LocalConv* plan, ptrdiff_t position,
        const real* x,              # IN   (*input, channels, LANES) for each chunk,
        ptrdiff_t x_step,           #      so far apart
        const real* packed,         # IN   this position's weights
        const real* bias,           # IN   (positions, filters) or NULL
        real* y,                    # OUT  (positions, filters, LANES) likewise: this one's
        ptrdiff_t y_step,
        ptrdiff_t first, ptrdiff_t end,     # chunks
        fastnn_run* runs) noexcept nogil:   # scratch: one a tap
    cdef ptrdiff_t n_runs = list_window_runs(plan, position, runs)
    cdef ptrdiff_t start = position * plan.filters
    correlate_line(&plan.correlation, x + first * x_step, x_step, runs, n_runs, packed,
                   bias + start if bias != NULL else NULL, <const real*>NULL,
                   y + first * y_step + start * LANES, y_step, end - first)


cdef void local_conv_backward_input_position(
        const LocalConv* plan, ptrdiff_t position,
        const real* dy,             # IN   (positions, filters, LANES) for each chunk,
        ptrdiff_t dy_step,          #      so far apart
        const real* weight,         # IN   (positions, filters, terms)
        const real* positive,       # IN   like dx, or NULL: results are 0 where it is not > 0
        real* dx,                   # OUT  (inputs, channels, LANES) likewise: this position's
        ptrdiff_t dx_step,
        ptrdiff_t first, ptrdiff_t end,     # chunks
        fastnn_run* runs) noexcept nogil:   # scratch: one a tap
    cdef const Tiling* tiling = &plan.tiling
    cdef ptrdiff_t n_runs = list_reader_runs(plan, position, runs), chunk, index, start, place
    for chunk from first <= chunk < end by tiling.positions:
        for index in range(tiling.tiles):
            start = tile_start(tiling, index)
            place = chunk * dx_step + (position * plan.channels + start) * LANES
            # forward: y[p][o] += w[p][o][k][c] · x[q][c]
            tile(<int>min(<ptrdiff_t>tiling.positions, end - chunk),
                 <int>tile_width(tiling, index), dy + chunk * dy_step, dy_step, LANES, runs, n_runs,
                 weight + start, 1, plan.terms, <const real*>NULL,
                 positive + place if positive != NULL else NULL, 0, dx + place, dx_step, LANES)


cdef void gather_window(const LocalConv* plan, const fastnn_run* runs, ptrdiff_t n_runs,
                        const real* x, real* window) noexcept nogil:
    """The terms of a window side by side, (terms, LANES); zeros where it meets padding."""
    cdef ptrdiff_t r, done = 0
    for r in range(n_runs):
        memset(window + done * LANES, 0, (runs[r].w - done) * LANES * sizeof(real))
        memcpy(window + runs[r].w * LANES, x + runs[r].x, runs[r].length * LANES * sizeof(real))
        done = runs[r].w + runs[r].length
    memset(window + done * LANES, 0, (plan.terms - done) * LANES * sizeof(real))


cdef void clear_padded(const LocalConv* plan, const fastnn_run* runs, ptrdiff_t n_runs,
                       real* dweight) noexcept nogil:
    """Taps in the padding contribute no term: not even the NaN of 0 and an infinite dy."""
    cdef ptrdiff_t _, r, done
    for _ in range(plan.filters):
        done = 0
        for r in range(n_runs):
            memset(dweight + done, 0, (runs[r].w - done) * sizeof(real))
            done = runs[r].w + runs[r].length
        memset(dweight + done, 0, (plan.terms - done) * sizeof(real))
        dweight += plan.terms


cdef void local_conv_backward_weights_position(
        const LocalConv* plan, ptrdiff_t position,
        const real* x,              # IN   (*input, channels, LANES) for each chunk,
        ptrdiff_t x_step,           #      so far apart
        const real* dy,             # IN   (positions, filters, LANES) likewise
        ptrdiff_t dy_step,
        ptrdiff_t samples,          #      of the batch, at least one
        real* scratch,              #      (local_gradient_scratch,)
        fastnn_run* runs,           #      one a tap
        real* dweight,              # OUT  (filters, terms): this position's
        real* dbias) noexcept nogil:        # OUT  (filters,), or NULL
    """dweight[o][t] = Σ_n dy[n][o] · window[n][t], across the batch."""
    cdef real* window = scratch
    cdef real* rows = window + plan.terms * LANES
    cdef real* x_panels = rows + dense_scratch(&plan.gradient)
    cdef real* panels = x_panels + dense_x_size(&plan.gradient, samples)
    cdef ptrdiff_t n_runs = list_window_runs(plan, position, runs), chunk, index
    for chunk in range((samples + LANES - 1) // LANES):
        gather_window(plan, runs, n_runs, x + chunk * x_step, window)
        dense_turn_chunk(&plan.gradient, window,
                         dy + chunk * dy_step + position * plan.filters * LANES, chunk, samples,
                         rows, x_panels, panels)
    for index in range(plan.gradient.tiling.tiles):
        dense_backward_weights_tile(&plan.gradient, index, x_panels, panels, samples, rows,
                                    dweight, dbias)
    clear_padded(plan, runs, n_runs, dweight)


# --- drivers: positions in parallel, and parts of the batch if they are few ----------------------

def local_conv_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] weight,      # IN   (positions·filters, terms)
        const real[::1] bias,           # IN   (positions·filters,) or None
        bint relu,                      #      apply a ReLU
        real[:, ::1] y,                 # OUT  (chunks, positions·filters·LANES), overwritten
        tuple window, ptrdiff_t channels, ptrdiff_t filters, int n_threads):
    cdef Window sizes = make_window(window)
    cdef LocalConv plan
    cdef ptrdiff_t chunks = x.shape[0], parts, part, task, panels
    cdef const real* bias_start = NULL if bias is None else &bias[0]
    cdef real* packed = NULL
    cdef fastnn_run* runs = NULL
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    memset(&plan, 0, sizeof(plan))
    try:
        make_local_conv(&plan, &sizes, channels, filters, chunks, &weight[0, 0])
        plan.correlation.relu = relu
        threads = team(n_threads, plan.positions * chunks,
                       <double>chunks * plan.positions * filters * plan.terms * LANES)
        parts = dense_parts(&plan.correlation.tiling, plan.positions, chunks, threads)
        panels = (local_panels_size(&plan) + LANES - 1) // LANES * LANES
        packed = <real*>take(threads * panels * sizeof(real))
        runs = <fastnn_run*>take(threads * plan.correlation.taps * sizeof(fastnn_run))
        if packed == NULL or runs == NULL:
            raise MemoryError(f"no memory for {panels} packed weights")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for task in prange(plan.positions * parts, schedule="static"):
                part = task % parts
                local_conv_pack_position(&plan, &weight[0, 0], task // parts,
                                         packed + threadid() * panels)
                local_conv_forward_position(
                    &plan, task // parts, &x[0, 0], x.shape[1], packed + threadid() * panels,
                    bias_start, &y[0, 0], y.shape[1], part * chunks // parts,
                    (part + 1) * chunks // parts, runs + threadid() * plan.correlation.taps)
            leave_fast_mode(mode)
    finally:
        free_local_conv(&plan)
        give(packed)
        give(runs)


def local_conv_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, positions·filters·LANES)
        const real[:, ::1] weight,      # IN   (positions·filters, terms)
        const real[:, ::1] positive,    # IN   like dx, or None: dx is 0 where it is not > 0
        real[:, ::1] dx,                # OUT  (chunks, *input·channels·LANES), overwritten
        tuple window, ptrdiff_t channels, ptrdiff_t filters, int n_threads):
    cdef Window sizes = make_window(window)
    cdef LocalConv plan
    cdef ptrdiff_t chunks = dy.shape[0], parts, part, task
    cdef const real* positive_start = NULL
    cdef fastnn_run* runs = NULL
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    if positive is not None:
        positive_start = &positive[0, 0]
    memset(&plan, 0, sizeof(plan))
    try:
        make_local_conv(&plan, &sizes, channels, filters, chunks, &weight[0, 0])
        threads = team(n_threads, plan.inputs * chunks,
                       <double>chunks * plan.positions * filters * plan.terms * LANES)
        parts = dense_parts(&plan.tiling, plan.inputs, chunks, threads)
        runs = <fastnn_run*>take(threads * plan.correlation.taps * sizeof(fastnn_run))
        if runs == NULL:
            raise MemoryError(f"no memory for {plan.correlation.taps} runs")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for task in prange(plan.inputs * parts, schedule="static"):
                part = task % parts
                local_conv_backward_input_position(
                    &plan, task // parts, &dy[0, 0], dy.shape[1], &weight[0, 0], positive_start,
                    &dx[0, 0], dx.shape[1], part * chunks // parts, (part + 1) * chunks // parts,
                    runs + threadid() * plan.correlation.taps)
            leave_fast_mode(mode)
    finally:
        free_local_conv(&plan)
        give(runs)


def local_conv_backward_weights(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] dy,          # IN   (chunks, positions·filters·LANES), 0 in empty lanes
        ptrdiff_t samples,              # real ones
        real[:, ::1] dweight,           # OUT  (positions·filters, terms), overwritten
        real[::1] dbias,                # OUT  (positions·filters,), overwritten
        tuple window, ptrdiff_t channels, ptrdiff_t filters, int n_threads):
    cdef Window sizes = make_window(window)
    cdef LocalConv plan
    cdef ptrdiff_t position, scratch_size
    cdef real* scratch = NULL
    cdef fastnn_run* runs = NULL
    cdef int threads
    cdef unsigned long long mode
    if samples == 0:
        dweight[:, :] = 0
        dbias[:] = 0
        return
    memset(&plan, 0, sizeof(plan))
    try:
        make_local_conv(&plan, &sizes, channels, filters, x.shape[0], &x[0, 0])
        threads = team(n_threads, plan.positions,
                       <double>samples * plan.positions * filters * plan.terms)
        scratch_size = (local_gradient_scratch(&plan, samples) + LANES - 1) // LANES * LANES
        scratch = <real*>take(threads * scratch_size * sizeof(real))
        runs = <fastnn_run*>take(threads * plan.correlation.taps * sizeof(fastnn_run))
        if scratch == NULL or runs == NULL:
            raise MemoryError(f"no memory for {samples} windows of {plan.terms} numbers")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for position in prange(plan.positions, schedule="static"):
                local_conv_backward_weights_position(
                    &plan, position, &x[0, 0], x.shape[1], &dy[0, 0], dy.shape[1], samples,
                    scratch + threadid() * scratch_size,
                    runs + threadid() * plan.correlation.taps,
                    &dweight[position * filters, 0], &dbias[position * filters])
            leave_fast_mode(mode)
    finally:
        free_local_conv(&plan)
        give(scratch)
        give(runs)
