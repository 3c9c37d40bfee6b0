from fastnn._core.conv cimport Correlation
from fastnn._core.dense_weights cimport DenseGradient
from fastnn._core.kernels cimport fastnn_run, real
from fastnn._core.tiles cimport Tiling
from fastnn._core.window cimport Axis, Window

# A convolution whose every output position has weights of its own, by filter, tap and channel.
cdef struct LocalConv:
    Correlation correlation     # forward: which taps of a position meet which inputs
    Axis back[3]                # which outputs an input is read by
    ptrdiff_t positions, inputs         # of a sample: output positions, input positions
    ptrdiff_t channels, filters, terms  # terms: taps · channels, the weights of a filter
    Tiling tiling               # of channels, for the input gradient
    DenseGradient gradient      # of one position's weights

cdef bint make_local_conv(LocalConv* plan, const Window* window, ptrdiff_t channels,
                          ptrdiff_t filters, ptrdiff_t chunks, const real* which) except False
cdef void free_local_conv(LocalConv* plan) noexcept nogil
cdef ptrdiff_t local_panels_size(const LocalConv* plan) noexcept nogil
cdef ptrdiff_t local_gradient_scratch(const LocalConv* plan, ptrdiff_t samples) noexcept nogil
cdef void local_conv_pack_position(const LocalConv* plan, const real* weight, ptrdiff_t position,
                                   real* packed) noexcept nogil
cdef void local_conv_forward_position(
    const LocalConv* plan, ptrdiff_t position, const real* x, ptrdiff_t x_step, const real* packed,
    const real* bias, real* y, ptrdiff_t y_step, ptrdiff_t first, ptrdiff_t end,
    fastnn_run* runs) noexcept nogil
cdef void local_conv_backward_input_position(
    const LocalConv* plan, ptrdiff_t position, const real* dy, ptrdiff_t dy_step,
    const real* weight, const real* positive, real* dx, ptrdiff_t dx_step, ptrdiff_t first,
    ptrdiff_t end, fastnn_run* runs) noexcept nogil
cdef void local_conv_backward_weights_position(
    const LocalConv* plan, ptrdiff_t position, const real* x, ptrdiff_t x_step, const real* dy,
    ptrdiff_t dy_step, ptrdiff_t samples, real* scratch, fastnn_run* runs, real* dweight,
    real* dbias) noexcept nogil
