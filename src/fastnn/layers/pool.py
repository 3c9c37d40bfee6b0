"""Pooling: the largest or the mean of each window, channel by channel."""

from fastnn import geometry
from fastnn.functional.pool import window_scales

from .base import Layer
from .spatial import output_sizes, padding_of


class _Pool(Layer):
    rank = 0

    def __init__(self, size, stride, padding, name, input_shape, **how):
        who, rank = type(self).__name__, self.rank
        self.size = geometry.per_axis(who, "size", size, rank)
        self.stride = self.size
        if stride is not None:
            self.stride = geometry.per_axis(who, "stride", stride, rank)
        self.padding = padding_of(who, padding, rank)
        self._how = {"stride": self.stride, "padding": self.padding, **how}
        super().__init__(name, input_shape, size=self.size, **self._how)

    def _plan(self, input_shape):
        how = {name: self._how[name] for name in ("dilation", "ceil_mode") if name in self._how}
        sizes = output_sizes(self, input_shape, padding=self.padding, pool=True, **how)
        return (*sizes, input_shape[-1]), {}

    def _window(self, input_shape):
        how = {"dilation": 1, "ceil_mode": False} | self._how
        for name in ("count_include_pad", "p"):
            how.pop(name, None)
        return geometry.window(self.label, input_shape[:-1], self.size, **how, pool=True)


class MaxPool(_Pool):
    def __init__(
        self,
        size,
        *,
        stride=None,
        padding=0,
        dilation=1,
        ceil_mode=False,
        name=None,
        input_shape=None,
    ):
        dilation = geometry.per_axis(type(self).__name__, "dilation", dilation, self.rank)
        how = {"dilation": dilation, "ceil_mode": bool(ceil_mode)}
        super().__init__(size, stride, padding, name, input_shape, **how)

    def _forward(self, x, training):
        y, argmax = self.operations.max_pool_forward(x, self.size, **self._how)
        self._saved = argmax, x.shape
        return y

    def _backward(self, dy, input_gradient):
        return self.operations.max_pool_backward(dy, *self._saved) if input_gradient else None

    def _instruction(self, input_shape):
        window = self._window(input_shape)
        return {"kind": "max_pool", "window": window.sizes, "channels": input_shape[-1]}


class AveragePool(_Pool):
    def __init__(
        self,
        size,
        *,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=False,
        name=None,
        input_shape=None,
    ):
        how = {"ceil_mode": bool(ceil_mode), "count_include_pad": bool(count_include_pad)}
        super().__init__(size, stride, padding, name, input_shape, **how)

    def _forward(self, x, training):
        self._saved = x.shape
        return self.operations.average_pool_forward(x, self.size, **self._how)

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return self.operations.average_pool_backward(dy, self._saved, self.size, **self._how)

    def _instruction(self, input_shape):
        window = self._window(input_shape)
        scale = window_scales(window, self._how["count_include_pad"], self.dtype)
        return {
            "kind": "average_pool",
            "window": window.sizes,
            "channels": input_shape[-1],
            "scale": scale,
        }


class MaxPool1D(MaxPool):
    """Max pooling over series `(N, length, channels)`; parameters as for `MaxPool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.MaxPool1D(2).forward([[[1.0], [3.0], [2.0], [0.0]]]).ravel().tolist()
    [3.0, 2.0]
    """

    rank = 1


class MaxPool2D(MaxPool):
    """Max pooling over images `(N, height, width, channels)`: the largest of each window.

    Parameters
    ----------
    size : int or one per axis
        Size of the window.
    stride : int or one per axis, optional
        Pixels between windows; the window's size by default.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than the window. Padding never wins.
    dilation : int or one per axis
        Pixels between the elements of a window.
    ceil_mode : bool
        Round the output's size up, if the last window then still starts inside the image or the
        padding before it.
    name, input_shape
        See `Layer`.

    Notes
    -----
    The gradient goes to the one element that was chosen: the first of equals; a NaN wins over all.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.MaxPool2D(2).build((24, 24, 6)).output_shape
    (12, 12, 6)
    """

    rank = 2


class MaxPool3D(MaxPool):
    """Max pooling over volumes `(N, depth, height, width, channels)`; see `MaxPool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.MaxPool3D((1, 2, 2)).build((8, 16, 16, 4)).output_shape
    (8, 8, 8, 4)
    """

    rank = 3


class AveragePool1D(AveragePool):
    """Average pooling over series `(N, length, channels)`; parameters as for `AveragePool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.AveragePool1D(2).forward([[[1.0], [3.0], [2.0], [0.0]]]).ravel().tolist()
    [2.0, 1.0]
    """

    rank = 1


class AveragePool2D(AveragePool):
    """Average pooling over images `(N, height, width, channels)`: the mean of each window.

    Parameters
    ----------
    size : int or one per axis
        Size of the window.
    stride : int or one per axis, optional
        Pixels between windows; the window's size by default.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than the window.
    ceil_mode : bool
        Round the output's size up, as for `MaxPool2D`.
    count_include_pad : bool
        Divide by the elements inside the padded image instead of those inside the image.
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.AveragePool2D(2).build((24, 24, 6)).output_shape
    (12, 12, 6)
    """

    rank = 2


class AveragePool3D(AveragePool):
    """Average pooling over volumes `(N, depth, height, width, channels)`; see `AveragePool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.AveragePool3D((1, 2, 2)).build((8, 16, 16, 4)).output_shape
    (8, 8, 8, 4)
    """

    rank = 3
