"""Adaptive average pooling: as many windows as the output shall have, spread over the input.

Inside, the spatial axes are flattened: `x[n][i][c]` and `y[n][p][c]` with pixel `i`, output
position `p` and channel `c`.
"""

import math

from ._arrays import as_array, as_result, as_shape, check_shape, pixel_lists, spatial_rank, zeros
from ._windows import per_axis


def adaptive_average_pool_forward(x, output_size):
    """Take the mean of every window, channel by channel, of as many windows as are wanted.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    output_size : int or one per axis
        Windows along each axis; may be more than the input has pixels.

    Returns
    -------
    y : ndarray, shape (N, *output_size, C)

    Raises
    ------
    ValueError
        If a sample has no pixels.

    Notes
    -----
    Window ``t`` of ``m`` along an axis of ``n`` pixels holds those from ``floor(t n / m)`` to, but
    not with, ``ceil((t + 1) n / m)``; ``y[n, p, c]`` is the mean over window ``p``. Windows overlap
    where ``m`` does not divide ``n``. It is PyTorch's rule.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.adaptive_average_pool_forward([[[1], [5], [6]]], 2).tolist()
    [[[3.0], [5.5]]]
    """
    operation = "adaptive_average_pool_forward"
    x = as_array(operation, "x", x)
    rank = spatial_rank(operation, "x", x)
    sizes = per_axis(operation, "output_size", output_size, rank, 1)
    windows = _windows(operation, x.shape[1:-1], sizes)
    samples, channels = len(x), x.shape[-1]

    v = pixel_lists(x)
    y = zeros(samples, len(windows), channels)
    for n in range(samples):
        for p, window in enumerate(windows):
            for c in range(channels):
                y[n][p][c] = sum(v[n][i][c] for i in window) / len(window)
    return as_result(y, (samples, *sizes, channels), x)


def adaptive_average_pool_backward(dy, input_shape):
    """Gradient of adaptive average pooling: spread evenly over every window.

    Parameters
    ----------
    dy : array_like, shape (N, *output_size, C)
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
    ``dx[n, i, c] = sum_{p: i in window p} dy[n, p, c] / count[p]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.adaptive_average_pool_backward([[[4], [2]]], (1, 3, 1)).tolist()
    [[[2.0], [3.0], [1.0]]]
    """
    operation = "adaptive_average_pool_backward"
    dy = as_array(operation, "dy", dy)
    samples, *spatial, channels = as_shape(
        operation, input_shape, spatial_rank(operation, "dy", dy)
    )
    check_shape(operation, "dy", dy, (samples, *dy.shape[1:-1], channels))
    if 0 in dy.shape[1:-1]:
        raise ValueError(f"{operation}: expected dy with positions, got shape {dy.shape}")
    windows = _windows(operation, spatial, dy.shape[1:-1])

    d = pixel_lists(dy)
    dx = zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for p, window in enumerate(windows):
            for c in range(channels):
                for i in window:
                    # forward: y[n][p][c] += x[n][i][c] / len(window)
                    dx[n][i][c] += d[n][p][c] / len(window)
    return as_result(dx, (samples, *spatial, channels), dy)


def _windows(operation, input_sizes, output_sizes):
    """The flat pixels of every window, windows in row-major order."""
    if 0 in input_sizes:
        raise ValueError(f"{operation}: expected samples with pixels, got {tuple(input_sizes)}")
    windows = [[0]]
    for inputs, outputs in zip(input_sizes, output_sizes, strict=True):
        windows = [
            [
                pixel * inputs + i
                for pixel in window
                for i in range(t * inputs // outputs, math.ceil((t + 1) * inputs / outputs))
            ]
            for window in windows
            for t in range(outputs)
        ]
    return windows
