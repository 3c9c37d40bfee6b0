"""Layers of several inputs."""

import math

from fastnn import layers

from .registry import emits


@emits(
    layers.Add,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Subtract,
    how="in_place",
)
def merge(call):
    inputs = f"(const real *const[]){{{', '.join(call.x)}}}"
    call.write(f"{call.layer.function}_forward", inputs, len(call.x), call.size, call.y)


@emits(layers.Concatenate)
def concatenate(call):
    place = call.layer._place(call.x_shapes[0])
    rows, start = math.prod(call.y_shape[:place]), 0
    for x, shape in zip(call.x, call.x_shapes, strict=True):
        numbers = math.prod(shape[place:])
        y = f"{call.y} + {start}" if start else call.y
        call.write("concatenate_forward", x, rows, numbers, y, call.size // rows)
        start += numbers
