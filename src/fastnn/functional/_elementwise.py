"""What every function that maps numbers one by one does with its operands."""

import numpy as np

from fastnn._core import pointwise as core
from fastnn.packs import aligned_empty

from ._operands import Packs, both, check_shape, common_dtype, operand, packed, resolve

_forward = both(core.pointwise_forward)
_backward = both(core.pointwise_backward)


def elements(value, dtype):
    """Return the numbers of packs or an array, flat."""
    data = value.data if isinstance(value, Packs) else value
    return np.ascontiguousarray(data, dtype).reshape(-1)


def empty_of(value, dtype):
    """Return an uninitialised result for an operand, and its numbers, flat."""
    if isinstance(value, Packs):
        result = Packs(aligned_empty(value.data.shape, dtype), value.n)
        return result, result.data.reshape(-1)
    result = np.empty(value.shape, dtype)
    return result, result.reshape(-1)


def pointwise_forward(name, function, x, n_threads, parameter=0.0):
    """Return y = h(x); `parameter` is the function's own, if it has one."""
    x = operand(name, "x", x)
    dtype = common_dtype(x)
    y, flat = empty_of(x, dtype)
    _forward[dtype](function, parameter, elements(x, dtype), flat, resolve(n_threads))
    return y


def pointwise_backward(name, function, dy, kept, n_threads, parameter=0.0, what="y"):
    """Return dx = dy h'(x) from what was kept of the forward pass: `what` says whether y or x."""
    dy, kept = operand(name, "dy", dy), operand(name, what, kept)
    check_shape(name, what, kept, dy.shape)
    dtype = common_dtype(dy, kept)
    if isinstance(dy, Packs) is not isinstance(kept, Packs):
        kept = packed(kept, dtype) if isinstance(dy, Packs) else kept.unpack()
    dx, flat = empty_of(dy, dtype)
    _backward[dtype](
        function, parameter, elements(dy, dtype), elements(kept, dtype), flat, resolve(n_threads)
    )
    return dx
