"""The end of a network's forward pass: outputs to rows, loss and its gradient, right decisions."""
from libc.math cimport pow, sqrt
from libc.stdint cimport int64_t
from libc.string cimport memset

from fastnn._core.arena cimport count_lots
from fastnn._core.feed cimport feed_labels, feed_target, feed_weights, sample_at
from fastnn._core.kernels cimport LANES
from fastnn._core.lanes cimport unpack_chunk
from fastnn._core.loss cimport (
    NO_LOSS, chained_sum, loss_chunk, mean_label_weight, of_classes, weighs_labels, weighted_sum)
from fastnn._core.network cimport ADAM, frame_of, losses_of, right_of, share_of, value_at
from fastnn._core.single cimport single_leave


cdef void start_batch(Network* net, const real* which) noexcept nogil:
    """What each sample counts, and the figures of this step, for net.first and net.samples."""
    cdef ptrdiff_t n
    cdef double* share
    cdef double* weight
    cdef double positions = net.loss.positions if of_classes(&net.loss) else 1
    net.chunks = net.samples if net.single else (net.samples + LANES - 1) // LANES
    net.lots = count_lots(net, net.chunks, sizeof(real))
    if net.update.rule == ADAM:
        net.update.steps += 1
        net.update.step_rate = net.update.rate / (1.0 - pow(net.update.beta1, net.update.steps))
        net.update.root_scale = 1.0 / sqrt(1.0 - pow(net.update.beta2, net.update.steps))
    net.unsound = False
    if net.loss.kind == NO_LOSS:
        return
    share = share_of(net, which)
    weight = losses_of(net, which)          # until the losses come
    feed_weights(&net.feed, net.first, net.samples, share, which)
    for n in range(net.samples):
        weight[n] = share[n]
        if net.feed.labels != NULL and weighs_labels(&net.loss):
            weight[n] *= mean_label_weight(
                &net.loss,
                net.feed.labels + sample_at(&net.feed, net.first + n) * net.feed.positions)
    net.weight = chained_sum(weight, net.samples)
    if net.loss.adds:
        return
    for n in range(net.samples):
        share[n] = share[n] / (net.weight * positions) if net.weight > 0 else 0.0


cdef ptrdiff_t top(const real* z, ptrdiff_t channels, ptrdiff_t lane) noexcept nogil:
    """The index of a lane's largest channel, the first of equals; a NaN is larger than all."""
    cdef ptrdiff_t c, best = 0
    for c in range(1, channels):
        if z[best * LANES + lane] != z[best * LANES + lane]:
            break
        if not z[c * LANES + lane] <= z[best * LANES + lane]:
            best = c
    return best


cdef int64_t count_right(const Network* net, const real* z, const real* target,
                         const int64_t* labels, ptrdiff_t lanes) noexcept nogil:
    """How many decisions of a chunk equal the target's."""
    cdef ptrdiff_t pack = net.loss.channels * LANES, position, lane, wanted, i
    cdef int64_t right = 0
    if not of_classes(&net.loss):
        for i in range(net.feed.outputs):
            for lane in range(lanes):
                right += (z[i * LANES + lane] > 0) == (target[i * LANES + lane] > <real>0.5)
        return right
    for position in range(net.loss.positions):
        for lane in range(lanes):
            if labels != NULL:
                wanted = labels[lane * net.loss.positions + position]
            else:
                wanted = top(target + position * pack, net.loss.channels, lane)
            right += top(z + position * pack, net.loss.channels, lane) == wanted
    return right


cdef void loss_of_chunk(Network* net, ptrdiff_t chunk, ptrdiff_t lanes, const real* y, real* dy,
                        real* scratch) noexcept nogil:
    cdef ptrdiff_t first = net.first + chunk * LANES
    cdef const real* target = NULL
    cdef const int64_t* labels = NULL
    cdef const double* share = share_of(net, y) + chunk * LANES
    cdef double* losses = losses_of(net, y) + chunk * LANES
    cdef double counted
    cdef ptrdiff_t lane
    if net.feed.labels != NULL:
        feed_labels(&net.feed, first, lanes, <int64_t*>scratch)
        labels = <int64_t*>scratch
    else:
        feed_target(&net.feed, first, lanes, scratch)
        target = scratch
    if net.counts_right:
        right_of(net, y)[chunk] = count_right(net, y, target, labels, lanes)
    if net.weight == 0:
        memset(dy, 0, net.feed.outputs * LANES * sizeof(real))
        memset(losses, 0, LANES * sizeof(double))
    else:
        loss_chunk(&net.loss, y, labels, target, share, lanes, dy, losses)
    for lane in range(lanes):
        counted = losses[lane] * share[lane]    # ∞ · 0 is NaN as well
        if counted != counted:
            net.unsound = True


cdef void finish_chunk(Network* net, ptrdiff_t chunk, int thread, real* scratch) noexcept nogil:
    """What happens with the outputs of a chunk."""
    cdef ptrdiff_t lanes = min(<ptrdiff_t>LANES, net.samples - chunk * LANES)
    cdef const real* y = value_at(net, net.last, chunk, thread, <const real*>scratch)
    if net.single:
        single_leave(y, net.layout[net.last],
                     <real*>net.outputs + (net.first + chunk) * net.feed.outputs)
        return
    if net.outputs != NULL:
        unpack_chunk(y, net.feed.outputs, lanes,
                     <real*>net.outputs + (net.first + chunk * LANES) * net.feed.outputs)
    if net.loss.kind != NO_LOSS:
        loss_of_chunk(net, chunk, lanes, y,
                      frame_of(net, chunk, thread, <const real*>scratch) + net.last_gradient,
                      scratch)


cdef double mean_loss(const Network* net, const real* which) noexcept nogil:
    if net.loss.kind == NO_LOSS:
        return 0.0
    return weighted_sum(losses_of(net, which), share_of(net, which), net.samples)


cdef ptrdiff_t all_right(const Network* net, const real* which) noexcept nogil:
    cdef ptrdiff_t chunk, right = 0
    if net.counts_right:
        for chunk in range(net.chunks):
            right += right_of(net, which)[chunk]
    return right
