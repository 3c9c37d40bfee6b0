"""The networks of `training.py`, and a training step of each in fastnn, PyTorch and scikit-learn.

Each `*_contenders` function returns `Contender`s, one a setting worth trying; `training.py` probes
them shortly and times the fastest of each library.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import fastnn as fn

LEARNING_RATE, MOMENTUM = 0.01, 0.9


@dataclass(frozen=True)
class Network:
    name: str
    batch: int
    input_shape: tuple
    convolutions: tuple  # (filters, size), each followed by ReLU and 2x2 max pooling
    units: tuple  # of the dense layers; the last gives the logits
    activation: str = "relu"

    def data(self):
        """A batch that looks like scaled pixels, and labels; the same in every run."""
        rng = np.random.default_rng(0)
        x = rng.random((self.batch, *self.input_shape), dtype=np.float32)
        return x, rng.integers(0, self.units[-1], self.batch)


NETWORKS = (
    Network("LeNet-5", 128, (28, 28, 1), ((6, 5), (16, 5)), (120, 84, 10)),
    Network("LeNet-5", 32, (28, 28, 1), ((6, 5), (16, 5)), (120, 84, 10)),
    Network("784-512-512-10", 128, (784,), (), (512, 512, 10)),
    Network("20-64-64-2 tanh", 32, (20,), (), (64, 64, 2), "tanh"),
)


@dataclass(frozen=True)
class Contender:
    library: str
    setting: str
    prepare: Callable  # sets the number of threads
    step: Callable


# --- fastnn ----------------------------------------------------------------------------------


def fastnn_network(network, dtype="float32"):
    layers = []
    for filters, size in network.convolutions:
        layers += [fn.layers.Conv2D(filters, size, activation="relu"), fn.layers.MaxPool2D(2)]
    if network.convolutions:
        layers.append(fn.layers.Flatten())
    *hidden, out = network.units
    layers += [fn.layers.Dense(units, activation=network.activation) for units in hidden]
    layers.append(fn.layers.Dense(out))
    return fn.Sequential(layers, input_shape=network.input_shape, dtype=dtype, seed=0)


def fastnn_trainer(net):
    optimizer = fn.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
    return fn.Trainer(net, loss="cross_entropy", optimizer=optimizer)


def fastnn_contender(network, threads):
    x, y = network.data()
    trainer = fastnn_trainer(fastnn_network(network))
    return Contender(
        "fastnn",
        _threads(threads),
        lambda: fn.set_num_threads(threads),
        lambda: trainer.step(x, y),
    )


def gradient_error(network):
    """Relative error (L2) of the float32 gradient, against the same network in float64."""
    x, y = network.data()
    single, double = (fastnn_network(network, dtype) for dtype in ("float32", "float64"))
    double.parameters[:] = single.parameters
    for net in (single, double):
        fastnn_trainer(net).loss_and_gradients(x, y)
    error = np.linalg.norm(single.gradients - double.gradients)
    return error / np.linalg.norm(double.gradients)


# --- PyTorch ---------------------------------------------------------------------------------


def torch_contenders(network, max_threads):
    """Tensors in memory; plain and channels-last, each number of threads, both quick optimizers."""
    if importlib.util.find_spec("torch") is None:
        return []
    formats = ("plain", "channels_last") if network.convolutions else ("plain",)
    return [
        _torch_contender(network, threads, memory_format, optimizer)
        for threads in range(1, max_threads + 1)
        for memory_format in formats
        for optimizer in ("foreach", "fused")
    ]


def _torch_contender(network, threads, memory_format, optimizer):
    import torch

    torch.manual_seed(0)
    model = _torch_model(network)
    x, y = network.data()
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if network.convolutions:
        x = x.permute(0, 3, 1, 2).contiguous()
    if memory_format == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    loss = torch.nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(model.parameters(), LEARNING_RATE, momentum=MOMENTUM, **{optimizer: True})

    def step():
        sgd.zero_grad()
        loss(model(x), y).backward()
        sgd.step()

    setting = f"{_threads(threads)}, {memory_format}, {optimizer}"
    return Contender("PyTorch", setting, lambda: torch.set_num_threads(threads), step)


def _torch_model(network):
    from torch import nn

    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[network.activation]
    layers, (*grid, channels) = [], network.input_shape
    for filters, size in network.convolutions:
        layers += [nn.Conv2d(channels, filters, size), nn.ReLU(), nn.MaxPool2d(2)]
        grid, channels = [(n - size + 1) // 2 for n in grid], filters
    if network.convolutions:
        layers.append(nn.Flatten())
    features = int(np.prod(grid, dtype=int)) * channels
    for units in network.units:
        layers += [nn.Linear(features, units), activation()]
        features = units
    return nn.Sequential(*layers[:-1])  # the last layer gives logits


# --- scikit-learn ----------------------------------------------------------------------------


def sklearn_contenders(network, max_threads):
    """`partial_fit` on one batch, where the network has no convolutions."""
    if network.convolutions or importlib.util.find_spec("sklearn") is None:
        return []
    return [_sklearn_contender(network, threads) for threads in range(1, max_threads + 1)]


def _sklearn_contender(network, threads):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    x, y = network.data()
    model = MLPClassifier(
        network.units[:-1],
        activation=network.activation,
        solver="sgd",
        alpha=0.0,
        batch_size=network.batch,
        learning_rate_init=LEARNING_RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        random_state=0,
    )
    classes = np.arange(network.units[-1])
    return Contender(
        "scikit-learn",
        _threads(threads),
        lambda: threadpool_limits(threads, user_api="blas"),
        lambda: model.partial_fit(x, y, classes=classes),
    )


def _threads(n):
    return "1 thread" if n == 1 else f"{n} threads"
