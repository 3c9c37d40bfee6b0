"""The argmax of a max pooling as positions in the input, which is how users see it.

    from the numbers of taps that the loops of pool.pyx keep
    and back through such positions alone, lane by lane: their windows are not known any more
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, real, window_scatter)
from fastnn._core.memory cimport give, take
from fastnn._core.pool cimport (
    Windows, first_target, free_windows, list_window, make_windows)
from fastnn._core.threads cimport team
from fastnn._core.window cimport Segment, Window, make_window

# Looking a position up costs about as much as this many multiply-adds.
cdef double LOOK = 16


cdef inline ptrdiff_t number_at(const void* numbers, ptrdiff_t bytes,
                                ptrdiff_t index) noexcept nogil:
    if bytes == 1:
        return (<const uint8_t*>numbers)[index]
    if bytes == 4:
        return (<const int32_t*>numbers)[index]
    return (<const int64_t*>numbers)[index]


cdef void max_pool_argmax_chunk(
        const Windows* windows,
        const void* numbers,        # IN   (*output, channels, LANES): of taps, `bytes` each
        ptrdiff_t bytes, ptrdiff_t samples,
        ptrdiff_t outputs,          #      of a sample: (*output, channels)
        int64_t* argmax,            # OUT  (samples, outputs): flat input positions, overwritten
        ptrdiff_t* positions) noexcept nogil:
    cdef ptrdiff_t depth, row, s, i, lane, first, moved
    cdef const Segment* segment
    for depth in range(windows.axis[0].targets):
        for row in range(windows.axis[1].targets):
            for s in range(windows.n_columns):
                segment = &windows.columns[s]
                list_window(windows, depth, row, &segment.taps, positions)
                first = first_target(windows, depth, row, segment) * windows.channels
                for i in range(segment.count * windows.channels):
                    moved = i // windows.channels * windows.axis[2].source_advance
                    for lane in range(samples):
                        argmax[lane * outputs + first + i] = moved + positions[
                            number_at(numbers, bytes, (first + i) * LANES + lane)]


cdef void max_pool_backward_chunk(
        const real* dy,             # IN   (outputs, channels, LANES)
        const void* argmax,         # IN   like dy: flat input positions, as wide as real
        ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t inputs,
        real* dx) noexcept nogil:           # OUT  (inputs, channels, LANES), overwritten
    cdef ptrdiff_t pack = channels * LANES, output
    memset(dx, 0, inputs * pack * sizeof(real))
    for output in range(outputs):
        window_scatter(dy + output * pack, <const char*>argmax + output * pack * sizeof(real),
                       channels, pack, dx)


def max_pool_argmax(
        const unsigned char[:, ::1] numbers,    # IN   (chunks, *output·channels·LANES): of taps
        int64_t[:, ::1] argmax,         # OUT  (N, *output·channels): flat input positions
        tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = numbers.shape[0], samples = argmax.shape[0], outputs = argmax.shape[1]
    cdef ptrdiff_t bytes = numbers.shape[1] // (outputs * LANES), chunk
    cdef ptrdiff_t* positions = NULL
    cdef int threads
    try:
        make_windows(&windows, &sizes, False, channels)
        threads = team(n_threads, chunks, LOOK * samples * outputs)
        positions = <ptrdiff_t*>take(threads * windows.size * sizeof(ptrdiff_t))
        if positions == NULL:
            raise MemoryError(f"no memory for windows of {windows.size} elements")
        for chunk in prange(chunks, schedule="static", num_threads=threads, nogil=True):
            max_pool_argmax_chunk(&windows, &numbers[chunk, 0], bytes,
                                  min(<ptrdiff_t>LANES, samples - chunk * LANES), outputs,
                                  &argmax[chunk * LANES, 0],
                                  positions + threadid() * windows.size)
    finally:
        free_windows(&windows)
        give(positions)


def max_pool_backward(
        const real[:, ::1] dy,          # IN   (chunks, outputs·channels·LANES)
        const real[:, ::1] argmax,      # IN   like dy: integers of real's width behind real's type
        real[:, ::1] dx,                # OUT  (chunks, inputs·channels·LANES), overwritten
        ptrdiff_t outputs, ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = dy.shape[0], inputs = dx.shape[1] // (channels * LANES), chunk
    cdef int threads = team(n_threads, chunks, 4.0 * chunks * (dy.shape[1] + dx.shape[1]))
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            max_pool_backward_chunk(&dy[chunk, 0], &argmax[chunk, 0], outputs, channels, inputs,
                                    &dx[chunk, 0])
        leave_fast_mode(mode)
