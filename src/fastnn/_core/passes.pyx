"""The passes of one operation over one chunk of a network (or part of it)."""
from fastnn._core.batch_norm_plan cimport (
    batch_norm_backward_combine_task, batch_norm_backward_input, batch_norm_backward_sum,
    batch_norm_combine_task, batch_norm_forward, batch_norm_sum)
from fastnn._core.conv_weights cimport conv_backward_weights_chunk
from fastnn._core.dense_weights cimport dense_take_rows, dense_turn_chunk
from fastnn._core.feed cimport Feed, feed_row, feed_rows
from fastnn._core.group_norm cimport group_norm_backward_chunk
from fastnn._core.kernels cimport rows_to_lanes
from fastnn._core.merge cimport ADD, merge_forward_chunk
from fastnn._core.merge_plan cimport merge_gradients, merge_plan_scratch, merge_values
from fastnn._core.network cimport value_at
from fastnn._core.noise_plan cimport noise_backward_part, noise_forward_part
from fastnn._core.operation cimport (
    BATCH_NORM, CONV, DENSE, FAN, MERGE, NOISE, PRELU, backward_input_part, forward_part)
from fastnn._core.pool_plan cimport pool_backward
from fastnn._core.prelu cimport prelu_backward_weights_chunk
from fastnn._core.single cimport Layout, single_enter, single_forward_part, single_leave
from fastnn._core.slots cimport slot_start


cdef void gather(Network* net, ptrdiff_t chunk, int thread, const real* which) noexcept nogil:
    cdef real* scratch = scratch_of(net, thread, which)
    cdef const Feed* feed
    cdef const real* rows[16]
    cdef real* x
    cdef int i
    for i in range(net.n_inputs):
        feed = &net.feed[i]
        x = value_at(net, i, chunk, thread, which)
        if net.single:
            single_enter(feed_row(feed, net.first + chunk, scratch, scratch + 2 * feed.features),
                         net.value[i].layout, x)
        else:
            feed_rows(feed, net.first + chunk * LANES, lanes_of(net, chunk), scratch, rows)
            rows_to_lanes(rows, feed.features, x, LANES)
            take_rows(net, i, chunk, rows)


cdef void take_rows(Network* net, int index, ptrdiff_t chunk,
                    const real*const* rows) noexcept nogil:
    """An input's rows for the gradients across the batch of dense layers that read it."""
    cdef const Operation* op
    cdef int i
    for i in range(net.n):
        op = &net.op[i]
        if op.takes_rows and op.x == index:
            dense_take_rows(&op.dense.gradient, rows, chunk, net.samples,
                            <real*>net.arena + op.x_panels)


cdef void forward(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                  ptrdiff_t parts, int thread, const real* which) noexcept nogil:
    if op.kind == MERGE and net.single:
        single_merge(net, op, chunk, thread, which)
    elif op.kind == MERGE:
        merge(net, op, chunk, part, parts, thread, which)
    elif net.single and op.forward:
        single_forward_part(op, <const real*>net.parameters, <real*>net.arena + op.packed,
                            value_at(net, op.x, chunk, thread, which), net.value[op.x].layout,
                            value_at(net, op.y, chunk, thread, which), part, parts,
                            scratch_of(net, thread, which))
    elif op.kind == BATCH_NORM:
        batch_norm_forward(&op.batch_norm, value_at(net, op.x, chunk, thread, which),
                           <const real*>net.arena, value_at(net, op.y, chunk, thread, which),
                           place(net, op.saved, chunk, thread, which),
                           scratch_of(net, thread, which))
    elif op.forward and op.kind == NOISE:
        noise_forward_part(&op.noise, net.steps[0], net.row, chunk, lanes_of(net, chunk),
                           value_at(net, op.x, chunk, thread, which),
                           value_at(net, op.y, chunk, thread, which),
                           place(net, op.saved, chunk, thread, which), part, parts)
    elif op.forward:
        forward_part(op, <const real*>net.parameters, <real*>net.arena + op.packed,
                     value_at(net, op.x, chunk, thread, which),
                     value_at(net, op.y, chunk, thread, which),
                     place(net, op.saved, chunk, thread, which) if net.training else NULL,
                     part, parts, scratch_of(net, thread, which))


