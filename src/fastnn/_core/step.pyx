"""A training step (or a batch of inference) as phases of tasks, whose results no thread count changes.

    chunk by chunk   PACK | CHUNKS: gather, forward, loss, backward | FINISH
    by layer         PACK | GATHER | FORWARD … | OUTPUT | BACKWARD … | FINISH

Threads take the tasks of a phase in any order. What is summed over tasks goes into gradient slots,
each of which one task fills, or is summed within one task.
"""
from fastnn._core.conv cimport pack_tile
from fastnn._core.conv_weights cimport conv_backward_weights_chunk
from fastnn._core.dense cimport (
    dense_backward_weights_tile, dense_pack_panel, dense_panel_chunks, dense_turn_chunk)
from fastnn._core.feed cimport feed_inputs, feed_row
from fastnn._core.kernels cimport LANES, adam_update, sgd_update
from fastnn._core.network cimport ADAM, NO_UPDATE, at, value_at
from fastnn._core.operation cimport (
    CONV, DENSE, Operation, backward_input_part, forward_part, splits, unpool, unpooled_size)
from fastnn._core.output cimport finish_chunk
from fastnn._core.single cimport (
    single_enter, single_forward_part, single_pack, single_packs)
from fastnn._core.slots cimport slot_count, slot_start, sum_slots
from fastnn._core.tiles cimport Tiling, tile_start, tile_width

cdef ptrdiff_t BLOCK = 8192             # parameters that a task of FINISH takes, but for dense ones


cdef inline ptrdiff_t lanes_of(const Network* net, ptrdiff_t chunk) noexcept nogil:
    return min(<ptrdiff_t>LANES, net.samples - chunk * LANES)


cdef inline real* scratch_of(const Network* net, int thread, const real* which) noexcept nogil:
    return <real*>net.arena + net.scratch + thread * net.scratch_size


