"""Which register tile covers a piece of work, and weights laid out for it."""
from fastnn._core.kernels cimport LANES, real

# `outputs` are cut into `tiles` of nearly equal width, the first `wide` of them one wider. For
# csrc's outer, positions are taps.
cdef struct Tiling:
    int positions               # of a full tile
    ptrdiff_t outputs, tiles, width, wide

# The shape of a tile decides speed only: a sum's order does not depend on the tile that makes it.
cdef bint make_tiling(Tiling* tiling, int positions, ptrdiff_t most,
                      ptrdiff_t outputs) noexcept nogil
cdef double tiling_cycles(const Tiling* tiling, int vectors, ptrdiff_t count) noexcept nogil
cdef int tile_vectors(const real* which) noexcept nogil
cdef Tiling choose_tiling(const real* which, ptrdiff_t count, ptrdiff_t outputs,
                          int most_positions=*) noexcept nogil
cdef Tiling choose_outer_tiling(const real* which, ptrdiff_t taps, ptrdiff_t outputs,
                                ptrdiff_t most_outputs) noexcept nogil


cdef inline ptrdiff_t tile_width(const Tiling* tiling, ptrdiff_t tile) noexcept nogil:
    return tiling.width + (1 if tile < tiling.wide else 0)


cdef inline ptrdiff_t tile_start(const Tiling* tiling, ptrdiff_t tile) noexcept nogil:
    return tile * tiling.width + min(tile, tiling.wide)


# Packed weights: a panel [term][width] for each tile, one after the other. Packing a panel may
# write LANES numbers beyond it, so panels stand that far apart.

cdef inline ptrdiff_t panel_start(const Tiling* tiling, ptrdiff_t tile,
                                  ptrdiff_t terms) noexcept nogil:
    return tile_start(tiling, tile) * terms + tile * LANES


cdef inline ptrdiff_t panels_size(const Tiling* tiling, ptrdiff_t terms) noexcept nogil:
    return tiling.outputs * terms + tiling.tiles * LANES


cdef void pack_rows(const real* weight, ptrdiff_t row_step, ptrdiff_t terms, ptrdiff_t width,
                    ptrdiff_t step, real* panel) noexcept nogil
