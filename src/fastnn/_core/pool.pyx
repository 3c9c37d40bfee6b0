"""Max and average pooling: which elements a window covers; csrc does a window over all channels.

An average's gradient is a windowed sum as well: of dy, each divided by its own window's count, over
the outputs whose windows cover an input. So both passes of average pooling are window_sum_chunk.
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, real, window_max, window_scatter, window_sum,
    window_unpool)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.window cimport Taps, Window, make_axis, make_window


cdef ptrdiff_t list_window(const Windows* windows, ptrdiff_t depth, ptrdiff_t row, ptrdiff_t column,
                           ptrdiff_t* places) noexcept nogil:
    """The flat source positions that the target at (depth, row, column) covers, in order."""
    cdef const Taps* z = &windows.axis[0].taps[depth]
    cdef const Taps* y = &windows.axis[1].taps[row]
    cdef const Taps* x = &windows.axis[2].taps[column]
    cdef ptrdiff_t i, j, k, line, found = 0
    for i in range(z.count):
        for j in range(y.count):
            line = ((z.source + i * windows.axis[0].source_step) * windows.axis[1].sources
                    + y.source + j * windows.axis[1].source_step) * windows.axis[2].sources
            for k in range(x.count):
                places[found] = line + x.source + k * windows.axis[2].source_step
                found += 1
    return found


cdef ptrdiff_t list_taps(const Windows* windows, ptrdiff_t depth, ptrdiff_t row, ptrdiff_t column,
                         const real* which, ptrdiff_t* offsets, void* places) noexcept nogil:
    """A window's offsets in elements, and its positions as integers as wide as real."""
    cdef ptrdiff_t taps = list_window(windows, depth, row, column, offsets), t
    for t in range(taps):
        if real is float:
            (<int32_t*>places)[t] = <int32_t>offsets[t]
        else:
            (<int64_t*>places)[t] = offsets[t]
        offsets[t] *= windows.channels * LANES
    return taps


cdef void max_pool_forward_chunk(
        const Windows* windows,
        const real* x,              # IN   (*input, channels, LANES)
        real* y,                    # OUT  (*output, channels, LANES), overwritten
        void* argmax,               # OUT  like y, integers as wide as real: flat input position
        ptrdiff_t* offsets, void* places) noexcept nogil:
    cdef ptrdiff_t pack = windows.channels * LANES
    cdef ptrdiff_t depth, row, column, taps, position = 0
    for depth in range(windows.axis[0].targets):
        for row in range(windows.axis[1].targets):
            for column in range(windows.axis[2].targets):
                taps = list_taps(windows, depth, row, column, x, offsets, places)
                window_max(x, offsets, places, taps, windows.channels, y + position * pack,
                           <char*>argmax + position * pack * sizeof(real))
                position += 1


cdef void max_pool_unpool_chunk(
        const Windows* windows,
        const real* dy,             # IN   (*output, channels, LANES)
        const void* argmax,         # IN   like dy, of these very windows
        ptrdiff_t inputs,
        real* dx,                   # OUT  (*input, channels, LANES), overwritten
        ptrdiff_t* offsets, void* places) noexcept nogil:
    """max_pool_backward_chunk where the windows are known: lanes side by side, not one by one."""
    cdef ptrdiff_t pack = windows.channels * LANES
    cdef ptrdiff_t depth, row, column, taps, position = 0
    memset(dx, 0, inputs * pack * sizeof(real))
    for depth in range(windows.axis[0].targets):
        for row in range(windows.axis[1].targets):
            for column in range(windows.axis[2].targets):
                taps = list_taps(windows, depth, row, column, dy, offsets, places)
                # forward: y[p] = x[argmax[p]];  here: dx[q] += dy[p] where argmax[p] = q
                window_unpool(dy + position * pack,
                              <const char*>argmax + position * pack * sizeof(real), offsets, places,
                              taps, windows.channels, dx)
                position += 1


cdef void max_pool_backward_chunk(
        const real* dy,             # IN   (positions, channels, LANES)
        const void* argmax,         # IN   like dy
        ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t inputs,
        real* dx) noexcept nogil:           # OUT  (inputs, channels, LANES), overwritten
    cdef ptrdiff_t pack = channels * LANES, position
    memset(dx, 0, inputs * pack * sizeof(real))
    for position in range(positions):
        window_scatter(dy + position * pack, <const char*>argmax + position * pack * sizeof(real),
                       channels, pack, dx)


cdef void window_sum_chunk(
        const Windows* windows,
        const real* x,              # IN   (*sources, channels, LANES)
        const real* scale,          # IN   (*targets,) factor of each sum, or NULL for 1
        real* y,                    # OUT  (*targets, channels, LANES), overwritten
        ptrdiff_t* offsets) noexcept nogil:
    cdef ptrdiff_t pack = windows.channels * LANES
    cdef ptrdiff_t depth, row, column, t, taps, position = 0
    for depth in range(windows.axis[0].targets):
        for row in range(windows.axis[1].targets):
            for column in range(windows.axis[2].targets):
                taps = list_window(windows, depth, row, column, offsets)
                for t in range(taps):
                    offsets[t] *= pack
                window_sum(x, offsets, taps, windows.channels,
                           scale[position] if scale != NULL else <real>1, y + position * pack)
                position += 1


