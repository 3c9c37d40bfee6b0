from libc.string cimport memcpy

from fastnn._core.kernels cimport CHAIN, LANES, lane_sums


cdef ptrdiff_t slot_count(ptrdiff_t chunks, ptrdiff_t bytes_of_weights) noexcept nogil:
    """Enough for many cores, and bounded in memory: min(chunks, 64, max(2, 64 MiB / bytes)).

    Where that leaves several chunks to a slot, it is rounded down to a power of two: the slots of
    an operation with few of them are then unions of those of one with many.
    """
    cdef ptrdiff_t affordable = (64 << 20) // bytes_of_weights, most = 2
    while most < 64 and 2 * most <= affordable:
        most *= 2
    return min(chunks, most)


cdef void sum_slots(ptrdiff_t slots, ptrdiff_t n, ptrdiff_t slot_step, real* slot,
                    real* total) noexcept nogil:
    """total = Σ slots, `n` numbers each, as a tree: neighbours, pairs, and so on; uses slots up."""
    cdef ptrdiff_t distance = 1, i
    while distance < slots:
        for i from 0 <= i < slots - distance by 2 * distance:
            add(n, slot + (i + distance) * slot_step, slot + i * slot_step)
        distance *= 2
    memcpy(total, slot, n * sizeof(real))


cdef void end_chunk(ptrdiff_t nth, bint last, ptrdiff_t n, const real* gradient, real* chain,
                    real* total) noexcept nogil:
    if nth % CHAIN != 0:
        add(n, gradient, total if nth < CHAIN else chain)
    if nth >= CHAIN and (nth % CHAIN == CHAIN - 1 or last):
        add(n, chain, total)


cdef void add_lane_sums(ptrdiff_t n, const real* sums, real* total) noexcept nogil:
    """total[i] += the 16 lanes of sums[i]."""
    cdef real part[64]
    cdef ptrdiff_t i, count
    for i in range(0, n, 64):
        count = min(<ptrdiff_t>64, n - i)
        lane_sums(count, sums + i * LANES, part)
        add(count, part, total + i)
