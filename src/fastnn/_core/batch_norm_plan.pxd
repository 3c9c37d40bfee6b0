"""A program's batch normalisation: what it computes of a batch, between barriers and for good."""
from fastnn._core.kernels cimport real
from fastnn._core.pool_plan cimport PoolPlan

cdef struct BatchNormPlan:
    ptrdiff_t positions, channels
    double epsilon, momentum
    bint relu                   # whether a ReLU follows
    bint pools                  # its output is max-pooled row by row, and not kept
    PoolPlan pool
    double* running_mean        # (channels,), of the layer
    double* running_variance
    # in the arena
    ptrdiff_t moments           # double (chunks, 2, channels); on the way back sums, real
    ptrdiff_t mean, variance    # double (channels,)
    ptrdiff_t centre, factor, offset        # (channels,), of y
    ptrdiff_t dy_factor, x_factor, dx_offset    # likewise, of dx

cdef bint make_batch_norm_plan(BatchNormPlan* plan, dict settings, ptrdiff_t inputs) except False
cdef void free_batch_norm_plan(BatchNormPlan* plan) noexcept nogil
cdef ptrdiff_t batch_norm_plan_scratch(const BatchNormPlan* plan, const real* which) noexcept nogil
cdef ptrdiff_t place_batch_norm(BatchNormPlan* plan, ptrdiff_t start, ptrdiff_t chunks,
                                const real* which) noexcept nogil
cdef ptrdiff_t batch_norm_tasks(const BatchNormPlan* plan) noexcept nogil
cdef void batch_norm_use_running(const BatchNormPlan* plan, const real* scale, const real* shift,
                                 real* arena) noexcept nogil
cdef void batch_norm_sum(const BatchNormPlan* plan, ptrdiff_t chunk, const real* x,
                         ptrdiff_t samples, real* scratch, real* arena) noexcept nogil
cdef void batch_norm_combine_task(
    const BatchNormPlan* plan, ptrdiff_t task, ptrdiff_t chunks, ptrdiff_t samples,
    const real* scale, const real* shift, real* arena) noexcept nogil
cdef void batch_norm_forward(const BatchNormPlan* plan, const real* x, const real* arena, real* y,
                             void* saved, real* scratch) noexcept nogil
cdef void batch_norm_backward_sum(
    const BatchNormPlan* plan, ptrdiff_t chunk, const real* dy, const void* saved, const real* x,
    ptrdiff_t samples, real* scratch, real* arena) noexcept nogil
cdef void batch_norm_backward_combine_task(
    const BatchNormPlan* plan, ptrdiff_t task, ptrdiff_t chunks, ptrdiff_t samples,
    const real* scale, real* dscale, real* dshift, real* arena) noexcept nogil
cdef void batch_norm_backward_input(
    const BatchNormPlan* plan, const real* dy, const void* saved, const real* x, const real* arena,
    ptrdiff_t samples, real* dx, real* scratch) noexcept nogil
