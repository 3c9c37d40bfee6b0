"""What `augment` does to the samples of a training run, epoch by epoch, and MixUp."""

import math
from dataclasses import dataclass

import numpy as np

from fastnn import functional
from fastnn._core import augment as core
from fastnn._core import random as core_random
from fastnn._core.threads import get_num_threads
from fastnn.checks import positive
from fastnn.functional.augment import augment_rows, image_shape, make_plan

ROUND = 2**16  # shares are multiples of 1 / ROUND, so that no library's logarithm shows in them
ROUNDS = 64  # of a rejection that happens to less than 5 % of the numbers


@dataclass(frozen=True)
class MixUp:
    """Mix every sample with another one of the data, and their targets in the same shares.

    Parameters
    ----------
    alpha : float
        The share λ of the sample itself is drawn from Beta(alpha, alpha): with 0.2 it is mostly
        near 0 or 1, with 1 anything.

    Notes
    -----
    ``λ x + (1 − λ) x'`` of inputs (each changed in its own way before) and of targets: rows of
    shares for labels, so that it is for losses of classes that take these, for binary cross-entropy
    and for numbers. The other sample is any of those trained on. Accuracy in training then counts
    how often the class of the larger share is found. Inputs may have any shape. A sample's weight
    is its own.
    Zhang, Cisse, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization, 2018.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> mixed = [fn.augment.MixUp(0.2)]
    >>> history = net.fit([[0.0], [1.0]] * 8, [0, 1] * 8, augment=mixed, epochs=2, verbose=0)
    >>> len(history["loss"])
    2
    """

    alpha: float = 0.2

    def __post_init__(self):
        positive("MixUp", "alpha", self.alpha)

    def draw(self, n, seed, stream, epoch, rows=None):
        """Return of n samples the number of the other one, of these rows, and the first's share."""
        others = n if rows is None else len(rows)
        partner = (_uniform(n, seed, stream, epoch, 0) * others).astype(np.int64)
        partner = np.minimum(partner, others - 1)
        first = _log_gamma(self.alpha, n, seed, stream, epoch, 1)
        second = _log_gamma(self.alpha, n, seed, stream, epoch, 1 + 2 * ROUNDS + 1)
        # G / (G + G') of two gamma numbers, which may be too small for their own sake
        share = 1 / (1 + np.exp(np.minimum(second - first, 700)))
        partner = partner if rows is None else rows[partner]
        return partner, np.round(share * ROUND) / ROUND


def _uniform(n, seed, stream, epoch, row):
    numbers = np.empty(n, np.float64)
    core_random.fill_uniform(numbers, seed, stream, epoch, row, 0, get_num_threads())
    return numbers


def _log_gamma(shape, n, seed, stream, epoch, row):
    """Logarithms of gamma numbers of this shape, from so many rows on.

    Marsaglia and Tsang, A simple method for generating gamma variables, 2000, for shape + 1; times
    a uniform number to the power 1 / shape.
    """
    d = shape + 1 - 1 / 3
    power = np.log(1 - _uniform(n, seed, stream, epoch, row)) / shape
    result, missing = np.empty(n), np.ones(n, bool)
    normal = np.empty(n, np.float64)
    for turn in range(ROUNDS):
        place = row + 1 + 2 * turn
        core_random.fill_normal(normal, seed, stream, epoch, place, 0, get_num_threads())
        u = 1 - _uniform(n, seed, stream, epoch, place + 1)
        v = np.maximum(1 + normal / math.sqrt(9 * d), 1e-300) ** 3
        accepted = np.log(u) < 0.5 * normal**2 + d - d * v + d * np.log(np.maximum(v, 1e-300))
        accepted &= missing & (v > 1e-300)
        result[accepted] = np.log(d * v[accepted])
        missing &= ~accepted
        if not missing.any():
            return result + power
    raise RuntimeError(f"MixUp: no gamma number of shape {shape} after {ROUNDS} draws")


class Augmentation:
    """The changes of a training run.

    Parameters
    ----------
    who : str
        Whose messages these are.
    changes : Changes
    net, loss
        A built network and its loss.
    x : ndarray
        Checked by the network.
    target : ndarray
        Checked by the loss.
    rows : ndarray of int, optional
        Which samples are trained on, if not all.
    """

    def __init__(self, who, changes, net, loss, x, target, rows=None):
        if len(net.input_shapes) > 1:
            raise ValueError(
                f"{who}: augment is for networks with one input, got {len(net.input_shapes)}"
            )
        self.who, self.net, self.mixing, self.rows = who, net, changes.mixing, rows
        self.settings, self.shape = ([], None, None), (1, 1, math.prod(x.shape[1:]))
        if len(changes.changes) > (self.mixing is not None):
            self.shape = image_shape(who, "x", x.shape)
            self.settings = changes.settings(self.shape, x.dtype)
        self.target = target
        if self.mixing is not None:
            self.target = _numbers(who, loss, target, net)

    def of_epoch(self, epoch, n, keys=None):
        """Return what happens to samples of an epoch; `keys` are their numbers, if not 0, 1, …"""
        (settings, fill, limits), seed, mixture = self.settings, self.net.seed, None
        if self.mixing is not None:
            place, mixing = self.mixing
            mixture = mixing.draw(n, seed, core.STREAM + place, epoch % 2**32, self.rows)
        how = fill, limits, mixture, keys
        plan = make_plan(self.who, settings, self.shape, seed, epoch, *how)
        return Drawn(plan, mixture, self.net.dtype)

    def __call__(self, samples, epoch, keys=None):
        """Return the samples of an epoch, or some of them, with what happens to them."""
        drawn = self.of_epoch(epoch, len(samples.x), keys)
        target = samples.target
        if drawn.mixture is not None:
            partner, share = drawn.mixture
            target = functional.mix_samples(self.target, self.target[partner], share)
        return samples._replace(target=target, augment=drawn)


class Drawn:
    """What happens to the samples of a run in an epoch."""

    def __init__(self, plan, mixture, dtype):
        self.plan, self.mixture, self.dtype = plan, mixture, dtype

    def read(self, source, x, samples):
        """Return these samples of x changed, as a program reads them; `source` makes it do so."""
        rows = self._changed(source(x[samples]), samples)
        if self.mixture is None:
            return rows
        partner, share = self.mixture
        other = self._changed(source(x[partner[samples]]), partner[samples])
        return functional.mix_samples(rows, other, share[samples])

    def _changed(self, x, samples):
        return augment_rows(x.astype(self.dtype, copy=False), samples, self.plan)


def _numbers(who, loss, target, net):
    """Return targets as numbers that can be mixed."""
    signs = getattr(loss, "decides", None) == "sign" and loss.activation is None
    labels = isinstance(target, np.ndarray) and target.dtype == np.int64
    if signs or len(net.outputs) > 1 or (labels and not getattr(loss, "takes_rows", False)):
        raise ValueError(
            f"{who}: MixUp is for losses that take shares of classes, or numbers, got {loss.name}"
        )
    if not labels:
        return target
    if not loss.counted(target).all():
        raise ValueError(f"{who}: MixUp cannot mix labels that are ignored")
    rows = np.eye(net.output_shape[-1], dtype=net.dtype)[target]
    return loss.target(rows, rows.shape, net.dtype)
