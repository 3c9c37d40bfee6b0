from fastnn._core.conv_weights cimport WeightGradient
from fastnn._core.kernels cimport fastnn_run, real

# Output lines (depth, row) of a sample from first to end, and the input lines that they read.
cdef struct Band:
    ptrdiff_t first, end, first_input, end_input

cdef void sample_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                             ptrdiff_t samples, real* x_scratch, real* dy_scratch, real* sums,
                             fastnn_run* runs, real* bias_sums, real* dweight,
                             real* dbias) noexcept nogil
