"""A program's batch normalisation: the stages of batch_norm.pxd, on the arena.

    SUM            of every chunk, where the chunk's way forward comes to the layer
    COMBINE        blocks of channels, behind a barrier: statistics, running ones too
    forward        where the chunk goes on, behind another barrier

Likewise on the way back. In inference the running statistics stand in for the batch's, before all.

In training a max pooling behind it whose windows do not overlap from row to row is part of it:
batch_norm_pool.pyx has these passes, and the plan only tells where things are.
"""
from libc.stdint cimport uintptr_t

from fastnn._core.batch_norm cimport (
    batch_norm_apply_chunk, batch_norm_backward_combine, batch_norm_backward_input_chunk,
    batch_norm_backward_sum_chunk, batch_norm_combine, batch_norm_factors, batch_norm_scratch,
    batch_norm_sum_chunk, batch_norm_track)
from fastnn._core.batch_norm_pool cimport (
    batch_norm_pool_backward_input, batch_norm_pool_backward_sum, batch_norm_pool_forward,
    batch_norm_pool_scratch)
from fastnn._core.memory cimport elements
from fastnn._core.pool_plan cimport free_pool_plan, make_pool_plan

cdef enum:
    BLOCK = 64                  # channels that are combined at once


cdef bint make_batch_norm_plan(BatchNormPlan* plan, dict settings, ptrdiff_t inputs) except False:
    """Fill a zeroed plan; the caller keeps the running statistics' arrays alive."""
    plan.channels = settings["channels"]
    plan.positions = inputs // plan.channels
    plan.epsilon = settings["epsilon"]
    plan.relu = settings["relu"]
    plan.pools = settings["pool"] is not None
    if plan.pools:
        make_pool_plan(&plan.pool, {"window": settings["pool"], "channels": plan.channels}, False)
    plan.momentum = settings["momentum"]
    plan.running_mean = <double*><uintptr_t>settings["running_mean"].ctypes.data
    plan.running_variance = <double*><uintptr_t>settings["running_variance"].ctypes.data
    return True


cdef void free_batch_norm_plan(BatchNormPlan* plan) noexcept nogil:
    free_pool_plan(&plan.pool)


cdef ptrdiff_t batch_norm_plan_scratch(const BatchNormPlan* plan, const real* which) noexcept nogil:
    """What any pass needs beside its operands, in elements."""
    cdef ptrdiff_t size = batch_norm_scratch(plan.channels, which)
    return size + batch_norm_pool_scratch(plan, which) if plan.pools else size


cdef ptrdiff_t place_batch_norm(BatchNormPlan* plan, ptrdiff_t start, ptrdiff_t chunks,
                                const real* which) noexcept nogil:
    """Give everything its place in the arena from `start` on; returns the end."""
    cdef ptrdiff_t doubles = elements(plan.channels, sizeof(double), which)
    cdef ptrdiff_t reals = elements(plan.channels, sizeof(real), which)
    plan.moments = start
    plan.mean = start + elements(chunks * 2 * plan.channels, sizeof(double), which)
    plan.variance = plan.mean + doubles
    plan.centre = plan.variance + doubles
    plan.factor = plan.centre + reals
    plan.offset = plan.factor + reals
    plan.dy_factor = plan.offset + reals
    plan.x_factor = plan.dy_factor + reals
    plan.dx_offset = plan.x_factor + reals
    return plan.dx_offset + reals


cdef ptrdiff_t batch_norm_tasks(const BatchNormPlan* plan) noexcept nogil:
    """Blocks of channels."""
    return (plan.channels + BLOCK - 1) // BLOCK


cdef void batch_norm_use_running(const BatchNormPlan* plan, const real* scale, const real* shift,
                                 real* arena) noexcept nogil:
    batch_norm_factors(0, plan.channels, plan.running_mean, plan.running_variance, scale, shift,
                       plan.epsilon, arena + plan.centre, arena + plan.factor, arena + plan.offset)


cdef void batch_norm_sum(
        const BatchNormPlan* plan, ptrdiff_t chunk,
        const real* x,              # IN   (positions, channels, LANES)
        ptrdiff_t samples,          # of the chunk
        real* scratch,              #      (batch_norm_scratch,)
        real* arena) noexcept nogil:        # OUT  the chunk's moments
    cdef double* moments = <double*>(arena + plan.moments)
    batch_norm_sum_chunk(plan.positions, plan.channels, x, samples, scratch,
                         moments + chunk * 2 * plan.channels)


