from fastnn._core.kernels cimport real
from fastnn._core.tiles cimport Tiling

cdef void dense_tile_chunks(
    const Tiling* tiling, const real* x, ptrdiff_t terms, const real* weight, ptrdiff_t w_step,
    const real* bias, bint relu, const real* positive, real* y, ptrdiff_t index,
    ptrdiff_t chunks) noexcept nogil
