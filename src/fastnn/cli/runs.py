"""The folder of a run, and what is written there.

    model.safetensors        the trained network
    checkpoint.safetensors   where `fastnn train --resume` goes on
    history.csv              the figures of every epoch, written as they come
    config.toml              `fastnn train --config` repeats the run
    history.png, confusion.png   where matplotlib is installed

`config.toml` comes first, so that a run that was interrupted can go on; the model comes last.
"""

import importlib.util
import os
import re
import time
from pathlib import Path

import numpy as np

from fastnn.cli import toml
from fastnn.cli.errors import UserError, user_errors
from fastnn.cli.sources import CONFIG_FILE, MODEL_FILE

CHECKPOINT, HISTORY = "checkpoint.safetensors", "history.csv"
PICTURES = ("history.png", "confusion.png")
FILES = (MODEL_FILE, CHECKPOINT, CHECKPOINT + ".previous", HISTORY, CONFIG_FILE, *PICTURES)
SECONDS = 1.0  # between two times that the history is written
MOST_CLASSES = 100  # that a picture shows


class Run:
    """The folder of a run; also the callback that keeps its history.

    Parameters
    ----------
    folder : str
    """

    def __init__(self, folder):
        self.folder, self.history, self._due = folder, None, 0.0

    def path(self, name):
        """Return the path of one of its files."""
        return os.path.join(self.folder, name)

    def begin(self, force):
        """Make the folder; only if it is asked for, replace a run that is there."""
        there = [name for name in FILES if os.path.exists(self.path(name))]
        if {MODEL_FILE, CHECKPOINT} & {*there} and not force:
            raise UserError(
                f"{self.folder} holds a run already; --out another folder, go on with it "
                f"(--resume {self.folder}), or --force"
            )
        with user_errors(f"cannot write {self.folder}"):
            os.makedirs(self.folder, exist_ok=True)
            for name in there:
                os.unlink(self.path(name))

    def write_config(self, document):
        """Write how to repeat the run."""
        with user_errors(f"cannot write {self.path(CONFIG_FILE)}"):
            text = toml.dumps(document)
            with open(self.path(CONFIG_FILE), "w", encoding="utf-8") as file:
                file.write(f"# fastnn train --config {CONFIG_FILE} repeats this run\n{text}")

    # --- while it runs -------------------------------------------------------------------------

    def attach(self, course):
        """Know the history."""
        self.history = course.history

    def on_resumable(self, net, logs):
        """Write the history after an epoch; of short ones not all."""
        if self.history is not None and logs["batches"] == 0 and time.monotonic() >= self._due:
            self.write_history(self.history)
            self._due = time.monotonic() + SECONDS

    def on_train_end(self, net, logs):
        """Write the history, however training ends."""
        if self.history is not None:
            self.write_history(self.history)

    def write_history(self, history):
        """Write the figures of all epochs, as a whole or not at all."""
        new = self.path(HISTORY + ".new")
        history.to_csv(new)
        os.replace(new, self.path(HISTORY))

    # --- in the end ----------------------------------------------------------------------------

    def finish(self, net, history, held_out):
        """Write model, history and pictures; return what there is to say about these, or None."""
        with user_errors(f"cannot write {self.folder}"):
            net.save(self.path(MODEL_FILE))
            self.write_history(history)
            if importlib.util.find_spec("matplotlib") is None:
                return "no pictures of the run: they need pip install 'fastnn[plots]'"
            if history.epochs:
                history.plot(self.path(PICTURES[0]))
            if net.classes_ is not None and 2 <= len(net.classes_) <= MOST_CLASSES and held_out:
                draw_confusion(*held_out, net.classes_, self.path(PICTURES[1]))
        return None


def usual_folder(data):
    """Return `runs/NAME`, the name that of the data without its ending."""
    name = Path(os.path.abspath(data)).name
    name = re.sub(r"(\.(csv|tsv|txt|npy|npz|gz|idx))+$", "", name, flags=re.IGNORECASE)
    return os.path.join("runs", re.sub(r"[^\w.-]+", "_", name) or "run")


def confusion(y, predicted, classes):
    """Return how often each class (rows) was taken for each (columns).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.cli.runs import confusion
    >>> y, predicted = np.array(["a", "a", "b"]), np.array(["a", "b", "b"])
    >>> confusion(y, predicted, np.array(["a", "b"])).tolist()
    [[1, 1], [0, 1]]
    """
    places = np.searchsorted(classes, y), np.searchsorted(classes, predicted)
    n = len(classes)
    return np.bincount(places[0] * n + places[1], minlength=n * n).reshape(n, n)


def draw_confusion(y, predicted, classes, path):
    """Draw the table of true and predicted classes, in grey, with its numbers if they fit."""
    from matplotlib.figure import Figure

    counts, n = confusion(y, predicted, classes), len(classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(12.0, 2.2 + 0.42 * n)
    figure = Figure(figsize=(side, side), layout="constrained")
    panel = figure.subplots()
    panel.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    if n <= 25:
        for i, j in np.argwhere(counts):
            colour = "white" if shares[i, j] > 0.5 else "black"
            text = f"{counts[i, j]:,}"
            panel.text(j, i, text, ha="center", va="center", color=colour, size=8)
    labels, every = [str(label) for label in classes], max(1, n // 25)
    panel.set_xticks(range(0, n, every), labels[::every], rotation=90 if n > 10 else 0)
    panel.set_yticks(range(0, n, every), labels[::every])
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    figure.savefig(path, dpi=150)
