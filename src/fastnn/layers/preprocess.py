"""Preprocessing as part of the network: saved with it, applied to raw data.

These layers map every number by itself, `y = (x - shift) * slope`. In front of a network they run
on the plain batch, before it is packed; anywhere else they unpack and pack again.
"""

import math

import numpy as np

from fastnn.checks import check_no_nan, number, real_array
from fastnn.inputs import Inputs
from fastnn.packs import Packs

from .base import Layer

PIECE = 2**20  # numbers


def pieces(x, rows=None):
    """Yield samples, or these rows of them, in parts of at most 1024, or of 2^20 numbers."""
    arrays = x.arrays if isinstance(x, Inputs) else (x,)
    numbers = max(1, *(math.prod(array.shape[1:]) for array in arrays))
    step = max(1, min(1024, PIECE // numbers))
    for start in range(0, len(x) if rows is None else len(rows), step):
        part = slice(start, start + step)
        yield x[part if rows is None else rows[part]]


class Preprocess(Layer):
    """Base class: `apply` maps a plain batch, `slope` is its derivative."""

    slope = 1.0
    version = 0  # of what it has learnt: programs compiled before are out of date

    def apply(self, x):
        """Return the plain batch `x` preprocessed, not necessarily in the layer's dtype."""
        raise NotImplementedError

    def forward(self, x, training=False):
        if isinstance(x, Packs):
            return super().forward(x, training)
        self._saved = True
        return self.apply(self._admit(x)).astype(self.dtype, copy=False)

    def _forward(self, x, training):
        self._saved = True
        return x.like(self.apply(x.unpack()))

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return dy.like(dy.unpack() * self.slope, empty="zero")


class Rescale(Preprocess):
    """Multiply every number by a constant and add another: `y = scale · x + offset`.

    Parameters
    ----------
    scale : float
        For instance `1 / 255` for pixels from 0 to 255.
    offset : float
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Rescale(1 / 2, offset=-1.0).forward([[0, 2, 4]]).tolist()
    [[-1.0, 0.0, 1.0]]
    """

    def __init__(self, scale, offset=0.0, *, name=None, input_shape=None):
        self.scale = self.slope = number("Rescale", "scale", scale)
        self.offset = number("Rescale", "offset", offset)
        super().__init__(name, input_shape, scale=self.scale, offset=self.offset)

    def apply(self, x):
        y = np.multiply(x, self.scale, dtype=self.dtype, casting="same_kind")
        return np.add(y, self.offset, out=y) if self.offset else y

    def _instruction(self, input_shape):
        return {"kind": "affine", "affine": {"scale": self.scale, "offset": self.offset}}


class Standardize(Preprocess):
    """Shift and scale every feature to mean 0 and standard deviation 1.

    Mean and spread are those of the data of the network's first `fit`, or of `learn`; a feature is
    an index of the last axis, so that images have one mean a channel. A feature that does not vary
    is only shifted.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    mean, spread : ndarray, shape (features,), float64, or None
        What was learnt.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.Standardize()
    >>> layer.learn([[1.0, 5.0], [3.0, 5.0]])
    >>> layer.forward([[1.0, 5.0], [5.0, 6.0]]).tolist()
    [[-1.0, 0.0], [3.0, 1.0]]
    """

    def __init__(self, *, name=None, input_shape=None):
        super().__init__(name, input_shape)
        self.mean = self.spread = None

    @property
    def slope(self):
        return 1.0 / self.spread

    def learn(self, x):
        """Take mean and spread from data.

        Parameters
        ----------
        x : array_like, shape (N, ..., features)
        """
        x = real_array(self.label, "x", x)
        self.learn_batches(pieces(x))

    def learn_batches(self, batches):
        """Take mean and spread from an iterable of batches, which need not fit into memory."""
        count, mean, squares = 0, 0.0, 0.0  # squares: sum of squared deviations from the mean
        low, high = np.inf, -np.inf
        for batch in batches:
            check_no_nan(self.label, "x", batch)
            rows = batch.reshape(-1, batch.shape[-1]).astype(np.float64, order="C")
            if not len(rows):
                continue
            low, high = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
            n, centre = len(rows), rows.mean(axis=0)
            # Chan, Golub and LeVeque's update: no cancellation where the mean is large
            shift = centre - mean
            squares = squares + ((rows - centre) ** 2).sum(axis=0)
            squares = squares + shift**2 * (count * n / (count + n))
            mean = mean + shift * (n / (count + n))
            count += n
        if count == 0:
            raise ValueError(f"{self.label}: expected at least one sample to learn from, got none")
        spread = np.sqrt(squares / count)
        self.restore({"mean": mean, "spread": np.where(high > low, spread, 1.0)})

    def apply(self, x):
        self._check_learnt()
        return (x - self.mean) / self.spread

    def _instruction(self, input_shape):
        self._check_learnt()
        return {"kind": "affine", "affine": {"mean": self.mean, "spread": self.spread}}

    def _check_learnt(self):
        if self.mean is None:
            raise ValueError(
                f"{self.label}: mean and spread are not known yet; fit the network, "
                f"or call learn(x) of this layer"
            )

    def _plan(self, input_shape):
        if not input_shape:
            raise ValueError(f"{self.label}: expected a feature axis; add one: x[:, None]")
        if self.mean is not None and input_shape[-1:] != self.mean.shape:
            raise ValueError(
                f"{self.label}: expected the {len(self.mean)} features it has learnt, "
                f"got {input_shape[-1]}"
            )
        return input_shape, {}

    def state(self):
        return {} if self.mean is None else {"mean": self.mean, "spread": self.spread}

    def check_state(self, shapes):
        if not shapes:
            return
        if set(shapes) != {"mean", "spread"}:
            raise ValueError(f"{self.label}: expected mean and spread, got {', '.join(shapes)}")
        features = self.input_shape[-1:] if self.input_shape else shapes["mean"][:1]
        if not shapes["mean"] == shapes["spread"] == features:
            raise ValueError(
                f"{self.label}: expected mean and spread of shape {features}, "
                f"got {shapes['mean']} and {shapes['spread']}"
            )

    def restore(self, state):
        super().restore(state)
        if state:
            self.mean, self.spread = (
                np.array(state[name], np.float64) for name in ("mean", "spread")
            )
            self.version += 1
