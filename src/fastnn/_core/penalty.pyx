"""Penalties on weights: the elastic net `l1 Σ|w| + l2 Σ w²`, its gradient `l1 sign(w) + 2 l2 w`.

Sums are in double precision: a term for each 2,048 weights of an array (16 lanes of a chain each,
`absolute_sum` and `square_sum` in csrc), and the terms in chains. Who makes which term shows in no
bit.
"""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    absolute_sum, enter_fast_mode, leave_fast_mode, penalty_gradient, square_sum)
from fastnn._core.loss cimport chained_sum
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team

cdef double COST = 8                    # a weight costs about as much as so many multiply-adds


cdef double penalty_term(const Penalty* penalty, ptrdiff_t n, const real* weight) noexcept nogil:
    """Of n ≤ TERM weights; a sum whose factor is 0 is left out, be it infinite."""
    cdef double total = 0
    if penalty.l1 != 0:
        total += penalty.l1 * absolute_sum(n, weight)
    if penalty.l2 != 0:
        total += penalty.l2 * square_sum(n, weight)
    return total


cdef double squared_norm(ptrdiff_t n, const real* x) noexcept nogil:
    """Σ x² of any number of them: terms in chains, chains of those, and so on."""
    cdef double chain = 0, level = 0, total = 0
    cdef ptrdiff_t term, terms = terms_of(n)
    for term in range(terms):
        chain += square_sum(min(<ptrdiff_t>TERM, n - term * TERM), x + term * TERM)
        if term % CHAIN == CHAIN - 1:
            level += chain
            chain = 0
        if term % (CHAIN * CHAIN) == CHAIN * CHAIN - 1:
            total += level
            level = 0
    return total + (level + chain)


cdef void add_penalty_gradient(
        const Penalty* penalty, ptrdiff_t n,
        const real* weight,         # IN   (n,)
        real* gradient) noexcept nogil:     # IN/OUT (n,)
    penalty_gradient(n, weight, <real>penalty.l1, <real>(2 * penalty.l2), gradient)


def l1_l2_penalty(
        const real[::1] weight,         # IN   (n,)
        real[::1] gradient,             # IN/OUT (n,): the penalty's is added
        double l1, double l2, int n_threads):
    """Return the penalty."""
    cdef ptrdiff_t n = weight.shape[0], terms = terms_of(n), term, first
    cdef int threads = team(n_threads, terms, COST * n)
    cdef double* sums = <double*>take(terms * sizeof(double))
    cdef Penalty penalty = Penalty(l1, l2)
    cdef double total
    cdef unsigned long long mode
    if sums == NULL:
        raise MemoryError(f"no memory for {terms} sums")
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for term in prange(terms, schedule="static"):
            first = term * TERM
            sums[term] = penalty_term(&penalty, min(<ptrdiff_t>TERM, n - first), &weight[first])
            add_penalty_gradient(&penalty, min(<ptrdiff_t>TERM, n - first), &weight[first],
                                 &gradient[first])
        leave_fast_mode(mode)
    total = chained_sum(sums, terms)
    give(sums)
    return total
