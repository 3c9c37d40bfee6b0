"""The end of a network's forward pass: outputs to rows, losses and gradients, right decisions."""
from libc.stdint cimport int64_t
from libc.string cimport memset

from fastnn._core.arena cimport count_lots
from fastnn._core.feed cimport feed_labels, feed_target, feed_weights, sample_at
from fastnn._core.kernels cimport CHAIN, LANES
from fastnn._core.lanes cimport unpack_chunk
from fastnn._core.loss cimport (
    NO_LOSS, Loss, chained_sum, loss_chunk, mean_label_weight, of_classes, weighs_labels,
    weighted_sum)
from fastnn._core.network cimport (
    Group, Head, Update, end_of_batch, losses_of, place, right_of, share_of, value_at)
from fastnn._core.rule cimport NO_UPDATE, find_step
from fastnn._core.single cimport single_leave


cdef double weight_of(Network* net, const Head* head, ptrdiff_t first, ptrdiff_t samples,
                      const real* which) noexcept nogil:
    """Σ of what these samples count in an output's loss; what each is given goes to its share."""
    cdef ptrdiff_t n
    cdef double* share = share_of(net, head, which)
    cdef double* weight = losses_of(net, head, which)       # until the losses come
    feed_weights(<const real*>net.weight, net.order, first, samples, share)
    for n in range(samples):
        weight[n] = share[n]
        if head.target.labels != NULL and weighs_labels(&head.loss):
            weight[n] *= mean_label_weight(
                &head.loss,
                head.target.labels + sample_at(net.order, first + n) * head.target.positions)
    return chained_sum(weight, samples)


cdef double weight_of_group(Network* net, const Head* head, const real* which) noexcept nogil:
    """Likewise of all batches of the update, which begins; the first stands there then."""
    cdef const Group* group = &net.group
    cdef double chain = 0, total = 0
    cdef ptrdiff_t batches = 1, part, first
    while end_of_batch(group, batches - 1) < group.stop:
        batches += 1
    for part in range(batches - 1, -1, -1):
        first = end_of_batch(group, part - 1) if part else group.first
        chain += weight_of(net, head, first, end_of_batch(group, part) - first, which)
        if part % CHAIN == 0:
            total += chain
            chain = 0
    return total


cdef void weigh(Network* net, Head* head, const real* which) noexcept nogil:
    """What each sample counts in the mean loss of an output, for net.first and net.samples."""
    cdef ptrdiff_t n
    cdef double* share = share_of(net, head, which)
    cdef double positions = head.loss.positions if of_classes(&head.loss) else 1
    if net.group.part == 0:
        head.weight = weight_of_group(net, head, which)
    else:
        weight_of(net, head, net.first, net.samples, which)
    for n in range(net.samples):
        if not head.loss.adds:
            share[n] = share[n] / (head.weight * positions) if head.weight > 0 else 0.0
        share[n] *= head.factor


cdef void start_step(Update* update) noexcept nogil:
    """The numbers of the next update."""
    update.steps += 1
    if update.rule.kernel == NO_UPDATE:
        return
    if update.rates != NULL:
        update.rate = update.rates[update.steps - 1 - update.rates_from]
    find_step(&update.rule, update.rate, update.steps, True, &update.how)
    find_step(&update.rule, update.rate, update.steps, not update.spares, &update.spared)


cdef void start_batch(Network* net, const real* which) noexcept nogil:
    """The figures of this step, for net.first and net.samples."""
    cdef int i
    net.row = net.group.row + net.first - net.group.first
    net.chunks = net.samples if net.single else (net.samples + LANES - 1) // LANES
    net.lots = count_lots(net, net.chunks, sizeof(real))
    if net.group.part == 0:
        start_step(&net.update)
    net.unsound = False
    for i in range(net.n_heads):
        if net.head[i].loss.kind != NO_LOSS:
            weigh(net, &net.head[i], which)


cdef ptrdiff_t top(const real* z, ptrdiff_t channels, ptrdiff_t lane) noexcept nogil:
    """The index of a lane's largest channel, the first of equals; a NaN is larger than all."""
    cdef ptrdiff_t c, best = 0
    for c in range(1, channels):
        if z[best * LANES + lane] != z[best * LANES + lane]:
            break
        if not z[c * LANES + lane] <= z[best * LANES + lane]:
            best = c
    return best


