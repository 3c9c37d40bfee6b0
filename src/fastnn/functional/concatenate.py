"""Concatenation: several arrays side by side along an axis of the sample."""

import math

import numpy as np

from fastnn._core import merge as core
from fastnn.geometry import LARGEST, as_integer

from ._merging import chosen, inputs, like_kind
from ._operands import Packs, both, check_shape, common_dtype, empty_packs, operand, resolve

_part = both(core.concatenate_part)
_part_backward = both(core.concatenate_part_backward)


def concatenate_forward(xs, axis=-1, *, n_threads=None):
    """Put several arrays side by side.

    Parameters
    ----------
    xs : list of array_like or Packs, shapes (N, ...)
        At least one; equal shapes but for the size of `axis`.
    axis : int
        Which axis of the arrays grows, counted as in NumPy; not that of the batch, which is 0.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs
        Of the kind of the first x.

    Raises
    ------
    ValueError
        If the shapes do not go together, the list is empty, or there is no such axis.
    TypeError
        If `axis` is not an integer.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.concatenate_forward([[[1, 2], [3, 4]], [[10], [30]]]).tolist()
    [[1.0, 2.0, 10.0], [3.0, 4.0, 30.0]]
    """
    name = "concatenate_forward"
    xs, axis = _side_by_side(name, xs, axis)
    dtype, threads = common_dtype(*xs), resolve(n_threads)
    y = _empty(xs[0], _whole(xs, axis), dtype)
    for start, x in zip(_starts(xs, axis), xs, strict=True):
        rows = _rows(like_kind(x, y, dtype), axis, dtype)
        _part[dtype](rows, _rows(y, axis, dtype), start * _inner(y, axis), threads)
    return y


def concatenate_backward(dy, xs, axis=-1, *, wanted=None, n_threads=None):
    """Gradients of :func:`concatenate_forward`: the parts of dy.

    Parameters
    ----------
    dy : array_like or Packs, shape of the output
        Gradient of the output.
    xs : list of array_like or Packs, shapes (N, ...)
        The inputs, of which only the shapes count.
    axis : int
    wanted : sequence of bool, optional
        Which inputs' gradients to compute; all by default.
    n_threads : int, optional

    Returns
    -------
    dxs : list of ndarray or Packs, each of the shape of its x and the kind of dy
        None in place of those that are not wanted.

    Raises
    ------
    ValueError
        If the shapes do not go together, or there is no such axis.
    TypeError
        If `axis` is not an integer.

    Examples
    --------
    >>> from fastnn import functional
    >>> dxs = functional.concatenate_backward([[5, 6, 7]], [[[1, 2]], [[10]]])
    >>> [dx.tolist() for dx in dxs]
    [[[5.0, 6.0]], [[7.0]]]
    """
    name = "concatenate_backward"
    xs, axis = _side_by_side(name, xs, axis)
    dy = operand(name, "dy", dy)
    check_shape(name, "dy", dy, _whole(xs, axis))
    wanted = chosen(name, wanted, len(xs))
    dtype, threads = common_dtype(dy, *xs), resolve(n_threads)
    rows = _rows(dy, axis, dtype)
    dxs = [_empty(dy, x.shape, dtype) if want else None for x, want in zip(xs, wanted, strict=True)]
    for start, dx in zip(_starts(xs, axis), dxs, strict=True):
        if dx is not None:
            _part_backward[dtype](rows, start * _inner(dy, axis), _rows(dx, axis, dtype), threads)
    return dxs


def _side_by_side(name, xs, axis):
    """Return the inputs and the axis, counted from the front, after checking them."""
    xs = inputs(name, xs)
    shapes = [tuple(x.shape) for x in xs]
    rank = len(shapes[0])
    given = as_integer(name, "axis", axis, -LARGEST)
    axis = given + rank if given < 0 else given
    if not 1 <= axis < rank:
        raise ValueError(
            f"{name}: expected an axis of the sample, which the first one is not, "
            f"got {given} for xs[0] of shape {shapes[0]}"
        )
    for i, shape in enumerate(shapes):
        if len(shape) != rank or _without(shape, axis) != _without(shapes[0], axis):
            raise ValueError(
                f"{name}: expected xs of equal shapes but for axis {axis}, got {shapes[0]} for "
                f"xs[0] and {shape} for xs[{i}]"
            )
    return xs, axis


def _without(shape, axis):
    return shape[:axis] + shape[axis + 1 :]


def _whole(xs, axis):
    """Return the shape of all inputs side by side."""
    shape = tuple(xs[0].shape)
    return (*shape[:axis], sum(x.shape[axis] for x in xs), *shape[axis + 1 :])


def _starts(xs, axis):
    """Return where along the axis each input begins."""
    sizes = [x.shape[axis] for x in xs]
    return [sum(sizes[:i]) for i in range(len(sizes))]


def _inner(value, axis):
    """Return how many adjacent numbers, lanes among them, one step along the axis passes."""
    return math.prod(_data(value).shape[axis + 1 :])


def _rows(value, axis, dtype):
    """Return packs or an array as a matrix: the axis and what is inside it are the columns."""
    data = np.ascontiguousarray(_data(value), dtype)
    return data.reshape(math.prod(data.shape[:axis]), math.prod(data.shape[axis:]))


def _data(value):
    return value.data if isinstance(value, Packs) else value


def _empty(like, shape, dtype):
    """Return an uninitialised result of this shape, as packs if `like` is."""
    if isinstance(like, Packs):
        return empty_packs(shape[0], shape[1:], dtype)
    return np.empty(shape, dtype)
