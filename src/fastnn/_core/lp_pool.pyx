"""Lp pooling: y = (Σ |x|^p)^(1/p) over windows that pool.pyx lists; csrc does runs of windows.

The gradient of an input is a sum over the windows that cover it, as an average's is:

    dx[q] = Σ dy[w] · sign(x[q]) · (|x[q]| / y[w])^(p − 1) over windows w with q in them, y[w] not 0
"""
from cython.parallel cimport parallel, prange, threadid

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, real, window_norm, window_norm_backward)
from fastnn._core.memory cimport give, take
from fastnn._core.pool cimport first_target, free_windows, list_offsets, make_windows
from fastnn._core.threads cimport team
from fastnn._core.window cimport Segment, Window, make_window


cdef void lp_pool_forward_chunk(
        const Windows* windows, double p,
        const real* x,              # IN   (*input, channels, LANES)
        real* y,                    # OUT  (*output, channels, LANES): these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row,
        ptrdiff_t* offsets) noexcept nogil:
    cdef ptrdiff_t pack = windows.channels * LANES, depth, row, s, taps
    cdef const Segment* segment
    for depth in range(windows.axis[0].targets):
        for row in range(first_row, end_row):
            for s in range(windows.n_columns):
                segment = &windows.columns[s]
                taps = list_offsets(windows, depth, row, &segment.taps, offsets)
                window_norm(x, windows.axis[2].source_advance * pack, offsets, taps, segment.count,
                            windows.channels, p,
                            y + first_target(windows, depth, row, segment) * pack)


cdef void lp_pool_backward_chunk(
        const Windows* covering, double p,
        const real* dy,             # IN   (*output, channels, LANES)
        const real* x,              # IN   (*input, channels, LANES)
        const real* y,              # IN   like dy
        real* dx,                   # OUT  like x: these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row,
        ptrdiff_t* offsets) noexcept nogil:
    cdef ptrdiff_t pack = covering.channels * LANES, depth, row, s, taps, start
    cdef const Segment* segment
    for depth in range(covering.axis[0].targets):
        for row in range(first_row, end_row):
            for s in range(covering.n_columns):
                segment = &covering.columns[s]
                taps = list_offsets(covering, depth, row, &segment.taps, offsets)
                start = first_target(covering, depth, row, segment) * pack
                # forward: y[w]^p += |x[q]|^p
                window_norm_backward(x + start, covering.axis[2].target_step * pack, dy, y,
                                     covering.axis[2].source_advance * pack, offsets, taps,
                                     segment.count, covering.channels, p, dx + start)


def lp_pool_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        real[:, ::1] y,                 # OUT  (chunks, *output·channels·LANES), overwritten
        double p, tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = x.shape[0], chunk
    cdef ptrdiff_t* offsets = NULL
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&windows, &sizes, False, channels)
        threads = team(n_threads, chunks,
                       <double>products(p) * chunks * y.shape[1] * windows.size)
        offsets = <ptrdiff_t*>take(threads * windows.size * sizeof(ptrdiff_t))
        if offsets == NULL:
            raise MemoryError(f"no memory for windows of {windows.size} elements")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                lp_pool_forward_chunk(&windows, p, &x[chunk, 0], &y[chunk, 0], 0,
                                      windows.axis[1].targets, offsets + threadid() * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)


def lp_pool_backward(
        const real[:, ::1] dy,          # IN   (chunks, *output·channels·LANES)
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[:, ::1] y,           # IN   like dy
        real[:, ::1] dx,                # OUT  like x, overwritten
        double p, tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows covering
    cdef ptrdiff_t chunks = dy.shape[0], chunk
    cdef ptrdiff_t* offsets = NULL
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&covering, &sizes, True, channels)
        threads = team(n_threads, chunks,
                       <double>products(p) * chunks * dx.shape[1] * covering.size)
        offsets = <ptrdiff_t*>take(threads * covering.size * sizeof(ptrdiff_t))
        if offsets == NULL:
            raise MemoryError(f"no memory for {covering.size} windows over an input")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                lp_pool_backward_chunk(&covering, p, &dy[chunk, 0], &x[chunk, 0], &y[chunk, 0],
                                       &dx[chunk, 0], 0, covering.axis[1].targets,
                                       offsets + threadid() * covering.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&covering)
        give(offsets)
