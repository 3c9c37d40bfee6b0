from fastnn._core.kernels cimport real
from fastnn._core.tiles cimport Tiling
from fastnn._core.window cimport Axis, Segment, Window

# How one chunk's weight gradient is taken, and the scratch memory that takes, in elements.
cdef struct WeightGradient:
    Window window
    ptrdiff_t groups, channels, filters     # channels and filters: of all groups
    ptrdiff_t taps, row                     # of the kernel; weights of a filter
    bint transposed                         # x and dy, channels and filters have changed places
    ptrdiff_t biases
    ptrdiff_t parameters                    # weights and biases
    bint sample_major                       # lanes are channels instead of samples
    bint grouped                            # all groups at once
    Tiling tiling
    # lane-major: output positions of a block, and whether some window reaches beyond the input
    ptrdiff_t positions
    bint padded
    # sample-major: packs of a group's channels, output lines and columns that a tile takes, and
    # bands of `band` outputs along an axis
    ptrdiff_t channel_packs, lines_at_once, columns_at_once, band
    int band_axis
    ptrdiff_t* offsets                      # lane-major: of the taps, from a window's first element
    # grouped: taps of every position, columns that share theirs, and calls of its kernel
    Axis axis[3]
    Segment* columns
    ptrdiff_t n_columns, calls
    # scratch of a thread, in elements
    ptrdiff_t x_size, dy_size, sums_size, runs_size
    ptrdiff_t scratch                       # all of it, and one chunk's gradient

cdef bint make_weight_gradient(WeightGradient* plan, const Window* window, bint transposed,
                               ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t filters,
                               const real* which) except False
cdef void free_weight_gradient(WeightGradient* plan) noexcept nogil

cdef void conv_backward_weights_chunk(
    const WeightGradient* plan, const real* x, const real* dy, ptrdiff_t samples, ptrdiff_t nth,
    bint last, real* scratch, real* chain, real* total) noexcept nogil
