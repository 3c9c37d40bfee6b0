"""Activations as a layer, by name: every element by itself, and softmax over the last axis."""

from fastnn._core.pointwise import FROM_INPUT
from fastnn.checks import lookup

from .base import Layer

# by name, the option that a function has and what it is where nothing is said
ACTIVATIONS = {
    "linear": {},
    "relu": {},
    "sigmoid": {},
    "tanh": {},
    "softmax": {},
    "log_softmax": {},
    "sign": {},
    "leaky_relu": {"slope": 0.01},
    "relu6": {},
    "elu": {"alpha": 1.0},
    "selu": {},
    "gelu": {"approximate": "none"},
    "silu": {},
    "mish": {},
    "softplus": {"beta": 1.0},
    "softsign": {},
    "hard_sigmoid": {},
    "hard_swish": {},
}


class Activation(Layer):
    """Apply an activation function.

    Parameters
    ----------
    function : str
        "linear", "relu", "sigmoid", "tanh", "softmax", "log_softmax", "sign", "leaky_relu",
        "relu6", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign", "hard_sigmoid" or
        "hard_swish". Softmax and its logarithm run over the last axis, the others over every
        element by itself. Each but the first seven is also a layer of its own, with its options.
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
        self.options = dict(lookup("activation", function, ACTIVATIONS))
        self.function = function
        super().__init__(name, input_shape, function=function)

    def _forward(self, x, training):
        y = x
        if self.function != "linear":
            y = getattr(self.operations, f"{self.function}_forward")(x, **self.options)
        self._saved = x if self.function in FROM_INPUT else y  # backward needs nothing else
        return y

    def _backward(self, dy, input_gradient):
        if not input_gradient or self.function == "linear":
            return dy if input_gradient else None
        return getattr(self.operations, f"{self.function}_backward")(
            dy, self._saved, **self.options
        )

    def _instruction(self, input_shape):
        if self.function == "linear":
            return {}
        if self.function in ("softmax", "log_softmax"):
            logarithm = self.function == "log_softmax"
            return {"kind": "softmax", "channels": input_shape[-1], "logarithm": logarithm}
        function, option = self.function, next(iter(self.options.values()), 0.0)
        if function == "gelu":
            function, option = ("gelu" if option == "none" else "gelu_tanh"), 0.0
        return {"kind": "pointwise", "function": function, "parameter": option}
