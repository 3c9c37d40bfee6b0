from fastnn._core.kernels cimport real
from fastnn._core.pool cimport Windows

# Scratch: `offsets` has room for windows.size of them.
cdef void lp_pool_forward_chunk(const Windows* windows, double p, const real* x, real* y,
                                ptrdiff_t first_row, ptrdiff_t end_row,
                                ptrdiff_t* offsets) noexcept nogil
cdef void lp_pool_backward_chunk(const Windows* covering, double p, const real* dy, const real* x,
                                 const real* y, real* dx, ptrdiff_t first_row, ptrdiff_t end_row,
                                 ptrdiff_t* offsets) noexcept nogil
