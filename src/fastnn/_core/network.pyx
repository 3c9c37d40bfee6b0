"""Network structs filled from what fastnn/compiling.py says of a network."""
from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS, Py_buffer, PyBuffer_Release, PyObject_GetBuffer)
from libc.stdlib cimport calloc, free

from fastnn._core.augment cimport AugmentPlan
from fastnn._core.feed cimport FLOAT32, FLOAT64, UINT8, Affine
from fastnn._core.frames cimport most_spans
from fastnn._core.kernels cimport LANES, UPDATE_STATES
from fastnn._core.loss cimport make_loss
from fastnn._core.operation cimport free_operation, make_affine, make_operation
from fastnn._core.rule cimport NO_UPDATE, make_rule
from fastnn._core.single cimport layout_after

# by dtype.char
_SOURCES = {"f": FLOAT32, "d": FLOAT64, "B": UINT8}


cdef void* address(object array) except? NULL:
    """Where a contiguous array's numbers stand; None is nowhere."""
    cdef Py_buffer buffer
    if array is None:
        return NULL
    PyObject_GetBuffer(array, &buffer, PyBUF_ANY_CONTIGUOUS)
    PyBuffer_Release(&buffer)
    return buffer.buf


cdef void* zeros(ptrdiff_t n, size_t size) except NULL:
    cdef void* start = calloc(n + 1, size)
    if start == NULL:
        raise MemoryError(f"no memory for {n} parts of a program")
    return start


cdef bint make_values(Network* net, list values) except False:
    """From a list of (numbers of a sample, the value whose memory it is)."""
    cdef int i
    net.n_values = len(values)
    net.value = <Value*>zeros(net.n_values, sizeof(Value))
    for i, (size, alias) in enumerate(values):
        net.value[i].size = size * LANES
        net.value[i].alias = alias
    return True


cdef bint make_operations(Network* net, list instructions, const real* which) except False:
    cdef int i
    net.op = <Operation*>zeros(len(instructions), sizeof(Operation))
    for i in range(len(instructions)):
        net.n = i + 1
        make_operation(&net.op[i], instructions[i], net.training, which)
        net.op[i].also = last_sharer(net, i)
        if net.op[i].also >= 0:
            net.op[net.op[i].also].shares = True
    return True


cdef int last_sharer(const Network* net, int i) noexcept nogil:
    """The last operation before i that has its parameters, or −1."""
    cdef int other
    for other in range(i - 1, -1, -1):
        if (net.op[i].weights + net.op[i].biases and net.op[other].weight == net.op[i].weight
                and net.op[other].weights + net.op[other].biases):
            return other
    return -1


cdef bint make_inputs(Network* net, list input_shapes, list preprocessing) except False:
    """Feeds; and how values stand where samples run singly, as follows from the inputs' shapes."""
    cdef Affine* affine
    cdef Feed* feed
    cdef ptrdiff_t channels
    cdef int i, k
    net.feed = <Feed*>zeros(len(input_shapes), sizeof(Feed))
    net.n_inputs = len(input_shapes)
    for i in range(net.n_inputs):
        feed = &net.feed[i]
        feed.affine = affine = <Affine*>zeros(len(preprocessing[i]), sizeof(Affine))
        feed.n_affine = len(preprocessing[i])
        for k in range(feed.n_affine):
            make_affine(&affine[k], preprocessing[i][k])
        feed.features = net.value[i].size // LANES
        shape = input_shapes[i]
        channels = shape[len(shape) - 1] if shape else 1
        net.value[i].layout = Layout(feed.features // channels, channels)
    for i in range(net.n):
        net.value[net.op[i].y].layout = layout_after(&net.op[i], net.value[net.op[i].x].layout)
    return True


cdef bint make_heads(Network* net, list outputs, losses) except False:
    """From the numbers of the values that come out, and each one's loss: (settings, factor)."""
    cdef Head* head
    cdef int i
    net.head = <Head*>zeros(len(outputs), sizeof(Head))
    net.n_heads = len(outputs)
    for i in range(net.n_heads):
        head = &net.head[i]
        head.value = outputs[i]
        head.target.outputs = net.value[head.value].size // LANES
        if losses is not None:
            settings, head.factor = losses[i]
            make_loss(&head.loss, settings, head.target.outputs)
            head.target.positions = head.loss.positions
    net.span = <Span*>zeros(most_spans(net), sizeof(Span))
    return True


cdef void free_network(Network* net) noexcept nogil:
    """All but the arena; also of a network that was not finished."""
    cdef int i
    for i in range(net.n):
        free_operation(&net.op[i])
    for i in range(net.n_inputs):
        free(<void*>net.feed[i].affine)
    free(net.op)
    free(net.value)
    free(net.span)
    free(net.feed)
    free(net.head)


cdef bint set_arrays(Network* net, inputs, targets, outputs, augment) except False:
    """The user's arrays of a run, in the order net.order; all but the inputs may be None."""
    cdef int i
    for i in range(net.n_inputs):
        net.feed[i].source = _SOURCES[inputs[i].dtype.char]
        net.feed[i].x = address(inputs[i])
        net.feed[i].order = net.order
        net.feed[i].augment = NULL if augment is None else &(<AugmentPlan?>augment).plan
    for i in range(net.n_heads):
        net.head[i].outputs = NULL if outputs is None else address(outputs[i])
        net.head[i].target.order = net.order
        net.head[i].target.labels = NULL
        net.head[i].target.rows = NULL
        if targets is not None and targets[i].dtype.kind == "i":
            net.head[i].target.labels = <const int64_t*>address(targets[i])
        elif targets is not None:
            net.head[i].target.rows = address(targets[i])
    return True


cdef bint set_update(Update* update, tuple rule) except False:
    """From an optimizer's `rule`, or None."""
    cdef int i
    update.rule.kernel = NO_UPDATE
    update.clip_value = update.clip_norm = update.noise = 0
    if rule is None:
        return True
    name, vectors, figures, preparation = rule
    for i in range(UPDATE_STATES):
        update.state[i] = address(vectors[i]) if i < len(vectors) else NULL
    update.rate = figures["learning_rate"]
    update.rates = NULL
    update.spares = not figures.get("decay_biases", True)
    if preparation is not None:
        update.clip_value = preparation.get("clip_value", 0)
        update.clip_norm = preparation.get("clip_norm", 0)
        update.noise = preparation.get("gradient_noise", 0)
        update.seed = preparation["seed"]
    make_rule(&update.rule, name, figures)
    return True
