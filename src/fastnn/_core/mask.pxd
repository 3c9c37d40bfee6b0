"""Weights that are not there."""
from fastnn._core.kernels cimport real


cdef inline void clear_masked(const unsigned char* mask, ptrdiff_t n, real* numbers) noexcept nogil:
    """0 where the mask is; what is 0 already is not written, so that readers share it."""
    cdef ptrdiff_t i
    for i in range(n):
        if not mask[i] and numbers[i] != 0:
            numbers[i] = 0
