"""Padding and cropping of the spatial axes of `(N, *spatial, channels)`."""

from fastnn.resampling import (
    amounts,
    crop_axes,
    crop_line,
    pad_axes,
    pad_line,
    pad_mode,
    pad_value,
)

from .resample import Resample


class Pad(Resample):
    """Surround series, images or volumes with more of their kind.

    Parameters
    ----------
    padding : int, one per axis, or a pair (before, after) per axis
    mode : {"constant", "zeros", "reflect", "edge", "replicate", "circular"}
        What stands there: `value`; 0; the input mirrored at its first and last element, which are
        not repeated; the first or last element ("edge" and "replicate" are the same); the input
        again from its other end.
    value : float
        For mode "constant".
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If the mode is none of these; when the input is known, if it is too small to be reflected
        or to go round.

    Notes
    -----
    Backward, every element gets what its copies got.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Pad(2, "reflect").forward([[[1.0], [2.0], [3.0]]]).ravel().tolist()
    [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """

    def __init__(self, padding, mode="constant", *, value=0.0, name=None, input_shape=None):
        who = type(self).__name__
        self.value, self.mode = pad_value(who, value, mode), pad_mode(who, mode)
        self.padding = amounts(who, "padding", padding, self.rank)
        super().__init__(name, input_shape, padding=self.padding, mode=self.mode, value=self.value)

    def _axes(self, spatial):
        return pad_axes(self.label, spatial, self.padding, self.mode)

    def _forward(self, x, training):
        self._saved = x.shape
        return self.operations.pad_forward(x, self.padding, mode=self.mode, value=self.value)

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return self.operations.pad_backward(dy, self._saved, self.padding, mode=self.mode)

    def _instruction(self, input_shape):
        return self._lines(input_shape, pad_line, self.value)


class _ZeroPad(Pad):
    def __init__(self, padding, *, name=None, input_shape=None):
        super().__init__(padding, name=name, input_shape=input_shape)
        del self._arguments["mode"], self._arguments["value"]


class ZeroPad1D(_ZeroPad):
    """Zeros around series `(N, length, channels)`; parameters as for `ZeroPad2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.ZeroPad1D(((2, 0),)).forward([[[1.0], [2.0]]]).ravel().tolist()
    [0.0, 0.0, 1.0, 2.0]
    """

    rank = 1


class ZeroPad2D(_ZeroPad):
    """Zeros around images `(N, height, width, channels)`.

    Parameters
    ----------
    padding : int, one per axis, or a pair (before, after) per axis
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.ZeroPad2D(((1, 0), (2, 2))).build((28, 28, 1)).output_shape
    (29, 32, 1)
    """

    rank = 2


class ZeroPad3D(_ZeroPad):
    """Zeros around volumes `(N, depth, height, width, channels)`; parameters as for `ZeroPad2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.ZeroPad3D((0, 1, 1)).build((8, 16, 16, 2)).output_shape
    (8, 18, 18, 2)
    """

    rank = 3


class _Crop(Resample):
    def __init__(self, cropping, *, name=None, input_shape=None):
        self.cropping = amounts(type(self).__name__, "cropping", cropping, self.rank)
        super().__init__(name, input_shape, cropping=self.cropping)

    def _axes(self, spatial):
        return crop_axes(self.label, spatial, self.cropping)

    def _forward(self, x, training):
        self._saved = x.shape
        return self.operations.crop_forward(x, self.cropping)

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return self.operations.crop_backward(dy, self._saved, self.cropping)

    def _instruction(self, input_shape):
        return self._lines(input_shape, crop_line)


class Crop1D(_Crop):
    """Cut off the ends of series `(N, length, channels)`; parameters as for `Crop2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Crop1D(((1, 2),)).forward([[[1.0], [2.0], [3.0], [4.0]]]).ravel().tolist()
    [2.0]
    """

    rank = 1


class Crop2D(_Crop):
    """Cut off the borders of images `(N, height, width, channels)`.

    Parameters
    ----------
    cropping : int, one per axis, or a pair (before, after) per axis
        Pixels; at least one along each axis must be left.
    name, input_shape
        See `Layer`.

    Notes
    -----
    Backward, what was cut off gets 0.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Crop2D(2).build((28, 28, 1)).output_shape
    (24, 24, 1)
    """

    rank = 2


class Crop3D(_Crop):
    """Cut off the borders of volumes `(N, depth, height, width, channels)`; see `Crop2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Crop3D((0, 1, 1)).build((8, 16, 16, 2)).output_shape
    (8, 14, 14, 2)
    """

    rank = 3
