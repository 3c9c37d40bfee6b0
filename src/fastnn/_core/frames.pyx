"""Where a chunk's values, their gradients and what passes keep stand, and share places.

Time runs through the operations 0 … n − 1, then to the loss, at n, and back: operation i's way back
is at 2n − i. What is needed at different times only may stand at the same place. The largest are
placed first, each at the lowest place that is free while it is needed.

    value        from the operation that makes it to the last that reads it, maybe on its way back
    remade       a value for one reader's way back: of a batch normalisation, which its own input,
                 kept anyway, gives again at the cost of a pass over it
    gradient     from the last reader's way back (the loss's, for an output) to its maker's; maybe
                 at the place of the value itself
    saved        what an operation keeps for its way back beside values
    unpooled     dy of a convolution before its pooling, for its way back alone

A thread takes a chunk from one barrier to the next: what nobody needs beyond stands in the thread's
workspace, which its L2 cache may hold, all else in the chunk's own frame. By layer all is kept.
"""
from fastnn._core.conv_plan cimport unpooled_size
from fastnn._core.kernels cimport LANES
from fastnn._core.loss cimport NO_LOSS
from fastnn._core.merge_plan cimport merge_passes_gradient
from fastnn._core.network cimport Head, Span, Value, cuts
from fastnn._core.operation cimport (
    BATCH_NORM, CONV, DENSE, FAN, LOCAL_CONV, MERGE, Operation, in_place, needs_input, needs_output,
    saved_size)
from fastnn._core.single cimport padded


cdef int most_spans(const Network* net) noexcept nogil:
    """Values, and of each operation a gradient, what it saves, unpools, remakes; the losses'."""
    cdef int i, n = net.n_values + 4 * net.n + net.n_heads
    for i in range(net.n):
        n += net.op[i].several.n
    return n


cdef int add_span(Network* net, ptrdiff_t size, int first, int last) noexcept nogil:
    cdef Span* span = &net.span[net.n_spans]
    span.size = size
    span.first = first
    span.last = last
    span.start = 0
    span.kept = span.shared = span.placed = False
    net.n_spans += 1
    return net.n_spans - 1


cdef inline void need(Network* net, int span, int time) noexcept nogil:
    net.span[span].last = max(net.span[span].last, time)


cdef ptrdiff_t size_of(const Network* net, const Value* value) noexcept nogil:
    """Of a chunk; of a single sample, whose channels fill the lanes."""
    if net.single:
        return value.layout.positions * padded(value.layout.channels)
    return value.size


cdef void list_values(Network* net) noexcept nogil:
    """Spans of values, as long as the way forward needs them."""
    cdef const Operation* op
    cdef Value* value
    cdef int i, k
    for i in range(net.n_values):
        value = &net.value[i]
        if value.alias == i:
            value.span = add_span(net, size_of(net, value), -1, -1)
        else:
            value.span = net.value[value.alias].span
    for i in range(net.n):
        op = &net.op[i]
        need(net, net.value[op.x].span, i)
        for k in range(op.several.n):
            need(net, net.value[op.several.value[k]].span, i)
        if op.y != op.x:
            net.span[net.value[op.y].span].first = i
        need(net, net.value[op.y].span, i)
    for i in range(net.n_heads):
        need(net, net.value[net.head[i].value].span, net.n)


cdef inline int until(const Network* net, const Operation* op, int back) noexcept nogil:
    """When an operation's x and dy are needed last: when all is through, if its weight gradient is
    taken from them then, across the batch."""
    return 2 * net.n + 1 if op.kind == LOCAL_CONV and op.trained else back


cdef int norm_before(const Network* net, int reader) noexcept nogil:
    """The batch normalisation that makes what an operation reads, if it is one; else −1.

    With a pooling behind it, it makes less than it would have to read again.
    """
    cdef const Operation* op
    cdef int i, memory = net.value[net.op[reader].x].alias
    for i in range(reader - 1, -1, -1):
        op = &net.op[i]
        if op.kind != FAN and net.value[op.y].alias == memory:
            return i if (op.kind == BATCH_NORM and not op.batch_norm.pools
                         and net.value[op.x].alias != memory) else -1
    return -1


cdef void list_kept(Network* net, const real* which) noexcept nogil:
    """What the way back needs of the way forward; saved places come in the operations' order.

    On the way back, `back_x` of operations are numbers of spans.
    """
    cdef Operation* op
    cdef int i, k, back
    for i in range(net.n):
        op = &net.op[i]
        back = 2 * net.n - i
        op.saved = add_span(net, saved_size(op, which), i, back)
        op.back_x = net.value[op.x].span
        op.remade = -1
        if (op.kind == CONV or op.kind == DENSE) and not net.layered:
            op.remade = norm_before(net, i)
        if op.remade >= 0:
            op.back_x = add_span(net, op.inputs * LANES, back, back)
        elif needs_input(op):
            need(net, op.back_x, until(net, op, back))
            for k in range(op.several.n):
                need(net, net.value[op.several.value[k]].span, back)
        if op.backward and needs_output(op):
            need(net, net.value[op.y].span, back)


cdef int sum_span(Network* net, const Operation* op, int back) noexcept nogil:
    """Of a fan's sum, which takes the place of the last reader's gradient if nobody shares it."""
    cdef int k, first = net.value[op.several.value[0]].gradient_span
    for k in range(op.several.n):
        op.several.gradient[k] = net.value[op.several.value[k]].gradient_span
        need(net, <int>op.several.gradient[k], back)
    if net.span[first].shared:
        return add_span(net, net.value[op.x].size, back, back)
    return first


