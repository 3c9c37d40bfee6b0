from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network

cdef enum PhaseKind:
    PACK                        # all weights that kernels want in panels
    CHUNKS                      # chunks, each through the whole network and back
    GATHER, FORWARD, OUTPUT, UNPOOL, BACKWARD       # by layer: one operation, all chunks
    FINISH                      # gradients: sums of slots, and across the batch; then the update

# Tasks that do not depend on each other; a barrier stands behind each phase.
cdef struct Phase:
    PhaseKind kind
    int op                      # of FORWARD, UNPOOL, BACKWARD
    ptrdiff_t tasks, next       # how many, and the next that no thread has taken yet

cdef int list_phases(const Network* net, Phase* phases, const real* which) noexcept nogil
cdef void run_task(Network* net, const Phase* phase, ptrdiff_t task, int thread,
                   const real* which) noexcept nogil
