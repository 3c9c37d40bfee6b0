"""What each library does in the rows of `training.py`, in every setting worth trying.

Each `*_contenders` function returns `Contender`s; fastnn's come first, with our number of threads.
A library that is not installed has none.
"""

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import fastnn as fn
from _networks import LEARNING_RATE, MOMENTUM, fastnn_network, fastnn_trainer, torch_model

EPOCH = 20_000  # samples
ADAM_RATE = 1e-3


@dataclass(frozen=True)
class Contender:
    library: str
    setting: str
    prepare: Callable  # sets the number of threads
    call: Callable

    @property
    def name(self):
        return f"{self.library}, {self.setting}"


def installed(module):
    return importlib.util.find_spec(module) is not None


def step_contenders(network, batch, threads):
    """One training step: SGD with momentum on the cross-entropy of a batch."""
    ours = _fastnn_contenders(fastnn_step(network, network.data(batch)), threads)
    return ours, _torch_contenders(torch_step, network, batch, threads, ("foreach", "fused"))


def predict_contenders(network, batch, threads):
    """The outputs of a batch, without what training would keep."""
    ours = _fastnn_contenders(fastnn_predict(network, network.data(batch)), threads)
    return ours, _torch_contenders(torch_predict, network, batch, threads)


def epoch_contenders(network, batch, threads):
    """One epoch of Adam from new weights, by `fit`."""
    ours = _fastnn_contenders(fastnn_epoch(network, batch), threads)
    return ours, _sklearn_contenders(network, batch, threads)


def _threads(n):
    return "1 thread" if n == 1 else f"{n} threads"


# --- fastnn ----------------------------------------------------------------------------------


def _fastnn_contenders(call, threads):
    return [
        Contender("fastnn", _threads(n), lambda n=n: fn.set_num_threads(n), call)
        for n in sorted({threads, 1}, reverse=True)
    ]


def fastnn_step(network, data):
    x, y = data
    trainer = fastnn_trainer(fastnn_network(network))
    return lambda: trainer.step(x, y)


def fastnn_predict(network, data):
    x, _ = data
    net = fastnn_network(network)
    return lambda: net.predict(x)


def fastnn_epoch(network, batch):
    x, y = network.data(EPOCH)

    def epoch():
        adam = fn.optimizers.Adam(ADAM_RATE)
        fastnn_network(network).fit(x, y, optimizer=adam, epochs=1, batch_size=batch, verbose=0)

    return epoch


# --- PyTorch ---------------------------------------------------------------------------------


def _torch_contenders(make, network, batch, max_threads, *choices):
    """Plain and channels-last memory, each of the choices, each number of threads."""
    if not installed("torch"):
        return []
    import torch

    contenders = []
    for setting in product(memory_formats(network), *choices):
        call = make(network, torch_data(network, batch, setting[0]), *setting)
        contenders += [
            Contender(
                "PyTorch",
                ", ".join((_threads(n), *setting)),
                lambda n=n: torch.set_num_threads(n),
                call,
            )
            for n in range(1, max_threads + 1)
        ]
    return contenders


def memory_formats(network):
    return ("plain", "channels_last") if network.has_images else ("plain",)


def torch_data(network, batch, memory_format):
    """Return samples and labels as tensors, in the layout that the network takes."""
    import torch

    x, y = map(torch.from_numpy, network.data(batch))
    if network.has_images:
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=_layout(memory_format))
    elif x.ndim == 3:  # series
        x = x.permute(0, 2, 1).contiguous()
    return x, y


def _torch_network(network, memory_format):
    import torch

    torch.manual_seed(0)
    return torch_model(network).to(memory_format=_layout(memory_format))


def _layout(memory_format):
    import torch

    return {"plain": torch.contiguous_format, "channels_last": torch.channels_last}[memory_format]


def torch_step(network, data, memory_format, optimizer):
    import torch

    x, y = data
    model = _torch_network(network, memory_format)
    loss = torch.nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(model.parameters(), LEARNING_RATE, momentum=MOMENTUM, **{optimizer: True})

    def step():
        sgd.zero_grad()
        loss(model(x), y).backward()
        sgd.step()

    return step


def torch_predict(network, data, memory_format):
    import torch

    x, _ = data
    model = _torch_network(network, memory_format).eval()

    def predict():
        with torch.inference_mode():
            return model(x)

    return predict


# --- scikit-learn ----------------------------------------------------------------------------


def _sklearn_contenders(network, batch, max_threads):
    if not installed("sklearn"):
        return []
    from threadpoolctl import threadpool_limits

    call = sklearn_epoch(network, batch)
    return [
        Contender(
            "scikit-learn",
            _threads(n),
            lambda n=n: threadpool_limits(n, user_api="blas"),
            call,
        )
        for n in range(1, max_threads + 1)
    ]


def sklearn_epoch(network, batch):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    x, y = network.data(EPOCH)
    model = MLPClassifier(
        [layer.units for layer in network.layers[:-1]],
        activation=network.activation,
        solver="adam",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=ADAM_RATE,
        max_iter=1,
        random_state=0,
    )

    def epoch():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, y)

    return epoch
