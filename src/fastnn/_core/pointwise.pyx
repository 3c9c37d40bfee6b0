"""Activations: element by element over flat arrays of any length, and softmax over channels."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, leave_fast_mode, real, softmax_backward as softmax_backward_run,
    softmax_forward as softmax_forward_run, table)
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 4096             # elements that one task passes through
cdef double COST = 8                    # an element costs about as much as this many multiply-adds

FUNCTIONS = {"relu": RELU, "sigmoid": SIGMOID, "tanh": TANH, "sign": SIGN}


cdef void pointwise_forward_chunk(Function function, ptrdiff_t n, const real* x,
                                  real* y) noexcept nogil:
    """y = h(x) for n elements; y may be x."""
    if real is float:
        if function == RELU:
            table.f32.relu_forward(n, x, y)
        elif function == SIGMOID:
            table.f32.sigmoid_forward(n, x, y)
        elif function == TANH:
            table.f32.tanh_forward(n, x, y)
        else:
            table.f32.sign_forward(n, x, y)
    else:
        if function == RELU:
            table.f64.relu_forward(n, x, y)
        elif function == SIGMOID:
            table.f64.sigmoid_forward(n, x, y)
        elif function == TANH:
            table.f64.tanh_forward(n, x, y)
        else:
            table.f64.sign_forward(n, x, y)


cdef void pointwise_backward_chunk(Function function, ptrdiff_t n, const real* dy, const real* y,
                                   real* dx) noexcept nogil:
    """dx = dy · h'(x), from the output y; dx may be dy."""
    cdef ptrdiff_t i
    if function == SIGN:
        for i in range(n):
            dx[i] = 0
    elif real is float:
        if function == RELU:
            table.f32.relu_backward(n, dy, y, dx)
        elif function == SIGMOID:
            table.f32.sigmoid_backward(n, dy, y, dx)
        else:
            table.f32.tanh_backward(n, dy, y, dx)
    else:
        if function == RELU:
            table.f64.relu_backward(n, dy, y, dx)
        elif function == SIGMOID:
            table.f64.sigmoid_backward(n, dy, y, dx)
        else:
            table.f64.tanh_backward(n, dy, y, dx)


def pointwise_forward(
        Function function,
        const real[::1] x,              # IN   (n,)
        real[::1] y,                    # OUT  (n,), overwritten
        int n_threads):
    cdef ptrdiff_t n = x.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            pointwise_forward_chunk(function, min(BLOCK, n - block * BLOCK), &x[block * BLOCK],
                                    &y[block * BLOCK])
        leave_fast_mode(mode)


def pointwise_backward(
        Function function,
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
            pointwise_backward_chunk(function, min(BLOCK, n - block * BLOCK), &dy[block * BLOCK],
                                     &y[block * BLOCK], &dx[block * BLOCK])
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
