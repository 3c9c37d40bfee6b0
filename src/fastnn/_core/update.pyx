"""Optimizer updates of the flat parameter vector, in blocks of fixed size."""
from cython.parallel cimport parallel, prange
from libc.stdint cimport int64_t

from fastnn._core.kernels cimport (
    UPDATE_STATES, enter_fast_mode, fastnn_update, leave_fast_mode, real, update_step)
from fastnn._core.rule cimport Rule, find_step, make_rule
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 8192
cdef double COST = 32                   # memory is what a parameter costs


cdef void update_block(const Rule* rule, const fastnn_update* how, ptrdiff_t first, ptrdiff_t n,
                       real* parameters, const real* gradients, real** vectors) noexcept nogil:
    cdef real* state[UPDATE_STATES]
    cdef int i
    for i in range(UPDATE_STATES):
        state[i] = vectors[i] + first if vectors[i] != NULL else NULL
    update_step(rule.kernel, n, parameters + first, gradients + first, state, how)


def update(
        str name,
        real[::1] parameters,           # IN/OUT (n,)
        const real[::1] gradients,      # IN     (n,)
        real[::1] first,                # IN/OUT (n,) what the rule keeps, or None; see table.inc.h
        real[::1] second,
        real[::1] third,
        dict figures, int64_t step, int n_threads):
    """A step of the rule `name`, with its figures as an optimizer's `rule` returns them."""
    cdef ptrdiff_t n = parameters.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    cdef Rule rule
    cdef fastnn_update how
    cdef real* vectors[UPDATE_STATES]
    if n == 0:
        return
    vectors[0] = NULL if first is None else &first[0]
    vectors[1] = NULL if second is None else &second[0]
    vectors[2] = NULL if third is None else &third[0]
    make_rule(&rule, name, figures)
    find_step(&rule, figures["learning_rate"], step, True, &how)
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            update_block(&rule, &how, block * BLOCK, min(BLOCK, n - block * BLOCK),
                         &parameters[0], &gradients[0], vectors)
        leave_fast_mode(mode)
