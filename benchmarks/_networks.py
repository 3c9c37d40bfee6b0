"""The networks of the benchmarks, for fastnn and PyTorch, and the checks before they are timed.

A `Network` is described once; `fastnn_network` and `torch_model` make it for either library.
"""

import math
from dataclasses import dataclass
from statistics import median

import numpy as np

import fastnn as fn
from _architectures import TOLERANCE, Architecture

LEARNING_RATE, MOMENTUM = 0.01, 0.9
CHECKED_BATCHES = 5


@dataclass(frozen=True)
class Conv:
    """A convolution of stride 1, followed by the network's activation."""

    filters: int
    size: int
    padding: str = "valid"

    def output_shape(self, shape):
        *grid, _ = shape
        lost = 0 if self.padding == "same" else self.size - 1
        return (*(n - lost for n in grid), self.filters)

    def multiply_adds(self, shape):
        """Multiply-adds for a sample of this shape; taps that meet the padding are not work."""
        *grid, channels = shape
        return math.prod(map(self._taps, grid)) * channels * self.filters

    def _taps(self, inputs):
        """Taps of all windows along an axis that lie in the input."""
        outputs, before = inputs - self.size + 1, 0
        if self.padding == "same":
            outputs, before = inputs, (self.size - 1) // 2
        return sum(
            0 <= position + tap - before < inputs
            for position in range(outputs)
            for tap in range(self.size)
        )


@dataclass(frozen=True)
class Pool:
    """Max pooling over windows that do not overlap."""

    size: int

    def output_shape(self, shape):
        *grid, channels = shape
        return (*(n // self.size for n in grid), channels)

    def multiply_adds(self, shape):
        return 0


@dataclass(frozen=True)
class Dense:
    """A dense layer; the network's activation follows each but the last."""

    units: int

    def output_shape(self, shape):
        return (self.units,)

    def multiply_adds(self, shape):
        return math.prod(shape) * self.units


@dataclass(frozen=True)
class Network:
    """Layers in a row that end in a dense layer of logits."""

    name: str
    input_shape: tuple
    layers: tuple
    activation: str = "relu"
    tolerance: float = TOLERANCE

    @property
    def has_images(self):
        return len(self.input_shape) > 1

    def data(self, batch, seed=0):
        """Return samples that look like scaled pixels, and labels; the same in every run."""
        rng = np.random.default_rng(seed)
        x = rng.random((batch, *self.input_shape), dtype=np.float32)
        return x, rng.integers(0, self.layers[-1].units, batch)

    def shapes(self):
        """Yield every layer with the shape of its input."""
        shape = self.input_shape
        for layer in self.layers:
            yield layer, shape
            shape = layer.output_shape(shape)

    def multiply_adds(self):
        """Multiply-adds of a training step, a sample: the first layer's input has no gradient."""
        first, *others = [layer.multiply_adds(shape) for layer, shape in self.shapes()]
        return 2 * first + 3 * sum(others)


LENET = Network(
    "LeNet-5",
    (28, 28, 1),
    (Conv(6, 5), Pool(2), Conv(16, 5), Pool(2), Dense(120), Dense(84), Dense(10)),
)
TINY = Network("20-64-64-2 tanh", (20,), (Dense(64), Dense(64), Dense(2)), "tanh")
MLP = Network("784-512-512-10", (784,), (Dense(512), Dense(512), Dense(10)))
CIFAR = Network(
    "CIFAR net",
    (32, 32, 3),
    (
        *(Conv(32, 3, "same"), Conv(32, 3, "same"), Pool(2)),
        *(Conv(64, 3, "same"), Conv(64, 3, "same"), Pool(2)),
        *(Dense(256), Dense(10)),
    ),
)


def fastnn_network(network, dtype="float32"):
    """Make the network in fastnn."""
    if isinstance(network, Architecture):
        return network.fastnn_network(dtype)
    layers, flat = [], not network.has_images
    for layer in network.layers:
        match layer:
            case Conv(filters, size, padding):
                how = {"padding": padding, "activation": network.activation}
                layers.append(fn.layers.Conv2D(filters, size, **how))
            case Pool(size):
                layers.append(fn.layers.MaxPool2D(size))
            case Dense(units):
                if not flat:
                    layers.append(fn.layers.Flatten())
                flat = True
                activation = None if layer is network.layers[-1] else network.activation
                layers.append(fn.layers.Dense(units, activation=activation))
    return fn.Sequential(layers, input_shape=network.input_shape, dtype=dtype, seed=0)


def fastnn_trainer(net):
    """Return a trainer that steps as PyTorch's does: SGD with momentum on the cross-entropy."""
    optimizer = fn.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
    return fn.Trainer(net, loss="cross_entropy", optimizer=optimizer)


def torch_model(network):
    """Make the network in PyTorch; the order of flattening differs, the work does not."""
    from torch import nn

    if isinstance(network, Architecture):
        return network.make_torch()
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[network.activation]
    layers = []
    for layer, shape in network.shapes():
        match layer:
            case Conv(filters, size, padding):
                margin = (size - 1) // 2 if padding == "same" else 0
                layers += [nn.Conv2d(shape[-1], filters, size, padding=margin), activation()]
            case Pool(size):
                layers.append(nn.MaxPool2d(size))
            case Dense(units):
                if len(shape) > 1:
                    layers.append(nn.Flatten())
                layers += [nn.Linear(math.prod(shape), units), activation()]
    return nn.Sequential(*layers[:-1])  # the last layer gives logits


def check_gradient(network, batch):
    """Return the relative error (L2) of the float32 gradient against float64; stop if it is off.

    The median of some batches: a gradient jumps where float32 takes the other side of a ReLU or the
    other of two maxima, which happens in one batch or two.
    """
    single, double = _both_precisions(network)
    errors = []
    for seed in range(CHECKED_BATCHES):
        for net in (single, double):
            fastnn_trainer(net).loss_and_gradients(*network.data(batch, seed))
        errors.append(_relative(single.gradients, double.gradients))
    return _checked(f"{network.name}: the gradient", median(errors), network.tolerance)


def check_outputs(network, batch):
    """Return the relative error (L2) of float32 outputs against float64; stop if it is off."""
    x, _ = network.data(batch)
    single, double = _both_precisions(network)
    error = _relative(single.predict(x), double.predict(x))
    return _checked(f"{network.name}: the output", error, network.tolerance)


def _both_precisions(network):
    single, double = (fastnn_network(network, dtype) for dtype in ("float32", "float64"))
    double.parameters[:] = single.parameters
    return single, double


def _relative(got, expected):
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))


def _checked(what, error, tolerance):
    if not error < tolerance:
        raise SystemExit(f"{what} is off by {error:.2g}; nothing is timed")
    return error
