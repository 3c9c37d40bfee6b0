"""What a program knows of each kind of operation: how to plan it, and its passes over one chunk.

The work itself is the chunk functions' of conv, conv_weights, dense, pool, pointwise and feed,
which the functional operations call as well. `part` of `parts` asks for a share of a chunk's rows.
"""
from libc.stdint cimport uintptr_t

from fastnn._core.conv cimport (
    conv_correlate_chunk, correlation_scratch, free_correlation, make_correlation)
from fastnn._core.conv_weights cimport free_weight_gradient, make_weight_gradient
from fastnn._core.dense cimport (
    dense_backward_input_tile, dense_forward_panel, dense_list_runs)
from fastnn._core.dense_weights cimport dense_scratch, make_dense_gradient
from fastnn._core.feed cimport affine_backward_chunk, affine_forward_chunk
from fastnn._core.kernels cimport LANES, MAX_OUTPUTS, fastnn_run
from fastnn._core.pointwise cimport pointwise_backward_chunk, pointwise_forward_chunk
from fastnn._core.pool cimport (
    argmax_bytes, free_windows, make_windows, max_pool_forward_chunk, max_pool_unpool_chunk,
    scale_positions, window_sum_chunk)
from fastnn._core.prelu cimport (
    make_slopes, prelu_backward_input_chunk, prelu_forward_chunk, slopes_scratch)
from fastnn._core.softmax cimport softmax_backward_chunk, softmax_forward_chunk
from fastnn._core.window cimport Axis, Window, make_window

from fastnn._core.pointwise import FROM_INPUT as _FROM_INPUT
from fastnn._core.pointwise import FUNCTIONS as _FUNCTIONS

_KINDS = {"conv": CONV, "dense": DENSE, "max_pool": MAX_POOL, "average_pool": AVERAGE_POOL,
          "pointwise": POINTWISE, "softmax": SOFTMAX, "prelu": PRELU, "affine": AFFINE}


cdef bint make_operation(Operation* op, dict settings, bint training,
                         const real* which) except False:
    """Fill a zeroed operation from its instruction; `free_operation` frees what it holds."""
    op.kind = _KINDS[settings["kind"]]
    op.inputs = settings["inputs"]
    op.outputs = settings["outputs"]
    op.forward = settings["forward"]
    op.backward = settings["backward"]
    op.relu = settings["relu"]
    op.relu_input = settings["relu_input"]
    op.input_gradient = settings["input_gradient"]
    op.x = settings["x"]
    op.y = settings["y"]
    op.weight = settings["weight"]
    op.weights = settings["weights"]
    op.biases = settings["biases"]
    if op.kind == CONV:
        make_conv(op, settings, training, which)
    elif op.kind == DENSE:
        op.work = op.inputs * op.outputs
        op.dense_gradient = make_dense_gradient(op.inputs, op.outputs, which)
    elif op.kind == MAX_POOL or op.kind == AVERAGE_POOL:
        make_pool(op, settings, training)
    elif op.kind == POINTWISE:
        op.function = _FUNCTIONS[settings["function"]]
        op.parameter = settings["parameter"]
        op.from_input = settings["function"] in _FROM_INPUT
        op.work = 8 * op.outputs
    elif op.kind == SOFTMAX:
        op.channels = settings["channels"]
        op.logarithm = settings["logarithm"]
        op.work = 16 * op.outputs
    elif op.kind == PRELU:
        op.channels = settings["channels"]
        op.slopes = make_slopes(op.inputs, op.channels, op.weights)
        op.slotted = op.weights
        op.work = op.outputs
    else:
        make_affine(&op.affine, settings["affine"])
        op.work = op.outputs
    return True


