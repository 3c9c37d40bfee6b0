from fastnn._core.kernels cimport real
from fastnn._core.operation cimport Operation
from fastnn._core.single cimport Layout

cdef void single_conv(
    const Operation* op, const real* bias, const real* panels, const real* x, Layout layout,
    real* y, ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil
cdef ptrdiff_t single_conv_scratch(const Operation* op, const real* which) noexcept nogil
