from fastnn._core.kernels cimport real
from fastnn._core.window cimport Axis

# What sliding windows over three axes need: the taps of each target along each axis.
cdef struct Windows:
    Axis axis[3]
    ptrdiff_t size              # taps of a whole window
    ptrdiff_t channels

cdef void max_pool_forward_chunk(const Windows* windows, const real* x, real* y, void* argmax,
                                 ptrdiff_t* offsets, void* places) noexcept nogil
cdef void max_pool_backward_chunk(const real* dy, const void* argmax, ptrdiff_t positions,
                                  ptrdiff_t channels, ptrdiff_t inputs, real* dx) noexcept nogil
cdef void window_sum_chunk(const Windows* windows, const real* x, const real* scale, real* y,
                           ptrdiff_t* offsets) noexcept nogil
