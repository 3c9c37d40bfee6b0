"""Convolutions (cross-correlations) over one, two or three spatial axes."""

from fastnn import geometry
from fastnn.checks import integer
from fastnn.resampling import conv_pad_mode

from .pad import Pad
from .spatial import output_sizes, padding_of
from .weighted import WeightedLayer


class _Conv(WeightedLayer):
    rank = 0

    def __init__(
        self,
        filters,
        size,
        *,
        stride=1,
        padding="valid",
        dilation=1,
        groups=1,
        padding_mode="zeros",
        algorithm="direct",
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
        self.groups = integer(who, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{who}: expected groups that divide {filters} filters, got groups={groups}"
            )
        self.padding_mode = conv_pad_mode(who, padding_mode)
        self.algorithm = algorithm
        self._goes_by_winograd(who)
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
            filters=self.filters,
            size=self.size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            padding_mode=self.padding_mode,
            algorithm=algorithm,
        )
        self._pad = None  # what comes first, once the input is known, if it pads no zeros
        self._how = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        self._how["groups"] = self.groups
        if self.padding_mode != "zeros":
            self._how["padding"] = 0

    @property
    def stages(self):
        return super().stages if self._pad is None else (self._pad, *super().stages)

    def _goes_by_winograd(self, who, channels=None):
        return geometry.is_winograd(
            who,
            self.algorithm,
            self.size,
            self.stride,
            self.dilation,
            self.groups,
            self.filters,
            channels,
        )

    def _plan(self, input_shape):
        sizes = output_sizes(self, input_shape, padding=self.padding, dilation=self.dilation)
        channels = input_shape[-1]
        if channels % self.groups:
            raise ValueError(
                f"{self.label}: expected groups that divide {channels} input channels, "
                f"got groups={self.groups}"
            )
        self._goes_by_winograd(self.label, channels)
        if self.padding_mode != "zeros":
            self._pad = self._padding_layer(input_shape)
        weight = (self.filters, *self.size, channels // self.groups)
        return (*sizes, self.filters), self._shapes(weight)

    def attach(self, parameters, gradients, dtype):
        super().attach(parameters, gradients, dtype)
        if self._pad is not None:
            self._pad.attach({}, {}, dtype)

    def _padding_layer(self, input_shape):
        """What comes first where the padding is not zeros; nothing, where there is none."""
        window = geometry.window(
            self.label, input_shape[:-1], self.size, self.stride, self.padding, self.dilation
        )
        pairs = tuple(zip(window.before, window.after, strict=True))
        if not any(map(any, pairs)):
            return None
        layer = Pad(pairs, self.padding_mode, name=self.label)
        layer.plan(input_shape)
        return layer

    def _forward(self, x, training, relu_follows=False):
        self._saved = x
        activation = "relu" if relu_follows else None
        return self.operations.conv_forward(
            x,
            self.weight,
            self.bias,
            activation=activation,
            algorithm=self.algorithm,
            **self._how,
        )

    def _backward(self, dy, input_gradient, relu_precedes=False):
        x = self._saved
        if self.trainable:
            out = self._gradient_arrays()
            self.operations.conv_backward_weights(x, dy, self.size, out=out, **self._how)
        if not input_gradient:
            return None
        relu_output = x if relu_precedes else None
        return self.operations.conv_backward_input(
            dy,
            self.weight,
            x.shape,
            relu_output=relu_output,
            algorithm=self.algorithm,
            **self._how,
        )

    def _instruction(self, input_shape):
        padding = self._how["padding"]
        window = geometry.window(
            self.label, input_shape[:-1], self.size, self.stride, padding, self.dilation
        )
        return {
            "kind": "conv",
            "window": window.sizes,
            "transposed": False,
            "groups": self.groups,
            "channels": input_shape[-1],
            "filters": self.filters,
            "winograd": self._goes_by_winograd(self.label),
        }


class Conv1D(_Conv):
    """Convolution over series `(N, length, channels)`; parameters as for `Conv2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.Conv1D(1, 2, bias=False).build((3, 1))
    >>> layer.weight = [[[-1.0], [1.0]]]
    >>> layer.forward([[[1.0], [2.0], [4.0]]]).ravel().tolist()
    [1.0, 2.0]
    """

    rank = 1


class Conv2D(_Conv):
    """Convolution over images `(N, height, width, channels)`.

    Parameters
    ----------
    filters : int
        Number of output channels.
    size : int or one per axis
        Size of the kernel.
    stride, dilation : int or one per axis
        Pixels between windows, and between the taps of a window.
    padding : "valid", "same", int, one per axis, or a pair (before, after) per axis
        Around the image; "same" as TensorFlow defines it.
    groups : int
        Input channels and filters are split into so many groups that do not see each other;
        as many groups as channels make a depthwise convolution.
    padding_mode : {"zeros", "reflect", "edge", "replicate", "circular"}
        What the padding holds, as for `Pad`.
    algorithm : {"direct", "winograd"}
        How output and input gradient are summed, see `fastnn.functional.conv_forward`: "winograd"
        is faster, rounds more, and is for kernels of 3x3, stride, dilation and groups of 1, and at
        least 32 channels and filters.
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
    bias : ndarray, shape (filters,), or None

    Notes
    -----
    ``y[p, f] = b[f] + Σ_{k, c} x[p·stride + k·dilation − before, c] · w[f, k, c]``, and an output
    axis has ``⌊(in + before + after − dilation·(size − 1) − 1) / stride⌋ + 1`` positions.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Conv2D(6, 5, activation="relu").build((28, 28, 1)).output_shape
    (24, 24, 6)
    """

    rank = 2


class Conv3D(_Conv):
    """Convolution over volumes `(N, depth, height, width, channels)`; parameters as for `Conv2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Conv3D(4, 3, padding="same").build((8, 16, 16, 2)).output_shape
    (8, 16, 16, 4)
    """

    rank = 3
