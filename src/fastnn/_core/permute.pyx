"""Permutation of a sample's axes: whole packs change places."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport LANES, copy_panel, enter_fast_mode, leave_fast_mode, real
from fastnn._core.threads cimport team

AXES = MOST_AXES


cdef Permutation make_permutation(tuple order) except *:
    """From resampling.permutation: sizes and steps of the output's axes, and width, in packs."""
    cdef Permutation plan
    cdef ptrdiff_t width
    cdef int axis
    sizes, steps, width = order
    plan.axes = len(sizes)
    plan.width = width * LANES
    plan.rows = 1
    for axis in range(plan.axes):
        plan.size[axis] = sizes[axis]
        plan.step[axis] = steps[axis] * LANES
        if axis < plan.axes - 1:
            plan.rows *= plan.size[axis]
    return plan


cdef void permute_rows(
        const Permutation* plan,
        const real* x,              # IN   a sample's axes as they were, LANES
        real* y,                    # OUT  a sample's axes permuted, LANES: this part overwritten
        ptrdiff_t part, ptrdiff_t parts) noexcept nogil:
    cdef int last = plan.axes - 1, axis
    cdef ptrdiff_t row, rest, place
    for row in range(part * plan.rows // parts, (part + 1) * plan.rows // parts):
        rest = row
        place = 0
        for axis in range(last - 1, -1, -1):
            place += rest % plan.size[axis] * plan.step[axis]
            rest //= plan.size[axis]
        copy_panel(x + place, plan.step[last], plan.size[last], plan.width,
                   y + row * plan.size[last] * plan.width)


def permute(
        const real[:, ::1] x,           # IN   (chunks, features·LANES)
        real[:, ::1] y,                 # OUT  like x, overwritten
        tuple order,                    #      from resampling.permutation
        int n_threads):
    cdef Permutation plan = make_permutation(order)
    cdef ptrdiff_t chunks = x.shape[0], blocks, task
    cdef int threads = team(n_threads, chunks * plan.rows, <double>chunks * x.shape[1])
    cdef unsigned long long mode
    # fewer chunks than threads: rows of a chunk are shared out too
    blocks = 1 if chunks >= threads else min(<ptrdiff_t>threads, plan.rows)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for task in prange(chunks * blocks, schedule="static"):
            permute_rows(&plan, &x[task // blocks, 0], &y[task // blocks, 0], task % blocks,
                         blocks)
        leave_fast_mode(mode)
