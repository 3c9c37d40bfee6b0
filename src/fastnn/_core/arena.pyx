"""Where everything of a program stands, for a number of samples and threads: one block, the arena.

Chunk by chunk (the rule), a thread takes a chunk through the whole network, so activations need
room for one chunk a thread, which stays in its L2 cache. Only what the weight gradients of dense
layers are made of is kept for the whole batch.

Operation by operation (`layered`), every thread works on the same operation, and all activations
are kept: for batches of fewer chunks than threads, and where dense weights, which every chunk would
read anew, are much larger than the activations. A few samples alone go that way too, each as if it
were a chunk.
"""
from fastnn._core.conv cimport packed_size
from fastnn._core.conv_plan cimport unpooled_size
from fastnn._core.dense cimport make_dense_tiles
from fastnn._core.dense_weights cimport dense_panels_size, dense_x_size
from fastnn._core.feed cimport feed_scratch
from fastnn._core.kernels cimport CHAIN, LANES
from fastnn._core.loss cimport NO_LOSS
from fastnn._core.operation cimport (
    CONV, DENSE, Operation, in_place, needs_output, saved_size, scratch_size)
from fastnn._core.single cimport (
    single_packs, single_panel_size, single_scratch, single_supports)
from fastnn._core.slots cimport slot_count
from fastnn._core.threads cimport team

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
        if not single_supports(&net.op[i]):
            return False
    return samples <= FEW and not net.training and net.loss.kind == NO_LOSS


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


# A part of a frame that holds something which is still needed.
cdef struct Live:
    ptrdiff_t start, end


cdef ptrdiff_t lowest_gap(Network* net, ptrdiff_t size, Live a, Live b) noexcept nogil:
    """The first place in a frame for `size` elements beside what is live."""
    cdef ptrdiff_t start = 0
    while True:
        if start < a.end and start + size > a.start:
            start = a.end
        elif start < b.end and start + size > b.start:
            start = b.end
        else:
            net.frame_size = max(net.frame_size, start + size)
            return start


cdef ptrdiff_t place_values(Network* net, const real* which) noexcept nogil:
    """Activations one behind the other, as a backward pass needs them; returns their end."""
    cdef ptrdiff_t end = net.value_size[0]
    cdef Operation* op
    cdef int i
    net.value[0] = 0
    for i in range(net.n):
        op = &net.op[i]
        op.saved = end
        end += saved_size(op, which)
        if op.y != op.x:
            net.value[op.y] = end
            end += net.value_size[op.y]
    net.frame_size = end
    return end


cdef void place_gradients(Network* net, ptrdiff_t end, const real* which) noexcept nogil:
    """A gradient lives from one operation's backward pass to the next; activations die then."""
    cdef Live values, dy, nothing
    cdef Operation* op
    cdef int i
    values.start = nothing.start = nothing.end = 0
    values.end = end
    dy.start = net.last_gradient = lowest_gap(net, net.value_size[net.last], values, nothing)
    dy.end = dy.start + net.value_size[net.last]
    for i in range(net.n - 1, -1, -1):
        op = &net.op[i]
        op.dx = op.dy = dy.start
        if not needs_output(op):
            # what is needed of the forward pass: all up to x, and the argmax
            values.end = op.saved + saved_size(op, which)
        if op.conv.pools:
            op.unpooled = lowest_gap(net, unpooled_size(&op.conv), values, dy)
            dy.start = op.unpooled
            dy.end = dy.start + unpooled_size(&op.conv)
        if op.backward and op.input_gradient and not in_place(op):
            op.dx = lowest_gap(net, op.inputs * LANES, values, dy)
            dy.start = op.dx
            dy.end = dy.start + op.inputs * LANES


cdef void place_by_turns(Network* net) noexcept nogil:
    """Without a backward pass two values are enough, and no argmax."""
    cdef ptrdiff_t room = 0
    cdef int i
    for i in range(net.n_values):
        room = max(room, net.value_size[i])
    for i in range(net.n_values):
        net.value[i] = i % 2 * room
    net.frame_size = 2 * room
    net.last_gradient = net.frame_size
    if net.loss.kind != NO_LOSS:
        net.frame_size += net.value_size[net.last]


cdef void plan_arena(Network* net, int n_threads, ptrdiff_t samples,
                     const real* which) noexcept nogil:
    """Choose the way through the network, and place all that it needs; fills net.arena_size."""
    cdef ptrdiff_t chunks, slots
    cdef double work = 0
    cdef Operation* op
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
    net.arena_size = 0
    net.scratch_size = max(feed_scratch(net.feed.features), 2 * net.feed.outputs * LANES)
    if net.training:
        place_gradients(net, place_values(net, which), which)
    else:
        place_by_turns(net)
    net.frame = reserve(net, net.frame_size * (chunks if net.layered else net.threads))
    for i in range(net.n):
        op = &net.op[i]
        if net.single:
            net.scratch_size = max(net.scratch_size, single_scratch(op, which))
            op.packed = reserve(net, single_packs(op) * single_panel_size(op))
            continue
        if op.kind == CONV:
            op.packed = reserve(net, packed_size(&op.conv.correlation))
        if op.kind == DENSE:
            op.dense.panels = make_dense_tiles(op.inputs, op.outputs,
                                               chunks if net.layered else 1, which)
            op.packed = reserve(net, op.dense.panels.panels * op.dense.panels.panel_size)
            op.back_packed = op.packed
        net.scratch_size = max(net.scratch_size, scratch_size(op, which))
        if not net.training:
            continue
        if op.kind == CONV:
            op.back_packed = reserve(
                net, packed_size(&op.conv.transposed) if op.input_gradient else 0)
        if op.slotted:
            slots = slot_count(chunks, op.slotted * sizeof(real))
            op.slots = reserve(net, slots * op.slotted)
            op.chain = -1
            if chunks > slots * CHAIN:
                op.chain = reserve(net, net.threads * op.slotted)
        if op.kind == DENSE:
            op.x_panels = reserve(net, dense_x_size(&op.dense.gradient, samples))
            op.dy_panels = reserve(net, dense_panels_size(&op.dense.gradient, samples))
    net.share = reserve(net, chunks * LANES * sizeof(double) // sizeof(real))
    net.losses = reserve(net, chunks * LANES * sizeof(double) // sizeof(real))
    net.right = reserve(net, chunks * sizeof(double) // sizeof(real))
    net.scratch_size = (net.scratch_size + LANES - 1) // LANES * LANES
    net.scratch = reserve(net, net.scratch_size * net.threads)
