"""Normalisation within a sample: LayerNorm, GroupNorm, InstanceNorm; and what BatchNorm shares."""

import math
from types import MappingProxyType

from fastnn.checks import integer, positive

from .base import Layer, Parameter


class Normalization(Layer):
    """Base class of layers that normalise: a scale and a shift for what they have normalised.

    Parameters
    ----------
    epsilon : float
        Added to variances; more than 0.
    scale, shift : bool
        Whether the layer learns a factor, at first 1, and a summand, at first 0.
    name, input_shape, **arguments
        See `Layer`.
    """

    scale = Parameter()
    shift = Parameter()
    initial_values = MappingProxyType({"scale": "ones", "shift": "zeros"})

    def __init__(self, epsilon, scale, shift, name, input_shape, **arguments):
        self.epsilon = positive(type(self).__name__, "epsilon", epsilon)
        self._learnt = [what for what, wanted in (("scale", scale), ("shift", shift)) if wanted]
        super().__init__(
            name,
            input_shape,
            **arguments,
            epsilon=epsilon,
            scale=bool(scale),
            shift=bool(shift),
        )

    def _shapes(self, shape):
        """The parameters' shapes, if each has this one."""
        return {name: tuple(shape) for name in self._learnt}

    def _group_instruction(self, blocks, groups, channels):
        """What a program does, where blocks of a sample hold groups of so many channels."""
        learnt = {f"{what}s": what in self._learnt for what in ("scale", "shift")}
        sizes = {"blocks": blocks, "groups": groups, "channels": channels}
        return {"kind": "group_norm", "epsilon": self.epsilon, **sizes, **learnt}

    def _store(self, dscale, dshift):
        for name, gradient in (("scale", dscale), ("shift", dshift)):
            if name in self.gradients:
                self.gradients[name][...] = gradient


