"""Locally connected layers: a convolution whose every output position has a kernel of its own."""

import math

import numpy as np

from fastnn._core import local_conv as core

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    gradient_arrays,
    is_relu,
    operand,
    packed,
    positive_rows,
    real_array,
    resolve,
    vector,
    window_of,
)
from .pool import check_images, input_sizes

_forward = both(core.local_conv_forward)
_backward_input = both(core.local_conv_backward_input)
_backward_weights = both(core.local_conv_backward_weights)


def local_conv_forward(
    x, weight, bias=None, *, stride=1, padding=0, dilation=1, activation=None, n_threads=None
):
    """Multiply every window with filters of its own.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    weight : array_like, shape (*output, filters, *size, C)
    bias : array_like, shape (*output, filters), optional
    stride, dilation : int or one per axis
        Pixels between windows, and between the taps of a window.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Zeros around the input; "same" as TensorFlow defines it. A padded tap contributes no term.
    activation : {None, "relu"}
        What follows, in the same pass.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output, filters)

    Raises
    ------
    ValueError
        If the shapes do not fit together, or the kernel does not fit the padded input.

    Notes
    -----
    ``y[n, p, f] = bias[p, f] + Σ_{k, c} weight[p, f, k, c] x[n, p·stride + k·dilation − before,
    c]``: a convolution whose positions share nothing. The sums have their terms in the order of a
    convolution's: where all kernels are equal, the bits are too.

    Examples
    --------
    >>> from fastnn import functional
    >>> weight = [[[[-1], [1]]], [[[2], [0]]]]
    >>> functional.local_conv_forward([[[1], [2], [4]]], weight).tolist()
    [[[1.0], [4.0]]]
    """
    name = "local_conv_forward"
    x, weight = check_images(name, operand(name, "x", x)), real_array(name, "weight", weight)
    window = _window(name, weight, x.shape, stride, padding, dilation)
    places = weight.shape[: len(window.output) + 1]
    if bias is not None:
        bias = real_array(name, "bias", bias)
        check_shape(name, "bias", bias, places)
        bias = bias.reshape(-1)
    dtype, threads = common_dtype(x, weight, bias), resolve(n_threads)
    y = empty_packs(len(x), places, dtype)
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, _filters(weight, places, dtype),
        vector(bias, dtype), is_relu(name, activation), y.rows, window.sizes, x.shape[-1],
        places[-1], threads,
    )  # fmt: skip
    return answer(y, x, threads)


def local_conv_backward_input(
    dy,
    weight,
    input_shape,
    *,
    stride=1,
    padding=0,
    dilation=1,
    relu_output=None,
    n_threads=None,
):
    """Gradient of :func:`local_conv_forward` with respect to its input.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output, filters)
    weight : array_like, shape (*output, filters, *size, C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    stride, padding, dilation
        As in the forward pass.
    relu_output : array_like or Packs, shape input_shape, optional
        The forward pass's `x`, if it came out of a ReLU: `dx` is then taken through that ReLU too,
        ``dx [x > 0]``.
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
    ``dx[n, q, c] = Σ_{p, k, f} weight[p, f, k, c] dy[n, p, f]`` over all ``p·stride + k·dilation −
    before = q``; exactly 0 where no window reads an input.

    Examples
    --------
    >>> from fastnn import functional
    >>> weight = [[[[-1], [1]]], [[[2], [0]]]]
    >>> functional.local_conv_backward_input([[[1], [10]]], weight, (1, 3, 1)).tolist()
    [[[-1.0], [21.0], [0.0]]]
    """
    name = "local_conv_backward_input"
    dy, weight = operand(name, "dy", dy), real_array(name, "weight", weight)
    shape = input_sizes(name, input_shape, dy)
    window = _window(name, weight, shape, stride, padding, dilation)
    places = weight.shape[: len(window.output) + 1]
    check_shape(name, "dy", dy, (shape[0], *places))
    dtype, threads = common_dtype(dy, weight), resolve(n_threads)
    dx = empty_packs(len(dy), shape[1:], dtype)
    _backward_input[dtype](
        packed(dy, dtype, "zero", threads).rows, _filters(weight, places, dtype),
        positive_rows(name, relu_output, dx.shape, dtype), dx.rows, window.sizes, shape[-1],
        places[-1], threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def local_conv_backward_weights(
    x, dy, kernel_size, *, stride=1, padding=0, dilation=1, out=None, n_threads=None
):
    """Gradients of :func:`local_conv_forward` with respect to its weight and bias.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
    dy : array_like or Packs, shape (N, *output, filters)
    kernel_size : int or one per axis
    stride, padding, dilation
        As in the forward pass.
    out : pair of ndarray, optional
        C-contiguous arrays of the result's shapes and dtype to write `dweight` and `dbias` to.
    n_threads : int, optional

    Returns
    -------
    dweight : ndarray, shape (*output, filters, *size, C)
    dbias : ndarray, shape (*output, filters)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dweight[p, f, k, c] = Σ_n dy[n, p, f] x[n, p·stride + k·dilation − before, c]`` and
    ``dbias[p, f] = Σ_n dy[n, p, f]``: sums over the batch; 0 for a tap in the padding.

    Examples
    --------
    >>> from fastnn import functional
    >>> x, dy = [[[1], [2], [4]]], [[[10], [1]]]
    >>> dweight, dbias = functional.local_conv_backward_weights(x, dy, 2)
    >>> dweight.ravel().tolist(), dbias.tolist()
    ([10.0, 20.0, 2.0, 4.0], [[10.0], [1.0]])
    """
    name = "local_conv_backward_weights"
    x, dy = check_images(name, operand(name, "x", x)), operand(name, "dy", dy)
    window = window_of(name, x.shape[1:-1], kernel_size, stride, padding, dilation)
    check_shape(name, "dy", dy, (len(x), *window.output, None))
    channels, filters = x.shape[-1], dy.shape[-1]
    if filters < 1:
        raise ValueError(f"{name}: expected dy of at least one filter, got shape {dy.shape}")
    dtype, threads = common_dtype(x, dy), resolve(n_threads)
    places = (*window.output, filters)
    dweight, dbias = gradient_arrays(name, out, (*places, *window.size, channels), dtype, places)
    _backward_weights[dtype](
        packed(x, dtype, n_threads=threads).rows, packed(dy, dtype, "zero", threads).rows, len(x),
        dweight.reshape(math.prod(places), -1), dbias.reshape(-1), window.sizes, channels, filters,
        threads,
    )  # fmt: skip
    return dweight, dbias


def _window(name, weight, shape, stride, padding, dilation):
    """Return the windows of a weight over samples of this shape, after a check of both."""
    rank = len(shape) - 2
    if weight.ndim != 2 * rank + 2 or 0 in weight.shape:
        raise ValueError(
            f"{name}: expected weight of shape (*output, filters, *size, channels) with "
            f"{2 * rank + 2} axes for samples of shape {tuple(shape[1:])}, got shape {weight.shape}"
        )
    size = weight.shape[rank + 1 : -1]
    window = window_of(name, shape[1:-1], size, stride, padding, dilation)
    check_shape(name, "weight", weight, (*window.output, weight.shape[rank], *size, shape[-1]))
    return window


def _filters(weight, places, dtype):
    """Return weights as a C-contiguous matrix: the filters of all positions, and their terms."""
    return np.ascontiguousarray(weight, dtype).reshape(math.prod(places), -1)
