from fastnn._core.conv cimport Correlation
from fastnn._core.kernels cimport real

cdef enum:
    PLACES = 16                 # of a transformed tile, and of a transformed kernel

cdef void plan_winograd(Correlation* plan, ptrdiff_t outputs, const real* which) noexcept nogil
cdef ptrdiff_t winograd_scratch(const Correlation* plan) noexcept nogil
cdef void winograd_correlate_chunk(
    const Correlation* plan, const real* x, const real* packed, const real* bias,
    const real* positive, real* y,
    ptrdiff_t first_row, ptrdiff_t end_row, real* scratch) noexcept nogil
