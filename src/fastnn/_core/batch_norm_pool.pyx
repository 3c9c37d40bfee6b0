"""Batch normalisation and the max pooling behind it, a row of windows at a time.

    forward         x --map--> lines --maxima--> y, argmax
    backward sums   dy, argmax --unpooling--> lines, with x --sums-->
    backward        dy, argmax --unpooling--> lines, with x --map--> dx

Between the two stands an image as large as x, which would go to memory and back: the whole batch
waits for the sums. Of it only some lines, rows of pixels, are ever there, in scratch memory that L2
holds. Unpooling them twice is cheaper than to keep them; the bits are those of one operation behind
the other. No line lies in windows of two rows.
"""
from libc.string cimport memmove

from fastnn._core.batch_norm cimport (
    batch_norm_apply_chunk, batch_norm_backward_input_chunk, batch_norm_backward_sum_block)
from fastnn._core.kernels cimport CHAIN, LANES
from fastnn._core.pool cimport (
    Windows, lines_before, max_pool_forward_chunk, max_pool_unpool_chunk)
from fastnn._core.pool_plan cimport taps_size


cdef inline ptrdiff_t line_size(const Windows* windows) noexcept nogil:
    return windows.axis[2].sources * windows.channels * LANES


cdef ptrdiff_t batch_norm_pool_scratch(const BatchNormPlan* plan, const real* which) noexcept nogil:
    """Taps of a window and lines, before what a batch normalisation needs by itself."""
    cdef const Windows* windows = &plan.pool.windows
    cdef ptrdiff_t row, most = 0, columns = windows.axis[2].sources
    for row in range(windows.axis[1].targets):
        most = max(most, lines_before(windows, row + 1) - lines_before(windows, row))
    # sums take CHAIN positions, from within one line to within another, and rows of windows whole
    return taps_size(windows, which) + (most + CHAIN // columns + 2) * line_size(windows)


cdef void batch_norm_pool_forward(
        const BatchNormPlan* plan,
        const real* x,              # IN   (inputs, LANES)
        const real* arena,          # IN   factors of the batch
        real* y,                    # OUT  (outputs, LANES), overwritten
        void* saved,                # OUT  like y: the argmax
        real* scratch) noexcept nogil:
    cdef const Windows* windows = &plan.pool.windows
    cdef real* lines = scratch + taps_size(windows, x)
    cdef ptrdiff_t size = line_size(windows), row, first, end
    for row in range(windows.axis[1].targets):
        first, end = lines_before(windows, row), lines_before(windows, row + 1)
        batch_norm_apply_chunk((end - first) * windows.axis[2].sources, plan.channels,
                               x + first * size, arena + plan.centre, arena + plan.factor,
                               arena + plan.offset, plan.relu, lines)
        # `lines` holds those from `first` on; what is passed is where line 0 would stand
        max_pool_forward_chunk(windows, lines - first * size, y, saved, row, row + 1,
                               <ptrdiff_t*>scratch)


cdef void batch_norm_pool_backward_sum(
        const BatchNormPlan* plan,
        const real* dy,             # IN   (outputs, LANES)
        const void* saved,          # IN   like dy: the argmax
        const real* x,              # IN   (inputs, LANES)
        ptrdiff_t samples,
        const real* arena,          # IN   centres of the batch
        real* scratch,
        real* sums) noexcept nogil:         # OUT  (2, channels), of the chunk
    cdef const Windows* windows = &plan.pool.windows
    cdef real* lines = scratch + taps_size(windows, x)
    cdef real* rest = scratch + batch_norm_pool_scratch(plan, x)
    cdef ptrdiff_t size = line_size(windows), columns = windows.axis[2].sources
    cdef ptrdiff_t first, passed, row = 0, start = 0, end = 0       # lines that are there
    for first from 0 <= first < plan.positions by CHAIN:
        passed = first // columns
        if passed > start:
            memmove(lines, lines + (passed - start) * size, (end - passed) * size * sizeof(real))
            start = passed
        while end * columns < min(first + CHAIN, plan.positions):
            max_pool_unpool_chunk(windows, dy, saved, row, row + 1, lines - start * size,
                                  <ptrdiff_t*>scratch)
            row += 1
            end = lines_before(windows, row)
        batch_norm_backward_sum_block(first, plan.positions, plan.channels, lines - start * size,
                                      x, samples, arena + plan.centre, rest, sums)


cdef void batch_norm_pool_backward_input(
        const BatchNormPlan* plan,
        const real* dy,             # IN   (outputs, LANES)
        const void* saved,          # IN   like dy: the argmax
        const real* x,              # IN   (inputs, LANES)
        const real* arena,          # IN   factors of the batch
        ptrdiff_t samples,
        real* dx,                   # OUT  like x, overwritten
        real* scratch) noexcept nogil:
    cdef const Windows* windows = &plan.pool.windows
    cdef real* lines = scratch + taps_size(windows, x)
    cdef ptrdiff_t size = line_size(windows), row, first, end
    for row in range(windows.axis[1].targets):
        first, end = lines_before(windows, row), lines_before(windows, row + 1)
        max_pool_unpool_chunk(windows, dy, saved, row, row + 1, lines - first * size,
                              <ptrdiff_t*>scratch)
        batch_norm_backward_input_chunk(
            (end - first) * windows.axis[2].sources, plan.channels, lines, x + first * size,
            arena + plan.centre, arena + plan.dy_factor, arena + plan.x_factor,
            arena + plan.dx_offset, samples, dx + first * size)