class LayerNorm(Normalization):
    """Normalise the last axes of every sample by their own mean and variance.

    Parameters
    ----------
    axes : int or "all"
        How many of the last axes are normalised together: 1, the features of each position;
        "all" are those of a sample. Scale and shift have a number for each of their elements.
    epsilon : float
        Added to the variance; more than 0.
    scale, shift : bool
        Whether the layer learns them.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    scale, shift : ndarray of the shape of the last axes, or None

    Raises
    ------
    ValueError
        If a sample has fewer axes.

    Notes
    -----
    ``y = (x - mean) / √(variance + epsilon) · scale + shift``, in training as in inference. In the
    words of others: `axes` last axes are `normalized_shape = x.shape[-axes:]`.
    Ba, Kiros, Hinton: Layer normalization, 2016.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.LayerNorm().forward([[1.0, 3.0], [5.0, 5.0]]).round(3).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(
        self, axes=1, *, epsilon=1e-5, scale=True, shift=True, name=None, input_shape=None
    ):
        self.axes = axes if axes == "all" else integer("LayerNorm", "axes", axes)
        super().__init__(epsilon, scale, shift, name, input_shape, axes=axes)

    def _plan(self, input_shape):
        axes = len(input_shape) if self.axes == "all" else self.axes
        if not 1 <= axes <= len(input_shape):
            raise ValueError(
                f"{self.label}: expected samples of at least {max(axes, 1)} axes, "
                f"got shape {input_shape}"
            )
        return input_shape, self._shapes(input_shape[-axes:])

    def _forward(self, x, training):
        self._saved = x
        return self.operations.layer_norm_forward(
            x, self.scale, self.shift, axes=self.axes, epsilon=self.epsilon
        )

    def _backward(self, dy, input_gradient):
        dx, *gradients = self.operations.layer_norm_backward(
            dy, self._saved, self.scale, axes=self.axes, epsilon=self.epsilon
        )
        self._store(*gradients)
        return dx if input_gradient else None

    def _instruction(self, input_shape):
        axes = len(input_shape) if self.axes == "all" else self.axes
        together = math.prod(input_shape[-axes:])
        return self._group_instruction(math.prod(input_shape) // together, 1, together)


class GroupNorm(Normalization):
    """Normalise groups of channels of every sample by their own mean and variance.

    Parameters
    ----------
    groups : int
        How many groups the channels are divided into, each of consecutive ones.
    epsilon : float
        Added to the variance; more than 0.
    scale, shift : bool
        Whether the layer learns them.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    scale, shift : ndarray, shape (channels,), or None

    Raises
    ------
    ValueError
        If `groups` does not divide the channels.

    Notes
    -----
    ``y = (x - mean) / √(variance + epsilon) · scale + shift``, mean and variance over all positions
    and the channels of a group, in training as in inference. Wu, He: Group normalization, 2018.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GroupNorm(2).forward([[1.0, 3.0, 5.0, 5.0]]).round(3).tolist()
    [[-1.0, 1.0, 0.0, 0.0]]
    """

    def __init__(
        self, groups, *, epsilon=1e-5, scale=True, shift=True, name=None, input_shape=None
    ):
        self.groups = integer("GroupNorm", "groups", groups)
        super().__init__(epsilon, scale, shift, name, input_shape, groups=groups)

    def _plan(self, input_shape):
        if len(input_shape) == 0 or input_shape[-1] % self.groups:
            channels = f"{input_shape[-1]} channels" if input_shape else "single numbers"
            raise ValueError(
                f"{self.label}: expected channels that {self.groups} groups divide, got {channels}"
            )
        return input_shape, self._shapes(input_shape[-1:])

    def _forward(self, x, training):
        self._saved = x
        return self.operations.group_norm_forward(
            x, self.groups, self.scale, self.shift, epsilon=self.epsilon
        )

    def _backward(self, dy, input_gradient):
        dx, *gradients = self.operations.group_norm_backward(
            dy, self._saved, self.groups, self.scale, epsilon=self.epsilon
        )
        self._store(*gradients)
        return dx if input_gradient else None

    def _instruction(self, input_shape):
        return self._group_instruction(1, self.groups, input_shape[-1] // self.groups)


class InstanceNorm(Normalization):
    """Normalise every channel of every sample by its own mean and variance.

    Parameters
    ----------
    epsilon : float
        Added to the variance; more than 0.
    scale, shift : bool
        Whether the layer learns them.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    scale, shift : ndarray, shape (channels,), or None

    Raises
    ------
    ValueError
        If samples have no spatial axis: every mean would be of one number.

    Notes
    -----
    ``y = (x - mean) / √(variance + epsilon) · scale + shift``, mean and variance over the positions
    of a channel, in training as in inference; with one position `y = shift`.
    Ulyanov, Vedaldi, Lempitsky: Instance normalization, 2016.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.InstanceNorm().forward([[[1.0, 5.0], [3.0, 5.0]]]).round(3).tolist()
    [[[-1.0, 0.0], [1.0, 0.0]]]
    """

    def __init__(self, *, epsilon=1e-5, scale=True, shift=True, name=None, input_shape=None):
        super().__init__(epsilon, scale, shift, name, input_shape)

    def _plan(self, input_shape):
        if len(input_shape) < 2:
            raise ValueError(
                f"{self.label}: expected samples (*spatial, channels), got shape {input_shape}; "
                f"features without positions are what LayerNorm normalises"
            )
        return input_shape, self._shapes(input_shape[-1:])

    def _forward(self, x, training):
        self._saved = x
        return self.operations.instance_norm_forward(
            x, self.scale, self.shift, epsilon=self.epsilon
        )

    def _backward(self, dy, input_gradient):
        dx, *gradients = self.operations.instance_norm_backward(
            dy, self._saved, self.scale, epsilon=self.epsilon
        )
        self._store(*gradients)
        return dx if input_gradient else None

    def _instruction(self, input_shape):
        return self._group_instruction(1, input_shape[-1], 1)
