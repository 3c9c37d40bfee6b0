"""A network as C structs: operations, where their numbers are, and the batch at hand."""
from libc.stdint cimport int64_t, uint64_t

from fastnn._core.feed cimport Feed, Target
from fastnn._core.kernels cimport UPDATE_STATES, fastnn_update, real
from fastnn._core.loss cimport Loss
from fastnn._core.operation cimport Operation, waits
from fastnn._core.rule cimport Rule
from fastnn._core.single cimport Layout

cdef struct Update:
    Rule rule
    void* state[UPDATE_STATES]  # (P,) each; NULL: none
    double rate
    const double* rates         # of the steps after `rates_from`, or NULL: `rate`
    int64_t rates_from
    int64_t steps               # made so far, with this one
    fastnn_update how, spared   # this step; of parameters that do not decay
    bint spares                 # whether there may be such
    # what happens to gradients before it (gradients.pyx); 0: nothing
    double clip_value, clip_norm, noise
    double norm_factor          # of all gradients of this step, if clip_norm
    uint64_t seed               # of the noise

# Something of a chunk's, and when it is needed: see frames.pyx.
cdef struct Span:
    ptrdiff_t size, start       # in elements
    int first, last             # times
    bint kept                   # while other chunks are at hand
    bint shared                 # several gradients are this one
    bint placed

# What flows between operations.
cdef struct Value:
    ptrdiff_t size              # in elements
    ptrdiff_t start             # see `place`
    int alias                   # the value whose memory it is; or itself
    int span, gradient_span     # while frames are planned
    Layout layout               # where samples run singly

# One of the network's outputs.
cdef struct Head:
    int value
    ptrdiff_t gradient          # where the loss writes, see `place`
    Target target
    Loss loss
    double factor               # of its loss in the network's
    ptrdiff_t share             # double (samples,) what each counts in the mean loss
    ptrdiff_t losses            # double (chunks · LANES,)
    ptrdiff_t right             # int64 (chunks,) decisions that equal the target
    double weight               # Σ of what the samples count
    void* outputs               # (samples, outputs) rows, or NULL

# The batches whose gradients, added up, make one update.
cdef struct Group:
    ptrdiff_t batches           # at most
    ptrdiff_t size              # samples of each but the last
    const int64_t* ends         # where each ends, or NULL: as follows from that
    ptrdiff_t first, stop       # its samples
    ptrdiff_t row               # where they begin among the rows that noise knows
    ptrdiff_t part              # the batch at hand, from 0
    bint closes                 # whether it is the last
    bint penalised              # whether gradients of penalties are added to the sum
    ptrdiff_t sums              # (P,) of CHAIN batches each, where there may be more

cdef struct Network:
    Operation* op
    int n
    bint training               # whether there is a backward pass
    Value* value                # the network's inputs come first
    int n_values
    Feed* feed                  # of each input
    int n_inputs
    Head* head
    int n_heads
    Span* span
    int n_spans
    ptrdiff_t size              # P
    void* parameters            # (P,)
    void* gradients             # (P,)
    int64_t* steps              # (1,) updates made so far, over all runs
    # the arena, see arena.pyx
    void* arena
    ptrdiff_t arena_size        # in elements
    # activations and gradients
    ptrdiff_t frame, frame_size             # of each chunk: what is kept of it
    ptrdiff_t workspace, workspace_size     # of each thread: what the chunk at hand needs besides
    ptrdiff_t scratch, scratch_size         # of each thread
    int threads
    bint layered                # operation by operation, else chunk by chunk
    bint single                 # every sample a chunk of its own (single.pyx)
    # the batch
    const void* weight          # (N,) of the samples, of the real type, or NULL: all 1
    const int64_t* order        # which sample is the nth, or NULL: the nth
    bint counts_right           # whether decisions are compared with the target
    Update update
    Group group
    ptrdiff_t first, samples    # of the epoch's order
    ptrdiff_t chunks, lots
    ptrdiff_t penalties         # double: terms of the penalties, see upkeep.pyx
    ptrdiff_t squares           # double: terms of the gradients' norm, likewise
    bint unsound                # whether some loss is not finite: then no update is made
    ptrdiff_t row               # that of the first sample, as noise knows it


cdef void* address(object array) except? NULL
cdef bint make_values(Network* net, list values) except False
cdef bint make_operations(Network* net, list instructions, const real* which) except False
cdef bint make_inputs(Network* net, list input_shapes, list preprocessing) except False
cdef bint make_heads(Network* net, list outputs, losses) except False
cdef void free_network(Network* net) noexcept nogil
cdef bint set_arrays(Network* net, inputs, targets, outputs, augment) except False
cdef bint set_update(Update* update, tuple rule) except False


cdef inline ptrdiff_t end_of_batch(const Group* group, ptrdiff_t part) noexcept nogil:
    if group.ends != NULL:
        return group.ends[part]
    return min(group.first + (part + 1) * group.size, group.stop)


cdef inline Operation* at_time(const Network* net, int time) noexcept nogil:
    """The operation whose way forward or back it is then; NULL at the loss, and before all."""
    if time < 0 or time == net.n:
        return NULL
    return &net.op[time if time < net.n else 2 * net.n - time]


cdef inline bint cuts(const Network* net, int time) noexcept nogil:
    """Whether no chunk may go on before all have come to this time."""
    cdef const Operation* op = at_time(net, time)
    return net.training and op != NULL and waits(op) and (time < net.n or op.backward)


cdef inline real* place(const Network* net, ptrdiff_t start, ptrdiff_t chunk, int thread,
                        const real* which) noexcept nogil:
    """What stands at `start` in the chunk's frame, or, counted on from there, in the workspace."""
    if start < net.frame_size:
        return <real*>net.arena + net.frame + chunk * net.frame_size + start
    return (<real*>net.arena + net.workspace + thread * net.workspace_size
            + (start - net.frame_size))


cdef inline real* value_at(const Network* net, int index, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    return place(net, net.value[index].start, chunk, thread, which)


cdef inline double* share_of(const Network* net, const Head* head,
                             const real* which) noexcept nogil:
    return <double*>(<real*>net.arena + head.share)


cdef inline double* losses_of(const Network* net, const Head* head,
                              const real* which) noexcept nogil:
    return <double*>(<real*>net.arena + head.losses)


cdef inline int64_t* right_of(const Network* net, const Head* head,
                              const real* which) noexcept nogil:
    return <int64_t*>(<real*>net.arena + head.right)


cdef inline double* penalties_of(const Network* net, const real* which) noexcept nogil:
    return <double*>(<real*>net.arena + net.penalties)


cdef inline double* squares_of(const Network* net, const real* which) noexcept nogil:
    return <double*>(<real*>net.arena + net.squares)
