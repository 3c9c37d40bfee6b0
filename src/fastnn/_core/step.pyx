"""A training step, or a batch of inference, as phases of tasks. No thread count changes a result.

    chunk by chunk   PACK | CHUNKS: gather, forward, loss, backward | FINISH
    with barriers    PACK | CHUNKS | COMBINE | CHUNKS … CHUNKS | COMBINE | CHUNKS | FINISH
    by layer         PACK | GATHER | FORWARD … | OUTPUT | BACKWARD … | FINISH
    with clip_norm   … | FINISH, without update | SQUARES | NORM | UPDATE

Time runs through the operations 0 … n − 1, then to the loss, at n, and back: operation i's way back
is at 2n − i. An operation that needs the whole batch (batch normalisation) cuts the way of chunks:
they stop there when each has given its sums, which are combined, and go on from there, those first
that came last and are still in cache.

Each thread owns a share of a phase's tasks, and of each operation's in PACK and FINISH, so that
it meets the same weights again, which its cache may still hold. When its own are done it takes
those of others. No order matters: what is summed over tasks goes into gradient slots, each of
which one task fills, or is summed within one task.
"""
from fastnn._core.batch_norm_plan cimport batch_norm_tasks
from fastnn._core.layered cimport backward_task, backward_tasks, forward_task, forward_tasks
from fastnn._core.network cimport at_time, cuts
from fastnn._core.operation cimport Operation
from fastnn._core.output cimport finish_chunk
from fastnn._core.passes cimport (
    backward_input, backward_weights, combine, forward, gather, give_sums, remake_input, scratch_of,
    unpool_rows)
from fastnn._core.slots cimport slot_start
from fastnn._core.upkeep cimport find_norm, square_task, square_tasks
from fastnn._core.weights cimport (
    finish_task, finish_tasks, pack_task, pack_tasks, update_task, update_tasks)


cdef void visit(Network* net, ptrdiff_t chunk, int time, int thread,
                const real* which) noexcept nogil:
    """What happens to a chunk at a time."""
    cdef Operation* op = at_time(net, time)
    if time < 0:
        gather(net, chunk, thread, which)
    elif time < net.n:
        forward(net, op, chunk, 0, 1, thread, which)
    elif time == net.n:
        finish_chunk(net, chunk, thread, scratch_of(net, thread, which))
    else:
        if op.remade >= 0:
            remake_input(net, op, chunk, thread, which)
        if op.conv.pools and op.backward:
            unpool_rows(net, op, chunk, thread, which)
        backward_weights(net, op, chunk, thread, which)
        backward_input(net, op, chunk, 0, 1, thread, which)


cdef void run_lot(Network* net, const Phase* phase, ptrdiff_t lot, int thread,
                  const real* which) noexcept nogil:
    """Chunks of one lot, in ascending order, each from one time to another."""
    cdef ptrdiff_t chunk
    cdef int time
    for chunk in range(slot_start(lot, net.lots, net.chunks),
                       slot_start(lot + 1, net.lots, net.chunks)):
        for time in range(phase.first, phase.last):
            visit(net, chunk, time, thread, which)
        if cuts(net, phase.last):
            give_sums(net, at_time(net, phase.last), phase.last > net.n, chunk, thread, which)
        else:
            visit(net, chunk, phase.last, thread, which)


# --- PACK, FINISH, UPDATE: tasks over several operations, counted through -------------------------

cdef inline bint is_counted(PhaseKind kind) noexcept nogil:
    return kind == PACK or kind == FINISH or kind == UPDATE


cdef ptrdiff_t tasks_of(const Network* net, PhaseKind kind, const Operation* op) noexcept nogil:
    """How many tasks of such a phase are an operation's."""
    if kind == PACK:
        return pack_tasks(net, op)
    return finish_tasks(net, op) if kind == FINISH else update_tasks(op)


cdef void run_counted(Network* net, PhaseKind kind, ptrdiff_t task, int owner, int thread,
                      const real* which) noexcept nogil:
    """The owner's task number `task` of such a phase, counted through all operations."""
    cdef Operation* op = net.op
    cdef ptrdiff_t tasks = tasks_of(net, kind, op)
    while task >= share_of_owner(tasks, owner, net.threads):
        task -= share_of_owner(tasks, owner, net.threads)
        op += 1
        tasks = tasks_of(net, kind, op)
    task += first_of_owner(tasks, owner, net.threads)
    if kind == PACK:
        pack_task(net, op, task, which)
    elif kind == FINISH:
        finish_task(net, op, task, thread, which)
    else:
        update_task(net, op, task, which)


# --- phases ---------------------------------------------------------------------------------------

cdef int add_phase(Phase* phases, int n, PhaseKind kind, int first, int last,
                   ptrdiff_t tasks, bint turned=False) noexcept nogil:
    if tasks == 0:
        return n
    phases[n] = Phase(kind, first, last, tasks, turned)
    return n + 1


