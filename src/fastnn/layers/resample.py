"""Resample: what layers that are sums along the spatial axes have in common."""

from fastnn.resampling import lines_of

from .base import Layer
from .spatial import check_axes


class Resample(Layer):
    """Base class of padding, cropping and enlarging, see `fastnn.resampling`."""

    rank = None  # of the images that the layer is for; None: that of its input

    def _axes(self, spatial):
        """Return the arguments of every axis's line, checked, and the output's sizes."""
        raise NotImplementedError

    def _plan(self, input_shape):
        _, sizes = self._axes(check_axes(self, input_shape))
        return (*sizes, input_shape[-1]), {}

    def _lines(self, input_shape, line, nothing=0.0):
        """What the layer is in a program: lines of this kind, there and back."""
        axes, _ = self._axes(input_shape[:-1])
        return {
            "kind": "resample",
            "lines": lines_of(line, axes, self.dtype),
            "turned": lines_of(line, axes, self.dtype, backward=True),
            "nothing": nothing,
            "channels": input_shape[-1],
        }
