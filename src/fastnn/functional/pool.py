"""Max and average pooling over one to three spatial axes."""

import math
from functools import lru_cache
from itertools import product

import numpy as np

from fastnn import geometry
from fastnn._core import pool as core
from fastnn._core import pool_argmax
from fastnn.packs import Packs, aligned_empty, pack

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    resolve,
    window_of,
)

_max_forward = both(core.max_pool_forward)
_max_backward = both(pool_argmax.max_pool_backward)
_max_unpool = both(core.max_pool_unpool)
_average_forward = both(core.average_pool_forward)
_average_backward = both(core.average_pool_backward)

# Integers as wide as activations: positions in the input, which the compiled core sees behind the
# activations' own type, and the numbers of taps of windows that have too many for a byte.
_INDEX = {np.dtype(np.float32): np.dtype(np.int32), np.dtype(np.float64): np.dtype(np.int64)}


def _taps_dtype(window, dtype):
    return np.dtype(np.uint8) if math.prod(window.size) <= core.TAPS_IN_A_BYTE else _INDEX[dtype]


class Argmax(Packs):
    """The argmax of a max pooling in lane packs: numbers of taps in the windows it was taken over.

    Unpacked it is flat positions in the input, as everywhere else.
    """

    __slots__ = ("window",)

    def __init__(self, data, n, window):
        super().__init__(data, n)
        self.window = window

    @property
    def bytes(self):
        """The numbers as the compiled core sees them."""
        return self.rows.view(np.uint8)

    def reshape(self, *features):
        """Give each sample another shape of the same size; nothing is copied."""
        return Argmax(super().reshape(*features).data, self.n, self.window)

    def unpack(self, n_threads=None):
        """Return flat row-major positions in the input, int64 (n, *output, C)."""
        argmax = np.empty(self.shape, np.int64)
        pool_argmax.max_pool_argmax(
            self.bytes, argmax.reshape(self.n, math.prod(self.shape[1:])), self.window.sizes,
            self.shape[-1], resolve(n_threads),
        )  # fmt: skip
        return argmax


def max_pool_forward(
    x, size, *, stride=None, padding=0, dilation=1, ceil_mode=False, n_threads=None
):
    """Take the largest element of every window, channel by channel.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    size : int or one per axis
    stride : int or one per axis, optional
        `size` if None.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than the span of a window; padding is never the largest element.
    dilation : int or one per axis
    ceil_mode : bool
        Also pool a last window that reaches beyond the padded input, if it starts in the input or
        in the padding before it.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output, C)
    argmax : ndarray of int64 or Argmax packs, shape of y
        Flat row-major index of the chosen element in the sample's unpadded spatial grid.

    Raises
    ------
    ValueError
        If a window does not fit the padded input or would hold nothing but padding.

    Notes
    -----
    The first of equal elements is chosen; NaN counts as largest, the first NaN first.

    Examples
    --------
    >>> from fastnn import functional
    >>> y, argmax = functional.max_pool_forward([[[1], [5], [5], [2]]], 2)
    >>> y.tolist(), argmax.tolist()
    ([[[5.0], [5.0]]], [[[1], [2]]])
    """
    name = "max_pool_forward"
    x = operand(name, "x", x)
    window = pool_window(name, x, size, stride, padding, dilation, ceil_mode)
    dtype, threads = common_dtype(x), resolve(n_threads)
    y = empty_packs(len(x), (*window.output, x.shape[-1]), dtype)
    argmax = Argmax(aligned_empty(y.data.shape, _taps_dtype(window, dtype)), y.n, window)
    _max_forward[dtype](
        packed(x, dtype, n_threads=threads).rows, y.rows, argmax.bytes, window.sizes,
        x.shape[-1], threads,
    )  # fmt: skip
    return answer(y, x, threads), answer(argmax, x, threads)


def max_pool_backward(dy, argmax, input_shape, *, n_threads=None):
    """Gradient of max pooling: all of it goes to the chosen elements.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output, C)
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
    ``dx[n, q, c] = Σ_p dy[n, p, c] [argmax[n, p, c] = q]``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.max_pool_backward([[[3], [4]]], [[[1], [2]]], (1, 4, 1)).tolist()
    [[[0.0], [3.0], [4.0], [0.0]]]
    """
    name = "max_pool_backward"
    dy, argmax = operand(name, "dy", dy), operand(name, "argmax", argmax)
    shape = input_sizes(name, input_shape, dy)
    check_shape(name, "dy", dy, (shape[0], *(None,) * (len(shape) - 2), shape[-1]))
    check_shape(name, "argmax", argmax, dy.shape)
    return unpool(name, dy, argmax, shape, n_threads)


