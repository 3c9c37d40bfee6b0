"""Where everything of a program stands, for a number of samples and threads: one block, the arena.

Chunk by chunk (the rule), a thread takes a chunk through the whole network, so activations need
room for one chunk a thread, which stays in its L2 cache. Only what the weight gradients of dense
layers are made of is kept for the whole batch.

Operation by operation (`layered`), every thread works on the same operation, and all activations
are kept: for batches of fewer chunks than threads, and where dense weights, which every chunk would
read anew, are much larger than the activations. A few samples alone go that way too, each as if it
were a chunk. Where an operation needs the whole batch, chunks wait for each other on their way, and
what they need of themselves when they go on is kept too.
"""
from fastnn._core.batch_norm_plan cimport place_batch_norm
from fastnn._core.conv cimport packed_size
from fastnn._core.dense cimport dense_parts, make_dense_tiles
from fastnn._core.dense_weights cimport dense_panels_size, dense_x_size
from fastnn._core.feed cimport feed_scratch
from fastnn._core.frames cimport plan_frame
from fastnn._core.kernels cimport CHAIN, LANES
from fastnn._core.local_conv_plan cimport local_panel_size, local_plan_scratch
from fastnn._core.loss cimport NO_LOSS
from fastnn._core.network cimport Head
from fastnn._core.operation cimport (
    BATCH_NORM, CONV, DENSE, LOCAL_CONV, Operation, scratch_size)
from fastnn._core.penalty cimport terms_of
from fastnn._core.single cimport (
    single_packs, single_panel_size, single_scratch, single_supports)
from fastnn._core.slots cimport slot_count
from fastnn._core.threads cimport team
from fastnn._core.upkeep cimport place_penalties

cdef ptrdiff_t LARGE_WEIGHTS = 1 << 20      # bytes: dense weights beyond do not stay in L2
cdef double MOVE = 8                        # multiply-adds that turning a weight costs
cdef double PHASES = 5                      # about as many as cost what a parallel region costs
cdef ptrdiff_t FEW = 8                      # samples that run faster one by one than as a chunk


cdef ptrdiff_t count_lots(const Network* net, ptrdiff_t chunks, size_t item) noexcept nogil:
    """Groups of chunks, each of which one thread must take: the slots of which there are fewest."""
    cdef ptrdiff_t lots = chunks
    cdef int i
    for i in range(net.n):
        if net.training and net.op[i].slotted:
            lots = min(lots, slot_count(chunks, net.op[i].slotted * item))
    return lots


cdef bint goes_singly(const Network* net, ptrdiff_t samples) noexcept nogil:
    cdef int i
    for i in range(net.n):
        if not single_supports(&net.op[i], net.value[net.op[i].x].layout):
            return False
    return samples <= FEW and not net.training and net.head[0].loss.kind == NO_LOSS


cdef bint goes_by_layer(const Network* net, ptrdiff_t chunks, size_t item) noexcept nogil:
    cdef ptrdiff_t weights = 0, activations = 0
    cdef int i
    for i in range(net.n):
        activations += net.op[i].outputs * LANES
        if net.op[i].kind == DENSE:
            weights += net.op[i].weights
    if count_lots(net, chunks, item) < net.threads:
        return True
    return weights * <ptrdiff_t>item > LARGE_WEIGHTS and weights > 4 * activations


cdef ptrdiff_t reserve(Network* net, ptrdiff_t size) noexcept nogil:
    """The start of `size` more elements, on a cache line."""
    cdef ptrdiff_t start = net.arena_size
    net.arena_size += (size + LANES - 1) // LANES * LANES
    return start


cdef void choose_way(Network* net, int n_threads, ptrdiff_t samples,
                     const real* which) noexcept nogil:
    """How many threads, and which of the ways above."""
    cdef ptrdiff_t chunks
    cdef double work = 0
    cdef int i
    net.single = goes_singly(net, samples)
    for i in range(net.n):
        work += <double>net.op[i].work * (3 if net.training else 1)
        if net.single:
            work += MOVE * net.op[i].weights
    chunks = samples if net.single else (samples + LANES - 1) // LANES
    work *= chunks * (1 if net.single else <ptrdiff_t>LANES)
    net.threads = team(n_threads, 1024, work / PHASES)
    net.layered = net.single or goes_by_layer(net, chunks, sizeof(real))


cdef bint packs_late(const Network* net, const Operation* op, ptrdiff_t chunks) noexcept nogil:
    """Whether one task alone reads a panel of a dense layer, and can make it, in its cache."""
    return (net.layered and not (net.training and op.input_gradient) and op.dense.mask == NULL
            and dense_parts(&op.dense.panels.tiling, op.dense.panels.panels, chunks,
                            net.threads) == 1)


