"""PReLU: a ReLU whose slope where x is not positive is learnt.

    y = x where x > 0, else slope · x        dslope = Σ x · dy where x is not positive

The gradient is summed as a convolution's is: over a chunk's positions in chains, then its lanes,
then, of one slope for all, over channels; a chunk's sum goes to the slot that owns the chunk, and
slots are summed as a tree (slots.pxd).
"""
from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memset

from fastnn._core.kernels cimport (
    CHAIN, LANES, enter_fast_mode, leave_fast_mode, prelu_backward_input as backward_input_run,
    prelu_backward_weights as backward_weights_run, prelu_forward as forward_run, real)
from fastnn._core.memory cimport give, take
from fastnn._core.slots cimport (
    add_lane_sums, begin_chunk, clear_lanes, end_chunk, slot_count, slot_start, sum_slots)
from fastnn._core.threads cimport team


cdef Slopes make_slopes(ptrdiff_t features, ptrdiff_t channels, ptrdiff_t count) noexcept nogil:
    """For samples of so many features, and one slope, one a channel, or one a feature."""
    cdef Slopes plan
    plan.channels = features if count == features else channels
    plan.positions = features // plan.channels if plan.channels else 0
    plan.step = 0 if count == 1 else 1
    plan.count = count
    return plan


cdef ptrdiff_t slopes_scratch(const Slopes* plan) noexcept nogil:
    """Elements that a chunk's gradient needs: sums by lanes, their totals, and the gradient."""
    return plan.channels * (LANES + 1) + plan.count


cdef void prelu_forward_chunk(const Slopes* plan, const real* x, const real* slope,
                              real* y) noexcept nogil:
    """y may be x."""
    cdef ptrdiff_t position, start
    for position in range(plan.positions):
        start = position * plan.channels * LANES
        forward_run(plan.channels, x + start, slope, plan.step, y + start)


cdef void prelu_backward_input_chunk(const Slopes* plan, const real* dy, const real* x,
                                     const real* slope, real* dx) noexcept nogil:
    cdef ptrdiff_t position, start
    for position in range(plan.positions):
        start = position * plan.channels * LANES
        backward_input_run(plan.channels, dy + start, x + start, slope, plan.step, dx + start)


cdef void add_lanes(ptrdiff_t channels, ptrdiff_t samples, real* sums,
                    real* totals) noexcept nogil:
    """Add the lanes that hold samples to the totals, and start again from 0."""
    clear_lanes(channels, samples, sums)
    add_lane_sums(channels, sums, totals)
    memset(sums, 0, channels * LANES * sizeof(real))


