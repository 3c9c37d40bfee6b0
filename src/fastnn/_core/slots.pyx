from fastnn._core.kernels cimport LANES, lane_sums


cdef ptrdiff_t slot_count(ptrdiff_t chunks, ptrdiff_t bytes_of_weights) noexcept nogil:
    """min(chunks, 64, max(2, 64 MiB / bytes)): enough for many cores, bounded in memory."""
    cdef ptrdiff_t affordable = (64 << 20) // bytes_of_weights
    return min(chunks, <ptrdiff_t>64, max(<ptrdiff_t>2, affordable))


cdef void sum_slots(ptrdiff_t slots, ptrdiff_t n, real* slot) noexcept nogil:
    """Add all slots of `n` numbers into the first, as a tree: neighbours, then pairs, and so on."""
    cdef ptrdiff_t distance = 1, i
    while distance < slots:
        for i from 0 <= i < slots - distance by 2 * distance:
            add(n, slot + (i + distance) * n, slot + i * n)
        distance *= 2


cdef void add_lane_sums(ptrdiff_t n, const real* sums, real* total) noexcept nogil:
    """total[i] += the 16 lanes of sums[i]."""
    cdef real part[64]
    cdef ptrdiff_t i, count
    for i in range(0, n, 64):
        count = min(<ptrdiff_t>64, n - i)
        lane_sums(count, sums + i * LANES, part)
        add(count, part, total + i)
