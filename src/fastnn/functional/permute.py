"""Permutation of the axes of samples."""

from fastnn._core import permute as core
from fastnn.resampling import inverse, permutation, permuted_axes

from ._operands import answer, both, common_dtype, empty_packs, operand, packed, resolve

_permute = both(core.permute)


def permute_forward(x, axes, *, n_threads=None):
    """Bring the axes of every sample into another order.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ...)
        Samples of at most eight axes.
    axes : sequence of int
        Which axis of a sample comes first, second, …; numbered from 0, or from −1 backwards.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, ...)

    Raises
    ------
    ValueError
        If an axis is missing or comes twice.

    Notes
    -----
    ``y[n] = transpose(x[n], axes)``: axis `i` of the output is axis ``axes[i]`` of the input.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.permute_forward([[[1, 2, 3], [4, 5, 6]]], (1, 0)).tolist()
    [[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]]
    """
    name = "permute_forward"
    x = operand(name, "x", x)
    return _permuted(x, permuted_axes(name, axes, _rank(name, "x", x)), "copy", n_threads)


def permute_backward(dy, axes, *, n_threads=None):
    """Gradient of :func:`permute_forward`: the axes go back to where they were.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, ...)
    axes : sequence of int
        As in the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, ...)

    Raises
    ------
    ValueError
        If an axis is missing or comes twice.

    Notes
    -----
    ``dx[n] = transpose(dy[n], inverse)`` with ``inverse[axes[i]] = i``.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.permute_backward([[[1, 4], [2, 5], [3, 6]]], (1, 0)).tolist()
    [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]
    """
    name = "permute_backward"
    dy = operand(name, "dy", dy)
    axes = permuted_axes(name, axes, _rank(name, "dy", dy))
    return _permuted(dy, inverse(axes), "zero", n_threads)


def _rank(name, what, x):
    if len(x.shape) == 0:
        raise ValueError(f"{name}: expected {what} of shape (N, ...), got a single number")
    return len(x.shape) - 1


def _permuted(x, axes, empty, n_threads):
    dtype, threads = common_dtype(x), resolve(n_threads)
    sizes = x.shape[1:]
    y = empty_packs(len(x), [sizes[axis] for axis in axes], dtype)
    rows = packed(x, dtype, empty, threads).rows
    _permute[dtype](rows, y.rows, permutation(sizes, axes), threads)
    return answer(y, x, threads)
