"""The weight and bias gradient of a convolution: plan, chunks, slots and the driver.

    dw[o][k][c] = Σ_samples Σ_p dy[p][o] · x[p·s + k·d − pad][c],     db[o] = Σ_samples Σ_p dy[p][o]

With fewer than LANES channels a group lanes stay samples (conv_weights_lanes.pyx), with more they
become channels (conv_weights_samples.pyx): shapes alone decide. A chunk's gradient goes to the slot
that owns the chunk; slots are summed as a tree (slots.pxd).

A transposed convolution has y[p·s + k·d − pad][o] += x[p][c] · w[o][k][c], so that its gradient

    dw[o][k][c] = Σ_samples Σ_p x[p][c] · dy[p·s + k·d − pad][o],    db[o] = Σ_samples Σ_q dy[q][o]

is the same sum with x and dy exchanged, and then [c][k][o] turned into [o][k][c].
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from fastnn._core.conv_bias cimport add_bias_sums
from fastnn._core.conv_weights_groups cimport goes_grouped, grouped_weights_chunk, plan_grouped
from fastnn._core.conv_weights_lanes cimport lane_major_chunk, list_offsets
from fastnn._core.conv_weights_samples cimport row_step, sample_major_chunk
from fastnn._core.kernels cimport (
    CHAIN, LANES, MAX_OUTPUTS, enter_fast_mode, fastnn_run, leave_fast_mode, real)
from fastnn._core.memory cimport give, take
from fastnn._core.slots cimport (
    add_lane_sums, begin_chunk, end_chunk, slot_count, slot_start, sum_slots)
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport choose_outer_tiling, choose_tiling
from fastnn._core.window cimport Window, end_output, first_output, make_window

cdef ptrdiff_t TERMS = 128              # of a sample-major tile: its x and dy stay in L1
cdef ptrdiff_t BAND = 600_000           # most bytes that are sample-major at once
cdef ptrdiff_t PANEL = 24_576           # most bytes of a lane-major tile's dy


cdef void weight_gradient_of_chunk(const WeightGradient* plan, const real* x, const real* dy,
                                   ptrdiff_t samples, real* scratch, real* dweight,
                                   real* dbias) noexcept nogil:
    """Overwrite dweight (filters, row) and dbias (biases,)."""
    cdef const Window* window = &plan.window
    cdef real* dy_scratch = scratch + plan.x_size
    cdef real* sums = dy_scratch + plan.dy_size
    cdef real* bias_sums = sums + plan.sums_size
    cdef fastnn_run* runs = <fastnn_run*>(bias_sums + plan.biases * LANES)
    if plan.sample_major:
        sample_major_chunk(plan, x, dy, samples, scratch, dy_scratch, sums, runs,
                           <real*>NULL if plan.transposed else bias_sums, dweight, dbias)
    elif plan.grouped:
        grouped_weights_chunk(plan, x, dy, samples, dy_scratch, sums, <ptrdiff_t*>runs,
                              <real*>NULL if plan.transposed else bias_sums, dweight, dbias)
    else:
        lane_major_chunk(plan, x, dy, samples, dy_scratch, sums, dweight)
    if plan.transposed:
        add_bias_sums(x, window.input[0] * window.input[1] * window.input[2], plan.biases, 0,
                      bias_sums, dbias)
    elif not (plan.sample_major or plan.grouped):
        add_bias_sums(dy, window.output[0] * window.output[1] * window.output[2], plan.biases, 0,
                      bias_sums, dbias)
    add_lane_sums(plan.biases, bias_sums, dbias)


cdef void turn_weights(const WeightGradient* plan, const real* turned,
                       real* dweight) noexcept nogil:
    """[c][k][o] of every group to [o][k][c]."""
    cdef ptrdiff_t channels = plan.filters // plan.groups, filters = plan.channels // plan.groups
    cdef ptrdiff_t _group, o, tap, c
    for _group in range(plan.groups):
        for o in range(filters):
            for tap in range(plan.taps):
                for c in range(channels):
                    dweight[c] = turned[(c * plan.taps + tap) * filters + o]
                dweight += channels
        turned += channels * plan.row


cdef void conv_backward_weights_chunk(
        const WeightGradient* plan,
        const real* x,              # IN      (*positions, channels, LANES) of the layer's input
        const real* dy,             # IN      and of its output, (…, filters, …), 0 in empty lanes
        ptrdiff_t samples,          #         lanes that hold samples, at least one
        ptrdiff_t nth, bint last,   #         which of its slot's chunks this is
        real* scratch,              #         (plan.scratch,)
        real* chain,                # IN/OUT  (plan.parameters,), or NULL in a slot of few chunks
        real* total) noexcept nogil:        # IN/OUT  weights, then (biases,): the slot
    cdef ptrdiff_t weights = plan.filters * plan.row
    cdef real* gradient = scratch + plan.scratch - plan.parameters
    cdef real* turned = gradient - weights
    cdef real* place = begin_chunk(nth, gradient, chain, total)
    if plan.transposed:
        weight_gradient_of_chunk(plan, dy, x, samples, scratch, turned, place + weights)
        turn_weights(plan, turned, place)
    else:
        weight_gradient_of_chunk(plan, x, dy, samples, scratch, place, place + weights)
    end_chunk(nth, last, plan.parameters, gradient, chain, total)


cdef void plan_lane_major(WeightGradient* plan, const real* which) noexcept nogil:
    cdef const Window* window = &plan.window
    cdef ptrdiff_t channels = plan.channels // plan.groups, filters = plan.filters // plan.groups
    cdef int axis
    # so many that x of a block, and dy of a tile, stay in L1 while all taps read them
    plan.positions = 64 if channels <= 4 else 32
    plan.padded = False
    for axis in range(3):
        if (first_output(window, axis, 0) > 0
                or end_output(window, axis, window.size[axis] - 1) < window.output[axis]):
            plan.padded = True
    plan.tiling = choose_outer_tiling(
        which, channels if plan.padded else plan.row, filters,
        PANEL // (plan.positions * LANES * <ptrdiff_t>sizeof(real)))
    plan.x_size = plan.runs_size = 0
    plan.dy_size = plan.positions * MAX_OUTPUTS * LANES
    plan.sums_size = filters * plan.row * LANES


cdef void plan_sample_major(WeightGradient* plan, const real* which) noexcept nogil:
    cdef const Window* window = &plan.window
    cdef ptrdiff_t per_output, output_lines, input_lines, needed, positions
    # bands along the outermost axis there is, of as many outputs as stay in L2: large ones where
    # lines that two of them read are turned twice
    cdef int axis = 0 if window.input[0] > 1 else 1
    cdef ptrdiff_t most_bytes = BAND if window.size[axis] > 1 else BAND // 2
    output_lines = window.output[1] if axis == 0 else 1
    input_lines = window.input[1] if axis == 0 else 1
    per_output = LANES * (
        window.stride[axis] * input_lines * window.input[2] * row_step(plan.channels)
        + output_lines * window.output[2] * row_step(plan.filters))
    plan.band_axis = axis
    plan.band = max(<ptrdiff_t>1, min(window.output[axis],
                                      <ptrdiff_t>(most_bytes // sizeof(real)) // per_output))
    needed = ((plan.band - 1) * window.stride[axis]
              + (window.size[axis] - 1) * window.dilation[axis] + 1)
    plan.channel_packs = (plan.channels // plan.groups + LANES - 1) // LANES
    # blocks of about TERMS terms, so many that CHAIN² of them cover a chunk
    positions = window.output[0] * window.output[1] * window.output[2]
    plan.columns_at_once = max(<ptrdiff_t>(TERMS // LANES), positions // (CHAIN * CHAIN) + 1)
    plan.lines_at_once = max(<ptrdiff_t>1, plan.columns_at_once // window.output[2])
    plan.tiling = choose_tiling(which, plan.channel_packs, plan.filters // plan.groups)
    plan.x_size = (min(needed, window.input[axis]) * input_lines * window.input[2]
                   * row_step(plan.channels) * LANES
                   + LANES)             # the last pack may read beyond the last row
    plan.dy_size = plan.band * output_lines * window.output[2] * row_step(plan.filters) * LANES
    plan.sums_size = plan.taps * plan.filters * plan.channel_packs * LANES
    plan.runs_size = (plan.lines_at_once * (1 if window.stride[2] == 1 else window.output[2])
                      * sizeof(fastnn_run) // sizeof(real))


cdef bint make_weight_gradient(WeightGradient* plan, const Window* window, bint transposed,
                               ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t filters,
                               const real* which) except False:
    """Fill `plan`; `free_weight_gradient` frees what it holds."""
    plan.window = window[0]
    plan.groups = groups
    plan.transposed = transposed
    plan.biases = filters
    if transposed:
        channels, filters = filters, channels
    plan.channels = channels
    plan.filters = filters
    plan.taps = window.size[0] * window.size[1] * window.size[2]
    plan.row = plan.taps * (channels // groups)
    plan.parameters = filters * plan.row + plan.biases
    plan.sample_major = channels // groups >= LANES
    plan.grouped = goes_grouped(groups, channels // groups, filters // groups)
    plan.offsets = NULL
    if plan.sample_major:
        plan_sample_major(plan, which)
    elif plan.grouped:
        plan_grouped(plan, which)
    else:
        plan_lane_major(plan, which)
        plan.offsets = <ptrdiff_t*>malloc(groups * plan.row * sizeof(ptrdiff_t))
        if plan.offsets == NULL:
            raise MemoryError(f"no memory for the offsets of {groups * plan.row} taps")
        list_offsets(plan, plan.offsets)
    plan.scratch = (plan.x_size + plan.dy_size + plan.sums_size + plan.biases * LANES
                    + plan.runs_size + (filters * plan.row if transposed else 0) + plan.parameters)
    return True


cdef void free_weight_gradient(WeightGradient* plan) noexcept nogil:
    cdef int axis
    free(plan.offsets)
    for axis in range(3):
        free(plan.axis[axis].taps)
    free(plan.columns)


def conv_backward_weights(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] dy,          # IN   (chunks, *output·filters·LANES), 0 in empty lanes
        ptrdiff_t samples,              # real ones
        real[:, ::1] dweight,           # OUT  (filters, *size·channels / groups), overwritten
        real[::1] dbias,                # OUT  (filters,), overwritten
        tuple window, bint transposed,  # of a transposed convolution, its output is the `input`
        ptrdiff_t groups, ptrdiff_t channels, int n_threads):
    cdef Window sizes
    cdef WeightGradient plan
    cdef ptrdiff_t chunks = x.shape[0], positions, n, slots, slot
    cdef ptrdiff_t scratch_size, first, end, chunk
    cdef int threads
    cdef unsigned long long mode
    cdef real* slot_sums = NULL
    cdef real* scratch = NULL
    cdef real* mine
    if chunks == 0:
        dweight[:, :] = 0
        dbias[:] = 0
        return
    sizes = make_window(window)
    memset(&plan, 0, sizeof(plan))
    try:
        make_weight_gradient(&plan, &sizes, transposed, groups, channels, dbias.shape[0],
                             &x[0, 0])
        positions = sizes.output[0] * sizes.output[1] * sizes.output[2]
        n = plan.parameters
        slots = slot_count(chunks, n * sizeof(real))
        threads = team(n_threads, slots,
                       <double>chunks * positions * plan.filters * plan.row * LANES)
        scratch_size = (plan.scratch + n + LANES - 1) // LANES * LANES
        slot_sums = <real*>take(slots * n * sizeof(real))
        scratch = <real*>take(threads * scratch_size * sizeof(real))
        if slot_sums == NULL or scratch == NULL:
            raise MemoryError(f"no memory for {slots} slots of {n} gradients")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            mine = scratch + threadid() * scratch_size
            for slot in prange(slots, schedule="static"):
                first = slot_start(slot, slots, chunks)
                end = slot_start(slot + 1, slots, chunks)
                for chunk in range(first, end):
                    conv_backward_weights_chunk(
                        &plan, &x[chunk, 0], &dy[chunk, 0],
                        min(<ptrdiff_t>LANES, samples - chunk * LANES), chunk - first,
                        chunk == end - 1, mine, mine + plan.scratch, slot_sums + slot * n)
            leave_fast_mode(mode)
        with nogil:
            mode = enter_fast_mode()
            sum_slots(slots, n - plan.biases, n, slot_sums, &dweight[0, 0])
            sum_slots(slots, plan.biases, n, slot_sums + n - plan.biases, &dbias[0])
            leave_fast_mode(mode)
    finally:
        free_weight_gradient(&plan)
        give(slot_sums)
        give(scratch)