def unpool(name, dy, argmax, shape, n_threads):
    """Return the gradient of a max pooling over an input of this shape; all shapes are checked."""
    dtype, threads = common_dtype(dy), resolve(n_threads)
    dx = empty_packs(len(dy), shape[1:], dtype)
    if isinstance(argmax, Argmax) and argmax.data.dtype == _taps_dtype(argmax.window, dtype):
        window = argmax.window
        if window.input != shape[1:-1]:
            raise ValueError(
                f"{name}: expected the input_shape of the forward pass, {window.input}, got {shape}"
            )
        _max_unpool[dtype](
            packed(dy, dtype, "zero", threads).rows, argmax.bytes, dx.rows, window.sizes,
            shape[-1], threads,
        )  # fmt: skip
        return answer(dx, dy, threads)
    places = _packed_argmax(name, argmax, shape[1:-1], dtype)
    _max_backward[dtype](
        packed(dy, dtype, "zero", threads).rows, places, dx.rows, math.prod(dy.shape[1:-1]),
        shape[-1], threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def average_pool_forward(
    x, size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=False, n_threads=None
):
    """Take the mean of every window, channel by channel.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    size, stride, padding, ceil_mode
        As for :func:`max_pool_forward`.
    count_include_pad : bool
        Divide by the window's elements in the input and its padding, not in the input alone. What
        `ceil_mode` reaches beyond the padding never counts.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output, C)

    Raises
    ------
    ValueError
        If a window does not fit the padded input.

    Notes
    -----
    ``y[n, p, c] = Σ_{q in window p} x[n, q, c] / count(p)``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.average_pool_forward([[[1], [5], [5], [2]]], 2).tolist()
    [[[3.0], [3.5]]]
    """
    name = "average_pool_forward"
    x = operand(name, "x", x)
    window = pool_window(name, x, size, stride, padding, 1, ceil_mode)
    return averages(x, window, bool(count_include_pad), n_threads)


def averages(x, window, count_include_pad, n_threads):
    """Return the means of windows, checked."""
    dtype, threads = common_dtype(x), resolve(n_threads)
    y = empty_packs(len(x), (*window.output, x.shape[-1]), dtype)
    _average_forward[dtype](
        packed(x, dtype, n_threads=threads).rows,
        window_scales(window, count_include_pad, dtype), y.rows, window.sizes, x.shape[-1],
        threads,
    )  # fmt: skip
    return answer(y, x, threads)


def average_pool_backward(
    dy,
    input_shape,
    size,
    *,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=False,
    n_threads=None,
):
    """Gradient of average pooling: spread evenly over every window.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output, C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    size, stride, padding, ceil_mode, count_include_pad
        As in the forward pass.
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
    ``dx[n, q, c] = Σ_{p: q in window p} dy[n, p, c] / count(p)``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.average_pool_backward([[[4], [6]]], (1, 4, 1), 2).tolist()
    [[[2.0], [2.0], [3.0], [3.0]]]
    """
    name = "average_pool_backward"
    dy = operand(name, "dy", dy)
    shape = tuple(geometry.as_integer(name, "input_shape", size, 0) for size in input_shape)
    x = np.broadcast_to(0.0, shape)
    window = pool_window(name, x, size, stride, padding, 1, ceil_mode)
    return averages_backward(name, dy, shape, window, bool(count_include_pad), n_threads)


def averages_backward(name, dy, shape, window, count_include_pad, n_threads):
    """Return the gradient of the means of windows over an input of this shape."""
    check_shape(name, "dy", dy, (shape[0], *window.output, shape[-1]))
    dtype, threads = common_dtype(dy), resolve(n_threads)
    dx = empty_packs(len(dy), shape[1:], dtype)
    _average_backward[dtype](
        packed(dy, dtype, "zero", threads).rows,
        window_scales(window, count_include_pad, dtype), dx.rows, window.sizes, shape[-1],
        threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def check_images(name, x):
    """Return `x`, which shall have spatial axes and channels."""
    shape = x.shape
    if not 3 <= len(shape) <= 5 or shape[-1] < 1:
        mend = "; add a channel axis: x[..., None]" if len(shape) == 2 else ""
        raise ValueError(
            f"{name}: expected x of shape (N, *spatial, C) with one to three spatial axes, "
            f"got shape {shape}{mend}"
        )
    return x


def input_sizes(name, input_shape, dy=None):
    """Return `input_shape` checked, which shall have the axes of `dy`."""
    shape = tuple(geometry.as_integer(name, "input_shape", size, 0) for size in input_shape)
    axes = shape if dy is None else dy.shape
    if len(shape) != len(axes) or not 3 <= len(shape) <= 5 or 0 in shape[1:]:
        raise ValueError(
            f"{name}: expected input_shape (N, *spatial, C) and dy (N, *output, C) with equally "
            f"many axes, got {shape} and {axes}"
        )
    return shape


def pool_window(name, x, size, stride, padding, dilation, ceil_mode):
    """Return the windows of a pool over `x`, checked."""
    shape = check_images(name, x).shape
    stride = size if stride is None else stride
    return window_of(name, shape[1:-1], size, stride, padding, dilation, bool(ceil_mode), True)


@lru_cache(maxsize=256)
def window_scales(window, count_include_pad, dtype):
    """Return one over every window's count, in the order of the output."""
    counts = geometry.covered(window) if count_include_pad else geometry.inside(window)
    return np.array([1.0 / math.prod(axes) for axes in product(*counts)], dtype)


def _packed_argmax(name, argmax, spatial, dtype):
    """Return flat positions checked, in packs behind the type of their activations."""
    if isinstance(argmax, Packs):
        argmax = argmax.unpack()
    if argmax.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integers in argmax, got dtype {argmax.dtype}")
    positions = math.prod(spatial)
    if positions > np.iinfo(_INDEX[dtype]).max:
        raise ValueError(f"{name}: a grid of {spatial} is too large for a 32-bit argmax")
    outside = (argmax < 0) | (argmax >= positions)
    if outside.any():
        raise IndexError(
            f"{name}: expected argmax in 0 ... {positions - 1}, got {argmax[outside][0]}"
        )
    places = np.ascontiguousarray(argmax, _INDEX[dtype])
    return pack(places.view(dtype), dtype, empty="zero").rows
