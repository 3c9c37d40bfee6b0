"""Adaptive average pooling: an output of given size, whatever the size of the input."""

from fastnn import geometry
from fastnn.functional.pool import window_scales

from .base import Layer
from .spatial import check_axes


class AdaptiveAveragePool(Layer):
    rank = 0

    def __init__(self, output_size, *, name=None, input_shape=None):
        who = type(self).__name__
        self.output_size = geometry.per_axis(who, "output_size", output_size, self.rank)
        super().__init__(name, input_shape, output_size=self.output_size)

    def _plan(self, input_shape):
        check_axes(self, input_shape)
        return (*self.output_size, input_shape[-1]), {}

    def _forward(self, x, training):
        self._saved = x.shape
        return self.operations.adaptive_average_pool_forward(x, self.output_size)

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return self.operations.adaptive_average_pool_backward(dy, self._saved)

    def _instruction(self, input_shape):
        window = geometry.adaptive(self.label, input_shape[:-1], self.output_size)
        return {
            "kind": "average_pool",
            "window": window.sizes,
            "channels": input_shape[-1],
            "scale": window_scales(window, False, self.dtype),
        }


class AdaptiveAveragePool1D(AdaptiveAveragePool):
    """Means over as many windows of a series as are wanted; see `AdaptiveAveragePool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.AdaptiveAveragePool1D(2).forward([[[1.0], [5.0], [6.0]]]).ravel().tolist()
    [3.0, 5.5]
    """

    rank = 1


class AdaptiveAveragePool2D(AdaptiveAveragePool):
    """Means over as many windows of an image `(N, height, width, channels)` as are wanted.

    Parameters
    ----------
    output_size : int or one per axis
        Windows along each axis; may be more than the image has pixels.
    name, input_shape
        See `Layer`.

    Notes
    -----
    Window `t` of `m` along an axis of `n` pixels holds those from ``⌊t n / m⌋`` to, but not with,
    ``⌈(t + 1) n / m⌉``, as in PyTorch.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.AdaptiveAveragePool2D((7, 7)).build((24, 30, 6)).output_shape
    (7, 7, 6)
    """

    rank = 2


class AdaptiveAveragePool3D(AdaptiveAveragePool):
    """Means over as many windows of a volume as are wanted; see `AdaptiveAveragePool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.AdaptiveAveragePool3D((1, 2, 2)).build((8, 17, 16, 4)).output_shape
    (1, 2, 2, 4)
    """

    rank = 3
