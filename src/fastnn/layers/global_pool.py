"""Global pooling: the largest or the mean of all pixels of a channel."""

from fastnn import geometry
from fastnn.functional.pool import window_scales

from .base import Layer
from .spatial import check_axes


class _GlobalPool(Layer):
    rank = 0

    def __init__(self, *, keep_dims=False, name=None, input_shape=None):
        self.keep_dims = bool(keep_dims)
        super().__init__(name, input_shape, keep_dims=self.keep_dims)

    def _plan(self, input_shape):
        check_axes(self, input_shape)
        return (*(1,) * self.rank * self.keep_dims, input_shape[-1]), {}

    def _window(self, input_shape):
        spatial = input_shape[:-1]
        return geometry.window(self.label, spatial, spatial, 1, pool=True)


class GlobalMaxPool(_GlobalPool):
    def _forward(self, x, training):
        y, argmax = self.operations.global_max_pool_forward(x, keep_dims=self.keep_dims)
        self._saved = argmax, x.shape
        return y

    def _backward(self, dy, input_gradient):
        return (
            self.operations.global_max_pool_backward(dy, *self._saved) if input_gradient else None
        )

    def _instruction(self, input_shape):
        window = self._window(input_shape)
        return {"kind": "max_pool", "window": window.sizes, "channels": input_shape[-1]}


class GlobalAveragePool(_GlobalPool):
    def _forward(self, x, training):
        self._saved = x.shape
        return self.operations.global_average_pool_forward(x, keep_dims=self.keep_dims)

    def _backward(self, dy, input_gradient):
        return (
            self.operations.global_average_pool_backward(dy, self._saved)
            if input_gradient
            else None
        )

    def _instruction(self, input_shape):
        window = self._window(input_shape)
        return {
            "kind": "average_pool",
            "window": window.sizes,
            "channels": input_shape[-1],
            "scale": window_scales(window, False, self.dtype),
        }


class GlobalMaxPool1D(GlobalMaxPool):
    """The largest number of each channel of a series; parameters as for `GlobalMaxPool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GlobalMaxPool1D().forward([[[1.0], [3.0], [2.0]]]).tolist()
    [[3.0]]
    """

    rank = 1


class GlobalMaxPool2D(GlobalMaxPool):
    """The largest number of each channel of an image: `(N, channels)`.

    Parameters
    ----------
    keep_dims : bool
        Keep the spatial axes, of size 1: `(N, 1, 1, channels)`.
    name, input_shape
        See `Layer`.

    Notes
    -----
    The gradient goes to the one pixel that was chosen: the first of equals; a NaN wins over all.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GlobalMaxPool2D().build((7, 7, 64)).output_shape
    (64,)
    """

    rank = 2


class GlobalMaxPool3D(GlobalMaxPool):
    """The largest number of each channel of a volume; parameters as for `GlobalMaxPool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GlobalMaxPool3D(keep_dims=True).build((4, 7, 7, 8)).output_shape
    (1, 1, 1, 8)
    """

    rank = 3


class GlobalAveragePool1D(GlobalAveragePool):
    """The mean of each channel of a series; parameters as for `GlobalAveragePool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GlobalAveragePool1D().forward([[[1.0], [3.0], [2.0]]]).tolist()
    [[2.0]]
    """

    rank = 1


class GlobalAveragePool2D(GlobalAveragePool):
    """The mean of each channel of an image: `(N, channels)`.

    Parameters
    ----------
    keep_dims : bool
        Keep the spatial axes, of size 1: `(N, 1, 1, channels)`.
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GlobalAveragePool2D().build((7, 7, 64)).output_shape
    (64,)
    """

    rank = 2


class GlobalAveragePool3D(GlobalAveragePool):
    """The mean of each channel of a volume; parameters as for `GlobalAveragePool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GlobalAveragePool3D(keep_dims=True).build((4, 7, 7, 8)).output_shape
    (1, 1, 1, 8)
    """

    rank = 3
