from fastnn._core.conv cimport Block, Correlation
from fastnn._core.kernels cimport real

cdef bint goes_grouped(ptrdiff_t groups, ptrdiff_t taps, ptrdiff_t terms,
                       ptrdiff_t outputs) noexcept nogil
cdef void pack_group(const Correlation* plan, const real* weight, bint backward, ptrdiff_t group,
                     real* packed) noexcept nogil
cdef void correlate_groups(
    const Correlation* plan, const Block* block, const real* x, const real* packed,
    const real* bias, const real* positive, real* y) noexcept nogil
