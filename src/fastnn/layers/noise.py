"""Layers that are noisy in training: dropout, of elements or of whole channels, and Gaussian noise.

In inference they do nothing. What they draw is a function of a key and of the place in the batch:

    in a network    the network's seed, the layer's place in it, and `net.steps`, the updates made
    alone           the seed and index given to `build`, and `layer.steps`, training passes made

so that a step that is repeated repeats its noise, on any number of threads. A layer that is called
at several places of a model makes a noise of its own at each.
"""

import math

from fastnn.checks import number

from .base import Layer


class Noise(Layer):
    """Base class of layers that draw random numbers in training.

    Attributes
    ----------
    seed, index, steps, row : int
        Which numbers come next. A layer alone has the first two from `build`, and counts its own
        training passes; a network says here what its own key is, at every pass, and which row the
        first of the batch is.
    """

    operation = ""  # of fastnn.functional, less "_forward"
    strength = 0.0  # its setting; without any there is no noise
    seed = index = steps = row = 0

    def build(self, input_shape=None, dtype="float32", *, seed=0, index=0):
        super().build(input_shape, dtype, seed=seed, index=index)
        self.seed, self.index = seed, index
        return self

    def forward(self, x, training=False):
        self.row = 0
        y = super().forward(x, training)
        if training:
            self.steps += 1
        return y

    def _forward(self, x, training):
        self._saved = {}  # no noise
        if not training or self.strength == 0:
            return x
        self._saved = {"seed": self.seed, "layer": self.index, "step": self.steps}
        self._saved["first_row"] = self.row
        return getattr(self.operations, f"{self.operation}_forward")(
            x, self.strength, **self._saved
        )

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        if not self._saved:
            return dy
        return getattr(self.operations, f"{self.operation}_backward")(
            dy, self.strength, **self._saved
        )

    def _instruction(self, input_shape):
        if self.strength == 0:
            return {}
        return {
            "kind": "noise",
            "operation": self.operation,
            "strength": self.strength,
            "channels": math.prod(input_shape),
        }


class Dropout(Noise):
    """Set elements to 0 at random in training, and scale the others by `1 / (1 - rate)`.

    Parameters
    ----------
    rate : float
        The share that is dropped, from 0 up to, without, 1.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If the rate is none.

    Notes
    -----
    See `fastnn.functional.dropout_forward`. What is dropped is 0 even where x is NaN or infinite.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.Dropout(0.5)
    >>> layer.forward([[1.0, 2.0, 3.0, 4.0]], training=True).tolist()
    [[0.0, 4.0, 0.0, 8.0]]
    >>> layer.forward([[1.0, 2.0, 3.0, 4.0]]).tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """

    operation = "dropout"

    def __init__(self, rate, *, name=None, input_shape=None):
        self.rate = self.strength = number(type(self).__name__, "rate", rate, 0, below=1)
        super().__init__(name, input_shape, rate=self.rate)


class SpatialDropout(Dropout):
    """Dropout of whole channels: at all positions of a sample, or at none.

    Neighbours in images and series are much alike, so that dropping them one by one hides little.

    Parameters
    ----------
    rate : float
        The share of channels that is dropped, from 0 up to, without, 1.
    name, input_shape
        See `Layer`; samples are `(*spatial, channels)`.

    Raises
    ------
    ValueError
        If the rate is none, or samples have no positions.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.SpatialDropout(0.5)
    >>> layer.forward([[[1.0, 2.0], [3.0, 4.0]]], training=True).tolist()
    [[[0.0, 4.0], [0.0, 8.0]]]
    """

    operation = "spatial_dropout"

    def _plan(self, input_shape):
        if len(input_shape) < 2:
            raise ValueError(
                f"{self.label}: expected samples of shape (*spatial, channels), got {input_shape}; "
                f"Dropout drops features one by one"
            )
        return super()._plan(input_shape)

    def _instruction(self, input_shape):
        instruction = super()._instruction(input_shape)
        return instruction and instruction | {"channels": input_shape[-1]}


class GaussianNoise(Noise):
    """Add normal numbers in training: `y = x + stddev · z`.

    Parameters
    ----------
    stddev : float
        Their standard deviation, at least 0.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If the standard deviation is none.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.GaussianNoise(0.5).build((2,), "float64", seed=1)
    >>> layer.forward([[1.0, 2.0]], training=True).round(3).tolist()
    [[1.073, 3.015]]
    """

    operation = "gaussian_noise"

    def __init__(self, stddev, *, name=None, input_shape=None):
        self.stddev = self.strength = number("GaussianNoise", "stddev", stddev, 0)
        super().__init__(name, input_shape, stddev=self.stddev)

    def _backward(self, dy, input_gradient):
        return self.operations.gaussian_noise_backward(dy) if input_gradient else None

    def _instruction(self, input_shape):
        return super()._instruction(input_shape)  # of this way back too


class GaussianDropout(Noise):
    """Multiply by normal numbers of mean 1 in training, as spread as dropout's factors.

    Parameters
    ----------
    rate : float
        From 0 up to, without, 1: the standard deviation is `sqrt(rate / (1 - rate))`.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If the rate is none.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.GaussianDropout(0.5).build((2,), "float64", seed=1)
    >>> layer.forward([[1.0, 2.0]], training=True).round(3).tolist()
    [[1.145, 6.061]]
    """

    operation = "gaussian_dropout"

    def __init__(self, rate, *, name=None, input_shape=None):
        self.rate = self.strength = number("GaussianDropout", "rate", rate, 0, below=1)
        super().__init__(name, input_shape, rate=self.rate)
