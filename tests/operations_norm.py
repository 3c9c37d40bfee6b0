"""Normalisation in the case table (see operations.py); `weight` and `bias` are scale and shift."""

import math

import numpy as np

from fastnn.packs import LANES
from operations import Case, cotangent, draw
from tolerances import DOT, EPSILON, ONE_SIGN, PRODUCT


class Norm(Case):
    """Base class: what is normalised together, and what follows from it for errors.

    A mean is off by what the sum of deviations from its centre is off by, and a centre by at most
    `DOT` eps of the data; a root by half as much as a variance. Of an output that leaves the same
    limit for the normal number and 1, of a gradient twice that.
    """

    exact = False

    def __init__(self, *shape, parameters=True, **settings):
        told = [f"{name} {value}" for name, value in settings.items()]
        super().__init__(shape, *(told if parameters else [*told, "without parameters"]))
        self.shape, self.parameters, self.settings = shape, parameters, settings

    @property
    def parameter_shape(self):
        return self.shape[-1:]

    @property
    def together(self):
        """Axes that are normalised together, of x reshaped to `split`."""
        raise NotImplementedError

    @property
    def split(self):
        return self.shape

    @property
    def shared(self):
        """Axes of x over which a parameter is shared."""
        return tuple(range(len(self.shape) - len(self.parameter_shape)))

    def draw_operands(self, rng, kind):
        return {
            "x": draw(rng, kind, *self.shape),
            "weight": draw(rng, kind, *self.parameter_shape) if self.parameters else None,
            "bias": draw(rng, kind, *self.parameter_shape) if self.parameters else None,
            "dy": cotangent(rng, kind, *self.shape),
        }

    def statistics(self, operands):
        """Mean and variance of what each number is normalised with, of shapes that go with x."""
        x = operands["x"].reshape(self.split)
        mean = x.mean(self.together, keepdims=True)
        variance = ((x - mean) ** 2).mean(self.together, keepdims=True)
        return mean, variance

    def mean(self, values):
        """Means over what is normalised together, of the shape of x."""
        values = values.reshape(self.split)
        means = values.mean(self.together, keepdims=True)
        return np.broadcast_to(means, values.shape).reshape(self.shape)

    def magnitudes(self, operands, expected):
        x, dy = operands["x"], np.abs(operands["dy"])
        weight = 1.0 if operands["weight"] is None else np.abs(operands["weight"])
        bias = 0.0 if operands["bias"] is None else np.abs(operands["bias"])
        mean, variance = self.statistics(operands)
        root = np.sqrt(variance + self.settings.get("epsilon", 1e-5))
        root = np.broadcast_to(root, self.split).reshape(self.shape)
        normal = 1 + np.abs((x.reshape(self.split) - mean).reshape(self.shape)) / root
        d = weight * dy
        return {
            "y": weight * normal + bias,
            "dx": (d + self.mean(d) + normal * self.mean(d * normal)) / root,
            "dweight": np.sum(dy * normal, self.shared),
            "dbias": np.sum(dy, self.shared),
        }

    def limits(self, kind):
        sums = DOT[kind] or ONE_SIGN
        gradient = 2 * sums + PRODUCT
        return {"y": sums + PRODUCT, "dx": gradient, "dweight": gradient, "dbias": sums}


class BatchNorm(Norm):
    """In training: mean and variance of the batch are results, and operands of the way back."""

    @property
    def together(self):
        return tuple(range(len(self.shape) - 1))

    def run(self, module, operands, **options):
        x, weight, bias, dy = operands.values()
        how = self.settings | options
        y, mean, variance = module.batch_norm_forward(x, weight, bias, **how)
        dx, dweight, dbias = module.batch_norm_backward(dy, x, mean, variance, weight, **how)
        return {
            "y": y, "mean": mean, "variance": variance,
            "dx": dx, "dweight": dweight, "dbias": dbias,
        }  # fmt: skip

    def magnitudes(self, operands, expected):
        x, (mean, variance) = operands["x"], self.statistics(operands)
        # how far the centre may be from the mean
        off = max(DOT.values()) * EPSILON["float32"] * np.abs(x).mean(self.together)
        deviation = np.abs(x - mean).mean(self.together)
        return super().magnitudes(operands, expected) | {
            "mean": deviation + off,
            "variance": variance.reshape(-1) + off**2,
        }

    def limits(self, kind):
        return super().limits(kind) | {"mean": DOT[kind] or ONE_SIGN, "variance": 2 * ONE_SIGN}


class BatchNormInference(Norm):
    """With mean and variance that are given, which need not be those of x."""

    def draw_operands(self, rng, kind):
        channels = self.shape[-1:]
        return super().draw_operands(rng, kind) | {
            "mean": draw(rng, kind, *channels),
            "variance": np.abs(draw(rng, kind, *channels)),
        }

    def run(self, module, operands, **options):
        x, weight, bias, dy, mean, variance = operands.values()
        how = self.settings | options
        dx, dweight, dbias = module.batch_norm_backward(
            dy, x, mean, variance, weight, training=False, **how
        )
        y = module.batch_norm_inference(x, mean, variance, weight, bias, **how)
        return {"y": y, "dx": dx, "dweight": dweight, "dbias": dbias}

    def statistics(self, operands):
        return operands["mean"], operands["variance"]

    def mean(self, values):
        return 0.0


