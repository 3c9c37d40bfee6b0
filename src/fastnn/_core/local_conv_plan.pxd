"""A program's locally connected layer over one chunk, and the weight gradient of a position."""
from fastnn._core.kernels cimport real
from fastnn._core.local_conv cimport LocalConv

cdef ptrdiff_t make_local_plan(LocalConv* plan, dict settings, const real* which) except -1
cdef ptrdiff_t local_panel_size(const LocalConv* plan) noexcept nogil
cdef ptrdiff_t local_conv_sums_size(const LocalConv* plan, ptrdiff_t samples,
                                    const real* which) noexcept nogil
cdef ptrdiff_t local_plan_scratch(const LocalConv* plan, ptrdiff_t samples,
                                  const real* which) noexcept nogil
cdef void local_conv_forward_chunk(
    const LocalConv* plan, const real* x, const real* packed, const real* bias, real* y,
    real* scratch) noexcept nogil
cdef void local_conv_backward_input_chunk(
    const LocalConv* plan, const real* dy, const real* weight, const real* positive, real* dx,
    real* scratch) noexcept nogil
cdef void local_conv_backward_weights(
    const LocalConv* plan, ptrdiff_t position, const real* x, ptrdiff_t x_step, const real* dy,
    ptrdiff_t dy_step, ptrdiff_t samples, real* scratch, real* dweight,
    real* dbias) noexcept nogil
