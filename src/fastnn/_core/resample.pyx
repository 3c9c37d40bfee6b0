"""Resampling of up to three axes: padding, cropping, enlarging, and their gradients (resample.pxd).

    for each row of targets
        list the rows of x that it takes from, and their factors
        along the row: csrc's resample_row
"""
from cython.parallel cimport parallel, prange, threadid

from fastnn._core.kernels cimport LANES, enter_fast_mode, leave_fast_mode, real, resample_row
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team


cdef bint make_resampling(Resampling* plan, tuple lines, ptrdiff_t channels, double nothing,
                          const real* which) except False:
    """Fill the plan from three `resampling.Line`, whose arrays the caller keeps alive."""
    cdef const ptrdiff_t[::1] start, source
    cdef const real[::1] factor
    cdef ptrdiff_t target, most
    cdef int axis
    plan.channels = channels
    plan.nothing = nothing
    plan.rows = 1
    for axis in range(3):
        plan.axis[axis].sources, start, source, factor = lines[axis]
        plan.axis[axis].targets = start.shape[0] - 1
        plan.axis[axis].start = &start[0]
        # an axis of nothing but padding has no sources
        plan.axis[axis].source = &source[0] if source.shape[0] else NULL
        plan.axis[axis].factor = <const void*>&factor[0] if factor.shape[0] else NULL
        most = 0
        for target in range(plan.axis[axis].targets if axis < 2 else 0):
            most = max(most, start[target + 1] - start[target])
        if axis < 2:
            plan.rows *= most
    return True


cdef ptrdiff_t resample_scratch(const Resampling* plan, const real* which) noexcept nogil:
    """Elements that a thread needs for the rows that it takes from: their places and factors."""
    cdef ptrdiff_t each = 1 + sizeof(ptrdiff_t) // sizeof(real)
    return plan.rows * each // LANES * LANES + LANES


cdef ptrdiff_t list_rows(const Resampling* plan, ptrdiff_t depth, ptrdiff_t row, ptrdiff_t* place,
                         real* factor) noexcept nogil:
    """Write where the rows of x begin that a row of y takes from, and their factors."""
    cdef const Line* depths = &plan.axis[0]
    cdef const Line* rows = &plan.axis[1]
    cdef ptrdiff_t line = plan.axis[2].sources * plan.channels * LANES
    cdef ptrdiff_t i, k, found = 0
    for i in range(depths.start[depth], depths.start[depth + 1]):
        for k in range(rows.start[row], rows.start[row + 1]):
            place[found] = (depths.source[i] * rows.sources + rows.source[k]) * line
            factor[found] = (<const real*>depths.factor)[i] * (<const real*>rows.factor)[k]
            found += 1
    return found


cdef void resample_chunk(
        const Resampling* plan,
        const real* x,              # IN   (*sources, channels, LANES)
        real* y,                    # OUT  (*targets, channels, LANES): these rows overwritten
        ptrdiff_t first_row, ptrdiff_t end_row,
        real* scratch) noexcept nogil:      # (resample_scratch(plan),)
    cdef const Line* columns = &plan.axis[2]
    cdef ptrdiff_t pack = plan.channels * LANES, depth, row, found
    cdef ptrdiff_t* place = <ptrdiff_t*>scratch
    cdef real* factor = <real*>(place + plan.rows)
    for depth in range(plan.axis[0].targets):
        for row in range(first_row, end_row):
            found = list_rows(plan, depth, row, place, factor)
            resample_row(x, place, factor, found, columns.start, columns.source,
                         <const real*>columns.factor, columns.targets, pack, <real>plan.nothing,
                         y + (depth * plan.axis[1].targets + row) * columns.targets * pack)


cdef void resample_rows(
        const Resampling* plan,
        const real* x,              # IN   (*sources, channels, LANES)
        real* y,                    # OUT  (*targets, channels, LANES): this part is overwritten
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef ptrdiff_t rows = plan.axis[1].targets
    resample_chunk(plan, x, y, part * rows // parts, (part + 1) * rows // parts, scratch)


cdef ptrdiff_t make_resample_plan(ResamplePlan* plan, dict settings, bint training,
                                  const real* which) except -1:
    """Fill a program's plan, whose arrays the caller keeps alive; returns a sample's products."""
    cdef tuple lines = settings["lines"], turned = settings["turned"]
    cdef ptrdiff_t channels = settings["channels"], work = channels
    cdef double nothing = settings["nothing"]
    cdef Line* line
    cdef int axis
    make_resampling(&plan.resampling, lines, channels, nothing, which)
    if training:
        make_resampling(&plan.turned, turned, channels, 0, which)
    for axis in range(3):
        line = &plan.resampling.axis[axis]
        work *= max(line.start[line.targets], line.targets)
    return work


cdef ptrdiff_t resample_plan_scratch(const ResamplePlan* plan, const real* which) noexcept nogil:
    return max(resample_scratch(&plan.resampling, which), resample_scratch(&plan.turned, which))


def resample(
        const real[:, ::1] x,           # IN   (chunks, *sources·channels·LANES)
        real[:, ::1] y,                 # OUT  (chunks, *targets·channels·LANES), overwritten
        tuple lines,                    #      three resampling.Line, of the same real
        double nothing,                 #      what a target without sources holds
        ptrdiff_t channels, int n_threads):
    cdef Resampling plan
    cdef ptrdiff_t chunks = x.shape[0], rows, blocks, size, task, block
    cdef real* scratch = NULL
    cdef int threads
    cdef unsigned long long mode
    if chunks == 0:
        return
    make_resampling(&plan, lines, channels, nothing, &x[0, 0])
    rows = plan.axis[1].targets
    threads = team(n_threads, chunks * rows, <double>chunks * (x.shape[1] + y.shape[1]))
    # fewer chunks than threads: rows of a chunk are shared out too
    blocks = 1 if chunks >= threads else min(<ptrdiff_t>threads, rows)
    size = resample_scratch(&plan, &x[0, 0])
    try:
        scratch = <real*>take(threads * size * sizeof(real))
        if scratch == NULL:
            raise MemoryError(f"no memory for {plan.rows} rows")
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for task in prange(chunks * blocks, schedule="static"):
                block = task % blocks
                resample_rows(&plan, &x[task // blocks, 0], &y[task // blocks, 0], block, blocks,
                              scratch + threadid() * size)
            leave_fast_mode(mode)
    finally:
        give(scratch)
