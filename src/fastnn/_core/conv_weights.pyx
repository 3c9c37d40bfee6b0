"""The weight gradient of a convolution: dw[o][k][c] = Σ_samples Σ_p dy[p][o] · x[p·s + k·d − pad][c].

Few input channels (fewer than LANES a group): lanes stay samples. Blocks of positions, small enough
for L1, go through csrc's outer for all taps and filters; the lanes are added once a chunk.

    sums[o][t][lane] += Σ_p dy[p][o][lane] · x[p + tap t][lane],      dw[o][t] = Σ_lanes sums[o][t]

Many: x and dy are turned sample-major, a band of lines at a time, so that 16 neighbouring channels fill
the lanes of csrc's tile, and terms are the columns of a line times the samples.

    dw[o][k][c] += Σ_p Σ_sample dy[p][sample][o] · x[p + k][sample][c]

A chunk's gradient goes to the slot that owns the chunk; slots are summed as a tree (slots.pxd).
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    CHAIN, LANES, enter_fast_mode, fastnn_run, lane_sums, lanes_to_rows, leave_fast_mode, outer,
    outer_outputs, outer_taps, position_sums, real, tile)
from fastnn._core.memory cimport aligned
from fastnn._core.slots cimport add, slot_count, slot_start, sum_slots
from fastnn._core.threads cimport team
from fastnn._core.tiles cimport choose_tiling, tile_start, tile_width
from fastnn._core.window cimport Taps, Window, make_axis, make_window

cdef ptrdiff_t BLOCK = 64               # positions of a lane-major block: x and dy stay in L1
cdef ptrdiff_t SUMS = 1 << 16           # elements of sums held at once: they stay in L2
cdef ptrdiff_t TERMS = 256              # of a sample-major tile, at least a line: x stays in L1
cdef ptrdiff_t BAND = 1_200_000         # bytes that are sample-major at once: they stay in L2


cdef void lane_major_group(const WeightGradient* plan, const real* x, const real* dy,
                           ptrdiff_t group, ptrdiff_t first_filter, ptrdiff_t filters,
                           const ptrdiff_t* offsets, real* sums, real* dweight) noexcept nogil:
    """dweight[o][t] for `filters` filters of one group; x has its borders, offsets are its taps."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t columns = window.output[2], height = window.output[1]
    cdef ptrdiff_t dy_step = plan.filters * LANES, x_step = window.stride[2] * plan.channels * LANES
    cdef ptrdiff_t x_row = plan.padded[2] * plan.channels * LANES
    cdef ptrdiff_t n = filters * plan.row
    cdef ptrdiff_t block_columns = min(columns, BLOCK)
    cdef ptrdiff_t block_rows = max(<ptrdiff_t>1, BLOCK // block_columns)
    cdef ptrdiff_t depth, row, rows, column, width, o, t, outputs, taps, blocks = 0
    cdef ptrdiff_t most_outputs = outer_outputs(x), most_taps = outer_taps(x)
    cdef const real* x_block
    cdef const real* dy_block
    memset(dweight, 0, n * sizeof(real))
    for depth in range(window.output[0]):
        for row from 0 <= row < height by block_rows:
            rows = min(block_rows, height - row)
            for column from 0 <= column < columns by block_columns:
                width = min(block_columns, columns - column)
                x_block = (x + (depth * window.stride[0] * plan.padded[1] + row * window.stride[1])
                           * x_row + column * x_step)
                dy_block = (dy + ((depth * height + row) * columns + column) * dy_step
                            + first_filter * LANES)
                for o from 0 <= o < filters by most_outputs:
                    outputs = min(most_outputs, filters - o)
                    for t from 0 <= t < plan.row by most_taps:
                        taps = min(most_taps, plan.row - t)
                        outer(<int>taps, <int>outputs, x_block, offsets + group * plan.row + t,
                              window.stride[1] * x_row, x_step, dy_block + o * LANES,
                              columns * dy_step, dy_step, rows, width, blocks > 0,
                              sums + (o * plan.row + t) * LANES, plan.row)
                blocks += 1
                if blocks == CHAIN:
                    add_lane_sums(n, sums, dweight)
                    blocks = 0
    if blocks:
        add_lane_sums(n, sums, dweight)


cdef void add_lane_sums(ptrdiff_t n, const real* sums, real* total) noexcept nogil:
    """total += the lanes of sums."""
    cdef real part[64]
    cdef ptrdiff_t i, count
    for i in range(0, n, 64):
        count = min(<ptrdiff_t>64, n - i)
        lane_sums(count, sums + i * LANES, part)
        add(count, part, total + i)


cdef ptrdiff_t add_bias_sums(const real* dy, ptrdiff_t positions, ptrdiff_t filters,
                             ptrdiff_t blocks, real* sums, real* dbias) noexcept nogil:
    """sums[o][lane] += Σ_p dy[p][o][lane]; returns the count of blocks, which starts at 0.

    Called while dy is in cache. After CHAIN blocks the lanes go to dbias, and sums start anew.
    """
    cdef ptrdiff_t first
    for first from 0 <= first < positions by CHAIN:
        if blocks % CHAIN == 0:
            if blocks:
                add_lane_sums(filters, sums, dbias)
            memset(sums, 0, filters * LANES * sizeof(real))
        position_sums(min(<ptrdiff_t>CHAIN, positions - first), filters,
                      dy + first * filters * LANES, filters * LANES, sums)
        blocks += 1
    return blocks


cdef void lane_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                           real* x_scratch, real* sums, const ptrdiff_t* offsets, real* bias_sums,
                           real* dweight, real* dbias) noexcept nogil:
    cdef const Window* window = &plan.window
    cdef ptrdiff_t input_row = window.input[2] * plan.channels * LANES
    cdef ptrdiff_t padded_row = plan.padded[2] * plan.channels * LANES
    cdef ptrdiff_t filters = plan.filters // plan.groups
    cdef ptrdiff_t depth, row, group, first
    if plan.padded_copy:
        for depth in range(window.input[0]):
            for row in range(window.input[1]):
                memcpy(x_scratch + ((depth + window.before[0]) * plan.padded[1] + row
                                    + window.before[1]) * padded_row
                       + window.before[2] * plan.channels * LANES,
                       x + (depth * window.input[1] + row) * input_row, input_row * sizeof(real))
        x = x_scratch
    add_bias_sums(dy, window.output[0] * window.output[1] * window.output[2], plan.filters, 0,
                  bias_sums, dbias)
    for group in range(plan.groups):
        for first from 0 <= first < filters by plan.filters_at_once:
            lane_major_group(plan, x, dy, group, group * filters + first,
                             min(plan.filters_at_once, filters - first), offsets, sums,
                             dweight + (group * filters + first) * plan.row)