cdef void list_parts(Network* net, const Operation* op, int back) noexcept nogil:
    """Gradients of what a merge reads; several may be dy itself."""
    cdef int k, span, passed = 0
    for k in range(op.several.n):
        if op.several.wanted[k]:
            span = <int>op.dy
            if not merge_passes_gradient(&op.merge, k):
                span = add_span(net, net.value[op.several.value[k]].size, back, back)
            else:
                passed += 1
            op.several.gradient[k] = net.value[op.several.value[k]].gradient_span = span
    net.span[<int>op.dy].shared = net.span[<int>op.dy].shared or passed > 1


cdef inline bint takes_input(const Network* net, const Operation* op, int back) noexcept nogil:
    """Whether dx takes the place of x, which nobody else needs from then on.

    A chunk's weight gradient, made of x, comes before dx, of which each number looks at its own x
    alone (the ReLU's). By layer they come at the same time.
    """
    return ((op.kind == CONV or op.kind == DENSE) and not net.layered
            and net.span[op.back_x].last == back)


cdef inline bint leaves_frame(const Network* net, int back) noexcept nogil:
    """Whether dy waited in the frame for the whole batch, and dx can stand in the workspace: there
    every chunk writes to the same memory, which L2 may hold, and dy need not go back to its own."""
    return cuts(net, back) and not net.layered


cdef void list_gradients(Network* net) noexcept nogil:
    """On the way back, `dy`, `dx` and `unpooled` of operations are numbers of spans."""
    cdef Operation* op
    cdef int i, back
    for i in range(net.n_heads):
        if net.training or net.head[i].loss.kind != NO_LOSS:
            net.value[net.head[i].value].gradient_span = add_span(
                net, net.value[net.head[i].value].size, net.n, net.n)
            net.head[i].gradient = net.value[net.head[i].value].gradient_span
    if not net.training:
        return
    for i in range(net.n - 1, -1, -1):
        op = &net.op[i]
        back = 2 * net.n - i
        if op.kind == FAN:
            op.dy = op.dx = sum_span(net, op, back)
        else:
            op.dy = op.dx = net.value[op.y].gradient_span
            need(net, op.dy, until(net, op, back))
        op.unpooled = op.dy
        if op.conv.pools and op.backward:
            op.unpooled = add_span(net, unpooled_size(&op.conv), back, back)
        if op.kind == MERGE:
            list_parts(net, op, back)
            continue
        if op.kind != FAN and op.backward and op.input_gradient:
            if takes_input(net, op, back):
                op.dx = <int>op.back_x
            elif not in_place(op) or net.span[op.dy].shared or leaves_frame(net, back):
                op.dx = add_span(net, op.inputs * LANES, back, back)
        net.value[op.x].gradient_span = op.dx


cdef bint outlasts(const Network* net, const Span* span) noexcept nogil:
    """Whether it is needed beyond a barrier."""
    cdef int time
    if span.last > 2 * net.n:
        return True
    for time in range(span.first + 1, span.last + 1):
        if cuts(net, time):
            return True
    return False


cdef inline bint meet(const Span* a, const Span* b) noexcept nogil:
    return a.kept == b.kept and a.first <= b.last and b.first <= a.last


cdef ptrdiff_t lowest_place(const Network* net, const Span* span) noexcept nogil:
    """The lowest start beside all that is placed and needed at the same time."""
    cdef ptrdiff_t start = 0
    cdef const Span* other
    cdef bint moved = True
    cdef int i
    while moved:
        moved = False
        for i in range(net.n_spans):
            other = &net.span[i]
            if (other.placed and meet(span, other) and start < other.start + other.size
                    and other.start < start + span.size):
                start = other.start + other.size
                moved = True
    return start


cdef void place_spans(Network* net) noexcept nogil:
    """The largest first; of equals the one that is listed first."""
    cdef Span* largest
    cdef int _turn, i
    net.frame_size = net.workspace_size = 0
    for i in range(net.n_spans):
        net.span[i].kept = net.layered or outlasts(net, &net.span[i])
    for _turn in range(net.n_spans):
        largest = NULL
        for i in range(net.n_spans):
            if not net.span[i].placed and (largest == NULL or net.span[i].size > largest.size):
                largest = &net.span[i]
        largest.start = lowest_place(net, largest)
        largest.placed = True
        if largest.kept:
            net.frame_size = max(net.frame_size, largest.start + largest.size)
        else:
            net.workspace_size = max(net.workspace_size, largest.start + largest.size)


cdef inline ptrdiff_t start_of(const Network* net, ptrdiff_t span) noexcept nogil:
    """As `place` takes it."""
    return net.span[span].start + (0 if net.span[span].kept else net.frame_size)


cdef void plan_frame(Network* net, const real* which) noexcept nogil:
    """Place all of a chunk, or of a single sample; fills net.frame_size and net.workspace_size."""
    cdef Operation* op
    cdef Head* head
    cdef int i, k
    net.n_spans = 0
    list_values(net)
    if net.training:
        list_kept(net, which)
    list_gradients(net)
    place_spans(net)
    for i in range(net.n_values):
        net.value[i].start = start_of(net, net.value[i].span)
    for i in range(net.n_heads):
        head = &net.head[i]
        if net.training or head.loss.kind != NO_LOSS:
            head.gradient = start_of(net, head.gradient)
    for i in range(net.n if net.training else 0):
        op = &net.op[i]
        op.back_x = start_of(net, op.back_x)
        op.saved = start_of(net, op.saved)
        op.dy = start_of(net, op.dy)
        op.dx = start_of(net, op.dx)
        op.unpooled = start_of(net, op.unpooled)
        for k in range(op.several.n):
            if op.several.wanted[k]:
                op.several.gradient[k] = start_of(net, op.several.gradient[k])
