"""What a program knows of each kind of operation: how to plan it, and its passes over one chunk.

The work itself is the chunk functions' of conv, dense, pool, pointwise and others, which the
functional operations call as well. `part` of `parts` asks for a share of a chunk's rows.
"""
from libc.stdint cimport uintptr_t

from fastnn._core.batch_norm_plan cimport (
    batch_norm_plan_scratch, free_batch_norm_plan, make_batch_norm_plan)
from fastnn._core.constraint cimport of_rows
from fastnn._core.conv_plan cimport (
    conv_backward_input_rows, conv_forward_rows, conv_plan_scratch, free_conv_plan, make_conv_plan)
from fastnn._core.dense_plan cimport (
    dense_backward_input_chunk, dense_forward_chunk, dense_plan_scratch)
from fastnn._core.dense_weights cimport make_dense_gradient
from fastnn._core.feed cimport affine_backward_chunk, affine_forward_chunk
from fastnn._core.group_norm cimport (
    group_norm_backward_chunk, group_norm_forward_chunk, groups_parameters, groups_scratch,
    make_groups)
from fastnn._core.holding cimport make_holding
from fastnn._core.kernels cimport LANES
from fastnn._core.local_conv cimport free_local_conv
from fastnn._core.local_conv_plan cimport (
    local_conv_backward_input_chunk, local_conv_forward_chunk, make_local_plan)
from fastnn._core.merge_plan cimport (
    free_several, make_merge_plan, make_several, merge_plan_scratch)
from fastnn._core.noise_plan cimport make_noise_plan, noise_size
from fastnn._core.permute cimport make_permutation, permute_rows
from fastnn._core.pointwise cimport pointwise_backward_chunk, pointwise_forward_chunk
from fastnn._core.pool_plan cimport (
    argmax_size, free_pool_plan, make_pool_plan, pool_backward, pool_forward_rows,
    pool_plan_scratch)
from fastnn._core.prelu cimport (
    make_slopes, prelu_backward_input_chunk, prelu_forward_chunk, slopes_scratch)
from fastnn._core.resample cimport (
    make_resample_plan, resample_plan_scratch, resample_rows)
from fastnn._core.softmax cimport softmax_backward_chunk, softmax_forward_chunk

from fastnn._core.pointwise import FROM_INPUT as _FROM_INPUT
from fastnn._core.pointwise import FUNCTIONS as _FUNCTIONS

_KINDS = {"conv": CONV, "dense": DENSE, "local_conv": LOCAL_CONV,
          "max_pool": POOL, "average_pool": POOL, "lp_pool": POOL,
          "pointwise": POINTWISE, "softmax": SOFTMAX, "prelu": PRELU, "resample": RESAMPLE,
          "permute": PERMUTE, "group_norm": GROUP_NORM, "affine": AFFINE, "fan": FAN,
          "batch_norm": BATCH_NORM, "merge": MERGE, "concatenate": MERGE, "noise": NOISE}