cdef void place_weights(Network* net, Operation* op, ptrdiff_t chunks,
                        const real* which) noexcept nogil:
    """Panels of an operation's weights."""
    cdef ptrdiff_t panels
    if op.kind == BATCH_NORM:
        op.packed = 0
        net.arena_size = place_batch_norm(&op.batch_norm, net.arena_size,
                                          chunks if net.training else 0, which)
    elif net.single:
        op.packed = reserve(net, single_packs(op) * single_panel_size(op))
    elif op.kind == DENSE:
        op.dense.panels = make_dense_tiles(op.inputs, op.outputs, chunks if net.layered else 1,
                                           which)
        op.dense.packs_late = packs_late(net, op, chunks)
        panels = net.threads if op.dense.packs_late else op.dense.panels.panels
        op.packed = reserve(net, panels * op.dense.panels.panel_size)
        op.back_packed = op.packed
    elif op.kind == LOCAL_CONV:
        op.packed = reserve(net, op.local.positions * local_panel_size(&op.local))
    elif op.kind == CONV:
        op.packed = reserve(net, packed_size(&op.conv.correlation))
        if net.training and op.input_gradient:
            op.back_packed = reserve(net, packed_size(&op.conv.transposed))


cdef bint reads_input(const Network* net, const Operation* op) noexcept nogil:
    """Whether x is one of the network's inputs as it comes, and nothing is written in its place."""
    cdef int i
    for i in range(net.n):
        if net.op[i].forward and net.op[i].y == op.x:
            return False
    return op.x < net.n_inputs


cdef void place_weight_gradients(Network* net, Operation* op, ptrdiff_t samples, ptrdiff_t chunks,
                                 const real* which) noexcept nogil:
    """Slots, or what is kept of the whole batch."""
    cdef ptrdiff_t slots
    if op.slotted:
        slots = slot_count(chunks, op.slotted * sizeof(real))
        op.slots = reserve(net, slots * op.slotted)
        op.chain = -1
        if chunks > slots * CHAIN:
            op.chain = reserve(net, net.threads * op.slotted)
    if op.kind == BATCH_NORM:
        op.slots = reserve(net, op.weights + op.biases)
    if op.kind == DENSE and op.trained:
        op.takes_rows = reads_input(net, op)
        op.x_panels = reserve(net, dense_x_size(&op.dense.gradient, samples))
        op.dy_panels = reserve(net, dense_panels_size(&op.dense.gradient, samples))


cdef void plan_arena(Network* net, int n_threads, ptrdiff_t samples,
                     const real* which) noexcept nogil:
    """Choose the way through the network, and place all that it needs; fills net.arena_size."""
    cdef ptrdiff_t chunks, size
    cdef Operation* op
    cdef Head* head
    cdef int i
    choose_way(net, n_threads, samples, which)
    chunks = samples if net.single else (samples + LANES - 1) // LANES
    plan_frame(net, which)
    net.arena_size = 0
    net.frame = reserve(net, net.frame_size * chunks)
    net.workspace = reserve(net, net.workspace_size * net.threads)
    net.scratch_size = 0
    for i in range(net.n):
        op = &net.op[i]
        place_weights(net, op, chunks, which)
        if op.kind == LOCAL_CONV:
            size = local_plan_scratch(&op.local, samples if op.trained else 0, which)
        else:
            size = single_scratch(op, which) if net.single else scratch_size(op, which)
        net.scratch_size = max(net.scratch_size, size)
        if net.training:
            place_weight_gradients(net, op, samples, chunks, which)
    for i in range(net.n_inputs):
        net.scratch_size = max(net.scratch_size, feed_scratch(net.feed[i].features))
    for i in range(net.n_heads):
        head = &net.head[i]
        net.scratch_size = max(net.scratch_size, 2 * head.target.outputs * LANES)
        head.share = reserve(net, chunks * LANES * sizeof(double) // sizeof(real))
        head.losses = reserve(net, chunks * LANES * sizeof(double) // sizeof(real))
        head.right = reserve(net, chunks * sizeof(double) // sizeof(real))
    net.penalties = reserve(net, place_penalties(net) * sizeof(double) // sizeof(real))
    if net.training and net.group.batches > CHAIN:
        net.group.sums = reserve(net, net.size)
    net.squares = reserve(net, terms_of(net.size) * sizeof(double) // sizeof(real))
    net.scratch_size = (net.scratch_size + LANES - 1) // LANES * LANES
    net.scratch = reserve(net, net.scratch_size * net.threads)
