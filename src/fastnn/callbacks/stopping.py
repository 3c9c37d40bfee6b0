"""Callbacks that end training: EarlyStopping, TimeBudget."""

import math
import time

from fastnn.callbacks.hooks import StopTraining
from fastnn.checks import integer, number, one_of, positive


class EarlyStopping:
    """End training when a figure has not become better for some time.

    Parameters
    ----------
    monitor : str
        The figure: "val_loss", "val_accuracy", "loss", or any other of the history.
    patience : int
        How many checks in a row may fail to improve it.
    min_delta : float
        What counts as an improvement: by more than this.
    mode : {"auto", "min", "max"}
        Whether less is better, or more; "auto" knows that of the loss and of the metrics of
        `fastnn.metrics` by name.
    restore_best : bool
        Whether the network shall end, however training ends, with the parameters, and the running
        statistics of its layers, that it had at the best check.
    every : int, optional
        Check after so many batches, not after every epoch.

    Attributes
    ----------
    best : float
        The figure at the best check; NaN before the first. A figure that is NaN is never better.
    best_epoch, best_batch : int or None
        Its epoch, from 0, and after how many of its batches, where `every` is given.

    Notes
    -----
    A second `fit` with the same object begins anew. Restoring leaves the optimizer's vectors, the
    epochs and the steps as they are: a `fit` that follows goes on with these.

    Examples
    --------
    >>> import fastnn as fn
    >>> x, y = [[0.0], [1.0]] * 8, [0, 1] * 8
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> stop = fn.callbacks.EarlyStopping("loss", patience=3, min_delta=0.01)
    >>> history = net.fit(x, y, epochs=1000, callbacks=[stop], verbose=0)
    >>> history.stopped
    'loss has not improved for 3 epochs'
    """

    def __init__(
        self,
        monitor="val_loss",
        patience=5,
        *,
        min_delta=0.0,
        mode="auto",
        restore_best=True,
        every=None,
    ):
        who = "EarlyStopping"
        self.monitor, self.restore_best = monitor, bool(restore_best)
        self.patience = integer(who, "patience", patience)
        self.min_delta = number(who, "min_delta", min_delta, 0)
        self.every = None if every is None else integer(who, "every", every)
        mode = one_of(who, "mode", mode, ("auto", "min", "max"))
        self.sign = 1 if (_mode(monitor) if mode == "auto" else mode) == "max" else -1
        self._begin()

    def _begin(self):
        self.best, self.best_epoch, self.best_batch = math.nan, None, None
        self.waited, self._kept = 0, None

    def on_train_begin(self, net, logs):
        """Begin anew."""
        self._begin()

    def on_epoch_end(self, net, logs):
        """Check, unless that happens by batches."""
        if self.every is None:
            self._check(net, logs)

    def on_check(self, net, logs):
        """Check."""
        self._check(net, logs)

    def on_train_end(self, net, logs):
        """Let the network be what it was at its best."""
        if self.restore_best and self._kept is not None:
            self._kept.restore(net)
        self._kept = None

    def state(self):
        """What a checkpoint keeps: figures, and the network at its best."""
        names = "best", "best_epoch", "best_batch", "waited"
        return {name: getattr(self, name) for name in names}, (
            {} if self._kept is None else self._kept.arrays()
        )

    def restore(self, net, about, arrays):
        """Go on from there."""
        for name, value in about.items():
            setattr(self, name, value)
        self._kept = State(net, arrays) if arrays else None

    def _check(self, net, logs):
        if self.monitor not in logs:
            mend = ""
            if str(self.monitor).startswith("val_"):
                mend = "; give validation_data or validation_split"
            raise ValueError(
                f"EarlyStopping: expected {self.monitor!r} among the figures, got "
                f"{', '.join(logs)}{mend}"
            )
        figure = logs[self.monitor]
        if self.sign * (figure - self.best) > self.min_delta or (
            math.isnan(self.best) and not math.isnan(figure)
        ):
            self.best, self.best_epoch, self.best_batch = figure, logs["epoch"], logs.get("batches")
            self.waited, self._kept = 0, State(net) if self.restore_best else None
            return
        self.waited += 1
        if self.waited >= self.patience:
            checks = "epochs" if self.every is None else f"checks, every {self.every} batches"
            raise StopTraining(f"{self.monitor} has not improved for {self.waited} {checks}")


class State:
    """Parameters of a network, and what its layers keep beside them: as they are, or as given."""

    def __init__(self, net, arrays=None):
        self.layers = [
            (f"{i}.{name}", layer, name)
            for i, layer in enumerate(net.layers)
            if layer not in net.learns
            for name in layer.state()
        ]
        self._arrays = {"parameters": net.parameters.copy()}
        for place, layer, name in self.layers:
            self._arrays[place] = layer.state()[name].copy()
        if arrays is not None:
            shapes, expected = (
                {name: (array.shape, array.dtype) for name, array in some.items()}
                for some in (arrays, self._arrays)
            )
            if shapes != expected:
                raise ValueError(f"EarlyStopping: expected the arrays {expected}, got {shapes}")
            self._arrays = dict(arrays)

    def arrays(self):
        return self._arrays

    def restore(self, net):
        net.parameters[...] = self._arrays["parameters"]
        states = {}
        for place, layer, name in self.layers:
            states.setdefault(layer, {})[name] = self._arrays[place]
        for layer, state in states.items():
            layer.restore(state)


def _mode(monitor):
    """Whether a figure shall become small or large, by its name."""
    from fastnn import metrics  # which needs more of the package than callbacks do

    name = str(monitor).removeprefix("val_")
    if name in ("loss", "seconds"):
        return "min"
    try:
        metric = metrics.get(name)
    except ValueError:
        raise ValueError(
            f'EarlyStopping: expected mode "min" or "max" for {monitor!r}, which is none of '
            f"loss, {', '.join(metrics.METRICS)}, top_k"
        ) from None
    return "max" if metric.greater_is_better else "min"


class TimeBudget:
    """End training after some seconds, to about a tenth of one, and what validation takes.

    Parameters
    ----------
    seconds : float

    Notes
    -----
    Time is looked at where the program comes back: within an epoch every 0.1 s, and after it.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> budget = fn.callbacks.TimeBudget(0.05)
    >>> net.fit([[0.0], [1.0]], [0, 1], epochs=10**6, callbacks=[budget], verbose=0).stopped
    'the budget of 0.05 s is spent'
    """

    def __init__(self, seconds):
        self.seconds = positive("TimeBudget", "seconds", seconds)

    def on_train_begin(self, net, logs):
        """Start the clock."""
        self._end = time.perf_counter() + self.seconds

    def on_progress(self, net, logs):
        """Look at the clock."""
        if time.perf_counter() >= self._end:
            raise StopTraining(f"the budget of {self.seconds:g} s is spent")

    on_epoch_end = on_progress  # after validation
