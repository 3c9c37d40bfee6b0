"""Gradient slots: sums over chunks whose order depends on shapes alone, never on threads.

A slot owns consecutive chunks and takes their gradients in ascending order, in chains of at most
CHAIN: nth = 0 is stored, every later one is added. Slots are summed as a tree.
"""
from fastnn._core.kernels cimport CHAIN, LANES, real

cdef ptrdiff_t slot_count(ptrdiff_t chunks, ptrdiff_t bytes_of_weights) noexcept nogil
cdef void sum_slots(ptrdiff_t slots, ptrdiff_t n, ptrdiff_t slot_step, real* slot,
                    real* total) noexcept nogil
cdef void end_chunk(ptrdiff_t nth, bint last, ptrdiff_t n, const real* gradient, real* chain,
                    real* total) noexcept nogil
cdef void add_lane_sums(ptrdiff_t n, const real* sums, real* total) noexcept nogil


cdef inline ptrdiff_t slot_start(ptrdiff_t slot, ptrdiff_t slots, ptrdiff_t chunks) noexcept nogil:
    """The first chunk of a slot; a slot owns consecutive chunks."""
    return slot * chunks // slots


cdef inline void add(ptrdiff_t n, const real* x, real* total) noexcept nogil:
    cdef ptrdiff_t i
    for i in range(n):
        total[i] += x[i]


cdef inline void clear_lanes(ptrdiff_t n, ptrdiff_t samples, real* sums) noexcept nogil:
    """Make 0 of what n packs hold in lanes without a sample."""
    cdef ptrdiff_t i, lane
    for i in range(n):
        for lane in range(samples, LANES):
            sums[i * LANES + lane] = 0


cdef inline real* begin_chunk(ptrdiff_t nth, real* gradient, real* chain,
                              real* total) noexcept nogil:
    """Where the gradient of a slot's nth chunk goes; then `end_chunk` adds it where it belongs.

    `gradient` is scratch; `chain` is kept for the slot, and needed if it owns more than CHAIN.
    """
    if nth == 0:
        return total
    return chain if nth % CHAIN == 0 else gradient
