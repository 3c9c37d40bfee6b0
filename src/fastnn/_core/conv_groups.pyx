"""Convolution whose groups have few channels, depthwise ones above all: all groups at once.

`tile` gains by sharing a group's channels among its outputs, of which there are too few here, and
to go group by group would read memory in leaps. So for each block of targets that share their taps,
csrc's grouped goes through all groups of a few columns, from the first row to the last: what a row
needs is read in order, and serves the next rows from cache. The sums are those of `tile`.
"""
from libc.string cimport memcpy

from fastnn._core.conv cimport Block, Correlation
from fastnn._core.kernels cimport CHAIN, RELU, fastnn_groups, grouped, neighbours, real

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


cdef void correlate_groups(
        const Correlation* plan, const Block* block, const real* x, const real* packed,
        const real* bias, const real* positive, real* y) noexcept nogil:
    """All groups of a block of targets, from left to right."""
    cdef ptrdiff_t j, most = neighbours(x)
    cdef fastnn_groups all = fastnn_groups(
        rows=block.rows, x_row_step=block.x_row, y_row_step=block.y_row,
        x_position_step=block.x_column, y_position_step=block.y_column, runs=block.runs,
        n_runs=block.n_runs, row_runs=block.row_runs, groups=plan.groups, terms=plan.terms,
        outputs=plan.tiling.outputs, w_output_step=plan.taps * plan.terms,
        finish=RELU if plan.relu else 0)
    for j from 0 <= j < block.columns by most:
        grouped(<int>min(most, block.columns - j), &all, x + j * block.x_column, packed, bias,
                positive + j * block.y_column if positive != NULL else NULL,
                y + j * block.y_column)
