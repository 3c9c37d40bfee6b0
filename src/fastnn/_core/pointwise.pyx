"""Activations: element by element over flat arrays of any length, and softmax over channels."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    LANES, POINTWISE_RELU, POINTWISE_SIGMOID, POINTWISE_SIGN, POINTWISE_TANH, enter_fast_mode,
    leave_fast_mode, pointwise_backward as pointwise_backward_run,
    pointwise_forward as pointwise_forward_run, real, softmax_backward as softmax_backward_run,
    softmax_forward as softmax_forward_run)
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 4096             # elements that one task passes through
cdef double COST = 8                    # an element costs about as much as this many multiply-adds

# where each function stands in the kernel table
FUNCTIONS = {"relu": POINTWISE_RELU, "sigmoid": POINTWISE_SIGMOID, "tanh": POINTWISE_TANH,
             "sign": POINTWISE_SIGN}


cdef void pointwise_forward_chunk(int function, double parameter, ptrdiff_t n, const real* x,
                                  real* y) noexcept nogil:
    """y = h(x) for n elements; y may be x. `parameter` is the function's, if it has one."""
    cdef real own = <real>parameter
    pointwise_forward_run(function, n, x, &own, y)


cdef void pointwise_backward_chunk(int function, double parameter, ptrdiff_t n, const real* dy,
                                   const real* y, real* dx) noexcept nogil:
    """dx = dy · h'(x), from the output y; dx may be dy."""
    cdef real own = <real>parameter
    pointwise_backward_run(function, n, dy, y, &own, dx)


def pointwise_forward(
        int function,                   #      one of FUNCTIONS
        double parameter,               #      its own, if it has one
        const real[::1] x,              # IN   (n,)
        real[::1] y,                    # OUT  (n,), overwritten
        int n_threads):
    cdef ptrdiff_t n = x.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            pointwise_forward_chunk(function, parameter, min(BLOCK, n - block * BLOCK),
                                    &x[block * BLOCK], &y[block * BLOCK])
        leave_fast_mode(mode)


def pointwise_backward(
        int function,                   #      one of FUNCTIONS
        double parameter,               #      its own, if it has one
        const real[::1] dy,             # IN   (n,)
        const real[::1] y,              # IN   (n,)
        real[::1] dx,                   # OUT  (n,), overwritten
        int n_threads):
    cdef ptrdiff_t n = dy.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            pointwise_backward_chunk(function, parameter, min(BLOCK, n - block * BLOCK),
                                     &dy[block * BLOCK], &y[block * BLOCK], &dx[block * BLOCK])
        leave_fast_mode(mode)


cdef void softmax_forward_chunk(ptrdiff_t positions, ptrdiff_t channels, const real* x,
                                real* y) noexcept nogil:
    cdef real maximum[16]
    cdef real total[16]
    cdef ptrdiff_t position
    for position in range(positions):
        softmax_forward_run(channels, x + position * channels * LANES,
                            y + position * channels * LANES, maximum, total)


cdef void softmax_backward_chunk(ptrdiff_t positions, ptrdiff_t channels, const real* dy,
                                 const real* y, real* dx) noexcept nogil:
    cdef ptrdiff_t position, start
    for position in range(positions):
        start = position * channels * LANES
        softmax_backward_run(channels, dy + start, y + start, dx + start)


def softmax_forward(
        const real[:, ::1] x,           # IN   (chunks, positions·channels·LANES)
        real[:, ::1] y,                 # OUT  like x, overwritten
        ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = x.shape[0], positions = x.shape[1] // (channels * LANES), chunk
    cdef int threads = team(n_threads, chunks, 2 * COST * chunks * x.shape[1])
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            softmax_forward_chunk(positions, channels, &x[chunk, 0], &y[chunk, 0])
        leave_fast_mode(mode)


def softmax_backward(
        const real[:, ::1] dy,          # IN   (chunks, positions·channels·LANES)
        const real[:, ::1] y,           # IN   like dy
        real[:, ::1] dx,                # OUT  like dy, overwritten
        ptrdiff_t channels, int n_threads):
    cdef ptrdiff_t chunks = dy.shape[0], positions = dy.shape[1] // (channels * LANES), chunk
    cdef int threads = team(n_threads, chunks, COST * chunks * dy.shape[1])
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            softmax_backward_chunk(positions, channels, &dy[chunk, 0], &y[chunk, 0], &dx[chunk, 0])
        leave_fast_mode(mode)
