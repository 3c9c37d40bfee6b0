"""Max and average pooling over 1, 2 or 3 spatial axes.

Inside, the spatial axes are flattened: `x[n][i][c]` and `y[n][p][c]` with pixel `i`, output
position `p` and channel `c`. `Windows` knows which pixels a window holds.
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
from ._windows import Windows


def max_pool_forward(x, size, *, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Take the largest element of every window, channel by channel.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    size : int or one per axis
    stride : int or one per axis, optional
        `size` if None.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than the extent of a window; padding is never the largest element.
    dilation : int or one per axis
    ceil_mode : bool
        Also pool a last window that reaches beyond the padded input, if it starts in the input
        or in the padding before it.

    Returns
    -------
    y : ndarray, shape (N, *output, C)
    argmax : ndarray of int64, shape of y
        Flat row-major index of the chosen element in the sample's unpadded spatial grid.

    Raises
    ------
    ValueError
        If a window does not fit into the padded input or would hold no element of the input.

    Notes
    -----
    The first of equal elements is chosen; NaN counts as largest, the first NaN first.

    Examples
    --------
    >>> from fastnn import reference
    >>> y, argmax = reference.max_pool_forward([[[1], [5], [5], [2]]], 2)
    >>> y.tolist(), argmax.tolist()
    ([[[5.0], [5.0]]], [[[1], [2]]])
    """
    operation = "max_pool_forward"
    x = as_array(operation, "x", x)
    spatial_rank(operation, "x", x)
    windows = _pool_windows(operation, x.shape[1:-1], size, stride, padding, dilation, ceil_mode)
    samples, channels = len(x), x.shape[-1]
    shape = (samples, *windows.output_sizes, channels)

    v = pixel_lists(x)
    y = zeros(samples, len(windows.inside), channels)
    argmax = np.zeros((samples, len(windows.inside), channels), np.int64).tolist()
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for c in range(channels):
                largest = window[0][1]
                for _, i in window:
                    if _exceeds(v[n][i][c], v[n][largest][c]):
                        largest = i
                y[n][p][c] = v[n][largest][c]
                argmax[n][p][c] = largest
    return as_result(y, shape, x), np.array(argmax, np.int64).reshape(shape)


def max_pool_backward(dy, argmax, input_shape):
    """Gradient of max pooling: all of it goes to the chosen elements.

    Parameters
    ----------
    dy : array_like, shape (N, *output, C)
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
    ``dx[n, i, c] = sum_p dy[n, p, c] [argmax[n, p, c] = i]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.max_pool_backward([[[3], [4]]], [[[1], [2]]], (1, 4, 1)).tolist()
    [[[0.0], [3.0], [4.0], [0.0]]]
    """
    operation = "max_pool_backward"
    dy, argmax = as_array(operation, "dy", dy), as_array(operation, "argmax", argmax)
    samples, *spatial, channels = as_shape(
        operation, input_shape, spatial_rank(operation, "dy", dy)
    )
    check_shape(operation, "dy", dy, (samples, *dy.shape[1:-1], channels))
    check_shape(operation, "argmax", argmax, dy.shape)
    if argmax.dtype.kind not in "iu":
        raise TypeError(f"{operation}: expected integers in argmax, got dtype {argmax.dtype}")
    pixels, positions = math.prod(spatial), math.prod(dy.shape[1:-1])

    d = pixel_lists(dy)
    chosen = argmax.reshape(samples, positions, channels).tolist()
    dx = zeros(samples, pixels, channels)
    for n in range(samples):
        for p in range(positions):
            for c in range(channels):
                i = chosen[n][p][c]
                if not 0 <= i < pixels:
                    raise IndexError(f"{operation}: expected argmax in 0 ... {pixels - 1}, got {i}")
                # forward: y[n][p][c] = x[n][argmax[n][p][c]][c]
                dx[n][i][c] += d[n][p][c]
    return as_result(dx, (samples, *spatial, channels), dy)


