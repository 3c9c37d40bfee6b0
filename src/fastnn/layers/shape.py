"""Layers that only change the shape of a sample."""

import math

from .base import Layer


class Flatten(Layer):
    """Turn samples of any shape into vectors of features.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Flatten().build((4, 4, 16)).output_shape
    (256,)
    """

    def __init__(self, *, name=None, input_shape=None):
        super().__init__(name, input_shape)

    def _plan(self, input_shape):
        return (math.prod(input_shape),), {}

    def _forward(self, x, training):
        self._saved = x.shape[1:]
        return x.reshape(*self.output_shape)

    def _backward(self, dy, input_gradient):
        return dy.reshape(*self._saved) if input_gradient else None

    def _instruction(self, input_shape):
        return {}
