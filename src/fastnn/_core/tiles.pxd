"""Which register tile covers a piece of work, and weights laid out for it."""
from fastnn._core.kernels cimport fastnn_run, real

# `outputs` are cut into `tiles` of nearly equal width, the first `wide` of them one wider.
cdef struct Tiling:
    int positions               # of a full tile
    ptrdiff_t outputs, tiles, width, wide

cdef Tiling choose_tiling(const real* which, const ptrdiff_t* counts, ptrdiff_t n_counts,
                          ptrdiff_t outputs) noexcept nogil


cdef inline ptrdiff_t tile_width(const Tiling* tiling, ptrdiff_t tile) noexcept nogil:
    return tiling.width + (1 if tile < tiling.wide else 0)


cdef inline ptrdiff_t tile_start(const Tiling* tiling, ptrdiff_t tile) noexcept nogil:
    return tile * tiling.width + min(tile, tiling.wide)
