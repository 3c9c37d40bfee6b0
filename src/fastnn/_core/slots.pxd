"""Gradient slots: sums over chunks whose order depends on shapes alone, never on threads."""
from fastnn._core.kernels cimport real

cdef ptrdiff_t slot_count(ptrdiff_t chunks, ptrdiff_t bytes_of_weights) noexcept nogil
cdef void sum_slots(ptrdiff_t slots, ptrdiff_t n, real* slot) noexcept nogil
cdef void add_lane_sums(ptrdiff_t n, const real* sums, real* total) noexcept nogil


cdef inline ptrdiff_t slot_start(ptrdiff_t slot, ptrdiff_t slots, ptrdiff_t chunks) noexcept nogil:
    """The first chunk of a slot; a slot owns consecutive chunks."""
    return slot * chunks // slots


cdef inline void add(ptrdiff_t n, const real* x, real* total) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(n):
        total[i] += x[i]
