from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network

cdef enum PhaseKind:
    PACK                        # all weights that kernels want in panels
    CHUNKS                      # chunks, each from one time to another
    COMBINE                     # what an operation needs of the whole batch, of all chunks' sums
    GATHER, FORWARD, SUM, OUTPUT, UNPOOL, BACKWARD  # by layer: one operation, all chunks
    FINISH                      # gradients: sums of slots, and across the batch; then the update,
    SQUARES, NORM, UPDATE       # which waits for the norm of all gradients if that has a limit

# Tasks that do not depend on each other; a barrier stands behind each phase.
cdef struct Phase:
    PhaseKind kind
    int first, last             # times, as in step.pyx; by layer, and of COMBINE, one time
    ptrdiff_t tasks
    bint turned                 # the last of each owner's first

cdef int most_phases(const Network* net) noexcept nogil
cdef int list_phases(const Network* net, Phase* phases, const real* which) noexcept nogil
cdef ptrdiff_t tasks_of_owner(const Network* net, const Phase* phase, int owner,
                              const real* which) noexcept nogil
cdef void run_task(Network* net, const Phase* phase, ptrdiff_t task, int owner, int thread,
                   const real* which) noexcept nogil


cdef inline ptrdiff_t first_of_owner(ptrdiff_t tasks, int owner, int owners) noexcept nogil:
    return owner * tasks // owners


cdef inline ptrdiff_t share_of_owner(ptrdiff_t tasks, int owner, int owners) noexcept nogil:
    return (owner + 1) * tasks // owners - owner * tasks // owners
