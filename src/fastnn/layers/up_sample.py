"""Enlarging the spatial axes of `(N, *spatial, channels)` by whole numbers."""

from fastnn import geometry
from fastnn.resampling import up_sample_axes, up_sample_line, up_sample_mode

from .resample import Resample


class _UpSample(Resample):
    def __init__(self, scale, *, mode="nearest", name=None, input_shape=None):
        who = type(self).__name__
        self.scale = geometry.per_axis(who, "scale", scale, self.rank)
        self.mode = up_sample_mode(who, mode)
        super().__init__(name, input_shape, scale=self.scale, mode=mode)

    def _axes(self, spatial):
        return up_sample_axes(self.label, spatial, self.scale, self.mode)

    def _forward(self, x, training):
        self._saved = x.shape
        return self.operations.up_sample_forward(x, self.scale, mode=self.mode)

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return self.operations.up_sample_backward(dy, self._saved, self.scale, mode=self.mode)

    def _instruction(self, input_shape):
        return self._lines(input_shape, up_sample_line)


class UpSample1D(_UpSample):
    """Enlarge series `(N, length, channels)`; parameters as for `UpSample2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.UpSample1D(2, mode="linear").forward([[[1.0], [5.0]]]).ravel().tolist()
    [1.0, 2.0, 4.0, 5.0]
    """

    rank = 1


class UpSample2D(_UpSample):
    """Enlarge images `(N, height, width, channels)`.

    Parameters
    ----------
    scale : int or one per axis
        How many times as long an axis becomes.
    mode : {"nearest", "linear"}
        Every pixel repeated; or what lies on straight lines between neighbours, along each axis:
        bilinear.
    name, input_shape
        See `Layer`.

    Notes
    -----
    As PyTorch's ``interpolate`` with ``align_corners=False``, see
    `fastnn.functional.up_sample_forward`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.UpSample2D((2, 3)).build((14, 14, 8)).output_shape
    (28, 42, 8)
    """

    rank = 2


class UpSample3D(_UpSample):
    """Enlarge volumes `(N, depth, height, width, channels)`; see `UpSample2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.UpSample3D((1, 2, 2)).build((8, 16, 16, 2)).output_shape
    (8, 32, 32, 2)
    """

    rank = 3