cdef ptrdiff_t list_line_runs(const WeightGradient* plan, const Band* band, ptrdiff_t samples,
                              ptrdiff_t kernel_depth, ptrdiff_t kernel_row, ptrdiff_t kernel_column,
                              ptrdiff_t first, ptrdiff_t end, fastnn_run* runs) noexcept nogil:
    """The terms of output lines first … end at one tap: all columns and samples that meet the input."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t stride = window.stride[2]
    cdef ptrdiff_t shift = kernel_column * window.dilation[2] - window.before[2]
    # columns whose tap lies inside: 0 <= column·stride + shift < input
    cdef ptrdiff_t first_column = (-shift + stride - 1) // stride if shift < 0 else 0
    cdef ptrdiff_t end_column = min(window.output[2], (window.input[2] - shift + stride - 1) // stride
                                    if shift < window.input[2] else 0)
    cdef ptrdiff_t step = end_column - first_column if stride == 1 else 1
    cdef ptrdiff_t line, depth, row, column, x, w, found = 0
    for line in range(first, end):
        depth = (line // window.output[1] * window.stride[0] - window.before[0]
                 + kernel_depth * window.dilation[0])
        row = (line % window.output[1] * window.stride[1] - window.before[1]
               + kernel_row * window.dilation[1])
        if not (0 <= depth < window.input[0] and 0 <= row < window.input[1]):
            continue
        # neighbouring columns touch at stride 1: one run
        for column from first_column <= column < end_column by step:
            x = ((depth * window.input[1] + row - band.first_input) * window.input[2]
                 + column * stride + shift) * samples * plan.channels
            w = ((line - band.first) * window.output[2] + column) * samples
            runs[found].x = x
            runs[found].w = w
            runs[found].length = step * samples
            found += 1
    return found


cdef Band make_band(const WeightGradient* plan, ptrdiff_t first) noexcept nogil:
    """The output lines from index `first` of the banded axis on, and the input lines they read."""
    cdef const Window* window = &plan.window
    cdef int axis = plan.band_axis
    cdef ptrdiff_t output_lines = window.output[1] if axis == 0 else 1
    cdef ptrdiff_t input_lines = window.input[1] if axis == 0 else 1
    cdef ptrdiff_t end = min(first + plan.band, window.output[axis])
    cdef ptrdiff_t first_input = first * window.stride[axis] - window.before[axis]
    cdef ptrdiff_t end_input = ((end - 1) * window.stride[axis] - window.before[axis]
                                + (window.size[axis] - 1) * window.dilation[axis] + 1)
    cdef Band band
    band.first = first * output_lines
    band.end = end * output_lines
    band.first_input = min(max(first_input, 0), window.input[axis]) * input_lines
    band.end_input = min(max(end_input, 0), window.input[axis]) * input_lines
    return band


cdef void turn_lines(const real* packs, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t samples,
                     real* turned) noexcept nogil:
    """(positions, channels, LANES) to (positions, samples, channels)."""
    cdef real* rows[16]
    cdef ptrdiff_t position, lane
    for position in range(positions):
        for lane in range(samples):
            rows[lane] = turned + (position * samples + lane) * channels
        lanes_to_rows(packs + position * channels * LANES, channels, samples, rows)


cdef void sample_major_band(const WeightGradient* plan, const Band* band, ptrdiff_t samples,
                            const real* x, const real* dy, real* sums,
                            fastnn_run* runs) noexcept nogil:
    """Add a band's products to sums (taps, filters, channel_packs · LANES)."""
    cdef const Window* window = &plan.window
    cdef const Tiling* tiling = &plan.tiling
    cdef ptrdiff_t width = plan.channel_packs * LANES, channels = plan.channels // plan.groups
    cdef ptrdiff_t first, end, tap, group, j, index, o, n_runs
    for first from band.first <= first < band.end by plan.lines_at_once:
        end = min(first + plan.lines_at_once, band.end)
        for tap in range(plan.taps):
            n_runs = list_line_runs(plan, band, samples, tap // (window.size[1] * window.size[2]),
                                    tap // window.size[2] % window.size[1], tap % window.size[2],
                                    first, end, runs)
            for group in range(plan.groups):
                for j from 0 <= j < plan.channel_packs by tiling.positions:
                    for index in range(tiling.tiles):
                        o = group * tiling.outputs + tile_start(tiling, index)
                        tile(<int>min(<ptrdiff_t>tiling.positions, plan.channel_packs - j),
                             <int>tile_width(tiling, index), x + group * channels + j * LANES, LANES,
                             plan.channels, runs, n_runs, dy + o, plan.filters, <const real*>NULL,
                             first > 0, sums + (tap * plan.filters + o) * width + j * LANES, LANES,
                             width)


