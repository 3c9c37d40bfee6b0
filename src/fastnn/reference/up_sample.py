"""Enlarging 1, 2 or 3 spatial axes by whole numbers."""

import fractions
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
from ._windows import per_axis


def up_sample_forward(x, scale, *, mode="nearest"):
    """Enlarge the spatial axes.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    scale : int or one per axis
        How many times as long an axis becomes.
    mode : {"nearest", "linear"}
        Every element repeated; or what lies on straight lines between neighbours, axis by axis.

    Returns
    -------
    y : ndarray, shape (N, *(spatial * scale), C)

    Raises
    ------
    ValueError
        If a scale is less than 1.

    Notes
    -----
    Along an axis of m elements, target t lies at ``p = (t + 1/2) / scale - 1/2``, but not before 0
    nor behind m - 1. Nearest: ``y[t] = x[floor(t / scale)]``; linear:
    ``y[t] = (1 - r) x[i] + r x[i + 1]`` with ``i = floor(p)`` and ``r = p - i``. A factor of 0 is
    no term.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.up_sample_forward([[[1], [5]]], 2, mode="linear").ravel().tolist()
    [1.0, 2.0, 4.0, 5.0]
    """
    operation = "up_sample_forward"
    x = as_array(operation, "x", x)
    spatial_rank(operation, "x", x)
    samples, *spatial, channels = x.shape
    sizes, terms = _terms(operation, spatial, scale, mode)
    v, y = pixel_lists(x), zeros(samples, math.prod(sizes), channels)
    for n in range(samples):
        for t, of_target in enumerate(terms):
            for c in range(channels):
                y[n][t][c] = sum(factor * v[n][i][c] for i, factor in of_target)
    return as_result(y, (samples, *sizes, channels), x)


def up_sample_backward(dy, input_shape, scale, *, mode="nearest"):
    """Gradient of enlarging: every element gets what it gave, by the same factors.

    Parameters
    ----------
    dy : array_like, shape (N, *(spatial * scale), C)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    scale, mode
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
    ``dx[n, i] = sum_t factor dy[n, t]`` over all targets t that have i as a source.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.up_sample_backward([[[1], [2], [4], [8]]], (1, 2, 1), 2).ravel().tolist()
    [3.0, 12.0]
    """
    operation = "up_sample_backward"
    dy = as_array(operation, "dy", dy)
    rank = spatial_rank(operation, "dy", dy)
    samples, *spatial, channels = as_shape(operation, input_shape, rank)
    sizes, terms = _terms(operation, spatial, scale, mode)
    check_shape(operation, "dy", dy, (samples, *sizes, channels))
    d, dx = pixel_lists(dy), zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for t, of_target in enumerate(terms):
            for i, factor in of_target:
                for c in range(channels):
                    # forward: y[n][t][c] += factor * x[n][i][c]
                    dx[n][i][c] += factor * d[n][t][c]
    return as_result(dx, (samples, *spatial, channels), dy)


def _terms(operation, spatial, scale, mode):
    """The output's sizes, and for each of its pixels a list of pairs (pixel of x, factor)."""
    if mode not in ("nearest", "linear"):
        raise ValueError(f'{operation}: expected mode "nearest" or "linear", got {mode!r}')
    scales = per_axis(operation, "scale", scale, len(spatial), 1)
    if 0 in spatial:
        raise ValueError(f"{operation}: expected an input to enlarge, got size {tuple(spatial)}")
    terms = [[(0, 1.0)]]
    for size, times in zip(spatial, scales, strict=True):
        terms = [
            [(i * size + j, factor * part) for i, factor in of_target for j, part in along]
            for of_target in terms
            for along in (_along_axis(t, size, times, mode) for t in range(size * times))
        ]
    return [size * times for size, times in zip(spatial, scales, strict=True)], terms


def _along_axis(t, size, times, mode):
    """The sources of a target along one axis, each with its factor, none of which is 0."""
    if mode == "nearest":
        return [(t // times, 1.0)]
    half = fractions.Fraction(1, 2)
    place = min(max((t + half) / times - half, 0), size - 1)
    i = math.floor(place)
    rest = place - i
    return [(i, float(1 - rest)), (i + 1, float(rest))] if rest else [(i, 1.0)]
