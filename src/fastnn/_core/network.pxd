"""A network as C structs: operations, where their numbers are, and the batch at hand."""
from libc.stdint cimport int64_t

from fastnn._core.feed cimport Feed
from fastnn._core.kernels cimport real
from fastnn._core.loss cimport Loss
from fastnn._core.operation cimport Operation
from fastnn._core.single cimport Layout

cdef enum Rule:
    NO_UPDATE, SGD, ADAM

cdef struct Update:
    Rule rule
    void* first                 # (P,) velocity, or first moment; NULL: none
    void* second                # (P,) second moment
    double rate, momentum, beta1, beta2, epsilon
    bint nesterov
    int64_t steps               # ADAM: made so far
    double step_rate, root_scale            # ADAM: of this step

cdef struct Network:
    Operation* op
    int n
    bint training               # whether there is a backward pass
    void* parameters            # (P,)
    void* gradients             # (P,)
    # the arena, see arena.pyx
    void* arena
    ptrdiff_t arena_size        # in elements
    ptrdiff_t* value            # where values start in a frame; value[0]: the network's input
    ptrdiff_t* value_size       # in elements
    Layout* layout              # where samples run singly
    int n_values
    int last                    # value[last]: the network's output
    ptrdiff_t last_gradient     # where the loss writes, in a frame
    # activations and gradients of a chunk: a frame for each chunk if layered, else for each thread
    ptrdiff_t frame, frame_size
    ptrdiff_t scratch, scratch_size         # of each thread
    int threads
    bint layered                # operation by operation, else chunk by chunk
    bint single                 # every sample a chunk of its own (single.pyx)
    # the batch
    Feed feed
    Loss loss
    bint counts_right           # whether decisions are compared with the target
    Update update
    ptrdiff_t first, samples    # of the epoch's order
    ptrdiff_t chunks, lots
    ptrdiff_t share             # double (samples,) what each counts in the mean loss
    ptrdiff_t losses            # double (chunks · LANES,)
    ptrdiff_t right             # int64 (chunks,) decisions that equal the target
    double weight               # Σ of the samples' weights
    bint unsound                # whether some loss is NaN: then no update is made
    void* outputs               # (samples, outputs) rows, or NULL


cdef void* address(object array) except? NULL
cdef bint make_values(Network* net, list sizes) except False
cdef bint make_operations(Network* net, list instructions, const real* which) except False
cdef bint make_layouts(Network* net, ptrdiff_t features, ptrdiff_t channels) except False
cdef bint make_feed(Network* net, list sizes, list preprocessing) except False
cdef void free_network(Network* net) noexcept nogil
cdef bint set_update(Update* update, tuple rule) except False


cdef inline real* frame_of(const Network* net, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    return (<real*>net.arena + net.frame
            + (chunk if net.layered else thread) * net.frame_size)


cdef inline real* value_at(const Network* net, int index, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    return frame_of(net, chunk, thread, which) + net.value[index]


cdef inline double* share_of(const Network* net, const real* which) noexcept nogil:
    return <double*>(<real*>net.arena + net.share)


cdef inline double* losses_of(const Network* net, const real* which) noexcept nogil:
    return <double*>(<real*>net.arena + net.losses)


cdef inline int64_t* right_of(const Network* net, const real* which) noexcept nogil:
    return <int64_t*>(<real*>net.arena + net.right)
