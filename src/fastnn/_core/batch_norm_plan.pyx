"""A program's batch normalisation: the stages of batch_norm.pxd, on the arena.

    SUM            of every chunk, where the chunk's way forward comes to the layer
    COMBINE        blocks of channels, behind a barrier: statistics, running ones too
    forward        where the chunk goes on, behind another barrier

Likewise on the way back. In inference the running statistics stand in for the batch's, before all.
"""
from libc.stdint cimport uintptr_t

from fastnn._core.batch_norm cimport (
    batch_norm_apply_chunk, batch_norm_backward_combine, batch_norm_backward_input_chunk,
    batch_norm_backward_sum_chunk, batch_norm_combine, batch_norm_factors, batch_norm_sum_chunk,
    batch_norm_track)
from fastnn._core.memory cimport elements

cdef enum:
    BLOCK = 64                  # channels that are combined at once


cdef bint make_batch_norm_plan(BatchNormPlan* plan, dict settings, ptrdiff_t inputs) except False:
    """Fill a zeroed plan; the caller keeps the running statistics' arrays alive."""
    plan.channels = settings["channels"]
    plan.positions = inputs // plan.channels
    plan.epsilon = settings["epsilon"]
    plan.relu = settings["relu"]
    plan.momentum = settings["momentum"]
    plan.running_mean = <double*><uintptr_t>settings["running_mean"].ctypes.data
    plan.running_variance = <double*><uintptr_t>settings["running_variance"].ctypes.data
    return True


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


cdef void batch_norm_forward(const BatchNormPlan* plan, const real* x, const real* arena,
                             real* y) noexcept nogil:
    batch_norm_apply_chunk(plan.positions, plan.channels, x, arena + plan.centre,
                           arena + plan.factor, arena + plan.offset, plan.relu, y)


cdef void batch_norm_backward_sum(
        const BatchNormPlan* plan, ptrdiff_t chunk, const real* dy, const real* x,
        ptrdiff_t samples, real* scratch, real* arena) noexcept nogil:
    batch_norm_backward_sum_chunk(plan.positions, plan.channels, dy, x, samples,
                                  arena + plan.centre, scratch,
                                  arena + plan.moments + chunk * 2 * plan.channels)


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


cdef void batch_norm_backward_input(const BatchNormPlan* plan, const real* dy, const real* x,
                                    const real* arena, ptrdiff_t samples,
                                    real* dx) noexcept nogil:
    batch_norm_backward_input_chunk(plan.positions, plan.channels, dy, x, arena + plan.centre,
                                    arena + plan.dy_factor, arena + plan.x_factor,
                                    arena + plan.dx_offset, samples, dx)
