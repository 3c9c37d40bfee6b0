from fastnn._core.kernels cimport real
from fastnn._core.operation cimport Operation

# A sample's activation: positions, and channels of each, rounded up to packs.
cdef struct Layout:
    ptrdiff_t positions, channels

cdef bint single_supports(const Operation* op, Layout before) noexcept nogil
cdef Layout layout_after(const Operation* op, Layout before) noexcept nogil
cdef ptrdiff_t single_packs(const Operation* op) noexcept nogil
cdef ptrdiff_t single_panel_size(const Operation* op) noexcept nogil
cdef ptrdiff_t single_scratch(const Operation* op, const real* which) noexcept nogil
cdef void single_pack(const Operation* op, const real* parameters, ptrdiff_t index,
                      real* panels) noexcept nogil
cdef void single_forward_part(
    const Operation* op, const real* parameters, const real* panels, const real* x,
    Layout layout, real* y, ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil
cdef void single_enter(const real* row, Layout layout, real* y) noexcept nogil
cdef void single_leave(const real* x, Layout layout, real* row) noexcept nogil


cdef inline ptrdiff_t padded(ptrdiff_t channels) noexcept nogil:
    return (channels + 15) // 16 * 16
