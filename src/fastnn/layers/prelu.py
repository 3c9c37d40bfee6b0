"""PReLU: a ReLU whose slope where x is not positive is learnt."""

from fastnn.checks import one_of

from .base import Layer, Parameter
from .terms import hold


class PReLU(Layer):
    """ReLU with learnt slopes: `y = x where x > 0, else slope · x`.

    Parameters
    ----------
    share : {"spatial", "all", "none"}
        What shares a slope: all positions of a channel, the whole sample, or nothing, so that
        every element has a slope of its own.
    slope_initializer : str, number or callable
        As for `fastnn.initializers.get`.
    slope_regularizer : str or Regularizer, optional
        As for `fastnn.regularizers.get`. The authors use none: a penalty draws slopes to 0.
    slope_constraint : str or Constraint, optional
        As for `fastnn.constraints.get`: `MaxAbs` or `NonNegative`.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    slope : ndarray, shape (channels,), (1,) or that of a sample

    Raises
    ------
    ValueError
        If `share` is none of these.

    Notes
    -----
    Backward: ``dslope = Σ x dy`` where x is not positive.
    He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.PReLU().forward([[-4.0, 3.0]]).tolist()
    [[-1.0, 3.0]]
    """

    function = "prelu"  # what messages call it
    slope = Parameter()

    def __init__(
        self,
        share="spatial",
        *,
        slope_initializer=0.25,
        slope_regularizer=None,
        slope_constraint=None,
        name=None,
        input_shape=None,
    ):
        self.share = one_of("PReLU", "share", share, ("spatial", "all", "none"))
        held = hold(self, slope=(slope_regularizer, slope_constraint))
        super().__init__(
            name, input_shape, share=share, slope_initializer=slope_initializer, **held
        )
        self.initial_values = {"slope": slope_initializer}

    def _plan(self, input_shape):
        if len(input_shape) == 0:
            raise ValueError(f"{self.label}: expected samples with channels, got single numbers")
        shapes = {"spatial": input_shape[-1:], "all": (1,), "none": input_shape}
        return input_shape, {"slope": tuple(shapes[self.share])}

    def _forward(self, x, training):
        self._saved = x
        return self.operations.prelu_forward(x, self.slope)

    def _backward(self, dy, input_gradient):
        x = self._saved
        if self.trainable:
            dslope = self.operations.prelu_backward_weights(x, dy, self.slope.shape)
            self.gradients["slope"][...] = dslope
        return self.operations.prelu_backward_input(dy, x, self.slope) if input_gradient else None

    def _instruction(self, input_shape):
        return {"kind": "prelu", "channels": input_shape[-1]}
