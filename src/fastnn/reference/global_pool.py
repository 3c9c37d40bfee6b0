"""Global pooling: one number a channel, the largest or the mean of all its pixels.

Inside, the spatial axes are flattened: `x[n][i][c]` with pixel `i` and channel `c`.
"""

import math

import numpy as np

from ._arrays import (
    as_array,
    as_result,
    as_shape,
    check_shape,
    pixel_lists,
    spatial_rank,
    zeros,
)


def global_max_pool_forward(x, *, keep_dims=False):
    """Take the largest element of every channel.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    keep_dims : bool
        Keep the spatial axes, of size 1.

    Returns
    -------
    y : ndarray, shape (N, C), or (N, 1, ..., C)
    argmax : ndarray of int64, shape of y
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
    >>> from fastnn import reference
    >>> y, argmax = reference.global_max_pool_forward([[[1], [5], [5], [2]]])
    >>> y.tolist(), argmax.tolist()
    ([[5.0]], [[1]])
    """
    operation = "global_max_pool_forward"
    x = as_array(operation, "x", x)
    shape = _output_shape(operation, x.shape, spatial_rank(operation, "x", x), keep_dims)
    samples, channels = len(x), x.shape[-1]

    v = pixel_lists(x)
    y = zeros(samples, channels)
    argmax = np.zeros((samples, channels), np.int64).tolist()
    for n in range(samples):
        for c in range(channels):
            for i in range(len(v[n])):
                value, largest = v[n][i][c], v[n][argmax[n][c]][c]
                if value > largest or (math.isnan(value) and not math.isnan(largest)):
                    argmax[n][c] = i
            y[n][c] = v[n][argmax[n][c]][c]
    return as_result(y, shape, x), np.array(argmax, np.int64).reshape(shape)


def global_max_pool_backward(dy, argmax, input_shape):
    """Gradient of global max pooling: all of it goes to the chosen elements.

    Parameters
    ----------
    dy : array_like, shape (N, C) or (N, 1, ..., C)
    argmax : array_like of int, shape of dy
        From the forward pass.
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.

    Returns
    -------
    dx : ndarray, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    IndexError
        If `argmax` points outside the input.

    Notes
    -----
    ``dx[n, i, c] = dy[n, c] [argmax[n, c] = i]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.global_max_pool_backward([[3]], [[1]], (1, 4, 1)).tolist()
    [[[0.0], [3.0], [0.0], [0.0]]]
    """
    operation = "global_max_pool_backward"
    dy, argmax = as_array(operation, "dy", dy), as_array(operation, "argmax", argmax)
    samples, *spatial, channels = _check_gradient(operation, dy, input_shape)
    check_shape(operation, "argmax", argmax, dy.shape)
    if argmax.dtype.kind not in "iu":
        raise TypeError(f"{operation}: expected integers in argmax, got dtype {argmax.dtype}")
    pixels = math.prod(spatial)

    d = dy.astype(np.float64).reshape(samples, channels).tolist()
    chosen = argmax.reshape(samples, channels).tolist()
    dx = zeros(samples, pixels, channels)
    for n in range(samples):
        for c in range(channels):
            i = chosen[n][c]
            if not 0 <= i < pixels:
                raise IndexError(f"{operation}: expected argmax in 0 ... {pixels - 1}, got {i}")
            # forward: y[n][c] = x[n][argmax[n][c]][c]
            dx[n][i][c] = d[n][c]
    return as_result(dx, (samples, *spatial, channels), dy)


def global_average_pool_forward(x, *, keep_dims=False):
    """Take the mean of every channel.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    keep_dims : bool
        Keep the spatial axes, of size 1.

    Returns
    -------
    y : ndarray, shape (N, C), or (N, 1, ..., C)

    Raises
    ------
    ValueError
        If a sample has no pixels.

    Notes
    -----
    ``y[n, c] = sum_i x[n, i, c] / pixels``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.global_average_pool_forward([[[1], [5], [4], [2]]]).tolist()
    [[3.0]]
    """
    operation = "global_average_pool_forward"
    x = as_array(operation, "x", x)
    shape = _output_shape(operation, x.shape, spatial_rank(operation, "x", x), keep_dims)
    samples, channels = len(x), x.shape[-1]

    v = pixel_lists(x)
    y = zeros(samples, channels)
    for n in range(samples):
        for c in range(channels):
            y[n][c] = sum(pixel[c] for pixel in v[n]) / len(v[n])
    return as_result(y, shape, x)


def global_average_pool_backward(dy, input_shape):
    """Gradient of global average pooling: spread evenly over all pixels.

    Parameters
    ----------
    dy : array_like, shape (N, C) or (N, 1, ..., C)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.

    Returns
    -------
    dx : ndarray, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, i, c] = dy[n, c] / pixels``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.global_average_pool_backward([[6]], (1, 3, 1)).tolist()
    [[[2.0], [2.0], [2.0]]]
    """
    operation = "global_average_pool_backward"
    dy = as_array(operation, "dy", dy)
    samples, *spatial, channels = _check_gradient(operation, dy, input_shape)
    pixels = math.prod(spatial)

    d = dy.astype(np.float64).reshape(samples, channels).tolist()
    dx = zeros(samples, pixels, channels)
    for n in range(samples):
        for i in range(pixels):
            for c in range(channels):
                # forward: y[n][c] += x[n][i][c] / pixels
                dx[n][i][c] = d[n][c] / pixels
    return as_result(dx, (samples, *spatial, channels), dy)


def _output_shape(operation, shape, rank, keep_dims):
    if 0 in shape[1:]:
        raise ValueError(f"{operation}: expected samples with pixels and channels, got {shape}")
    return (shape[0], *((1,) * rank if keep_dims else ()), shape[-1])


def _check_gradient(operation, dy, input_shape):
    """The input's shape, of which `dy` is a gradient with or without spatial axes."""
    shape = as_shape(operation, input_shape, len(input_shape) - 2)
    if not 3 <= len(shape) <= 5 or 0 in shape[1:]:
        raise ValueError(f"{operation}: expected input_shape (N, *spatial, C), got {shape}")
    if dy.ndim != 2 or dy.shape != (shape[0], shape[-1]):
        check_shape(operation, "dy", dy, (shape[0], *(1,) * (len(shape) - 2), shape[-1]))
    return shape
