"""Sums of losses in double precision: each lane's own, in chains of CHAIN terms."""
from fastnn._core.kernels cimport CHAIN, LANES

# The chain that terms are added to, and the levels that full chains go to; begins as zeros.
cdef struct LaneSums:
    double chain[16]
    double level[2][16]
    ptrdiff_t flushes


cdef inline void flush(LaneSums* sums) noexcept nogil:
    """End the chain, which holds at most CHAIN terms; CHAIN chains are one of the last level."""
    cdef ptrdiff_t lane
    sums.flushes += 1
    for lane in range(LANES):
        sums.level[0][lane] += sums.chain[lane]
        sums.chain[lane] = 0
        if sums.flushes % CHAIN == 0:
            sums.level[1][lane] += sums.level[0][lane]
            sums.level[0][lane] = 0


cdef inline void finish(LaneSums* sums, double* total) noexcept nogil:
    cdef ptrdiff_t lane
    flush(sums)
    for lane in range(LANES):
        total[lane] = sums.level[0][lane] + sums.level[1][lane]
