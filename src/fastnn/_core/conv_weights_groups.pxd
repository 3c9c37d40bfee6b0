from fastnn._core.conv_weights cimport WeightGradient
from fastnn._core.kernels cimport real

cdef bint goes_grouped(ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t filters) noexcept nogil
cdef bint plan_grouped(WeightGradient* plan, const real* which) except False
cdef void grouped_weights_chunk(const WeightGradient* plan, const real* x, const real* dy,
                                ptrdiff_t samples, real* spare, real* sums, ptrdiff_t* taps,
                                real* bias_sums, real* dweight, real* dbias) noexcept nogil