def average_pool_forward(
    x, size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=False
):
    """Take the mean of every window, channel by channel.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    size : int or one per axis
    stride : int or one per axis, optional
        `size` if None.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than a window.
    ceil_mode : bool
        Also pool a last window that reaches beyond the padded input, if it starts in the input
        or in the padding before it.
    count_include_pad : bool
        Divide by the number of elements in the input and its padding, not in the input alone.
        What `ceil_mode` reaches beyond the padding never counts.

    Returns
    -------
    y : ndarray, shape (N, *output, C)

    Raises
    ------
    ValueError
        If a window does not fit into the padded input.

    Notes
    -----
    ``y[n, p, c] = sum_{i in window p} x[n, i, c] / count[p]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> x = [[[2], [4], [8]]]
    >>> reference.average_pool_forward(x, 2, padding=((1, 0),)).tolist()
    [[[2.0], [6.0]]]
    >>> reference.average_pool_forward(x, 2, padding=((1, 0),), count_include_pad=True).tolist()
    [[[1.0], [6.0]]]
    """
    operation = "average_pool_forward"
    x = as_array(operation, "x", x)
    spatial_rank(operation, "x", x)
    windows = _pool_windows(operation, x.shape[1:-1], size, stride, padding, 1, ceil_mode)
    counts = _counts(windows, count_include_pad)
    samples, channels = len(x), x.shape[-1]

    v = pixel_lists(x)
    y = zeros(samples, len(windows.inside), channels)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for c in range(channels):
                y[n][p][c] = sum(v[n][i][c] for _, i in window) / counts[p]
    return as_result(y, (samples, *windows.output_sizes, channels), x)


def average_pool_backward(
    dy, input_shape, size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=False
):
    """Gradient of average pooling: spread evenly over every window.

    Parameters
    ----------
    dy : array_like, shape (N, *output, C)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    size, stride, padding, ceil_mode, count_include_pad
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
    ``dx[n, i, c] = sum_{p: i in window p} dy[n, p, c] / count[p]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.average_pool_backward([[[2], [4]]], (1, 4, 1), 2).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """
    operation = "average_pool_backward"
    dy = as_array(operation, "dy", dy)
    samples, *spatial, channels = as_shape(
        operation, input_shape, spatial_rank(operation, "dy", dy)
    )
    windows = _pool_windows(operation, spatial, size, stride, padding, 1, ceil_mode)
    counts = _counts(windows, count_include_pad)
    check_shape(operation, "dy", dy, (samples, *windows.output_sizes, channels))

    d = pixel_lists(dy)
    dx = zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for c in range(channels):
                for _, i in window:
                    # forward: y[n][p][c] += x[n][i][c] / counts[p]
                    dx[n][i][c] += d[n][p][c] / counts[p]
    return as_result(dx, (samples, *spatial, channels), dy)


def _pool_windows(operation, input_sizes, size, stride, padding, dilation, ceil_mode):
    stride = size if stride is None else stride
    windows = Windows(operation, input_sizes, size, stride, padding, dilation, ceil_mode=ceil_mode)
    for pair, extent in zip(windows.padding, windows.extents, strict=True):
        if max(pair) >= extent:
            raise ValueError(
                f"{operation}: expected padding smaller than the window's extent {extent}, "
                f"got {pair}"
            )
    if not all(windows.inside):
        raise ValueError(
            f"{operation}: some window holds no element of an input of size {tuple(input_sizes)}; "
            "use less padding or dilation"
        )
    return windows


def _counts(windows, count_include_pad):
    """How many elements each window's mean is taken over."""
    return windows.covered if count_include_pad else [len(window) for window in windows.inside]


def _exceeds(value, largest):
    """Whether `value` replaces `largest`: NaN is larger than any number, equal ones stay."""
    return value > largest or (math.isnan(value) and not math.isnan(largest))
