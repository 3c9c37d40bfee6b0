"""A training step, or a batch of inference, as phases of tasks. No thread count changes a result.

    chunk by chunk   PACK | CHUNKS: gather, forward, loss, backward | FINISH
    by layer         PACK | GATHER | FORWARD … | OUTPUT | BACKWARD … | FINISH

Each thread owns a share of a phase's tasks, and of each operation's in PACK and FINISH, so that
it meets the same weights again, which its cache may still hold. When its own are done it takes
those of others. No order matters: what is summed over tasks goes into gradient slots, each of
which one task fills, or is summed within one task.
"""
from fastnn._core.conv cimport pack_tile
from fastnn._core.dense cimport (
    dense_backward_input_tile, dense_forward_panel, dense_list_runs, dense_pack_panel, dense_parts)
from fastnn._core.dense_weights cimport dense_backward_weights_tile, dense_scratch
from fastnn._core.kernels cimport adam_update, fastnn_run, sgd_update
from fastnn._core.network cimport ADAM, NO_UPDATE, frame_of, value_at
from fastnn._core.operation cimport BLOCK, CONV, DENSE, Operation, splits
from fastnn._core.output cimport finish_chunk
from fastnn._core.passes cimport (
    backward_input, backward_weights, dy_at, forward, gather, scratch_of, slots_of, unpool_rows)
from fastnn._core.single cimport single_pack, single_packs
from fastnn._core.slots cimport slot_start, sum_slots
from fastnn._core.tiles cimport Tiling, tile_start, tile_width


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


cdef inline ptrdiff_t forward_parts(const Network* net, const Operation* op) noexcept nogil:
    return dense_parts(&op.panels.tiling, op.panels.panels, net.chunks, net.threads)


cdef inline ptrdiff_t backward_parts(const Network* net, const Operation* op) noexcept nogil:
    return dense_parts(&op.panels.turned, op.panels.turned.tiles, net.chunks, net.threads)


