"""Which formulas belong to which layer: those of sums and activations, and all the short ones."""

import numpy as np

from fastnn import geometry, layers
from fastnn.layers.adaptive_pool import AdaptiveAveragePool
from fastnn.layers.conv import _Conv
from fastnn.layers.conv_transpose import _ConvTranspose
from fastnn.layers.global_pool import GlobalAveragePool, GlobalMaxPool
from fastnn.layers.local_conv import _LocallyConnected
from fastnn.layers.lp_pool import LpPool
from fastnn.layers.merging import Merge
from fastnn.layers.noise import Noise
from fastnn.layers.norm import Normalization
from fastnn.layers.pad import Pad, _Crop
from fastnn.layers.pool import AveragePool, MaxPool
from fastnn.layers.up_sample import _UpSample
from fastnn.twin import is_ours

from . import sums
from .activations import activation, prelu
from .notation import Block, each, total


def say(stage):
    """Return the blocks of an operation, forward and back."""
    for kind in type(stage.layer).__mro__ if is_ours(stage.layer) else ():
        if kind in SAID:
            return SAID[kind](stage)
    kind = type(stage.layer).__name__
    return _by_words(stage, f"{kind}(x)", f"∂a times the derivatives of {kind}")


def _by_words(stage, made, passed):
    forward = [stage.made(f"{stage.y_name} = {made}")]
    back = [stage.passed(passed.replace("∂a", stage.dy_name))] if stage.dx is not None else []
    learnt = [
        block
        for name in stage.gradients
        for block in stage.parameter(name, f"∂{name}, the gradient of its {name}", None)
    ]
    return forward, learnt + back


def _shape(stage):
    shape = f"in the shape {stage.x.shape}"
    return _by_words(stage, f"x, in the shape {stage.y.shape}", f"∂a, {shape}")


def _permute(stage):
    return _by_words(stage, "x, its axes in another order", "∂a, its axes in their old order")


def _pad(stage):
    layer = stage.layer
    mode = f'mode "{layer.mode}"' if layer.mode != "constant" else f"of {layer.value:g}"
    made = f"x with padding {layer.padding} around it, {mode}"
    return _by_words(stage, made, "Σ ∂a, over the places that hold it")


def _crop(stage):
    return _by_words(stage, f"x less {stage.layer.cropping} at its ends", "∂a, 0 where it was cut")


def _up_sample(stage):
    made = f'x, {stage.layer.scale} times as large, mode "{stage.layer.mode}"'
    return _by_words(stage, made, "Σ ∂a, over the places it went to, with the same factors")


def _noise(stage):
    made = f"x: {type(stage.layer).__name__} does nothing but in training"
    return _by_words(stage, made, "∂a")


def _rescale(stage):
    n, scale, offset = stage.notation, stage.layer.scale, stage.layer.offset
    letters = "scale·x" + (" + offset" if offset else "")

    def write(x):
        return total([n.product(scale, x)] + ([n.number(offset)] if offset else []))

    forward = [stage.made(f"a = {letters}", each(write, stage.x))]
    return forward, [stage.passed("scale·∂a", each(lambda d: n.product(scale, d), stage.dy))]


def _standardize(stage):
    n, x, layer = stage.notation, stage.x, stage.layer
    mean, spread = (np.broadcast_to(v, x.shape) for v in (layer.mean, layer.spread))
    written = each(lambda x, m, s: f"({n.difference(x, m)})/{n.number(s)}", x, mean, spread)
    back = each(lambda d, s: f"{n.number(d)}/{n.number(s)}", stage.dy, spread)
    forward = [stage.made("a = (x - mean)/spread, as learnt from data", written)]
    return forward, [stage.passed("∂a/spread", back)]


def _batch_norm(stage):
    n, x, layer = stage.notation, stage.x, stage.layer
    root = np.broadcast_to(np.sqrt(layer.running_variance + layer.epsilon), x.shape)
    mean = np.broadcast_to(layer.running_mean, x.shape)
    scale = np.broadcast_to(1.0 if layer.scale is None else layer.scale, x.shape)
    shift = np.broadcast_to(0.0 if layer.shift is None else layer.shift, x.shape)

    def write(x, mean, root, scale, shift):
        term = f"({n.difference(x, mean)})/{n.number(root)}"
        if layer.scale is not None:
            term += f"·{n.factor(scale)}"
        return total([term] + ([] if layer.shift is None else [n.number(shift)]))

    learnt = "" if layer.scale is None else "·scale"
    letters = "a = (x - mean)/√(variance + ε)" + learnt
    letters += "" if layer.shift is None else " + shift"
    letters += "; running mean and variance, as in prediction"
    forward = [stage.made(letters, each(write, x, mean, root, scale, shift))]

    def write_back(d, scale, root):
        top = n.number(d) if layer.scale is None else n.product(d, scale)
        return f"{top}/{n.number(root)}"

    back = each(write_back, stage.dy, scale, root)
    return forward, [
        *stage.parameter("scale", "∂scale = Σ ∂a (x - mean)/√(variance + ε), over positions", None),
        *stage.parameter("shift", "∂shift = Σ ∂a, over positions", None),
        stage.passed(f"∂a{learnt}/√(variance + ε)", back),
    ]


