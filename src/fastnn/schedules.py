"""Schedules: learning rates that change while a network is trained.

A schedule takes the place of an optimizer's learning rate. It is a function of how many updates, or
with `per="epoch"` how many epochs, were finished before: the rate of an update does not depend on
how training was called. Rates are computed in double precision, one by one.
"""

import numpy as np

from fastnn.checks import integer, lookup, number, positive
from fastnn.cycles import Cosine, OneCycle
from fastnn.plateau import ReduceOnPlateau
from fastnn.schedule import Lengthy, Schedule, rate_of

__all__ = [
    "SCHEDULES",
    "Constant",
    "Cosine",
    "Exponential",
    "LinearWarmup",
    "OneCycle",
    "Polynomial",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "from_config",
]


class Constant(Schedule):
    """Always the same rate.

    Parameters
    ----------
    rate : float
    per : {"step", "epoch"}

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.Constant(0.1)(1000)
    0.1
    """

    name = "constant"
    settings = ("rate",)

    def __init__(self, rate, per="step"):
        super().__init__(per)
        self.rate = rate_of(self, "rate", rate)

    def __call__(self, step):
        return self.rate


class Step(Schedule):
    """The rate times a factor, again and again.

    Parameters
    ----------
    rate : float
    every : int or list of int
        After how many steps each time; or after which steps, ascending.
    factor : float
    per : {"step", "epoch"}

    Notes
    -----
    ``rate · factor^⌊t / every⌋``, or as many times the factor as milestones are at most t:
    PyTorch's StepLR and MultiStepLR.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.Step(1.0, 2, factor=0.5).rates(5).tolist()
    [1.0, 1.0, 0.5, 0.5, 0.25]
    >>> fn.schedules.Step(1.0, [1, 4], factor=0.5).rates(5).tolist()
    [1.0, 0.5, 0.5, 0.5, 0.25]
    """

    name = "step"
    settings = ("rate", "every", "factor")

    def __init__(self, rate, every, factor=0.1, per="step"):
        super().__init__(per)
        self.rate = rate_of(self, "rate", rate)
        self.factor = positive("Step", "factor", factor)
        if np.ndim(every) == 0:
            self.every = integer("Step", "every", every)
        else:
            self.every = [integer("Step", "every", step) for step in every]
            if self.every != sorted(self.every):
                raise ValueError(f"Step: expected every in ascending order, got {self.every}")

    def __call__(self, step):
        if isinstance(self.every, int):
            return self.rate * self.factor ** (step // self.every)
        return self.rate * self.factor ** sum(milestone <= step for milestone in self.every)


class Exponential(Schedule):
    """A rate that decays at a constant pace.

    Parameters
    ----------
    rate : float
    factor : float
        What becomes of the rate in `every` steps.
    every : int
    per : {"step", "epoch"}

    Notes
    -----
    ``rate · factor^(t / every)``: with `every` 1 PyTorch's ExponentialLR.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.Exponential(1.0, 0.5).rates(3).tolist()
    [1.0, 0.5, 0.25]
    """

    name = "exponential"
    settings = ("rate", "factor", "every")

    def __init__(self, rate, factor, every=1, per="step"):
        super().__init__(per)
        self.rate = rate_of(self, "rate", rate)
        self.factor = positive("Exponential", "factor", factor)
        self.every = integer("Exponential", "every", every)

    def __call__(self, step):
        return self.rate * self.factor ** (step / self.every)


class Polynomial(Lengthy):
    """Down, or up, to another rate along a power of the way that is left.

    Parameters
    ----------
    rate : float
    total : int, optional
        Steps until the end; by default those of a call of `fit`.
    power : float
        1: a straight line.
    end : float
        The rate at the end, and after it.
    per : {"step", "epoch"}

    Notes
    -----
    ``end + (rate − end) · (1 − t / total)^power``: with end 0 PyTorch's PolynomialLR.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.Polynomial(1.0, 4).rates(6).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    name = "polynomial"
    settings = ("rate", "total", "power", "end")

    def __init__(self, rate, total=None, power=1.0, end=0.0, per="step"):
        super().__init__(total, per)
        self.rate, self.end = rate_of(self, "rate", rate), rate_of(self, "end", end)
        self.power = positive("Polynomial", "power", power)

    def __call__(self, step):
        step, total = self.place(step)
        return self.end + (self.rate - self.end) * (1.0 - step / total) ** self.power


class LinearWarmup(Schedule):
    """A straight line up to the first rate of another schedule, which then follows.

    Parameters
    ----------
    steps : int
        How many.
    then : float or Schedule
        Its `per` is that of the warmup. It counts from the end of the warmup.
    start : float
        With what part of the first rate to begin.

    Notes
    -----
    ``then(0) · (start + (1 − start) · t / steps)``, from t = steps on ``then(t − steps)``:
    PyTorch's LinearLR.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.LinearWarmup(2, fn.schedules.Step(1.0, 2), start=0.0).rates(5).tolist()
    [0.0, 0.5, 1.0, 1.0, 0.1]
    """

    name = "linear_warmup"
    settings = ("steps", "then", "start")

    def __init__(self, steps, then, start=1 / 3):
        self.then = then if isinstance(then, Schedule) else Constant(then)
        super().__init__(self.then.per)
        self.steps = integer("LinearWarmup", "steps", steps)
        self.start = number("LinearWarmup", "start", start, 0)

    @property
    def version(self):
        return self._version, self.then.version

    @version.setter
    def version(self, value):
        vars(self)["_version"] = value

    def __call__(self, step):
        if step >= self.steps:
            return self.then(step - self.steps)
        return self.then(0) * (self.start + (1.0 - self.start) * (step / self.steps))

    def plan(self, first, length):
        self.then.plan(first, max(1, length - self.steps))

    def watch(self, figures):
        self.then.watch(figures)

    def observe(self, value):
        """Let the schedule that follows see a figure."""
        self.then.observe(value)

    def config(self):
        config = {"name": self.name, "steps": self.steps, "start": self.start}
        return config | {"then": self.then.config()}

    @property
    def state(self):
        return self.then.state

    def restore(self, state):
        self.then.restore(state)


SCHEDULES = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "polynomial": Polynomial,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "linear_warmup": LinearWarmup,
    "reduce_on_plateau": ReduceOnPlateau,
}


def from_config(config):
    """Return a new schedule with the settings that `config()` of another one returned.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.from_config({"name": "exponential", "rate": 1.0, "factor": 0.5})(1)
    0.5
    """
    settings = dict(config)
    kind = lookup("schedule", settings.pop("name", None), SCHEDULES)
    if isinstance(settings.get("then"), dict):
        settings["then"] = from_config(settings["then"])
    return kind(**settings)