cdef int64_t count_right(const Head* head, const real* z, const real* target,
                         const int64_t* labels, ptrdiff_t lanes) noexcept nogil:
    """How many decisions of a chunk equal the target's."""
    cdef const Loss* loss = &head.loss
    cdef ptrdiff_t pack = loss.channels * LANES, position, lane, wanted, i
    cdef int64_t right = 0
    if not of_classes(loss):
        for i in range(head.target.outputs):
            for lane in range(lanes):
                right += (z[i * LANES + lane] > 0) == (target[i * LANES + lane] > <real>0.5)
        return right
    for position in range(loss.positions):
        for lane in range(lanes):
            if labels != NULL:
                wanted = labels[lane * loss.positions + position]
            else:
                wanted = top(target + position * pack, loss.channels, lane)
            right += top(z + position * pack, loss.channels, lane) == wanted
    return right


cdef void loss_of_chunk(Network* net, const Head* head, ptrdiff_t chunk, ptrdiff_t lanes,
                        const real* y, real* dy, real* scratch) noexcept nogil:
    cdef ptrdiff_t first = net.first + chunk * LANES
    cdef const real* target = NULL
    cdef const int64_t* labels = NULL
    cdef const double* share = share_of(net, head, y) + chunk * LANES
    cdef double* losses = losses_of(net, head, y) + chunk * LANES
    cdef double counted
    cdef ptrdiff_t lane
    if head.target.labels != NULL:
        feed_labels(&head.target, first, lanes, <int64_t*>scratch)
        labels = <int64_t*>scratch
    else:
        feed_target(&head.target, first, lanes, scratch)
        target = scratch
    if net.counts_right:
        right_of(net, head, y)[chunk] = count_right(head, y, target, labels, lanes)
    if head.weight == 0:
        memset(dy, 0, head.target.outputs * LANES * sizeof(real))
        memset(losses, 0, LANES * sizeof(double))
    else:
        loss_chunk(&head.loss, y, labels, target, share, lanes, dy, losses)
    for lane in range(lanes):
        counted = losses[lane] * share[lane]    # ∞ · 0 is NaN as well
        if counted - counted != 0:              # so are ∞ − ∞ and NaN − NaN
            net.unsound = True


cdef void finish_chunk(Network* net, ptrdiff_t chunk, int thread, real* scratch) noexcept nogil:
    """What happens with the outputs of a chunk."""
    cdef ptrdiff_t lanes = min(<ptrdiff_t>LANES, net.samples - chunk * LANES)
    cdef const Head* head
    cdef real* rows
    cdef const real* y
    cdef int i
    for i in range(net.n_heads):
        head = &net.head[i]
        y = value_at(net, head.value, chunk, thread, <const real*>scratch)
        rows = <real*>head.outputs + net.first * head.target.outputs
        if net.single:
            single_leave(y, net.value[head.value].layout, rows + chunk * head.target.outputs)
            continue
        if head.outputs != NULL:
            unpack_chunk(y, head.target.outputs, lanes, rows + chunk * LANES * head.target.outputs)
        if head.loss.kind != NO_LOSS:
            loss_of_chunk(net, head, chunk, lanes, y,
                          place(net, head.gradient, chunk, thread, <const real*>scratch),
                          scratch)


cdef double total_loss(const Network* net, const real* which) noexcept nogil:
    """The losses of all outputs, by their factors."""
    cdef double total = 0
    cdef int i
    for i in range(net.n_heads):
        if net.head[i].loss.kind != NO_LOSS:
            total += weighted_sum(losses_of(net, &net.head[i], which),
                                  share_of(net, &net.head[i], which), net.samples)
    return total


cdef ptrdiff_t all_right(const Network* net, const real* which) noexcept nogil:
    """Right decisions about the first output."""
    cdef ptrdiff_t chunk, right = 0
    if net.counts_right:
        for chunk in range(net.chunks):
            right += right_of(net, net.head, which)[chunk]
    return right
