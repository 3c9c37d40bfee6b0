"""A program's pooling: its windows, of outputs and of the inputs that they cover."""
from fastnn._core.kernels cimport real
from fastnn._core.memory cimport elements
from fastnn._core.pool cimport Windows

cdef struct PoolPlan:
    Windows windows
    bint averages
    double p                    # of norms; 0: none. What takes neither averages nor norms, maxima
    Windows covering            # averages, norms, in training: the windows in which an input lies
    const void* scale           # averages: one over each window's count

cdef ptrdiff_t make_pool_plan(PoolPlan* plan, dict settings, bint training) except -1
cdef void free_pool_plan(PoolPlan* plan) noexcept nogil
cdef ptrdiff_t pool_plan_scratch(const PoolPlan* plan, const real* which) noexcept nogil
cdef ptrdiff_t argmax_size(const PoolPlan* plan, const real* which) noexcept nogil
cdef void pool_forward_rows(const PoolPlan* plan, const real* x, real* y, void* saved,
                            ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil
cdef void pool_backward(const PoolPlan* plan, const real* x, const real* y, const void* saved,
                        const real* dy, real* dx, real* scratch) noexcept nogil


cdef inline ptrdiff_t taps_size(const Windows* windows, const real* which) noexcept nogil:
    """Offsets of a window's taps."""
    return elements(windows.size, sizeof(ptrdiff_t), which)


cdef inline ptrdiff_t grid(const Windows* windows, bint sources) noexcept nogil:
    """Positions of a sample, of what windows read or of what they give."""
    cdef ptrdiff_t size = 1, a
    for a in range(3):
        size *= windows.axis[a].sources if sources else windows.axis[a].targets
    return size
