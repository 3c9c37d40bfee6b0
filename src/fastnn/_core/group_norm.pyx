"""Layer, group and instance normalisation: a sample's groups of numbers to mean 0 and variance 1.

    n = (x − mean) / √(variance + epsilon)      y = n · scale + shift
    dscale = Σ dy · n      dshift = Σ dy
    dx = (d − mean d − n · mean(d · n)) / √(variance + epsilon), d = dy · scale

Every lane is a sample with means of its own; nothing leaves the chunk but the parameters'
gradients, which go to slots (slots.pxd). Means and variances are taken from a chunk while it is in
cache, in three passes: a centre near the mean, deviations from it and their squares, and the map.

Sums go over positions, in chains by channel, up to TILE channels of whole groups at once (or of
part of a group); then over the group's channels; then over such parts. That is the same order for
any number of lanes, and keeps several chains in flight however few channels a group has.
"""
from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memcpy, memset

from fastnn._core.kernels cimport (
    CHAIN, LANES, deviation_sums, enter_fast_mode, group_factors, group_normalize,
    group_normalize_backward, group_totals, lane_sums, leave_fast_mode, normal_products,
    position_sums, product_sums, real)
from fastnn._core.memory cimport give, take
from fastnn._core.slots cimport (
    begin_chunk, clear_lanes, end_chunk, slot_count, slot_start, sum_slots)
from fastnn._core.threads cimport team

cdef enum:
    TILE = 128                  # channels whose sums stand in scratch, and most groups at once
    PART = CHAIN * CHAIN        # positions of a sum, before the next level

# What stands in scratch, TILE packs each: by channels, then by groups.
cdef enum Row:
    SUMS, PRODUCTS, CENTRES, CENTRE, FACTOR, OFFSET, TOTAL, PRODUCT, PART_TOTAL, PART_PRODUCT
    LEVEL_TOTAL, LEVEL_PRODUCT, ROWS

cdef enum Sums:
    OF_X, OF_DEVIATIONS, OF_PRODUCTS    # Σ x; Σ d and Σ d²; Σ dy and Σ dy·d; of d = x − centre

cdef double COST = 8                    # an element costs about as much as this many multiply-adds


cdef Groups make_groups(ptrdiff_t features, ptrdiff_t blocks, ptrdiff_t groups, ptrdiff_t channels,
                        double epsilon, bint scales, bint shifts) noexcept nogil:
    """For samples of so many features; `channels` of each group."""
    cdef Groups plan
    plan.blocks = blocks
    plan.groups = groups
    plan.channels = channels
    plan.positions = features // (blocks * groups * channels)
    plan.epsilon = epsilon
    plan.scales = scales
    plan.shifts = shifts
    return plan


cdef ptrdiff_t groups_parameters(const Groups* plan) noexcept nogil:
    return plan.groups * plan.channels * (plan.scales + plan.shifts)


cdef ptrdiff_t groups_scratch(const Groups* plan) noexcept nogil:
    """Elements that a chunk needs: rows; a part of gradients, their chain, and the gradients."""
    return ROWS * TILE * LANES + TILE + 2 * groups_parameters(plan)


cdef inline real* row(real* scratch, Row which) noexcept nogil:
    return scratch + which * TILE * LANES


