"""Whether an array holds numbers alone: neither NaN nor infinity.

A stretch's Σ|x| is finite if all its numbers are; only where it is not, they are looked at one by
one, as sums of large numbers overflow too.
"""
from cython.parallel cimport prange

from fastnn._core.kernels cimport absolute_sum, real
from fastnn._core.penalty cimport TERM, terms_of
from fastnn._core.threads cimport team

cdef double COST = 2                    # a number costs about as much as so many multiply-adds


cdef bint finite_term(ptrdiff_t n, const real* x) noexcept nogil:
    """Of n ≤ TERM numbers."""
    cdef double total = absolute_sum(n, x)
    cdef ptrdiff_t i
    if total - total == 0:
        return True
    for i in range(n):
        if x[i] - x[i] != 0:
            return False
    return True


def all_finite(
        const real[::1] x,              # IN   (n,)
        int n_threads):
    cdef ptrdiff_t n = x.shape[0], terms = terms_of(n), term, unsound = 0
    cdef int threads = team(n_threads, terms, COST * n)
    for term in prange(terms, num_threads=threads, schedule="static", nogil=True):
        unsound += not finite_term(min(<ptrdiff_t>TERM, n - term * TERM), &x[term * TERM])
    return unsound == 0
