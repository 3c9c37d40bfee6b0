from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network

cdef int most_spans(const Network* net) noexcept nogil
cdef void plan_frame(Network* net, const real* which) noexcept nogil
