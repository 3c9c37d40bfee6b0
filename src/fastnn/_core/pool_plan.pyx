"""A program's pooling over one chunk, all of it or some rows."""
from libc.stdint cimport uintptr_t

from fastnn._core.kernels cimport LANES
from fastnn._core.lp_pool cimport lp_pool_backward_chunk, lp_pool_forward_chunk, products
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
    plan.p = settings.get("p", 0.0)
    if plan.averages:
        plan.scale = <const void*><uintptr_t>settings["scale"].ctypes.data
    if training and (plan.averages or plan.p):
        make_windows(&plan.covering, &window, True, channels)
    return grid(&plan.windows, False) * channels * plan.windows.size * products(plan.p)


cdef void free_pool_plan(PoolPlan* plan) noexcept nogil:
    free_windows(&plan.windows)
    free_windows(&plan.covering)


cdef ptrdiff_t pool_plan_scratch(const PoolPlan* plan, const real* which) noexcept nogil:
    """What any pass needs beside its operands, in elements."""
    cdef ptrdiff_t taps = max(taps_size(&plan.windows, which), taps_size(&plan.covering, which))
    if not plan.averages:
        return taps
    return taps + grid(&plan.windows, False) * plan.windows.channels * LANES


cdef ptrdiff_t argmax_size(const PoolPlan* plan, const real* which) noexcept nogil:
    """Elements that the argmax of a chunk takes."""
    if plan.averages or plan.p:
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
    elif plan.p:
        lp_pool_forward_chunk(&plan.windows, plan.p, x, y, first, end, <ptrdiff_t*>scratch)
    else:
        max_pool_forward_chunk(&plan.windows, x, y, saved, first, end, <ptrdiff_t*>scratch)


cdef void pool_backward(
        const PoolPlan* plan,
        const real* x,              # IN   of norms: that of the forward pass
        const real* y,              # IN   likewise
        const void* saved,          # IN   of maxima: the argmax
        const real* dy,             # IN   (outputs, LANES)
        real* dx,                   # OUT  (inputs, LANES)
        real* scratch) noexcept nogil:
    cdef ptrdiff_t positions = grid(&plan.windows, False), channels = plan.windows.channels
    if plan.p:
        lp_pool_backward_chunk(&plan.covering, plan.p, dy, x, y, dx, 0,
                               plan.covering.axis[1].targets, <ptrdiff_t*>scratch)
        return
    if not plan.averages:
        max_pool_unpool_chunk(&plan.windows, dy, saved, 0, plan.windows.axis[1].targets, dx,
                              <ptrdiff_t*>scratch)
        return
    # forward: y[p] = Σ x[q] · scale[p] over q in window p
    scale_positions(dy, <const real*>plan.scale, positions, channels * LANES, scratch)
    window_sum_chunk(&plan.covering, scratch, <const real*>NULL, dx, 0,
                     plan.covering.axis[1].targets,
                     <ptrdiff_t*>(scratch + positions * channels * LANES))
