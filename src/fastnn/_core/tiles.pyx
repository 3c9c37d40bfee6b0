from fastnn._core.kernels cimport LANES, MAX_POSITIONS, real, rows_to_lanes, tile_outputs


cdef double tile_cycles(int positions, ptrdiff_t outputs, int vectors) noexcept nogil:
    """Cycles a term: two multiply-adds and two loads each, four until a sum can be added to again."""
    cdef double loaded = positions * vectors + outputs
    cdef double added = positions * vectors * outputs
    return max(4.0, max(loaded, added) / 2) + 0.5


cdef bint make_tiling(Tiling* tiling, const real* which, int positions,
                      ptrdiff_t outputs) noexcept nogil:
    """Cut `outputs` for tiles of `positions`; False if there are no such tiles."""
    cdef ptrdiff_t most = tile_outputs(which, positions)
    if most == 0:
        return False
    tiling.positions = positions
    tiling.outputs = outputs
    tiling.tiles = (outputs + most - 1) // most
    tiling.width = outputs // tiling.tiles
    tiling.wide = outputs % tiling.tiles
    return True


cdef double tiling_cycles(const Tiling* tiling, const real* which, ptrdiff_t count) noexcept nogil:
    """Cycles a term for `count` positions in a row and all outputs."""
    cdef int vectors = 1 if tile_outputs(which, 3) > 0 else 2
    cdef ptrdiff_t full = count // tiling.positions
    cdef int left = count % tiling.positions
    cdef double cycles = 0
    cdef ptrdiff_t narrow = tiling.tiles - tiling.wide
    cycles += full * narrow * tile_cycles(tiling.positions, tiling.width, vectors)
    cycles += full * tiling.wide * tile_cycles(tiling.positions, tiling.width + 1, vectors)
    if left:
        cycles += narrow * tile_cycles(left, tiling.width, vectors)
        cycles += tiling.wide * tile_cycles(left, tiling.width + 1, vectors)
    return cycles


cdef Tiling choose_tiling(const real* which, ptrdiff_t count, ptrdiff_t outputs) noexcept nogil:
    """The tiling that covers `count` positions x `outputs` in the fewest cycles."""
    cdef Tiling best, tiling
    cdef int positions
    cdef double cycles, fewest = -1
    for positions in range(1, MAX_POSITIONS + 1):
        if not make_tiling(&tiling, which, positions, outputs):
            continue
        cycles = tiling_cycles(&tiling, which, count)
        if fewest < 0 or cycles < fewest:
            fewest = cycles
            best = tiling
    return best


cdef void pack_rows(const real* weight, ptrdiff_t row_step, ptrdiff_t terms, ptrdiff_t width,
                    real* panel) noexcept nogil:
    """`width` rows of `terms` weights, transposed: panel[term][row]."""
    cdef const real* rows[16]
    cdef ptrdiff_t lane
    for lane in range(LANES):
        rows[lane] = weight + min(lane, width - 1) * row_step
    rows_to_lanes(rows, terms, panel, width)
