"""Schedule: what schedules of learning rates have in common."""

import itertools
import math

import numpy as np

from fastnn.checks import integer, number, one_of

_VERSIONS = itertools.count(1)


class Schedule:
    """Base class of schedules. One of your own implements `__call__`.

    Parameters
    ----------
    per : {"step", "epoch"}
        What is counted: updates, or epochs.

    Examples
    --------
    >>> import fastnn as fn
    >>> class Inverse(fn.schedules.Schedule):
    ...     def __call__(self, step):
    ...         return 1 / (1 + step)
    >>> [Inverse().checked(step) for step in range(3)]
    [1.0, 0.5, 0.3333333333333333]
    """

    name = None  # in `schedules.SCHEDULES`
    settings = ()  # arguments of the constructor, beside `per`
    version = 0  # another one whenever anything changed

    def __init__(self, per="step"):
        self.per = one_of(type(self).__name__, "per", per, ("step", "epoch"))

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        super().__setattr__("version", next(_VERSIONS))

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.per = self.per  # a copy has a version of its own

    def __call__(self, step):
        """Return the learning rate after so many steps (or epochs): 0, 1, …"""
        raise NotImplementedError

    def checked(self, step):
        """The same, or an error where it is no learning rate."""
        return number(type(self).__name__, f"the rate of step {step}", self(step), 0)

    def rates(self, steps):
        """Return the learning rates of several steps, for plots.

        Parameters
        ----------
        steps : int or array_like of int
            How many, from 0 on; or which.

        Returns
        -------
        ndarray of float64
        """
        steps = range(steps) if np.ndim(steps) == 0 else np.asarray(steps).tolist()
        return np.array([self.checked(step) for step in steps])

    def plan(self, first, length):
        """Hear how many steps follow from `first` on; for those whose length is None."""

    def watch(self, figures):
        """See the figures of an epoch."""

    def config(self):
        """Return the settings as `fastnn.schedules.from_config` takes them: plain, for JSON."""
        if "name" not in vars(type(self)):
            raise TypeError(f"{type(self).__name__}: only schedules of fastnn have a config")
        settings = {name: getattr(self, name) for name in self.settings}
        return {"name": self.name, **settings, "per": self.per}

    @property
    def state(self):
        """What else a checkpoint has to hold, plain, for JSON; see `restore`."""
        return {}

    def restore(self, state):
        """Go on from a `state` that was stored."""


class Lengthy(Schedule):
    """Base class of schedules with an end, `total` steps away; None: `fit` says how far.

    A call of `fit` then takes the schedule from its beginning to its end. One that shall span
    several calls needs its total told.
    """

    def __init__(self, total, per):
        super().__init__(per)
        who = type(self).__name__
        self.total = None if total is None else integer(who, "total", total)
        self._planned = None  # where it begins, and how long it is

    def plan(self, first, length):
        if self.total is None:
            self._planned = [first, length]

    def place(self, step):
        """Return how far a step is from the beginning, at most the total; and the total."""
        first, total = [0, self.total] if self.total is not None else self._planned or [0, None]
        if total is None:
            raise ValueError(
                f"{type(self).__name__}: expected a total number of {self.per}s, got None outside "
                f"of fit, which would know it"
            )
        return min(max(step - first, 0), total), total

    @property
    def state(self):
        return {"planned": self._planned}

    def restore(self, state):
        self._planned = state["planned"]


def rate_of(schedule, what, value):
    """Return a setting of a schedule that is a learning rate."""
    return number(type(schedule).__name__, what, value, 0)


def fall(height, done):
    """From a height to 0 along half a cosine."""
    return height * (1.0 + math.cos(math.pi * done)) / 2.0
