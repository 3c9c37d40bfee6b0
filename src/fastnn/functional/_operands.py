"""What every operation does with its operands: check, agree on a dtype, bring into shape."""

from functools import lru_cache

import numpy as np

from fastnn import geometry
from fastnn._core.threads import resolve
from fastnn.checks import real_array
from fastnn.packs import Packs, empty_packs, pack

__all__ = [
    "Packs",
    "answer",
    "both",
    "check_images",
    "check_shape",
    "common_dtype",
    "empty_packs",
    "gradient_arrays",
    "input_shape_of",
    "is_relu",
    "matrix",
    "operand",
    "packed",
    "positive_rows",
    "real_array",
    "resolve",
    "transposed_window_of",
    "vector",
    "window_of",
]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def both(function):
    """Return a fused compiled function's two specialisations by dtype: no search at every call."""
    return {FLOAT32: function["float"], FLOAT64: function["double"]}


def operand(name, what, value):
    """Return an activation checked: packs as they are, anything else as an array of numbers."""
    return value if isinstance(value, Packs) else real_array(name, what, value)


def common_dtype(*operands):
    """Return float64 if any operand (None: absent) is float64, else float32."""
    for value in operands:
        if value is not None and value.dtype.kind == "f" and value.dtype.itemsize >= 8:
            return FLOAT64
    return FLOAT32


def packed(value, dtype, empty="copy", n_threads=None):
    """Return an operand in lane packs of this dtype."""
    if isinstance(value, Packs):
        if value.dtype == dtype:
            return value
        value = value.unpack(n_threads)
    return pack(value, dtype, empty=empty, n_threads=n_threads)


def answer(packs, like, n_threads=None):
    """Return packs in kind: as packs if the operand `like` was packs, else as an array."""
    return packs if isinstance(like, Packs) else packs.unpack(n_threads)


def matrix(weight, dtype):
    """Return weights (out, …) as a C-contiguous (out, rest) matrix of this dtype."""
    return np.ascontiguousarray(weight, dtype).reshape(weight.shape[0], -1)


def vector(bias, dtype):
    """Return a bias as a C-contiguous vector of this dtype, or None."""
    return None if bias is None else np.ascontiguousarray(bias, dtype)


def gradient_arrays(name, out, weight_shape, dtype, bias_shape=None):
    """Return arrays for the gradients of a weight and its bias: new ones, or `out` checked.

    A bias has one number an output, the weight's first axis, if its shape is not given.
    """
    shapes = weight_shape, weight_shape[:1] if bias_shape is None else bias_shape
    if out is None:
        return tuple(np.empty(shape, dtype) for shape in shapes)
    for what, array, shape in zip(("dweight", "dbias"), out, shapes, strict=True):
        if (
            array.shape != shape
            or array.dtype != dtype
            or not (array.flags.c_contiguous and array.flags.writeable)
        ):
            raise ValueError(
                f"{name}: expected out for {what} as a writable, C-contiguous array of shape "
                f"{shape} and dtype {dtype}, got shape {array.shape} and dtype {array.dtype}"
            )
    return out


def check_shape(name, what, value, expected):
    """Raise unless `value` has this shape; None in `expected` stands for any size."""
    shape = value.shape
    if shape == expected:
        return
    if len(shape) != len(expected) or any(
        want is not None and got != want for got, want in zip(shape, expected, strict=True)
    ):
        text = ", ".join("any" if want is None else str(want) for want in expected)
        raise ValueError(f"{name}: expected {what} of shape ({text}), got shape {shape}")


def check_images(name, what, shape):
    """Raise unless this is the shape of a batch with one to three spatial axes and channels."""
    if 3 <= len(shape) <= 5 and shape[-1] > 0:
        return
    mend = f"; add a channel axis: {what}[..., None]" if len(shape) == 2 else ""
    raise ValueError(
        f"{name}: expected {what} of shape (N, *spatial, channels) with one to three spatial axes, "
        f"got shape {shape}{mend}"
    )


def input_shape_of(name, shape):
    """Return the shape of a batch with spatial axes, checked."""
    shape = tuple(geometry.as_integer(name, "input_shape", size, 0) for size in shape)
    check_images(name, "input_shape", shape)
    return shape


def is_relu(name, activation):
    """Return whether a ReLU is asked for; it is what the compiled sums can end with."""
    if activation not in (None, "relu"):
        raise ValueError(f'{name}: expected activation None or "relu", got {activation!r}')
    return activation == "relu"


def positive_rows(name, relu_output, shape, dtype):
    """Return the output of a ReLU, checked, as rows of packs, or None."""
    if relu_output is None:
        return None
    relu_output = operand(name, "relu_output", relu_output)
    check_shape(name, "relu_output", relu_output, shape)
    return packed(relu_output, dtype).rows


_cached_window = lru_cache(maxsize=1024, typed=True)(geometry.window)


def window_of(name, spatial, size, stride, padding, dilation=1, ceil_mode=False, pool=False):
    """Return :func:`fastnn.geometry.window` of these arguments, remembered where they can be."""
    arguments = name, spatial, size, stride, padding, dilation, ceil_mode, pool
    try:
        return _cached_window(*arguments)
    except TypeError:
        # a list, or something that has no business here: the check itself says which
        return geometry.window(*arguments)


_cached_transposed_window = lru_cache(maxsize=1024, typed=True)(geometry.transposed_window)


def transposed_window_of(name, spatial, size, stride, padding, output_padding, dilation):
    """Return :func:`fastnn.geometry.transposed_window` of these arguments, likewise."""
    arguments = name, spatial, size, stride, padding, output_padding, dilation
    try:
        return _cached_transposed_window(*arguments)
    except TypeError:
        return geometry.transposed_window(*arguments)
