"""Merges: several arrays become one, element by element or side by side.

    x[0]  x[1]  x[2]                         dx[0] dx[1] dx[2]
       \\    |    /     merge, number by number    \\    |    /
            y                                         dy

Numbers are flat: which axis is which, and whether they lie in packs, matters to a concatenation
only, and to it only as sizes. Of x = (outer, inner) each row goes to its place in a row of y =
(outer, whole), from `start` on; the lanes of packs count among the inner numbers.
"""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    copy_rows, enter_fast_mode, leave_fast_mode, merge_backward as merge_backward_run,
    merge_forward as merge_forward_run, real)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 4096             # elements of each array that one task passes through
cdef double COST = 4                    # moving a number costs about as many multiply-adds

FUNCTIONS = {
    "add": ADD, "subtract": SUBTRACT, "multiply": MULTIPLY, "average": AVERAGE,
    "maximum": MAXIMUM, "minimum": MINIMUM}

# Those whose way back reads the inputs; of the others it needs to know only how many there are.
FROM_INPUTS = frozenset({"multiply", "maximum", "minimum"})


cdef void merge_forward_chunk(
        int function,               #      one of Merging
        int n_inputs, ptrdiff_t first, ptrdiff_t end,
        const real*const* x,        # IN   (n_inputs,) arrays, of which elements first … end − 1
        real* y) noexcept nogil:            # OUT  the same elements; may be any of x
    merge_forward_run(function, n_inputs, first, end, x, y)


cdef void merge_backward_chunk(
        int function, int n_inputs,
        int index,                  #      of the input whose gradient this is
        ptrdiff_t first, ptrdiff_t end,
        const real*const* x,        # IN   as in forward; NULL for functions not in FROM_INPUTS
        const real* dy,             # IN   elements first … end − 1
        real* dx) noexcept nogil:           # OUT  the same elements; may be dy
    merge_backward_run(function, n_inputs, index, first, end, x, dy, dx)


cdef void concatenate_part_chunk(
        ptrdiff_t outer,
        ptrdiff_t inner,            #      numbers of one row of the part
        ptrdiff_t whole,            #      and of the whole
        ptrdiff_t start,            #      where in the whole's row the part's begins
        const real* x,              # IN   (outer, inner)
        real* y) noexcept nogil:            # OUT  (outer, whole), of which the part is overwritten
    copy_rows(x, inner, outer, inner, y + start, whole)


cdef void concatenate_part_backward_chunk(
        ptrdiff_t outer, ptrdiff_t inner, ptrdiff_t whole, ptrdiff_t start,
        const real* dy,             # IN   (outer, whole)
        real* dx) noexcept nogil:           # OUT  (outer, inner), overwritten
    # forward: y[start + i] = x[i]
    copy_rows(dy + start, whole, outer, inner, dx, inner)


cdef void** places(ptrdiff_t count) except NULL:
    """Room for so many pointers, at least one, all NULL."""
    cdef void** found = <void**>take((count + 1) * sizeof(void*))
    cdef ptrdiff_t k
    if found == NULL:
        raise MemoryError(f"no memory for {count} pointers")
    for k in range(count):
        found[k] = NULL
    return found


def merge_forward(
        int function,                   #      one of FUNCTIONS
        list xs,                        # IN   of arrays (n,) of the type of y, at least one
        real[::1] y,                    # OUT  (n,), overwritten
        int n_threads):
    cdef ptrdiff_t n = y.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int n_inputs = len(xs), k
    cdef int threads = team(n_threads, blocks, COST * (n_inputs + 1) * n)
    cdef unsigned long long mode
    cdef const real[::1] array
    cdef const real** x = <const real**>places(n_inputs)
    try:
        for k in range(n_inputs):
            array = xs[k]
            x[k] = &array[0]
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for block in prange(blocks, schedule="static"):
                merge_forward_chunk(function, n_inputs, block * BLOCK,
                                    min(n, (block + 1) * BLOCK), x, &y[0])
            leave_fast_mode(mode)
    finally:
        give(x)


def merge_backward(
        int function,                   #      one of FUNCTIONS
        list xs,                        # IN   as in forward; empty for those not in FROM_INPUTS
        const real[::1] dy,             # IN   (n,)
        list dxs,                       # OUT  an array (n,) for each input, overwritten, or None
        int n_threads):
    cdef ptrdiff_t n = dy.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int n_inputs = len(dxs), k
    cdef int threads = team(n_threads, blocks, COST * (n_inputs + 1) * n)
    cdef unsigned long long mode
    cdef const real[::1] array
    cdef real[::1] gradient
    cdef const real** x = NULL
    cdef real** dx = NULL
    try:
        x, dx = <const real**>places(n_inputs), <real**>places(n_inputs)
        for k in range(len(xs)):
            array = xs[k]
            x[k] = &array[0]
        for k in range(n_inputs):
            if dxs[k] is not None:
                gradient = dxs[k]
                dx[k] = &gradient[0]
        with nogil, parallel(num_threads=threads):
            mode = enter_fast_mode()
            for block in prange(blocks, schedule="static"):
                for k in range(n_inputs):
                    if dx[k] != NULL:
                        merge_backward_chunk(function, n_inputs, k, block * BLOCK,
                                             min(n, (block + 1) * BLOCK), x, &dy[0], dx[k])
            leave_fast_mode(mode)
    finally:
        give(x)
        give(dx)


def concatenate_part(
        const real[:, ::1] x,           # IN   (outer, inner)
        real[:, ::1] y,                 # OUT  (outer, whole), of which this part is overwritten
        ptrdiff_t start,                #      where in a row of y it begins
        int n_threads):
    cdef ptrdiff_t outer = x.shape[0], inner = x.shape[1], whole = y.shape[1]
    cdef ptrdiff_t rows = max(<ptrdiff_t>1, BLOCK // max(<ptrdiff_t>1, inner))
    cdef ptrdiff_t blocks = (outer + rows - 1) // rows, block
    cdef int threads = team(n_threads, blocks, 2 * COST * outer * inner)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            concatenate_part_chunk(min(rows, outer - block * rows), inner, whole, start,
                                   &x[block * rows, 0], &y[block * rows, 0])
        leave_fast_mode(mode)


def concatenate_part_backward(
        const real[:, ::1] dy,          # IN   (outer, whole)
        ptrdiff_t start,                #      where in a row of dy this part begins
        real[:, ::1] dx,                # OUT  (outer, inner), overwritten
        int n_threads):
    cdef ptrdiff_t outer = dx.shape[0], inner = dx.shape[1], whole = dy.shape[1]
    cdef ptrdiff_t rows = max(<ptrdiff_t>1, BLOCK // max(<ptrdiff_t>1, inner))
    cdef ptrdiff_t blocks = (outer + rows - 1) // rows, block
    cdef int threads = team(n_threads, blocks, 2 * COST * outer * inner)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            concatenate_part_backward_chunk(min(rows, outer - block * rows), inner, whole, start,
                                            &dy[block * rows, 0], &dx[block * rows, 0])
        leave_fast_mode(mode)
