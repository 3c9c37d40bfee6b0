"""Batches that go by layer: all threads on one operation, whose chunks, parts of chunks, panels or
tiles are tasks.
"""
from fastnn._core.dense cimport (
    dense_backward_input_tile, dense_forward_panel, dense_list_runs, dense_parts)
from fastnn._core.kernels cimport fastnn_run
from fastnn._core.network cimport place, value_at
from fastnn._core.operation cimport CONV, DENSE, splits
from fastnn._core.passes cimport (
    backward_input, backward_weights, dy_at, forward, scratch_of, slots_of)
from fastnn._core.slots cimport slot_start
from fastnn._core.weights cimport pack_late


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
    return dense_parts(&op.dense.panels.tiling, op.dense.panels.panels, net.chunks, net.threads)


cdef inline ptrdiff_t backward_parts(const Network* net, const Operation* op) noexcept nogil:
    return dense_parts(&op.dense.panels.turned, op.dense.panels.turned.tiles, net.chunks,
                       net.threads)


cdef ptrdiff_t forward_tasks(const Network* net, const Operation* op) noexcept nogil:
    if op.kind == DENSE and not net.single:
        return op.dense.panels.panels * forward_parts(net, op)
    return net.chunks * parts_of(net, op, False) if op.forward else 0


cdef void forward_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                       const real* which) noexcept nogil:
    cdef ptrdiff_t parts, panel
    cdef const real* weight = <const real*>net.parameters + op.weight
    cdef real* packed
    if op.kind == DENSE and not net.single:
        parts = forward_parts(net, op)
        panel = task // parts
        packed = <real*>net.arena + op.packed
        if op.dense.packs_late:
            packed += thread * op.dense.panels.panel_size
            pack_late(net, op, panel, packed)
        else:
            packed += panel * op.dense.panels.panel_size
        dense_forward_panel(
            &op.dense.panels, panel, value_at(net, op.x, 0, 0, which), net.frame_size, packed,
            weight + op.weights if op.biases else NULL, op.relu,
            value_at(net, op.y, 0, 0, which), net.frame_size, task % parts * net.chunks // parts,
            (task % parts + 1) * net.chunks // parts)
    else:
        parts = parts_of(net, op, False)
        forward(net, op, task // parts, task % parts, parts, thread, which)


cdef ptrdiff_t weight_tasks(const Network* net, const Operation* op,
                            const real* which) noexcept nogil:
    """Tasks of a layered BACKWARD that have to do with weights; those of the input follow."""
    if op.slotted:
        return slots_of(net, op, which)
    return net.chunks if op.kind == DENSE and op.trained else 0


cdef ptrdiff_t backward_tasks(const Network* net, const Operation* op,
                              const real* which) noexcept nogil:
    cdef ptrdiff_t tasks = weight_tasks(net, op, which)
    if not (op.input_gradient and op.backward):
        return tasks
    if op.kind == DENSE:
        return tasks + op.dense.panels.turned.tiles * backward_parts(net, op)
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
    dense_list_runs(&op.dense.panels, runs)
    dense_backward_input_tile(
        &op.dense.panels, task // parts, dy_at(net, op, 0, 0, which), net.frame_size,
        <const real*>net.arena + op.back_packed, runs,
        value_at(net, op.x, 0, 0, which) if op.relu_input else NULL,
        place(net, op.dx, 0, 0, which), net.frame_size,
        task % parts * net.chunks // parts, (task % parts + 1) * net.chunks // parts)
