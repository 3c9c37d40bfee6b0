"""Images seen through affine maps, by bilinear sampling.

    y[i, j] = Σ over the four pixels around (row, column) of w · x, at the place in x of (i, j)

Places are computed in double precision, weights and sums in the images' own. This file is built
without the flags of an instruction set and calls no sine of a library, so that all give one result.
A map that moves whole pixels, as flips and crops do, copies them.
"""
from libc.math cimport floor
from libc.string cimport memcpy

# Polynomials in r², from the highest power: sin r = r + r³ Σ and cos r = 1 − r²/2 + r⁴ Σ for
# |r| ≤ π/4, within an ULP; those of csrc/random.h.
cdef double[6] SINE = [
    1.5896827993015262e-10, -2.505075865448853e-08, 2.755731369523507e-06,
    -1.9841269829816977e-04, 8.333333333322425e-03, -1.6666666666666632e-01]
cdef double[6] COSINE = [
    -1.1359669859521035e-11, 2.087572368425548e-09, -2.7557314355240306e-07,
    2.480158728949182e-05, -1.3888888888874138e-03, 4.16666666666666e-02]
cdef double RADIAN = 0.017453292519943295769        # π / 180


cdef double horner(const double* terms, double x) noexcept nogil:
    cdef double total = terms[0]
    cdef int i
    for i in range(1, 6):
        total = total * x + terms[i]
    return total


cdef void cos_sin(double degrees, double* cosine, double* sine) noexcept nogil:
    """Of an angle between −360° and 360°; exact at multiples of 90°."""
    cdef double quarters = floor(degrees / 90 + 0.5)
    cdef double r = (degrees - 90 * quarters) * RADIAN, square = r * r
    cdef double s = r + r * square * horner(SINE, square)
    cdef double c = 1 - square / 2 + square * square * horner(COSINE, square)
    cdef int quadrant = (<int>quarters + 8) % 4
    cosine[0] = s if quadrant % 2 else c
    sine[0] = c if quadrant % 2 else s
    if quadrant == 1 or quadrant == 2:
        cosine[0] = -cosine[0]
    if quadrant >= 2:
        sine[0] = -sine[0]


cdef Map unchanged() noexcept nogil:
    return Map(1, 0, 0, 0, 1, 0)


cdef Map through(const Map* first, const Map* then) noexcept nogil:
    """The map to x of an image that has been changed twice, from the maps of both changes."""
    return Map(
        first.a * then.a + first.b * then.c,
        first.a * then.b + first.b * then.d,
        first.a * then.row + first.b * then.column + first.row,
        first.c * then.a + first.d * then.c,
        first.c * then.b + first.d * then.d,
        first.c * then.row + first.d * then.column + first.column)


# --- whole pixels ---------------------------------------------------------------------------------

cdef inline bint whole(double place) noexcept nogil:
    return -1073741824 < place < 1073741824 and place == floor(place)


cdef inline double first_place(double step, double shift, ptrdiff_t size) noexcept nogil:
    """Where along an axis of x the first pixel of y is, if neighbours are a step apart."""
    cdef double middle = (size - 1) / 2.0
    return shift + middle - step * middle


cdef bint moves_pixels(const Frame* frame, const Map* to_x) noexcept nogil:
    return (to_x.b == 0 and to_x.c == 0 and (to_x.a == 1 or to_x.a == -1)
            and (to_x.d == 1 or to_x.d == -1)
            and whole(first_place(to_x.a, to_x.row, frame.height))
            and whole(first_place(to_x.d, to_x.column, frame.width)))


cdef void move_row(const Frame* frame, ptrdiff_t first, ptrdiff_t step, const real* row,
                   real* y) noexcept nogil:
    """A row of y from the pixels first, first + step … of one of x (NULL: there is none)."""
    cdef ptrdiff_t channels = frame.channels, j, c, column
    cdef const real* pixel
    for j in range(frame.width):
        column = first + step * j
        if frame.fills and (row == NULL or column < 0 or column >= frame.width):
            for c in range(channels):
                y[j * channels + c] = <real>frame.fill
            continue
        pixel = row + max(0, min(column, frame.width - 1)) * channels
        for c in range(channels):
            y[j * channels + c] = pixel[c]


cdef void move_pixels(const Frame* frame, const Map* to_x, const real* x, real* y) noexcept nogil:
    cdef ptrdiff_t line = frame.width * frame.channels, i, source
    cdef ptrdiff_t top = <ptrdiff_t>first_place(to_x.a, to_x.row, frame.height)
    cdef ptrdiff_t first = <ptrdiff_t>first_place(to_x.d, to_x.column, frame.width)
    cdef const real* row
    for i in range(frame.height):
        source = top + <ptrdiff_t>to_x.a * i
        row = x + max(0, min(source, frame.height - 1)) * line
        if frame.fills and (source < 0 or source >= frame.height):
            row = NULL
        if row != NULL and first == 0 and to_x.d == 1:
            memcpy(y + i * line, row, line * sizeof(real))
        else:
            move_row(frame, first, <ptrdiff_t>to_x.d, row, y + i * line)


