"""A program's convolution: plans for every pass, and of a max pooling that may follow by rows."""
from fastnn._core.conv cimport Correlation
from fastnn._core.conv_weights cimport WeightGradient
from fastnn._core.kernels cimport real
from fastnn._core.pool_plan cimport PoolPlan

cdef struct ConvPlan:
    Correlation correlation, transposed     # forward, and input gradient
    WeightGradient gradient
    bint pools                  # its output is max-pooled row by row, and not kept
    PoolPlan pool

cdef ptrdiff_t make_conv_plan(ConvPlan* plan, dict settings, bint training,
                              const real* which) except -1
cdef void free_conv_plan(ConvPlan* plan) noexcept nogil
cdef ptrdiff_t conv_plan_scratch(const ConvPlan* plan, const real* which) noexcept nogil
cdef void conv_forward_rows(
    const ConvPlan* plan, const real* x, const real* packed, const real* bias, real* y, void* saved,
    ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil
cdef void conv_backward_input_rows(
    const ConvPlan* plan, const real* dy, const real* packed, const real* positive, real* dx,
    ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil


cdef inline ptrdiff_t conv_rows(const ConvPlan* plan) noexcept nogil:
    """Rows of what is stored: of the pooled output, if it is pooled."""
    return plan.pool.windows.axis[1].targets if plan.pools else plan.correlation.axis[1].targets


cdef inline ptrdiff_t unpooled_size(const ConvPlan* plan) noexcept nogil:
    """Elements of what a convolution's output would be, had it not been pooled row by row."""
    return (plan.pool.windows.axis[0].sources * plan.pool.windows.axis[1].sources
            * plan.pool.windows.axis[2].sources * plan.pool.windows.channels * 16)
