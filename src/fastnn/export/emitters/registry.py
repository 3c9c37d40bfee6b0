"""The table of emitters, and what they see of a network."""

import math
from typing import NamedTuple

import numpy as np

EMITTERS = {}  # class of a layer -> Emitter


class Emitter(NamedTuple):
    """How a layer is written: by `write(call)`, and what its output stands in."""

    write: object
    how: str  # see `buffers.Step`


def emits(*layers, how="new"):
    """Say that a function writes these classes of layers; no subclass of them."""

    def register(write):
        EMITTERS.update(dict.fromkeys(layers, Emitter(write, how)))
        return write

    return register


class Call(NamedTuple):
    """A layer, or its padding or activation, at one place of a network.

    Attributes
    ----------
    source : Source
        The file in the making.
    layer : Layer
    name : str
        What the names of the layer's arrays begin with.
    x, y : list of str, str
        What is read and made, as expressions of C.
    x_shapes, y_shape : list of tuple of int, tuple of int
    """

    source: object
    layer: object
    name: str
    x: list
    y: str
    x_shapes: list
    y_shape: tuple

    @property
    def size(self):
        """How many numbers the output has."""
        return math.prod(self.y_shape)

    @property
    def channels(self):
        """How many numbers a pixel of the input has."""
        return self.x_shapes[0][-1]

    def write(self, function, *arguments):
        """Write the call of a function: arrays and options as C expressions, sizes as numbers."""
        self.source.use(function)
        self.source.lines.append(f"{function}({', '.join(map(str, arguments))});")

    def array(self, what, values, kind="real"):
        """Return the name of a constant array of the layer's; NULL where there is none."""
        if values is None:
            return "NULL"
        return self.source.array(f"{self.name}_{what}", values, kind)

    def window(self, sizes):
        """Return a pointer to a constant `struct window`."""
        return self.source.window(f"{self.name}_window", sizes)

    def axes(self, sizes, missing=1):
        """Return three sizes of axes as an array; those that are missing come first."""
        sizes = (*(missing,) * (3 - len(sizes)), *sizes)
        return f"(const int[3]){{{', '.join(map(str, sizes))}}}"

    def number(self, value):
        """Return an option as the network computes with it: rounded to its dtype."""
        return repr(float(np.asarray(value, self.source.dtype)))
