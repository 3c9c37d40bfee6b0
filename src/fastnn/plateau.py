"""A schedule that watches how training goes: `fastnn.schedules` holds them all."""

from fastnn.checks import integer, number, one_of
from fastnn.schedule import Schedule, rate_of


class ReduceOnPlateau(Schedule):
    """A rate that gets smaller when a figure has stopped getting better.

    Parameters
    ----------
    rate : float
    factor : float
        Below 1.
    patience : int
        Epochs without improvement that are let pass; after one more the rate is reduced.
    threshold : float
        What part of the best figure, or with `relative` False how much, an improvement is at least.
    relative : bool
    cooldown : int
        Epochs after a reduction that do not count.
    minimum : float
        Of the rate.
    monitor : str, optional
        The figure of `History`; by default "val_loss", or "loss" where nothing is validated.
    mode : {"min", "max"}
        Whether the figure shall get smaller or larger.

    Notes
    -----
    PyTorch's ReduceLROnPlateau. `fit` shows it the figures of each epoch. In a loop of your own,
    call `observe(value)` at the end of each epoch, or `optimizer.end_epoch(figures)`.

    Examples
    --------
    >>> import fastnn as fn
    >>> schedule = fn.schedules.ReduceOnPlateau(1.0, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0]:
    ...     schedule.observe(loss)
    >>> schedule(0)
    0.5
    """

    name = "reduce_on_plateau"
    settings = (
        "rate", "factor", "patience", "threshold", "relative", "cooldown", "minimum", "monitor",
        "mode",
    )  # fmt: skip

    def __init__(
        self,
        rate,
        factor=0.1,
        patience=10,
        threshold=1e-4,
        relative=True,
        cooldown=0,
        minimum=0.0,
        monitor=None,
        mode="min",
        per="epoch",
    ):
        super().__init__(per)
        who = type(self).__name__
        self.rate, self.minimum = rate_of(self, "rate", rate), rate_of(self, "minimum", minimum)
        self.factor = number(who, "factor", factor, 0, below=1)
        self.patience = integer(who, "patience", patience, 0)
        self.threshold = number(who, "threshold", threshold, 0)
        self.relative = bool(relative)
        self.cooldown = integer(who, "cooldown", cooldown, 0)
        self.monitor, self.mode = monitor, one_of(who, "mode", mode, ("min", "max"))
        self._current, self._best, self._bad, self._cooling = self.rate, None, 0, 0

    def __call__(self, step):
        return self._current

    def watch(self, figures):
        if not figures:
            return
        monitor = self.monitor or ("val_loss" if "val_loss" in figures else "loss")
        if monitor not in figures:
            raise ValueError(
                f"ReduceOnPlateau: expected the figure {monitor!r}, got {', '.join(figures)}"
            )
        self.observe(figures[monitor])

    def observe(self, value):
        """See the figure of an epoch; NaN is no improvement."""
        value = float(value)
        if self._improves(value):
            self._best, self._bad = value, 0
        else:
            self._bad += 1
        if self._cooling:
            self._cooling, self._bad = self._cooling - 1, 0
        if self._bad > self.patience:
            self._current = max(self._current * self.factor, min(self.minimum, self._current))
            self._cooling, self._bad = self.cooldown, 0

    def _improves(self, value):
        if self._best is None:
            return value == value
        sign = 1.0 if self.mode == "max" else -1.0
        step = self.threshold * (abs(self._best) if self.relative else 1.0)
        return sign * value > sign * self._best + step

    @property
    def state(self):
        names = "current", "best", "bad", "cooling"
        return {name: getattr(self, f"_{name}") for name in names}

    def restore(self, state):
        for name in self.state:
            setattr(self, f"_{name}", state[name])
