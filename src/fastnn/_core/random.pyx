"""Philox 4x32-10 (Salmon et al., SC 2011): random words from a counter and a key, in any order."""
from cython.parallel cimport parallel, prange
from libc.math cimport cos, log, sin, sqrt
from libc.stdint cimport uint32_t, uint64_t

from fastnn._core.threads cimport team

cdef double TWO_PI = 6.283185307179586476925286766559


cdef inline void philox(uint32_t* word, uint32_t key0, uint32_t key1) noexcept nogil:
    """Turn the four words of a counter into four random words."""
    cdef uint64_t first, second
    cdef int _round
    for _round in range(10):
        first = <uint64_t>0xD2511F53 * word[0]
        second = <uint64_t>0xCD9E8D57 * word[2]
        word[0] = <uint32_t>(second >> 32) ^ word[1] ^ key0
        word[1] = <uint32_t>second
        word[2] = <uint32_t>(first >> 32) ^ word[3] ^ key1
        word[3] = <uint32_t>first
        key0 += <uint32_t>0x9E3779B9
        key1 += <uint32_t>0xBB67AE85


cdef inline void block_words(uint64_t block, uint64_t seed, uint32_t stream, uint32_t counter,
                             uint32_t* word) noexcept nogil:
    """Words 4·block … 4·block + 3 of the sequence (seed, stream, counter)."""
    word[0] = <uint32_t>block
    word[1] = <uint32_t>(block >> 32)
    word[2] = stream
    word[3] = counter
    philox(word, <uint32_t>seed, <uint32_t>(seed >> 32))


cdef inline double to_double(uint32_t high, uint32_t low) noexcept nogil:
    return ((high >> 5) * 67108864.0 + (low >> 6)) * (1.0 / 9007199254740992.0)


cdef ptrdiff_t BLOCK = 4096             # numbers that a task makes
cdef double COST = 40                   # a number costs about as much as this many multiply-adds


cdef void fill_normal_part(double* out, ptrdiff_t first, ptrdiff_t end, uint64_t seed,
                           uint32_t stream, uint32_t counter) noexcept nogil:
    """Numbers first … end, `first` even. Box and Muller: one block of words makes two numbers."""
    cdef ptrdiff_t i
    cdef uint32_t word[4]
    cdef double radius, angle
    for i from first <= i < end by 2:
        block_words(i // 2, seed, stream, counter, word)
        radius = sqrt(-2.0 * log(1.0 - to_double(word[0], word[1])))
        angle = TWO_PI * to_double(word[2], word[3])
        out[i] = radius * cos(angle)
        if i + 1 < end:
            out[i + 1] = radius * sin(angle)


def fill_uint32(uint32_t[::1] out, uint64_t seed, uint32_t stream, uint32_t counter):
    cdef ptrdiff_t n = out.shape[0], block, i
    cdef uint32_t word[4]
    with nogil:
        for block in range((n + 3) // 4):
            block_words(block, seed, stream, counter, word)
            for i in range(min(<ptrdiff_t>4, n - 4 * block)):
                out[4 * block + i] = word[i]


def fill_uniform_f32(float[::1] out, uint64_t seed, uint32_t stream, uint32_t counter):
    cdef ptrdiff_t n = out.shape[0], block, i
    cdef uint32_t word[4]
    with nogil:
        for block in range((n + 3) // 4):
            block_words(block, seed, stream, counter, word)
            for i in range(min(<ptrdiff_t>4, n - 4 * block)):
                out[4 * block + i] = (word[i] >> 8) * <float>(1.0 / 16777216.0)


def fill_uniform_f64(double[::1] out, uint64_t seed, uint32_t stream, uint32_t counter):
    cdef ptrdiff_t n = out.shape[0], block, i
    cdef uint32_t word[4]
    with nogil:
        for block in range((n + 1) // 2):
            block_words(block, seed, stream, counter, word)
            for i in range(min(<ptrdiff_t>2, n - 2 * block)):
                out[2 * block + i] = to_double(word[2 * i], word[2 * i + 1])


def fill_normal(double[::1] out, uint64_t seed, uint32_t stream, uint32_t counter,
                int n_threads):
    cdef ptrdiff_t n = out.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, COST * n)
    with nogil, parallel(num_threads=threads):
        for block in prange(blocks, schedule="static"):
            fill_normal_part(&out[0], block * BLOCK, min((block + 1) * BLOCK, n), seed, stream,
                             counter)
