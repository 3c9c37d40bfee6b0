from libc.math cimport sqrt
from libc.stdint cimport uint32_t, uint64_t

from fastnn._core.kernels cimport real

cdef void add_noise_run(double spread, uint64_t seed, uint32_t step, ptrdiff_t first, ptrdiff_t n,
                        real* gradients) noexcept nogil


cdef inline double norm_factor(double squares, double limit) noexcept nogil:
    """What brings a norm down to its limit, where it is more; NaN where it is NaN."""
    cdef double norm = sqrt(squares)
    return 1.0 if norm <= limit else limit / norm
