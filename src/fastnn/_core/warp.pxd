"""An image seen through an affine map."""
from fastnn._core.kernels cimport real

# Where pixel (i, j) of y lies in x, all counted from the middle of the image.
cdef struct Map:
    double a, b, row            # row a·i + b·j + row
    double c, d, column         # column c·i + d·j + column

# What all images of an array have in common.
cdef struct Frame:
    ptrdiff_t height, width, channels
    bint fills                  # beyond the borders it is `fill`, else the nearest pixel's colour
    double fill

cdef Map unchanged() noexcept nogil
cdef Map through(const Map* first, const Map* then) noexcept nogil
cdef void cos_sin(double degrees, double* cosine, double* sine) noexcept nogil
cdef void warp_image(const Frame* frame, const Map* to_x, const real* x, real* y) noexcept nogil