cdef bint make_windows(Windows* windows, const Window* window, bint backward,
                       ptrdiff_t channels) except False:
    cdef int axis
    for axis in range(3):
        windows.axis[axis].taps = NULL
    for axis in range(3):
        make_axis(&windows.axis[axis], window, axis, backward)
    windows.size = window.size[0] * window.size[1] * window.size[2]
    if backward:
        # as many windows may cover an input as there are outputs
        windows.size = (min(window.size[0], window.output[0])
                        * min(window.size[1], window.output[1])
                        * min(window.size[2], window.output[2]))
    windows.channels = channels
    return True


cdef void free_windows(Windows* windows) noexcept nogil:
    cdef int axis
    for axis in range(3):
        free(windows.axis[axis].taps)


def max_pool_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        real[:, ::1] y,                 # OUT  (chunks, *output·channels·LANES), overwritten
        real[:, ::1] argmax,            # OUT  like y: integers of real's width behind real's type
        tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = x.shape[0], chunk
    cdef ptrdiff_t* offsets = NULL
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&windows, &sizes, False, channels)
        threads = team(n_threads, chunks, <double>chunks * y.shape[1] * windows.size)
        offsets = <ptrdiff_t*>take(threads * 2 * windows.size * sizeof(ptrdiff_t))
        if offsets == NULL:
            raise MemoryError(f"no memory for windows of {windows.size} elements")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                max_pool_forward_chunk(&windows, &x[chunk, 0], &y[chunk, 0], &argmax[chunk, 0],
                                       offsets + threadid() * 2 * windows.size,
                                       offsets + (threadid() * 2 + 1) * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)


def max_pool_backward(
        const real[:, ::1] dy,          # IN   (chunks, positions·channels·LANES)
        const real[:, ::1] argmax,      # IN   like dy: integers of real's width behind real's type
        real[:, ::1] dx,                # OUT  (chunks, inputs·channels·LANES), overwritten
        ptrdiff_t positions, ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = dy.shape[0], inputs = dx.shape[1] // (channels * LANES), chunk
    cdef int threads = team(n_threads, chunks, 4.0 * chunks * (dy.shape[1] + dx.shape[1]))
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            max_pool_backward_chunk(&dy[chunk, 0], &argmax[chunk, 0], positions, channels, inputs,
                                    &dx[chunk, 0])
        leave_fast_mode(mode)


def max_pool_unpool(
        const real[:, ::1] dy,          # IN   (chunks, *output·channels·LANES)
        const real[:, ::1] argmax,      # IN   like dy: integers of real's width behind real's type
        real[:, ::1] dx,                # OUT  (chunks, *input·channels·LANES), overwritten
        tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = dy.shape[0], inputs = dx.shape[1] // (channels * LANES), chunk
    cdef ptrdiff_t* offsets = NULL
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&windows, &sizes, False, channels)
        threads = team(n_threads, chunks,
                       <double>chunks * (dy.shape[1] * windows.size + dx.shape[1]))
        offsets = <ptrdiff_t*>take(threads * 2 * windows.size * sizeof(ptrdiff_t))
        if offsets == NULL:
            raise MemoryError(f"no memory for windows of {windows.size} elements")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                max_pool_unpool_chunk(&windows, &dy[chunk, 0], &argmax[chunk, 0], inputs,
                                      &dx[chunk, 0], offsets + threadid() * 2 * windows.size,
                                      offsets + (threadid() * 2 + 1) * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)


def average_pool_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        const real[::1] scale,          # IN   (*output,) one over each window's count
        real[:, ::1] y,                 # OUT  (chunks, *output·channels·LANES), overwritten
        tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = x.shape[0], chunk
    cdef ptrdiff_t* offsets = NULL
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&windows, &sizes, False, channels)
        threads = team(n_threads, chunks, <double>chunks * y.shape[1] * windows.size)
        offsets = <ptrdiff_t*>take(threads * windows.size * sizeof(ptrdiff_t))
        if offsets == NULL:
            raise MemoryError(f"no memory for windows of {windows.size} elements")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                window_sum_chunk(&windows, &x[chunk, 0], &scale[0], &y[chunk, 0],
                                 offsets + threadid() * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)


cdef void scale_positions(const real* dy, const real* scale, ptrdiff_t positions, ptrdiff_t pack,
                          real* scaled) noexcept nogil:
    cdef ptrdiff_t position, i
    for position in range(positions):
        for i in range(pack):
            scaled[position * pack + i] = dy[position * pack + i] * scale[position]


def average_pool_backward(
        const real[:, ::1] dy,          # IN   (chunks, *output·channels·LANES)
        const real[::1] scale,          # IN   (*output,) one over each window's count
        real[:, ::1] dx,                # OUT  (chunks, *input·channels·LANES), overwritten
        tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = dy.shape[0], positions = scale.shape[0], chunk
    cdef ptrdiff_t* offsets = NULL
    cdef real* scaled = NULL
    cdef real* mine
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&windows, &sizes, True, channels)
        threads = team(n_threads, chunks, <double>chunks * dx.shape[1] * windows.size)
        offsets = <ptrdiff_t*>take(threads * windows.size * sizeof(ptrdiff_t))
        scaled = <real*>take(threads * dy.shape[1] * sizeof(real))
        if offsets == NULL or scaled == NULL:
            raise MemoryError(f"no memory for {threads} chunks of {dy.shape[1]} numbers")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            mine = scaled + threadid() * dy.shape[1]
            for chunk in prange(chunks, schedule="static"):
                # forward: y[p] = Σ x[q] · scale[p] over q in window p
                scale_positions(&dy[chunk, 0], &scale[0], positions, channels * LANES, mine)
                window_sum_chunk(&windows, mine, <const real*>NULL, &dx[chunk, 0],
                                 offsets + threadid() * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)
        give(scaled)
