from fastnn._core.kernels cimport fastnn_run, real
from fastnn._core.tiles cimport Tiling
from fastnn._core.window cimport Window

# How one chunk's weight gradient is taken, and the scratch memory that takes, in elements.
cdef struct WeightGradient:
    Window window
    ptrdiff_t groups, channels, filters     # channels and filters: of all groups
    ptrdiff_t taps, row                     # of the kernel; weights of a filter
    bint sample_major                       # lanes are channels instead of samples
    Tiling tiling
    # lane-major: whether some window reaches beyond the input
    bint padded
    # sample-major: packs of a group's channels, output lines and columns that a tile takes, and
    # bands of `band` outputs along an axis
    ptrdiff_t channel_packs, lines_at_once, columns_at_once, band
    int band_axis
    # a thread's scratch
    ptrdiff_t x_size, dy_size, sums_size, n_runs, n_offsets

cdef void conv_backward_weights_chunk(
    const WeightGradient* plan, const real* x, const real* dy, ptrdiff_t samples, real* x_scratch,
    real* dy_scratch, real* sums, fastnn_run* runs, ptrdiff_t* offsets, real* bias_sums,
    real* dweight, real* dbias) noexcept nogil
