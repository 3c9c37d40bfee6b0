"""What may happen to gradients before an update: bounds, one bound for their norm, noise.

A norm's squares are summed in double precision, in the order of penalty.pyx: by terms of 2,048
numbers of the flat vector. Noise is a function of seed, step and place in that vector (random.pyx).
"""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    add_scaled, clamp, enter_fast_mode, fastnn_sequence, leave_fast_mode, random_normal, scale,
    square_sum)
from fastnn._core.loss cimport chained_sum
from fastnn._core.memory cimport give, take
from fastnn._core.penalty cimport TERM, terms_of
from fastnn._core.threads cimport team

cdef enum:
    DRAWN = 512                         # normal numbers at once

cdef ptrdiff_t BLOCK = 8192
cdef double COST = 8                    # of a number, in multiply-adds
cdef double NORMAL_COST = 120           # of a normal number
cdef uint32_t STREAM = 0xFFFFFFFF       # of random numbers; random.pyx lists the others


cdef void add_noise_run(
        double spread, uint64_t seed, uint32_t step, ptrdiff_t first, ptrdiff_t n,
        real* gradients) noexcept nogil:        # IN/OUT (n,): numbers first … of the flat vector
    cdef fastnn_sequence origin
    cdef real drawn[DRAWN]
    cdef ptrdiff_t start, count
    origin.seed, origin.stream, origin.counter, origin.row = seed, STREAM, step, 0
    for start from 0 <= start < n by DRAWN:
        count = min(<ptrdiff_t>DRAWN, n - start)
        random_normal(&origin, first + start, count, drawn)
        add_scaled(count, <real>spread, drawn, gradients + start)


def add_noise(
        real[::1] gradients,            # IN/OUT (n,)
        double spread, uint64_t seed, uint32_t step, int n_threads):
    cdef ptrdiff_t n = gradients.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, NORMAL_COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            add_noise_run(spread, seed, step, block * BLOCK, min(BLOCK, n - block * BLOCK),
                          &gradients[block * BLOCK])
        leave_fast_mode(mode)


def clip_by_value(
        real[::1] x,                    # IN/OUT (n,)
        real limit, int n_threads):
    cdef ptrdiff_t n = x.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            clamp(min(BLOCK, n - block * BLOCK), -limit, limit, &x[block * BLOCK])
        leave_fast_mode(mode)


cdef void make_square_terms(const real* x, ptrdiff_t n, double* squares, int threads) noexcept:
    cdef ptrdiff_t terms = terms_of(n), term
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for term in prange(terms, schedule="static"):
            squares[term] = square_sum(min(<ptrdiff_t>TERM, n - term * TERM), x + term * TERM)
        leave_fast_mode(mode)


cdef void scale_all(real factor, real* x, ptrdiff_t n, int threads) noexcept:
    cdef ptrdiff_t blocks = (n + BLOCK - 1) // BLOCK, block
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for block in prange(blocks, schedule="static"):
            scale(min(BLOCK, n - block * BLOCK), factor, x + block * BLOCK)
        leave_fast_mode(mode)


def clip_by_norm(
        real[::1] x,                    # IN/OUT (n,)
        double limit, int n_threads):
    cdef ptrdiff_t n = x.shape[0], terms = terms_of(n)
    cdef int threads = team(n_threads, terms, COST * n)
    cdef double* squares = <double*>take(terms * sizeof(double))
    if squares == NULL:
        raise MemoryError(f"no memory for {terms} sums")
    if n:
        make_square_terms(&x[0], n, squares, threads)
        scale_all(<real>norm_factor(chained_sum(squares, terms), limit), &x[0], n, threads)
    give(squares)
