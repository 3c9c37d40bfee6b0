"""The network table: every layer in a network, every loss, every optimizer, trained in a few steps.

Numbers of samples are no multiples of packs or of threads.
"""

import copy
import math
import statistics
import zlib
from functools import cached_property

import numpy as np

import fastnn as fn

L, optimizers, SGD, Adam = fn.layers, fn.optimizers, fn.optimizers.SGD, fn.optimizers.Adam

DTYPES = ["float32", "float64"]
CLASSES = 5
ENDING = (L.Flatten(), L.Dense(CLASSES))
SLOW = {"optimizer": lambda: SGD(0.0001)}
WEIGHED = {"class_weight": (0.5, 2.0, 0.0, 1.0, 3.0), "ignore_label": -1}
SIZES = [*[77, 37] * 9, 5, 277]  # of the batches of a run; one has more packs than 16 threads


class Network:
    """One row of the table: layers, and how they are trained.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of a sample.
    layers : list of Layer
        Patterns for those of every new network.
    loss : str or Loss
    target : str
        What the loss is told: "labels", some of them "ignored", "shares" of classes, "numbers",
        "counts", "signs", or a "vector" of two classes.
    optimizer : callable
        Makes a new one.
    ending : list of Layer
        What follows the layers.
    sizes : list of int
        Samples in each batch of a run.
    """

    def __init__(
        self,
        name,
        shape,
        layers,
        *,
        loss="cross_entropy",
        target="labels",
        optimizer=lambda: SGD(0.02, momentum=0.9),
        ending=ENDING,
        sizes=SIZES,
    ):
        self.name, self.shape, self.loss, self.target = name, shape, loss, target
        self.patterns, self.optimizer, self.sizes = [*layers, *ending], optimizer, sizes

    def __repr__(self):
        return self.name

    def rng(self, *key):
        """Random numbers, always the same ones for this row and key."""
        return np.random.default_rng(zlib.crc32(repr((self.name, *key)).encode()))

    def build(self, dtype="float32"):
        """A new network; every Standardize has learnt."""
        layers = [copy.deepcopy(layer) for layer in self.patterns]
        net = fn.Sequential(layers, self.shape, dtype=dtype, seed=3)
        for index, (layer, pattern) in enumerate(zip(layers, self.patterns, strict=True)):
            layer.trainable = pattern.trainable
            if isinstance(layer, L.Standardize):
                layer.learn(self.rng("learn", index).normal(1, 3, (50, *layer.input_shape)))
        return net

    def trainer(self, dtype="float32"):
        """A new network with its loss and optimizer."""
        return fn.Trainer(self.build(dtype), self.loss, self.optimizer())

    def x(self, n, key=0):
        """Samples."""
        return self.rng("x", n, key).standard_normal((n, *self.shape))

    def batch(self, n, key=0):
        """Samples, their targets, and weights of which some are 0."""
        outputs, rng = self.output_shape, self.rng("batch", n, key)
        targets = {
            "labels": lambda: rng.integers(0, outputs[-1], (n, *outputs[:-1])),
            "shares": lambda: rng.dirichlet(np.ones(outputs[-1]), (n, *outputs[:-1])),
            "numbers": lambda: rng.random((n, *outputs)),
            "vector": lambda: rng.integers(0, 2, n),
            "counts": lambda: rng.integers(0, 4, (n, *outputs)),
            "signs": lambda: rng.choice([-1, 1], (n, *outputs)),
            "ignored": lambda: rng.integers(-1, outputs[-1], (n, *outputs[:-1])),
        }
        weight = rng.random(n) * (np.arange(n) % 7 != 3)
        return self.x(n, key), targets[self.target](), weight

    @cached_property
    def output_shape(self):
        """Shape of a sample's outputs."""
        return self.build().output_shape

    def batches(self):
        """The batches of a run; every second one is weighted."""
        found = [self.batch(n, key) for key, n in enumerate(self.sizes)]
        return [(x, y, weight if key % 2 else None) for key, (x, y, weight) in enumerate(found)]

    def multiply_adds(self, n=None):
        """Those of a forward pass of `n` samples (a usual batch), filled up to whole packs."""
        n = statistics.median_low(self.sizes) if n is None else n
        each = 0
        for layer in self.build().layers:
            if "weight" in layer.parameters:
                each += math.prod(layer.output_shape) * math.prod(layer.weight.shape[1:])
        return each * -(-n // 16) * 16


VECTOR, SERIES, IMAGE, VOLUME = (130,), (60, 3), (12, 11, 3), (6, 7, 6, 2)


def dense(name, *layers, **how):
    """A row whose layers follow a dense one."""
    return Network(f"dense, {name}", VECTOR, [L.Dense(90), *layers], **how)


def series(name, *layers, **how):
    """A row whose layers follow a convolution; they see (56, 16)."""
    return Network(f"series, {name}", SERIES, [L.Conv1D(16, 5), *layers], **how)


def image(name, *layers, **how):
    """A row whose layers follow a convolution; they see (10, 9, 8)."""
    return Network(f"image, {name}", IMAGE, [L.Conv2D(8, 3), *layers], **how)


def volume(name, *layers, **how):
    """A row whose layers follow a convolution; they see (4, 5, 4, 6)."""
    return Network(f"volume, {name}", VOLUME, [L.Conv3D(6, 3), *layers], **how)


ACTIVATIONS = [
    *[dense(f"then {name}", L.Dense(70, name)) for name in ("linear", "relu", "sigmoid", "tanh")],
    *[dense(f"then {name}", L.Dense(70, name), L.Dense(30)) for name in ("softmax", "sign")],
    *[
        image(f"Activation {name}", L.Activation(name), L.Conv2D(6, 2))
        for name in ("linear", "relu", "sigmoid", "tanh", "softmax", "sign")
    ],
    dense("Softmax", L.Softmax()),
    image("Softmax", L.Softmax()),
    *[
        image(f"convolution then {name}", L.Conv2D(16, 3, activation=name))
        for name in ("relu", "sigmoid", "tanh", "softmax")
    ],
]

MORE_ACTIVATIONS = [
    *[
        image(f"Activation {name}", L.Activation(name), L.Conv2D(6, 2))
        for name in ("leaky_relu", "relu6", "elu", "selu", "gelu", "silu", "mish")
    ],
    *[
        dense(f"then {name}", L.Dense(70, name), L.Dense(30))
        for name in ("softplus", "softsign", "hard_sigmoid", "hard_swish", "gelu", "leaky_relu")
    ],
    # one behind the other: what each needs for its way back must not be written over
    dense("ELU, GELU, SiLU", L.ELU(0.5), L.GELU(), L.SiLU(), L.Dense(30)),
    dense("LeakyReLU, Mish, Softplus", L.LeakyReLU(0.2), L.Mish(), L.Softplus(2.0), L.Dense(30)),
    image("GELU, Rescale, tanh", L.GELU("tanh"), L.Rescale(0.3), L.Activation("tanh")),
    image("ReLU6, HardSwish", L.ReLU6(), L.HardSwish(), L.HardSigmoid(), L.Conv2D(6, 2)),
    image("Softsign, SELU", L.Softsign(), L.SELU(), L.MaxPool2D(2), L.SiLU(), L.Conv2D(6, 2)),
    image("ReLU, then GELU", L.Conv2D(6, 2, activation="relu"), L.GELU(), L.Conv2D(6, 2)),
    dense("PReLU", L.PReLU(), L.Dense(30), L.PReLU("all")),
    image("PReLU", L.PReLU(), L.Conv2D(6, 2), L.PReLU("none"), L.Conv2D(6, 2), L.PReLU("all")),
    image("PReLUs in a row", L.PReLU(), L.PReLU("all"), L.SiLU(), L.PReLU("none")),
    image("PReLU of a pool", L.MaxPool2D(2), L.PReLU(), L.Flatten(), L.PReLU(), L.LogSoftmax()),
    Network("PReLU first", VECTOR, [L.PReLU(), L.Dense(30, "silu")], sizes=[77, 37, 1333]),
    image(
        "Activation log_softmax",
        L.Activation("log_softmax"),
        L.Conv2D(6, 2),
        optimizer=lambda: SGD(0.001),
    ),
    dense("log-softmax in the loss", ending=[L.Dense(CLASSES), L.LogSoftmax()]),
]

NORMS = [
    dense("LayerNorm", L.LayerNorm(), L.Dense(30, "tanh"), L.LayerNorm(scale=False)),
    dense("GroupNorm", L.GroupNorm(9), L.Dense(30, "relu"), L.GroupNorm(1, shift=False)),
    dense("BatchNorm", L.BatchNorm(), L.Dense(30, "relu"), L.BatchNorm(0.5, shift=False)),
    series("InstanceNorm", L.InstanceNorm(), L.Conv1D(10, 4)),
    image("LayerNorm", L.LayerNorm(), L.Conv2D(6, 2), L.LayerNorm("all", epsilon=0.01)),
    image("GroupNorm", L.GroupNorm(4), L.Activation("relu"), L.Conv2D(6, 2), L.GroupNorm(2)),
    image("InstanceNorm", L.InstanceNorm(), L.MaxPool2D(2), L.InstanceNorm(scale=False)),
    image("BatchNorm", L.BatchNorm(), L.Activation("relu"), L.Conv2D(6, 2), L.BatchNorm()),
    image("BatchNorm, then a pool", L.BatchNorm(), L.Activation("relu"), L.MaxPool2D(2), L.PReLU()),
    image("norms in a row", L.LayerNorm(2), L.SiLU(), L.GroupNorm(2), L.InstanceNorm(), L.PReLU()),
    volume("GroupNorm", L.GroupNorm(3), L.Conv3D(7, 2)),
    volume("BatchNorm", L.BatchNorm(scale=False, shift=False), L.Conv3D(7, 2)),
    Network("LayerNorm first", VECTOR, [L.LayerNorm(), L.Dense(30, "silu")], sizes=[77, 37, 1333]),
    Network("LayerNorm last", VECTOR, [], ending=[L.Dense(CLASSES), L.LayerNorm()], sizes=[77, 37]),
]

CONVOLUTIONS = [
    series("plain", L.Conv1D(10, 4)),
    series("stride", L.Conv1D(10, 4, stride=3)),
    series("same", L.Conv1D(10, 4, padding="same")),
    series("dilation", L.Conv1D(10, 4, dilation=3, padding=(5,))),
    series("groups", L.Conv1D(12, 3, groups=4)),
    series("all", L.Conv1D(8, 3, stride=2, padding=((3, 1),), dilation=2, groups=2)),
    image("plain", L.Conv2D(10, 3)),
    image("one pixel, no bias", L.Conv2D(20, 1, bias=False)),
    image("stride", L.Conv2D(12, 3, stride=(2, 3))),
    image("same", L.Conv2D(12, (5, 2), padding="same")),
    image("same, stride", L.Conv2D(12, 4, padding="same", stride=(1, 2))),
    image("padding", L.Conv2D(9, 3, padding=((2, 0), (0, 3)))),
    image("dilation", L.Conv2D(9, (3, 2), dilation=(2, 3))),
    image("groups", L.Conv2D(6, 3, groups=2)),
    image("depthwise", L.Conv2D(16, 3, groups=8, padding=1)),
    image("depthwise, stride", L.Conv2D(8, 3, groups=8, stride=2, padding="same"), L.Conv2D(6, 2)),
    image(
        "depthwise, then max pool",
        L.Conv2D(8, 3, groups=8, padding=1, activation="relu"),
        L.MaxPool2D(2),
        L.Conv2D(16, 2, groups=4, activation="relu"),
        L.Conv2D(8, 1),
    ),
    image("transposed depthwise", L.ConvTranspose2D(16, 3, groups=8, stride=2, padding=1)),
    image("all", L.Conv2D(8, 3, stride=2, padding="same", dilation=2, groups=4)),
    image("many channels", L.Conv2D(17, 3), L.Conv2D(19, 3, padding="same"), L.Conv2D(33, 2)),
    image("groups of many channels", L.Conv2D(32, 3), L.Conv2D(34, 3, groups=2)),
    image("Winograd", L.Conv2D(32, 3), L.Conv2D(33, 3, padding="same", algorithm="winograd")),
    *[
        image(
            f"Winograd, then {name}",
            L.Conv2D(32, 1),
            L.Conv2D(32, 3, padding=((2, 0), (0, 1)), activation="relu", algorithm="winograd"),
            *layers,
            L.Conv2D(32, 3, padding=1, algorithm="winograd"),
        )
        for name, layers in [
            ("Winograd", []),
            ("max pool", [L.MaxPool2D(2)]),
            ("max pool of three rows", [L.MaxPool2D(3)]),
            ("padded max pool", [L.MaxPool2D(2, padding=1)]),
        ]
    ],
    series("transposed", L.ConvTranspose1D(10, 4, stride=3, padding=2)),
    image("transposed", L.ConvTranspose2D(10, 3, stride=2, padding="same"), L.Conv2D(6, 2)),
    image("transposed, no bias", L.ConvTranspose2D(17, 2, bias=False)),
    image("transposed groups", L.ConvTranspose2D(6, (3, 2), groups=2, dilation=(2, 3))),
    image(
        "between ReLUs, transposed",
        L.Activation("relu"),
        L.ConvTranspose2D(12, 3, stride=2, output_padding=1, activation="relu"),
        L.MaxPool2D(2),
    ),
    volume("transposed", L.ConvTranspose3D(5, 2, stride=(2, 1, 2), padding=(1, 0, 1))),
    volume("plain", L.Conv3D(7, 2)),
    volume("stride", L.Conv3D(8, (2, 3, 2), stride=(1, 2, 2))),
    volume("same", L.Conv3D(7, 3, padding="same")),
    volume("dilation", L.Conv3D(7, 2, dilation=(3, 1, 2))),
    volume("groups", L.Conv3D(6, 2, groups=3, padding=1)),
    volume("all", L.Conv3D(4, 2, stride=2, padding=(1, 2, 0), dilation=2, groups=2)),
]

POOLS = [
    *[
        make(f"{kind} pool, {name}", getattr(L, f"{kind}Pool{rank}")(*size, **how))
        for rank, make in (("1D", series), ("2D", image), ("3D", volume))
        for kind in ("Max", "Average")
        for name, size, how in [
            ("plain", (2,), {}),
            ("overlapping", (3,), {"stride": 1}),
            ("padded", (3,), {"stride": 2, "padding": 1}),
            ("same, ceil_mode", (3,), {"stride": 2, "padding": "same", "ceil_mode": True}),
        ]
    ],
    image("Max pool, gaps", L.MaxPool2D(2, stride=3)),
    image("Max pool, dilation", L.MaxPool2D((2, 3), stride=1, dilation=2)),
    image("Max pool, ceil_mode", L.MaxPool2D(4, stride=3, ceil_mode=True)),
    volume("Max pool, dilation", L.MaxPool3D(2, stride=1, dilation=(2, 1, 3))),
    image("Average pool, ceil_mode", L.AveragePool2D(4, stride=3, ceil_mode=True)),
    image(
        "Average pool, padding counts",
        L.AveragePool2D(3, stride=2, padding=1, ceil_mode=True, count_include_pad=True),
    ),
    image("ReLU, then max pool", L.Activation("relu"), L.MaxPool2D(2), L.Conv2D(6, 2)),
    image("max pool, then ReLU", L.MaxPool2D(2), L.Activation("relu"), L.Conv2D(6, 2)),
    image("pool of a pool", L.MaxPool2D(2, stride=1), L.AveragePool2D(2, stride=1), L.MaxPool2D(3)),
]

PADDINGS = [
    series("circular", L.Conv1D(10, 4, padding="same", padding_mode="circular", stride=2)),
    image("reflect", L.Conv2D(9, 3, padding=((2, 0), (0, 3)), padding_mode="reflect")),
    volume("edge", L.Conv3D(6, 3, padding=1, padding_mode="edge", groups=2)),
    Network("reflect first", IMAGE, [L.Conv2D(8, 3, padding=1, padding_mode="reflect")]),
    image(
        "circular, between ReLUs",
        L.Activation("relu"),
        L.Conv2D(8, 3, padding="same", padding_mode="circular", activation="relu"),
        L.MaxPool2D(2),
        L.Conv2D(6, 2, padding="same", padding_mode="edge"),
    ),
    image(
        "Winograd, circular",
        L.Conv2D(32, 3),
        L.Conv2D(33, 3, padding=1, padding_mode="circular", algorithm="winograd"),
    ),
    series("Pad, Crop", L.Pad(3, "edge"), L.Conv1D(6, 3, activation="tanh"), L.Crop1D(((2, 7),))),
    image("Pad, Crop", L.Pad(1, value=0.5), L.Conv2D(6, 3), L.Crop2D((1, 2)), L.Pad(2, "reflect")),
    volume("Pad, Crop", L.ZeroPad3D(1), L.Conv3D(6, 3), L.Crop3D(1), L.Pad(1, "circular")),
    series("ZeroPad, UpSample", L.ZeroPad1D(2), L.UpSample1D(3, mode="linear"), L.Conv1D(5, 4)),
    image("UpSample", L.UpSample2D(2, mode="linear"), L.Conv2D(5, 3), L.UpSample2D((1, 3))),
    volume("UpSample", L.UpSample3D((2, 1, 2)), L.Conv3D(4, 2), L.UpSample3D(2, mode="linear")),
    Network("UpSample first", IMAGE, [L.UpSample2D(2), L.Conv2D(6, 3), L.ZeroPad2D(1)]),
    image("Permute", L.Permute((2, 0, 1)), L.Conv2D(5, 2, activation="relu"), L.Permute((1, 0, 2))),
    image("Permute of a ReLU", L.Conv2D(6, 2, activation="relu"), L.Permute((1, 2, 0))),
    dense("Reshape", L.Reshape((10, 3, 3)), L.Conv2D(5, 2), L.Reshape((6, -1)), L.Conv1D(4, 3)),
]

MORE_POOLS = [
    *[
        make(f"{kind} pool of all pixels", getattr(L, f"Global{kind}Pool{rank}")(), L.Dense(20))
        for rank, make in (("1D", series), ("2D", image), ("3D", volume))
        for kind in ("Max", "Average")
    ],
    image("Global pool at the end", L.Conv2D(CLASSES, 2), ending=[L.GlobalAveragePool2D()]),
    image("Global pool, axes kept", L.GlobalMaxPool2D(keep_dims=True), L.Conv2D(6, 1)),
    series("Adaptive pool", L.AdaptiveAveragePool1D(9), L.Conv1D(6, 2)),
    image("Adaptive pool", L.AdaptiveAveragePool2D((4, 13)), L.Conv2D(6, 2)),
    volume("Adaptive pool", L.AdaptiveAveragePool3D(3), L.Conv3D(6, 2)),
    series("Lp pool, sums", L.LpPool1D(3, p=1, stride=2), L.Conv1D(6, 2)),
    image("Lp pool", L.Conv2D(6, 2, activation="relu"), L.LpPool2D(2), L.Conv2D(6, 2)),
    image("Lp pool, cubes", L.LpPool2D(3, p=3, stride=2, padding=1), L.Conv2D(6, 2)),
    volume("Lp pool", L.LpPool3D(2, p=1.5, stride=1), L.Conv3D(6, 2), **SLOW),
]

MASK = np.random.default_rng(0).integers(0, 2, (70, 90))
LOCAL = [
    series("Locally connected", L.LocallyConnected1D(6, 4, activation="relu"), L.Conv1D(5, 2)),
    series("Locally connected, all", L.LocallyConnected1D(5, 3, stride=3, padding=((2, 1),))),
    image("Locally connected", L.LocallyConnected2D(6, 3, stride=2), L.Activation("tanh")),
    image("Locally connected, same", L.LocallyConnected2D(3, 2, padding="same", bias=False)),
    image(
        "Locally connected, unit norm",
        L.LocallyConnected2D(3, 2, weight_constraint="unit_norm", weight_regularizer="l2"),
    ),
    Network("Locally connected first", IMAGE, [L.LocallyConnected2D(2, 3, dilation=(2, 1))]),
    dense("mask", L.Dense(70, "relu", mask=MASK), L.Dense(30)),
    Network("mask first", (90,), [L.Dense(70, mask=MASK)], optimizer=Adam, sizes=[77, 37, 1333]),
]

SHAPES = [
    Network("Flatten at the head", IMAGE, [L.Flatten(), L.Dense(60, "relu")]),
    Network("Rescale at the head", VECTOR, [L.Rescale(0.3, 0.1), L.Dense(90, "tanh")]),
    Network("Standardize at the head", IMAGE, [L.Standardize(), L.Conv2D(8, 3)]),
    Network("two at the head", IMAGE, [L.Rescale(1.7), L.Standardize(), L.Conv2D(8, 3)]),
    dense("Rescale between", L.Rescale(0.3, offset=-0.1), L.Dense(30, "tanh")),
    image("Rescale between", L.Rescale(0.3), L.Conv2D(5, 2)),
    dense("Standardize between", L.Standardize(), L.Dense(30, "tanh")),
    image("Standardize between", L.Standardize(), L.Conv2D(5, 2, activation="relu")),
    dense("Rescale at the end", ending=(L.Dense(CLASSES), L.Rescale(0.3, 0.1))),
]

NOISES = [
    dense("Dropout", L.Activation("relu"), L.Dropout(0.4), L.Dense(30, "tanh"), L.Dropout(0.2)),
    image("Dropout", L.Dropout(0.3), L.Conv2D(6, 2, activation="relu"), L.Dropout(0.5)),
    image("Dropout of a pool", L.MaxPool2D(2), L.Dropout(0.5), L.Flatten(), L.Dense(40, "relu")),
    image("Dropout of whole channels", L.SpatialDropout(0.4), L.MaxPool2D(2), L.Conv2D(40, 2)),
    series("Dropout of whole channels", L.SpatialDropout(0.4), L.Conv1D(35, 3, activation="elu")),
    volume("Dropout of whole channels", L.SpatialDropout(0.2), L.Activation("tanh")),
    dense("Gaussian noise", L.GaussianNoise(0.3), L.Dense(30, "relu"), L.GaussianNoise(0.1)),
    image("Gaussian dropout", L.GaussianDropout(0.2), L.Activation("silu"), L.GaussianDropout(0.1)),
    # one behind the other: what each needs for its way back must not be written over
    dense("noise of noise", L.Dropout(0.2), L.GaussianDropout(0.1), L.GELU(), L.Dropout(0.3)),
    image("noise and PReLU", L.PReLU(), L.SpatialDropout(0.2), L.PReLU(), L.GaussianNoise(0.1)),
    image("without a strength", L.Dropout(0), L.GaussianNoise(0), L.GaussianDropout(0)),
    Network("noise first", VECTOR, [L.GaussianNoise(0.5), L.Dropout(0.1), L.Dense(30, "relu")]),
    dense("noise at the end", ending=(L.Dense(CLASSES), L.Dropout(0.1))),
]

LOSSES = [
    dense("shares of classes", target="shares"),
    dense("softmax in the loss", ending=[L.Dense(CLASSES, "softmax")]),
    image("labels of pixels", ending=[L.Conv2D(CLASSES, 2)]),
    image("shares of pixels", ending=[L.Conv2D(CLASSES, 2, activation="softmax")], target="shares"),
    *[
        dense(f"{loss}{' of ' + activation if activation else ''}, {target}", ending=[last], **how)
        for loss, activation, units, target in [
            ("binary_cross_entropy", None, 4, "numbers"),
            ("binary_cross_entropy", "sigmoid", 4, "numbers"),
            ("binary_cross_entropy", None, 1, "vector"),
            ("half_squared_error", "tanh", 4, "numbers"),
            ("half_squared_error", None, 1, "vector"),
            ("squared_error", "relu", 4, "numbers"),
            ("squared_error", "softmax", 4, "shares"),
            ("mean_squared_error", "sigmoid", 4, "numbers"),
            ("mean_squared_error", None, 70, "numbers"),
        ]
        for last in [L.Dense(units, activation)]
        for how in [{"loss": loss, "target": target, "optimizer": lambda: SGD(0.002)}]
    ],
    *[
        dense(f"{loss}, {target}", ending=[L.Dense(units)], loss=loss, target=target, **SLOW)
        for loss, units, target in [
            ("mean_absolute_error", 4, "numbers"),
            ("huber", 1, "vector"),
            (fn.losses.Huber(0.25, reduction="sum"), 4, "numbers"),
            ("poisson", 4, "counts"),
            ("hinge", 4, "signs"),
            ("hinge", 1, "vector"),
            ("perceptron", 1, "vector"),
            ("binary_focal", 4, "numbers"),
            (fn.losses.BinaryFocal(0.5), 1, "vector"),
            ("focal", CLASSES, "labels"),
            (fn.losses.Focal(3.0, reduction="sum"), CLASSES, "shares"),
            ("kl_divergence", CLASSES, "shares"),
            ("multiclass_hinge", CLASSES, "labels"),
            (fn.losses.CrossEntropy(0.125), CLASSES, "labels"),
            (fn.losses.CrossEntropy(0.125), CLASSES, "shares"),
        ]
    ],
    *[
        make(
            f"{loss.name} of classes with weights, some labels ignored",
            ending=ending,
            loss=loss,
            target="ignored",
            **SLOW,
        )
        for make, ending in ((dense, ENDING), (image, [L.Conv2D(CLASSES, 2)]))
        for loss in (
            fn.losses.CrossEntropy(**WEIGHED),
            fn.losses.CrossEntropy(0.125, reduction="sum", **WEIGHED),
            fn.losses.Focal(**WEIGHED),
            fn.losses.MulticlassHinge(**WEIGHED),
        )
    ],
    image(
        "mean_squared_error of pixels",
        ending=[L.Conv2D(3, 2)],
        loss="mean_squared_error",
        target="numbers",
    ),
]

OPTIMIZERS = [
    dense(
        name, L.Dense(200, "tanh"), optimizer=optimizer
    )  # more parameters than a block of an update
    for name, optimizer in [
        ("SGD", lambda: SGD(0.05)),
        ("momentum", lambda: SGD(0.02, momentum=0.7)),
        ("Nesterov", lambda: SGD(0.02, momentum=0.9, nesterov=True)),
        ("Adam", lambda: Adam()),
        ("Adam, other settings", lambda: Adam(0.01, beta1=0.5, beta2=0.9, epsilon=1e-3)),
        ("dampened", lambda: SGD(0.02, momentum=0.7, dampening=0.5, weight_decay=0.1)),
        ("RMSprop", lambda: optimizers.RMSprop(0.001, momentum=0.5, centered=True, epsilon=1e-3)),
        ("Adagrad", lambda: optimizers.Adagrad(rate_decay=0.1, initial_accumulator=0.1)),
        ("Adadelta", lambda: optimizers.Adadelta(weight_decay=0.01)),
        ("AMSGrad", lambda: Adam(amsgrad=True, weight_decay=0.1, decay_biases=False)),
        ("AdamW", lambda: optimizers.AdamW(0.003, weight_decay=0.1, decay_biases=False)),
        ("Lion", lambda: optimizers.Lion(0.001, weight_decay=0.1)),
        ("scheduled", lambda: SGD(fn.schedules.Step(0.05, 2))),
    ]
]


def frozen(layer):
    """The layer, not to be trained."""
    layer.trainable = False
    return layer


DRAWN = {"weight_regularizer": "l1_l2", "bias_regularizer": fn.regularizers.L1(0.001)}
HELD = {"weight_constraint": fn.constraints.MaxNorm(0.5), "bias_constraint": "non_negative"}
CLIPPED = {"clip_value": 0.1, "clip_norm": 0.5, "gradient_noise": 0.01}
UPKEEP = [  # some with more parameters than a block of an update
    dense("penalties", L.Dense(200, "tanh", **DRAWN), optimizer=lambda: SGD(0.05)),
    image("penalties", L.Conv2D(20, 3, **DRAWN), L.PReLU("none", slope_regularizer="l2")),
    dense("constraints", L.Dense(200, "tanh", **HELD), L.Dense(70, weight_constraint="unit_norm")),
    image(
        "constraints",
        L.Conv2D(70, 3, **HELD),
        L.PReLU(slope_constraint="max_abs"),
        L.Conv2D(60, 3, padding="same", weight_constraint="unit_norm"),
    ),
    image(
        "transposed, all",
        L.ConvTranspose2D(12, 3, stride=2, **DRAWN, **HELD),
        frozen(L.ConvTranspose2D(8, 2, **DRAWN)),
        L.MaxPool2D(2),
    ),
    image("long rows", L.Conv2D(600, 1), L.Conv2D(5, 4, **HELD, **DRAWN), sizes=[37, 77]),
    dense("clipped, noise", L.Dense(200, "tanh"), optimizer=lambda: SGD(0.05, **CLIPPED)),
    image(
        "all",
        L.Conv2D(20, 3, **DRAWN, **HELD),
        L.PReLU(),
        L.Flatten(),
        L.Dense(30, "relu", **HELD, **DRAWN),
        optimizer=lambda: Adam(**CLIPPED),
    ),
    dense("frozen", frozen(L.Dense(200, "tanh")), L.Dense(30), optimizer=Adam),
    Network("frozen first", VECTOR, [frozen(L.Dense(90)), frozen(L.PReLU()), L.Dense(30, "tanh")]),
    image(
        "frozen between",
        frozen(L.Conv2D(20, 3, activation="relu", **DRAWN)),
        L.MaxPool2D(2),
        L.Conv2D(20, 2),
        frozen(L.PReLU()),
        optimizer=lambda: SGD(0.05, momentum=0.5, clip_norm=0.1),
    ),
]

LENET = Network(
    "LeNet",
    (28, 28, 1),
    [
        L.Rescale(0.5),
        L.Conv2D(6, 5, activation="relu"),
        L.MaxPool2D(2),
        L.Conv2D(16, 5, activation="relu"),
        L.MaxPool2D(2),
        L.Flatten(),
        L.Dense(120, "relu"),
        L.Dense(84, "relu"),
    ],
    ending=[L.Dense(10)],
    optimizer=Adam,
    sizes=[77, 37, 130],
)
MANY_TERMS = Network(
    "many terms",
    (700,),
    [L.Dense(300, "tanh"), L.Dense(200, "sigmoid")],
    sizes=[77, 37, 300],
)
LARGE = [
    LENET,
    MANY_TERMS,
    Network("more packs than slots", (30,), [L.Dense(20, "tanh")], sizes=[1333, 37, 2111]),
    # 4.7 MB of weights a slot, in float64 twice that: fewer slots than packs
    Network(
        "fewer slots than packs",
        (3, 3, 256),
        [L.Conv2D(512, 3, activation="tanh")],
        sizes=[277],
    ),
    Network("weights by the million", (1500,), [L.Dense(800, "relu"), L.Dense(20)], sizes=[77, 37]),
    image("deep", *[L.Conv2D(8, 3, padding="same", activation="tanh") for _ in range(6)]),
]

TABLE = [
    *ACTIVATIONS,
    *MORE_ACTIVATIONS,
    *NORMS,
    *CONVOLUTIONS,
    *POOLS,
    *PADDINGS,
    *MORE_POOLS,
    *LOCAL,
    *SHAPES,
    *NOISES,
    *LOSSES,
    *OPTIMIZERS,
    *UPKEEP,
    *LARGE,
]