cdef inline ptrdiff_t groups_at_once(const Groups* plan) noexcept nogil:
    return min(plan.groups, max(<ptrdiff_t>1, TILE // plan.channels))


# --- sums -----------------------------------------------------------------------------------------

cdef const real* sum_part(const Groups* plan, Sums what, ptrdiff_t groups, ptrdiff_t channels,
                          ptrdiff_t positions, const real* dy, const real* x,
                          real* scratch) noexcept nogil:
    """Sum some channels over up to PART positions.

    Return where their packs stand; those of squares or products stand in PRODUCTS.
    """
    cdef ptrdiff_t step = plan.groups * plan.channels * LANES, first, n
    cdef const real* centre = row(scratch, CENTRES if groups > 1 else CENTRE)
    cdef ptrdiff_t centre_step = LANES if groups > 1 else 0
    cdef real* sums = row(scratch, SUMS)
    cdef real* products = row(scratch, PRODUCTS)
    if what == OF_X and positions == 1:
        return x
    memset(sums, 0, channels * LANES * sizeof(real))
    memset(products, 0, channels * LANES * sizeof(real))
    for first from 0 <= first < positions by CHAIN:
        n = min(<ptrdiff_t>CHAIN, positions - first)
        if what == OF_X:
            position_sums(n, channels, x + first * step, step, sums)
        elif what == OF_DEVIATIONS:
            deviation_sums(n, channels, x + first * step, step, centre, centre_step, sums, products)
        else:
            product_sums(n, channels, dy + first * step, x + first * step, step, centre,
                         centre_step, sums, products)
    return sums


cdef void add_to_gradient(ptrdiff_t channels, ptrdiff_t samples, ptrdiff_t nth, bint last,
                          real* lanes, real* part, real* chain, real* gradient) noexcept nogil:
    """Add what lanes with a sample hold, the nth such sums; lanes are used up."""
    clear_lanes(channels, samples, lanes)
    lane_sums(channels, lanes, begin_chunk(nth, part, chain, gradient))
    end_chunk(nth, last, channels, part, chain, gradient)


cdef void sum_groups(
        const Groups* plan, Sums what, ptrdiff_t block, ptrdiff_t group, ptrdiff_t groups,
        const real* dy, const real* x,          # IN   from the block's first of these groups on
        const real* scale,          # IN   of dy, or NULL
        bint totals,                #      whether those of groups are wanted
        ptrdiff_t samples,          #      lanes that hold samples
        real* scratch,              # OUT  TOTAL and PRODUCT
        real* gradient) noexcept nogil:         # IN/OUT  (parameters,), or NULL
    cdef ptrdiff_t tile = min(plan.channels, TILE), size = plan.groups * plan.channels
    cdef ptrdiff_t parts = (plan.positions + PART - 1) // PART, part, first, c, n, nth = 0, at
    cdef const real* weight
    cdef const real* sums
    cdef real* chain = row(scratch, ROWS) + TILE
    cdef bint last
    for part in range(parts):
        first = part * PART
        for c from 0 <= c < plan.channels by tile:
            n = min(tile, plan.channels - c)    # of each group; if less than all, of the only one
            at = first * size * LANES + c * LANES
            sums = sum_part(plan, what, groups, groups * n,
                            min(<ptrdiff_t>PART, plan.positions - first),
                            dy + at if dy != NULL else NULL, x + at, scratch)
            if what == OF_PRODUCTS:
                normal_products(groups, n, sums, row(scratch, FACTOR), row(scratch, OFFSET),
                                row(scratch, PRODUCTS))
            if totals:
                weight = scale + c if scale != NULL else NULL
                last = part == parts - 1 and c + tile >= plan.channels
                group_totals(groups, n, sums, weight,
                             begin_chunk(nth, row(scratch, PART_TOTAL), row(scratch, LEVEL_TOTAL),
                                         row(scratch, TOTAL)))
                end_chunk(nth, last, groups * LANES, row(scratch, PART_TOTAL),
                          row(scratch, LEVEL_TOTAL), row(scratch, TOTAL))
                if what != OF_X:
                    group_totals(groups, n, row(scratch, PRODUCTS), weight,
                                 begin_chunk(nth, row(scratch, PART_PRODUCT),
                                             row(scratch, LEVEL_PRODUCT), row(scratch, PRODUCT)))
                    end_chunk(nth, last, groups * LANES, row(scratch, PART_PRODUCT),
                              row(scratch, LEVEL_PRODUCT), row(scratch, PRODUCT))
                nth += 1
            if gradient != NULL:
                at = group * plan.channels + c
                last = block == plan.blocks - 1 and part == parts - 1
                if plan.scales:
                    add_to_gradient(groups * n, samples, block * parts + part, last,
                                    row(scratch, PRODUCTS), row(scratch, ROWS), chain + at,
                                    gradient + at)
                    at += size
                if plan.shifts:
                    add_to_gradient(groups * n, samples, block * parts + part, last,
                                    row(scratch, SUMS), row(scratch, ROWS), chain + at,
                                    gradient + at)


cdef void find_factors(const Groups* plan, ptrdiff_t groups, const real* x,
                       real* scratch) noexcept nogil:
    """CENTRE, FACTOR and OFFSET of some groups: n = (x - CENTRE) · FACTOR + OFFSET."""
    cdef real* centre = row(scratch, CENTRE)
    cdef real* total = row(scratch, TOTAL)
    cdef real* centres = row(scratch, CENTRES)
    cdef real count = plan.positions * plan.channels
    cdef ptrdiff_t i
    sum_groups(plan, OF_X, 0, 0, groups, NULL, x, NULL, True, LANES, scratch, NULL)
    for i in range(groups * LANES):
        centre[i] = total[i] / count
    if groups > 1:
        for i in range(groups * plan.channels):
            memcpy(centres + i * LANES, centre + i // plan.channels * LANES, LANES * sizeof(real))
    sum_groups(plan, OF_DEVIATIONS, 0, 0, groups, NULL, x, NULL, True, LANES, scratch, NULL)
    group_factors(groups, count, <real>plan.epsilon, total, row(scratch, PRODUCT),
                  row(scratch, FACTOR), row(scratch, OFFSET))


# --- chunks ---------------------------------------------------------------------------------------

cdef void group_norm_forward_chunk(
        const Groups* plan,
        const real* x,              # IN   (blocks, positions, groups, channels, LANES)
        const real* parameters,     # IN   (groups, channels): scales, then shifts, if there are any
        real* y,                    # OUT  like x, overwritten; may be x
        real* scratch) noexcept nogil:          # (groups_scratch(plan),)
    cdef const real* shift = parameters + plan.groups * plan.channels * plan.scales
    cdef ptrdiff_t size = plan.groups * plan.channels, span = groups_at_once(plan)
    cdef ptrdiff_t block, group, n, _position, c, start
    for block in range(plan.blocks):
        for group from 0 <= group < plan.groups by span:
            n = min(span, plan.groups - group)
            c = group * plan.channels
            start = (block * plan.positions * size + c) * LANES
            find_factors(plan, n, x + start, scratch)
            for _position in range(plan.positions):
                group_normalize(n, plan.channels, x + start, row(scratch, CENTRE),
                                row(scratch, FACTOR), row(scratch, OFFSET),
                                parameters + c if plan.scales else NULL,
                                shift + c if plan.shifts else NULL, y + start)
                start += size * LANES


cdef void group_norm_backward_chunk(
        const Groups* plan,
        const real* dy,             # IN      (blocks, positions, groups, channels, LANES)
        const real* x,              # IN      like dy
        const real* parameters,     # IN      (groups, channels): scales, if there are any
        ptrdiff_t samples,          #         lanes that hold samples, at least one
        ptrdiff_t nth, bint last,   #         which of its slot's chunks this is
        real* scratch,              #         (groups_scratch(plan),)
        real* chain,                # IN/OUT  like total, or NULL in a slot of few chunks
        real* total,                # IN/OUT  (groups_parameters(plan),): the slot, or NULL: no
                                    #         gradients of parameters are wanted
        real* dx) noexcept nogil:   # OUT     like dy, overwritten; may be dy, or NULL: not wanted
    cdef ptrdiff_t size = plan.groups * plan.channels, span = groups_at_once(plan)
    cdef ptrdiff_t block, group, n, _position, c, start, i, gradients = groups_parameters(plan)
    cdef real count = plan.positions * plan.channels
    cdef real* own = row(scratch, ROWS) + TILE + gradients
    cdef real* gradient = begin_chunk(nth, own, chain, total) if total != NULL else NULL
    cdef real* sums = row(scratch, TOTAL)
    cdef real* products = row(scratch, PRODUCT)
    cdef const real* weight
    for block in range(plan.blocks):
        for group from 0 <= group < plan.groups by span:
            n = min(span, plan.groups - group)
            c = group * plan.channels
            start = (block * plan.positions * size + c) * LANES
            weight = parameters + c if plan.scales else NULL
            find_factors(plan, n, x + start, scratch)
            sum_groups(plan, OF_PRODUCTS, block, group, n, dy + start, x + start, weight,
                       dx != NULL, samples, scratch, gradient)
            if dx == NULL:
                continue
            for i in range(n * LANES):
                sums[i] /= count
                products[i] /= count
            for _position in range(plan.positions):
                group_normalize_backward(n, plan.channels, dy + start, x + start,
                                         row(scratch, CENTRE), row(scratch, FACTOR),
                                         row(scratch, OFFSET), weight, sums, products, dx + start)
                start += size * LANES
    if gradient != NULL:
        end_chunk(nth, last, gradients, own, chain, total)


# --- drivers --------------------------------------------------------------------------------------

def group_norm_forward(
        const real[:, ::1] x,           # IN   (chunks, blocks·positions·groups·channels·LANES)
        const real[::1] parameters,     # IN   (groups·channels,): scales, then as many shifts
        bint scales, bint shifts,       #      which of them there are
        real[:, ::1] y,                 # OUT  like x, overwritten
        ptrdiff_t blocks, ptrdiff_t groups, ptrdiff_t channels, double epsilon, int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], chunk
    cdef Groups plan = make_groups(x.shape[1] // LANES, blocks, groups, channels, epsilon, scales,
                                   shifts)
    cdef ptrdiff_t scratch_size = (groups_scratch(&plan) + LANES - 1) // LANES * LANES
    cdef int threads = team(n_threads, chunks, COST * chunks * x.shape[1])
    cdef real* scratch = <real*>take(threads * scratch_size * sizeof(real))
    cdef unsigned long long mode
    if scratch == NULL:
        raise MemoryError(f"no memory for sums of {groups * channels} channels")
    try:
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for chunk in prange(chunks, schedule="static"):
                group_norm_forward_chunk(&plan, &x[chunk, 0], &parameters[0], &y[chunk, 0],
                                         scratch + threadid() * scratch_size)
            leave_fast_mode(mode)
    finally:
        give(scratch)


def group_norm_backward(
        const real[:, ::1] dy,          # IN   (chunks, blocks·positions·groups·channels·LANES)
        const real[:, ::1] x,           # IN   like dy
        ptrdiff_t samples,              # real ones
        const real[::1] scale,          # IN   (groups·channels,)
        real[:, ::1] dx,                # OUT  like dy, overwritten
        real[:, ::1] gradients,         # OUT  (2, groups·channels): dscale, dshift, overwritten
        ptrdiff_t blocks, ptrdiff_t groups, ptrdiff_t channels, double epsilon, int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], slots, slot, chunk, first, end
    cdef Groups plan = make_groups(x.shape[1] // LANES, blocks, groups, channels, epsilon, True,
                                   True)
    cdef ptrdiff_t n = groups_parameters(&plan), scratch_size
    cdef real* slot_sums = NULL
    cdef real* scratch = NULL
    cdef real* mine
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        gradients[:, :] = 0
        return
    slots = slot_count(chunks, n * sizeof(real))
    threads = team(n_threads, slots, 2 * COST * chunks * x.shape[1])
    scratch_size = (groups_scratch(&plan) + n + LANES - 1) // LANES * LANES
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
                    group_norm_backward_chunk(
                        &plan, &dy[chunk, 0], &x[chunk, 0], &scale[0],
                        min(<ptrdiff_t>LANES, samples - chunk * LANES), chunk - first,
                        chunk == end - 1, mine, mine + groups_scratch(&plan),
                        slot_sums + slot * n, &dx[chunk, 0])
            leave_fast_mode(mode)
        with nogil:
            mode = enter_fast_mode()
            sum_slots(slots, n, n, slot_sums, &gradients[0, 0])
            leave_fast_mode(mode)
    finally:
        give(slot_sums)
        give(scratch)
