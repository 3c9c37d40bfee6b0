"""Lp pooling: the p-norm of every window, channel by channel.

Inside, the spatial axes are flattened: `x[n][i][c]` and `y[n][p][c]` with pixel `i`, output
position `p` and channel `c`. `Windows` knows which pixels a window holds.
"""

import math

from ._arrays import (
    as_array,
    as_number,
    as_result,
    check_shape,
    pixel_lists,
    spatial_rank,
    zeros,
)
from .pool import _pool_windows


def lp_pool_forward(x, size, *, p=2, stride=None, padding=0, ceil_mode=False):
    """Take the p-norm of every window, channel by channel.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    size : int or one per axis
    p : float
        At least 1: 1 sums absolute values, 2 is the Euclidean norm; the larger, the nearer to the
        largest absolute value.
    stride : int or one per axis, optional
        `size` if None.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than a window; it adds nothing.
    ceil_mode : bool
        Also pool a last window that reaches beyond the padded input, if it starts in the input
        or in the padding before it.

    Returns
    -------
    y : ndarray, shape (N, *output, C)

    Raises
    ------
    ValueError
        If a window does not fit into the padded input, or `p` is less than 1.

    Notes
    -----
    ``y[n, q, c] = (sum_{i in window q} |x[n, i, c]|^p)^(1/p)``, computed as ``m`` times that of
    ``x / m`` with ``m`` the largest ``|x|``, so that no power is too large for a number. PyTorch
    takes powers of ``x`` itself (the same for even ``p``), and with `ceil_mode` multiplies the
    norm's power of a clipped window by its whole size over what is left of it.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.lp_pool_forward([[[3], [-4], [0], [0]]], 2).tolist()
    [[[5.0], [0.0]]]
    """
    operation = "lp_pool_forward"
    x = as_array(operation, "x", x)
    spatial_rank(operation, "x", x)
    p = as_number(operation, "p", p, 1)
    windows = _pool_windows(operation, x.shape[1:-1], size, stride, padding, 1, ceil_mode)
    samples, channels = len(x), x.shape[-1]

    v = pixel_lists(x)
    y = zeros(samples, len(windows.inside), channels)
    for n in range(samples):
        for q, window in enumerate(windows.inside):
            for c in range(channels):
                y[n][q][c] = _norm([v[n][i][c] for _, i in window], p)
    return as_result(y, (samples, *windows.output_sizes, channels), x)


def lp_pool_backward(dy, x, y, size, *, p=2, stride=None, padding=0, ceil_mode=False):
    """Gradient of Lp pooling.

    Parameters
    ----------
    dy : array_like, shape (N, *output, C)
    x : array_like, shape (N, *spatial, C)
        The input of the forward pass.
    y : array_like, shape of dy
        Its output.
    size, p, stride, padding, ceil_mode
        As in the forward pass.

    Returns
    -------
    dx : ndarray, shape of x

    Raises
    ------
    ValueError
        If the shapes do not fit together, or `p` is less than 1.

    Notes
    -----
    ``dx[n, i, c] = sum_{q: i in window q} dy[n, q, c] sign(x) (|x[n, i, c]| / y[n, q, c])^(p - 1)``
    where ``y`` is not 0. There the norm has no slope: such a window passes back 0, whatever its
    `dy`.

    Examples
    --------
    >>> from fastnn import reference
    >>> x, y = [[[3], [-4], [0], [0]]], [[[5], [0]]]
    >>> reference.lp_pool_backward([[[10], [7]]], x, y, 2).tolist()
    [[[6.0], [-8.0], [0.0], [0.0]]]
    """
    operation = "lp_pool_backward"
    dy, x, y = (as_array(operation, name, a) for name, a in (("dy", dy), ("x", x), ("y", y)))
    spatial_rank(operation, "x", x)
    p = as_number(operation, "p", p, 1)
    windows = _pool_windows(operation, x.shape[1:-1], size, stride, padding, 1, ceil_mode)
    samples, *spatial, channels = x.shape
    for name, array in (("dy", dy), ("y", y)):
        check_shape(operation, name, array, (samples, *windows.output_sizes, channels))

    d, v, norms = pixel_lists(dy), pixel_lists(x), pixel_lists(y)
    dx = zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for q, window in enumerate(windows.inside):
            for c in range(channels):
                if norms[n][q][c] == 0:
                    continue
                for _, i in window:
                    # forward: y^p += |x|^p
                    dx[n][i][c] += d[n][q][c] * _slope(v[n][i][c], norms[n][q][c], p)
    return as_result(dx, (samples, *spatial, channels), dy, x, y)


def _norm(values, p):
    sizes = [abs(value) for value in values]
    if any(math.isnan(size) for size in sizes):
        return math.nan
    largest = max(sizes)
    if p == 1 or largest in (0, math.inf):
        return math.fsum(sizes)
    return largest * math.fsum((size / largest) ** p for size in sizes) ** (1 / p)


def _slope(value, norm, p):
    """How a window's norm, which is not 0, grows with one of its values."""
    sign = value if math.isnan(value) else (value > 0) - (value < 0)
    if p == 1:
        return sign
    return sign * (abs(value) / norm) ** (p - 1)
