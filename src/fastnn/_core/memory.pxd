from libc.stddef cimport size_t

from fastnn._core.kernels cimport LANES, real

cdef void* take(size_t size) noexcept
cdef void give(void* memory) noexcept


cdef inline ptrdiff_t elements(ptrdiff_t count, size_t bytes, const real* which) noexcept nogil:
    """Whole packs that hold `count` things of so many bytes."""
    cdef ptrdiff_t pack = LANES * sizeof(real)
    return (count * <ptrdiff_t>bytes + pack - 1) // pack * LANES
