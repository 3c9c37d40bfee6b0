from fastnn._core.kernels cimport real
from fastnn._core.window cimport Axis, Segment, Window

# What sliding windows over three axes need: the taps of each target along each axis.
cdef struct Windows:
    Axis axis[3]
    Segment* columns            # segments of the width axis
    ptrdiff_t n_columns
    ptrdiff_t size              # taps of a whole window
    ptrdiff_t channels
    bint disjoint               # whether no input lies in two windows
    bint covering               # whether every input lies in exactly one

cdef bint make_windows(Windows* windows, const Window* window, bint backward,
                       ptrdiff_t channels) except False
cdef void free_windows(Windows* windows) noexcept nogil

# Scratch: `offsets` has room for windows.size ptrdiff_t, `places` for as many integers as wide as
# real. Rows are those of the height axis, at every depth.
cdef void max_pool_forward_chunk(const Windows* windows, const real* x, real* y, void* argmax,
                                 ptrdiff_t first_row, ptrdiff_t end_row, ptrdiff_t* offsets,
                                 void* places) noexcept nogil
cdef void max_pool_backward_chunk(const real* dy, const void* argmax, ptrdiff_t positions,
                                  ptrdiff_t channels, ptrdiff_t inputs, real* dx) noexcept nogil
cdef void max_pool_unpool_chunk(const Windows* windows, const real* dy, const void* argmax,
                                ptrdiff_t inputs, real* dx, ptrdiff_t* offsets,
                                void* places) noexcept nogil
cdef void window_sum_chunk(const Windows* windows, const real* x, const real* scale, real* y,
                           ptrdiff_t first_row, ptrdiff_t end_row,
                           ptrdiff_t* offsets) noexcept nogil
cdef void scale_positions(const real* dy, const real* scale, ptrdiff_t positions, ptrdiff_t pack,
                          real* scaled) noexcept nogil
