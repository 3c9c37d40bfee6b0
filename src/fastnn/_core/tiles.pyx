from fastnn._core.kernels cimport MAX_POSITIONS, real, tile_outputs


cdef double tile_cycles(int positions, ptrdiff_t outputs, int vectors) noexcept nogil:
    """Cycles a term: two multiply-adds and two loads each, four until a sum can be added to again."""
    cdef double loaded = positions * vectors + outputs
    cdef double added = positions * vectors * outputs
    return max(4.0, max(loaded, added) / 2) + 0.5


cdef Tiling choose_tiling(const real* which, const ptrdiff_t* counts, ptrdiff_t n_counts,
                          ptrdiff_t outputs) noexcept nogil:
    """The tile shape that covers `outputs` x runs of `counts` positions in the fewest cycles.

    It decides speed only: a sum's order does not depend on the tile that makes it.
    """
    cdef Tiling best, tiling
    cdef int positions, left
    cdef int vectors = 1 if tile_outputs(which, 3) > 0 else 2
    cdef ptrdiff_t most, i
    cdef double cycles, each, fewest = -1
    for positions in range(1, MAX_POSITIONS + 1):
        most = tile_outputs(which, positions)
        if most == 0:
            continue
        tiling.positions = positions
        tiling.outputs = outputs
        tiling.tiles = (outputs + most - 1) // most
        tiling.width = outputs // tiling.tiles
        tiling.wide = outputs % tiling.tiles
        cycles = 0
        for i in range(n_counts):
            left = counts[i] % positions
            each = (counts[i] // positions) * tile_cycles(positions, tiling.width, vectors)
            if left:
                each += tile_cycles(left, tiling.width, vectors)
            cycles += each * tiling.tiles
            if tiling.wide:
                cycles += (counts[i] // positions) * positions * vectors * tiling.wide / 2.0
        if fewest < 0 or cycles < fewest:
            fewest = cycles
            best = tiling
    return best
