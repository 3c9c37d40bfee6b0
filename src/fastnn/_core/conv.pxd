from fastnn._core.kernels cimport fastnn_run, real
from fastnn._core.tiles cimport Tiling
from fastnn._core.window cimport Axis, Segment, Taps, Window

# Convolution forward and its input gradient are one correlation of source with packed weights; so
# are those of a transposed convolution, the other way round.
cdef struct Correlation:
    Axis axis[3]
    Segment* rows               # segments of the height axis
    Segment* columns            # segments of the width axis
    ptrdiff_t n_rows, n_columns
    ptrdiff_t size[3], taps     # the kernel
    ptrdiff_t groups
    ptrdiff_t terms             # source channels of a group
    bint from_last              # taps run from the last
    bint rows_touch             # taps along the last axis lie side by side in x and in the weights
    Tiling tiling               # of the target channels of a group
    bint relu                   # whether a ReLU follows
    bint grouped                # by conv_groups.pyx: all groups at once
    bint winograd               # by winograd.pyx: one group, 3×3 taps, targets and sources in step
    ptrdiff_t before[3]         # padding in front of the sources, where they are in step
    ptrdiff_t block             # winograd: tiles of targets that go together

# Targets that share their taps: a segment of rows by one of columns, how far apart they and their
# sources lie (in elements), and the runs of their terms, `row_runs` of them a row of the window.
cdef struct Block:
    ptrdiff_t rows, columns
    ptrdiff_t x_row, x_column, y_row, y_column
    fastnn_run* runs
    ptrdiff_t n_runs, row_runs

cdef bint make_correlation(Correlation* plan, const Window* window, bint backward,
                           ptrdiff_t groups, ptrdiff_t terms, ptrdiff_t outputs, bint winograd,
                           const real* which) except False
cdef void free_correlation(Correlation* plan) noexcept nogil
cdef ptrdiff_t packed_size(const Correlation* plan) noexcept nogil
cdef ptrdiff_t correlation_scratch(const Correlation* plan, const real* which) noexcept nogil
cdef ptrdiff_t list_runs(const Correlation* plan, ptrdiff_t group, const Taps* depth,
                         const Taps* height, const Taps* width, fastnn_run* runs) noexcept nogil
cdef void pack_tile(const Correlation* plan, const real* weight, bint backward, ptrdiff_t group,
                    ptrdiff_t index, real* packed) noexcept nogil
cdef ptrdiff_t list_runs(const Correlation* plan, ptrdiff_t group, const Taps* depth,
                         const Taps* height, const Taps* width, fastnn_run* runs) noexcept nogil
cdef void correlate_line(
    const Correlation* plan, const real* x, ptrdiff_t x_step, const fastnn_run* runs,
    ptrdiff_t n_runs, const real* packed, const real* bias, const real* positive, real* y,
    ptrdiff_t y_step, ptrdiff_t count) noexcept nogil
cdef void conv_correlate_chunk(
    const Correlation* plan, const real* x, const real* packed, const real* bias,
    const real* positive, real* y,
    ptrdiff_t first_row, ptrdiff_t end_row, real* scratch) noexcept nogil
