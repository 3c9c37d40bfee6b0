"""Max and average pooling: which elements a window covers; csrc does runs of windows.

    for each row of targets, for each segment of its columns (windows that share their taps)
        list the taps of the segment's first window
        csrc moves them along the row, over all channels

An argmax is the number of a tap in its window's list, which unpooling makes anew: a byte, where a
whole window has at most 256. pool_argmax.pyx has to do with positions in the input instead.

An average's gradient is a windowed sum as well: of dy, each divided by its own window's count, over
the outputs whose windows cover an input. So both passes of average pooling are window_sum_chunk.
"""
from cython.parallel cimport parallel, prange, threadid
from libc.stdlib cimport free
from libc.string cimport memset

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, real, window_max, window_sum, window_unpool)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team
from fastnn._core.window cimport Segment, Taps, Window, make_axis, make_window, segments_of

TAPS_IN_A_BYTE = BYTE


cdef ptrdiff_t list_window(const Windows* windows, ptrdiff_t depth, ptrdiff_t row, const Taps* x,
                           ptrdiff_t* positions) noexcept nogil:
    """The flat source positions of a segment's first window in a row of targets, in order."""
    cdef const Taps* z = &windows.axis[0].taps[depth]
    cdef const Taps* y = &windows.axis[1].taps[row]
    cdef ptrdiff_t i, j, k, line, found = 0
    for i in range(z.count):
        for j in range(y.count):
            line = ((z.source + i * windows.axis[0].source_step) * windows.axis[1].sources
                    + y.source + j * windows.axis[1].source_step) * windows.axis[2].sources
            for k in range(x.count):
                positions[found] = line + x.source + k * windows.axis[2].source_step
                found += 1
    return found


cdef ptrdiff_t list_offsets(const Windows* windows, ptrdiff_t depth, ptrdiff_t row, const Taps* x,
                            ptrdiff_t* offsets) noexcept nogil:
    """The same in elements."""
    cdef ptrdiff_t taps = list_window(windows, depth, row, x, offsets), t
    for t in range(taps):
        offsets[t] *= windows.channels * LANES
    return taps


cdef void max_pool_forward_chunk(
        const Windows* windows,
        const real* x,              # IN   (*input, channels, LANES)
        real* y,                    # OUT  (*output, channels, LANES): these rows overwritten
        void* argmax,               # OUT  like y, or NULL: numbers of taps, argmax_bytes each
        ptrdiff_t first_row, ptrdiff_t end_row,
        ptrdiff_t* offsets) noexcept nogil:
    cdef ptrdiff_t pack = windows.channels * LANES, bytes = argmax_bytes(windows, x)
    cdef ptrdiff_t depth, row, s, taps, start
    cdef const Segment* segment
    for depth in range(windows.axis[0].targets):
        for row in range(first_row, end_row):
            for s in range(windows.n_columns):
                segment = &windows.columns[s]
                taps = list_offsets(windows, depth, row, &segment.taps, offsets)
                start = first_target(windows, depth, row, segment) * pack
                window_max(x, windows.axis[2].source_advance * pack, offsets, taps, segment.count,
                           windows.channels, y + start,
                           <char*>argmax + start * bytes if argmax != NULL else NULL, bytes > 1)


cdef inline ptrdiff_t end_line(const Windows* windows, ptrdiff_t depth,
                               ptrdiff_t row) noexcept nogil:
    """One past the last line of sources, over all depths, under a row of windows."""
    cdef const Taps* z = &windows.axis[0].taps[depth]
    cdef const Taps* y = &windows.axis[1].taps[row]
    return ((z.source + (z.count - 1) * windows.axis[0].source_step) * windows.axis[1].sources
            + y.source + (y.count - 1) * windows.axis[1].source_step + 1)


cdef ptrdiff_t lines_before(const Windows* windows, ptrdiff_t row) noexcept nogil:
    """Lines of sources that belong to the rows of windows before this one, at the only depth.

    They end where the windows of the row before end; past the last row all lines are there.
    """
    if row == windows.axis[1].targets:
        return windows.axis[0].sources * windows.axis[1].sources
    return end_line(windows, 0, row - 1) if row > 0 else 0


cdef void max_pool_unpool_chunk(
        const Windows* windows,
        const real* dy,             # IN   (*output, channels, LANES)
        const void* argmax,         # IN   like dy, of these very windows
        ptrdiff_t first_row, ptrdiff_t end_row,     # all; or some, of one depth, where none overlap
        real* dx,                   # OUT  (*input, channels, LANES): their lines are overwritten
        ptrdiff_t* offsets) noexcept nogil:
    cdef ptrdiff_t pack = windows.channels * LANES, bytes = argmax_bytes(windows, dy)
    cdef ptrdiff_t line = windows.axis[2].sources * pack
    cdef ptrdiff_t depth, row, s, taps, start, end, zeroed = lines_before(windows, first_row)
    cdef const Segment* segment
    for depth in range(windows.axis[0].targets):
        for row in range(first_row, end_row):
            end = end_line(windows, depth, row)
            if end > zeroed and not windows.covering:
                # line by line, while it is in the nearest cache
                memset(dx + zeroed * line, 0, (end - zeroed) * line * sizeof(real))
                zeroed = end
            for s in range(windows.n_columns):
                segment = &windows.columns[s]
                taps = list_offsets(windows, depth, row, &segment.taps, offsets)
                start = first_target(windows, depth, row, segment) * pack
                # forward: y[p] = x[tap argmax[p] of p];  here: dx[q] += dy[p] if that tap is q
                window_unpool(dy + start, <const char*>argmax + start * bytes, bytes > 1, offsets,
                              taps, segment.count, windows.channels, not windows.disjoint, dx,
                              windows.axis[2].source_advance * pack)
    if not windows.covering:
        memset(dx + zeroed * line, 0,
               (lines_before(windows, end_row) - zeroed) * line * sizeof(real))


