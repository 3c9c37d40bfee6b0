"""Functions that map numbers one by one."""

import math

from ._arrays import as_array, as_floats, as_result, check_shape


def logistic(value):
    """``1 / (1 + exp(-value))`` without overflow."""
    if value < 0:
        exponential = math.exp(value)
        return exponential / (1.0 + exponential)
    return 1.0 / (1.0 + math.exp(-value))


def map_forward(operation, x, function):
    """`function` of every element of `x`."""
    x = as_array(operation, "x", x)
    return as_result([function(value) for value in as_floats(x, -1)], x.shape, x)


def map_backward(operation, dy, kept, function, name="y"):
    """`function` of every element of `dy` and of what was kept: the output, or the input x."""
    dy, kept = as_array(operation, "dy", dy), as_array(operation, name, kept)
    check_shape(operation, "dy", dy, kept.shape)
    pairs = zip(as_floats(dy, -1), as_floats(kept, -1), strict=True)
    return as_result([function(d, value) for d, value in pairs], dy.shape, dy, kept)
