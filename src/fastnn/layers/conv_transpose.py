"""Transposed convolutions over one, two or three spatial axes."""

from fastnn import geometry
from fastnn.checks import integer

from .spatial import check_axes, padding_of
from .weighted import WeightedLayer


class _ConvTranspose(WeightedLayer):
    rank = 0

    def __init__(
        self,
        filters,
        size,
        *,
        stride=1,
        padding="valid",
        output_padding=0,
        dilation=1,
        groups=1,
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
        self.groups = integer(who, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{who}: expected groups that divide {filters} filters, got groups={groups}"
            )
        self.size = geometry.per_axis(who, "size", size, rank)
        self._how = {
            "stride": geometry.per_axis(who, "stride", stride, rank),
            "padding": padding_of(who, padding, rank),
            "output_padding": geometry.per_axis(who, "output_padding", output_padding, rank, 0),
            "dilation": geometry.per_axis(who, "dilation", dilation, rank),
        }
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
            groups=self.groups,
            weight_regularizer=weight_regularizer,
            bias_regularizer=bias_regularizer,
            weight_constraint=weight_constraint,
            bias_constraint=bias_constraint,
        )

    def _window(self, input_shape):
        spatial = check_axes(self, input_shape)
        return geometry.transposed_window(self.label, spatial, self.size, **self._how)

    def _plan(self, input_shape):
        sizes, channels = self._window(input_shape).output, input_shape[-1]
        if channels % self.groups:
            raise ValueError(
                f"{self.label}: expected groups that divide {channels} input channels, "
                f"got groups={self.groups}"
            )
        weight = (self.filters, *self.size, channels // self.groups)
        return (*sizes, self.filters), self._shapes(weight)

    def _forward(self, x, training, relu_follows=False):
        self._saved = x
        return self.operations.conv_transpose_forward(
            x,
            self.weight,
            self.bias,
            activation="relu" if relu_follows else None,
            groups=self.groups,
            **self._how,
        )

    def _backward(self, dy, input_gradient, relu_precedes=False):
        x, how = self._saved, self._how | {"groups": self.groups}
        if self.trainable:
            out = self._gradient_arrays()
            self.operations.conv_transpose_backward_weights(x, dy, self.size, out=out, **how)
        if not input_gradient:
            return None
        relu_output = x if relu_precedes else None
        return self.operations.conv_transpose_backward_input(
            dy, self.weight, x.shape, relu_output=relu_output, **how
        )

    def _instruction(self, input_shape):
        return {
            "kind": "conv",
            "window": self._window(input_shape).sizes,
            "transposed": True,
            "groups": self.groups,
            "channels": input_shape[-1],
            "filters": self.filters,
            "winograd": False,
        }


class ConvTranspose1D(_ConvTranspose):
    """Transposed convolution over series; parameters as for `ConvTranspose2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.ConvTranspose1D(1, 3, stride=2, bias=False).build((2, 1))
    >>> layer.weight = [[[1.0], [10.0], [100.0]]]
    >>> layer.forward([[[1.0], [2.0]]]).ravel().tolist()
    [1.0, 10.0, 102.0, 20.0, 200.0]
    """

    rank = 1


class ConvTranspose2D(_ConvTranspose):
    """Transposed convolution over images `(N, height, width, channels)`: learnt upsampling.

    Parameters
    ----------
    filters : int
        Number of output channels.
    size : int or one per axis
        Size of the kernel.
    stride, dilation : int or one per axis
        Outputs between the windows of neighbouring inputs, and between the taps of a window.
    padding : "valid", "same", int, one per axis, or a pair (before, after) per axis
        What is cut off the output; "same" leaves ``in · stride`` outputs.
    output_padding : int or one per axis
        Outputs more at the end of an axis, fewer than the stride or the dilation.
    groups : int
        Input channels and filters are split into so many groups that do not see each other.
    activation : str, optional
        As for `Activation`.
    bias : bool
        Whether every filter has a bias.
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
    weight : ndarray, shape (filters, *size, channels / groups)
        Output first, as all weights; PyTorch's are ``(channels, filters / groups, *size)``.
    bias : ndarray, shape (filters,), or None

    Raises
    ------
    ValueError
        If the settings do not go together, or nothing is left of the output.

    Notes
    -----
    ``y[p, f] = b[f] + Σ_{q, k, c} x[q, c] · w[f, k, c]`` over all ``q·stride + k·dilation − before
    = p``: the input gradient of a `Conv2D`. An output axis has
    ``(in − 1)·stride + dilation·(size − 1) + 1 + output_padding − before − after`` positions.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.ConvTranspose2D(6, 4, stride=2, padding=1).build((7, 7, 16)).output_shape
    (14, 14, 6)
    """

    rank = 2


class ConvTranspose3D(_ConvTranspose):
    """Transposed convolution over volumes; parameters as for `ConvTranspose2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.ConvTranspose3D(4, 3, stride=2, padding="same")
    >>> layer.build((4, 8, 8, 2)).output_shape
    (8, 16, 16, 4)
    """

    rank = 3