cdef void sample_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                             ptrdiff_t samples, real* x_scratch, real* dy_scratch, real* sums,
                             fastnn_run* runs, real* bias_sums, real* dweight,
                             real* dbias) noexcept nogil:
    cdef const Window* window = &plan.window
    cdef ptrdiff_t channels = plan.channels // plan.groups, first, tap, filter, positions, blocks = 0
    cdef ptrdiff_t x_line = window.input[2] * plan.channels * LANES
    cdef ptrdiff_t dy_line = window.output[2] * plan.filters * LANES
    cdef Band band
    for first from 0 <= first < window.output[plan.band_axis] by plan.band:
        band = make_band(plan, first)
        turn_lines(x + band.first_input * x_line,
                   (band.end_input - band.first_input) * window.input[2], plan.channels, samples,
                   x_scratch)
        positions = (band.end - band.first) * window.output[2]
        turn_lines(dy + band.first * dy_line, positions, plan.filters, samples, dy_scratch)
        blocks = add_bias_sums(dy + band.first * dy_line, positions, plan.filters, blocks,
                               bias_sums, dbias)
        sample_major_band(plan, &band, samples, x_scratch, dy_scratch, sums, runs)
    for filter in range(plan.filters):
        for tap in range(plan.taps):
            memcpy(dweight + filter * plan.row + tap * channels,
                   sums + (tap * plan.filters + filter) * plan.channel_packs * LANES,
                   channels * sizeof(real))