class WithinSamples(Norm):
    """Base class of what normalises every sample by itself."""

    function = None

    def run(self, module, operands, **options):
        x, weight, bias, dy = operands.values()
        how = self.settings | options
        backward = getattr(module, f"{self.function}_backward")
        dx, dweight, dbias = backward(dy, x, *self.given, weight, **how)
        y = getattr(module, f"{self.function}_forward")(x, *self.given, weight, bias, **how)
        return {"y": y, "dx": dx, "dweight": dweight, "dbias": dbias}

    given = ()


class LayerNorm(WithinSamples):
    function = "layer_norm"

    @property
    def parameter_shape(self):
        axes = self.settings.get("axes", 1)
        return self.shape[1:] if axes == "all" else self.shape[-axes:]

    @property
    def together(self):
        return tuple(range(len(self.shape) - len(self.parameter_shape), len(self.shape)))


class GroupNorm(WithinSamples):
    function = "group_norm"

    def __init__(self, *shape, groups, **how):
        super().__init__(*shape, **how)
        self.name += f" groups {groups}"
        self.groups = groups
        self.given = (groups,)

    @property
    def split(self):
        samples, *spatial, channels = self.shape
        return samples, math.prod(spatial), self.groups, channels // self.groups

    @property
    def together(self):
        return (1, 3)


class InstanceNorm(WithinSamples):
    function = "instance_norm"

    @property
    def together(self):
        return tuple(range(1, len(self.shape) - 1))


BATCH_NORMS = [
    BatchNorm(1, 1),
    BatchNorm(2, 1, epsilon=0.5),
    BatchNorm(16, 16, parameters=False),
    BatchNorm(17, 5),
    BatchNorm(33, 33),
    BatchNorm(3, 4, 5, 7, epsilon=0.125),
    BatchNorm(19, 5, 130),  # more channels than a block
    BatchNorm(7, 130, 18),  # chains of more than 128 terms
    BatchNorm(1, 16600, 2),  # and more than 128 chains
    BatchNorm(2100, 2),  # more than 128 packs
]
NORMS = [
    BatchNormInference(1, 1),
    BatchNormInference(17, 5),
    BatchNormInference(19, 4, 3, 17, parameters=False),
    BatchNormInference(7, 130, 18, epsilon=0.5),
    BatchNormInference(1, 16600, 2),
    LayerNorm(1, 1),
    LayerNorm(17, 5),
    LayerNorm(5, 33, parameters=False),
    LayerNorm(18, 7, 4, epsilon=0.5),
    LayerNorm(3, 4, 5, 7, axes=2),
    LayerNorm(17, 4, 5, 3, axes="all"),
    LayerNorm(2, 3, 300),  # more numbers than stand in scratch at once
    LayerNorm(2, 16600),  # and more than 128 times as many
    LayerNorm(3, 130, 3),  # more than 128 blocks
    GroupNorm(1, 1, groups=1),
    GroupNorm(17, 6, groups=3),
    GroupNorm(3, 4, 5, 12, groups=4, parameters=False),
    GroupNorm(19, 5, 7, groups=7, epsilon=0.5),
    GroupNorm(2, 3, 300, groups=2),  # part of a group at once
    GroupNorm(2, 3, 300, groups=100),  # some of the groups at once
    GroupNorm(3, 130, 10, groups=2),  # chains of more than 128 terms
    GroupNorm(1, 16600, 4, groups=2),  # and more than 128 chains
    InstanceNorm(2, 1, 1),
    InstanceNorm(17, 3, 4, 5),
    InstanceNorm(3, 7, 33, parameters=False),
    InstanceNorm(18, 2, 3, 2, 4, epsilon=0.125),
    InstanceNorm(2, 130, 131),
    InstanceNorm(1, 16600, 3),
]
LARGE_NORMS = [
    BatchNorm(1100, 20, 19),  # more packs than gradient slots
    BatchNorm(333, 7, 150),
    BatchNormInference(333, 20, 19),
    LayerNorm(1100, 20, 19),
    LayerNorm(83, 9, 8, 70, axes=2),
    GroupNorm(333, 20, 24, groups=6),
    InstanceNorm(333, 20, 19),
]

SIZES = range(1, 2 * LANES + 2)  # more than two packs
EDGES = {
    "batch norm, samples": [BatchNorm(n, 3, 2) for n in SIZES],
    "batch norm, channels": [BatchNorm(3, 2, n) for n in SIZES],
    "batch norm, positions": [BatchNorm(3, n, 2) for n in SIZES],
    "layer norm, samples": [LayerNorm(n, 3, 2) for n in SIZES],
    "layer norm, features": [LayerNorm(3, 2, n) for n in SIZES],
    "layer norm, positions": [LayerNorm(3, n, 2, axes="all") for n in SIZES],
    "group norm, channels": [GroupNorm(3, 2, 3 * n, groups=3) for n in SIZES],
    "group norm, groups": [GroupNorm(3, 2, 3 * n, groups=n) for n in SIZES],
    "instance norm, samples": [InstanceNorm(n, 3, 2) for n in SIZES],
    "instance norm, channels": [InstanceNorm(3, 2, n) for n in SIZES],
    "instance norm, positions": [InstanceNorm(3, n, 2) for n in SIZES],
}
