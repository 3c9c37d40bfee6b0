"""Locally connected layers: convolutions whose output positions share no weights."""

import math

import numpy as np

from fastnn import geometry, initializers
from fastnn.checks import integer

from .spatial import output_sizes, padding_of
from .weighted import WeightedLayer


class _LocallyConnected(WeightedLayer):
    rank = 0

    def __init__(
        self,
        filters,
        size,
        *,
        stride=1,
        padding="valid",
        dilation=1,
        activation=None,
        bias=True,
        weight_initializer=None,
        bias_initializer=None,
        weight_regularizer=None,
        bias_regularizer=None,
        weight_constraint=None,
        bias_constraint=None,
        name=None,
        input_shape=None,
    ):
        who, rank = type(self).__name__, self.rank
        self.filters = integer(who, "filters", filters)
        self.size = geometry.per_axis(who, "size", size, rank)
        self.stride = geometry.per_axis(who, "stride", stride, rank)
        self.padding = padding_of(who, padding, rank)
        self.dilation = geometry.per_axis(who, "dilation", dilation, rank)
        self._how = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        super().__init__(
            activation,
            bias,
            weight_initializer,
            bias_initializer,
            name,
            input_shape,
            filters=self.filters,
            size=self.size,
            **self._how,
            weight_regularizer=weight_regularizer,
            bias_regularizer=bias_regularizer,
            weight_constraint=weight_constraint,
            bias_constraint=bias_constraint,
        )

    def _plan(self, input_shape):
        sizes = output_sizes(self, input_shape, padding=self.padding, dilation=self.dilation)
        places = (*sizes, self.filters)
        shapes = {"weight": (*places, *self.size, input_shape[-1]), "bias": places}
        if not self._has_bias:
            del shapes["bias"]
        return places, shapes

    def initial(self, name, seed, index):
        """Return first values: of a weight, as if all positions' filters were one convolution's."""
        shape = self.parameter_shapes[name]
        if name != "weight":
            return super().initial(name, seed, index)
        places = math.prod(shape[: self.rank + 1])
        return initializers.draw(
            self.label,
            self.initial_values[name],
            (places, *shape[self.rank + 1 :]),
            seed=seed,
            stream=2 * index,
        ).reshape(shape)

    def _forward(self, x, training, relu_follows=False):
        self._saved = x
        activation = "relu" if relu_follows else None
        return self.operations.local_conv_forward(
            x, self.weight, self.bias, activation=activation, **self._how
        )

    def _backward(self, dy, input_gradient, relu_precedes=False):
        x = self._saved
        self.operations.local_conv_backward_weights(
            x, dy, self.size, out=self._gradient_arrays(), **self._how
        )
        if not input_gradient:
            return None
        relu_output = x if relu_precedes else None
        return self.operations.local_conv_backward_input(
            dy, self.weight, x.shape, relu_output=relu_output, **self._how
        )

    def rows(self, name):
        return math.prod(self.parameter_shapes[name][: self.rank + 1])

    def _instruction(self, input_shape):
        window = geometry.window(self.label, input_shape[:-1], self.size, **self._how)
        return {
            "kind": "local_conv",
            "window": window.sizes,
            "channels": input_shape[-1],
            "filters": self.filters,
        }

    def _gradient_arrays(self):
        if self._has_bias:
            return self.gradients["weight"], self.gradients["bias"]
        return self.gradients["weight"], np.empty(self.output_shape, self.dtype)


class LocallyConnected1D(_LocallyConnected):
    """Locally connected layer over series `(N, length, channels)`; see `LocallyConnected2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.LocallyConnected1D(1, 2, bias=False).build((3, 1))
    >>> layer.weight = [[[[-1.0], [1.0]]], [[[2.0], [0.0]]]]
    >>> layer.forward([[[1.0], [2.0], [4.0]]]).ravel().tolist()
    [1.0, 4.0]
    """

    rank = 1


class LocallyConnected2D(_LocallyConnected):
    """Locally connected layer over images `(N, height, width, channels)`.

    A convolution whose every output position has filters and biases of its own: for images whose
    parts differ in kind, such as faces that are all in the same place.

    Parameters
    ----------
    filters : int
        Number of output channels.
    size : int or one per axis
        Size of the kernel.
    stride, dilation : int or one per axis
        Pixels between windows, and between the taps of a window.
    padding : "valid", "same", int, one per axis, or a pair (before, after) per axis
        Zeros around the image; "same" as TensorFlow defines it. A weight that meets only padding
        has the gradient 0.
    activation : str, optional
        As for `Activation`.
    bias : bool
        Whether every filter has a bias, one a position.
    weight_initializer, bias_initializer : str, number or callable, optional
        As for `fastnn.initializers.get`; `he_normal` for ReLU, else `lecun_normal`; zeros. They see
        the weight in the shape ``(positions · filters, *size, channels)``.
    weight_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties, as for `fastnn.regularizers.get`.
    weight_constraint, bias_constraint : str or Constraint, optional
        As for `fastnn.constraints.get`; `MaxNorm` and `UnitNorm` for weights only.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    weight : ndarray, shape (*output, filters, *size, channels)
    bias : ndarray, shape (*output, filters), or None

    Notes
    -----
    ``y[p, f] = b[p, f] + Σ_{k, c} x[p·stride + k·dilation − before, c] · w[p, f, k, c]``.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.LocallyConnected2D(6, 5, activation="relu").build((28, 28, 1))
    >>> layer.output_shape, layer.weight.shape
    ((24, 24, 6), (24, 24, 6, 5, 5, 1))
    """

    rank = 2