def _norm(stage):
    learnt = stage.layer.parameters
    scaled = "·scale" if "scale" in learnt else ""
    shifted = " + shift" if "shift" in learnt else ""
    u = "u = (x - mean)/√(variance + ε)"
    over = f"mean and variance of what {type(stage.layer).__name__} takes together"
    forward = [stage.made(f"a = u{scaled}{shifted}, {u}, {over}")]
    return forward, [
        *stage.parameter("scale", "∂scale = Σ ∂a u, over positions", None),
        *stage.parameter("shift", "∂shift = Σ ∂a, over positions", None),
        stage.passed(f"(g - mean g - u·mean(g u))/√(variance + ε), g = ∂a{scaled}"),
    ]


def _pool(stage):
    layer = stage.layer
    window = layer._window(stage.x.shape)
    if isinstance(layer, MaxPool | GlobalMaxPool):
        return sums.max_pool(stage, window)
    if isinstance(layer, LpPool):
        made = f"(Σ |x|^p)^(1/p) of each window, p = {stage.notation.number(layer.p)}"
        return _by_words(stage, made, "Σ ∂a sign(x) (|x|/a)^(p - 1), over the windows that hold it")
    how = getattr(layer, "_how", {})
    return sums.average_pool(stage, window, how.get("count_include_pad", False))


def _adaptive_pool(stage):
    layer = stage.layer
    return sums.average_pool(
        stage, geometry.adaptive(layer.label, stage.x.shape[:-1], layer.output_size)
    )


MERGED = {  # by function: how it is written, and the gradient of each of what it reads
    "add": ("the sum of what it reads", "∂a"),
    "subtract": ("what it reads first, less what it reads second", "∂a, of the second -∂a"),
    "multiply": ("the product of what it reads", "∂a times all others"),
    "average": ("the mean of what it reads", "∂a divided by how many it reads"),
    "maximum": ("the largest of what it reads", "∂a where it is the largest, else 0"),
    "minimum": ("the smallest of what it reads", "∂a where it is the smallest, else 0"),
    "concatenate": ("what it reads, one behind the other", "∂a, where it came from"),
}


def _merge(stage):
    function = stage.layer.function
    made, passed = MERGED[function]
    written = None
    if len({x.shape for x in stage.xs}) == 1 and function != "concatenate":
        written = each(lambda *values: _merged(stage.notation, function, values), *stage.xs)
    forward = [stage.made(f"a = {made}", written)]
    return forward, [
        Block(f"∂x({k + 1})", f"∂x({k + 1}) = {passed}", dx) for k, dx in enumerate(stage.dxs)
    ]


def _merged(n, function, values):
    numbers = [n.number(value) for value in values]
    if function == "subtract":
        return n.difference(*values)
    if function == "multiply":
        return n.product(*values)
    if function in ("add", "average"):
        added = total(numbers)
        return added if function == "add" else f"({added})/{len(values)}"
    return f"{function[:3]}({', '.join(numbers)})"


SAID = {
    layers.Dense: sums.dense,
    _Conv: sums.conv,
    _LocallyConnected: sums.conv,
    _ConvTranspose: sums.conv_transpose,
    MaxPool: _pool,
    AveragePool: _pool,
    LpPool: _pool,
    GlobalMaxPool: _pool,
    GlobalAveragePool: _pool,
    AdaptiveAveragePool: _adaptive_pool,
    layers.Activation: activation,
    layers.PReLU: prelu,
    layers.BatchNorm: _batch_norm,
    Normalization: _norm,
    Noise: _noise,
    layers.Rescale: _rescale,
    layers.Standardize: _standardize,
    layers.Flatten: _shape,
    layers.Reshape: _shape,
    layers.Permute: _permute,
    Pad: _pad,
    _Crop: _crop,
    _UpSample: _up_sample,
    Merge: _merge,
}
