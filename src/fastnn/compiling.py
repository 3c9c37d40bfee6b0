"""From layers to instructions: what the compiled program of a network shall do.

Stages that a fusion made superfluous are left out; a 2-D convolution that a max pooling follows,
whose windows do not overlap from row to row, is one instruction.
"""

import math

import numpy as np

from fastnn._core.pointwise import FROM_INPUT
from fastnn._core.program import MOST_AXES, Program
from fastnn.functional._losses import loss_settings
from fastnn.layers.activation import Activation
from fastnn.layers.conv import Conv2D
from fastnn.layers.pool import MaxPool2D
from fastnn.layers.prelu import PReLU
from fastnn.layers.weighted import WeightedLayer
from fastnn.losses import compiled

READABLE = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.uint8)
IN_PLACE = "pointwise", "affine"  # y takes the place of x


def compile_program(net, stages, loss, training):
    """Return the network's `Program`, or None where a layer or loss has no instruction."""
    if loss is not None and not compiled(loss):
        return None
    if max(len(net.input_shape), len(net.output_shape)) > MOST_AXES:
        return None
    if not all(map(_has_instruction, (*net.head, *stages))):
        return None
    program = instructions(net, stages)
    sizes = _place(program, math.prod(net.input_shape), training)
    if loss is not None:
        loss = loss_settings(loss.name, net.output_shape, **loss.options)
    preprocessing = [layer._instruction(net.input_shape)["affine"] for layer in net.head]
    return Program(
        program,
        sizes,
        net.input_shape,
        net.output_shape,
        preprocessing,
        net.parameters,
        net.gradients,
        loss,
        training,
    )


def _has_instruction(layer):
    """Whether a layer has an instruction of its very passes, which a subclass may have changed."""
    kind = type(layer)

    def owner(attribute):
        return next(base for base in kind.__mro__ if attribute in vars(base))

    own = owner("_instruction")
    methods = ("_forward", "_backward", "apply", "slope")
    return own._instruction is not None and all(
        issubclass(own, owner(method)) for method in methods if hasattr(kind, method)
    )


def instructions(net, stages):
    """Return what a program does for these stages, in order: settings of its operations."""
    first = next((i for i, stage in enumerate(stages) if stage.parameters), len(stages))
    shape, found = net.input_shape, []
    for layer in net.head:
        shape = layer.output_shape
    stages = list(stages)
    for i, (stage, fused) in enumerate(zip(stages, net.fused, strict=False)):
        instruction = stage._instruction(shape)
        inputs = math.prod(shape)
        if not isinstance(stage, Activation):  # which may have changed its place
            shape = stage.output_shape
        if not instruction:
            continue
        instruction |= {
            "inputs": inputs,
            "outputs": math.prod(shape),
            "forward": fused.forward is not None,
            "backward": fused.backward is not None and i >= first,
            "relu": bool(fused.forward and "relu_follows" in fused.forward),
            "relu_input": bool(fused.backward and "relu_precedes" in fused.backward),
            "input_gradient": i > first,
            "pool": None,
            "weight": net.places.get(stage, 0),
            "weights": 0,
            "biases": 0,
        }
        if isinstance(stage, WeightedLayer):
            instruction["weights"] = stage.weight.size
            instruction["biases"] = 0 if stage.bias is None else stage.bias.size
        if isinstance(stage, PReLU):
            instruction["weights"] = stage.slope.size
        before = stages[i - 1] if i else None
        if type(stage) is MaxPool2D and type(before) is Conv2D and _row_by_row(before, stage):
            found[-1] |= {"pool": instruction["window"], "outputs": math.prod(shape)}
        elif instruction["forward"] or instruction["backward"]:
            found.append(instruction)
    return found


def _row_by_row(convolution, pool):
    """Whether no row of the input lies in the windows of two rows of the output.

    Winograd's algorithm makes rows in pairs, which shall not lie in those windows either.
    """
    window = pool._window(pool.input_shape)
    if convolution.algorithm == "winograd" and (window.stride[0] % 2 or window.before[0] % 2):
        return False
    return pool.stride[0] > pool._how["dilation"][0] * (pool.size[0] - 1)


def _place(instructions, inputs, training):
    """Number the values that instructions read and write; return the values' sizes."""
    sizes, kept = [inputs], False
    for instruction in instructions:
        instruction["x"] = instruction["y"] = len(sizes) - 1
        from_input = instruction.get("function") in FROM_INPUT
        # backward, an activation needs its output, or its input: then nothing takes that place
        kept = training and (kept or from_input)
        if instruction["forward"] and (instruction["kind"] not in IN_PLACE or kept):
            sizes.append(instruction["outputs"])
            instruction["y"] = len(sizes) - 1
        kept = instruction["kind"] in ("pointwise", "softmax") and not from_input
    return sizes


def source_array(x):
    """Return samples as an array that a program reads: float32, float64 or uint8, C-contiguous."""
    if x.dtype in READABLE and x.flags.c_contiguous:
        return x
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind == "b":
        x = x.view(np.uint8)
    elif not (kind == "f" and size in (4, 8)) and x.dtype != np.uint8:
        x = x.astype(np.float32 if size <= 2 else np.float64)
    return np.ascontiguousarray(x, x.dtype.newbyteorder("="))