cdef void batch_norm_combine_task(
        const BatchNormPlan* plan, ptrdiff_t task, ptrdiff_t chunks, ptrdiff_t samples,
        const real* scale,          # IN   (channels,) or NULL: 1
        const real* shift,          # IN   (channels,) or NULL: 0
        real* arena) noexcept nogil:        # OUT  statistics and factors
    cdef double* mean = <double*>(arena + plan.mean)
    cdef double* variance = <double*>(arena + plan.variance)
    cdef ptrdiff_t first = task * BLOCK, end = min(first + BLOCK, plan.channels)
    batch_norm_combine(chunks, samples, plan.positions, plan.channels, first, end,
                       <double*>(arena + plan.moments), mean, variance)
    batch_norm_track(first, end, <double>samples * plan.positions, plan.momentum, mean, variance,
                     plan.running_mean, plan.running_variance)
    batch_norm_factors(first, end, mean, variance, scale, shift, plan.epsilon, arena + plan.centre,
                       arena + plan.factor, arena + plan.offset)


cdef void batch_norm_forward(
        const BatchNormPlan* plan,
        const real* x,              # IN   (inputs, LANES)
        const real* arena,
        real* y,                    # OUT  (outputs, LANES), overwritten
        void* saved,                # OUT  of a pooling: the argmax, like y
        real* scratch) noexcept nogil:
    if plan.pools:
        batch_norm_pool_forward(plan, x, arena, y, saved, scratch)
    else:
        batch_norm_apply_chunk(plan.positions, plan.channels, x, arena + plan.centre,
                               arena + plan.factor, arena + plan.offset, plan.relu, y)


cdef void batch_norm_backward_sum(
        const BatchNormPlan* plan, ptrdiff_t chunk,
        const real* dy,             # IN   (outputs, LANES)
        const void* saved,          # IN   of a pooling: the argmax
        const real* x,              # IN   (inputs, LANES)
        ptrdiff_t samples, real* scratch,
        real* arena) noexcept nogil:        # OUT  the chunk's sums
    cdef real* sums = arena + plan.moments + chunk * 2 * plan.channels
    if plan.pools:
        batch_norm_pool_backward_sum(plan, dy, saved, x, samples, arena, scratch, sums)
    else:
        batch_norm_backward_sum_chunk(plan.positions, plan.channels, dy, x, samples,
                                      arena + plan.centre, scratch, sums)


cdef void batch_norm_backward_combine_task(
        const BatchNormPlan* plan, ptrdiff_t task, ptrdiff_t chunks, ptrdiff_t samples,
        const real* scale,          # IN   (channels,) or NULL: 1
        real* dscale,               # OUT  (channels,) or NULL
        real* dshift,               # OUT  (channels,) or NULL
        real* arena) noexcept nogil:
    cdef ptrdiff_t first = task * BLOCK, end = min(first + BLOCK, plan.channels)
    batch_norm_backward_combine(
        chunks, <double>samples * plan.positions, plan.channels, first, end, arena + plan.moments,
        <const double*>(arena + plan.mean), <const double*>(arena + plan.variance), scale,
        plan.epsilon, arena + plan.centre, dscale, dshift, arena + plan.dy_factor,
        arena + plan.x_factor, arena + plan.dx_offset)


cdef void batch_norm_backward_input(
        const BatchNormPlan* plan,
        const real* dy,             # IN   (outputs, LANES)
        const void* saved,          # IN   of a pooling: the argmax
        const real* x,              # IN   (inputs, LANES)
        const real* arena, ptrdiff_t samples,
        real* dx,                   # OUT  like x, overwritten; may be dy, if there is no pooling
        real* scratch) noexcept nogil:
    if plan.pools:
        batch_norm_pool_backward_input(plan, dy, saved, x, arena, samples, dx, scratch)
    else:
        batch_norm_backward_input_chunk(plan.positions, plan.channels, dy, x, arena + plan.centre,
                                        arena + plan.dy_factor, arena + plan.x_factor,
                                        arena + plan.dx_offset, samples, dx)