cdef inline real* saved_of(const Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    return (<real*>net.arena + op.saved
            + (chunk if net.layered else thread) * op.outputs * LANES)


cdef inline ptrdiff_t slots_of(const Network* net, const Operation* op,
                               const real* which) noexcept nogil:
    return slot_count(net.chunks, op.gradient.parameters * sizeof(real))


# --- one chunk and one operation ---------------------------------------------------------------------

cdef void gather(Network* net, ptrdiff_t chunk, int thread, const real* which) noexcept nogil:
    cdef real* x = value_at(net, 0, chunk, thread, which)
    cdef real* scratch = scratch_of(net, thread, which)
    if net.single:
        single_enter(feed_row(&net.feed, net.first + chunk, scratch,
                              scratch + 2 * net.feed.features), net.layout[0], x)
    else:
        feed_inputs(&net.feed, net.first + chunk * LANES, lanes_of(net, chunk), scratch, x)


cdef void forward(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                  ptrdiff_t parts, int thread, const real* which) noexcept nogil:
    if net.single and op.forward:
        single_forward_part(op, <const real*>net.parameters, <real*>net.arena + op.packed,
                            value_at(net, op.x, chunk, thread, which), net.layout[op.x],
                            value_at(net, op.y, chunk, thread, which),
                            saved_of(net, op, chunk, thread, which), part, parts,
                            scratch_of(net, thread, which))
    elif op.forward:
        forward_part(op, <const real*>net.parameters, <real*>net.arena + op.packed,
                     value_at(net, op.x, chunk, thread, which),
                     value_at(net, op.y, chunk, thread, which),
                     saved_of(net, op, chunk, thread, which), part, parts,
                     scratch_of(net, thread, which))


cdef inline real* dy_at(const Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                        const real* which) noexcept nogil:
    if op.pools:
        return at(net, &net.unpooled, unpooled_size(op), chunk, thread, which)
    return at(net, &net.gradient[op.dy], op.outputs * LANES, chunk, thread, which)


cdef void unpool_rows(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                      const real* which) noexcept nogil:
    unpool(op, saved_of(net, op, chunk, thread, which),
           at(net, &net.gradient[op.dy], op.outputs * LANES, chunk, thread, which),
           dy_at(net, op, chunk, thread, which), scratch_of(net, thread, which))


cdef void backward_weights(Network* net, const Operation* op, ptrdiff_t chunk, int thread,
                           const real* which) noexcept nogil:
    """Add the chunk's share to its gradient slot, or turn dy for the gradient across the batch."""
    cdef real* arena = <real*>net.arena
    cdef const real* dy = dy_at(net, op, chunk, thread, which)
    cdef ptrdiff_t slots, slot, first
    if op.kind == DENSE:
        dense_turn_chunk(&op.dense_gradient, value_at(net, op.x, chunk, thread, which), dy, chunk,
                         net.samples, scratch_of(net, thread, which), arena + op.x_rows,
                         arena + op.dy_panels)
    elif op.kind == CONV:
        slots = slots_of(net, op, which)
        slot = ((chunk + 1) * slots - 1) // net.chunks
        first = slot_start(slot, slots, net.chunks)
        conv_backward_weights_chunk(
            &op.gradient, value_at(net, op.x, chunk, thread, which), dy,
            lanes_of(net, chunk), chunk - first,
            chunk == slot_start(slot + 1, slots, net.chunks) - 1, scratch_of(net, thread, which),
            arena + op.chain + thread * op.gradient.parameters if op.chain >= 0 else NULL,
            arena + op.slots + slot * op.gradient.parameters)


cdef void backward_input(Network* net, const Operation* op, ptrdiff_t chunk, ptrdiff_t part,
                         ptrdiff_t parts, int thread, const real* which) noexcept nogil:
    if op.backward and op.input_gradient:
        backward_input_part(
            op, <const real*>net.parameters, <const real*>net.arena + op.back_packed,
            value_at(net, op.x, chunk, thread, which),
            value_at(net, op.y, chunk, thread, which),
            saved_of(net, op, chunk, thread, which), dy_at(net, op, chunk, thread, which),
            at(net, &net.gradient[op.dx], op.inputs * LANES, chunk, thread, which), part, parts,
            scratch_of(net, thread, which))


# --- tasks -------------------------------------------------------------------------------------------

cdef void run_lot(Network* net, ptrdiff_t lot, int thread, const real* which) noexcept nogil:
    """Chunks of one lot, in ascending order, each through the whole network and back."""
    cdef ptrdiff_t chunk
    cdef int i
    for chunk in range(slot_start(lot, net.lots, net.chunks),
                       slot_start(lot + 1, net.lots, net.chunks)):
        gather(net, chunk, thread, which)
        for i in range(net.n):
            forward(net, &net.op[i], chunk, 0, 1, thread, which)
        finish_chunk(net, chunk, thread, scratch_of(net, thread, which))
        if not net.training:
            continue
        for i in range(net.n - 1, -1, -1):
            if net.op[i].pools:
                unpool_rows(net, &net.op[i], chunk, thread, which)
            backward_weights(net, &net.op[i], chunk, thread, which)
            backward_input(net, &net.op[i], chunk, 0, 1, thread, which)


cdef inline ptrdiff_t parts_of(const Network* net, const Operation* op,
                               bint backward) noexcept nogil:
    """Into how many parts each chunk is cut, for every thread to have work."""
    if net.chunks >= net.threads:
        return 1
    if net.single:
        return 2 * net.threads if op.kind == CONV or op.kind == DENSE else 1
    if not splits(op, backward):
        return 1
    return 2 * net.threads


cdef inline ptrdiff_t dense_parts(const Network* net, ptrdiff_t panels,
                                  int positions) noexcept nogil:
    """Into how many parts the batch is cut where panels alone are few."""
    if panels >= 2 * net.threads:
        return 1
    return min(<ptrdiff_t>net.threads, (net.chunks + positions - 1) // positions)


cdef void forward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                       const real* which) noexcept nogil:
    cdef ptrdiff_t parts, panel
    cdef real* scratch = scratch_of(net, thread, which)
    cdef const real* parameters = <const real*>net.parameters
    if op.kind == DENSE and not net.single:
        parts = dense_parts(net, op.panels.panels, op.panels.tiling.positions)
        panel = task // parts
        dense_pack_panel(&op.panels, parameters + op.weight, False, panel, scratch)
        dense_panel_chunks(
            &op.panels, panel, value_at(net, op.x, 0, 0, which), scratch, 0,
            parameters + op.weight + op.weights if op.biases else NULL, op.relu,
            <const real*>NULL, value_at(net, op.y, 0, 0, which),
            task % parts * net.chunks // parts, (task % parts + 1) * net.chunks // parts)
    else:
        parts = parts_of(net, op, False)
        forward(net, op, task // parts, task % parts, parts, thread, which)


cdef ptrdiff_t weight_tasks(const Network* net, const Operation* op,
                            const real* which) noexcept nogil:
    """Tasks of a layered BACKWARD that have to do with weights; those of the input follow."""
    if op.kind == CONV:
        return slots_of(net, op, which)
    return net.chunks if op.kind == DENSE else 0


cdef ptrdiff_t backward_tasks(const Network* net, const Operation* op,
                              const real* which) noexcept nogil:
    cdef ptrdiff_t tasks = weight_tasks(net, op, which)
    if not (op.input_gradient and op.backward):
        return tasks
    if op.kind == DENSE:
        return tasks + op.back_panels.panels * dense_parts(net, op.back_panels.panels,
                                                           op.back_panels.tiling.positions)
    return tasks + net.chunks * parts_of(net, op, True)


cdef void backward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                        const real* which) noexcept nogil:
    cdef ptrdiff_t tasks = weight_tasks(net, op, which), slots, chunk, parts, panel
    if task < tasks:
        if op.kind == DENSE:
            backward_weights(net, op, task, thread, which)
        else:
            slots = slots_of(net, op, which)
            for chunk in range(slot_start(task, slots, net.chunks),
                               slot_start(task + 1, slots, net.chunks)):
                backward_weights(net, op, chunk, thread, which)
        return
    task -= tasks
    if op.kind != DENSE:
        parts = parts_of(net, op, True)
        backward_input(net, op, task // parts, task % parts, parts, thread, which)
        return
    parts = dense_parts(net, op.back_panels.panels, op.back_panels.tiling.positions)
    panel = task // parts
    # weights are read where they are: a term's outputs lie side by side
    dense_panel_chunks(
        &op.back_panels, panel, dy_at(net, op, 0, 0, which),
        <const real*>net.parameters + op.weight
        + tile_start(&op.back_panels.tiling, panel * op.back_panels.together), op.inputs,
        <const real*>NULL, False,
        value_at(net, op.x, 0, 0, which) if op.relu_input else NULL,
        at(net, &net.gradient[op.dx], op.inputs * LANES, 0, 0, which), task % parts * net.chunks // parts,
        (task % parts + 1) * net.chunks // parts)


# --- tasks over several operations, counted through ---------------------------------------------------

cdef ptrdiff_t pack_tasks(const Network* net, const Operation* op) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    if net.single:
        return single_packs(op)
    if op.kind == DENSE and not net.layered:
        return op.panels.panels
    if op.kind == CONV:
        tasks = op.correlation.groups * op.correlation.tiling.tiles
        if net.training and op.input_gradient:
            tasks += op.transposed.groups * op.transposed.tiling.tiles
    return tasks


cdef void pack_task(Network* net, const Operation* op, ptrdiff_t task,
                    const real* which) noexcept nogil:
    cdef const real* weight = <const real*>net.parameters + op.weight
    cdef real* arena = <real*>net.arena
    cdef ptrdiff_t forward_tiles = op.correlation.groups * op.correlation.tiling.tiles
    if net.single:
        single_pack(op, <const real*>net.parameters, task, arena + op.packed)
    elif op.kind == DENSE:
        dense_pack_panel(&op.panels, weight, False, task,
                         arena + op.packed + task * op.panels.panel_size)
    elif task < forward_tiles:
        pack_tile(&op.correlation, weight, False, task // op.correlation.tiling.tiles,
                  task % op.correlation.tiling.tiles, arena + op.packed)
    else:
        task -= forward_tiles
        pack_tile(&op.transposed, weight, True, task // op.transposed.tiling.tiles,
                  task % op.transposed.tiling.tiles, arena + op.back_packed)


cdef void update(Network* net, ptrdiff_t start, ptrdiff_t n, const real* which) noexcept nogil:
    """The optimizer's update of n parameters, unless the loss of some sample is NaN."""
    cdef real* gradient = <real*>net.gradients + start
    cdef real* parameters = <real*>net.parameters + start
    cdef real* first = <real*>net.update.first + start if net.update.first != NULL else NULL
    if net.update.rule == NO_UPDATE or net.unsound:
        return
    if net.update.rule == ADAM:
        adam_update(n, parameters, gradient, first, <real*>net.update.second + start,
                    <real>net.update.step_rate, <real>net.update.beta1,
                    <real>(1.0 - net.update.beta1), <real>net.update.beta2,
                    <real>(1.0 - net.update.beta2), <real>net.update.root_scale,
                    <real>net.update.epsilon)
    else:
        sgd_update(n, parameters, gradient, first, <real>net.update.rate,
                   <real>net.update.momentum, net.update.nesterov)


cdef ptrdiff_t finish_tasks(const Network* net, const Operation* op) noexcept nogil:
    if op.kind == DENSE:
        return op.dense_gradient.tiling.tiles
    return (op.weights + op.biases + BLOCK - 1) // BLOCK


cdef void finish_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                      const real* which) noexcept nogil:
    """The gradient of some of an operation's parameters, and their update while it is in cache."""
    cdef const Tiling* tiling = &op.dense_gradient.tiling
    cdef real* gradient = <real*>net.gradients + op.weight
    cdef ptrdiff_t start, n
    if op.kind == DENSE:
        dense_backward_weights_tile(
            &op.dense_gradient, task, <real*>net.arena + op.x_rows,
            <real*>net.arena + op.dy_panels, net.samples, scratch_of(net, thread, which), gradient,
            gradient + op.weights if op.biases else NULL)
        start = tile_start(tiling, task)
        n = tile_width(tiling, task)
        update(net, op.weight + start * op.inputs, n * op.inputs, which)
        if op.biases:
            update(net, op.weight + op.weights + start, n, which)
    else:
        start = task * BLOCK
        n = min(BLOCK, op.weights + op.biases - start)
        sum_slots(slots_of(net, op, which), n, op.gradient.parameters,
                  <real*>net.arena + op.slots + start, gradient + start)
        update(net, op.weight + start, n, which)


cdef ptrdiff_t tasks_of(const Network* net, PhaseKind kind, const Operation* op) noexcept nogil:
    """How many tasks of such a phase are an operation's."""
    return pack_tasks(net, op) if kind == PACK else finish_tasks(net, op)


cdef void run_counted(Network* net, PhaseKind kind, ptrdiff_t task, int thread,
                      const real* which) noexcept nogil:
    """Task number `task` of PACK or FINISH, counted through all operations."""
    cdef Operation* op = net.op
    while task >= tasks_of(net, kind, op):
        task -= tasks_of(net, kind, op)
        op += 1
    if kind == PACK:
        pack_task(net, op, task, which)
    else:
        finish_task(net, op, task, thread, which)


# --- phases ------------------------------------------------------------------------------------------

cdef int add_phase(Phase* phases, int n, PhaseKind kind, int op, ptrdiff_t tasks) noexcept nogil:
    if tasks == 0:
        return n
    phases[n].kind = kind
    phases[n].op = op
    phases[n].tasks = tasks
    phases[n].next = 0
    return n + 1


cdef int add_counted(const Network* net, Phase* phases, int n, PhaseKind kind) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    cdef int i
    for i in range(net.n):
        tasks += tasks_of(net, kind, &net.op[i])
    return add_phase(phases, n, kind, 0, tasks)


cdef int add_layers(const Network* net, Phase* phases, int n, const real* which) noexcept nogil:
    """Operation by operation, forward and back."""
    cdef const Operation* op
    cdef int i
    n = add_phase(phases, n, GATHER, 0, net.chunks)
    for i in range(net.n):
        op = &net.op[i]
        if op.kind == DENSE and not net.single:
            n = add_phase(phases, n, FORWARD, i, op.panels.panels * dense_parts(
                net, op.panels.panels, op.panels.tiling.positions))
        elif op.forward:
            n = add_phase(phases, n, FORWARD, i, net.chunks * parts_of(net, op, False))
    n = add_phase(phases, n, OUTPUT, 0, net.chunks)
    if not net.training:
        return n
    for i in range(net.n - 1, -1, -1):
        op = &net.op[i]
        if op.pools:
            n = add_phase(phases, n, UNPOOL, i, net.chunks)
        n = add_phase(phases, n, BACKWARD, i, backward_tasks(net, op, which))
    return n


cdef int list_phases(const Network* net, Phase* phases, const real* which) noexcept nogil:
    """Fill `phases`, room for 3 · net.n + 6, for the batch at hand; returns how many there are."""
    cdef int n = add_counted(net, phases, 0, PACK)
    if net.layered:
        n = add_layers(net, phases, n, which)
    else:
        n = add_phase(phases, n, CHUNKS, 0, net.lots)
    if net.training:
        n = add_counted(net, phases, n, FINISH)
    return n


cdef void run_task(Network* net, const Phase* phase, ptrdiff_t task, int thread,
                   const real* which) noexcept nogil:
    if phase.kind == CHUNKS:
        run_lot(net, task, thread, which)
    elif phase.kind == GATHER:
        gather(net, task, thread, which)
    elif phase.kind == FORWARD:
        forward_task(net, &net.op[phase.op], task, thread, which)
    elif phase.kind == OUTPUT:
        finish_chunk(net, task, thread, scratch_of(net, thread, which))
    elif phase.kind == UNPOOL:
        unpool_rows(net, &net.op[phase.op], task, thread, which)
    elif phase.kind == BACKWARD:
        backward_task(net, &net.op[phase.op], task, thread, which)
    else:
        run_counted(net, phase.kind, task, thread, which)
