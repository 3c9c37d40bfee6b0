"""Padding and cropping over 1, 2 or 3 spatial axes.

Every pixel of the output copies one of the input, or a constant; `_sources.py` knows which.
"""

import math

from ._arrays import (
    as_array,
    as_result,
    as_shape,
    check_shape,
    pixel_lists,
    spatial_rank,
    zeros,
)
from ._sources import cropped, padded


def pad_forward(x, padding, *, mode="constant", value=0.0):
    """Surround the spatial axes with more of their kind.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    padding : int, one per axis, or a pair (before, after) per axis
    mode : {"constant", "zeros", "reflect", "edge", "replicate", "circular"}
        What stands there: `value`; 0; the input mirrored at its first and last element; that
        element itself (both names); the input again from its other end.
    value : float
        For mode "constant".

    Returns
    -------
    y : ndarray, shape (N, *padded, C)

    Raises
    ------
    ValueError
        If a padding is negative; reflects as many elements as the axis has, or more; or goes round
        more than once.

    Notes
    -----
    ``y[n, t] = x[n, s(t - before)]`` with ``s(i) = i`` inside an axis of size m, and outside
    ``-i`` and ``2 (m - 1) - i`` (reflect), 0 and m - 1 (edge), ``i mod m`` (circular).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.pad_forward([[[1], [2], [3]]], 2, mode="circular").ravel().tolist()
    [2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]
    """
    operation = "pad_forward"
    x = as_array(operation, "x", x)
    spatial_rank(operation, "x", x)
    samples, *spatial, channels = x.shape
    value = _filling(operation, value, mode)
    sizes, sources = padded(operation, spatial, padding, mode)
    v = pixel_lists(x)
    y = [[[value] * channels if i is None else v[n][i] for i in sources] for n in range(samples)]
    return as_result(y, (samples, *sizes, channels), x)


def pad_backward(dy, input_shape, padding, *, mode="constant"):
    """Gradient of padding: every element gets what its copies got.

    Parameters
    ----------
    dy : array_like, shape (N, *padded, C)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    padding, mode
        As in the forward pass.

    Returns
    -------
    dx : ndarray, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, i] = sum_t dy[n, t]`` over all t with ``s(t - before) = i``.

    Examples
    --------
    >>> from fastnn import reference
    >>> dy = [[[1], [10], [100], [1000], [10000]]]
    >>> reference.pad_backward(dy, (1, 3, 1), 1, mode="reflect").ravel().tolist()
    [10.0, 10101.0, 1000.0]
    """
    operation = "pad_backward"
    dy = as_array(operation, "dy", dy)
    rank = spatial_rank(operation, "dy", dy)
    samples, *spatial, channels = as_shape(operation, input_shape, rank)
    sizes, sources = padded(operation, spatial, padding, mode)
    check_shape(operation, "dy", dy, (samples, *sizes, channels))
    d, dx = pixel_lists(dy), zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for t, i in enumerate(sources):
            if i is not None:
                for c in range(channels):
                    # forward: y[n][t][c] = x[n][i][c]
                    dx[n][i][c] += d[n][t][c]
    return as_result(dx, (samples, *spatial, channels), dy)


def crop_forward(x, cropping):
    """Cut elements off the ends of the spatial axes.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    cropping : int, one per axis, or a pair (before, after) per axis

    Returns
    -------
    y : ndarray, shape (N, *cropped, C)

    Raises
    ------
    ValueError
        If nothing would be left.

    Notes
    -----
    ``y[n, t] = x[n, t + before]``

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.crop_forward([[[1], [2], [3], [4]]], ((1, 2),)).tolist()
    [[[2.0]]]
    """
    operation = "crop_forward"
    x = as_array(operation, "x", x)
    spatial_rank(operation, "x", x)
    samples, *spatial, channels = x.shape
    sizes, sources = cropped(operation, spatial, cropping)
    v = pixel_lists(x)
    y = [[v[n][i] for i in sources] for n in range(samples)]
    return as_result(y, (samples, *sizes, channels), x)


def crop_backward(dy, input_shape, cropping):
    """Gradient of cropping: 0 where something was cut off.

    Parameters
    ----------
    dy : array_like, shape (N, *cropped, C)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    cropping
        As in the forward pass.

    Returns
    -------
    dx : ndarray, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, i] = dy[n, i - before]``, or 0 where there is no such element.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.crop_backward([[[5]]], (1, 3, 1), 1).ravel().tolist()
    [0.0, 5.0, 0.0]
    """
    operation = "crop_backward"
    dy = as_array(operation, "dy", dy)
    rank = spatial_rank(operation, "dy", dy)
    samples, *spatial, channels = as_shape(operation, input_shape, rank)
    sizes, sources = cropped(operation, spatial, cropping)
    check_shape(operation, "dy", dy, (samples, *sizes, channels))
    d, dx = pixel_lists(dy), zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for t, i in enumerate(sources):
            # forward: y[n][t] = x[n][i]
            dx[n][i] = d[n][t]
    return as_result(dx, (samples, *spatial, channels), dy)


def _filling(operation, value, mode):
    """What a padding is filled with, which only mode "constant" lets choose."""
    try:
        number = None if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise TypeError(f"{operation}: expected a number for value, got {value!r}")
    if number != 0 and mode != "constant":
        raise ValueError(f'{operation}: value={value!r} is for mode "constant", got {mode!r}')
    return number
