"""How a training run shows: a live bar on a terminal, one that changes in a notebook, or lines.

Progress --> on a terminal, with rich: _Bar; in a notebook: _Cell; anywhere else: ProgressLine

Drawing takes its time: a display that has just drawn waits 400 times as long before it draws
again, so that it takes less than one part in 100 of the run.
"""

import importlib.util
import math
import os
import sys
import time

HIDDEN = ("epoch", "batches", "samples", "seconds", "samples_per_second", "learning_rate")
PATIENCE = 400  # times what drawing took; and at least
LEAST = 0.1  # seconds


class Progress:
    """Show loss, metrics, samples/s and the time left while a network trains.

    On a terminal as a bar, where rich is installed (``pip install 'fastnn[cli]'``); in a notebook
    as a line that changes; elsewhere as a plain line an epoch. It is what `fit` shows with
    ``verbose=1``.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> how = {"callbacks": [fn.callbacks.Progress()], "verbose": 0}
    >>> history = net.fit([[0.0], [1.0]], [0, 1], **how)  # doctest: +ELLIPSIS
    epoch 1/1  loss ...  accuracy ...  ... samples/s
    """

    def on_train_begin(self, net, logs):
        """Look where we are."""
        self._display = _Bar() if _on_terminal() else _Cell() if _in_notebook() else ProgressLine()
        self._display.on_train_begin(net, logs)

    def on_progress(self, net, logs):
        """Show how far the epoch is."""
        if isinstance(self._display, _Live):
            self._display.on_progress(net, logs)

    def on_epoch_end(self, net, logs):
        """Show the figures of the epoch."""
        self._display.on_epoch_end(net, logs)

    def on_train_end(self, net, logs):
        """Leave what the last epoch ended with."""
        if isinstance(getattr(self, "_display", None), _Live):
            self._display.on_train_end(net, logs)


class ProgressLine:
    """Print one plain line an epoch: loss, accuracy, the same on validation data, samples/s.

    Examples
    --------
    >>> from fastnn.callbacks import ProgressLine
    >>> line = ProgressLine()
    >>> line.on_train_begin(None, {"epochs": 10})
    >>> line.on_epoch_end(None, {"epoch": 0, "loss": 0.25, "samples_per_second": 1e5})
    epoch 1/10  loss 0.2500  100,000 samples/s
    """

    def on_train_begin(self, net, logs):
        """Remember how many epochs there will be."""
        self.epochs = logs["epochs"]

    def on_epoch_end(self, net, logs):
        """Print the line."""
        parts = [f"epoch {logs['epoch'] + 1}/{self.epochs}", _figures(logs), _rate(logs)]
        print("  ".join(parts), flush=True)


def _figures(logs):
    return "  ".join(f"{key} {logs[key]:.4f}" for key in logs if key not in HIDDEN)


def _rate(logs):
    return f"{logs['samples_per_second']:,.0f} samples/s"


class _Live:
    """What displays that change have in common: when they draw, and what they say.

    Subclasses have `start()`, `draw(text)` and `end()`; `self.done` of `self.epochs` are over.
    """

    def on_train_begin(self, net, logs):
        self.first, self.epochs = logs["initial_epoch"], logs["epochs"]
        self.samples, self.done = logs["samples"], float(self.first)
        self.batches = logs.get("batches")
        self.begun = self.epoch_begun = time.perf_counter()
        self.due, self.known = self.begun + LEAST, {}
        self.start()

    def on_progress(self, net, logs):
        now = time.perf_counter()
        if now < self.due:
            return
        done, of = logs["samples"], self.samples
        if of is None:  # of batches that are made on the way, whose number may be known
            done, of = logs["batches"], self.batches or math.inf
        self.done = logs["epoch"] + done / of
        rate = logs["samples"] / max(now - self.epoch_begun, 1e-9)
        validation = {name: f for name, f in self.known.items() if name.startswith("val_")}
        self._show({**logs, **validation, "samples_per_second": rate})

    def on_epoch_end(self, net, logs):
        self.done, self.known = logs["epoch"] + 1.0, logs
        self.epoch_begun = time.perf_counter()
        if self.epoch_begun >= self.due:
            self._show(logs)

    def on_train_end(self, net, logs):
        if self.known:
            self._show(self.known, left=False)
        self.end()

    def _show(self, logs, left=True):
        started = time.perf_counter()
        parts = [f"{int(self.done)}/{self.epochs} epochs", _figures(logs), _rate(logs)]
        share = (self.done - self.first) / max(self.epochs - self.first, 1)
        if left and share > 0:
            parts.append(f"{_clock((started - self.begun) * (1 - share) / share)} left")
        self.draw("  ".join(parts))
        now = time.perf_counter()
        self.due = now + max(LEAST, PATIENCE * (now - started))


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


class _Bar(_Live):
    """A bar of rich, and the figures behind it."""

    def start(self):
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        wraps = Column(overflow="fold")
        text = TextColumn("{task.description}", markup=False, table_column=wraps)
        # drawn when we say so: a thread that draws would take time from those that compute
        self.bar = Progress(BarColumn(20), text, auto_refresh=False)
        self.task = self.bar.add_task("", total=self.epochs - self.first)
        self.bar.start()

    def draw(self, text):
        self.bar.update(self.task, completed=self.done - self.first, description=text, refresh=True)

    def end(self):
        self.bar.stop()


class _Cell(_Live):
    """A line in the output of a notebook's cell."""

    def start(self):
        self.handle = None

    def draw(self, text):
        from IPython.display import display

        if self.handle is None:
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            self.handle.update({"text/plain": text}, raw=True)

    def end(self):
        """The line stays as it is."""


def _on_terminal():
    terminal = sys.stdout is not None and sys.stdout.isatty()
    terminal = terminal and os.environ.get("TERM", "dumb") != "dumb"
    return terminal and importlib.util.find_spec("rich") is not None


def _in_notebook():
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"
