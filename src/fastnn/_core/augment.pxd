"""Random changes of images, one by one."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastnn._core.kernels cimport real
from fastnn._core.warp cimport Frame

# In this order they are grouped: maps, colours, holes.
cdef enum Kind:
    ROTATE, SHEAR, ZOOM, STRETCH, TRANSLATE, FLIP, CROP
    BRIGHTNESS, CONTRAST, NOISE
    CUT_OUT

# One change; what a, b, c mean stands at AugmentPlan.
cdef struct Change:
    Kind kind
    double probability, a, b, c

# All that happens to an array's images in an epoch.
cdef struct Augment:
    Frame frame
    Change* change
    int n
    bint limited                # whether numbers stay between low and high
    double low, high
    uint64_t seed
    uint32_t epoch
    const int64_t* key          # (N,) whose random numbers each sample has, or NULL: its own
    # MixUp, which reads two images: of each sample the other one, and its own share; or NULL
    const int64_t* partner      # (N,)
    const double* share         # (N,)

cdef class AugmentPlan:
    cdef Augment plan
    cdef object mixture         # the arrays of MixUp
    cdef object keys

cdef void augment_image(const Augment* plan, ptrdiff_t sample, const real* x,
                        real* y) noexcept nogil
cdef void mix_row(ptrdiff_t n, double share, const real* other, real* x) noexcept nogil