cdef void conv_backward_weights_chunk(
        const WeightGradient* plan,
        const real* x,              # IN       (*input, channels, LANES)
        const real* dy,             # IN       (*output, filters, LANES), 0 in empty lanes
        ptrdiff_t samples,          # lanes that hold samples, at least one
        real* x_scratch, real* dy_scratch, real* sums, fastnn_run* runs, ptrdiff_t* offsets,
        real* bias_sums,
        real* dweight,              # OUT  (filters, row), overwritten
        real* dbias) noexcept nogil:        # OUT  (filters,), overwritten
    memset(dbias, 0, plan.filters * sizeof(real))
    if plan.sample_major:
        sample_major_chunk(plan, x, dy, samples, x_scratch, dy_scratch, sums, runs, bias_sums,
                           dweight, dbias)
    else:
        lane_major_chunk(plan, x, dy, x_scratch, sums, offsets, bias_sums, dweight, dbias)
    add_lane_sums(plan.filters, bias_sums, dbias)


cdef bint make_weight_gradient(WeightGradient* plan, const real* which) except False:
    """Fill what follows from the window, groups, channels and filters; the caller frees axis taps."""
    cdef Window* window = &plan.window
    cdef ptrdiff_t channels = plan.channels // plan.groups, filters = plan.filters // plan.groups
    cdef ptrdiff_t axis, needed, output_lines, input_lines, per_output
    plan.taps = window.size[0] * window.size[1] * window.size[2]
    plan.row = plan.taps * channels
    plan.sample_major = channels >= LANES
    plan.padded_copy = False
    if not plan.sample_major:
        for axis in range(3):
            needed = ((window.output[axis] - 1) * window.stride[axis]
                      + (window.size[axis] - 1) * window.dilation[axis] + 1)
            plan.padded[axis] = max(needed, window.before[axis] + window.input[axis])
            if plan.padded[axis] > window.input[axis]:
                plan.padded_copy = True
        plan.filters_at_once = max(<ptrdiff_t>1, min(filters, SUMS // (plan.row * LANES)))
        plan.sums_size = plan.filters_at_once * plan.row * LANES
        plan.x_size = (plan.padded[0] * plan.padded[1] * plan.padded[2] * plan.channels * LANES
                       if plan.padded_copy else 0)
        plan.dy_size = 0
        plan.n_runs = 0
        return True
    plan.channel_packs = (channels + LANES - 1) // LANES
    plan.lines_at_once = max(<ptrdiff_t>1, TERMS // (window.output[2] * LANES))
    plan.tiling = choose_tiling(which, plan.channel_packs, filters)
    # bands along the outermost axis there is, of as many outputs as stay in L2
    plan.band_axis = 0 if window.input[0] > 1 else 1
    output_lines = window.output[1] if plan.band_axis == 0 else 1
    input_lines = window.input[1] if plan.band_axis == 0 else 1
    per_output = LANES * (window.stride[plan.band_axis] * input_lines * window.input[2]
                          * plan.channels + output_lines * window.output[2] * plan.filters)
    plan.band = max(<ptrdiff_t>1, min(window.output[plan.band_axis], <ptrdiff_t>(BAND // sizeof(real)) // per_output))
    needed = ((plan.band - 1) * window.stride[plan.band_axis]
              + (window.size[plan.band_axis] - 1) * window.dilation[plan.band_axis] + 1)
    plan.x_size = (min(needed, window.input[plan.band_axis]) * input_lines * window.input[2]
                   * plan.channels * LANES + LANES)     # the last pack may read beyond the last row
    plan.dy_size = plan.band * output_lines * window.output[2] * plan.filters * LANES
    plan.sums_size = plan.taps * plan.filters * plan.channel_packs * LANES
    plan.n_runs = plan.lines_at_once * (1 if window.stride[2] == 1 else window.output[2])
    return True


cdef void list_offsets(const WeightGradient* plan, ptrdiff_t* offsets) noexcept nogil:
    """Lane-major: where tap (kz, ky, kx, c) of each group stands from a window's first element."""
    cdef const Window* window = &plan.window
    cdef ptrdiff_t channels = plan.channels // plan.groups
    cdef ptrdiff_t group, i, j, k, c, t = 0
    for group in range(plan.groups):
        for i in range(window.size[0]):
            for j in range(window.size[1]):
                for k in range(window.size[2]):
                    for c in range(channels):
                        offsets[t] = (
                            ((i * window.dilation[0] * plan.padded[1] + j * window.dilation[1])
                             * plan.padded[2] + k * window.dilation[2]) * plan.channels
                            + group * channels + c) * LANES
                        t += 1


def conv_backward_weights(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] dy,          # IN   (chunks, *output·filters·LANES), 0 in empty lanes
        ptrdiff_t samples,              # real ones
        real[:, ::1] dweight,           # OUT  (filters, *size·channels / groups), overwritten
        real[::1] dbias,                # OUT  (filters,), overwritten
        tuple window, ptrdiff_t groups, ptrdiff_t channels, int n_threads):
    cdef WeightGradient plan
    cdef ptrdiff_t chunks = x.shape[0], filters = dweight.shape[0], positions, n, slots, slot, chunk
    cdef ptrdiff_t chunk_size, scratch_size, here
    cdef int threads
    cdef unsigned long long mode
    cdef real* slot_sums
    cdef real* scratch
    cdef real* mine
    cdef fastnn_run* runs
    cdef ptrdiff_t* offsets
    if chunks == 0:
        dweight[:, :] = 0
        dbias[:] = 0
        return
    plan.window = make_window(window)
    plan.groups = groups
    plan.channels = channels
    plan.filters = filters
    make_weight_gradient(&plan, &x[0, 0])
    positions = plan.window.output[0] * plan.window.output[1] * plan.window.output[2]
    n = filters * plan.row + filters
    slots = slot_count(chunks, n * sizeof(real))
    threads = team(n_threads, slots, <double>chunks * positions * filters * plan.row * LANES)
    # a thread's scratch: x, dy, sums, bias sums, then one chunk's gradient and one chain's
    scratch_size = plan.x_size + plan.dy_size + plan.sums_size + filters * LANES + 2 * n
    scratch_size = (scratch_size + LANES - 1) // LANES * LANES
    slot_sums = <real*>aligned(slots * n * sizeof(real))
    scratch = <real*>aligned(threads * scratch_size * sizeof(real))
    runs = <fastnn_run*>aligned(threads * plan.n_runs * sizeof(fastnn_run))
    offsets = <ptrdiff_t*>aligned(groups * plan.row * sizeof(ptrdiff_t))
    try:
        if slot_sums == NULL or scratch == NULL or runs == NULL or offsets == NULL:
            raise MemoryError(f"no memory for {slots} slots of {n} gradients")
        if not plan.sample_major:
            list_offsets(&plan, offsets)
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            mine = scratch + threadid() * scratch_size
            if plan.padded_copy:
                memset(mine, 0, plan.x_size * sizeof(real))     # the borders, which stay 0
            for slot in prange(slots, schedule="static"):
                backward_weights_slot(
                    &plan, &x[0, 0], &dy[0, 0], x.shape[1], dy.shape[1], samples,
                    slot_start(slot, slots, chunks), slot_start(slot + 1, slots, chunks), mine,
                    runs + threadid() * plan.n_runs, offsets, slot_sums + slot * n)
            leave_fast_mode(mode)
        with nogil:
            mode = enter_fast_mode()
            sum_slots(slots, n, slot_sums)
            memcpy(&dweight[0, 0], slot_sums, filters * plan.row * sizeof(real))
            memcpy(&dbias[0], slot_sums + filters * plan.row, filters * sizeof(real))
            leave_fast_mode(mode)
    finally:
        free(slot_sums)
        free(scratch)
        free(runs)
        free(offsets)


cdef void backward_weights_slot(
        const WeightGradient* plan, const real* x, const real* dy, ptrdiff_t x_chunk,
        ptrdiff_t dy_chunk, ptrdiff_t samples, ptrdiff_t first, ptrdiff_t end, real* scratch,
        fastnn_run* runs, ptrdiff_t* offsets, real* total) noexcept nogil:
    """A slot's chunks in ascending order: chunk + chunk + …, a chain at most CHAIN long a level."""
    cdef ptrdiff_t weights = plan.filters * plan.row, n = weights + plan.filters
    cdef real* sums = scratch + plan.x_size + plan.dy_size
    cdef real* bias_sums = sums + plan.sums_size
    cdef real* gradient = bias_sums + plan.filters * LANES
    cdef real* chain = gradient + n
    cdef real* place
    cdef ptrdiff_t chunk, i
    for chunk in range(first, end):
        i = chunk - first
        # the first chunk needs no adding to
        place = total if i == 0 else (chain if i % CHAIN == 0 else gradient)
        conv_backward_weights_chunk(
            plan, x + chunk * x_chunk, dy + chunk * dy_chunk,
            min(<ptrdiff_t>LANES, samples - chunk * LANES), scratch, scratch + plan.x_size, sums,
            runs, offsets, bias_sums, place, place + weights)
        if place == gradient:
            add(n, gradient, total if i < CHAIN else chain)
        if i >= CHAIN and (i % CHAIN == CHAIN - 1 or chunk == end - 1):
            add(n, chain, total)
