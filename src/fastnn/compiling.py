"""From layers to instructions: what the compiled program of a network shall do.

Steps that a fusion made superfluous are left out; a 2-D convolution that a max pooling follows,
whose windows do not overlap from row to row, is one instruction, and so is a batch normalisation in
training. Where a value is read more than once, each reader gets a copy in name, whose gradients an
instruction "fan" sums.
"""

import math

import numpy as np

from fastnn._core.program import MOST_AXES, Program
from fastnn.layers.activation import Activation
from fastnn.layers.batch_norm import BatchNorm
from fastnn.layers.conv import Conv2D
from fastnn.layers.pool import MaxPool2D
from fastnn.losses import compiled
from fastnn.places import Places

READABLE = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.uint8)


def compile_program(net, route, loss, training):
    """Return the network's `Program`, or None where a layer or loss has no instruction."""
    if loss is not None and not compiled(loss):
        return None
    if max(map(len, (*net.input_shapes, *net.output_shapes))) > MOST_AXES:
        return None
    heads = [layer for head in net.heads for layer in head]
    if not all(map(_has_instruction, (*heads, *(step.stage for step in route.steps)))):
        return None
    sizes = list(map(math.prod, net.input_shapes))
    places = Places(*instructions(net, route, training), sizes, route.differentiated(), training)
    preprocessing = [
        [layer._instruction(layer.input_shape)["affine"] for layer in head] for head in net.heads
    ]
    return Program(
        places.instructions,
        places.values,
        places.outputs,
        list(net.input_shapes),
        list(net.output_shapes),
        preprocessing,
        net.parameters,
        net.gradients,
        net._steps,
        None if loss is None else loss.settings(net.output_shapes),
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


def instructions(net, route, training=True):
    """Return what a program does along this route, in order, and the values that come out.

    Each instruction is a dict of the settings of an operation. It reads the values `reads`, and
    makes the value `y`, both numbered as in the route. There is no noise but in training.
    """
    wanted = route.differentiated()
    shapes = dict(enumerate(net.input_shapes))  # preprocessing changes none
    found, same = {}, {}  # by step; values that another one stands for
    for i, (step, fused) in enumerate(zip(route.steps, route.fused, strict=True)):
        stage, given = step.stage, [shapes[value] for value in step.x]
        instruction = stage._instruction(*given)
        # an activation may have changed its place
        shapes[step.y] = given[0] if isinstance(stage, Activation) else stage.output_shape
        reads = [same.get(value, value) for value in step.x]
        if not instruction or (instruction["kind"] == "noise" and not training):
            same[step.y] = reads[0]
            continue
        instruction |= {
            "reads": reads,
            "y": step.y,
            "inputs": math.prod(given[0]),
            "outputs": math.prod(shapes[step.y]),
            "forward": fused.forward is not None,
            "backward": fused.backward is not None and step.y in wanted,
            "relu": bool(fused.forward and "relu_follows" in fused.forward),
            "relu_input": bool(fused.backward and "relu_precedes" in fused.backward),
            "input_gradient": not wanted.isdisjoint(step.x),
            "wanted": [value in wanted for value in step.x],
            "sizes": instruction.get("inners", [math.prod(shape) for shape in given]),
            "channels": shapes[step.y][-1] if stage.merges else instruction.get("channels", 0),
            "pool": None,
            "seed": net.seed,
            "call": step.call,
            **_parameters(net, stage),
        }
        before = route.before(i)
        if before in found and _pools_by_rows(route.steps[before].stage, stage, training):
            found[before] |= {"pool": instruction["window"], "y": step.y}
            found[before]["outputs"] = instruction["outputs"]
        elif instruction["forward"] or instruction["backward"]:
            found[i] = instruction
        else:
            same[step.y] = reads[0]
    return list(found.values()), [same.get(value, value) for value in route.outputs]


BIASES = "bias", "shift"  # parameters that stand behind the others of their layer


def _parameters(net, stage):
    """Where a stage's parameters stand in the flat vectors, and what happens to them there."""
    arrays = stage.parameters or {}
    found = {"weight": net.places.get(stage, 0), "trained": bool(arrays) and stage.trainable}
    for what in ("weights", "biases"):
        names = [name for name in arrays if (name in BIASES) == (what == "biases")]
        found[what] = sum(arrays[name].size for name in names)
        if names:
            found.setdefault("rows", stage.rows(names[0]))
            found[f"{what}_held"] = _held(stage, names[0])
    return found


def _held(layer, name):
    """What a parameter of a layer is drawn and held to: settings of a `_core/holding.pyx`."""
    regularizer, constraint = layer.regularizers.get(name), layer.constraints.get(name)
    return {
        "l1": regularizer.l1 if regularizer else 0.0,
        "l2": regularizer.l2 if regularizer else 0.0,
        "shared": regularizer.shared if regularizer else False,
        "constraint": constraint.name if constraint else "none",
        "limit": constraint.limit if constraint else 0.0,
        "decays": name in layer.connections,
    }


def _pools_by_rows(stage, pool, training):
    """Whether a stage can pool what it makes: no row of that lies in two rows of windows.

    Winograd's algorithm makes rows in pairs, which shall not lie in those windows either.
    """
    kinds = (Conv2D, BatchNorm) if training else (Conv2D,)
    if type(stage) not in kinds or type(pool) is not MaxPool2D:
        return False
    window = pool._window(pool.input_shape)
    winograd = type(stage) is Conv2D and stage.algorithm == "winograd"
    if winograd and (window.stride[0] % 2 or window.before[0] % 2):
        return False
    return pool.stride[0] > pool._how["dilation"][0] * (pool.size[0] - 1)


def source_array(x):
    """Return samples as an array that a program reads: float32, float64 or uint8, C-contiguous."""
    if x.dtype in READABLE and x.flags.c_contiguous and x.flags.aligned:
        return x
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind == "b":
        x = x.view(np.uint8)
    elif not (kind == "f" and size in (4, 8)) and x.dtype != np.uint8:
        x = x.astype(np.float32 if size <= 2 else np.float64)
    return np.require(x, x.dtype.newbyteorder("="), ["C", "A"])