cdef void remake_input(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                       const real* which) noexcept nogil:
    """x once more, as the batch normalisation before made it on the way forward."""
    cdef const Operation* norm = &net.op[op.remade]
    batch_norm_forward(&norm.batch_norm, value_at(net, norm.x, chunk, thread, which),
                       <const real*>net.arena, place(net, op.back_x, chunk, thread, which), NULL,
                       scratch_of(net, thread, which))


cdef void unpool_rows(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                      const real* which) noexcept nogil:
    pool_backward(&op.conv.pool, <const real*>NULL, <const real*>NULL,
                  place(net, op.saved, chunk, thread, which),
                  place(net, op.dy, chunk, thread, which),
                  dy_at(net, op, chunk, thread, which), scratch_of(net, thread, which))


cdef void backward_weights(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    """Add the chunk's share to its gradient slot, or turn dy for the gradient across the batch."""
    cdef real* arena = <real*>net.arena
    cdef const real* x = place(net, op.back_x, chunk, thread, which)
    cdef const real* dy = dy_at(net, op, chunk, thread, which)
    cdef real* chain = NULL
    cdef real* total
    cdef ptrdiff_t slots, slot, first
    cdef bint last
    if op.kind == DENSE and op.trained:
        dense_turn_chunk(&op.dense.gradient, NULL if op.takes_rows else x, dy, chunk, net.samples,
                         scratch_of(net, thread, which), arena + op.x_panels,
                         arena + op.dy_panels)
    elif op.slotted:
        slots = slots_of(net, op, which)
        slot = ((chunk + 1) * slots - 1) // net.chunks
        first = slot_start(slot, slots, net.chunks)
        last = chunk == slot_start(slot + 1, slots, net.chunks) - 1
        total = arena + op.slots + slot * op.slotted
        if op.chain >= 0:
            chain = arena + op.chain + thread * op.slotted
        if op.kind == CONV:
            conv_backward_weights_chunk(
                &op.conv.gradient, x, dy, lanes_of(net, chunk), chunk - first, last,
                scratch_of(net, thread, which), chain, total)
        elif op.kind == PRELU:
            prelu_backward_weights_chunk(
                &op.slopes, x, dy, lanes_of(net, chunk), chunk - first, last,
                scratch_of(net, thread, which), chain, total)
        else:
            group_norm_backward_chunk(
                &op.groups, dy, x, <const real*>net.parameters + op.weight, lanes_of(net, chunk),
                chunk - first, last, scratch_of(net, thread, which), chain, total, <real*>NULL)


cdef void merge(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                ptrdiff_t parts, int thread, const real* which) noexcept nogil:
    """What an operation makes of several values."""
    cdef const void** x = list_inputs(net, op, chunk, thread, which)
    cdef real* y = value_at(net, op.y, chunk, thread, which)
    cdef ptrdiff_t n = op.outputs * LANES
    merge_values(&op.merge, &op.several, part * n // parts, (part + 1) * n // parts, LANES,
                 <const real*const*>x, y)


cdef void single_merge(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                       const real* which) noexcept nogil:
    """Of a single sample: rows of numbers side by side, whatever layouts they have."""
    cdef const void** x = <const void**>scratch_of(net, thread, which)
    cdef real* row = scratch_of(net, thread, which) + merge_plan_scratch(&op.several, which)
    cdef Layout layout
    cdef int k
    for k in range(op.several.n):
        layout = net.value[op.several.value[k]].layout
        single_leave(value_at(net, op.several.value[k], chunk, thread, which), layout, row)
        x[k] = row
        row += layout.positions * layout.channels
    merge_values(&op.merge, &op.several, 0, op.outputs, 1, <const real*const*>x, row)
    single_enter(row, net.value[op.y].layout, value_at(net, op.y, chunk, thread, which))


cdef const void** list_inputs(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                              const real* which) noexcept nogil:
    """Pointers to what a merge reads of a chunk, in scratch memory."""
    cdef const void** x = <const void**>scratch_of(net, thread, which)
    cdef int k
    for k in range(op.several.n):
        x[k] = value_at(net, op.several.value[k], chunk, thread, which)
    return x


cdef real** list_gradients(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    """Likewise to the gradients of what it reads, or of a fan's copies, behind those."""
    cdef real** dx = <real**>scratch_of(net, thread, which) + op.several.n
    cdef int k
    for k in range(op.several.n):
        dx[k] = place(net, op.several.gradient[k], chunk, thread, which)
    return dx


cdef void part_gradients(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                         const real* which) noexcept nogil:
    """The gradients of a merge's inputs, or a fan's sum: the last reader's, and so on."""
    cdef real** dx = list_gradients(net, op, chunk, thread, which)
    if op.kind == MERGE:
        merge_gradients(&op.merge, &op.several, op.outputs * LANES,
                        <const real*const*>list_inputs(net, op, chunk, thread, which),
                        dy_at(net, op, chunk, thread, which), <real*const*>dx)
    else:
        merge_forward_chunk(ADD, op.several.n, 0, op.inputs * LANES, <const real*const*>dx,
                            place(net, op.dx, chunk, thread, which))


cdef void backward_input(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                         ptrdiff_t parts, int thread, const real* which) noexcept nogil:
    if op.kind == FAN or op.kind == MERGE:
        if op.backward and op.input_gradient:
            part_gradients(net, op, chunk, thread, which)
    elif op.kind == BATCH_NORM:
        if op.input_gradient:
            batch_norm_backward_input(
                &op.batch_norm, dy_at(net, op, chunk, thread, which),
                place(net, op.saved, chunk, thread, which),
                value_at(net, op.x, chunk, thread, which), <const real*>net.arena,
                lanes_of(net, chunk), place(net, op.dx, chunk, thread, which),
                scratch_of(net, thread, which))
    elif op.backward and op.input_gradient and op.kind == NOISE:
        noise_backward_part(&op.noise, net.steps[0], net.row, chunk, lanes_of(net, chunk),
                            place(net, op.saved, chunk, thread, which),
                            dy_at(net, op, chunk, thread, which),
                            place(net, op.dx, chunk, thread, which), part, parts)
    elif op.backward and op.input_gradient:
        backward_input_part(
            op, <const real*>net.parameters, <const real*>net.arena + op.back_packed,
            place(net, op.back_x, chunk, thread, which), value_at(net, op.y, chunk, thread, which),
            place(net, op.saved, chunk, thread, which), dy_at(net, op, chunk, thread, which),
            place(net, op.dx, chunk, thread, which), part, parts, scratch_of(net, thread, which))


# --- operations that need the whole batch ---------------------------------------------------------

cdef void give_sums(Network* net, const Operation* op, bint back, ptrdiff_t chunk, int thread,
                    const real* which) noexcept nogil:
    """What an operation's `combine` needs to know of a chunk."""
    cdef const real* x = value_at(net, op.x, chunk, thread, which)
    if back:
        batch_norm_backward_sum(&op.batch_norm, chunk, dy_at(net, op, chunk, thread, which),
                                place(net, op.saved, chunk, thread, which), x,
                                lanes_of(net, chunk), scratch_of(net, thread, which),
                                <real*>net.arena)
    else:
        batch_norm_sum(&op.batch_norm, chunk, x, lanes_of(net, chunk),
                       scratch_of(net, thread, which), <real*>net.arena)


cdef void combine(Network* net, const Operation* op, bint back, ptrdiff_t task,
                  const real* which) noexcept nogil:
    """Some channels' statistics of the batch; on the way back their gradients."""
    cdef const real* scale = scale_of(op, <const real*>net.parameters)
    cdef const real* shift = shift_of(op, <const real*>net.parameters)
    cdef real* slot = <real*>net.arena + op.slots
    if back:
        batch_norm_backward_combine_task(
            &op.batch_norm, task, net.chunks, net.samples, scale,
            slot if op.weights else NULL, slot + op.weights if op.biases else NULL,
            <real*>net.arena)
    else:
        batch_norm_combine_task(&op.batch_norm, task, net.chunks, net.samples, scale, shift,
                                <real*>net.arena)
