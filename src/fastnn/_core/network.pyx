"""Network structs filled from what fastnn/compiling.py says of a network."""
from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS, Py_buffer, PyBuffer_Release, PyObject_GetBuffer)
from libc.stdlib cimport calloc, free

from fastnn._core.feed cimport Affine
from fastnn._core.kernels cimport LANES
from fastnn._core.operation cimport free_operation, make_affine, make_operation
from fastnn._core.single cimport layout_after

_RULES = {"sgd": SGD, "adam": ADAM}


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


cdef bint make_values(Network* net, list sizes) except False:
    """Numbers of a sample that flow between operations: `sizes[0]` into the network."""
    cdef int i
    net.n_values = len(sizes)
    net.value = <ptrdiff_t*>zeros(2 * net.n_values, sizeof(ptrdiff_t))
    net.value_size = net.value + net.n_values
    for i in range(net.n_values):
        net.value_size[i] = sizes[i] * LANES
    return True


cdef bint make_operations(Network* net, list instructions, const real* which) except False:
    cdef int i
    net.op = <Operation*>zeros(len(instructions), sizeof(Operation))
    for i in range(len(instructions)):
        net.n = i + 1
        make_operation(&net.op[i], instructions[i], net.training, which)
    if net.n:
        net.last = net.op[net.n - 1].y
    return True


cdef bint make_layouts(Network* net, ptrdiff_t features, ptrdiff_t channels) except False:
    """How values stand where samples run singly; input samples have so many channels last."""
    cdef int i
    net.layout = <Layout*>zeros(net.n_values, sizeof(Layout))
    net.layout[0] = Layout(features // channels, channels)
    for i in range(net.n):
        net.layout[net.op[i].y] = layout_after(&net.op[i], net.layout[net.op[i].x])
    return True


cdef bint make_feed(Network* net, list sizes, list preprocessing) except False:
    cdef Affine* affine = <Affine*>zeros(len(preprocessing), sizeof(Affine))
    cdef int i
    net.feed.affine = affine
    for i in range(len(preprocessing)):
        make_affine(&affine[i], preprocessing[i])
    net.feed.n_affine = len(preprocessing)
    net.feed.features = sizes[0]
    net.feed.outputs = sizes[net.last]
    return True


cdef void free_network(Network* net) noexcept nogil:
    """All but the arena; also of a network that was not finished."""
    cdef int i
    for i in range(net.n):
        free_operation(&net.op[i])
    free(net.op)
    free(net.value)
    free(net.layout)
    free(<void*>net.feed.affine)


cdef bint set_update(Update* update, tuple rule) except False:
    """From an optimizer's `rule`, or None."""
    update.rule = NO_UPDATE
    if rule is None:
        return True
    name, vectors, figures = rule
    update.first = address(vectors[0]) if vectors else NULL
    update.second = address(vectors[1]) if len(vectors) > 1 else NULL
    update.rate = figures["learning_rate"]
    if name == "sgd":
        update.momentum = figures["momentum"]
        update.nesterov = figures["nesterov"]
    else:
        update.beta1 = figures["beta1"]
        update.beta2 = figures["beta2"]
        update.epsilon = figures["epsilon"]
        update.steps = figures["steps"]
    update.rule = _RULES[name]
    return True
