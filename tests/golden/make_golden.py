"""Write pytorch.npz: what PyTorch computes in float64, for fastnn to agree with (see README.md)."""

import functools
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

CONV = (F.conv1d, F.conv2d, F.conv3d)
CONV_TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
MAX_POOL = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
AVERAGE_POOL = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
ADAPTIVE_MAX = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
ADAPTIVE_AVERAGE = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
LP_POOL = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)

CONV_CASES = [
    # name, spatial, in channels, filters, kernel, options
    ("conv1d", (6,), 2, 3, (3,), {}),
    ("conv1d-all", (11,), 4, 6, (3,), {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}),
    ("conv2d", (5, 6), 1, 3, (3, 3), {}),
    ("conv2d-stride", (7, 6), 3, 2, (3, 2), {"stride": [2, 1]}),
    ("conv2d-padding", (4, 5), 2, 3, (3, 3), {"padding": [1, 2]}),
    ("conv2d-dilation", (8, 7), 2, 2, (3, 2), {"dilation": [2, 3]}),
    ("conv2d-groups", (5, 5), 6, 4, (2, 3), {"groups": 2}),
    ("conv2d-depthwise", (5, 6), 3, 3, (3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    ("conv2d-all", (9, 8), 4, 4, (3, 3), {"stride": 2, "padding": 3, "dilation": 2, "groups": 2}),
    ("conv3d", (4, 3, 5), 2, 2, (2, 2, 3), {}),
    (
        "conv3d-all",
        (5, 4, 6),
        2,
        4,
        (2, 2, 2),
        {"stride": [1, 2, 2], "padding": [1, 0, 1], "dilation": [2, 1, 2], "groups": 2},
    ),
]

WINOGRAD_CASES = [
    ("conv2d-winograd", (4, 5), 32, 33, (3, 3), {"padding": [1, 2]}),
]

TRANSPOSED_CASES = [
    ("conv_transpose1d", (5,), 2, 3, (3,), {}),
    (
        "conv_transpose1d-all",
        (6,),
        4,
        6,
        (3,),
        {"stride": 3, "padding": 2, "output_padding": 2, "dilation": 2, "groups": 2},
    ),
    ("conv_transpose2d", (4, 3), 1, 3, (3, 2), {}),
    ("conv_transpose2d-stride", (3, 4), 3, 2, (3, 2), {"stride": [2, 3]}),
    ("conv_transpose2d-dilation", (3, 4), 2, 2, (3, 2), {"dilation": [2, 3], "padding": [1, 2]}),
    ("conv_transpose2d-depthwise", (4, 3), 3, 3, (3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    (
        "conv_transpose2d-all",
        (4, 3),
        4,
        6,
        (3, 3),
        {"stride": 2, "padding": 1, "output_padding": [1, 0], "dilation": 2, "groups": 2},
    ),
    (
        "conv_transpose3d-all",
        (3, 2, 3),
        2,
        4,
        (2, 2, 2),
        {"stride": [1, 2, 2], "padding": [1, 0, 1], "dilation": [2, 1, 2], "groups": 2},
    ),
]

MAX_POOL_CASES = [
    # name, spatial, size, options
    ("max_pool1d", (7,), 2, {}),
    ("max_pool1d-all", (11,), 3, {"stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True}),
    ("max_pool2d", (6, 7), 2, {}),
    ("max_pool2d-ceil", (5, 7), [2, 3], {"stride": [2, 2], "ceil_mode": True}),
    ("max_pool2d-padding", (5, 6), 3, {"stride": [1, 2], "padding": 1}),
    ("max_pool2d-all", (8, 9), 3, {"stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True}),
    ("max_pool3d", (4, 5, 4), 2, {"stride": [1, 2, 2]}),
    ("max_pool3d-all", (5, 5, 4), 2, {"padding": 1, "stride": 2, "ceil_mode": True}),
]

AVERAGE_POOL_CASES = [
    # name, spatial, size, options
    ("average_pool1d", (7,), 2, {}),
    ("average_pool1d-all", (8,), 3, {"stride": 2, "padding": 1, "ceil_mode": True}),
    ("average_pool2d", (6, 7), [2, 3], {"stride": [2, 1]}),
    ("average_pool2d-padding", (5, 6), 3, {"stride": 2, "padding": 1}),
    ("average_pool2d-all", (6, 7), 3, {"stride": [2, 3], "padding": 1, "ceil_mode": True}),
    ("average_pool3d", (4, 5, 4), 2, {"stride": [1, 2, 3]}),
    ("average_pool3d-all", (5, 4, 6), 3, {"stride": 2, "padding": 1, "ceil_mode": True}),
]

ADAPTIVE_POOL_CASES = [
    # name, spatial, output
    ("adaptive_average_pool1d", (7,), 3),
    ("adaptive_average_pool1d-more", (3,), 5),
    ("adaptive_average_pool2d", (7, 9), [3, 4]),
    ("adaptive_average_pool2d-mixed", (5, 4), [2, 9]),
    ("adaptive_average_pool3d", (4, 5, 6), [3, 2, 4]),
]

LP_POOL_CASES = [
    # name, spatial, size, options; PyTorch's ceil_mode makes more of a clipped window
    ("lp_pool1d", (7,), 2, {}),
    ("lp_pool1d-power", (9,), 3, {"p": 1.5, "stride": 2}),
    ("lp_pool2d", (6, 7), [2, 3], {"stride": [2, 1]}),
    ("lp_pool2d-sum", (6, 7), 2, {"p": 1}),
    ("lp_pool2d-cube", (5, 6), 3, {"p": 3, "stride": 1}),
    ("lp_pool3d", (4, 5, 4), 2, {"stride": [1, 2, 2]}),
    ("lp_pool3d-power", (4, 4, 3), 2, {"p": 4.25}),
]

RNG = np.random.default_rng(20240)


def integers(*shape, low=-4, high=5):
    return RNG.integers(low, high, shape).astype(np.float64)


def halves(*shape):
    return integers(*shape) / 2


def leaf(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def channels_first(array):
    """fastnn's `(N, *spatial, C)` and `(out, *kernel, in)` to PyTorch's order, as a leaf."""
    return leaf(np.moveaxis(array, -1, 1).copy())


def channels_last(tensor):
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


def call(function, arguments, returns, **options):
    return {
        "function": function,
        "arguments": arguments,
        "options": options,
        "returns": returns,
    }


def dense_cases():
    x, weight, bias, dy = integers(3, 5), halves(4, 5), integers(4), integers(3, 4)
    tensors = [leaf(array) for array in (x, weight, bias)]
    y = F.linear(*tensors)
    dx, dweight, dbias = torch.autograd.grad(y, tensors, torch.tensor(dy))
    calls = [
        call("dense_forward", ["x", "weight", "bias"], ["y"]),
        call("dense_backward_input", ["dy", "weight"], ["dx"]),
        call("dense_backward_weights", ["x", "dy"], ["dweight", "dbias"]),
    ]
    arrays = {"x": x, "weight": weight, "bias": bias, "dy": dy}
    tensors = {"y": y, "dx": dx, "dweight": dweight, "dbias": dbias}
    yield "dense", calls, arrays | {name: tensor.detach() for name, tensor in tensors.items()}


def conv_cases(cases=CONV_CASES, **algorithm):
    for name, spatial, channels, filters, kernel, options in cases:
        x, bias = integers(2, *spatial, channels), integers(filters)
        weight = halves(filters, *kernel, channels // options.get("groups", 1))
        tensors = [channels_first(x), channels_first(weight), leaf(bias)]
        y = CONV[len(spatial) - 1](*tensors, **options)
        dy = integers(*channels_last(y).shape)
        gradients = torch.autograd.grad(y, tensors, channels_first(dy))
        arrays = {"x": x, "weight": weight, "bias": bias, "dy": dy, "y": channels_last(y)}
        arrays["dx"], arrays["dweight"] = map(channels_last, gradients[:2])
        arrays["dbias"] = gradients[2].numpy()
        size, how = {"value": kernel}, options | algorithm
        yield (
            name,
            [
                call("conv_forward", ["x", "weight", "bias"], ["y"], **how),
                call("conv_backward_input", ["dy", "weight", {"shape_of": "x"}], ["dx"], **how),
                call("conv_backward_weights", ["x", "dy", size], ["dweight", "dbias"], **options),
            ],
            arrays,
        )


def winograd_cases():
    yield from conv_cases(WINOGRAD_CASES, algorithm="winograd")


def transposed_cases():
    for name, spatial, channels, filters, kernel, options in TRANSPOSED_CASES:
        groups = options.get("groups", 1)
        x, bias = integers(2, *spatial, channels), integers(filters)
        weight = leaf(halves(filters, *kernel, channels // groups))
        parts = torch.movedim(weight, -1, 0).chunk(groups, dim=1)
        tensors = [channels_first(x), weight, leaf(bias)]
        # (in / groups, out / groups, *kernel) of every group, one after the other
        y = CONV_TRANSPOSE[len(spatial) - 1](tensors[0], torch.cat(parts), tensors[2], **options)
        dy = integers(*channels_last(y).shape)
        gradients = torch.autograd.grad(y, tensors, channels_first(dy))
        arrays = {"x": x, "weight": weight.detach(), "bias": bias, "dy": dy, "y": channels_last(y)}
        arrays["dx"] = channels_last(gradients[0])
        arrays["dweight"], arrays["dbias"] = (gradient.numpy() for gradient in gradients[1:])
        calls = [
            ("forward", ["x", "weight", "bias"], ["y"]),
            ("backward_input", ["dy", "weight", {"shape_of": "x"}], ["dx"]),
            ("backward_weights", ["x", "dy", {"value": kernel}], ["dweight", "dbias"]),
        ]
        calls = [call(f"conv_transpose_{which}", *told, **options) for which, *told in calls]
        yield name, calls, arrays


def max_pool_cases():
    for name, spatial, size, options in MAX_POOL_CASES:
        x = integers(2, *spatial, 3)  # ties abound
        tensor = channels_first(x)
        y, argmax = MAX_POOL[len(spatial) - 1](tensor, size, **options, return_indices=True)
        dy = integers(*channels_last(y).shape)
        (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
        arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
        arrays["argmax"] = channels_last(argmax)
        yield (
            name,
            [
                call("max_pool_forward", ["x", {"value": size}], ["y", "argmax"], **options),
                call("max_pool_backward", ["dy", "argmax", {"shape_of": "x"}], ["dx"]),
            ],
            arrays,
        )


def average_pool_cases():
    for name, spatial, size, options in AVERAGE_POOL_CASES:
        for count in (False, True):
            settings = {**options, "count_include_pad": count}
            x = integers(2, *spatial, 3)
            tensor = channels_first(x)
            y = AVERAGE_POOL[len(spatial) - 1](tensor, size, **settings)
            dy = integers(*channels_last(y).shape)
            (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
            arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
            backward = ["dy", {"shape_of": "x"}, {"value": size}]
            yield (
                f"{name}-count" if count else name,
                [
                    call("average_pool_forward", ["x", {"value": size}], ["y"], **settings),
                    call("average_pool_backward", backward, ["dx"], **settings),
                ],
                arrays,
            )


def activation_cases():
    functions = {
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "softmax": lambda x: torch.softmax(x, -1),
    }
    for name, function in functions.items():
        x, dy = halves(3, 2, 7), integers(3, 2, 7)
        x[0, 0, :4] = [-40, 40, 0, 18.5]
        tensor = leaf(x)
        y = function(tensor)
        (dx,) = torch.autograd.grad(y, [tensor], torch.tensor(dy))
        calls = [
            call(f"{name}_forward", ["x"], ["y"]),
            call(f"{name}_backward", ["dy", "y"], ["dx"]),
        ]
        yield name, calls, {"x": x, "dy": dy, "y": y.detach(), "dx": dx}


def more_activation_cases():
    functions = [
        # name, function, what backward takes, PyTorch, options
        ("leaky_relu", "leaky_relu", "y", F.leaky_relu, {}),
        ("leaky_relu-slope", "leaky_relu", "y", lambda x: F.leaky_relu(x, 0.25), {"slope": 0.25}),
        ("relu6", "relu6", "y", F.relu6, {}),
        # the gradient of F.hardsigmoid has a sixth of float32
        ("hard_sigmoid", "hard_sigmoid", "y", lambda x: F.relu6(x + 3) / 6, {}),
        ("hard_swish", "hard_swish", "x", F.hardswish, {}),
        ("elu", "elu", "x", F.elu, {}),
        ("elu-alpha", "elu", "x", lambda x: F.elu(x, 2.5), {"alpha": 2.5}),
        ("selu", "selu", "x", F.selu, {}),
        # PyTorch's threshold would make it a ReLU from 20 on
        ("softplus", "softplus", "y", lambda x: F.softplus(x, 1, 1000), {}),
        ("softplus-beta", "softplus", "y", lambda x: F.softplus(x, 3, 1000), {"beta": 3}),
        ("softsign", "softsign", "x", F.softsign, {}),
        ("gelu", "gelu", "x", F.gelu, {}),
        (
            "gelu-tanh",
            "gelu",
            "x",
            lambda x: F.gelu(x, approximate="tanh"),
            {"approximate": "tanh"},
        ),
        ("silu", "silu", "x", F.silu, {}),
        ("mish", "mish", "x", F.mish, {}),
        ("log_softmax", "log_softmax", "y", lambda x: F.log_softmax(x, -1), {}),
    ]
    rng = np.random.default_rng(7)  # its own: the other cases stay as they are
    for name, function, kept, pytorch, options in functions:
        x, dy = rng.integers(-4, 5, (3, 2, 7)) / 2, rng.integers(-4, 5, (3, 2, 7)).astype(float)
        x[0, 0, :4] = [-40, 40, -5.5, 18.5]
        tensor = leaf(x)
        y = pytorch(tensor)
        (dx,) = torch.autograd.grad(y, [tensor], torch.tensor(dy))
        calls = [
            call(f"{function}_forward", ["x"], ["y"], **options),
            call(f"{function}_backward", ["dy", kept], ["dx"], **options),
        ]
        yield name, calls, {"x": x, "dy": dy, "y": y.detach(), "dx": dx}
    for name, slopes in [("prelu", 3), ("prelu-one", 1)]:
        x, dy = rng.integers(-4, 5, (4, 2, 3)) / 2, rng.integers(-4, 5, (4, 2, 3)).astype(float)
        slope = rng.integers(-3, 4, slopes) / 4
        tensor, weight = channels_first(x), leaf(slope)
        y = F.prelu(tensor, weight)
        dx, dslope = torch.autograd.grad(y, [tensor, weight], channels_first(dy))
        calls = [
            call("prelu_forward", ["x", "slope"], ["y"]),
            call("prelu_backward_input", ["dy", "x", "slope"], ["dx"]),
            call("prelu_backward_weights", ["x", "dy", {"shape_of": "slope"}], ["dslope"]),
        ]
        arrays = {"x": x, "dy": dy, "slope": slope, "dslope": dslope}
        yield name, calls, arrays | {"y": channels_last(y), "dx": channels_last(dx)}


def merge_cases():
    functions = {
        "add": sum,
        "subtract": lambda xs: xs[0] - xs[1],
        "multiply": lambda xs: torch.stack(xs).prod(0),
        "average": lambda xs: torch.stack(xs).mean(0),
        "maximum": lambda xs: functools.reduce(torch.maximum, xs),
        "minimum": lambda xs: functools.reduce(torch.minimum, xs),
        "concatenate": lambda xs: torch.cat(xs, -1),
        "concatenate-axis": lambda xs: torch.cat(xs, 1),
    }
    rng = np.random.default_rng(11)  # its own: the other cases stay as they are
    for name, function in functions.items():
        count = 2 if name == "subtract" else 3
        shapes = [(4, 2, 3)] * count
        if name.startswith("concatenate"):
            shapes = [(4, 2, 1), (4, 2, 4)] if name == "concatenate" else [(4, 1, 3), (4, 5, 3)]
        # all different: PyTorch gives each of equal numbers a share
        numbers = rng.permutation(sum(map(math.prod, shapes))) / 2 - 9
        xs = [part.reshape(s) for part, s in zip(split(numbers, shapes), shapes, strict=True)]
        tensors = [leaf(x) for x in xs]
        y = function(tensors)
        dy = rng.integers(-4, 5, tuple(y.shape)).astype(float)
        gradients = torch.autograd.grad(y, tensors, torch.tensor(dy))
        names, dnames = ([f"{d}x{i}" for i in range(len(xs))] for d in ("", "d"))
        options = {"axis": 1} if name == "concatenate-axis" else {}
        operation = name.removesuffix("-axis")
        calls = [
            call(f"{operation}_forward", [names], ["y"], **options),
            call(f"{operation}_backward", ["dy", names], dnames, **options),
        ]
        arrays = dict(zip(names + dnames, [*xs, *gradients], strict=True))
        yield name, calls, arrays | {"dy": dy, "y": y.detach()}


def split(numbers, shapes):
    """The numbers in stretches as long as arrays of these shapes."""
    return np.split(numbers, np.cumsum([math.prod(shape) for shape in shapes])[:-1])


def pad_cases(rng):
    """F.pad names the last axis first."""
    cases = [
        # name, spatial, padding, fastnn's mode, PyTorch's, value
        ("pad1d", (5,), [[2, 3]], "constant", "constant", -1.5),
        ("pad1d-circular", (4,), [[3, 4]], "circular", "circular", 0),
        ("pad2d-reflect", (4, 5), [[1, 3], [0, 2]], "reflect", "reflect", 0),
        ("pad2d-edge", (3, 4), [[2, 0], [1, 5]], "edge", "replicate", 0),
        ("pad3d-reflect", (3, 4, 2), [[1, 2], [0, 3], [1, 0]], "reflect", "reflect", 0),
    ]
    for name, spatial, padding, mode, pytorch_mode, value in cases:
        x = rng.integers(-4, 5, (2, *spatial, 2)) / 1.0
        tensor, pad = channels_first(x), [n for pair in reversed(padding) for n in pair]
        y = F.pad(tensor, pad, pytorch_mode, value or None)
        dy = rng.integers(-4, 5, channels_last(y).shape) / 1.0
        (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
        how, amount = {"mode": mode}, {"value": padding}
        calls = [
            call("pad_forward", ["x", amount], ["y"], **how, **({"value": value} if value else {})),
            call("pad_backward", ["dy", {"shape_of": "x"}, amount], ["dx"], **how),
        ]
        arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
        yield name, calls, arrays


def padded_conv_cases(rng):
    """Layers of PyTorch pad both sides alike; modes are those of its Conv1d to Conv3d."""
    kinds = torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d
    cases = [
        ("conv1d-circular", (7,), (3,), "circular", {"padding": 2, "stride": 2}),
        ("conv2d-reflect", (5, 6), (3, 3), "reflect", {"padding": [1, 2], "groups": 2}),
        ("conv3d-edge", (3, 4, 3), (2, 3, 2), "replicate", {"padding": [2, 1, 1]}),
    ]
    for name, spatial, kernel, mode, options in cases:
        layer = kinds[len(spatial) - 1](4, 6, kernel, padding_mode=mode, **options).double()
        x = rng.integers(-4, 5, (2, *spatial, 4)) / 1.0
        weight = rng.integers(-4, 5, (6, *kernel, 4 // options.get("groups", 1))) / 2
        layer.weight.data = channels_first(weight).data
        bias = layer.bias.data = torch.tensor(rng.integers(-4, 5, 6) / 1.0)
        tensor = channels_first(x)
        y = layer(tensor)
        dy = rng.integers(-4, 5, channels_last(y).shape) / 1.0
        gradients = torch.autograd.grad(
            y, [tensor, layer.weight, layer.bias], channels_first(dy).detach()
        )
        arrays = {"x": x, "weight": weight, "bias": bias, "dy": dy, "y": channels_last(y)}
        arrays["dx"], arrays["dweight"] = map(channels_last, gradients[:2])
        arrays["dbias"] = gradients[2].numpy()
        how, size = options | {"padding_mode": mode}, {"value": kernel}
        calls = [
            call("conv_forward", ["x", "weight", "bias"], ["y"], **how),
            call("conv_backward_input", ["dy", "weight", {"shape_of": "x"}], ["dx"], **how),
            call("conv_backward_weights", ["x", "dy", size], ["dweight", "dbias"], **how),
        ]
        yield f"{name}-padded", calls, arrays


def resampling_cases():
    rng = np.random.default_rng(20242)  # its own: the arrays above stay what they were
    yield from pad_cases(rng)
    yield from padded_conv_cases(rng)
    linear = "linear", "bilinear", "trilinear"
    for spatial, scale in [((4,), 3), ((3, 4), [2, 5]), ((2, 3, 2), [1, 2, 3])]:
        for mode in ("nearest", "linear"):
            x, rank = rng.integers(-4, 5, (2, *spatial, 2)) / 1.0, len(spatial)
            tensor = channels_first(x)
            how = {"align_corners": False} if mode == "linear" else {}
            pytorch_mode = linear[rank - 1] if mode == "linear" else mode
            factors = scale if isinstance(scale, list) else [scale] * rank
            y = F.interpolate(tensor, scale_factor=tuple(factors), mode=pytorch_mode, **how)
            dy = rng.integers(-4, 5, channels_last(y).shape) / 1.0
            (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
            times = {"value": scale}
            calls = [
                call("up_sample_forward", ["x", times], ["y"], mode=mode),
                call("up_sample_backward", ["dy", {"shape_of": "x"}, times], ["dx"], mode=mode),
            ]
            arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
            yield f"up_sample{rank}d-{mode}-{scale}", calls, arrays


def loss_cases():
    labels, spatial_labels = RNG.integers(0, 5, 4), RNG.integers(0, 3, (2, 3, 4))
    one_hot = np.eye(5)[RNG.integers(0, 5, 4)]
    bits = integers(4, 3, low=0, high=2)
    cases = [
        # name, function, output, target, PyTorch's mean loss
        ("labels", "cross_entropy", halves(4, 5), labels, F.cross_entropy),
        ("one-hot", "cross_entropy", halves(4, 5), one_hot, F.cross_entropy),
        ("rows", "cross_entropy", halves(4, 5), np.abs(halves(4, 5)), F.cross_entropy),
        ("spatial", "cross_entropy", halves(2, 3, 4, 3), spatial_labels, F.cross_entropy),
        (
            "logits",
            "binary_cross_entropy",
            halves(4, 3) * 8,
            bits,
            lambda z, t: 3 * F.binary_cross_entropy_with_logits(z, t),  # summed over outputs
        ),
        ("mse", "mean_squared_error", halves(4, 3), integers(4, 3), F.mse_loss),
        ("se", "squared_error", halves(4, 3), integers(4, 3), lambda y, t: 3 * F.mse_loss(y, t)),
    ]
    for name, function, output, target, loss_function in cases:
        yield loss_case(f"{function}-{name}", function, output, target, loss_function)
    yield from more_loss_cases()


def loss_case(name, function, output, target, loss_function, **options):
    tensor = channels_first(output)
    loss = loss_function(tensor, torch.tensor(target))
    (gradient,) = torch.autograd.grad(loss, [tensor])
    arrays = {"output": output, "target": target, "loss": loss.detach()}
    arrays["gradient"] = channels_last(gradient)
    calls = [call(function, ["output", "target"], ["loss", "gradient"], **options)]
    return name, calls, arrays


def focal(z, t):
    """Lin et al., Focal loss for dense object detection, 2017, equation 4; PyTorch has none."""
    log_p = F.log_softmax(z, 1).gather(1, t[:, None])
    return (-((1 - log_p.exp()) ** 2) * log_p).mean()


def binary_focal(z, t):
    p = torch.where(t == 1, z.sigmoid(), 1 - z.sigmoid())
    return (-((1 - p) ** 2) * p.log()).sum() / len(z)


def more_loss_cases():
    rng = np.random.default_rng(20241)  # its own: the arrays above stay what they were

    def some(*shape, low=-4, high=5):
        return rng.integers(low, high, shape).astype(np.float64)

    labels, pixels = rng.integers(0, 5, 6), rng.integers(0, 3, (2, 3, 4))
    ignored = np.where(np.arange(6) == 2, -100, labels)
    signs, counts = some(4, 3, low=0, high=2) * 2 - 1, some(4, 3, low=0, high=4)
    shares = rng.dirichlet(np.ones(5), 6)
    weight = [0.5, 2.0, 0.25, 1.0, 3.0]
    tensor = torch.tensor(weight, dtype=torch.float64)

    def entropy(**how):
        return lambda z, t: F.cross_entropy(z, t, **how)

    def kl(z, t):
        return F.kl_div(F.log_softmax(z, 1), t, reduction="batchmean")

    scores, images, numbers = some(6, 5) / 2, some(2, 3, 4, 3) / 2, some(4, 3) / 2
    smooth = {"label_smoothing": 0.25}
    ignore = {"class_weight": weight, "ignore_label": -100}
    cases = [
        # name, function, output, target, PyTorch's loss, fastnn's options
        ("smoothed", "cross_entropy", scores, labels, entropy(**smooth), smooth),
        ("smoothed-rows", "cross_entropy", scores, shares, entropy(**smooth), smooth),
        ("ignored", "cross_entropy", scores, ignored, entropy(weight=tensor), ignore),
        ("sum", "cross_entropy", scores, labels, entropy(reduction="sum"), {"reduction": "sum"}),
        ("rows", "kl_divergence", scores, shares, kl, {}),
        ("labels", "focal", scores, labels, focal, {}),
        ("spatial", "focal", images, pixels, focal, {}),
        ("labels", "multiclass_hinge", scores, labels, F.multi_margin_loss, {}),
        (
            "margin",
            "multiclass_hinge",
            scores,
            labels,
            lambda z, t: F.multi_margin_loss(z, t, margin=0.25, weight=tensor),
            # which divides by N, not by the sum of the weights
            {"margin": 0.25, "class_weight": weight, "reduction": "sum"},
        ),
        ("bits", "binary_focal", numbers, (signs + 1) / 2, binary_focal, {}),
        (
            "signs",
            "hinge",
            numbers,
            signs,
            lambda y, t: 3 * F.relu(1 - y * t).mean(),
            {},
        ),
        ("mean", "mean_absolute_error", numbers, some(4, 3), F.l1_loss, {}),
        (
            "delta",
            "huber",
            numbers,
            some(4, 3),
            lambda y, t: 3 * F.huber_loss(y, t, delta=0.75),
            {"delta": 0.75},
        ),
        ("log", "poisson", numbers, counts, lambda y, t: 3 * F.poisson_nll_loss(y, t), {}),
        (
            "rate",
            "poisson",
            numbers + 3,
            counts,
            lambda y, t: 3 * F.poisson_nll_loss(y, t, log_input=False),
            {"log_input": False},
        ),
    ]
    for name, function, output, target, loss_function, options in cases:
        found = loss_case(f"{function}-{name}", function, output, target, loss_function, **options)
        if name == "margin":
            found[2]["loss"], found[2]["gradient"] = found[2]["loss"] * 6, found[2]["gradient"] * 6
        yield found


def update_cases():
    cases = [
        # name, function, state, fastnn's options, PyTorch's optimizer
        (
            "sgd",
            "sgd_update",
            [],
            {"learning_rate": 0.25},
            lambda p: torch.optim.SGD(p, lr=0.25),
        ),
        (
            "sgd-momentum",
            "sgd_update",
            ["velocity"],
            {"learning_rate": 0.1, "momentum": 0.9},
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        ),
        (
            "sgd-nesterov",
            "sgd_update",
            ["velocity"],
            {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        ),
        (
            "adam",
            "adam_update",
            ["first_moment", "second_moment"],
            {"learning_rate": 0.01},
            lambda p: torch.optim.Adam(p, lr=0.01),
        ),
        (
            "adam-options",
            "adam_update",
            ["first_moment", "second_moment"],
            {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.75, "epsilon": 0.01},
            lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.75), eps=0.01),
        ),
    ]
    yield from update_histories(cases)


def more_update_cases():
    cases = [
        (
            "sgd-dampening-decay",
            "sgd_update",
            ["velocity"],
            {"learning_rate": 0.1, "momentum": 0.9, "dampening": 0.25, "weight_decay": 0.1},
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.25, weight_decay=0.1),
        ),
        (
            "rmsprop",
            "rmsprop_update",
            ["squares"],
            {"learning_rate": 0.1},
            lambda p: torch.optim.RMSprop(p, lr=0.1),
        ),
        (
            "rmsprop-centered-momentum",
            "rmsprop_update",
            ["squares", "velocity", "means"],
            {"learning_rate": 0.1, "alpha": 0.75, "momentum": 0.5, "weight_decay": 0.1},
            lambda p: torch.optim.RMSprop(
                p, lr=0.1, alpha=0.75, momentum=0.5, centered=True, weight_decay=0.1
            ),
        ),
        (
            "adagrad",
            "adagrad_update",
            ["squares"],
            {"learning_rate": 0.1, "rate_decay": 0.5, "weight_decay": 0.1},
            lambda p: torch.optim.Adagrad(p, lr=0.1, lr_decay=0.5, weight_decay=0.1),
        ),
        (
            "adadelta",
            "adadelta_update",
            ["squares", "changes"],
            {"learning_rate": 0.5, "rho": 0.75, "weight_decay": 0.1},
            lambda p: torch.optim.Adadelta(p, lr=0.5, rho=0.75, weight_decay=0.1),
        ),
        (
            "adam-amsgrad-decay",
            "adam_update",
            ["first_moment", "second_moment", "largest"],
            {"learning_rate": 0.1, "beta2": 0.75, "weight_decay": 0.1},
            lambda p: torch.optim.Adam(
                p, lr=0.1, betas=(0.9, 0.75), amsgrad=True, weight_decay=0.1
            ),
        ),
        (
            "adamw",
            "adamw_update",
            ["first_moment", "second_moment"],
            {"learning_rate": 0.1, "weight_decay": 0.25},
            lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.25),
        ),
    ]
    yield from update_histories(cases)


def update_histories(cases):
    """Ten steps of each, from an optimizer of PyTorch."""
    steps, size = 10, 6
    for name, function, state, options, make in cases:
        gradients = integers(steps, size)
        gradients[:, 0] = 0.0  # a parameter that never gets a gradient
        parameter = leaf(integers(size))
        optimizer = make([parameter])
        history = [parameter.detach().numpy().copy()]
        for row in gradients:
            parameter.grad = torch.tensor(row)
            optimizer.step()
            history.append(parameter.detach().numpy().copy())
        update = call(function, state, ["parameters"], **options) | {"repeat": steps}
        yield name, [update], {"gradients": gradients, "parameters": np.stack(history)}


def global_pool_cases():
    for rank, spatial in enumerate([(7,), (5, 6), (3, 4, 2)]):
        for keep_dims in (False, True):
            axes = (...,) if keep_dims else (slice(None), slice(None), *(0,) * len(spatial))
            how = {"keep_dims": keep_dims}
            name = f"pool{rank + 1}d" + "-keep_dims" * keep_dims
            x = integers(2, *spatial, 3)
            tensor, shape = channels_first(x), {"shape_of": "x"}
            y, argmax = ADAPTIVE_MAX[rank](tensor, 1, return_indices=True)
            y, argmax = y[axes], argmax[axes]
            dy = integers(*channels_last(y).shape)
            (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
            arrays = {"x": x, "dy": dy, "y": channels_last(y), "argmax": channels_last(argmax)}
            arrays["dx"] = channels_last(dx)
            calls = [
                call("global_max_pool_forward", ["x"], ["y", "argmax"], **how),
                call("global_max_pool_backward", ["dy", "argmax", shape], ["dx"]),
            ]
            yield f"global_max_{name}", calls, arrays
            y = ADAPTIVE_AVERAGE[rank](tensor, 1)[axes]
            (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
            arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
            calls = [
                call("global_average_pool_forward", ["x"], ["y"], **how),
                call("global_average_pool_backward", ["dy", shape], ["dx"]),
            ]
            yield f"global_average_{name}", calls, arrays


def adaptive_pool_cases():
    for name, spatial, size in ADAPTIVE_POOL_CASES:
        x = integers(2, *spatial, 3)
        tensor = channels_first(x)
        y = ADAPTIVE_AVERAGE[len(spatial) - 1](tensor, size)
        dy = integers(*channels_last(y).shape)
        (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
        calls = [
            call("adaptive_average_pool_forward", ["x", {"value": size}], ["y"]),
            call("adaptive_average_pool_backward", ["dy", {"shape_of": "x"}], ["dx"]),
        ]
        arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
        yield name, calls, arrays


def lp_pool_cases():
    for name, spatial, size, options in LP_POOL_CASES:
        x = integers(2, *spatial, 3, low=1)
        if options.get("p", 2) == 2:  # other powers are those of x, not of |x|
            x *= 1 - 2 * integers(*x.shape, low=0, high=2)
        tensor, how = channels_first(x), dict(options)
        y = LP_POOL[len(spatial) - 1](tensor, float(how.pop("p", 2)), size, **how)
        dy = integers(*channels_last(y).shape)
        (dx,) = torch.autograd.grad(y, [tensor], channels_first(dy))
        calls = [
            call("lp_pool_forward", ["x", {"value": size}], ["y"], **options),
            call("lp_pool_backward", ["dy", "x", "y", {"value": size}], ["dx"], **options),
        ]
        arrays = {"x": x, "dy": dy, "y": channels_last(y), "dx": channels_last(dx)}
        yield name, calls, arrays


def norm_cases():
    rng = np.random.default_rng(20242)  # its own: the arrays above stay what they were

    def some(*shape):
        return rng.integers(-4, 5, shape).astype(np.float64)

    x, dy = some(4, 3, 2, 6), some(4, 3, 2, 6)
    x[..., 5] = 3.0  # a channel that does not vary
    scale, shift, wide = some(6) / 2, some(6), some(2, 6) / 2
    mean, variance = some(6), np.abs(some(6)) / 2

    def batch(*operands):
        return F.batch_norm(operands[0], None, None, *operands[1:], training=True, eps=0.25)

    def inference(*operands):
        statistics = torch.tensor(mean), torch.tensor(variance)
        return F.batch_norm(operands[0], *statistics, *operands[1:])

    def layer(*operands):  # sees channels first, as all do
        last = operands[0].movedim(1, -1)
        return F.layer_norm(last, operands[1].shape, *operands[1:]).movedim(-1, 1)

    def group(*operands):
        return F.group_norm(operands[0], 2, *operands[1:], eps=0.125)

    def instance(*operands):
        return F.instance_norm(operands[0], None, None, *operands[1:])

    cases = [
        # name, function, PyTorch, scale, what is given besides, fastnn's options
        ("batch_norm", "batch_norm", batch, scale, [], {"epsilon": 0.25}),
        ("batch_norm-inference", "batch_norm", inference, scale, ["mean", "variance"], {}),
        ("layer_norm", "layer_norm", layer, scale, [], {}),
        ("layer_norm-axes", "layer_norm", layer, wide, [], {"axes": 2}),
        ("group_norm", "group_norm", group, scale, [{"value": 2}], {"epsilon": 0.125}),
        ("instance_norm", "instance_norm", instance, scale, [], {}),
    ]
    for name, function, pytorch, weight, given, options in cases:
        bias = shift if weight is scale else some(2, 6)
        tensors = [channels_first(x), leaf(weight), leaf(bias)]
        y = pytorch(*tensors)
        dx, dscale, dshift = torch.autograd.grad(y, tensors, channels_first(dy).detach())
        arrays = {"x": x, "dy": dy, "scale": weight, "shift": bias, "y": channels_last(y)}
        arrays |= {"dx": channels_last(dx), "dscale": dscale, "dshift": dshift}
        forward, returns, how = f"{function}_forward", ["y"], options
        if function == "batch_norm":
            own = name == "batch_norm"
            arrays["mean"] = x.mean((0, 1, 2)) if own else mean
            arrays["variance"] = x.var((0, 1, 2)) if own else variance
            if own:
                given, returns = ["mean", "variance"], ["y", "mean", "variance"]
            else:
                forward, how = "batch_norm_inference", options | {"training": False}
        entering = [] if returns != ["y"] else given
        calls = [
            call(forward, ["x", *entering, "scale", "shift"], returns, **options),
            call(
                f"{function}_backward",
                ["dy", "x", *given, "scale"],
                ["dx", "dscale", "dshift"],
                **how,
            ),
        ]
        yield name, calls, arrays


def penalty_cases():
    rng = np.random.default_rng(31)  # its own: the other cases stay as they are

    def some(*shape):
        return rng.integers(-4, 5, shape) / 2

    for name, factors in [
        ("l1", {"l1": 0.3}),
        ("l2", {"l2": 0.7}),
        ("both", {"l1": 0.3, "l2": 0.7}),
    ]:
        weight = some(5, 3, 4)
        tensor = leaf(weight)
        penalty = (
            factors.get("l1", 0) * tensor.abs().sum() + factors.get("l2", 0) * tensor.square().sum()
        )
        (gradient,) = torch.autograd.grad(penalty, [tensor])
        calls = [call("l1_l2_penalty", ["weight"], ["penalty", "gradient"], **factors)]
        arrays = {"weight": weight, "penalty": penalty.detach(), "gradient": gradient}
        yield f"penalty-{name}", calls, arrays

    def rows_within(x, limit):
        norm = torch.linalg.vector_norm(x, dim=tuple(range(1, x.ndim)), keepdim=True)
        return torch.where(norm > limit, x * limit / norm, x)

    changes = [
        # name, function, shape, PyTorch, options
        ("clip-value", "clip_by_value", (7, 5), lambda x: x.clamp(-0.75, 0.75), {"limit": 0.75}),
        (
            "clip-norm",
            "clip_by_norm",
            (7, 5),
            lambda x: F.normalize(x, dim=(0, 1)) * 3,
            {"limit": 3.0},
        ),
        ("max-abs", "constrain_max_abs", (7, 5), lambda x: x.clamp(-1.25, 1.25), {"limit": 1.25}),
        (
            "max-norm",
            "constrain_max_norm",
            (9, 2, 2),
            lambda x: rows_within(x, 2.5),
            {"limit": 2.5},
        ),
        ("non-negative", "constrain_non_negative", (7, 5), F.relu, {}),
        ("unit-norm", "constrain_unit_norm", (9, 2, 2), lambda x: F.normalize(x, dim=(1, 2)), {}),
    ]
    for name, function, shape, pytorch, options in changes:
        x = some(*shape)
        x[3] = 0
        y = pytorch(torch.tensor(x))
        yield name, [call(function, ["x"], ["y"], **options)], {"x": x, "y": y}


def main():
    torch.set_num_threads(1)
    configuration, arrays = [], {}
    families = (
        dense_cases,
        conv_cases,
        max_pool_cases,
        average_pool_cases,
        activation_cases,
        more_activation_cases,
        loss_cases,
        update_cases,
        winograd_cases,
        global_pool_cases,
        adaptive_pool_cases,
        lp_pool_cases,
        norm_cases,
        merge_cases,
        penalty_cases,
        resampling_cases,
        transposed_cases,
        more_update_cases,
    )
    for family in families:
        for name, calls, case_arrays in family():
            configuration.append(json.dumps({"name": name, "calls": calls}))
            for array_name, array in case_arrays.items():
                arrays[f"{name}/{array_name}"] = np.asarray(array)
    arrays["configuration"] = np.array(configuration)
    arrays["versions"] = np.array(f"torch {torch.__version__}, numpy {np.__version__}")
    path = pathlib.Path(__file__).with_name("pytorch.npz")
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {len(configuration)} cases, {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
