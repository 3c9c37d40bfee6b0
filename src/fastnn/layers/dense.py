"""Dense layers: every output sees every input, or those that a mask lets it see."""

import numpy as np

from fastnn.checks import batch_of, integer, real_array

from .base import Parameter
from .weighted import WeightedLayer


class MaskedWeight(Parameter):
    """A weight that is 0 where the layer's mask is."""

    def __set__(self, layer, value):
        super().__set__(layer, value)
        layer.clear_masked(self.__get__(layer))


class Dense(WeightedLayer):
    """Fully connected layer, `y = activation(W x + b)`.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, optional
        As for `Activation`.
    mask : array_like of 0 and 1, shape (units, features), optional
        Where it is 0 an output does not see an input: that weight is 0 and stays 0, and its
        gradient is 0. It is saved with the network.
    bias : bool
        Whether to add a bias.
    weight_initializer, bias_initializer : str, number or callable, optional
        As for `fastnn.initializers.get`; `he_normal` for ReLU, else `lecun_normal`; zeros. They see
        the whole weight, masked or not.
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
    mask : ndarray of uint8, shape (units, features), or None

    Raises
    ------
    ValueError
        If the mask holds other numbers, or is not of the weight's shape.

    Notes
    -----
    Backward: ``dW = Σ dy xᵀ`` and ``db = Σ dy`` over the batch, ``dx = Wᵀ dy``. Masked weights are
    set to 0 whenever the layer runs, whoever wrote to them.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.Dense(1, activation="relu").build((2,))
    >>> layer.weight = [[3.0, -1.0]]
    >>> layer.forward([[2.0, 1.0], [0.0, 1.0]]).tolist()
    [[5.0], [0.0]]

    Two units that see one feature each:

    >>> layer = fn.layers.Dense(2, mask=[[1, 0], [0, 1]]).build((2,))
    >>> layer.weight = [[2.0, 7.0], [7.0, 3.0]]
    >>> layer.forward([[1.0, 10.0]]).tolist()
    [[2.0, 30.0]]
    """

    weight = MaskedWeight()

    def __init__(
        self,
        units,
        activation=None,
        *,
        mask=None,
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
        self.mask = None if mask is None else self._checked_mask("Dense", mask)
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
            mask=self.mask,
        )

    def _plan(self, input_shape):
        if len(input_shape) != 1:
            mend = "put Flatten() before it" if input_shape else "add a feature axis: x[:, None]"
            raise ValueError(
                f"{self.label}: expected input of shape (N, features), "
                f"got {batch_of(input_shape)}; {mend}"
            )
        shape = (self.units, *input_shape)
        if self.mask is not None and self.mask.shape != shape:
            raise ValueError(
                f"{self.label}: expected a mask of shape {shape}, got {self.mask.shape}"
            )
        return (self.units,), self._shapes(shape)

    def initial(self, name, seed, index):
        value = super().initial(name, seed, index)
        if name == "weight" and self.mask is not None:
            value = np.where(self.mask, value, 0)
        return value

    def _forward(self, x, training, relu_follows=False):
        self._saved = x
        self.clear_masked(self.weight)
        activation = "relu" if relu_follows else None
        return self.operations.dense_forward(x, self.weight, self.bias, activation=activation)

    def _backward(self, dy, input_gradient, relu_precedes=False):
        x = self._saved
        if self.trainable:
            self.operations.dense_backward_weights(x, dy, out=self._gradient_arrays())
            self.clear_masked(self.gradients["weight"])
        if not input_gradient:
            return None
        relu_output = x if relu_precedes else None
        return self.operations.dense_backward_input(dy, self.weight, relu_output=relu_output)

    def _instruction(self, input_shape):
        return {"kind": "dense", "mask": self.mask}

    def config(self):
        """Return the constructor's arguments but for the mask, which is part of `state`."""
        return {name: value for name, value in super().config().items() if name != "mask"}

    def state(self):
        """Return the mask, if there is one."""
        return {} if self.mask is None else {"mask": self.mask}

    def check_state(self, shapes):
        """Raise unless these are the shapes of a mask, or of nothing."""
        shapes = dict(shapes)
        shape = shapes.pop("mask", None)
        if shape is not None and shape != self.parameter_shapes["weight"]:
            raise ValueError(
                f"{self.label}: expected a mask of shape {self.parameter_shapes['weight']}, "
                f"got {shape}"
            )
        super().check_state(shapes)

    def restore(self, state):
        """Take back what `state` returned."""
        super().restore(state)
        if "mask" in state:
            self.mask = self._checked_mask(self.label, state["mask"])
            self._arguments["mask"] = self.mask
            self.clear_masked(self.weight)

    def _checked_mask(self, who, mask):
        mask = real_array(who, "mask", mask)
        if mask.ndim != 2 or len(mask) != self.units:
            raise ValueError(
                f"{who}: expected a mask of shape ({self.units}, features), got {mask.shape}"
            )
        wrong = (mask != 0) & (mask != 1)
        if wrong.any():
            raise ValueError(f"{who}: expected 0 and 1 in mask, got {mask[wrong][0]}")
        return np.ascontiguousarray(mask, np.uint8)

    def clear_masked(self, array):
        """Set what belongs to masked weights to 0; nothing is written where it is."""
        if self.mask is not None:
            hidden = (self.mask == 0) & (array != 0)
            if hidden.any():
                array[hidden] = 0
