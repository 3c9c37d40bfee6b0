"""A chunk and an operation of a network: what the passes read and write, found in the arena."""
from fastnn._core.kernels cimport LANES, real
from fastnn._core.network cimport Network, place
from fastnn._core.operation cimport Operation
from fastnn._core.slots cimport slot_count

cdef void gather(Network* net, ptrdiff_t chunk, int thread, const real* which) noexcept nogil
cdef void forward(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                  ptrdiff_t parts, int thread, const real* which) noexcept nogil
cdef void remake_input(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                       const real* which) noexcept nogil
cdef void unpool_rows(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                      const real* which) noexcept nogil
cdef void backward_weights(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil
cdef void backward_input(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                         ptrdiff_t parts, int thread, const real* which) noexcept nogil


cdef void give_sums(Network* net, const Operation* op, bint back, ptrdiff_t chunk, int thread,
                    const real* which) noexcept nogil
cdef void combine(Network* net, const Operation* op, bint back, ptrdiff_t task,
                  const real* which) noexcept nogil


cdef inline const real* scale_of(const Operation* op, const real* vector) noexcept nogil:
    """A normalisation's scale in a flat vector; NULL if it has none."""
    return vector + op.weight if op.weights else NULL


cdef inline const real* shift_of(const Operation* op, const real* vector) noexcept nogil:
    return vector + op.weight + op.weights if op.biases else NULL


cdef inline ptrdiff_t lanes_of(const Network* net, ptrdiff_t chunk) noexcept nogil:
    return min(<ptrdiff_t>LANES, net.samples - chunk * LANES)


cdef inline real* scratch_of(const Network* net, int thread, const real* which) noexcept nogil:
    return <real*>net.arena + net.scratch + thread * net.scratch_size


cdef inline ptrdiff_t slots_of(const Network* net, const Operation* op,
                               const real* which) noexcept nogil:
    return slot_count(net.chunks, op.slotted * sizeof(real))


cdef inline real* dy_at(const Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                        const real* which) noexcept nogil:
    """dy, unpooled if the operation pools its output."""
    return place(net, op.unpooled if op.conv.pools else op.dy, chunk, thread, which)
