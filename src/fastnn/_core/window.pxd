"""Windows that slide over three axes (depth, height, width), and which taps of them meet the input.

Ranks 1 and 2 have leading axes of size 1. Convolution forward and its input gradient are one
correlation: each *target* position (an output pixel; an input pixel of the gradient) is a sum over
the kernel's *taps* that meet a *source* position (an input pixel; an output pixel's dy).

    forward   target t = output, source s = t·stride − before + k·dilation,   taps in the order of k
    backward  target t = input,  source s = (t + before − k·dilation) / stride, taps from the last k

A stride of 0 stands for adaptive windows (pools only), as many as there are outputs, spread over
the inputs: targets t read sources ⌊t·sources / targets⌋ … ⌈(t + 1)·sources / targets⌉ − 1, and the
same rule says which outputs cover an input.
"""

cdef struct Window:
    ptrdiff_t input[3]
    ptrdiff_t output[3]
    ptrdiff_t size[3]
    ptrdiff_t stride[3]
    ptrdiff_t dilation[3]
    ptrdiff_t before[3]

# The taps of one target along one axis: `count` of them, tap i at place `place + i·place_step` in
# the order of taps, reading `source + i·source_step`.
cdef struct Taps:
    ptrdiff_t place
    ptrdiff_t source
    ptrdiff_t count

cdef struct Axis:
    ptrdiff_t targets, sources
    ptrdiff_t target_step       # targets this far apart share their taps, if borders allow,
    ptrdiff_t source_advance    # and read sources this far apart
    ptrdiff_t place_step, source_step
    Taps* taps                  # one a target

# Targets target + j·target_step, j < count, that share their taps; the first reads from
# taps.source.
cdef struct Segment:
    ptrdiff_t target, count
    Taps taps

cdef Window make_window(tuple sizes) except *
cdef bint make_axis(Axis* axis, const Window* window, int which, bint backward) except False
cdef Segment* segments_of(const Axis* axis, ptrdiff_t* found) except NULL


cdef inline ptrdiff_t first_output(const Window* window, int axis, ptrdiff_t tap) noexcept nogil:
    """The first output along `axis` whose window has this tap inside the input."""
    cdef ptrdiff_t room = window.before[axis] - tap * window.dilation[axis]
    if room <= 0:
        return 0
    return min((room + window.stride[axis] - 1) // window.stride[axis], window.output[axis])


cdef inline ptrdiff_t end_output(const Window* window, int axis, ptrdiff_t tap) noexcept nogil:
    """One past the last output along `axis` whose window has this tap inside the input."""
    cdef ptrdiff_t room = window.input[axis] + window.before[axis] - tap * window.dilation[axis]
    if room <= 0:
        return 0
    return min((room + window.stride[axis] - 1) // window.stride[axis], window.output[axis])
