"""fastnn: dense, convolutional and pooling networks on CPUs, small, fast and deterministic.

>>> import fastnn as fn
>>> layers = [fn.layers.Dense(3, activation="tanh"), fn.layers.Dense(1)]
>>> net = fn.Sequential(layers, input_shape=(2,))
>>> net.predict([[0.0, 0.0]]).shape
(1, 1)
"""

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:  # what editors and type checkers see; else see `__getattr__`
    from fastnn import (
        augment,
        callbacks,
        constraints,
        data,
        datasets,
        functional,
        initializers,
        layers,
        losses,
        metrics,
        optimizers,
        plots,
        reference,
        regularizers,
        schedules,
    )
    from fastnn import sklearn as sklearn  # not in __all__: it needs scikit-learn
    from fastnn._build import __version__, build_info
    from fastnn._core.threads import get_num_threads, set_num_threads
    from fastnn.diagnosing import diagnose
    from fastnn.ensemble import Ensemble
    from fastnn.explaining import explain
    from fastnn.export import export_c
    from fastnn.history import History
    from fastnn.layers.node import Input
    from fastnn.model import Model
    from fastnn.network import Sequential
    from fastnn.saving import ModelFileError, load
    from fastnn.soundness import NonFiniteLossError
    from fastnn.trainer import Trainer
    from fastnn.verifying import verify

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
    "explain",
    "export_c",
    "functional",
    "get_num_threads",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "optimizers",
    "plots",
    "reference",
    "regularizers",
    "schedules",
    "set_num_threads",
    "verify",
]

# Names, and the modules that have them. Nothing is imported before it is used, so that commands and
# programs that need a part of the package only need not wait for all of it.
_LATER = {
    "Ensemble": "ensemble",
    "History": "history",
    "Input": "layers.node",
    "Model": "model",
    "ModelFileError": "saving",
    "NonFiniteLossError": "soundness",
    "Sequential": "network",
    "Trainer": "trainer",
    "__version__": "_build",
    "build_info": "_build",
    "diagnose": "diagnosing",
    "explain": "explaining",
    "export_c": "export",
    "get_num_threads": "_core.threads",
    "load": "saving",
    "set_num_threads": "_core.threads",
    "verify": "verifying",
}


def __getattr__(name):
    """Import what is asked for: one of the names above, or a module of the package."""
    if name in _LATER:
        module = importlib.import_module(f"fastnn.{_LATER[name]}")
        value = globals()[name] = getattr(module, name)
        return value
    wanted = f"fastnn.{name}"
    if not name.startswith("__"):
        try:
            return importlib.import_module(wanted)
        except ModuleNotFoundError as error:
            if error.name != wanted:
                raise
    raise AttributeError(f"module 'fastnn' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
