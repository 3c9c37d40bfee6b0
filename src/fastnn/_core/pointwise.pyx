"""Activations, element by element over flat arrays of any length."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    POINTWISE_ELU, POINTWISE_GELU, POINTWISE_GELU_TANH, POINTWISE_HARD_SIGMOID,
    POINTWISE_HARD_SWISH, POINTWISE_LEAKY_RELU, POINTWISE_MISH, POINTWISE_RELU, POINTWISE_RELU6,
    POINTWISE_SELU, POINTWISE_SIGMOID, POINTWISE_SIGN, POINTWISE_SILU, POINTWISE_SOFTPLUS,
    POINTWISE_SOFTSIGN, POINTWISE_TANH, enter_fast_mode, leave_fast_mode,
    pointwise_backward as pointwise_backward_run, pointwise_forward as pointwise_forward_run, real)
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 4096             # elements that one task passes through
cdef double COST = 8                    # an element costs about as much as this many multiply-adds

# where each function stands in the kernel table
FUNCTIONS = {
    "relu": POINTWISE_RELU, "sigmoid": POINTWISE_SIGMOID, "tanh": POINTWISE_TANH,
    "sign": POINTWISE_SIGN, "leaky_relu": POINTWISE_LEAKY_RELU, "relu6": POINTWISE_RELU6,
    "hard_sigmoid": POINTWISE_HARD_SIGMOID, "hard_swish": POINTWISE_HARD_SWISH,
    "elu": POINTWISE_ELU, "selu": POINTWISE_SELU, "softplus": POINTWISE_SOFTPLUS,
    "softsign": POINTWISE_SOFTSIGN, "gelu": POINTWISE_GELU, "gelu_tanh": POINTWISE_GELU_TANH,
    "silu": POINTWISE_SILU, "mish": POINTWISE_MISH}

# Those whose slope y does not tell, or not to the last digits: their way back starts from x.
FROM_INPUT = frozenset({"hard_swish", "elu", "selu", "softsign", "gelu", "gelu_tanh", "silu",
                        "mish"})


cdef void pointwise_forward_chunk(int function, double parameter, ptrdiff_t n, const real* x,
                                  real* y) noexcept nogil:
    """y = h(x) for n elements; y may be x. `parameter` is the function's, if it has one."""
    cdef real own = <real>parameter
    pointwise_forward_run(function, n, x, &own, y)


cdef void pointwise_backward_chunk(int function, double parameter, ptrdiff_t n, const real* dy,
                                   const real* kept, real* dx) noexcept nogil:
    """dx = dy · h'(x), from what is kept: x if it is in FROM_INPUT, else y; dx may be dy."""
    cdef real own = <real>parameter
    pointwise_backward_run(function, n, dy, kept, &own, dx)


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
        const real[::1] kept,           # IN   (n,), x of the functions in FROM_INPUT, else y
        real[::1] dx,                   # OUT  (n,), overwritten
        int n_threads):
    cdef ptrdiff_t n = dy.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            pointwise_backward_chunk(function, parameter, min(BLOCK, n - block * BLOCK),
                                     &dy[block * BLOCK], &kept[block * BLOCK], &dx[block * BLOCK])
        leave_fast_mode(mode)
