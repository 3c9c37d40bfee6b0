"""Layers that move numbers or leave them where they are; noise, which is there in training only."""

from fastnn import layers
from fastnn.resampling import permutation

from .registry import emits


@emits(
    layers.Dropout,
    layers.Flatten,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Reshape,
    layers.SpatialDropout,
    how="view",
)
def nothing(call):
    """The output is the input."""


@emits(layers.Permute)
def permute(call):
    sizes, steps, width = permutation(call.x_shapes[0], call.layer.axes)
    sizes, steps = (*sizes, width), (*steps, 1)
    arrays = (f"(const int[]){{{', '.join(map(str, numbers))}}}" for numbers in (sizes, steps))
    call.write("permute_forward", call.x[0], len(sizes), *arrays, call.size, call.y)
