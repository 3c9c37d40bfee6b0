"""What happens to weights outside a chunk: laid out before a batch, updated after it.

    PACK      panels of weights, as the tile kernels read them, masked ones set to 0 before;
              penalties. Panels that one task alone reads wait for it, in FORWARD
    FINISH    gradients: sums of slots, or across the batch, 0 where a weight is masked, and those
              of penalties; then the optimizer's update of the same parameters, while their
              gradient is in a cache. Where several batches make an update: added to those of the
              batches before, and no more until the last
    UPDATE    the update by itself, where it waits for the norm of all gradients
"""
from libc.string cimport memcpy, memset

from fastnn._core.batch_norm_plan cimport batch_norm_use_running
from fastnn._core.constraint cimport UNCONSTRAINED, constrain_rows, of_rows
from fastnn._core.conv cimport pack_tile
from fastnn._core.dense cimport dense_pack_panel, first_output
from fastnn._core.dense_weights cimport dense_backward_weights_tile, dense_scratch
from fastnn._core.holding cimport Holding
from fastnn._core.kernels cimport CHAIN, LANES, UPDATE_STATES, fastnn_update, update_step
from fastnn._core.local_conv cimport local_conv_pack_position
from fastnn._core.local_conv_plan cimport (
    local_conv_backward_weights, local_conv_sums_size, local_panel_size)
from fastnn._core.mask cimport clear_masked
from fastnn._core.network cimport place
from fastnn._core.operation cimport BATCH_NORM, CONV, DENSE, LOCAL_CONV
from fastnn._core.passes cimport scale_of, scratch_of, shift_of, slots_of
from fastnn._core.rule cimport NO_UPDATE
from fastnn._core.single cimport single_pack, single_packs
from fastnn._core.slots cimport add, sum_slots
from fastnn._core.tiles cimport tile_start, tile_width
from fastnn._core.upkeep cimport (
    add_penalty_gradients, penalty_decay, penalty_task, penalty_tasks, prepare_gradient,
    update_adds_penalty)


cdef ptrdiff_t pack_tasks(const Network* net, const Operation* op) noexcept nogil:
    cdef ptrdiff_t tasks = penalty_tasks(net, op)
    if op.kind == BATCH_NORM and not net.training:
        return 1
    if net.single:
        return single_packs(op)
    if op.kind == DENSE and op.dense.packs_late:
        return 0
    if op.kind == DENSE:
        tasks += op.dense.panels.panels
    if op.kind == LOCAL_CONV:
        tasks += op.local.positions
    if op.kind == CONV:
        tasks += op.conv.correlation.groups * op.conv.correlation.tiling.tiles
        if net.training and op.input_gradient:
            tasks += op.conv.transposed.groups * op.conv.transposed.tiling.tiles
    return tasks


