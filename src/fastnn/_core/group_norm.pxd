from fastnn._core.kernels cimport real

# How a sample is normalised: blocks of positions, groups and channels, each group of a block by the
# mean and variance of its positions and channels; parameters are those of one position's channels.
# GroupNorm has one block, LayerNorm one position and one group in each of its blocks.
cdef struct Groups:
    ptrdiff_t blocks, positions, groups, channels
    double epsilon
    bint scales, shifts         # which parameters there are: scales, and behind them shifts

cdef Groups make_groups(ptrdiff_t features, ptrdiff_t blocks, ptrdiff_t groups, ptrdiff_t channels,
                        double epsilon, bint scales, bint shifts) noexcept nogil
cdef ptrdiff_t groups_parameters(const Groups* plan) noexcept nogil
cdef ptrdiff_t groups_scratch(const Groups* plan) noexcept nogil
cdef void group_norm_forward_chunk(const Groups* plan, const real* x, const real* parameters,
                                   real* y, real* scratch) noexcept nogil
cdef void group_norm_backward_chunk(
    const Groups* plan, const real* dy, const real* x, const real* parameters, ptrdiff_t samples,
    ptrdiff_t nth, bint last, real* scratch, real* chain, real* total, real* dx) noexcept nogil
