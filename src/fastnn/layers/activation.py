"""Activations as layers: every element by itself, and softmax over the last axis."""

from fastnn import functional
from fastnn.checks import lookup

from .base import Layer

ACTIVATIONS = {name: name for name in ("linear", "relu", "sigmoid", "tanh", "softmax", "sign")}


class Activation(Layer):
    """Apply an activation function.

    Parameters
    ----------
    function : {"linear", "relu", "sigmoid", "tanh", "softmax", "sign"}
        Softmax runs over the last axis, the others over every element by itself.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If the name is not known.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Activation("sign").forward([[-2.0, 0.0, 5.0]]).tolist()
    [[-1.0, 0.0, 1.0]]
    """

    def __init__(self, function, *, name=None, input_shape=None):
        self.function = lookup("activation", function, ACTIVATIONS)
        super().__init__(name, input_shape, function=function)

    def _forward(self, x, training):
        if self.function != "linear":
            x = getattr(functional, f"{self.function}_forward")(x)
        self._saved = x  # the output: backward needs nothing else
        return x

    def _backward(self, dy, input_gradient):
        if not input_gradient or self.function == "linear":
            return dy if input_gradient else None
        return getattr(functional, f"{self.function}_backward")(dy, self._saved)

    def _instruction(self, input_shape):
        if self.function == "linear":
            return {}
        if self.function == "softmax":
            return {"kind": "softmax", "channels": input_shape[-1]}
        return {"kind": "pointwise", "function": self.function, "parameter": 0.0}


class Softmax(Activation):
    """Turn logits into probabilities along the last axis.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Softmax().forward([[7.0, 7.0]]).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, *, name=None, input_shape=None):
        super().__init__("softmax", name=name, input_shape=input_shape)
        del self._arguments["function"]