cdef real chained_total(real* terms, ptrdiff_t n) noexcept nogil:
    """Σ terms, in chains of CHAIN, chains of those, and so on; terms are used up."""
    cdef ptrdiff_t i, chain
    while n > 1:
        for chain in range((n + CHAIN - 1) // CHAIN):
            for i in range(chain * CHAIN + 1, min((chain + 1) * CHAIN, n)):
                terms[chain * CHAIN] += terms[i]
            terms[chain] = terms[chain * CHAIN]
        n = (n + CHAIN - 1) // CHAIN
    return terms[0]


cdef void slope_gradient_of_chunk(const Slopes* plan, const real* x, const real* dy,
                                  ptrdiff_t samples, real* sums, real* dslope) noexcept nogil:
    """Overwrite dslope (count,); sums (channels · (LANES + 1),) is scratch."""
    cdef ptrdiff_t channels = plan.channels, first, blocks = 0
    cdef real* totals = dslope if plan.step else sums + channels * LANES
    memset(sums, 0, channels * LANES * sizeof(real))
    memset(totals, 0, channels * sizeof(real))
    for first from 0 <= first < plan.positions by CHAIN:
        backward_weights_run(min(<ptrdiff_t>CHAIN, plan.positions - first), channels,
                             x + first * channels * LANES, dy + first * channels * LANES, sums)
        blocks += 1
        if blocks % CHAIN == 0:
            add_lanes(channels, samples, sums, totals)
    add_lanes(channels, samples, sums, totals)
    if not plan.step:
        dslope[0] = chained_total(totals, channels)


cdef void prelu_backward_weights_chunk(
        const Slopes* plan,
        const real* x,              # IN      (positions, channels, LANES)
        const real* dy,             # IN      like x
        ptrdiff_t samples,          #         lanes that hold samples, at least one
        ptrdiff_t nth, bint last,   #         which of its slot's chunks this is
        real* scratch,              #         (slopes_scratch(plan),)
        real* chain,                # IN/OUT  (count,), or NULL in a slot of few chunks
        real* total) noexcept nogil:        # IN/OUT  (count,): the slot
    cdef real* gradient = scratch + plan.channels * (LANES + 1)
    slope_gradient_of_chunk(plan, x, dy, samples, scratch,
                            begin_chunk(nth, gradient, chain, total))
    end_chunk(nth, last, plan.count, gradient, chain, total)


def prelu_forward(
        const real[:, ::1] x,           # IN   (chunks, features·LANES)
        const real[::1] slope,          # IN   (1,), (channels,) or (features,)
        real[:, ::1] y,                 # OUT  like x, overwritten
        ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], chunk
    cdef Slopes plan = make_slopes(x.shape[1] // LANES, channels, slope.shape[0])
    cdef int threads = team(n_threads, chunks, <double>chunks * x.shape[1])
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            prelu_forward_chunk(&plan, &x[chunk, 0], &slope[0], &y[chunk, 0])
        leave_fast_mode(mode)


def prelu_backward_input(
        const real[:, ::1] dy,          # IN   (chunks, features·LANES)
        const real[:, ::1] x,           # IN   like dy
        const real[::1] slope,          # IN   (1,), (channels,) or (features,)
        real[:, ::1] dx,                # OUT  like dy, overwritten
        ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = dy.shape[0], chunk
    cdef Slopes plan = make_slopes(dy.shape[1] // LANES, channels, slope.shape[0])
    cdef int threads = team(n_threads, chunks, <double>chunks * dy.shape[1])
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            prelu_backward_input_chunk(&plan, &dy[chunk, 0], &x[chunk, 0], &slope[0],
                                       &dx[chunk, 0])
        leave_fast_mode(mode)


def prelu_backward_weights(
        const real[:, ::1] x,           # IN   (chunks, features·LANES)
        const real[:, ::1] dy,          # IN   like x
        ptrdiff_t samples,              # real ones
        real[::1] dslope,               # OUT  (1,), (channels,) or (features,), overwritten
        ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], n = dslope.shape[0], slots, slot, chunk, first, end
    cdef ptrdiff_t scratch_size
    cdef Slopes plan = make_slopes(x.shape[1] // LANES, channels, n)
    cdef int threads
    cdef unsigned long long mode
    cdef real* slot_sums = NULL
    cdef real* scratch = NULL
    cdef real* mine
    if chunks == 0:
        dslope[:] = 0
        return
    slots = slot_count(chunks, n * sizeof(real))
    threads = team(n_threads, slots, <double>chunks * x.shape[1])
    scratch_size = (slopes_scratch(&plan) + n + LANES - 1) // LANES * LANES
    try:
        slot_sums = <real*>take(slots * n * sizeof(real))
        scratch = <real*>take(threads * scratch_size * sizeof(real))
        if slot_sums == NULL or scratch == NULL:
            raise MemoryError(f"no memory for {slots} slots of {n} gradients")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            mine = scratch + threadid() * scratch_size
            for slot in prange(slots, schedule="static"):
                first = slot_start(slot, slots, chunks)
                end = slot_start(slot + 1, slots, chunks)
                for chunk in range(first, end):
                    prelu_backward_weights_chunk(
                        &plan, &x[chunk, 0], &dy[chunk, 0],
                        min(<ptrdiff_t>LANES, samples - chunk * LANES), chunk - first,
                        chunk == end - 1, mine, mine + slopes_scratch(&plan),
                        slot_sums + slot * n)
            leave_fast_mode(mode)
        with nogil:
            mode = enter_fast_mode()
            sum_slots(slots, n, n, slot_sums, &dslope[0])
            leave_fast_mode(mode)
    finally:
        give(slot_sums)
        give(scratch)
