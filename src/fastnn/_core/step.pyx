"""A training step, or a batch of inference, as phases of tasks. No thread count changes a result.

    chunk by chunk   PACK | CHUNKS: gather, forward, loss, backward | FINISH
    by layer         PACK | GATHER | FORWARD … | OUTPUT | BACKWARD … | FINISH

Each thread owns a share of a phase's tasks, and of each operation's in PACK and FINISH, so that
it meets the same weights again, which its cache may still hold. When its own are done it takes
those of others. No order matters: what is summed over tasks goes into gradient slots, each of
which one task fills, or is summed within one task.
"""
from fastnn._core.layered cimport backward_task, backward_tasks, forward_task, forward_tasks
from fastnn._core.operation cimport Operation
from fastnn._core.output cimport finish_chunk
from fastnn._core.passes cimport (
    backward_input, backward_weights, forward, gather, scratch_of, unpool_rows)
from fastnn._core.slots cimport slot_start
from fastnn._core.weights cimport finish_task, finish_tasks, pack_task, pack_tasks


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
            if net.op[i].conv.pools:
                unpool_rows(net, &net.op[i], chunk, thread, which)
            backward_weights(net, &net.op[i], chunk, thread, which)
            backward_input(net, &net.op[i], chunk, 0, 1, thread, which)


# --- PACK and FINISH: tasks over several operations, counted through ------------------------------

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
        n = add_phase(phases, n, FORWARD, i, forward_tasks(net, &net.op[i]))
    n = add_phase(phases, n, OUTPUT, 0, net.chunks)
    if not net.training:
        return n
    for i in range(net.n - 1, -1, -1):
        op = &net.op[i]
        if op.conv.pools:
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
