"""Dense layers: every output sees every input."""

from fastnn import functional
from fastnn.checks import batch_of, integer

from .weighted import WeightedLayer


class Dense(WeightedLayer):
    """Fully connected layer, `y = activation(W x + b)`.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, optional
        As for `Activation`.
    bias : bool
        Whether to add a bias.
    weight_initializer, bias_initializer : str, number or callable, optional
        As for `fastnn.initializers.get`; `he_normal` for ReLU, else `lecun_normal`; zeros.
    weight_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties, as for `fastnn.regularizers.get`.
    weight_constraint, bias_constraint : str or Constraint, optional
        As for `fastnn.constraints.get`; `MaxNorm` and `UnitNorm` for weights only.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    weight : ndarray, shape (units, features)
    bias : ndarray, shape (units,), or None

    Notes
    -----
    Backward: ``dW = Σ dy xᵀ`` and ``db = Σ dy`` over the batch, ``dx = Wᵀ dy``.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.Dense(1, activation="relu").build((2,))
    >>> layer.weight = [[3.0, -1.0]]
    >>> layer.forward([[2.0, 1.0], [0.0, 1.0]]).tolist()
    [[5.0], [0.0]]
    """

    def __init__(
        self,
        units,
        activation=None,
        *,
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
        self.units = integer("Dense", "units", units)
        super().__init__(
            activation,
            bias,
            weight_initializer,
            bias_initializer,
            name,
            input_shape,
            weight_regularizer=weight_regularizer,
            bias_regularizer=bias_regularizer,
            weight_constraint=weight_constraint,
            bias_constraint=bias_constraint,
            units=self.units,
        )

    def _plan(self, input_shape):
        if len(input_shape) != 1:
            mend = "put Flatten() before it" if input_shape else "add a feature axis: x[:, None]"
            raise ValueError(
                f"{self.label}: expected input of shape (N, features), "
                f"got {batch_of(input_shape)}; {mend}"
            )
        return (self.units,), self._shapes((self.units, *input_shape))

    def _forward(self, x, training, relu_follows=False):
        self._saved = x
        activation = "relu" if relu_follows else None
        return functional.dense_forward(x, self.weight, self.bias, activation=activation)

    def _backward(self, dy, input_gradient, relu_precedes=False):
        x = self._saved
        if self.trainable:
            functional.dense_backward_weights(x, dy, out=self._gradient_arrays())
        if not input_gradient:
            return None
        relu_output = x if relu_precedes else None
        return functional.dense_backward_input(dy, self.weight, relu_output=relu_output)

    def _instruction(self, input_shape):
        return {"kind": "dense"}
