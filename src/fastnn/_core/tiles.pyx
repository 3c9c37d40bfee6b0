from fastnn._core.kernels cimport (
    LANES, MAX_POSITIONS, MAX_TAPS, outer_outputs, real, rows_to_lanes, tile_outputs)


cdef double tile_cycles(int positions, ptrdiff_t outputs, int vectors) noexcept nogil:
    """Cycles a term: two multiply-adds and two loads a cycle, four until a sum can be added to."""
    cdef double loaded = positions * vectors + outputs
    cdef double added = positions * vectors * outputs
    return max(4.0, max(loaded, added) / 2) + 0.5


cdef bint make_tiling(Tiling* tiling, int positions, ptrdiff_t most,
                      ptrdiff_t outputs) noexcept nogil:
    """Cut `outputs` into tiles of `most`; False if that is 0: there are no tiles of `positions`."""
    if most == 0:
        return False
    tiling.positions = positions
    tiling.outputs = outputs
    tiling.tiles = (outputs + most - 1) // most
    tiling.width = outputs // tiling.tiles
    tiling.wide = outputs % tiling.tiles
    return True


cdef double tiling_cycles(const Tiling* tiling, int vectors, ptrdiff_t count) noexcept nogil:
    """Cycles a term for `count` positions in a row and all outputs."""
    cdef ptrdiff_t full = count // tiling.positions, narrow = tiling.tiles - tiling.wide
    cdef int left = count % tiling.positions
    cdef double cycles = 0
    cycles += full * narrow * tile_cycles(tiling.positions, tiling.width, vectors)
    cycles += full * tiling.wide * tile_cycles(tiling.positions, tiling.width + 1, vectors)
    if left:
        cycles += narrow * tile_cycles(left, tiling.width, vectors)
        cycles += tiling.wide * tile_cycles(left, tiling.width + 1, vectors)
    return cycles


cdef int tile_vectors(const real* which) noexcept nogil:
    """Vectors of a position that a tile works on at once."""
    return 1 if tile_outputs(which, 3) > 0 else 2


cdef Tiling choose_tiling(const real* which, ptrdiff_t count, ptrdiff_t outputs,
                          int most_positions=MAX_POSITIONS) noexcept nogil:
    """The tiling that covers `count` positions x `outputs` in the fewest cycles."""
    cdef Tiling best, tiling
    cdef int positions, vectors = tile_vectors(which)
    cdef double cycles, fewest = -1
    for positions in range(1, most_positions + 1):
        if make_tiling(&tiling, positions, tile_outputs(which, positions), outputs):
            cycles = tiling_cycles(&tiling, vectors, count)
            if fewest < 0 or cycles < fewest:
                fewest = cycles
                best = tiling
    return best


cdef Tiling choose_outer_tiling(const real* which, ptrdiff_t taps, ptrdiff_t outputs,
                                ptrdiff_t most_outputs) noexcept nogil:
    """The tiling of csrc's outer that covers `taps` x `outputs` in the fewest cycles."""
    cdef Tiling best, tiling
    cdef int size
    cdef double cycles, fewest = -1
    for size in range(1, MAX_TAPS + 1):
        if make_tiling(&tiling, size, min(most_outputs, outer_outputs(which, size)), outputs):
            cycles = ((taps // size) * tiling.tiles * outer_cycles(size, tiling.width)
                      + tiling.tiles * outer_cycles(taps % size, tiling.width))
            if fewest < 0 or cycles < fewest:
                fewest = cycles
                best = tiling
    return best


cdef double outer_cycles(int taps, ptrdiff_t outputs) noexcept nogil:
    """Cycles a position; with fewer than four taps compilers load dy anew for every tap."""
    cdef double loaded = taps + (outputs if taps >= 4 else taps * outputs)
    return max(4.0, max(loaded, <double>(taps * outputs)) / 2) + 0.5 if taps else 0.0


cdef void pack_rows(const real* weight, ptrdiff_t row_step, ptrdiff_t terms, ptrdiff_t width,
                    ptrdiff_t step, real* panel) noexcept nogil:
    """`width` rows of `terms` weights, transposed: panel[term · step + row]."""
    cdef const real* rows[16]
    cdef ptrdiff_t lane
    for lane in range(LANES):
        rows[lane] = weight + min(lane, width - 1) * row_step
    rows_to_lanes(rows, terms, panel, step)
