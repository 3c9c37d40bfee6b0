"""Batch normalisation, in stages with barriers between them.

    forward     batch_norm_sum_chunk            every chunk: moments of each channel
                batch_norm_combine              blocks of channels: mean and variance of the batch
                batch_norm_factors              likewise: what the map is made of
                batch_norm_apply_chunk          every chunk: y
    inference   batch_norm_factors, batch_norm_apply_chunk, with means and variances that are given
    backward    batch_norm_backward_sum_chunk   every chunk: Σ dy and Σ dy·(x − centre)
                batch_norm_backward_combine     blocks of channels: gradients, and factors of dx
                batch_norm_backward_input_chunk every chunk: dx

Any thread may take any chunk or channel of a stage: chunks are combined as a tree of neighbours,
pairs, and so on, given by their number alone. Moments, means, variances and running statistics are
in double, as a mean of 10⁴ with a spread of 1 would lose its last digits in float; factors, offsets
and sums of gradients are in the working precision.
"""
from fastnn._core.kernels cimport real

cdef ptrdiff_t batch_norm_scratch(ptrdiff_t channels, const real* which) noexcept nogil
cdef void batch_norm_sum_chunk(
    ptrdiff_t positions, ptrdiff_t channels, const real* x, ptrdiff_t samples, real* scratch,
    double* moments) noexcept nogil
cdef void batch_norm_combine(
    ptrdiff_t chunks, ptrdiff_t samples, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t first,
    ptrdiff_t end, double* moments, double* mean, double* variance) noexcept nogil
cdef void batch_norm_track(
    ptrdiff_t first, ptrdiff_t end, double count, double momentum, const double* mean,
    const double* variance, double* running_mean, double* running_variance) noexcept nogil
cdef void batch_norm_factors(
    ptrdiff_t first, ptrdiff_t end, const double* mean, const double* variance, const real* scale,
    const real* shift, double epsilon, real* centre, real* factor, real* offset) noexcept nogil
cdef void batch_norm_apply_chunk(
    ptrdiff_t positions, ptrdiff_t channels, const real* x, const real* centre, const real* factor,
    const real* offset, bint relu, real* y) noexcept nogil
cdef void batch_norm_backward_sum_block(
    ptrdiff_t first, ptrdiff_t positions, ptrdiff_t channels, const real* dy, const real* x,
    ptrdiff_t samples, const real* centre, real* scratch, real* sums) noexcept nogil
cdef void batch_norm_backward_sum_chunk(
    ptrdiff_t positions, ptrdiff_t channels, const real* dy, const real* x, ptrdiff_t samples,
    const real* centre, real* scratch, real* sums) noexcept nogil
cdef void batch_norm_backward_combine(
    ptrdiff_t chunks, double count, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end, real* sums,
    const double* mean, const double* variance, const real* scale, double epsilon,
    const real* centre, real* dscale, real* dshift, real* dy_factor, real* x_factor,
    real* offset) noexcept nogil
cdef void batch_norm_backward_input_chunk(
    ptrdiff_t positions, ptrdiff_t channels, const real* dy, const real* x, const real* centre,
    const real* dy_factor, const real* x_factor, const real* offset, ptrdiff_t samples,
    real* dx) noexcept nogil
