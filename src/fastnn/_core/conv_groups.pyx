"""Convolution whose groups have few channels, depthwise ones above all: all groups at once.

`tile` gains by sharing a group's channels among its outputs, of which there are too few here, and
to go group by group would read memory in leaps. So for each row of targets, for each stretch of its
columns that share their taps, csrc's grouped goes through all groups of a few columns: what a row
needs is read once, in order, and serves the next rows from cache. The sums are those of `tile`.
"""
from libc.string cimport memcpy

from fastnn._core.conv cimport Correlation, list_runs
from fastnn._core.kernels cimport CHAIN, LANES, RELU, fastnn_run, grouped, neighbours, real
from fastnn._core.window cimport Segment

cdef ptrdiff_t FEW = 4                  # outputs of a group: with more, tiles share enough


cdef bint goes_grouped(ptrdiff_t groups, ptrdiff_t taps, ptrdiff_t terms,
                       ptrdiff_t outputs) noexcept nogil:
    """Whether this is faster than tiles of each group; the sums have to be a single chain."""
    return groups > 1 and taps * terms <= CHAIN and outputs <= FEW


cdef void pack_group(const Correlation* plan, const real* weight, bint backward, ptrdiff_t group,
                     real* packed) noexcept nogil:
    """Lay out a group's weights as csrc's grouped reads them: [output][tap][term].

    Outputs, terms and the order of taps are those of conv's pack_tile.
    """
    cdef ptrdiff_t taps = plan.taps, terms = plan.terms, outputs = plan.tiling.outputs
    cdef ptrdiff_t o, place, tap, i
    packed += group * outputs * taps * terms
    weight += group * outputs * taps * terms
    for o in range(outputs):
        for place in range(taps):
            tap = taps - 1 - place if plan.from_last else place
            if backward:
                for i in range(terms):
                    packed[i] = weight[(i * taps + tap) * outputs + o]
            else:
                memcpy(packed, weight + (o * taps + tap) * terms, terms * sizeof(real))
            packed += terms


cdef void grouped_correlate_chunk(
        const Correlation* plan,
        const real* x,              # IN   (*sources, groups·terms, LANES)
        const real* packed,         # IN   weights from pack_group
        const real* bias,           # IN   (groups·outputs,) or NULL
        const real* positive,       # IN   like y, or NULL: results are 0 where it is not > 0
        real* y,                    # OUT  (*targets, groups·outputs, LANES): these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row, real* scratch) noexcept nogil:
    cdef fastnn_run* runs = <fastnn_run*>scratch
    cdef ptrdiff_t y_pixel = plan.groups * plan.tiling.outputs * LANES
    cdef ptrdiff_t x_step = plan.axis[2].source_advance * plan.groups * plan.terms * LANES
    cdef ptrdiff_t y_step = plan.axis[2].target_step * y_pixel
    cdef ptrdiff_t depth, row, c, j, n_runs, place, most = neighbours(x)
    cdef const Segment* columns
    for depth in range(plan.axis[0].targets):
        for row in range(first_row, end_row):
            for c in range(plan.n_columns):
                columns = &plan.columns[c]
                n_runs = list_runs(plan, 0, &plan.axis[0].taps[depth], &plan.axis[1].taps[row],
                                   &columns.taps, runs)
                place = ((depth * plan.axis[1].targets + row) * plan.axis[2].targets
                         + columns.target) * y_pixel
                for j from 0 <= j < columns.count by most:
                    grouped(<int>min(most, columns.count - j), x + j * x_step, x_step, runs,
                            n_runs, max(columns.taps.count, 1), plan.groups, plan.terms,
                            plan.tiling.outputs, packed, plan.taps * plan.terms, bias,
                            positive + place + j * y_step if positive != NULL else NULL,
                            RELU if plan.relu else 0, y + place + j * y_step, y_step)
