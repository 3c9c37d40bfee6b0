"""Softmax over the last axis, and its logarithm."""

from fastnn._core import softmax as core

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    resolve,
)

_forward = both(core.softmax_forward)
_backward = both(core.softmax_backward)


def softmax_forward(x, *, n_threads=None):
    """Softmax over the last axis: ``y_i = exp x_i / Σ_j exp x_j``.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If `x` has fewer than two axes or no class.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.softmax_forward([[0, 0]]).tolist()
    [[0.5, 0.5]]
    """
    return _softmax_forward("softmax_forward", False, x, n_threads)


def softmax_backward(dy, y, *, n_threads=None):
    """Gradient of :func:`softmax_forward`, by its full Jacobian.

    Parameters
    ----------
    dy, y : array_like or Packs, equal shapes (N, ..., C)
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Notes
    -----
    ``dx_i = y_i (dy_i − Σ_j dy_j y_j)``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.softmax_backward([[4, 0]], [[0.5, 0.5]]).tolist()
    [[1.0, -1.0]]
    """
    return _softmax_backward("softmax_backward", False, dy, y, n_threads)


def log_softmax_forward(x, *, n_threads=None):
    """Logarithm of the softmax over the last axis: ``y_i = x_i − log Σ_j exp x_j``.

    Exact to a few units in the last place also where one class has nearly all: the sum is taken
    without its largest term, which is 1, and its logarithm by log1p.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If `x` has fewer than two axes or no class.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.log_softmax_forward([[0, -1000]]).tolist()
    [[0.0, -1000.0]]
    """
    return _softmax_forward("log_softmax_forward", True, x, n_threads)


def log_softmax_backward(dy, y, *, n_threads=None):
    """Gradient of :func:`log_softmax_forward`: ``dx_i = dy_i − exp(y_i) Σ_j dy_j``.

    Parameters
    ----------
    dy, y : array_like or Packs, equal shapes (N, ..., C)
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than two axes or no class.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.log_softmax_backward([[1, 2]], [[0, -1000]]).tolist()
    [[-2.0, 2.0]]
    """
    return _softmax_backward("log_softmax_backward", True, dy, y, n_threads)


def _softmax_forward(name, logarithm, x, n_threads):
    x = operand(name, "x", x)
    channels = _channels(name, "x", x)
    dtype, threads = common_dtype(x), resolve(n_threads)
    y = empty_packs(len(x), x.shape[1:], dtype)
    rows = packed(x, dtype, n_threads=threads).rows
    _forward[dtype](rows, y.rows, logarithm, channels, threads)
    return answer(y, x, threads)


def _softmax_backward(name, logarithm, dy, y, n_threads):
    dy, y = operand(name, "dy", dy), operand(name, "y", y)
    channels = _channels(name, "dy", dy)
    check_shape(name, "y", y, dy.shape)
    dtype, threads = common_dtype(dy, y), resolve(n_threads)
    dx = empty_packs(len(dy), dy.shape[1:], dtype)
    _backward[dtype](
        packed(dy, dtype, "zero", threads).rows, packed(y, dtype, n_threads=threads).rows, dx.rows,
        logarithm, channels, threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def _channels(name, what, x):
    if len(x.shape) < 2 or 0 in x.shape[1:]:
        raise ValueError(f"{name}: expected {what} of shape (N, ..., C), got shape {x.shape}")
    return x.shape[-1]
