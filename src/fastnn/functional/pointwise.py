"""Activations. Backward passes start from the output `y` of the forward pass."""

from fastnn._core import pointwise as core

from ._elementwise import pointwise_backward as _pointwise_backward
from ._elementwise import pointwise_forward as _pointwise_forward


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