cdef void window_sum_chunk(
        const Windows* windows,
        const real* x,              # IN   (*sources, channels, LANES)
        const real* scale,          # IN   (*targets,) factor of each sum (forward), or NULL for 1
        real* y,                    # OUT  (*targets, channels, LANES): these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row,
        ptrdiff_t* offsets) noexcept nogil:
    cdef ptrdiff_t pack = windows.channels * LANES
    cdef ptrdiff_t depth, row, s, taps, target
    cdef const Segment* segment
    for depth in range(windows.axis[0].targets):
        for row in range(first_row, end_row):
            for s in range(windows.n_columns):
                segment = &windows.columns[s]
                taps = list_offsets(windows, depth, row, &segment.taps, offsets)
                target = first_target(windows, depth, row, segment)
                window_sum(x, windows.axis[2].source_advance * pack, offsets, taps, segment.count,
                           windows.channels, scale + target if scale != NULL else NULL,
                           y + target * pack, windows.axis[2].target_step * pack)


cdef void scale_positions(
        const real* dy,             # IN   (positions, pack)
        const real* scale,          # IN   (positions,)
        ptrdiff_t positions, ptrdiff_t pack,
        real* scaled) noexcept nogil:       # OUT  like dy: dy · scale, overwritten
    cdef ptrdiff_t here = 0
    # windows of one element each
    window_sum(dy, pack, &here, 1, positions, pack // LANES, scale, scaled, pack)


cdef bint make_windows(Windows* windows, const Window* window, bint backward,
                       ptrdiff_t channels) except False:
    """Fill `windows`; free_windows frees what they hold, also after an error here."""
    cdef int axis
    cdef ptrdiff_t target, taps, covered = 1
    for axis in range(3):
        windows.axis[axis].taps = NULL
    windows.columns = NULL
    windows.channels = channels
    windows.size = 1
    windows.disjoint = True
    for axis in range(3):
        make_axis(&windows.axis[axis], window, axis, backward)
        # as many windows may cover an input as there are outputs
        windows.size *= (min(window.size[axis], window.output[axis]) if backward
                         else window.size[axis])
        windows.disjoint &= (window.output[axis] == 1 or window.stride[axis]
                             > (window.size[axis] - 1) * window.dilation[axis])
        taps = 0
        for target in range(windows.axis[axis].targets):
            taps += windows.axis[axis].taps[target].count
        covered *= taps
    windows.covering = (windows.disjoint
                        and covered == window.input[0] * window.input[1] * window.input[2])
    windows.columns = segments_of(&windows.axis[2], &windows.n_columns)
    return True


cdef void free_windows(Windows* windows) noexcept nogil:
    cdef int axis
    for axis in range(3):
        free(windows.axis[axis].taps)
    free(windows.columns)


def max_pool_forward(
        const real[:, ::1] x,           # IN   (chunks, *input·channels·LANES)
        real[:, ::1] y,                 # OUT  (chunks, *output·channels·LANES), overwritten
        unsigned char[:, ::1] argmax,   # OUT  like y: numbers of taps, argmax_bytes each
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
                max_pool_forward_chunk(&windows, &x[chunk, 0], &y[chunk, 0], &argmax[chunk, 0],
                                       0, windows.axis[1].targets,
                                       offsets + threadid() * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)


def max_pool_unpool(
        const real[:, ::1] dy,          # IN   (chunks, *output·channels·LANES)
        const unsigned char[:, ::1] argmax,     # IN   like dy: from max_pool_forward
        real[:, ::1] dx,                # OUT  (chunks, *input·channels·LANES), overwritten
        tuple window, ptrdiff_t channels, int n_threads):
    cdef Window sizes = make_window(window)
    cdef Windows windows
    cdef ptrdiff_t chunks = dy.shape[0], chunk
    cdef ptrdiff_t* offsets = NULL
    cdef int threads
    cdef unsigned long long mode
    try:
        make_windows(&windows, &sizes, False, channels)
        threads = team(n_threads, chunks,
                       <double>chunks * (dy.shape[1] * windows.size + dx.shape[1]))
        offsets = <ptrdiff_t*>take(threads * windows.size * sizeof(ptrdiff_t))
        if offsets == NULL:
            raise MemoryError(f"no memory for windows of {windows.size} elements")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                max_pool_unpool_chunk(&windows, &dy[chunk, 0], &argmax[chunk, 0], 0,
                                      windows.axis[1].targets, &dx[chunk, 0],
                                      offsets + threadid() * windows.size)
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
                                 0, windows.axis[1].targets, offsets + threadid() * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)


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
                                 0, windows.axis[1].targets, offsets + threadid() * windows.size)
            leave_fast_mode(mode)
    finally:
        free_windows(&windows)
        give(offsets)
        give(scaled)
