"""Softmax over channels, and its logarithm."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, log_softmax_backward, log_softmax_forward, real,
    softmax_backward as softmax_backward_run, softmax_forward as softmax_forward_run)
from fastnn._core.threads cimport team

cdef double COST = 8                    # an element costs about as much as this many multiply-adds


cdef void softmax_forward_chunk(bint logarithm, ptrdiff_t positions, ptrdiff_t channels,
                                const real* x, real* y) noexcept nogil:
    cdef real maximum[16]
    cdef real total[16]
    cdef ptrdiff_t position, start
    for position in range(positions):
        start = position * channels * LANES
        if logarithm:
            log_softmax_forward(channels, x + start, y + start)
        else:
            softmax_forward_run(channels, x + start, y + start, maximum, total)


cdef void softmax_backward_chunk(bint logarithm, ptrdiff_t positions, ptrdiff_t channels,
                                 const real* dy, const real* y, real* dx) noexcept nogil:
    cdef ptrdiff_t position, start
    for position in range(positions):
        start = position * channels * LANES
        if logarithm:
            log_softmax_backward(channels, dy + start, y + start, dx + start)
        else:
            softmax_backward_run(channels, dy + start, y + start, dx + start)


def softmax_forward(
        const real[:, ::1] x,           # IN   (chunks, positions·channels·LANES)
        real[:, ::1] y,                 # OUT  like x, overwritten
        bint logarithm, ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], positions = x.shape[1] // (channels * LANES), chunk
    cdef int threads = team(n_threads, chunks, 2 * COST * chunks * x.shape[1])
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            softmax_forward_chunk(logarithm, positions, channels, &x[chunk, 0], &y[chunk, 0])
        leave_fast_mode(mode)


def softmax_backward(
        const real[:, ::1] dy,          # IN   (chunks, positions·channels·LANES)
        const real[:, ::1] y,           # IN   like dy
        real[:, ::1] dx,                # OUT  like dy, overwritten
        bint logarithm, ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = dy.shape[0], positions = dy.shape[1] // (channels * LANES), chunk
    cdef int threads = team(n_threads, chunks, COST * chunks * dy.shape[1])
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            softmax_backward_chunk(logarithm, positions, channels, &dy[chunk, 0], &y[chunk, 0],
                                   &dx[chunk, 0])
        leave_fast_mode(mode)
