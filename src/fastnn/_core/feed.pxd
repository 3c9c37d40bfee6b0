"""Samples, labels and weights on their way from the user's arrays into a program's chunks."""
from libc.stdint cimport int64_t

from fastnn._core.augment cimport Augment
from fastnn._core.kernels cimport real

# What a sample is stored as.
cdef enum Source:
    FLOAT32, FLOAT64, UINT8

# One preprocessing layer: y = scale · x + offset, or y = (x − mean) / spread by feature.
cdef struct Affine:
    bint standardize
    double scale, offset
    const double* mean          # (features,), repeated
    const double* spread
    ptrdiff_t features

# One of the network's inputs.
cdef struct Feed:
    Source source
    const void* x               # (N, features)
    ptrdiff_t features
    const int64_t* order        # which sample is the nth, or NULL: the nth
    const Augment* augment      # what its images go through first, or NULL
    const Affine* affine        # what x goes through
    ptrdiff_t n_affine

# What one of its outputs is compared with.
cdef struct Target:
    const int64_t* labels       # (N, positions), or NULL
    const void* rows            # (N, outputs) of the program's real type, or NULL
    const int64_t* order
    ptrdiff_t outputs, positions

cdef void feed_rows(const Feed* feed, ptrdiff_t first, ptrdiff_t samples, real* scratch,
                    const real** rows) noexcept nogil
cdef const real* feed_row(const Feed* feed, ptrdiff_t n, real* wide, real* row) noexcept nogil
cdef void feed_target(const Target* target, ptrdiff_t first, ptrdiff_t samples,
                      real* packs) noexcept nogil
cdef void feed_labels(const Target* target, ptrdiff_t first, ptrdiff_t samples,
                      int64_t* labels) noexcept nogil
cdef void feed_weights(const real* weight, const int64_t* order, ptrdiff_t first,
                       ptrdiff_t samples, double* weights) noexcept nogil
cdef void affine_forward_chunk(const Affine* affine, ptrdiff_t n, const real* x,
                               real* y) noexcept nogil
cdef void affine_backward_chunk(const Affine* affine, ptrdiff_t n, const real* dy,
                                real* dx) noexcept nogil


cdef inline ptrdiff_t feed_scratch(ptrdiff_t features) noexcept nogil:
    """Elements of either real type that `feed_rows` needs, at most."""
    return 16 * features + 2 * features


cdef inline ptrdiff_t sample_at(const int64_t* order, ptrdiff_t n) noexcept nogil:
    return order[n] if order != NULL else n
