from fastnn._core.holding cimport Holding
from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network
from fastnn._core.operation cimport Operation

cdef ptrdiff_t place_penalties(Network* net) noexcept nogil
cdef ptrdiff_t penalty_tasks(const Network* net, const Operation* op) noexcept nogil
cdef void penalty_task(Network* net, const Operation* op, ptrdiff_t task,
                       const real* which) noexcept nogil
cdef double total_penalty(const Network* net, const real* which) noexcept nogil
cdef bint update_adds_penalty(const Network* net, const Holding* held) noexcept nogil
cdef double penalty_decay(const Network* net, const Holding* held) noexcept nogil
cdef void add_penalty_gradients(const Network* net, const Operation* op, ptrdiff_t first,
                                ptrdiff_t n, real* gradient) noexcept nogil
cdef ptrdiff_t square_tasks(const Network* net) noexcept nogil
cdef void square_task(Network* net, ptrdiff_t task, const real* which) noexcept nogil
cdef void find_norm(Network* net, const real* which) noexcept nogil
cdef void prepare_gradient(const Network* net, ptrdiff_t start, ptrdiff_t n,
                           real* gradient) noexcept nogil
