"""A program's convolution over one chunk, all of it or some rows.

    x --correlate--> rows of y --max pooling--> y, argmax

With a pooling behind it whose windows do not overlap from row to row, only the rows that one row of
windows covers are ever there, in scratch memory.
"""
from fastnn._core.conv cimport (
    conv_correlate_chunk, correlation_scratch, free_correlation, make_correlation)
from fastnn._core.conv_weights cimport free_weight_gradient, make_weight_gradient
from fastnn._core.kernels cimport LANES
from fastnn._core.pool cimport Windows, max_pool_forward_chunk
from fastnn._core.pool_plan cimport free_pool_plan, make_pool_plan, taps_size
from fastnn._core.window cimport Axis, Window, make_window


cdef ptrdiff_t make_conv_plan(ConvPlan* plan, dict settings, bint training,
                              const real* which) except -1:
    """Fill a zeroed plan; returns the multiply-adds of a sample.

    Of a transposed convolution, the window is that of the convolution that it is the transpose of.
    """
    cdef Window window = make_window(settings["window"])
    cdef ptrdiff_t groups = settings["groups"], channels = settings["channels"]
    cdef ptrdiff_t filters = settings["filters"]
    cdef bint winograd = settings["winograd"], transposed = settings["transposed"]
    plan.correlation.relu = settings["relu"]
    make_correlation(&plan.correlation, &window, transposed, groups, channels // groups,
                     filters // groups, winograd, which)
    plan.pools = settings["pool"] is not None
    if plan.pools:
        make_pool_plan(&plan.pool, {"window": settings["pool"], "channels": filters}, False)
    if training:
        make_weight_gradient(&plan.gradient, &window, transposed, groups, channels, filters, which)
        if settings["input_gradient"]:
            make_correlation(&plan.transposed, &window, not transposed, groups, filters // groups,
                             channels // groups, winograd, which)
    return (window.output[0] * window.output[1] * window.output[2] * filters
            * window.size[0] * window.size[1] * window.size[2] * (channels // groups))


cdef void free_conv_plan(ConvPlan* plan) noexcept nogil:
    free_correlation(&plan.correlation)
    free_correlation(&plan.transposed)
    free_weight_gradient(&plan.gradient)
    free_pool_plan(&plan.pool)


cdef inline ptrdiff_t line_size(const ConvPlan* plan) noexcept nogil:
    """A row of the convolution's output."""
    return (plan.correlation.axis[2].targets * plan.correlation.groups
            * plan.correlation.tiling.outputs * LANES)


cdef ptrdiff_t pooled_rows(const ConvPlan* plan) noexcept nogil:
    """The most rows of the convolution's output that one row of windows covers."""
    cdef const Axis* rows = &plan.pool.windows.axis[1]
    cdef ptrdiff_t row, most = 0
    for row in range(rows.targets):
        most = max(most, (rows.taps[row].count - 1) * rows.source_step + 1)
    return most


cdef ptrdiff_t conv_plan_scratch(const ConvPlan* plan, const real* which) noexcept nogil:
    """What any pass needs beside its operands, in elements."""
    cdef ptrdiff_t size = correlation_scratch(&plan.correlation, which)
    if plan.pools:
        size += taps_size(&plan.pool.windows, which) + pooled_rows(plan) * line_size(plan)
    return max(size, correlation_scratch(&plan.transposed, which), plan.gradient.scratch)


cdef void conv_pool_forward(const ConvPlan* plan, const real* x, const real* packed,
                            const real* bias, real* y, void* saved, ptrdiff_t first_row,
                            ptrdiff_t end_row, real* scratch) noexcept nogil:
    """Row by row of the pooled output: the convolution's rows that it needs, then their maxima."""
    cdef const Windows* windows = &plan.pool.windows
    cdef real* taps = scratch + correlation_scratch(&plan.correlation, x)
    cdef real* lines = taps + taps_size(windows, x)
    cdef ptrdiff_t row, first, end
    for row in range(first_row, end_row):
        first = windows.axis[1].taps[row].source
        end = first + (windows.axis[1].taps[row].count - 1) * windows.axis[1].source_step + 1
        # `lines` holds the rows from `first` on; what is passed is where row 0 would stand
        conv_correlate_chunk(&plan.correlation, x, packed, bias, <const real*>NULL,
                             lines - first * line_size(plan), first, end, scratch)
        max_pool_forward_chunk(windows, lines - first * line_size(plan), y, saved, row, row + 1,
                               <ptrdiff_t*>taps)


cdef void conv_forward_rows(
        const ConvPlan* plan,
        const real* x,              # IN   (inputs, LANES)
        const real* packed,         # IN   weights
        const real* bias,           # IN   (filters,), or NULL
        real* y,                    # OUT  (outputs, LANES): this part is overwritten
        void* saved,                # OUT  of a pooling: the argmax, like y, or NULL
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef ptrdiff_t rows = conv_rows(plan)
    cdef ptrdiff_t first = part * rows // parts, end = (part + 1) * rows // parts
    if plan.pools:
        conv_pool_forward(plan, x, packed, bias, y, saved, first, end, scratch)
    else:
        conv_correlate_chunk(&plan.correlation, x, packed, bias, <const real*>NULL, y, first, end,
                             scratch)


cdef void conv_backward_input_rows(
        const ConvPlan* plan,
        const real* dy,             # IN   (outputs before a pooling, LANES)
        const real* packed,         # IN   weights for this pass
        const real* positive,       # IN   like dx, which is 0 where this is not positive; or NULL
        real* dx,                   # OUT  (inputs, LANES): this part is overwritten
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef ptrdiff_t rows = plan.transposed.axis[1].targets
    conv_correlate_chunk(&plan.transposed, dy, packed, <const real*>NULL, positive, dx,
                         part * rows // parts, (part + 1) * rows // parts, scratch)
