from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network

cdef void start_batch(Network* net, const real* which) noexcept nogil
cdef void finish_chunk(Network* net, ptrdiff_t chunk, int thread, real* scratch) noexcept nogil
cdef double total_loss(const Network* net, const real* which) noexcept nogil
cdef ptrdiff_t all_right(const Network* net, const real* which) noexcept nogil
