"""Checkpoints: a network in training, as a model file that says also how training goes on.

A run that is resumed ends with the same bits as one that was never broken: what a step depends on
is the parameters, the layers' running statistics, the optimizer's vectors, the seed and numbers
that count steps and epochs (noise and the order of samples come from these alone), and where in the
epoch it stood; what figures and callbacks depend on is written down as well.
"""

import os
import time
from typing import NamedTuple

import numpy as np

from fastnn import model_file, optimizers, saving
from fastnn.checks import integer, positive

SAME = "layers", "calls", "outputs", "input_shape", "input_shapes", "dtype"


class Checkpoint:
    """Write the state of training to a file: after every epoch, and in between.

    ``net.fit(x, y, …, resume=path)`` with the same arguments goes on from there, and ends with the
    same bits as a run that was never broken. ``fn.load(path)`` reads the network alone.

    Parameters
    ----------
    path : path-like
        The file is whole at all times, whatever happens while it is written; the one before is kept
        as ``path + ".previous"``.
    every : int, optional
        Also after so many batches, counted over the whole run; with gradient accumulation, updates.
    seconds : float, optional
        Also when so many seconds have passed since the last time, to about a tenth of one.

    Notes
    -----
    Callbacks that have ``state()``, which returns what JSON can hold and a dict of arrays, and
    ``restore(net, what, arrays)`` are written down too, and told when training is resumed, after
    `on_train_begin`. The class tells which is which, and the order if there are several of one.

    Examples
    --------
    >>> import os, tempfile, fastnn as fn
    >>> path = os.path.join(tempfile.mkdtemp(), "checkpoint.safetensors")
    >>> def train(epochs, **how):
    ...     net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    ...     net.fit([[0.0], [1.0]] * 8, [0, 1] * 8, epochs=epochs, verbose=0, **how)
    ...     return net.parameters
    >>> _ = train(2, callbacks=[fn.callbacks.Checkpoint(path)])
    >>> bool((train(5, resume=path) == train(5)).all())
    True
    """

    def __init__(self, path, *, every=None, seconds=None):
        self.path = os.fspath(path)
        self.every = None if every is None else integer("Checkpoint", "every", every)
        self.seconds = None if seconds is None else positive("Checkpoint", "seconds", seconds)
        self._course = None

    def attach(self, course):
        """Learn which run this is; called before it begins."""
        self._course, self._saved = course, time.perf_counter()

    def on_resumable(self, net, logs):
        """Write, if it is time."""
        batches = self._course.batches
        if (
            logs["batches"] == 0
            or (self.every is not None and batches % self.every == 0)
            or (self.seconds is not None and time.perf_counter() - self._saved >= self.seconds)
        ):
            self.save()

    def save(self):
        """Write the state as it is now: at `on_resumable`, of any callback."""
        save(self._course, self.path)
        self._saved = time.perf_counter()


def save(course, path):
    """Write a run to a file; see `Checkpoint`."""
    tensors, description = saving.describe(course.trainer.net)
    described, arrays = course.state()
    tensors |= {saving.TRAINING + name: np.ascontiguousarray(a) for name, a in arrays.items()}
    model_file.write(path, tensors, description | {"training": described}, keep_previous=True)


class Saved(NamedTuple):
    """What a run goes on from, beside the network."""

    path: str
    described: dict
    arrays: dict

    @property
    def epoch(self):
        """The epoch at hand."""
        with self.blamed():
            return integer("training", "epoch", self.described["epoch"], 0)

    def optimizer(self):
        """Return an optimizer with the settings of before; None where they are not known."""
        with self.blamed():
            config = self.described["optimizer"]["config"]
            return None if config is None else optimizers.from_config(config)

    def blamed(self):
        """What goes wrong inside is the file's fault."""
        return model_file.blamed(self.path)


def restore(net, path, **how):
    """Make a network what it was when a checkpoint was written; return what it goes on from.

    Parameters
    ----------
    net : Network
        Built, with the same layers; its seed becomes that of the file.
    path : path-like
    **how
        What has to be as it was: `batch_size`, `shuffle`, `gradient_accumulation_steps`.

    Raises
    ------
    fastnn.ModelFileError
        If the file holds no training of such a network, or one with other settings.
    OSError
        If the file cannot be read.
    """
    with model_file.read(path) as file:
        description = file.description
        if not isinstance(description, dict) or "training" not in description:
            raise ValueError("it holds a network, but not how its training goes on")
        described = {"gradient_accumulation_steps": 1} | description["training"]
        for name, value in how.items():
            if described[name] != value:
                raise ValueError(
                    f"expected {name} {described[name]}, as training began, got {value}"
                )
        saved = saving.rebuild(description, saving.Part(file, saving.TRAINING))
        mine, its = saving.describe(net)[1], saving.describe(saved)[1]
        for name in SAME:
            if mine.get(name) != its.get(name):
                raise ValueError(
                    f"expected a network with the same {name}: {its.get(name)}, "
                    f"got {mine.get(name)}"
                )
        arrays = {
            n.removeprefix(saving.TRAINING): file.tensor(n)
            for n in file.shapes
            if n.startswith(saving.TRAINING)
        }
        net.parameters[...] = saved.parameters
        for layer, other in zip(net.layers, saved.layers, strict=True):
            layer.restore(other.state())
        net.seed, net.epochs, net.steps = saved.seed, saved.epochs, saved.steps
        net.classes_, net.loss = saved.classes_, saved.loss
    return Saved(os.fspath(path), described, arrays)