cdef bint make_conv(Operation* op, dict settings, bint training, const real* which) except False:
    cdef Window window = make_window(settings["window"]), pool
    cdef ptrdiff_t groups = settings["groups"], channels = settings["channels"]
    cdef ptrdiff_t filters = settings["filters"]
    cdef bint winograd = settings["winograd"]
    op.work = (window.output[0] * window.output[1] * window.output[2] * filters
               * window.size[0] * window.size[1] * window.size[2] * (channels // groups))
    op.correlation.relu = op.relu
    make_correlation(&op.correlation, &window, False, groups, channels // groups,
                     filters // groups, winograd, which)
    op.pools = settings["pool"] is not None
    if op.pools:
        pool = make_window(settings["pool"])
        make_windows(&op.windows, &pool, False, filters)
    if training:
        make_weight_gradient(&op.gradient, &window, groups, channels, filters, which)
        op.slotted = op.gradient.parameters
        if op.input_gradient:
            op.transposed.relu = False
            make_correlation(&op.transposed, &window, True, groups, filters // groups,
                             channels // groups, winograd, which)
    return True


cdef bint make_pool(Operation* op, dict settings, bint training) except False:
    cdef Window window = make_window(settings["window"])
    cdef ptrdiff_t channels = settings["channels"]
    make_windows(&op.windows, &window, False, channels)
    op.work = op.outputs * op.windows.size
    if op.kind == AVERAGE_POOL:
        op.scale = <const void*><uintptr_t>settings["scale"].ctypes.data
        if training:
            make_windows(&op.covering, &window, True, channels)
    return True


cdef bint make_affine(Affine* affine, dict settings) except False:
    """From the settings of a preprocessing layer, whose arrays the caller keeps alive."""
    affine.standardize = "mean" in settings
    if affine.standardize:
        affine.features = len(settings["mean"])
        affine.mean = <const double*><uintptr_t>settings["mean"].ctypes.data
        affine.spread = <const double*><uintptr_t>settings["spread"].ctypes.data
    else:
        affine.scale = settings["scale"]
        affine.offset = settings["offset"]
    return True


cdef void free_operation(Operation* op) noexcept nogil:
    free_correlation(&op.correlation)
    free_correlation(&op.transposed)
    free_weight_gradient(&op.gradient)
    free_windows(&op.windows)
    free_windows(&op.covering)


# --- scratch: what a pass needs beside its operands, in elements ----------------------------------

cdef inline ptrdiff_t elements(ptrdiff_t count, size_t bytes, const real* which) noexcept nogil:
    """Whole packs that hold `count` things of so many bytes."""
    cdef ptrdiff_t pack = LANES * sizeof(real)
    return (count * <ptrdiff_t>bytes + pack - 1) // pack * LANES


cdef inline ptrdiff_t taps_size(const Windows* windows, const real* which) noexcept nogil:
    """Offsets of a window's taps."""
    return elements(windows.size, sizeof(ptrdiff_t), which)


cdef ptrdiff_t saved_size(const Operation* op, const real* which) noexcept nogil:
    """The argmax of a max pooling, if it makes one."""
    if op.kind != MAX_POOL and not op.pools:
        return 0
    return elements(op.outputs * LANES, argmax_bytes(&op.windows, which), which)


cdef inline ptrdiff_t line_size(const Operation* op) noexcept nogil:
    """A row of the convolution's output."""
    return (op.correlation.axis[2].targets * op.correlation.groups
            * op.correlation.tiling.outputs * LANES)


cdef ptrdiff_t pooled_rows(const Operation* op) noexcept nogil:
    """The most rows of the convolution's output that one row of windows covers."""
    cdef const Axis* rows = &op.windows.axis[1]
    cdef ptrdiff_t row, most = 0
    for row in range(rows.targets):
        most = max(most, (rows.taps[row].count - 1) * rows.source_step + 1)
    return most


cdef ptrdiff_t scratch_size(const Operation* op, const real* which) noexcept nogil:
    """What any pass of the operation needs."""
    cdef ptrdiff_t size = 0
    if op.kind == CONV:
        size = correlation_scratch(&op.correlation, which)
        if op.pools:
            size += taps_size(&op.windows, which) + pooled_rows(op) * line_size(op)
        size = max(size, correlation_scratch(&op.transposed, which), op.gradient.scratch,
                   <ptrdiff_t>BLOCK)
    elif op.kind == DENSE:
        # a tile's rows of the weight gradient and their biases
        size = dense_scratch(&op.dense_gradient) + (op.inputs + 1) * MAX_OUTPUTS
        size = max(size, elements(op.panels.panels, sizeof(fastnn_run), which))
    elif op.kind == MAX_POOL:
        size = taps_size(&op.windows, which)
    elif op.kind == AVERAGE_POOL:
        size = max(taps_size(&op.windows, which), taps_size(&op.covering, which))
        size += op.outputs * LANES
    elif op.kind == PRELU:
        size = max(slopes_scratch(&op.slopes), <ptrdiff_t>BLOCK)
    return size


# --- passes ---------------------------------------------------------------------------------------

cdef void conv_pool_forward(const Operation* op, const real* x, const real* packed,
                            const real* bias, real* y, void* saved, ptrdiff_t first_row,
                            ptrdiff_t end_row, real* scratch) noexcept nogil:
    """Row by row of the pooled output: the convolution's rows that it needs, then their maxima."""
    cdef const Windows* windows = &op.windows
    cdef real* taps = scratch + correlation_scratch(&op.correlation, x)
    cdef real* lines = taps + taps_size(windows, x)
    cdef ptrdiff_t row, first, end
    for row in range(first_row, end_row):
        first = windows.axis[1].taps[row].source
        end = first + (windows.axis[1].taps[row].count - 1) * windows.axis[1].source_step + 1
        # `lines` holds the rows from `first` on; what is passed is where row 0 would stand
        conv_correlate_chunk(&op.correlation, x, packed, bias, <const real*>NULL,
                             lines - first * line_size(op), first, end, scratch)
        max_pool_forward_chunk(windows, lines - first * line_size(op), y, saved, row, row + 1,
                               <ptrdiff_t*>taps)


cdef void dense_forward_chunk(const Operation* op, const real* packed, const real* bias,
                              const real* x, real* y) noexcept nogil:
    cdef ptrdiff_t index
    for index in range(op.panels.panels):
        dense_forward_panel(&op.panels, index, x, 0, packed + index * op.panels.panel_size, bias,
                            op.relu, y, 0, 0, 1)


cdef void dense_backward_chunk(const Operation* op, const real* packed, const real* positive,
                               const real* dy, real* dx, fastnn_run* runs) noexcept nogil:
    cdef ptrdiff_t index
    dense_list_runs(&op.panels, runs)
    for index in range(op.panels.turned.tiles):
        dense_backward_input_tile(&op.panels, index, dy, 0, packed, runs, positive, dx, 0, 0, 1)


cdef void forward_part(
        const Operation* op,
        const real* parameters,     # IN   flat
        const real* packed,         # IN   CONV, DENSE: weights
        const real* x,              # IN   (inputs, LANES)
        real* y,                    # OUT  (outputs, LANES): this part is overwritten
        void* saved,                # OUT  of a max pooling: the argmax, like y, or NULL
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef const real* bias = parameters + op.weight + op.weights if op.biases else NULL
    cdef ptrdiff_t rows, first, end
    if op.kind == CONV:
        rows = op.windows.axis[1].targets if op.pools else op.correlation.axis[1].targets
        first = part * rows // parts
        end = (part + 1) * rows // parts
        if op.pools:
            conv_pool_forward(op, x, packed, bias, y, saved, first, end, scratch)
        else:
            conv_correlate_chunk(&op.correlation, x, packed, bias, <const real*>NULL, y, first,
                                 end, scratch)
    elif op.kind == DENSE:
        dense_forward_chunk(op, packed, bias, x, y)
    elif op.kind == MAX_POOL or op.kind == AVERAGE_POOL:
        rows = op.windows.axis[1].targets
        first = part * rows // parts
        end = (part + 1) * rows // parts
        if op.kind == MAX_POOL:
            max_pool_forward_chunk(&op.windows, x, y, saved, first, end, <ptrdiff_t*>scratch)
        else:
            window_sum_chunk(&op.windows, x, <const real*>op.scale, y, first, end,
                             <ptrdiff_t*>scratch)
    elif op.kind == POINTWISE:
        first = part * op.outputs // parts
        end = (part + 1) * op.outputs // parts
        pointwise_forward_chunk(op.function, op.parameter, (end - first) * LANES,
                                x + first * LANES, y + first * LANES)
    elif op.kind == SOFTMAX:
        softmax_forward_chunk(op.logarithm, op.outputs // op.channels, op.channels, x, y)
    elif op.kind == PRELU:
        prelu_forward_chunk(&op.slopes, x, parameters + op.weight, y)
    else:
        affine_forward_chunk(&op.affine, op.outputs, x, y)


cdef void unpool(const Operation* op, const void* saved, const real* dy, real* dx,
                 real* scratch) noexcept nogil:
    """The gradient of a max pooling's input."""
    max_pool_unpool_chunk(
        &op.windows, dy, saved,
        op.windows.axis[0].sources * op.windows.axis[1].sources * op.windows.axis[2].sources, dx,
        <ptrdiff_t*>scratch)


cdef void backward_input_part(
        const Operation* op,
        const real* parameters,     # IN   flat
        const real* packed,         # IN   CONV, DENSE: weights for this pass
        const real* x,              # IN   of the forward pass
        const real* y,              # IN   likewise
        const void* saved,          # IN   likewise
        const real* dy,             # IN   (outputs, LANES)
        real* dx,                   # OUT  (inputs, LANES): this part is overwritten
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef const real* positive = x if op.relu_input else NULL
    cdef ptrdiff_t rows, first, end
    if op.kind == CONV:
        rows = op.transposed.axis[1].targets
        conv_correlate_chunk(&op.transposed, dy, packed, <const real*>NULL, positive, dx,
                             part * rows // parts, (part + 1) * rows // parts, scratch)
    elif op.kind == DENSE:
        dense_backward_chunk(op, packed, positive, dy, dx, <fastnn_run*>scratch)
    elif op.kind == MAX_POOL:
        unpool(op, saved, dy, dx, scratch)
    elif op.kind == AVERAGE_POOL:
        # forward: y[p] = Σ x[q] · scale[p] over q in window p
        scale_positions(dy, <const real*>op.scale, op.outputs // op.windows.channels,
                        op.windows.channels * LANES, scratch)
        window_sum_chunk(&op.covering, scratch, <const real*>NULL, dx, 0,
                         op.covering.axis[1].targets, <ptrdiff_t*>(scratch + op.outputs * LANES))
    elif op.kind == POINTWISE:
        first = part * op.outputs // parts
        end = (part + 1) * op.outputs // parts
        pointwise_backward_chunk(op.function, op.parameter, (end - first) * LANES,
                                 dy + first * LANES,
                                 (x if op.from_input else y) + first * LANES,
                                 dx + first * LANES)
    elif op.kind == SOFTMAX:
        softmax_backward_chunk(op.logarithm, op.outputs // op.channels, op.channels, dy, y, dx)
    elif op.kind == PRELU:
        prelu_backward_input_chunk(&op.slopes, dy, x, parameters + op.weight, dx)
    else:
        affine_backward_chunk(&op.affine, op.outputs, dy, dx)
