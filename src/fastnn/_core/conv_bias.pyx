"""The bias gradient of a convolution, db[o] = Σ_p Σ_lanes dy[p][o], taken while dy is in cache."""
from libc.string cimport memset

from fastnn._core.kernels cimport CHAIN, LANES, position_sums
from fastnn._core.slots cimport add_lane_sums


cdef ptrdiff_t add_bias_sums(
        const real* dy,             # IN      (positions, filters, LANES), 0 in empty lanes
        ptrdiff_t positions, ptrdiff_t filters,
        ptrdiff_t blocks,           #         what the call before returned; 0: the first of a chunk
        real* sums,                 # IN/OUT  (filters, LANES)
        real* dbias) noexcept nogil:    # IN/OUT  (filters,): after the last call, add sums' lanes
    """Add one stretch of a chunk's positions; returns the blocks of CHAIN positions so far."""
    cdef ptrdiff_t first
    if blocks == 0:
        memset(dbias, 0, filters * sizeof(real))
    for first from 0 <= first < positions by CHAIN:
        if blocks % CHAIN == 0:
            if blocks:
                add_lane_sums(filters, sums, dbias)
            memset(sums, 0, filters * LANES * sizeof(real))
        position_sums(min(<ptrdiff_t>CHAIN, positions - first), filters,
                      dy + first * filters * LANES, filters * LANES, sums)
        blocks += 1
    return blocks
