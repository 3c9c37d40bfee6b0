"""How the command line shows training: a live bar on a terminal, plain lines elsewhere.

The bar needs rich, which is imported only here and only when there is a terminal to draw on.
"""

import contextlib
import importlib.util
import os
import sys

from fastnn.callbacks import ProgressLine

__all__ = ["progress"]


@contextlib.contextmanager
def progress(epochs, *, quiet=False):
    """Give the callbacks that show the progress of a training run while it lasts.

    Parameters
    ----------
    epochs : int
        Number of epochs that the run will take.
    quiet : bool
        Show nothing.

    Yields
    ------
    list
        Callbacks for `Sequential.fit`.

    Examples
    --------
    >>> from fastnn.progress import progress
    >>> with progress(epochs=2, quiet=True) as callbacks:
    ...     callbacks
    []
    """
    if quiet:
        yield []
    elif _can_draw() and importlib.util.find_spec("rich"):
        with _bar(epochs) as callback:
            yield [callback]
    else:
        yield [ProgressLine()]


def _can_draw():
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return terminal and os.environ.get("TERM", "dumb") != "dumb"


@contextlib.contextmanager
def _bar(epochs):
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs  {task.fields[figures]}"),
    )
    with Progress(*columns) as bar:
        yield _Bar(bar, bar.add_task("training", total=epochs, figures=""))


class _Bar:
    """A callback that moves a bar of rich and writes the figures of the last epoch behind it."""

    def __init__(self, bar, task):
        self.bar = bar
        self.task = task

    def on_epoch_end(self, net, logs):
        rate = f"{logs['samples_per_second']:,.0f} samples/s"
        known = [f"{key} {logs[key]:.4f}" for key in ("loss", "accuracy") if key in logs]
        self.bar.update(self.task, advance=1, figures="  ".join([*known, rate]))
