"""Weight gradients of a convolution whose groups have few channels, by csrc's grouped_weights.

Row by row of the output, for each stretch of its columns that share their taps, through all groups
and taps: a row of x is read in order, and again for the next rows while it is in cache.

    sums[f][t][lane] += Σ_p dy[p][f][lane] · x[p + tap t][lane],      dw[f][t] = Σ_lanes sums[f][t]
"""
from libc.string cimport memset

from fastnn._core.conv_bias cimport add_bias_sums
from fastnn._core.kernels cimport CHAIN, LANES, grouped_weights
from fastnn._core.slots cimport add_lane_sums, begin_chunk, clear_lanes, end_chunk
from fastnn._core.window cimport Segment, Taps, make_axis, segments_of

cdef ptrdiff_t FEW = 8          # weights of a tap of a group: with more, outer's tiles share enough
# Columns of a call: the sums of fewer would be added to the others' too often.
cdef ptrdiff_t STRETCH = 16


cdef bint goes_grouped(ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t filters) noexcept nogil:
    """Whether groups have so few channels and filters that this is faster than each by itself."""
    return groups > 1 and channels * filters <= FEW


cdef bint plan_grouped(WeightGradient* plan, const real* which) except False:
    """Fill what only this way needs."""
    cdef ptrdiff_t weights = plan.filters * plan.row, c
    cdef int axis
    for axis in range(3):
        make_axis(&plan.axis[axis], &plan.window, axis, False)
    plan.columns = segments_of(&plan.axis[2], &plan.n_columns)
    plan.calls = 0
    for c in range(plan.n_columns):
        plan.calls += (plan.columns[c].count + STRETCH - 1) // STRETCH
    plan.calls *= plan.axis[0].targets * plan.axis[1].targets
    plan.x_size = 0
    plan.dy_size = (2 * weights + LANES - 1) // LANES * LANES       # spare gradients
    plan.sums_size = weights * LANES
    plan.runs_size = 2 * plan.row * <ptrdiff_t>(sizeof(ptrdiff_t) // sizeof(real))
    return True


cdef ptrdiff_t list_taps(const WeightGradient* plan, const Taps* depth, const Taps* height,
                         const Taps* width, ptrdiff_t* offset, ptrdiff_t* place) noexcept nogil:
    """Where the taps of a segment, and the channels of a group, stand in x and among weights."""
    cdef ptrdiff_t channels = plan.channels // plan.groups, i, j, k, c, source, number, found = 0
    for i in range(depth.count):
        for j in range(height.count):
            for k in range(width.count):
                source = (((depth.source + i * plan.axis[0].source_step) * plan.axis[1].sources
                           + height.source + j * plan.axis[1].source_step) * plan.axis[2].sources
                          + width.source + k * plan.axis[2].source_step)
                number = (((depth.place + i) * plan.window.size[1] + height.place + j)
                          * plan.window.size[2] + width.place + k)
                for c in range(channels):
                    offset[found] = (source * plan.channels + c) * LANES
                    place[found] = number * channels + c
                    found += 1
    return found


cdef void grouped_weights_chunk(
        const WeightGradient* plan,
        const real* x,              # IN   (*input, channels, LANES)
        const real* dy,             # IN   (*output, filters, LANES)
        ptrdiff_t samples,          #      lanes that hold samples, at least one
        real* spare,                #      two gradients
        real* sums,                 #      (filters, row, LANES)
        ptrdiff_t* taps,            #      two for each weight of a filter
        real* bias_sums,            #      (filters, LANES), or NULL: no gradient of biases
        real* dweight,              # OUT  (filters, row), overwritten
        real* dbias) noexcept nogil:    # IN/OUT  (filters,): add the lanes of bias_sums
    cdef ptrdiff_t weights = plan.filters * plan.row, dy_step = plan.filters * LANES
    cdef ptrdiff_t x_step = plan.axis[2].source_advance * plan.channels * LANES
    cdef ptrdiff_t depth, row, c, first, found, calls = 0, flushes = 0
    cdef ptrdiff_t bias_blocks = 0
    cdef const Segment* columns
    cdef real* place
    memset(sums, 0, weights * LANES * sizeof(real))
    for depth in range(plan.axis[0].targets):
        for row in range(plan.axis[1].targets):
            for c in range(plan.n_columns):
                columns = &plan.columns[c]
                found = list_taps(plan, &plan.axis[0].taps[depth], &plan.axis[1].taps[row],
                                  &columns.taps, taps, taps + plan.row)
                for first from 0 <= first < columns.count by STRETCH:
                    grouped_weights(
                        x + first * x_step, x_step, taps, taps + plan.row, found, plan.groups,
                        plan.channels // plan.groups, plan.filters // plan.groups,
                        dy + (columns.target + first) * dy_step, dy_step,
                        min(STRETCH, columns.count - first), sums, plan.row)
                    calls += 1
                    if calls % CHAIN == 0 or calls == plan.calls:
                        place = begin_chunk(flushes, spare, spare + weights, dweight)
                        memset(place, 0, weights * sizeof(real))
                        clear_lanes(weights, samples, sums)
                        add_lane_sums(weights, sums, place)
                        end_chunk(flushes, calls == plan.calls, weights, spare, spare + weights,
                                  dweight)
                        memset(sums, 0, weights * LANES * sizeof(real))
                        flushes += 1
            if bias_sums != NULL:
                bias_blocks = add_bias_sums(dy, plan.axis[2].targets, plan.filters, bias_blocks,
                                            bias_sums, dbias)
            dy += plan.axis[2].targets * dy_step
