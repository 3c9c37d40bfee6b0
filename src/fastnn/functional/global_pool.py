"""Global pooling: one number a channel, the largest or the mean of all its pixels.

It is the pooling of pool.py with one window, as large as the image.
"""

import numpy as np

from ._operands import Packs, check_shape, operand
from .pool import (
    averages,
    averages_backward,
    check_images,
    input_sizes,
    max_pool_forward,
    pool_window,
    unpool,
)


def global_max_pool_forward(x, *, keep_dims=False, n_threads=None):
    """Take the largest element of every channel.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    keep_dims : bool
        Keep the spatial axes, of size 1.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, C), or (N, 1, ..., C)
    argmax : ndarray of int64 or Argmax packs, shape of y
        Flat row-major index of the chosen element in the sample's spatial grid.

    Raises
    ------
    ValueError
        If a sample has no pixels.

    Notes
    -----
    The first of equal elements is chosen; NaN counts as largest, the first NaN first.

    Examples
    --------
    >>> from fastnn import functional
    >>> y, argmax = functional.global_max_pool_forward([[[1], [5], [5], [2]]])
    >>> y.tolist(), argmax.tolist()
    ([[5.0]], [[1]])
    """
    name = "global_max_pool_forward"
    x = _pixels(name, x)
    y, argmax = max_pool_forward(x, x.shape[1:-1], n_threads=n_threads)
    return _reshaped(y, keep_dims), _reshaped(argmax, keep_dims)


def global_max_pool_backward(dy, argmax, input_shape, *, n_threads=None):
    """Gradient of global max pooling: all of it goes to the chosen elements.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, C) or (N, 1, ..., C)
    argmax : array_like of int or Argmax packs, shape of dy
        From the forward pass.
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    IndexError
        If `argmax` points outside the input.

    Notes
    -----
    ``dx[n, q, c] = dy[n, c] [argmax[n, c] = q]``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.global_max_pool_backward([[3]], [[1]], (1, 4, 1)).tolist()
    [[[0.0], [3.0], [0.0], [0.0]]]
    """
    name = "global_max_pool_backward"
    dy, argmax = operand(name, "dy", dy), operand(name, "argmax", argmax)
    shape = input_sizes(name, input_shape)
    check_shape(name, "argmax", argmax, dy.shape)
    dy, argmax = _with_axes(name, dy, shape), _with_axes(name, argmax, shape)
    return unpool(name, dy, argmax, shape, n_threads)


def global_average_pool_forward(x, *, keep_dims=False, n_threads=None):
    """Take the mean of every channel.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    keep_dims : bool
        Keep the spatial axes, of size 1.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, C), or (N, 1, ..., C)

    Raises
    ------
    ValueError
        If a sample has no pixels.

    Notes
    -----
    ``y[n, c] = Σ_q x[n, q, c] / pixels``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.global_average_pool_forward([[[1], [5], [4], [2]]]).tolist()
    [[3.0]]
    """
    name = "global_average_pool_forward"
    x = _pixels(name, x)
    return _reshaped(averages(x, _whole(name, x), False, n_threads), keep_dims)


def global_average_pool_backward(dy, input_shape, *, n_threads=None):
    """Gradient of global average pooling: spread evenly over all pixels.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, C) or (N, 1, ..., C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, q, c] = dy[n, c] / pixels``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.global_average_pool_backward([[6]], (1, 3, 1)).tolist()
    [[[2.0], [2.0], [2.0]]]
    """
    name = "global_average_pool_backward"
    shape = input_sizes(name, input_shape)
    dy = _with_axes(name, operand(name, "dy", dy), shape)
    window = _whole(name, np.broadcast_to(0.0, shape))
    return averages_backward(name, dy, shape, window, False, n_threads)


def _pixels(name, x):
    x = check_images(name, operand(name, "x", x))
    if 0 in x.shape[1:]:
        raise ValueError(f"{name}: expected samples of at least one pixel, got shape {x.shape}")
    return x


def _whole(name, x):
    """Return the one window."""
    return pool_window(name, x, x.shape[1:-1], 1, 0, 1, False)


def _reshaped(y, keep_dims):
    """Return the output without its spatial axes, unless they are to be kept."""
    if keep_dims:
        return y
    return y.reshape(y.shape[-1]) if isinstance(y, Packs) else y.reshape(len(y), y.shape[-1])


def _with_axes(name, dy, shape):
    """Return a gradient or an argmax checked, with spatial axes of size 1."""
    axes = (*(1,) * (len(shape) - 2), shape[-1])
    if len(dy.shape) == 2:
        check_shape(name, "dy", dy, (shape[0], shape[-1]))
        return dy.reshape(*axes) if isinstance(dy, Packs) else dy.reshape(shape[0], *axes)
    check_shape(name, "dy", dy, (shape[0], *axes))
    return dy