# --- between pixels -------------------------------------------------------------------------------

cdef inline void blend(const real* pixel, ptrdiff_t right, ptrdiff_t down, ptrdiff_t channels,
                       real bottom, real end, real* y) noexcept nogil:
    """A pixel of y between four of x; bottom and end are the shares of the lower and the right."""
    cdef real top = 1 - bottom, start = 1 - end
    cdef real w0 = top * start, w1 = top * end, w2 = bottom * start, w3 = bottom * end
    cdef ptrdiff_t c
    for c in range(channels):
        y[c] = (w0 * pixel[c] + w1 * pixel[c + right] + w2 * pixel[c + down]
                + w3 * pixel[c + down + right])


cdef inline double within(double place, double low, double high) noexcept nogil:
    """A NaN becomes the lower end."""
    if not place > low:
        return low
    return place if place < high else high


cdef void blend_border(const Frame* frame, double row, double column, const real* x,
                       real* y) noexcept nogil:
    """A pixel of y for which some of the four pixels are not in x."""
    cdef ptrdiff_t height = frame.height, width = frame.width, channels = frame.channels
    cdef ptrdiff_t top, start, c
    cdef real bottom, end, upper, lower, left, right, outside
    cdef const real* pixel[4]
    row = within(row, -1 if frame.fills else 0, height if frame.fills else height - 1)
    column = within(column, -1 if frame.fills else 0, width if frame.fills else width - 1)
    top, start = <ptrdiff_t>floor(row), <ptrdiff_t>floor(column)
    bottom, end = <real>(row - top), <real>(column - start)
    upper = 1 - bottom if 0 <= top < height else 0
    lower = bottom if top + 1 < height else 0
    left = 1 - end if 0 <= start < width else 0
    right = end if start + 1 < width else 0
    outside = 1 - (upper + lower) * (left + right)
    pixel[0] = x + (max(0, min(top, height - 1)) * width
                    + max(0, min(start, width - 1))) * channels
    pixel[2] = x + (max(0, min(top + 1, height - 1)) * width
                    + max(0, min(start, width - 1))) * channels
    pixel[1] = pixel[0] + (channels if 0 <= start < width - 1 else 0)
    pixel[3] = pixel[2] + (channels if 0 <= start < width - 1 else 0)
    for c in range(channels):
        y[c] = (upper * left * pixel[0][c] + upper * right * pixel[1][c]
                + lower * left * pixel[2][c] + lower * right * pixel[3][c])
    if frame.fills:
        for c in range(channels):
            y[c] += outside * <real>frame.fill


cdef inline void blend_row(const Frame* frame, const Map* to_x, ptrdiff_t i, ptrdiff_t channels,
                           const real* x, real* y) noexcept nogil:
    cdef double middle = (frame.width - 1) / 2.0, from_middle = i - (frame.height - 1) / 2.0
    cdef double first_row = to_x.a * from_middle + (to_x.row + (frame.height - 1) / 2.0)
    cdef double first_column = to_x.c * from_middle + (to_x.column + middle)
    cdef double b = to_x.b, d = to_x.d, last_row = frame.height - 1, last_column = frame.width - 1
    cdef double row, column
    cdef ptrdiff_t line = frame.width * channels, width = frame.width, j, top, start
    for j in range(width):
        row = first_row + b * (j - middle)
        column = first_column + d * (j - middle)
        if 0 <= row < last_row and 0 <= column < last_column:
            top, start = <ptrdiff_t>row, <ptrdiff_t>column
            blend(x + top * line + start * channels, channels, line, channels, <real>(row - top),
                  <real>(column - start), y + j * channels)
        else:
            blend_border(frame, row, column, x, y + j * channels)


cdef void warp_image(const Frame* frame, const Map* to_x, const real* x, real* y) noexcept nogil:
    """y is not x."""
    cdef ptrdiff_t line = frame.width * frame.channels, i
    if moves_pixels(frame, to_x):
        move_pixels(frame, to_x, x, y)
        return
    for i in range(frame.height):  # the usual numbers of channels are known to the compiler
        if frame.channels == 3:
            blend_row(frame, to_x, i, 3, x, y + i * line)
        elif frame.channels == 1:
            blend_row(frame, to_x, i, 1, x, y + i * line)
        else:
            blend_row(frame, to_x, i, frame.channels, x, y + i * line)
