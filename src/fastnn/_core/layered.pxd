from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network
from fastnn._core.operation cimport Operation

cdef ptrdiff_t forward_tasks(const Network* net, const Operation* op) noexcept nogil
cdef void forward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                       const real* which) noexcept nogil
cdef ptrdiff_t backward_tasks(const Network* net, const Operation* op,
                              const real* which) noexcept nogil
cdef void backward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                        const real* which) noexcept nogil
