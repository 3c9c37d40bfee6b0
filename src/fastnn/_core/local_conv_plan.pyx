"""A program's locally connected layer over one chunk: all positions, each with its own weights.

The weight gradient is taken across the batch, position by position, when all chunks are through
(weights.pyx): x and dy of every chunk stay where they are until then.
"""
from fastnn._core.kernels cimport LANES, fastnn_run
from fastnn._core.local_conv cimport (
    local_conv_backward_input_position, local_conv_backward_weights_position,
    local_conv_forward_position, local_gradient_scratch, local_panels_size, make_local_conv)
from fastnn._core.memory cimport elements
from fastnn._core.window cimport Window, make_window


cdef ptrdiff_t make_local_plan(LocalConv* plan, dict settings, const real* which) except -1:
    """Fill a zeroed plan; returns the multiply-adds of a sample."""
    cdef Window window = make_window(settings["window"])
    cdef ptrdiff_t channels = settings["channels"], filters = settings["filters"]
    make_local_conv(plan, &window, channels, filters, 1, which)
    plan.correlation.relu = settings["relu"]
    return plan.positions * plan.filters * plan.terms


cdef ptrdiff_t local_panel_size(const LocalConv* plan) noexcept nogil:
    """Elements of a position's packed weights, from one cache line to the next."""
    return (local_panels_size(plan) + LANES - 1) // LANES * LANES


cdef inline ptrdiff_t runs_size(const LocalConv* plan, const real* which) noexcept nogil:
    return elements(plan.correlation.taps, sizeof(fastnn_run), which)


cdef ptrdiff_t local_conv_sums_size(const LocalConv* plan, ptrdiff_t samples,
                                    const real* which) noexcept nogil:
    """Elements that the weight gradient of a position needs: runs, and windows of all samples."""
    return runs_size(plan, which) + local_gradient_scratch(plan, samples)


cdef ptrdiff_t local_plan_scratch(const LocalConv* plan, ptrdiff_t samples,
                                  const real* which) noexcept nogil:
    """What any pass needs beside its operands, in elements; no samples: without the gradient.

    That is a position's, of weights and biases; again, where layers share weights.
    """
    if samples == 0:
        return runs_size(plan, which)
    return local_conv_sums_size(plan, samples, which) + 2 * plan.filters * (plan.terms + 1)


cdef void local_conv_forward_chunk(
        const LocalConv* plan,
        const real* x,              # IN   (*input, channels, LANES)
        const real* packed,         # IN   (positions, local_panel_size)
        const real* bias,           # IN   (positions, filters) or NULL
        real* y,                    # OUT  (positions, filters, LANES), overwritten
        real* scratch) noexcept nogil:
    cdef ptrdiff_t position
    for position in range(plan.positions):
        local_conv_forward_position(plan, position, x, 0,
                                    packed + position * local_panel_size(plan), bias, y, 0, 0, 1,
                                    <fastnn_run*>scratch)


cdef void local_conv_backward_input_chunk(
        const LocalConv* plan,
        const real* dy,             # IN   (positions, filters, LANES)
        const real* weight,         # IN   (positions, filters, terms)
        const real* positive,       # IN   like dx, which is 0 where this is not positive; or NULL
        real* dx,                   # OUT  (inputs, channels, LANES), overwritten
        real* scratch) noexcept nogil:
    cdef ptrdiff_t position
    for position in range(plan.inputs):
        local_conv_backward_input_position(plan, position, dy, 0, weight, positive, dx, 0, 0, 1,
                                           <fastnn_run*>scratch)


cdef void local_conv_backward_weights(
        const LocalConv* plan, ptrdiff_t position,
        const real* x,              # IN   (*input, channels, LANES) for each chunk,
        ptrdiff_t x_step,           #      so far apart
        const real* dy,             # IN   (positions, filters, LANES) likewise
        ptrdiff_t dy_step,
        ptrdiff_t samples,          #      of the batch
        real* scratch,              #      (local_conv_sums_size,)
        real* dweight,              # OUT  (filters, terms): this position's
        real* dbias) noexcept nogil:        # OUT  (filters,), or NULL
    local_conv_backward_weights_position(
        plan, position, x, x_step, dy, dy_step, samples, scratch + runs_size(plan, x),
        <fastnn_run*>scratch, dweight, dbias)