cdef int add_counted(const Network* net, Phase* phases, int n, PhaseKind kind) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    cdef int i
    for i in range(net.n):
        tasks += tasks_of(net, kind, &net.op[i])
    return add_phase(phases, n, kind, 0, 0, tasks)


cdef int add_combination(const Network* net, Phase* phases, int n, int time) noexcept nogil:
    return add_phase(phases, n, COMBINE, time, time,
                     batch_norm_tasks(&at_time(net, time).batch_norm))


cdef int add_chunks(const Network* net, Phase* phases, int n) noexcept nogil:
    """All the way, from one operation that needs the whole batch to the next."""
    cdef int time, first = -1, end = 2 * net.n if net.training else net.n
    cdef bint turned = False
    for time in range(end):
        if cuts(net, time):
            n = add_phase(phases, n, CHUNKS, first, time, net.lots, turned)
            n = add_combination(net, phases, n, time)
            first, turned = time, not turned
    return add_phase(phases, n, CHUNKS, first, end, net.lots, turned)


cdef int add_layers(const Network* net, Phase* phases, int n, const real* which) noexcept nogil:
    """Operation by operation, forward and back."""
    cdef const Operation* op
    cdef int i, back
    n = add_phase(phases, n, GATHER, 0, 0, net.chunks)
    for i in range(net.n):
        if cuts(net, i):
            n = add_phase(phases, n, SUM, i, i, net.chunks)
            n = add_combination(net, phases, n, i)
        n = add_phase(phases, n, FORWARD, i, i, forward_tasks(net, &net.op[i]))
    n = add_phase(phases, n, OUTPUT, 0, 0, net.chunks)
    if not net.training:
        return n
    for i in range(net.n - 1, -1, -1):
        op, back = &net.op[i], 2 * net.n - i
        if op.conv.pools and op.backward:
            n = add_phase(phases, n, UNPOOL, back, back, net.chunks)
        if cuts(net, back):
            n = add_phase(phases, n, SUM, back, back, net.chunks)
            n = add_combination(net, phases, n, back)
        n = add_phase(phases, n, BACKWARD, back, back, backward_tasks(net, op, which))
    return n


cdef int most_phases(const Network* net) noexcept nogil:
    """Room for: each operation's, both ways, with sums and combinations; what frames them."""
    return 6 * net.n + 9


cdef int list_phases(const Network* net, Phase* phases, const real* which) noexcept nogil:
    """Fill `phases`, room for `most_phases`, for the batch at hand; returns how many there are."""
    cdef int n = 0
    if net.group.part == 0:     # else weights are as they were
        n = add_counted(net, phases, 0, PACK)
    if net.layered:
        n = add_layers(net, phases, n, which)
    else:
        n = add_chunks(net, phases, n)
    if net.training:
        n = add_counted(net, phases, n, FINISH)
    if net.training and net.group.closes and net.update.clip_norm != 0:
        n = add_phase(phases, n, SQUARES, 0, 0, square_tasks(net))
        n = add_phase(phases, n, NORM, 0, 0, 1)
        n = add_counted(net, phases, n, UPDATE)
    return n


cdef ptrdiff_t tasks_of_owner(const Network* net, const Phase* phase, int owner,
                              const real* which) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    cdef int i
    if not is_counted(phase.kind):
        return share_of_owner(phase.tasks, owner, net.threads)
    for i in range(net.n):
        tasks += share_of_owner(tasks_of(net, phase.kind, &net.op[i]), owner, net.threads)
    return tasks


cdef void run_task(Network* net, const Phase* phase, ptrdiff_t task, int owner, int thread,
                   const real* which) noexcept nogil:
    """Task number `task` of those that `owner` owns."""
    cdef Operation* op = at_time(net, phase.first)
    if is_counted(phase.kind):
        run_counted(net, phase.kind, task, owner, thread, which)
        return
    if phase.turned:
        task = share_of_owner(phase.tasks, owner, net.threads) - 1 - task
    task += first_of_owner(phase.tasks, owner, net.threads)
    if phase.kind == CHUNKS:
        run_lot(net, phase, task, thread, which)
    elif phase.kind == GATHER:
        gather(net, task, thread, which)
    elif phase.kind == FORWARD:
        forward_task(net, op, task, thread, which)
    elif phase.kind == SUM:
        give_sums(net, op, phase.first > net.n, task, thread, which)
    elif phase.kind == COMBINE:
        combine(net, op, phase.first > net.n, task, which)
    elif phase.kind == OUTPUT:
        finish_chunk(net, task, thread, scratch_of(net, thread, which))
    elif phase.kind == UNPOOL:
        unpool_rows(net, op, task, thread, which)
    elif phase.kind == SQUARES:
        square_task(net, task, which)
    elif phase.kind == NORM:
        find_norm(net, which)
    else:
        backward_task(net, op, task, thread, which)
