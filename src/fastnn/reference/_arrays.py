"""Arrays in, nested lists of Python floats inside, arrays out.

Every operation goes the same way: `as_array` checks that an argument holds numbers, `as_floats`
turns it into nested lists, the operation loops over those, and `as_result` packs the lists into an
array of the dtype that the operands call for.
"""

import math
import operator

import numpy as np


def as_array(operation, name, value):
    """`value` as an array of real numbers, unchanged in dtype."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{operation}: expected real numbers in {name}, got dtype {array.dtype}")
    return array


def as_floats(array, *shape):
    """Nested lists of Python floats, after a reshape if a `shape` is given."""
    return array.astype(np.float64).reshape(shape or array.shape).tolist()


def as_result(nested, shape, *operands):
    """The array of a result: float64 if any operand is float64, else float32."""
    with np.errstate(over="ignore"):  # a float64 beyond float32's range becomes infinity
        return np.array(nested, np.float64).reshape(shape).astype(result_dtype(*operands))


def result_dtype(*operands):
    """float64 if any operand is float64, else float32; None stands for an absent operand."""
    present = [operand for operand in operands if operand is not None]
    if any(operand.dtype.kind == "f" and operand.dtype.itemsize >= 8 for operand in present):
        return np.float64
    return np.float32


def activated(operation, activation, y):
    """The array `y` after an activation: None or "relu"."""
    if activation is None:
        return y
    if activation != "relu":
        raise ValueError(f'{operation}: expected activation None or "relu", got {activation!r}')
    for i, value in enumerate(y.ravel().tolist()):
        if value <= 0:
            y.flat[i] = 0.0
    return y


def through_relu(operation, relu_output, dx):
    """The array `dx` where `relu_output` is positive, else 0; all of it if that is None."""
    if relu_output is None:
        return dx
    relu_output = as_array(operation, "relu_output", relu_output)
    check_shape(operation, "relu_output", relu_output, dx.shape)
    for i, value in enumerate(relu_output.ravel().tolist()):
        if not value > 0:
            dx.flat[i] = 0.0
    return dx


def gradients_into(operation, out, *gradients):
    """The gradients of a weight and its bias, copied to the arrays of `out` unless it is None."""
    if out is None:
        return gradients
    for array, gradient in zip(out, gradients, strict=True):
        check_shape(operation, "out", array, gradient.shape)
        if array.dtype != gradient.dtype:
            raise ValueError(f"{operation}: expected out of {gradient.dtype}, got {array.dtype}")
    for array, gradient in zip(out, gradients, strict=True):
        array[...] = gradient
    return out


def zeros(*shape):
    """Nested lists of 0.0."""
    return np.zeros(shape).tolist()


def total(values):
    """The sum of a list, rounded once; NaN or infinite where a plain sum is."""
    plain = sum(values)
    return math.fsum(values) if math.isfinite(plain) else plain


def check_shape(operation, name, array, shape):
    """Raise unless `array` has exactly this shape."""
    if array.shape != tuple(shape):
        raise ValueError(
            f"{operation}: expected {name} of shape {tuple(shape)}, got shape {array.shape}"
        )


def as_integer(operation, name, value, minimum):
    """`value` as a Python integer that is at least `minimum`."""
    try:
        integer = operator.index(value)
    except TypeError:
        raise TypeError(f"{operation}: expected an integer {name}, got {value!r}") from None
    if integer < minimum:
        raise ValueError(f"{operation}: expected {name} of at least {minimum}, got {integer}")
    return integer


def as_number(operation, name, value, minimum=-math.inf):
    """`value` as a finite float that is at least `minimum`."""
    try:
        number = float(value) if not isinstance(value, (str, bytes)) else None
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise TypeError(f"{operation}: expected a number for {name}, got {value!r}")
    if not (math.isfinite(number) and number >= minimum):
        raise ValueError(f"{operation}: expected {name} finite, at least {minimum}, got {value!r}")
    return number


def positive(operation, name, value):
    """`value` as a finite float that is more than 0."""
    number = as_number(operation, name, value)
    if number <= 0:
        raise ValueError(f"{operation}: expected {name} more than 0, got {value!r}")
    return number


def as_shape(operation, shape, rank):
    """`shape` as `(N, *spatial, C)`, a tuple of `rank + 2` sizes."""
    sizes = tuple(as_integer(operation, "input_shape", size, 0) for size in shape)
    if len(sizes) != rank + 2:
        raise ValueError(
            f"{operation}: expected input_shape (N, *spatial, C) of {rank + 2} axes, got {sizes}"
        )
    return sizes


def spatial_rank(operation, name, array):
    """How many spatial axes `(N, *spatial, C)` has: 1, 2 or 3."""
    rank = array.ndim - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"{operation}: expected {name} of shape (N, *spatial, C) with 1 to 3 spatial axes, "
            f"got shape {array.shape}; add a channel axis with {name}[..., None] if it is missing"
        )
    return rank


def pixel_lists(array):
    """`(N, *spatial, C)` as nested lists `[n][pixel][channel]`, pixels in row-major order."""
    samples, *spatial, channels = array.shape
    return as_floats(array, samples, math.prod(spatial), channels)
