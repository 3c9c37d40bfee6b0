"""Networks by name, as lists of layers in the form of model files (`fastnn.cli.models`)."""

import math

import numpy as np

from fastnn.cli.errors import UserError

LARGEST_FLAT = 8192  # numbers that go into a dense layer; of more the mean over the image
HALVES_UNTIL = 8  # pixels: an image as small as this is pooled no further


def choose(shape):
    """Return the name of a network for samples of this shape."""
    if len(shape) == 1:
        return "mlp"
    return "lenet" if shape in ((28, 28, 1), (28, 28)) else "cnn"


def preset(name, x, task):
    """Return the layers of the network of this name, for these samples."""
    shape = x.shape[1:]
    if not shape:
        raise UserError(f"expected samples with features, got x of shape {x.shape}; add an axis")
    start, shape = _start(name, x, shape)
    layers = PRESETS[name](shape, task.outputs)
    end = []
    if (task.centre, task.spread) != (0.0, 1.0):  # the network's own numbers are about 1
        end = [{"name": "Rescale", "scale": task.spread, "offset": task.centre}]
    return [*start, *layers, *end]


def _start(name, x, shape):
    """Return layers that bring samples into the form that a network wants, and their shape."""
    scaled = _scaled(x)
    if name != "mlp" and len(shape) == 2 and (shape[0] == shape[1] or name != "cnn"):
        shape = (*shape, 1)  # images in grey
        return [scaled, {"name": "Reshape", "shape": list(shape)}], shape
    return [scaled], shape


def _scaled(x):
    """Return the layer that brings numbers to about 1: of pixels all alike."""
    if x.ndim == 2 or x.dtype.kind not in "biu":
        return {"name": "Standardize"}
    largest = int(np.max(x[:1024], initial=1))
    return {"name": "Rescale", "scale": 1 / (255 if 64 < largest <= 255 else largest)}


def _mlp(shape, outputs):
    flat = [{"name": "Flatten"}] if len(shape) > 1 else []
    width = 64 if math.prod(shape) <= 100 else 256
    hidden = [{"name": "Dense", "units": width, "activation": "relu"} for _ in range(2)]
    return [*flat, *hidden, {"name": "Dense", "units": outputs}]


def _cnn(shape, outputs):
    """Pairs of convolutions, pooled until the image is small, then dense layers."""
    rank = len(shape) - 1
    if not 1 <= rank <= 3:
        raise UserError(
            f"--model cnn: expected samples (steps, channels), (height, width, channels) or "
            f"(depth, height, width, channels), got {shape}; try mlp"
        )
    layers, sizes, filters = [], list(shape[:-1]), 32
    while True:
        how = {"size": 3, "padding": "same", "activation": "relu"}
        layers += [{"name": f"Conv{rank}D", "filters": filters, **how} for _ in range(2)]
        if min(sizes) < HALVES_UNTIL:
            break
        layers.append({"name": f"MaxPool{rank}D", "size": 2})
        sizes, last = [size // 2 for size in sizes], filters
        filters = min(2 * filters, 128)
        if min(sizes) < HALVES_UNTIL:
            filters = last
            break
    if math.prod(sizes) * filters <= LARGEST_FLAT:
        layers.append({"name": "Flatten"})
    else:
        layers.append({"name": f"GlobalAveragePool{rank}D"})
    dense = {"name": "Dense", "units": 128, "activation": "relu"}
    return [*layers, dense, {"name": "Dropout", "rate": 0.25}, {"name": "Dense", "units": outputs}]


def _lenet(shape, outputs):
    """LeNet-5 (LeCun et al., 1998), with ReLU and maxima."""
    if len(shape) != 3 or min(shape[:2]) < 12:
        raise UserError(f"--model lenet: expected images of 12x12 at least, got samples {shape}")
    how = {"size": 5, "activation": "relu"}
    return [
        {"name": "Conv2D", "filters": 6, "padding": "same", **how},
        {"name": "MaxPool2D", "size": 2},
        {"name": "Conv2D", "filters": 16, **how},
        {"name": "MaxPool2D", "size": 2},
        {"name": "Flatten"},
        {"name": "Dense", "units": 120, "activation": "relu"},
        {"name": "Dense", "units": 84, "activation": "relu"},
        {"name": "Dense", "units": outputs},
    ]


def _resnet(shape, outputs):
    """ResNet-20 (He et al., 2016)."""
    if len(shape) != 3 or min(shape[:2]) < HALVES_UNTIL:
        raise UserError(f"--model resnet: expected images of 8x8 at least, got samples {shape}")

    def conv(filters, size, stride=1, **joined):
        how = {"stride": stride, "padding": "same", "bias": False}
        if stride == 2:  # the same of even sizes, and what the shortcut has
            how["padding"] = size // 2
        return {"name": "Conv2D", "filters": filters, "size": size, **how, **joined}

    norm, relu = {"name": "BatchNorm"}, {"name": "Activation", "function": "relu"}
    layers, last = [conv(16, 3), norm, {**relu, "label": "start"}], "start"
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(3):
            label = f"stage{stage + 1}_block{block + 1}"
            stride = 2 if stage and not block else 1
            branch = [conv(filters, 3, stride, inputs=last), norm, relu, conv(filters, 3)]
            layers += [*branch, {**norm, "label": f"{label}_branch"}]
            if stride == 2:
                layers.append(conv(filters, 1, 2, inputs=last))
                layers.append({**norm, "label": (last := f"{label}_shortcut")})
            layers.append({"name": "Add", "inputs": [f"{label}_branch", last]})
            layers.append({**relu, "label": label})
            last = label
    return [*layers, {"name": "GlobalAveragePool2D"}, {"name": "Dense", "units": outputs}]


PRESETS = {"mlp": _mlp, "cnn": _cnn, "lenet": _lenet, "resnet": _resnet}
