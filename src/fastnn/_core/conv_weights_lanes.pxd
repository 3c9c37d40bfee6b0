from fastnn._core.conv_weights cimport WeightGradient
from fastnn._core.kernels cimport real

cdef void lane_major_chunk(const WeightGradient* plan, const real* x, const real* dy,
                           ptrdiff_t samples, real* scratch, real* sums,
                           real* dweight) noexcept nogil
cdef void list_offsets(const WeightGradient* plan, ptrdiff_t* offsets) noexcept nogil
