"""WeightedLayer: a weight, a bias and an activation, the common half of Dense and convolutions."""

import numpy as np

from .activation import Activation
from .base import Layer, Parameter
from .terms import hold


class WeightedLayer(Layer):
    """Base class of layers with a weight, an optional bias and an optional activation.

    In a network, `_forward(…, relu_follows=True)` ends with a ReLU in the same pass, and
    `_backward(…, relu_precedes=True)` takes its input's gradient through one (`fastnn.route`).

    Parameters
    ----------
    activation : str or None
        What follows the operation, as for `Activation`.
    bias : bool
        Whether the layer has a bias.
    weight_initializer, bias_initializer : str, number, callable or None
        As for `fastnn.initializers.get`. None stands for `he_normal` before a ReLU of the layer
        itself, else `lecun_normal`; and for zeros.
    name, input_shape, **arguments
        See `Layer`.
    weight_regularizer, bias_regularizer : str, Regularizer or None
        As for `fastnn.regularizers.get`.
    weight_constraint, bias_constraint : str, Constraint or None
        As for `fastnn.constraints.get`.
    """

    weight = Parameter()
    bias = Parameter()

    def __init__(
        self,
        activation,
        bias,
        weight_initializer,
        bias_initializer,
        name,
        input_shape,
        *,
        weight_regularizer=None,
        bias_regularizer=None,
        weight_constraint=None,
        bias_constraint=None,
        **arguments,
    ):
        super().__init__(
            name,
            input_shape,
            **arguments,
            activation=activation,
            bias=bool(bias),
            weight_initializer=weight_initializer,
            bias_initializer=bias_initializer,
            **hold(
                self,
                weight=(weight_regularizer, weight_constraint),
                bias=(bias_regularizer, bias_constraint),
            ),
        )
        if activation is not None:
            self.activation = Activation(activation)
        default = "he_normal" if activation == "relu" else "lecun_normal"
        self.initial_values = {
            "weight": default if weight_initializer is None else weight_initializer,
            "bias": "zeros" if bias_initializer is None else bias_initializer,
        }
        self._has_bias = bool(bias)

    def _shapes(self, weight):
        """The parameters' shapes, for a weight of this shape."""
        return {"weight": weight, "bias": weight[:1]} if self._has_bias else {"weight": weight}

    def _gradient_arrays(self):
        """Where the weight's and the bias's gradients go; a bias that is not there, nowhere."""
        weight = self.gradients["weight"]
        bias = self.gradients["bias"] if self._has_bias else np.empty(len(weight), self.dtype)
        return weight, bias
