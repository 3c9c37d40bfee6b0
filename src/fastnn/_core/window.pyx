from libc.stdlib cimport malloc


cdef Window make_window(tuple sizes) except *:
    """From geometry.Window.sizes: input, output, size, stride, dilation, before of three axes."""
    cdef Window window
    cdef int axis
    for axis in range(3):
        window.input[axis] = sizes[axis]
        window.output[axis] = sizes[3 + axis]
        window.size[axis] = sizes[6 + axis]
        window.stride[axis] = sizes[9 + axis]
        window.dilation[axis] = sizes[12 + axis]
        window.before[axis] = sizes[15 + axis]
    return window


cdef ptrdiff_t gcd(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    while b:
        a, b = b, a % b
    return a


cdef void spread_taps(Axis* axis) noexcept nogil:
    """Adaptive windows: those that share their taps are as far apart as most of them are."""
    cdef ptrdiff_t target
    axis.target_step = axis.place_step = axis.source_step = 1
    axis.source_advance = axis.sources // axis.targets
    for target in range(axis.targets):
        axis.taps[target].place = 0
        axis.taps[target].source = target * axis.sources // axis.targets
        axis.taps[target].count = (((target + 1) * axis.sources + axis.targets - 1) // axis.targets
                                   - axis.taps[target].source)


cdef bint make_axis(Axis* axis, const Window* window, int which, bint backward) except False:
    """Fill the taps of every target along axis `which`; the caller frees ``axis.taps``."""
    cdef ptrdiff_t size = window.size[which], stride = window.stride[which]
    cdef ptrdiff_t dilation = window.dilation[which], before = window.before[which]
    cdef ptrdiff_t inputs = window.input[which], outputs = window.output[which]
    cdef ptrdiff_t common = gcd(stride, dilation) if backward else 1
    cdef ptrdiff_t target, k, place, source
    cdef Taps* taps
    axis.targets = inputs if backward else outputs
    axis.sources = outputs if backward else inputs
    axis.target_step = stride if backward else 1
    axis.source_advance = 1 if backward else stride
    axis.place_step = stride // common if backward else 1
    axis.source_step = dilation // common
    axis.taps = <Taps*>malloc(axis.targets * sizeof(Taps) + 1)
    if axis.taps == NULL:
        raise MemoryError(f"no memory for the taps of {axis.targets} positions")
    if stride == 0:
        spread_taps(axis)
        return True
    for target in range(axis.targets):
        taps = &axis.taps[target]
        taps.place = taps.source = taps.count = 0
        for place in range(size):
            if backward:
                k = size - 1 - place
                source = target + before - k * dilation
                if source < 0 or source % stride:
                    continue
                source //= stride
            else:
                source = target * stride - before + place * dilation
            if source < 0 or source >= axis.sources:
                continue
            if taps.count == 0:
                taps.place = place
                taps.source = source
            taps.count += 1
    return True


cdef ptrdiff_t find_segments(const Axis* axis, Segment* segments) noexcept nogil:
    """Group the targets that share their taps; `segments` has room for every target."""
    cdef ptrdiff_t found = 0, residue, target
    cdef Taps taps
    cdef Segment* last
    for residue in range(min(axis.target_step, axis.targets)):
        last = NULL
        for target from residue <= target < axis.targets by axis.target_step:
            taps = axis.taps[target]
            if (last != NULL and taps.count == last.taps.count and taps.place == last.taps.place
                    and (taps.count == 0
                         or taps.source == last.taps.source + last.count * axis.source_advance)):
                last.count += 1
                continue
            last = &segments[found]
            last.target = target
            last.count = 1
            last.taps = taps
            found += 1
    return found


cdef Segment* segments_of(const Axis* axis, ptrdiff_t* found) except NULL:
    """The segments of `axis`, `found` of them; the caller frees them."""
    cdef Segment* segments = <Segment*>malloc(axis.targets * sizeof(Segment) + 1)
    if segments == NULL:
        raise MemoryError(f"no memory for {axis.targets} segments")
    found[0] = find_segments(axis, segments)
    return segments
