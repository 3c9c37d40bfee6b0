"""Permutation of the axes of samples."""

import math

from ._arrays import as_array, as_floats, as_integer, as_result

MOST_AXES = 8


def permute_forward(x, axes):
    """Bring the axes of every sample into another order.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        Samples of at most eight axes.
    axes : sequence of int
        Which axis of a sample comes first, second, ...; numbered from 0, or from -1 backwards.

    Returns
    -------
    y : ndarray, shape (N, ...)

    Raises
    ------
    ValueError
        If an axis is missing or comes twice.

    Notes
    -----
    ``y[n][j0, j1, ...] = x[n][i0, i1, ...]`` with ``i[axes[k]] = j[k]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.permute_forward([[[1, 2, 3], [4, 5, 6]]], (1, 0)).tolist()
    [[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]]
    """
    x = as_array("permute_forward", "x", x)
    return _permuted(x, _checked("permute_forward", axes, x.ndim - 1))


def permute_backward(dy, axes):
    """Gradient of a permutation: the axes go back to where they were.

    Parameters
    ----------
    dy : array_like, shape (N, ...)
    axes : sequence of int
        As in the forward pass.

    Returns
    -------
    dx : ndarray, shape (N, ...)

    Raises
    ------
    ValueError
        If an axis is missing or comes twice.

    Notes
    -----
    ``dx[n][i0, i1, ...] = dy[n][j0, j1, ...]`` with ``i[axes[k]] = j[k]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.permute_backward([[[1, 4], [2, 5], [3, 6]]], (1, 0)).tolist()
    [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]
    """
    dy = as_array("permute_backward", "dy", dy)
    axes = _checked("permute_backward", axes, dy.ndim - 1)
    return _permuted(dy, [axes.index(axis) for axis in range(len(axes))])


def _checked(operation, axes, rank):
    """The axes of a sample, each once, numbered from 0."""
    if rank < 0 or rank > MOST_AXES:
        raise ValueError(f"{operation}: expected samples of at most {MOST_AXES} axes, got {rank}")
    if not hasattr(axes, "__len__") or isinstance(axes, str):
        raise TypeError(f"{operation}: expected axes as a sequence of integers, got {axes!r}")
    found = [as_integer(operation, "every axis", axis, -rank) for axis in axes]
    found = [axis + rank if axis < 0 else axis for axis in found]
    if sorted(found) != list(range(rank)):
        raise ValueError(
            f"{operation}: expected every axis of a sample once, 0 to {rank - 1}, got {axes!r}"
        )
    return found


def _permuted(x, axes):
    samples, *sizes = x.shape
    steps = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    sources = [0]
    for axis in axes:
        sources = [place + i * steps[axis] for place in sources for i in range(sizes[axis])]
    v = as_floats(x, samples, math.prod(sizes))
    y = [[v[n][place] for place in sources] for n in range(samples)]
    return as_result(y, (samples, *(sizes[axis] for axis in axes)), x)
