from fastnn._core.kernels cimport real
from fastnn._core.network cimport Network
from fastnn._core.step cimport Phase

# What a batch gave.
cdef struct Figures:
    double loss, weight, penalty
    ptrdiff_t right

# How many of an owner's tasks are taken; counters of different threads stand a cache line apart.
cdef struct Taken:
    ptrdiff_t tasks
    char line[56]

# A run over samples first … stop of the order, as its threads share it.
cdef struct Run:
    Network* net
    Phase* phase
    int phases
    Taken* taken                # (phases, threads)
    ptrdiff_t stop
    double deadline             # no batch starts after it
    Figures* figures            # of each group of batches that makes an update (network.pxd)
    ptrdiff_t done, updates     # groups, and those with an update
    bint finished

cdef double now() noexcept nogil
cdef void run_batches(Run* run, const real* which) noexcept nogil
