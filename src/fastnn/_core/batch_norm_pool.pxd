"""Batch normalisation and the max pooling behind it, a row of windows at a time."""
from fastnn._core.batch_norm_plan cimport BatchNormPlan
from fastnn._core.kernels cimport real

cdef ptrdiff_t batch_norm_pool_scratch(const BatchNormPlan* plan, const real* which) noexcept nogil
cdef void batch_norm_pool_forward(const BatchNormPlan* plan, const real* x, const real* arena,
                                  real* y, void* saved, real* scratch) noexcept nogil
cdef void batch_norm_pool_backward_sum(
    const BatchNormPlan* plan, const real* dy, const void* saved, const real* x, ptrdiff_t samples,
    const real* arena, real* scratch, real* sums) noexcept nogil
cdef void batch_norm_pool_backward_input(
    const BatchNormPlan* plan, const real* dy, const void* saved, const real* x, const real* arena,
    ptrdiff_t samples, real* dx, real* scratch) noexcept nogil
