from fastnn._core.conv_weights cimport WeightGradient
from fastnn._core.kernels cimport LANES, fastnn_run, real

# Output lines (depth, row) of a sample from first to end, and the input lines that they read.
cdef struct Band:
    ptrdiff_t first, end, first_input, end_input

cdef inline ptrdiff_t row_step(ptrdiff_t channels) noexcept nogil:
    """From one turned row of channels to the next.

    A tile reads a few channels of all rows. At distances of a multiple of four packs these would
    share a quarter of the cache's sets, or less, and drive each other out.
    """
    return channels + LANES if channels % (4 * LANES) == 0 else channels

cdef void sample_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                             ptrdiff_t samples, real* x_scratch, real* dy_scratch, real* sums,
                             fastnn_run* runs, real* bias_sums, real* dweight,
                             real* dbias) noexcept nogil
