"""fastnn: dense, convolutional and pooling networks on CPUs, small, fast and deterministic.

>>> import fastnn as fn
>>> layers = [fn.layers.Dense(3, activation="tanh"), fn.layers.Dense(1)]
>>> net = fn.Sequential(layers, input_shape=(2,))
>>> net.predict([[0.0, 0.0]]).shape
(1, 1)
"""

import importlib

from fastnn import (
    callbacks,
    constraints,
    functional,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    reference,
    regularizers,
    schedules,
)
from fastnn._build import __version__, build_info
from fastnn._core.threads import get_num_threads, set_num_threads
from fastnn.layers.node import Input
from fastnn.model import Model
from fastnn.network import Sequential
from fastnn.saving import ModelFileError, load
from fastnn.soundness import NonFiniteLossError
from fastnn.training import History, Trainer

__all__ = [
    "Ensemble",
    "History",
    "Input",
    "Model",
    "ModelFileError",
    "NonFiniteLossError",
    "Sequential",
    "Trainer",
    "__version__",
    "augment",
    "build_info",
    "callbacks",
    "constraints",
    "data",
    "datasets",
    "diagnose",
    "export_c",
    "functional",
    "get_num_threads",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "optimizers",
    "reference",
    "regularizers",
    "schedules",
    "set_num_threads",
    "verify",
]

# What is imported when it is first used, as that takes time: names, and where they are; modules.
_LATER = {
    "Ensemble": "fastnn.ensemble",
    "diagnose": "fastnn.diagnosing",
    "export_c": "fastnn.export",
    "verify": "fastnn.verifying",
}
_MODULES = "augment", "data", "datasets"


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"fastnn.{name}")
    if name not in _LATER:
        raise AttributeError(f"module 'fastnn' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return value


def __dir__():
    return sorted({*globals(), *__all__})
