"""Optimizers: how gradients change parameters. `Optimizer` says what they have in common."""

from fastnn import schedules
from fastnn.adaptive import Adadelta, Adagrad, Adam, AdamW, RMSprop
from fastnn.checks import lookup, number
from fastnn.lbfgs import LBFGS
from fastnn.optimizer import Optimizer, Setting
from fastnn.rule import Rule, below_1, truth

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Optimizer",
    "RMSprop",
    "from_config",
    "get",
]


def from_0_to_1(who, what, value):
    """Return `value` as a float from 0 to 1."""
    value = number(who, what, value, 0)
    if value > 1:
        raise ValueError(f"{who}: expected {what} from 0 to 1, got {value!r}")
    return value


class SGD(Rule):
    """Stochastic gradient descent, with momentum if wished.

    Parameters
    ----------
    learning_rate : float or Schedule
    momentum : float
        From 0 up to, without, 1.
    nesterov : bool
        Look ahead by the momentum.
    dampening : float
        What part of every gradient but the first the velocity does without; from 0 to 1.
    **common
        `weight_decay`, `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and
        `Optimizer`.

    Notes
    -----
    ``g ← g + λ p``; ``v ← momentum · v + (1 − dampening) · g``; ``p ← p − learning_rate · v``, with
    Nesterov ``p ← p − learning_rate · (g + momentum · v)``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> fn.optimizers.SGD(0.5).update(parameters, np.array([2.0, 0.0]))
    >>> parameters.tolist()
    [0.0, 2.0]
    """

    operation = "sgd"
    slots = ("velocity",)

    momentum = Setting(below_1)
    nesterov = Setting(truth)
    dampening = Setting(from_0_to_1)

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, dampening=0.0, **common):
        super().__init__(learning_rate, **common)
        self.momentum, self.nesterov, self.dampening = momentum, nesterov, dampening
        self._check()

    def _check(self):
        if self.nesterov and self.momentum == 0:
            raise ValueError("SGD: expected a momentum above 0 with nesterov=True, got 0")
        if self.nesterov and self.dampening != 0:
            raise ValueError(f"SGD: expected no dampening with nesterov=True, got {self.dampening}")

    def _needed(self):
        return self.slots if self.momentum else ()

    def _figures(self):
        self._check()
        names = "momentum", "nesterov", "dampening"
        return {name: getattr(self, name) for name in names}


class Lion(Rule):
    """Steps of one size, along the sign of a mean gradient (Chen et al., 2023).

    Parameters
    ----------
    learning_rate : float or Schedule
        Mostly a tenth to a third of Adam's.
    beta1, beta2 : float
        How long the step's direction and the mean remember, below 1.
    weight_decay : float
        λ: in every update parameters are multiplied by 1 − learning_rate · λ first.
    **common
        `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and `Optimizer`.

    Notes
    -----
    ``p ← (1 − learning_rate · λ) p − learning_rate · sign(β₁ m + (1 − β₁) g)``;
    ``m ← β₂ m + (1 − β₂) g``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> fn.optimizers.Lion(0.25).update(parameters, np.array([-3.0, 0.0]))
    >>> parameters.tolist()
    [1.25, 2.0]
    """

    operation = "lion"
    slots = ("moment",)

    beta1 = Setting(below_1)
    beta2 = Setting(below_1)

    def __init__(self, learning_rate=0.0001, beta1=0.9, beta2=0.99, **common):
        super().__init__(learning_rate, **common)
        self.beta1, self.beta2 = beta1, beta2

    def _figures(self):
        return {"beta1": self.beta1, "beta2": self.beta2}


OPTIMIZERS = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamw": AdamW,
    "lion": Lion,
    "lbfgs": LBFGS,
}


def get(optimizer):
    """Return a new optimizer of this name; an `Optimizer` is one already.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.optimizers.get("adam").learning_rate
    0.001
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise TypeError(f"expected an optimizer, got its class; write {optimizer.__name__}()")
    return lookup("optimizer", optimizer, OPTIMIZERS)()


def from_config(config):
    """Return a new optimizer with the settings that `config()` of another one returned.

    Parameters
    ----------
    config : dict
        "name", and settings; what is missing has its default.

    Raises
    ------
    ValueError, TypeError
        If there is no such optimizer, or it has no such setting.

    Examples
    --------
    >>> import json, fastnn as fn
    >>> config = fn.optimizers.Adam(fn.schedules.Cosine(0.01, 500)).config()
    >>> adam = fn.optimizers.from_config(json.loads(json.dumps(config)))
    >>> adam.learning_rate(250)
    0.005
    """
    settings = dict(config)
    kind = lookup("optimizer", settings.pop("name", None), OPTIMIZERS)
    if isinstance(settings.get("learning_rate"), dict):
        settings["learning_rate"] = schedules.from_config(settings["learning_rate"])
    return kind(**settings)
