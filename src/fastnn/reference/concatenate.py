"""Concatenation: several arrays side by side along an axis of the sample."""

import math

from ._arrays import as_array, as_floats, as_integer, as_result, check_shape
from ._merging import as_inputs, wanted_of


def concatenate_forward(xs, axis=-1):
    """Put several arrays side by side.

    Parameters
    ----------
    xs : list of array_like, shapes (N, ...)
        At least one; equal shapes but for the size of `axis`.
    axis : int
        Which axis of the arrays grows, counted as in NumPy; not that of the batch, which is 0.

    Returns
    -------
    y : ndarray

    Raises
    ------
    ValueError
        If the shapes do not go together, the list is empty, or there is no such axis.
    TypeError
        If `axis` is not an integer.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.concatenate_forward([[[1, 2], [3, 4]], [[10], [30]]]).tolist()
    [[1.0, 2.0, 10.0], [3.0, 4.0, 30.0]]
    """
    name = "concatenate_forward"
    arrays, axis = _side_by_side(name, xs, axis)
    outer, y = math.prod(arrays[0].shape[:axis]), []
    parts = [as_floats(array, outer, math.prod(array.shape[axis:])) for array in arrays]
    for row in range(outer):
        for part in parts:
            y.extend(part[row])
    return as_result(y, _whole(arrays, axis), *arrays)


def concatenate_backward(dy, xs, axis=-1, *, wanted=None):
    """Gradients of :func:`concatenate_forward`: the parts of dy.

    Parameters
    ----------
    dy : array_like, shape of the output
        Gradient of the output.
    xs : list of array_like, shapes (N, ...)
        The inputs, of which only the shapes count.
    axis : int
    wanted : sequence of bool, optional
        Which inputs' gradients to compute; all by default.

    Returns
    -------
    dxs : list of ndarray, each of the shape of its x
        None in place of those that are not wanted.

    Raises
    ------
    ValueError
        If the shapes do not go together, or there is no such axis.
    TypeError
        If `axis` is not an integer.

    Examples
    --------
    >>> from fastnn import reference
    >>> dxs = reference.concatenate_backward([[5, 6, 7]], [[[1, 2]], [[10]]])
    >>> [dx.tolist() for dx in dxs]
    [[[5.0, 6.0]], [[7.0]]]
    """
    name = "concatenate_backward"
    arrays, axis = _side_by_side(name, xs, axis)
    dy = as_array(name, "dy", dy)
    whole = _whole(arrays, axis)
    check_shape(name, "dy", dy, whole)
    outer, start, dxs = math.prod(whole[:axis]), 0, []
    rows = as_floats(dy, outer, math.prod(whole[axis:]))
    for array, want in zip(arrays, wanted_of(name, wanted, len(arrays)), strict=True):
        stop = start + math.prod(array.shape[axis:])
        # forward: y[row][start … stop] = x[row]
        dx = [row[start:stop] for row in rows]
        dxs.append(as_result(dx, array.shape, dy, *arrays) if want else None)
        start = stop
    return dxs


def _side_by_side(operation, xs, axis):
    """The inputs as arrays, and the axis, counted from the front."""
    arrays = as_inputs(operation, xs)
    rank, axis = arrays[0].ndim, as_integer(operation, "axis", axis, -arrays[0].ndim)
    axis += rank if axis < 0 else 0
    if not 1 <= axis < rank:
        raise ValueError(f"{operation}: expected an axis 1 to {rank - 1}, got {axis}")
    for i, array in enumerate(arrays):
        expected = (*arrays[0].shape[:axis], *array.shape[axis : axis + 1])
        check_shape(operation, f"xs[{i}]", array, expected + arrays[0].shape[axis + 1 :])
    return arrays, axis


def _whole(arrays, axis):
    """The shape of all arrays side by side."""
    first = arrays[0].shape
    return (*first[:axis], sum(array.shape[axis] for array in arrays), *first[axis + 1 :])
