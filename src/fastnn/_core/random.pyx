"""Random numbers from a counter, in any order: words, uniform and normal numbers, bits of dropout.

A number is a function of where it stands, never of what was drawn before. Philox 4x32-10 makes four
words of a 128-bit counter and a 64-bit key, and these hold

    key                 seed
    counter, word 0     element / 4: the block within a row, of up to 2^34 words
    counter, word 1     row in the batch
    counter, word 2     stream: who draws
    counter, word 3     counter: when

so that numbers of different (seed, stream, counter, row, element) come from different counters or
other words of one. Who draws is

    stream                  draws                                       counter     row
    2 layer + parameter     initial weights of a layer's parameter      0           0, and on
    2^31                    the order of an epoch                       epoch       0, and on
    2^31 + 1 + layer        a layer's noise while training              step        row in the batch
    2^31 + 2^30 + 1 + n     the nth change of images                    epoch       sample
    2^32 - 18               seeds of the networks of an ensemble        0           0, and on
    2^32 - 17               samples of a network of an ensemble         its number  0, and on
    2^32 - 16               which samples are for validation            0           0, and on
    2^32 - 3                the parts of a data set                     0           0, and on
    2^32 - 1                noise on gradients                          step        0, and on

for layers below 2^30 and the low 32 bits of epoch, step and sample. As to noise, a layer is its
place, of which a model may give it several, and a step is the number of updates made before. A
sample is its place in the user's array. An array that is no batch counts its elements from row 0;
from the 2^34th word on it takes those of the rows after. A uniform float32 number or a bit of
dropout uses one word, a float64 or a normal number two; a layer draws one kind. Rows are those of
the whole batch, not of a chunk, so that neither threads nor chunks show in noise; a repeated step
repeats it.
"""
from cython.parallel cimport parallel, prange
from libc.stdint cimport uint32_t, uint64_t

from fastnn._core.kernels cimport (
    fastnn_sequence, random_bits, random_normal, random_uniform, random_words, real, table)
from fastnn._core.threads cimport team

cdef ptrdiff_t BLOCK = 4096             # numbers that a task makes; bits of a row
cdef double WORD_COST = 40              # a word costs about as much as this many multiply-adds
cdef double NORMAL_COST = 120           # a normal number, with its words


cdef inline fastnn_sequence sequence(uint64_t seed, uint32_t stream, uint32_t counter,
                                     uint32_t row) noexcept nogil:
    cdef fastnn_sequence origin
    origin.seed, origin.stream, origin.counter, origin.row = seed, stream, counter, row
    return origin


def fill_uint32(
        uint32_t[::1] out,              # OUT  (n,): words first … first + n − 1 of the row
        uint64_t seed, uint32_t stream, uint32_t counter, uint32_t row, ptrdiff_t first,
        int n_threads):
    cdef fastnn_sequence origin = sequence(seed, stream, counter, row)
    cdef ptrdiff_t n = out.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, WORD_COST * n)
    with nogil, parallel(num_threads=threads):
        for block in prange(blocks, schedule="static"):
            random_words(&origin, first + block * BLOCK, min(BLOCK, n - block * BLOCK),
                         &out[block * BLOCK])


def fill_uniform(
        real[::1] out,                  # OUT  (n,): numbers first … first + n − 1 of the row
        uint64_t seed, uint32_t stream, uint32_t counter, uint32_t row, ptrdiff_t first,
        int n_threads):
    cdef fastnn_sequence origin = sequence(seed, stream, counter, row)
    cdef ptrdiff_t n = out.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, WORD_COST * n * sizeof(real) / 4)
    with nogil, parallel(num_threads=threads):
        for block in prange(blocks, schedule="static"):
            random_uniform(&origin, first + block * BLOCK, min(BLOCK, n - block * BLOCK),
                           &out[block * BLOCK])


def fill_normal(
        real[::1] out,                  # OUT  (n,): numbers first … first + n − 1 of the row
        uint64_t seed, uint32_t stream, uint32_t counter, uint32_t row, ptrdiff_t first,
        int n_threads):
    cdef fastnn_sequence origin = sequence(seed, stream, counter, row)
    cdef ptrdiff_t n = out.shape[0], blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, NORMAL_COST * n)
    with nogil, parallel(num_threads=threads):
        for block in prange(blocks, schedule="static"):
            random_normal(&origin, first + block * BLOCK, min(BLOCK, n - block * BLOCK),
                          &out[block * BLOCK])


def fill_bits(
        uint32_t[:, ::1] out,           # OUT  (n / 32 rounded up, LANES)
        uint64_t seed, uint32_t stream, uint32_t counter, uint32_t row, ptrdiff_t first,
        ptrdiff_t n, double rate, int n_threads):
    """Bits of dropout: whether the uniform numbers of rows row … row + 15 are at least `rate`."""
    cdef fastnn_sequence origin = sequence(seed, stream, counter, row)
    cdef ptrdiff_t blocks = (n + BLOCK - 1) // BLOCK, block
    cdef int threads = team(n_threads, blocks, WORD_COST * n * out.shape[1])
    with nogil, parallel(num_threads=threads):
        for block in prange(blocks, schedule="static"):
            random_bits(&origin, first + block * BLOCK, min(BLOCK, n - block * BLOCK), rate,
                        &out[block * BLOCK // 32, 0])


def box_muller(
        const uint32_t[::1] words,      # IN   (2 n,)
        double[::1] out):               # OUT  (n,), n a multiple of 16
    """The normal numbers that these words become, for tests."""
    if out.shape[0]:
        table.box_muller(out.shape[0], &words[0], &out[0])