cdef bint make_operation(Operation* op, dict settings, bint training,
                         const real* which) except False:
    """Fill a zeroed operation from its instruction; `free_operation` frees what it holds."""
    op.kind = _KINDS[settings["kind"]]
    op.inputs = settings["inputs"]
    op.outputs = settings["outputs"]
    op.forward = settings.get("forward", False)
    op.backward = settings.get("backward", False)
    op.relu = settings.get("relu", False)
    op.relu_input = settings.get("relu_input", False)
    op.input_gradient = settings.get("input_gradient", False)
    op.x = settings["x"]
    op.y = settings["y"]
    op.weight = settings.get("weight", 0)
    op.weights = settings.get("weights", 0)
    op.biases = settings.get("biases", 0)
    op.trained = settings.get("trained", False)
    op.block = BLOCK
    if op.weights:
        make_holding(&op.weight_held, settings["weights_held"])
        op.row = op.weights // settings["rows"]
        if of_rows(&op.weight_held.constraint):
            op.block = max(1, BLOCK // op.row) * op.row
    if op.biases:
        make_holding(&op.bias_held, settings["biases_held"])
    op.work = op.outputs
    if op.kind == CONV:
        op.work = make_conv_plan(&op.conv, settings, training, which)
        op.slotted = op.conv.gradient.parameters if op.trained else 0
    elif op.kind == DENSE:
        op.dense.gradient = make_dense_gradient(op.inputs, op.outputs, which)
        if settings.get("mask") is not None:
            # an array that the caller keeps alive
            op.dense.mask = <const unsigned char*><uintptr_t>settings["mask"].ctypes.data
        op.work = op.inputs * op.outputs
    elif op.kind == LOCAL_CONV:
        op.work = make_local_plan(&op.local, settings, which)
    elif op.kind == POOL:
        op.work = make_pool_plan(&op.pool, settings, training)
    elif op.kind == POINTWISE:
        op.pointwise.function = _FUNCTIONS[settings["function"]]
        op.pointwise.parameter = settings["parameter"]
        op.pointwise.from_input = settings["function"] in _FROM_INPUT
        op.work = 8 * op.outputs
    elif op.kind == SOFTMAX:
        op.softmax.channels = settings["channels"]
        op.softmax.positions = op.outputs // op.softmax.channels
        op.softmax.logarithm = settings["logarithm"]
        op.work = 16 * op.outputs
    elif op.kind == PRELU:
        op.slopes = make_slopes(op.inputs, settings["channels"], op.weights)
        op.slotted = op.weights if op.trained else 0
    elif op.kind == RESAMPLE:
        op.work = make_resample_plan(&op.resample, settings, training, which)
    elif op.kind == PERMUTE:
        op.permute.order = make_permutation(settings["order"])
        op.permute.inverse = make_permutation(settings["inverse"])
    elif op.kind == GROUP_NORM:
        op.groups = make_groups(op.inputs, settings["blocks"], settings["groups"],
                                settings["channels"], settings["epsilon"], settings["scales"],
                                settings["shifts"])
        op.slotted = groups_parameters(&op.groups) if op.trained else 0
        op.work = 8 * op.outputs
    elif op.kind == BATCH_NORM:
        make_batch_norm_plan(&op.batch_norm, settings, op.inputs)
        op.work = 8 * op.inputs
    elif op.kind == NOISE:
        op.work = make_noise_plan(&op.noise, settings)
    elif op.kind == FAN or op.kind == MERGE:
        make_several(&op.several, settings["several"], settings["wanted"], settings["sizes"])
        if op.kind == MERGE:
            make_merge_plan(&op.merge, settings)
    else:
        make_affine(&op.affine, settings["affine"])
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
    free_conv_plan(&op.conv)
    free_local_conv(&op.local)
    free_pool_plan(&op.pool)
    free_batch_norm_plan(&op.batch_norm)
    free_several(&op.several)


cdef ptrdiff_t saved_size(const Operation* op, const real* which) noexcept nogil:
    """Elements of a frame that a chunk keeps from its forward pass beside y."""
    if op.conv.pools:
        return argmax_size(&op.conv.pool, which)
    if op.batch_norm.pools:
        return argmax_size(&op.batch_norm.pool, which)
    if op.kind == NOISE:
        return noise_size(&op.noise, which)
    return argmax_size(&op.pool, which) if op.kind == POOL else 0


cdef ptrdiff_t scratch_size(const Operation* op, const real* which) noexcept nogil:
    """What any pass of the operation needs beside its operands, in elements."""
    if op.kind == CONV:
        return max(conv_plan_scratch(&op.conv, which), 2 * op.block)
    if op.kind == DENSE:
        return dense_plan_scratch(&op.dense, which)
    if op.kind == POOL:
        return pool_plan_scratch(&op.pool, which)
    if op.kind == PRELU:
        return max(slopes_scratch(&op.slopes), 2 * op.block)
    if op.kind == GROUP_NORM:
        return max(groups_scratch(&op.groups), 2 * op.block)
    if op.kind == MERGE or op.kind == FAN:
        return merge_plan_scratch(&op.several, which)
    if op.kind == BATCH_NORM:
        return max(batch_norm_plan_scratch(&op.batch_norm, which), 2 * op.block)
    return resample_plan_scratch(&op.resample, which) if op.kind == RESAMPLE else 0


cdef void forward_part(
        const Operation* op,
        const real* parameters,     # IN   flat
        const real* packed,         # IN   CONV, DENSE: weights
        const real* x,              # IN   (inputs, LANES)
        real* y,                    # OUT  (outputs, LANES): this part is overwritten
        void* saved,                # OUT  of a max pooling: the argmax, like y, or NULL
        ptrdiff_t part, ptrdiff_t parts, real* scratch) noexcept nogil:
    cdef const real* weight = parameters + op.weight
    cdef const real* bias = weight + op.weights if op.biases else NULL
    cdef ptrdiff_t first = part * op.outputs // parts * LANES
    cdef ptrdiff_t end = (part + 1) * op.outputs // parts * LANES
    if op.kind == CONV:
        conv_forward_rows(&op.conv, x, packed, bias, y, saved, part, parts, scratch)
    elif op.kind == LOCAL_CONV:
        local_conv_forward_chunk(&op.local, x, packed, bias, y, scratch)
    elif op.kind == DENSE:
        dense_forward_chunk(&op.dense, packed, bias, op.relu, x, y)
    elif op.kind == POOL:
        pool_forward_rows(&op.pool, x, y, saved, part, parts, scratch)
    elif op.kind == POINTWISE:
        pointwise_forward_chunk(op.pointwise.function, op.pointwise.parameter, end - first,
                                x + first, y + first)
    elif op.kind == SOFTMAX:
        softmax_forward_chunk(op.softmax.logarithm, op.softmax.positions, op.softmax.channels, x, y)
    elif op.kind == PRELU:
        prelu_forward_chunk(&op.slopes, x, weight, y)
    elif op.kind == RESAMPLE:
        resample_rows(&op.resample.resampling, x, y, part, parts, scratch)
    elif op.kind == PERMUTE:
        permute_rows(&op.permute.order, x, y, part, parts)
    elif op.kind == GROUP_NORM:
        group_norm_forward_chunk(&op.groups, x, weight, y, scratch)
    else:
        affine_forward_chunk(&op.affine, op.outputs, x, y)


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
    cdef ptrdiff_t first = part * op.outputs // parts * LANES
    cdef ptrdiff_t end = (part + 1) * op.outputs // parts * LANES
    if op.kind == CONV:
        conv_backward_input_rows(&op.conv, dy, packed, positive, dx, part, parts, scratch)
    elif op.kind == LOCAL_CONV:
        local_conv_backward_input_chunk(&op.local, dy, parameters + op.weight, positive, dx,
                                        scratch)
    elif op.kind == DENSE:
        dense_backward_input_chunk(&op.dense, packed, positive, dy, dx, scratch)
    elif op.kind == POOL:
        pool_backward(&op.pool, x, y, saved, dy, dx, scratch)
    elif op.kind == POINTWISE:
        pointwise_backward_chunk(op.pointwise.function, op.pointwise.parameter, end - first,
                                 dy + first, (x if op.pointwise.from_input else y) + first,
                                 dx + first)
    elif op.kind == SOFTMAX:
        softmax_backward_chunk(op.softmax.logarithm, op.softmax.positions, op.softmax.channels, dy,
                               y, dx)
    elif op.kind == PRELU:
        prelu_backward_input_chunk(&op.slopes, dy, x, parameters + op.weight, dx)
    elif op.kind == RESAMPLE:
        resample_rows(&op.resample.turned, dy, dx, part, parts, scratch)
    elif op.kind == PERMUTE:
        permute_rows(&op.permute.inverse, dy, dx, part, parts)
    elif op.kind == GROUP_NORM:
        group_norm_backward_chunk(&op.groups, dy, x, parameters + op.weight, LANES, 0, True,
                                  scratch, <real*>NULL, <real*>NULL, dx)
    else:
        affine_backward_chunk(&op.affine, op.outputs, dy, dx)
