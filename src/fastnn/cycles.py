"""Schedules along half a cosine: `fastnn.schedules` holds them all."""

from fastnn.checks import integer, number, one_of, positive
from fastnn.schedule import Lengthy, fall, rate_of


class Cosine(Lengthy):
    """Down along half a cosine; with restarts if wished (Loshchilov and Hutter, SGDR, 2017).

    Parameters
    ----------
    rate : float
    period : int, optional
        Steps from the rate to the minimum; by default those of a call of `fit`.
    restarts : bool
        Whether to begin again at the end of each period; else the minimum stays.
    multiplier : int
        How many times as long each period is as the one before.
    minimum : float
    per : {"step", "epoch"}

    Notes
    -----
    ``minimum + (rate − minimum) · (1 + cos(π t / period)) / 2``, t counted from the period's
    beginning: PyTorch's CosineAnnealingLR and CosineAnnealingWarmRestarts.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.schedules.Cosine(1.0, 2).rates(4).round(3).tolist()
    [1.0, 0.5, 0.0, 0.0]
    >>> fn.schedules.Cosine(1.0, 2, restarts=True, multiplier=2).rates(7).round(3).tolist()
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    name = "cosine"
    settings = ("rate", "period", "restarts", "multiplier", "minimum")

    def __init__(self, rate, period=None, restarts=False, multiplier=1, minimum=0.0, per="step"):
        super().__init__(period, per)
        self.rate, self.minimum = rate_of(self, "rate", rate), rate_of(self, "minimum", minimum)
        self.restarts = bool(restarts)
        self.multiplier = integer("Cosine", "multiplier", multiplier)
        if self.restarts and period is None:
            raise ValueError("Cosine: expected a period with restarts=True, got None")

    @property
    def period(self):
        return self.total

    def __call__(self, step):
        if self.restarts:
            total = self.total
            if self.multiplier == 1:
                step %= total
            while step >= total:
                step, total = step - total, total * self.multiplier
        else:
            step, total = self.place(step)
        return self.minimum + fall(self.rate - self.minimum, step / total)


class OneCycle(Lengthy):
    """Up to the rate, then down to almost nothing (Smith and Topin, Super-convergence, 2019).

    Parameters
    ----------
    rate : float
        The largest.
    total : int, optional
        Steps of the cycle; by default those of a call of `fit`.
    rise : float
        What part of them goes up, between 0 and 1.
    begin, end : float
        How many times the first rate goes into the largest; and the last into the first.
    shape : {"cosine", "linear"}
    per : {"step", "epoch"}

    Notes
    -----
    PyTorch's OneCycleLR, without its cycle of the momentum: the largest rate comes at
    t = rise · total − 1, the last at total − 1; that one stays.

    Examples
    --------
    >>> import fastnn as fn
    >>> cycle = fn.schedules.OneCycle(1.0, 5, rise=0.4, begin=4, end=10, shape="linear")
    >>> cycle.rates(6).round(3).tolist()
    [0.25, 1.0, 0.675, 0.35, 0.025, 0.025]
    """

    name = "one_cycle"
    settings = ("rate", "total", "rise", "begin", "end", "shape")

    def __init__(self, rate, total=None, rise=0.3, begin=25.0, end=1e4, shape="cosine", per="step"):
        super().__init__(total, per)
        self.rate = rate_of(self, "rate", rate)
        self.rise = number("OneCycle", "rise", rise, 0, below=1)
        self.begin = positive("OneCycle", "begin", begin)
        self.end = positive("OneCycle", "end", end)
        self.shape = one_of("OneCycle", "shape", shape, ("cosine", "linear"))

    def __call__(self, step):
        step, total = self.place(step)
        first, top, step = self.rate / self.begin, self.rise * total - 1.0, min(step, total - 1)
        if step < top:
            return self._between(first, self.rate, step / top)
        way = total - 1.0 - max(top, 0.0)
        done = (step - max(top, 0.0)) / way if way > 0 else 1.0
        return self._between(self.rate, first / self.end, done)

    def _between(self, start, stop, done):
        if self.shape == "linear":
            return start + (stop - start) * done
        return stop + fall(start - stop, done)