cdef void forward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                       const real* which) noexcept nogil:
    cdef ptrdiff_t parts, panel
    cdef const real* weight = <const real*>net.parameters + op.weight
    cdef real* packed
    if op.kind == DENSE and not net.single:
        parts = forward_parts(net, op)
        panel = task // parts
        packed = <real*>net.arena + op.packed + panel * op.panels.panel_size
        dense_forward_panel(
            &op.panels, panel, value_at(net, op.x, 0, 0, which), net.frame_size, packed,
            weight + op.weights if op.biases else NULL, op.relu,
            value_at(net, op.y, 0, 0, which), net.frame_size, task % parts * net.chunks // parts,
            (task % parts + 1) * net.chunks // parts)
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
        return tasks + op.panels.turned.tiles * backward_parts(net, op)
    return tasks + net.chunks * parts_of(net, op, True)


cdef void backward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                        const real* which) noexcept nogil:
    cdef ptrdiff_t tasks = weight_tasks(net, op, which), slots, chunk, parts
    cdef fastnn_run* runs = <fastnn_run*>scratch_of(net, thread, which)
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
    parts = backward_parts(net, op)
    dense_list_runs(&op.panels, runs)
    dense_backward_input_tile(
        &op.panels, task // parts, dy_at(net, op, 0, 0, which), net.frame_size,
        <const real*>net.arena + op.back_packed, runs,
        value_at(net, op.x, 0, 0, which) if op.relu_input else NULL,
        frame_of(net, 0, 0, which) + op.dx, net.frame_size,
        task % parts * net.chunks // parts, (task % parts + 1) * net.chunks // parts)


# --- tasks over several operations, counted through -----------------------------------------------

cdef ptrdiff_t pack_tasks(const Network* net, const Operation* op) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    if net.single:
        return single_packs(op)
    if op.kind == DENSE:
        tasks = op.panels.panels
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
        dense_pack_panel(&op.panels, weight, task,
                         arena + op.packed + task * op.panels.panel_size)
    elif task < forward_tiles:
        pack_tile(&op.correlation, weight, False, task // op.correlation.tiling.tiles,
                  task % op.correlation.tiling.tiles, arena + op.packed)
    else:
        task -= forward_tiles
        pack_tile(&op.transposed, weight, True, task // op.transposed.tiling.tiles,
                  task % op.transposed.tiling.tiles, arena + op.back_packed)


cdef void update(Network* net, ptrdiff_t start, ptrdiff_t n, const real* gradient) noexcept nogil:
    """The optimizer's update of n parameters, unless the loss of some sample is NaN."""
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
    """The gradient of some of an operation's parameters, and their update while it is in cache.

    With an update it goes no further than a thread's scratch: writing it to memory would cost half
    as much as the update itself.
    """
    cdef const Tiling* tiling = &op.dense_gradient.tiling
    cdef ptrdiff_t start = tile_start(tiling, task) if op.kind == DENSE else task * BLOCK, n
    cdef real* scratch = scratch_of(net, thread, which)
    cdef bint stored = net.update.rule == NO_UPDATE
    cdef real* gradient = <real*>net.gradients + op.weight
    cdef real* bias_gradient = gradient + op.weights
    if op.kind == DENSE:
        n = tile_width(tiling, task)
        if not stored:
            # the tile's rows and biases, as if all others stood before them
            gradient = scratch + dense_scratch(&op.dense_gradient) - start * op.inputs
            bias_gradient = scratch + dense_scratch(&op.dense_gradient) + n * op.inputs - start
        dense_backward_weights_tile(
            &op.dense_gradient, task, <real*>net.arena + op.x_panels,
            <real*>net.arena + op.dy_panels, net.samples, scratch, gradient,
            bias_gradient if op.biases else NULL)
        update(net, op.weight + start * op.inputs, n * op.inputs, gradient + start * op.inputs)
        if op.biases:
            update(net, op.weight + op.weights + start, n, bias_gradient + start)
    else:
        n = min(BLOCK, op.weights + op.biases - start)
        sum_slots(slots_of(net, op, which), n, op.gradient.parameters,
                  <real*>net.arena + op.slots + start, gradient + start if stored else scratch)
        update(net, op.weight + start, n, scratch)


cdef ptrdiff_t tasks_of(const Network* net, PhaseKind kind, const Operation* op) noexcept nogil:
    """How many tasks of such a phase are an operation's."""
    return pack_tasks(net, op) if kind == PACK else finish_tasks(net, op)


cdef void run_counted(Network* net, PhaseKind kind, ptrdiff_t task, int owner, int thread,
                      const real* which) noexcept nogil:
    """The owner's task number `task` of PACK or FINISH, counted through all operations."""
    cdef Operation* op = net.op
    cdef ptrdiff_t tasks = tasks_of(net, kind, op)
    while task >= share_of_owner(tasks, owner, net.threads):
        task -= share_of_owner(tasks, owner, net.threads)
        op += 1
        tasks = tasks_of(net, kind, op)
    task += first_of_owner(tasks, owner, net.threads)
    if kind == PACK:
        pack_task(net, op, task, which)
    else:
        finish_task(net, op, task, thread, which)


# --- phases ---------------------------------------------------------------------------------------

cdef int add_phase(Phase* phases, int n, PhaseKind kind, int op, ptrdiff_t tasks) noexcept nogil:
    if tasks == 0:
        return n
    phases[n].kind = kind
    phases[n].op = op
    phases[n].tasks = tasks
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
            n = add_phase(phases, n, FORWARD, i, op.panels.panels * forward_parts(net, op))
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


cdef ptrdiff_t tasks_of_owner(const Network* net, const Phase* phase, int owner,
                              const real* which) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    cdef int i
    if phase.kind != PACK and phase.kind != FINISH:
        return share_of_owner(phase.tasks, owner, net.threads)
    for i in range(net.n):
        tasks += share_of_owner(tasks_of(net, phase.kind, &net.op[i]), owner, net.threads)
    return tasks


cdef void run_task(Network* net, const Phase* phase, ptrdiff_t task, int owner, int thread,
                   const real* which) noexcept nogil:
    """Task number `task` of those that `owner` owns."""
    if phase.kind == PACK or phase.kind == FINISH:
        run_counted(net, phase.kind, task, owner, thread, which)
        return
    task += first_of_owner(phase.tasks, owner, net.threads)
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
    else:
        backward_task(net, &net.op[phase.op], task, thread, which)
