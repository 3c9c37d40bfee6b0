"""What happens to weights outside a chunk: laid out before a batch, updated after it.

    PACK      panels of weights, as the tile kernels read them
    FINISH    gradients: sums of slots, or across the batch; then the optimizer's update of the same
              parameters, while their gradient is in a cache
"""
from fastnn._core.batch_norm_plan cimport batch_norm_use_running
from fastnn._core.conv cimport pack_tile
from fastnn._core.dense cimport dense_pack_panel
from fastnn._core.dense_weights cimport dense_backward_weights_tile, dense_scratch
from fastnn._core.kernels cimport adam_update, sgd_update
from fastnn._core.network cimport ADAM, NO_UPDATE
from fastnn._core.operation cimport BATCH_NORM, BLOCK, CONV, DENSE
from fastnn._core.passes cimport scale_of, scratch_of, shift_of, slots_of
from fastnn._core.single cimport single_pack, single_packs
from fastnn._core.slots cimport sum_slots
from fastnn._core.tiles cimport Tiling, tile_start, tile_width


cdef ptrdiff_t pack_tasks(const Network* net, const Operation* op) noexcept nogil:
    cdef ptrdiff_t tasks = 0
    if op.kind == BATCH_NORM:
        return 0 if net.training else 1
    if net.single:
        return single_packs(op)
    if op.kind == DENSE:
        tasks = op.dense.panels.panels
    if op.kind == CONV:
        tasks = op.conv.correlation.groups * op.conv.correlation.tiling.tiles
        if net.training and op.input_gradient:
            tasks += op.conv.transposed.groups * op.conv.transposed.tiling.tiles
    return tasks


cdef void pack_task(Network* net, const Operation* op, ptrdiff_t task,
                    const real* which) noexcept nogil:
    cdef const real* weight = <const real*>net.parameters + op.weight
    cdef real* arena = <real*>net.arena
    cdef ptrdiff_t forward_tiles = op.conv.correlation.groups * op.conv.correlation.tiling.tiles
    if op.kind == BATCH_NORM:
        batch_norm_use_running(&op.batch_norm, scale_of(op, <const real*>net.parameters),
                               shift_of(op, <const real*>net.parameters), arena)
    elif net.single:
        single_pack(op, <const real*>net.parameters, task, arena + op.packed)
    elif op.kind == DENSE:
        dense_pack_panel(&op.dense.panels, weight, task,
                         arena + op.packed + task * op.dense.panels.panel_size)
    elif task < forward_tiles:
        pack_tile(&op.conv.correlation, weight, False, task // op.conv.correlation.tiling.tiles,
                  task % op.conv.correlation.tiling.tiles, arena + op.packed)
    else:
        task -= forward_tiles
        pack_tile(&op.conv.transposed, weight, True, task // op.conv.transposed.tiling.tiles,
                  task % op.conv.transposed.tiling.tiles, arena + op.back_packed)


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
        return op.dense.gradient.tiling.tiles
    return (op.weights + op.biases + BLOCK - 1) // BLOCK


cdef void finish_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                      const real* which) noexcept nogil:
    """The gradient of some of an operation's parameters, and their update while it is in cache.

    With an update it goes no further than a thread's scratch: writing it to memory would cost half
    as much as the update itself.
    """
    cdef const Tiling* tiling = &op.dense.gradient.tiling
    cdef ptrdiff_t start = tile_start(tiling, task) if op.kind == DENSE else task * BLOCK, n
    cdef real* scratch = scratch_of(net, thread, which)
    cdef bint stored = net.update.rule == NO_UPDATE
    cdef real* gradient = <real*>net.gradients + op.weight
    cdef real* bias_gradient = gradient + op.weights
    if op.kind == DENSE:
        n = tile_width(tiling, task)
        if not stored:
            # the tile's rows and biases, as if all others stood before them
            gradient = scratch + dense_scratch(&op.dense.gradient) - start * op.inputs
            bias_gradient = scratch + dense_scratch(&op.dense.gradient) + n * op.inputs - start
        dense_backward_weights_tile(
            &op.dense.gradient, task, <real*>net.arena + op.x_panels,
            <real*>net.arena + op.dy_panels, net.samples, scratch, gradient,
            bias_gradient if op.biases else NULL)
        update(net, op.weight + start * op.inputs, n * op.inputs, gradient + start * op.inputs)
        if op.biases:
            update(net, op.weight + op.weights + start, n, bias_gradient + start)
    elif op.kind == BATCH_NORM:
        n = min(BLOCK, op.weights + op.biases - start)
        update(net, op.weight + start, n, gradient + start)
    else:
        n = min(BLOCK, op.weights + op.biases - start)
        sum_slots(slots_of(net, op, which), n, op.slotted,
                  <real*>net.arena + op.slots + start, gradient + start if stored else scratch)
        update(net, op.weight + start, n, scratch)
