"""Activations. Backward passes start from the output `y` of the forward pass."""

import numpy as np

from fastnn._core import pointwise as core
from fastnn.packs import aligned_empty

from ._operands import (
    Packs,
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    resolve,
)

_forward = both(core.pointwise_forward)
_backward = both(core.pointwise_backward)
_softmax_forward = both(core.softmax_forward)
_softmax_backward = both(core.softmax_backward)


def _elements(value, dtype):
    """Return the numbers of packs or an array, flat."""
    data = value.data if isinstance(value, Packs) else value
    return np.ascontiguousarray(data, dtype).reshape(-1)


def _like(value, dtype):
    """Return an uninitialised result for an operand, and its numbers, flat."""
    if isinstance(value, Packs):
        result = Packs(aligned_empty(value.data.shape, dtype), value.n)
        return result, result.data.reshape(-1)
    result = np.empty(value.shape, dtype)
    return result, result.reshape(-1)


def _pointwise_forward(name, function, x, n_threads):
    x = operand(name, "x", x)
    dtype = common_dtype(x)
    y, flat = _like(x, dtype)
    _forward[dtype](function, 0.0, _elements(x, dtype), flat, resolve(n_threads))
    return y


def _pointwise_backward(name, function, dy, y, n_threads):
    dy, y = operand(name, "dy", dy), operand(name, "y", y)
    check_shape(name, "y", y, dy.shape)
    dtype = common_dtype(dy, y)
    if isinstance(dy, Packs) is not isinstance(y, Packs):
        y = packed(y, dtype) if isinstance(dy, Packs) else y.unpack()
    dx, flat = _like(dy, dtype)
    _backward[dtype](
        function, 0.0, _elements(dy, dtype), _elements(y, dtype), flat, resolve(n_threads)
    )
    return dx


def relu_forward(x, *, n_threads=None):
    """Keep what is positive: ``y = max(x, 0)``.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.relu_forward([-1, 0, 2]).tolist()
    [0.0, 0.0, 2.0]
    """
    return _pointwise_forward("relu_forward", core.FUNCTIONS["relu"], x, n_threads)


def relu_backward(dy, y, *, n_threads=None):
    """Gradient of :func:`relu_forward`: ``dx = dy [y > 0]``; 0 at 0.

    Parameters
    ----------
    dy, y : array_like or Packs, equal shapes
        Gradient of the output, and the output itself.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.relu_backward([5, 6], [0, 2]).tolist()
    [0.0, 6.0]
    """
    return _pointwise_backward("relu_backward", core.FUNCTIONS["relu"], dy, y, n_threads)


def sigmoid_forward(x, *, n_threads=None):
    """Logistic function: ``y = 1 / (1 + exp(−x))``, within 2 units in the last place.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.sigmoid_forward([0]).tolist()
    [0.5]
    """
    return _pointwise_forward("sigmoid_forward", core.FUNCTIONS["sigmoid"], x, n_threads)


def sigmoid_backward(dy, y, *, n_threads=None):
    """Gradient of :func:`sigmoid_forward`: ``dx = dy y (1 − y)``.

    Parameters
    ----------
    dy, y : array_like or Packs, equal shapes
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.sigmoid_backward([4], [0.5]).tolist()
    [1.0]
    """
    return _pointwise_backward("sigmoid_backward", core.FUNCTIONS["sigmoid"], dy, y, n_threads)


def tanh_forward(x, *, n_threads=None):
    """Hyperbolic tangent, within 2 units in the last place.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.tanh_forward([0, 100]).tolist()
    [0.0, 1.0]
    """
    return _pointwise_forward("tanh_forward", core.FUNCTIONS["tanh"], x, n_threads)


def tanh_backward(dy, y, *, n_threads=None):
    """Gradient of :func:`tanh_forward`: ``dx = dy (1 − y²)``.

    Parameters
    ----------
    dy, y : array_like or Packs, equal shapes
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.tanh_backward([4], [0.5]).tolist()
    [3.0]
    """
    return _pointwise_backward("tanh_backward", core.FUNCTIONS["tanh"], dy, y, n_threads)


def sign_forward(x, *, n_threads=None):
    """Sign: −1, 0 or 1; ``sign(0) = 0``.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.sign_forward([-3, 0, 2]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return _pointwise_forward("sign_forward", core.FUNCTIONS["sign"], x, n_threads)


def sign_backward(dy, y, *, n_threads=None):
    """Gradient of :func:`sign_forward`: 0 everywhere.

    Parameters
    ----------
    dy, y : array_like or Packs, equal shapes
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.sign_backward([4], [1]).tolist()
    [0.0]
    """
    return _pointwise_backward("sign_backward", core.FUNCTIONS["sign"], dy, y, n_threads)


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
    x = operand("softmax_forward", "x", x)
    channels = _channels("softmax_forward", "x", x)
    dtype, threads = common_dtype(x), resolve(n_threads)
    y = empty_packs(len(x), x.shape[1:], dtype)
    _softmax_forward[dtype](packed(x, dtype, n_threads=threads).rows, y.rows, channels, threads)
    return answer(y, x, threads)


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
    name = "softmax_backward"
    dy, y = operand(name, "dy", dy), operand(name, "y", y)
    channels = _channels(name, "dy", dy)
    check_shape(name, "y", y, dy.shape)
    dtype, threads = common_dtype(dy, y), resolve(n_threads)
    dx = empty_packs(len(dy), dy.shape[1:], dtype)
    _softmax_backward[dtype](
        packed(dy, dtype, "zero", threads).rows, packed(y, dtype, n_threads=threads).rows, dx.rows,
        channels, threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def _channels(name, what, x):
    if len(x.shape) < 2 or 0 in x.shape[1:]:
        raise ValueError(f"{name}: expected {what} of shape (N, ..., C), got shape {x.shape}")
    return x.shape[-1]
