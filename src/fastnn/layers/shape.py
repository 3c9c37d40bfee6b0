"""Layers that only change the shape of a sample."""

import math

from fastnn.checks import integer, text_of
from fastnn.resampling import inverse, permutation, permuted_axes

from .base import Layer


class _Reshape(Layer):
    """Base class: other shapes of the same size cost nothing."""

    def _forward(self, x, training):
        self._saved = x.shape[1:]
        return x.reshape(*self.output_shape)

    def _backward(self, dy, input_gradient):
        return dy.reshape(*self._saved) if input_gradient else None

    def _instruction(self, input_shape):
        return {}


class Flatten(_Reshape):
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


class Reshape(_Reshape):
    """Give samples another shape of the same size; elements keep their row-major order.

    Parameters
    ----------
    shape : int or sequence of int
        Of a sample; one size may be −1, for what is left.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If a sample has not as many elements.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Reshape((7, 7, -1)).build((784,)).output_shape
    (7, 7, 16)
    """

    def __init__(self, shape, *, name=None, input_shape=None):
        shape = (shape,) if not hasattr(shape, "__len__") else shape
        self.shape = tuple(
            -1 if size == -1 else integer("Reshape", "every size of shape", size) for size in shape
        )
        if self.shape.count(-1) > 1:
            raise ValueError(f"Reshape: expected at most one size of -1, got {self.shape}")
        super().__init__(name, input_shape, shape=self.shape)

    def _plan(self, input_shape):
        features = math.prod(input_shape)
        known = math.prod(size for size in self.shape if size != -1)
        shape = tuple(features // known if size == -1 else size for size in self.shape)
        if math.prod(shape) != features:
            raise ValueError(
                f"{self.label}: expected samples that fit shape {text_of(self.shape)}, got "
                f"{features} features of shape {text_of(input_shape)}"
            )
        return shape, {}


class Permute(Layer):
    """Bring the axes of samples into another order.

    Parameters
    ----------
    axes : sequence of int
        Which axis of a sample comes first, second, …; numbered from 0, or from −1 backwards.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If an axis is missing or comes twice.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Permute((1, 2, 0)).build((3, 32, 64)).output_shape
    (32, 64, 3)
    """

    def __init__(self, axes, *, name=None, input_shape=None):
        self.axes = permuted_axes("Permute", axes, None)
        super().__init__(name, input_shape, axes=self.axes)

    def _plan(self, input_shape):
        axes = permuted_axes(self.label, self.axes, len(input_shape))
        return tuple(input_shape[axis] for axis in axes), {}

    def _forward(self, x, training):
        self._saved = True
        return self.operations.permute_forward(x, self.axes)

    def _backward(self, dy, input_gradient):
        return self.operations.permute_backward(dy, self.axes) if input_gradient else None

    def _instruction(self, input_shape):
        return {
            "kind": "permute",
            "order": permutation(input_shape, self.axes),
            "inverse": permutation(self.output_shape, inverse(self.axes)),
        }
