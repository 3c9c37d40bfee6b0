"""Optimizer updates of the flat parameter vector, in blocks of fixed size."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    adam_update as adam_update_run, enter_fast_mode, leave_fast_mode, real,
    sgd_update as sgd_update_run)
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 8192
cdef double COST = 32                   # memory is what a parameter costs


def sgd_update(
        real[::1] parameters,           # IN/OUT (n,)
        const real[::1] gradients,      # IN     (n,)
        real[::1] velocity,             # IN/OUT (n,) or None
        real rate, real momentum, bint nesterov, int n_threads):
    cdef ptrdiff_t n = parameters.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef real* velocities = NULL if velocity is None or n == 0 else &velocity[0]
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            sgd_update_run(min(BLOCK, n - block * BLOCK), &parameters[block * BLOCK],
                           &gradients[block * BLOCK],
                           velocities + block * BLOCK if velocities != NULL else NULL,
                           rate, momentum, nesterov)
        leave_fast_mode(mode)


def adam_update(
        real[::1] parameters,           # IN/OUT (n,)
        const real[::1] gradients,      # IN     (n,)
        real[::1] first_moment,         # IN/OUT (n,)
        real[::1] second_moment,        # IN/OUT (n,)
        real rate, real beta1, real rest1, real beta2, real rest2, real root_scale, real epsilon,
        int n_threads):
    cdef ptrdiff_t n = parameters.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            adam_update_run(min(BLOCK, n - block * BLOCK), &parameters[block * BLOCK],
                            &gradients[block * BLOCK], &first_moment[block * BLOCK],
                            &second_moment[block * BLOCK], rate, beta1, rest1, beta2, rest2,
                            root_scale, epsilon)
        leave_fast_mode(mode)
