from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network
from fastnn._core.operation cimport Operation

cdef ptrdiff_t pack_tasks(const Network* net, const Operation* op) noexcept nogil
cdef void pack_task(Network* net, const Operation* op, ptrdiff_t task,
                    const real* which) noexcept nogil
cdef void pack_late(Network* net, const Operation* op, ptrdiff_t index, real* panel) noexcept nogil
cdef ptrdiff_t finish_tasks(const Network* net, const Operation* op) noexcept nogil
cdef ptrdiff_t update_tasks(const Operation* op) noexcept nogil
cdef void update_task(Network* net, const Operation* op, ptrdiff_t task,
                      const real* which) noexcept nogil
cdef void finish_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                      const real* which) noexcept nogil
