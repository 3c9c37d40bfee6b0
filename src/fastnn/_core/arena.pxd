from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network

cdef void plan_arena(Network* net, int n_threads, ptrdiff_t samples,
                     const real* which) noexcept nogil
cdef ptrdiff_t count_lots(const Network* net, ptrdiff_t chunks, size_t item) noexcept nogil
