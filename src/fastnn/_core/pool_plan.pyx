"""A program's pooling over one chunk, all of it or some rows."""
from libc.stdint cimport uintptr_t

from fastnn._core.kernels cimport LANES
from fastnn._core.memory cimport elements
from fastnn._core.pool cimport (
    argmax_bytes, free_windows, make_windows, max_pool_forward_chunk, max_pool_unpool_chunk,
    scale_positions, window_sum_chunk)
from fastnn._core.window cimport Window, make_window


cdef ptrdiff_t make_pool_plan(PoolPlan* plan, dict settings, bint training) except -1:
    """Fill a zeroed plan; returns the additions or comparisons of a sample.

    `settings["scale"]`, of an average pooling, is an array that the caller keeps alive.
    """
    cdef Window window = make_window(settings["window"])
    cdef ptrdiff_t channels = settings["channels"]
    make_windows(&plan.windows, &window, False, channels)
    plan.averages = "scale" in settings
    if plan.averages:
        plan.scale = <const void*><uintptr_t>settings["scale"].ctypes.data
        if training:
            make_windows(&plan.covering, &window, True, channels)
    return grid(&plan.windows, False) * channels * plan.windows.size


cdef void free_pool_plan(PoolPlan* plan) noexcept nogil:
    free_windows(&plan.windows)
    free_windows(&plan.covering)


cdef ptrdiff_t pool_plan_scratch(const PoolPlan* plan, const real* which) noexcept nogil:
    """What any pass needs beside its operands, in elements."""
    cdef ptrdiff_t taps = taps_size(&plan.windows, which)
    if not plan.averages:
        return taps
    return (max(taps, taps_size(&plan.covering, which))
            + grid(&plan.windows, False) * plan.windows.channels * LANES)


cdef ptrdiff_t argmax_size(const PoolPlan* plan, const real* which) noexcept nogil:
    """Elements that the argmax of a chunk takes."""
    if plan.averages:
        return 0
    return elements(grid(&plan.windows, False) * plan.windows.channels * LANES,
                    argmax_bytes(&plan.windows, which), which)


cdef void pool_forward_rows(
        const PoolPlan* plan,
        const real* x,              # IN   (inputs, LANES)
        real* y,                    # OUT  (outputs, LANES): this part is overwritten
        void* saved,                # OUT  of maxima: the argmax, like y, or NULL
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef ptrdiff_t rows = plan.windows.axis[1].targets
    cdef ptrdiff_t first = part * rows // parts, end = (part + 1) * rows // parts
    if plan.averages:
        window_sum_chunk(&plan.windows, x, <const real*>plan.scale, y, first, end,
                         <ptrdiff_t*>scratch)
    else:
        max_pool_forward_chunk(&plan.windows, x, y, saved, first, end, <ptrdiff_t*>scratch)


cdef void pool_backward(
        const PoolPlan* plan,
        const void* saved,          # IN   of maxima: the argmax
        const real* dy,             # IN   (outputs, LANES)
        real* dx,                   # OUT  (inputs, LANES)
        real* scratch) noexcept nogil:
    cdef ptrdiff_t positions = grid(&plan.windows, False), channels = plan.windows.channels
    if not plan.averages:
        max_pool_unpool_chunk(&plan.windows, dy, saved, grid(&plan.windows, True), dx,
                              <ptrdiff_t*>scratch)
        return
    # forward: y[p] = Σ x[q] · scale[p] over q in window p
    scale_positions(dy, <const real*>plan.scale, positions, channels * LANES, scratch)
    window_sum_chunk(&plan.covering, scratch, <const real*>NULL, dx, 0,
                     plan.covering.axis[1].targets,
                     <ptrdiff_t*>(scratch + positions * channels * LANES))
