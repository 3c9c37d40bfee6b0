"""Networks of the benchmarks that are no row of convolutions: for fastnn and PyTorch.

The same layers in the same order in both; where channels stand does not change the work.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import fastnn as fn

L = fn.layers
TOLERANCE = 1e-5  # an error in a kernel is far larger, float32's rounding far smaller


@dataclass(frozen=True)
class Architecture:
    """A network by two functions that make it, and what it reads and tells apart."""

    name: str
    input_shape: tuple
    make_fastnn: Callable  # (input) -> logits, nodes of a graph
    make_torch: Callable  # () -> module
    classes: int = 10
    tolerance: float = TOLERANCE

    @property
    def has_images(self):
        return len(self.input_shape) == 3

    def data(self, batch, seed=0):
        """Return samples that look like scaled pixels, and labels; the same in every run."""
        rng = np.random.default_rng(seed)
        x = rng.random((batch, *self.input_shape), dtype=np.float32)
        return x, rng.integers(0, self.classes, batch)

    def fastnn_network(self, dtype):
        x = fn.Input(self.input_shape)
        return fn.Model(x, self.make_fastnn(x), dtype=dtype, seed=0)


# --- ResNet-20 on 32×32 images (He et al., 2016) -------------------------------------------------


def _normed(x, filters, size=3, stride=1):
    y = L.Conv2D(filters, size, stride=stride, padding=size // 2, bias=False)(x)
    return L.BatchNorm()(y)


def _residual_block(x, filters, stride):
    y = L.Activation("relu")(_normed(x, filters, stride=stride))
    y = _normed(y, filters)
    if stride > 1:
        x = _normed(x, filters, 1, stride)
    return L.Activation("relu")(L.Add()([x, y]))


def _resnet(x):
    x = L.Activation("relu")(_normed(x, 16))
    for filters in (16, 32, 64):
        for block in range(3):
            x = _residual_block(x, filters, 2 if filters > 16 and block == 0 else 1)
    return L.Dense(10)(L.GlobalAveragePool2D()(x))


def _torch_resnet():
    from torch import nn
    from torch.nn import functional as F

    def normed(inputs, filters, size=3, stride=1):
        convolution = nn.Conv2d(inputs, filters, size, stride, size // 2, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(filters))

    class Block(nn.Module):
        def __init__(self, inputs, filters, stride):
            super().__init__()
            self.first = normed(inputs, filters, stride=stride)
            self.second = normed(filters, filters)
            self.short = normed(inputs, filters, 1, stride) if stride > 1 else nn.Identity()

        def forward(self, x):
            y = self.second(F.relu(self.first(x), inplace=True))
            return F.relu(y + self.short(x), inplace=True)

    layers, inputs = [normed(3, 16), nn.ReLU(inplace=True)], 16
    for filters in (16, 32, 64):
        for block in range(3):
            layers.append(Block(inputs, filters, 2 if filters > 16 and block == 0 else 1))
            inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# --- depthwise-separable convolutions, as in MobileNet (Howard et al., 2017) ---------------------


def _separable(x):
    x = L.Conv2D(32, 3, padding="same", activation="relu")(x)
    for filters, stride in ((64, 1), (128, 2), (128, 1)):
        channels = x.shape[-1]
        x = L.Conv2D(channels, 3, groups=channels, stride=stride, padding=1, activation="relu")(x)
        x = L.Conv2D(filters, 1, activation="relu")(x)
    return L.Dense(10)(L.GlobalAveragePool2D()(x))


def _torch_separable():
    from torch import nn

    layers, channels = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU()], 32
    for filters, stride in ((64, 1), (128, 2), (128, 1)):
        layers += [nn.Conv2d(channels, channels, 3, stride, 1, groups=channels), nn.ReLU()]
        layers += [nn.Conv2d(channels, filters, 1), nn.ReLU()]
        channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


# --- series ---------------------------------------------------------------------------------------


def _series(x):
    for filters in (32, 64):
        x = L.MaxPool1D(2)(L.Conv1D(filters, 7, padding="same", activation="relu")(x))
    return L.Dense(10)(L.Flatten()(x))


def _torch_series():
    from torch import nn

    layers, channels = [], 4
    for filters in (32, 64):
        layers += [nn.Conv1d(channels, filters, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2)]
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 64, 10))


# Behind so many ReLUs some take the other side in every batch: PyTorch's gradient in float32 is off
# by 4e-3 from its own in float64.
RESNET = Architecture("ResNet-20", (32, 32, 3), _resnet, _torch_resnet, tolerance=5e-3)
SEPARABLE = Architecture("depthwise-separable net", (32, 32, 3), _separable, _torch_separable)
SERIES = Architecture("1-D net", (256, 4), _series, _torch_series)


# --- the CIFAR net with layers whose cost is of interest ------------------------------------------


def _cifar(x, norm=False, dropout=False):
    for filters in (32, 64):
        for _ in range(2):
            x = L.Conv2D(filters, 3, padding="same")(x)
            x = L.BatchNorm()(x) if norm else x
            x = L.Activation("relu")(x)
        x = L.MaxPool2D(2)(x)
        x = L.Dropout(0.25)(x) if dropout else x
    x = L.Dense(256, activation="relu")(L.Flatten()(x))
    x = L.Dropout(0.5)(x) if dropout else x
    return L.Dense(10)(x)


PLAIN = Architecture("CIFAR net", (32, 32, 3), _cifar, None)
NORMED = Architecture("CIFAR net, BatchNorm", (32, 32, 3), lambda x: _cifar(x, norm=True), None)
DROPPED = Architecture("CIFAR net, Dropout", (32, 32, 3), lambda x: _cifar(x, dropout=True), None)
