from fastnn._core.kernels cimport real
from fastnn._core.pool cimport Windows

# A power costs about as much as this many multiply-adds.
cdef enum:
    POWER = 16


cdef inline ptrdiff_t products(double p) noexcept nogil:
    """What an element of a window costs, in multiply-adds; p = 0: no norm."""
    return 1 if p == 0 or p == 1 or p == 2 else POWER


# Scratch: `offsets` has room for windows.size of them.
cdef void lp_pool_forward_chunk(const Windows* windows, double p, const real* x, real* y,
                                ptrdiff_t first_row, ptrdiff_t end_row,
                                ptrdiff_t* offsets) noexcept nogil
cdef void lp_pool_backward_chunk(const Windows* covering, double p, const real* dy, const real* x,
                                 const real* y, real* dx, ptrdiff_t first_row, ptrdiff_t end_row,
                                 ptrdiff_t* offsets) noexcept nogil