cdef void pack_late(Network* net, const Operation* op, ptrdiff_t index, real* panel) noexcept nogil:
    """A panel of a dense layer, for the task that reads it, and the penalties in step with it."""
    cdef ptrdiff_t panels = op.dense.panels.panels, tasks = penalty_tasks(net, op), task
    if net.group.part == 0:
        for task in range(index * tasks // panels, (index + 1) * tasks // panels):
            penalty_task(net, op, task, panel)
    dense_pack_panel(&op.dense.panels, <const real*>net.parameters + op.weight, index, panel)


cdef void clear_masked_weights(Network* net, const Operation* op, ptrdiff_t task,
                               const real* which) noexcept nogil:
    """Of the outputs of one panel: somebody may have written to the parameters."""
    cdef ptrdiff_t first, end
    if net.single:
        first = task * LANES
        end = min(first + LANES, op.outputs)
    else:
        first = first_output(&op.dense.panels, task)
        end = first_output(&op.dense.panels, task + 1)
    clear_masked(op.dense.mask + first * op.inputs, (end - first) * op.inputs,
                 <real*>net.parameters + op.weight + first * op.inputs)


cdef void pack_task(Network* net, const Operation* op, ptrdiff_t task,
                    const real* which) noexcept nogil:
    cdef const real* weight = <const real*>net.parameters + op.weight
    cdef real* arena = <real*>net.arena
    cdef ptrdiff_t forward_tiles = op.conv.correlation.groups * op.conv.correlation.tiling.tiles
    cdef ptrdiff_t tasks = pack_tasks(net, op), penalties = penalty_tasks(net, op), before
    if op.kind == BATCH_NORM and not net.training:
        batch_norm_use_running(&op.batch_norm, scale_of(op, <const real*>net.parameters),
                               shift_of(op, <const real*>net.parameters), arena)
        return
    if net.single:
        if op.dense.mask != NULL:
            clear_masked_weights(net, op, task, which)
        single_pack(op, <const real*>net.parameters, task, arena + op.packed)
        return
    # penalties come in step with panels, which then find their weights in a cache
    before = task * penalties // tasks
    if (task + 1) * penalties // tasks > before:
        penalty_task(net, op, before, which)
        return
    task -= before
    if op.kind == DENSE:
        if op.dense.mask != NULL:
            clear_masked_weights(net, op, task, which)
        dense_pack_panel(&op.dense.panels, weight, task,
                         arena + op.packed + task * op.dense.panels.panel_size)
    elif op.kind == LOCAL_CONV:
        local_conv_pack_position(&op.local, weight, task,
                                 arena + op.packed + task * local_panel_size(&op.local))
    elif task < forward_tiles:
        pack_tile(&op.conv.correlation, weight, False, task // op.conv.correlation.tiling.tiles,
                  task % op.conv.correlation.tiling.tiles, arena + op.packed)
    else:
        task -= forward_tiles
        pack_tile(&op.conv.transposed, weight, True, task // op.conv.transposed.tiling.tiles,
                  task % op.conv.transposed.tiling.tiles, arena + op.back_packed)


# --- updates --------------------------------------------------------------------------------------

cdef inline bint keeps_gradients(const Network* net) noexcept nogil:
    """Whether FINISH leaves gradients where they stay, and makes no update."""
    return (not net.group.closes or net.update.rule.kernel == NO_UPDATE
            or net.update.clip_norm != 0)


cdef inline bint makes_in_place(const Network* net) noexcept nogil:
    """Whether gradients are made there at once, as no others are in their place."""
    return keeps_gradients(net) and net.group.part == 0


cdef void update(Network* net, const Holding* held, const unsigned char* mask, ptrdiff_t start,
                 ptrdiff_t n, ptrdiff_t row, real* gradient) noexcept nogil:
    """The optimizer's update of n parameters, unless the loss of some sample is not finite.

    Where they are held to something by rows, these are whole ones. `mask`, theirs, may be NULL.
    Uses up the gradient.
    """
    cdef real* parameters = <real*>net.parameters + start
    cdef real* state[UPDATE_STATES]
    cdef fastnn_update how = net.update.how if held.decays else net.update.spared
    cdef int i
    if net.unsound:
        return
    prepare_gradient(net, start, n, gradient)
    for i in range(UPDATE_STATES):
        state[i] = <real*>net.update.state[i] + start if net.update.state[i] != NULL else NULL
    if update_adds_penalty(net, held):
        how.decay = penalty_decay(net, held)
    update_step(net.update.rule.kernel, n, parameters, gradient, state, &how)
    if mask != NULL:
        # of noise in the gradient
        clear_masked(mask, n, parameters)
    if held.constraint.kind != UNCONSTRAINED:
        constrain_rows(&held.constraint, n // row, row, parameters)


cdef void update_both(Network* net, const Operation* op, ptrdiff_t first, ptrdiff_t n,
                      real* gradient) noexcept nogil:
    """Of an operation's parameters first … first + n − 1: weights, then biases."""
    cdef ptrdiff_t weights = max(0, min(n, op.weights - first))
    cdef ptrdiff_t row = op.row if of_rows(&op.weight_held.constraint) else 1
    if weights:
        update(net, &op.weight_held, op.dense.mask + first if op.dense.mask != NULL else NULL,
               op.weight + first, weights, row, gradient)
    if weights < n:
        update(net, &op.bias_held, NULL, op.weight + first + weights, n - weights, 1,
               gradient + weights)


cdef ptrdiff_t update_tasks(const Operation* op) noexcept nogil:
    if not op.trained or op.shares:
        return 0
    return (op.weights + op.biases + op.block - 1) // op.block


cdef void update_task(Network* net, const Operation* op, ptrdiff_t task,
                      const real* which) noexcept nogil:
    cdef ptrdiff_t first = task * op.block
    update_both(net, op, first, min(op.block, op.weights + op.biases - first),
                <real*>net.gradients + op.weight + first)


# --- gradients, mostly with their update ----------------------------------------------------------

cdef ptrdiff_t finish_tasks(const Network* net, const Operation* op) noexcept nogil:
    if op.shares:
        return 0
    if not op.trained:
        return 1 if op.weights + op.biases and keeps_gradients(net) else 0
    if op.kind == LOCAL_CONV:
        return op.local.positions
    return op.dense.gradient.tiling.tiles if op.kind == DENSE else update_tasks(op)


cdef void add_earlier(const Network* net, ptrdiff_t start, ptrdiff_t n,
                      real* gradient) noexcept nogil:
    """Add what the batches before have given: a chain of at most CHAIN, and the sums of such."""
    cdef real* chain = <real*>net.gradients + start
    cdef real* sums = <real*>net.arena + net.group.sums + start
    cdef ptrdiff_t part = net.group.part
    if part % CHAIN != 0:
        add(n, chain, gradient)
    elif part == CHAIN:
        memcpy(sums, chain, n * sizeof(real))
    else:
        add(n, chain, sums)
    if net.group.closes and part >= CHAIN:
        add(n, sums, gradient)


cdef void finish(Network* net, const Operation* op, ptrdiff_t first, ptrdiff_t n,
                 real* gradient) noexcept nogil:
    """What follows when the gradient of the loss with respect to some parameters is there."""
    cdef real* kept = <real*>net.gradients + op.weight + first
    if net.group.part:
        add_earlier(net, op.weight + first, n, gradient)
    if net.group.closes and net.group.penalised:
        add_penalty_gradients(net, op, first, n, gradient)
    if not keeps_gradients(net):
        update_both(net, op, first, n, gradient)
    elif gradient != kept:
        memcpy(kept, gradient, n * sizeof(real))


cdef void finish_task(Network* net, const Operation* op, ptrdiff_t task, int thread,
                      const real* which) noexcept nogil:
    """The gradient of some of an operation's parameters, and their update while it is in cache.

    With an update it goes no further than a thread's scratch: writing it to memory would cost half
    as much as the update itself.
    """
    cdef real* scratch = scratch_of(net, thread, which)
    cdef real* gradient = <real*>net.gradients + op.weight
    cdef ptrdiff_t first = task * op.block, n = min(op.block, op.weights + op.biases - first)
    if not op.trained:
        memset(gradient, 0, (op.weights + op.biases) * sizeof(real))
    elif op.kind == DENSE or op.kind == LOCAL_CONV:
        finish_rows(net, op, task, scratch)
    else:
        gradient = gradient + first if makes_in_place(net) else scratch
        add_up(net, op, first, n, gradient)
        while op.also >= 0:
            op = &net.op[op.also]
            add_up(net, op, first, n, scratch + op.block)
            add(n, scratch + op.block, gradient)
        finish(net, op, first, n, gradient)


cdef void add_up(const Network* net, const Operation* op, ptrdiff_t first, ptrdiff_t n,
                 real* gradient) noexcept nogil:
    """The gradient of an operation's parameters first … first + n − 1: the sum of its slots."""
    cdef real* slots = <real*>net.arena + op.slots + first
    if op.kind == BATCH_NORM:
        memcpy(gradient, slots, n * sizeof(real))
    else:
        sum_slots(slots_of(net, op, gradient), n, op.slotted, slots, gradient)


cdef void finish_rows(Network* net, const Operation* op, ptrdiff_t task,
                      real* scratch) noexcept nogil:
    """Of the outputs of a tile, or of a position, whose gradient is taken across the batch."""
    cdef ptrdiff_t start, n, numbers
    cdef real* rows
    cdef real* biases
    cdef real* other
    if op.kind == DENSE:
        start = tile_start(&op.dense.gradient.tiling, task)
        n = tile_width(&op.dense.gradient.tiling, task)
    else:
        start, n = task * op.local.filters, op.local.filters
    numbers = n * op.row
    rows = <real*>net.gradients + op.weight + start * op.row
    biases = <real*>net.gradients + op.weight + op.weights + start
    other = scratch + room_for_sums(net, op, scratch) + numbers + n
    if not makes_in_place(net):
        rows = scratch + room_for_sums(net, op, scratch)
        biases = rows + numbers
    row_gradients(net, op, task, scratch, rows, biases if op.biases else NULL)
    while op.also >= 0:
        op = &net.op[op.also]
        row_gradients(net, op, task, scratch, other, other + numbers if op.biases else NULL)
        add(numbers, other, rows)
        if op.biases:
            add(n, other + numbers, biases)
    if op.dense.mask != NULL:
        clear_masked(op.dense.mask + start * op.row, numbers, rows)
    finish(net, op, start * op.row, numbers, rows)
    if op.biases:
        finish(net, op, op.weights + start, n, biases)


cdef inline ptrdiff_t room_for_sums(const Network* net, const Operation* op,
                                    const real* which) noexcept nogil:
    """What `row_gradients` needs of scratch memory; a task's rows stand behind."""
    if op.kind == DENSE:
        return dense_scratch(&op.dense.gradient)
    return local_conv_sums_size(&op.local, net.samples, which)


cdef void row_gradients(const Network* net, const Operation* op, ptrdiff_t task, real* scratch,
                        real* rows, real* biases) noexcept nogil:
    """Of a tile's outputs, or of a position's."""
    cdef ptrdiff_t start
    if op.kind == DENSE:
        # pointers are passed as if all other rows stood before them
        start = tile_start(&op.dense.gradient.tiling, task)
        dense_backward_weights_tile(
            &op.dense.gradient, task, <real*>net.arena + op.x_panels,
            <real*>net.arena + op.dy_panels, net.samples, scratch, rows - start * op.row,
            biases - start if biases != NULL else NULL)
    else:
        local_conv_backward_weights(
            &op.local, task, place(net, op.back_x, 0, 0, rows), net.frame_size,
            place(net, op.dy, 0, 0, rows), net.frame_size, net.samples, scratch, rows, biases)
