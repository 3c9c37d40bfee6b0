from libc.stdint cimport uint32_t

from fastnn._core.kernels cimport fastnn_sequence, real

# Noise of one layer in one step. A channel is what has a random number of its own.
cdef struct Noise:
    ptrdiff_t positions, channels   # of a sample; 1 where every element is a channel
    double rate                     # DROPOUT: what share is dropped
    double scale                    # what the others are multiplied by; else a standard deviation
    bint multiplies                 # normal numbers: a factor 1 + scale · z, not a term scale · z
    fastnn_sequence origin          # row: of the batch's first sample

cdef ptrdiff_t bits_size(const Noise* plan) noexcept nogil
cdef void draw_bits(const Noise* plan, ptrdiff_t chunk, ptrdiff_t samples, ptrdiff_t first,
                    ptrdiff_t end, uint32_t* bits) noexcept nogil
cdef void dropout_chunk(const Noise* plan, const uint32_t* bits, ptrdiff_t first, ptrdiff_t end,
                        const real* x, real* y) noexcept nogil
cdef void normal_chunk(const Noise* plan, ptrdiff_t chunk, ptrdiff_t samples, ptrdiff_t first,
                       ptrdiff_t end, const real* x, real* y) noexcept nogil
