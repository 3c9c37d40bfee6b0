"""A program's noise: what it draws, and what a chunk keeps of it."""
from libc.stdint cimport int64_t

from fastnn._core.kernels cimport real
from fastnn._core.noise cimport Noise

cdef struct NoisePlan:
    Noise noise
    bint drops                  # else it adds normal numbers or multiplies by them

cdef ptrdiff_t make_noise_plan(NoisePlan* plan, dict settings) except -1
cdef ptrdiff_t noise_size(const NoisePlan* plan, const real* which) noexcept nogil
cdef void noise_forward_part(
    const NoisePlan* plan, int64_t step, ptrdiff_t row, ptrdiff_t chunk, ptrdiff_t samples,
    const real* x, real* y, void* saved, ptrdiff_t part, ptrdiff_t parts) noexcept nogil
cdef void noise_backward_part(
    const NoisePlan* plan, int64_t step, ptrdiff_t row, ptrdiff_t chunk, ptrdiff_t samples,
    const void* saved, const real* dy, real* dx, ptrdiff_t part, ptrdiff_t parts) noexcept nogil
