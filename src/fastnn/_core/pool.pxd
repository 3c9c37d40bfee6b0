from fastnn._core.kernels cimport real
from fastnn._core.window cimport Axis, Segment, Taps, Window

cdef enum:
    BYTE = 256                  # taps whose numbers fit a byte

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

# Scratch: `positions` and `offsets` have room for windows.size of them. Rows are those of the
# height axis, at every depth.
cdef ptrdiff_t list_window(const Windows* windows, ptrdiff_t depth, ptrdiff_t row, const Taps* x,
                           ptrdiff_t* positions) noexcept nogil
cdef ptrdiff_t list_offsets(const Windows* windows, ptrdiff_t depth, ptrdiff_t row, const Taps* x,
                            ptrdiff_t* offsets) noexcept nogil
cdef void max_pool_forward_chunk(const Windows* windows, const real* x, real* y, void* argmax,
                                 ptrdiff_t first_row, ptrdiff_t end_row,
                                 ptrdiff_t* offsets) noexcept nogil
cdef void max_pool_unpool_chunk(const Windows* windows, const real* dy, const void* argmax,
                                ptrdiff_t first_row, ptrdiff_t end_row, real* dx,
                                ptrdiff_t* offsets) noexcept nogil
cdef ptrdiff_t lines_before(const Windows* windows, ptrdiff_t row) noexcept nogil
cdef void window_sum_chunk(const Windows* windows, const real* x, const real* scale, real* y,
                           ptrdiff_t first_row, ptrdiff_t end_row,
                           ptrdiff_t* offsets) noexcept nogil
cdef void scale_positions(const real* dy, const real* scale, ptrdiff_t positions, ptrdiff_t pack,
                          real* scaled) noexcept nogil


cdef inline ptrdiff_t argmax_bytes(const Windows* windows, const real* which) noexcept nogil:
    """Of the number of a tap; `which` only tells the real type."""
    return 1 if windows.size <= BYTE else sizeof(real)


cdef inline ptrdiff_t first_target(const Windows* windows, ptrdiff_t depth, ptrdiff_t row,
                                   const Segment* segment) noexcept nogil:
    """The flat position of a segment's first window in a row of targets."""
    return (depth * windows.axis[1].targets + row) * windows.axis[2].targets + segment.target
