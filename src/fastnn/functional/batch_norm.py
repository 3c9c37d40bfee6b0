"""Batch normalisation: every channel to mean 0 and variance 1 over the batch and its positions."""

import numpy as np

from fastnn._core import batch_norm_driver as core
from fastnn.checks import positive

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    is_relu,
    operand,
    packed,
    real_array,
    resolve,
    vector,
)

_forward = both(core.batch_norm_forward)
_inference = both(core.batch_norm_inference)
_backward = both(core.batch_norm_backward)


def batch_norm_forward(x, scale=None, shift=None, *, epsilon=1e-5, activation=None, n_threads=None):
    """Normalise every channel by its own mean and variance, as in training.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0: a channel that does not vary gives `shift`.
    activation : {None, "relu"}
        What follows in the same pass.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x
    mean, variance : ndarray, shape (C,), float64
        Over the batch and all positions; the variance is that of these numbers (divided by their
        count), not an estimate. In float64 also where `x` is float32: a float32 mean of 10,000
        would be off by 0.0005. Of a batch of 0 samples both are 0.

    Raises
    ------
    ValueError
        If the shapes do not go together, or `epsilon` is not more than 0.

    Notes
    -----
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Ioffe, Szegedy: Batch normalization,
    2015. Deviations are summed around a number near the mean, so that a large mean takes nothing
    from the variance's digits.

    Examples
    --------
    >>> from fastnn import functional
    >>> y, mean, variance = functional.batch_norm_forward([[1, 5], [3, 5]])
    >>> y.round(3).tolist(), mean.tolist(), variance.tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [2.0, 5.0], [1.0, 0.0])
    """
    name = "batch_norm_forward"
    x, scale, shift = _operands(name, x, scale, shift)
    epsilon = positive(name, "epsilon", epsilon)
    dtype, threads = common_dtype(x, scale, shift), resolve(n_threads)
    y = empty_packs(len(x), x.shape[1:], dtype)
    mean, variance = np.empty((2, x.shape[-1]))
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, len(x), vector(scale, dtype),
        vector(shift, dtype), mean, variance, y.rows, epsilon, is_relu(name, activation), threads,
    )  # fmt: skip
    return answer(y, x, threads), mean, variance


def batch_norm_inference(
    x, mean, variance, scale=None, shift=None, *, epsilon=1e-5, activation=None, n_threads=None
):
    """Normalise every channel by a mean and a variance that are given, as in inference.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    mean, variance : array_like, shape (C,)
        Used in float64; they do not decide the result's dtype.
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0.
    activation : {None, "relu"}
        What follows in the same pass.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, or `epsilon` is not more than 0.

    Notes
    -----
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.batch_norm_inference([[3, 5]], [1, 5], [4, 1]).round(3).tolist()
    [[1.0, 0.0]]
    """
    name = "batch_norm_inference"
    x, scale, shift = _operands(name, x, scale, shift)
    mean, variance = _statistics(name, x, mean, variance)
    epsilon = positive(name, "epsilon", epsilon)
    dtype, threads = common_dtype(x, scale, shift), resolve(n_threads)
    y = empty_packs(len(x), x.shape[1:], dtype)
    _inference[dtype](
        packed(x, dtype, n_threads=threads).rows, mean, variance, vector(scale, dtype),
        vector(shift, dtype), y.rows, epsilon, is_relu(name, activation), threads,
    )  # fmt: skip
    return answer(y, x, threads)


def batch_norm_backward(
    dy, x, mean, variance, scale=None, *, epsilon=1e-5, training=True, n_threads=None
):
    """Gradients of :func:`batch_norm_forward`, or of :func:`batch_norm_inference`.

    Parameters
    ----------
    dy, x : array_like or Packs, equal shapes (N, ..., C)
        Gradient of the output, and the input.
    mean, variance : array_like, shape (C,)
        What the forward pass returned, or was given. Used in float64; they do not decide the
        result's dtype.
    scale : array_like, shape (C,), optional
    epsilon : float
        That of the forward pass.
    training : bool
        Whether mean and variance are those of `x`, through which the gradient goes as well, or
        constants, as in inference.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy
    dscale, dshift : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If the shapes do not go together, or `epsilon` is not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)`` and sums over the M numbers of a channel:
    ``dscale = Σ dy n``, ``dshift = Σ dy``, and ``dx = scale / √(variance + epsilon) · (dy − dshift
    / M − n dscale / M)``, in inference without the last two.

    Examples
    --------
    >>> from fastnn import functional
    >>> x, dy = [[1], [3]], [[1], [2]]
    >>> _, mean, variance = functional.batch_norm_forward(x)
    >>> dx, dscale, dshift = functional.batch_norm_backward(dy, x, mean, variance)
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [1.0], [3.0])
    """
    name = "batch_norm_backward"
    dy = operand(name, "dy", dy)
    x, scale, _ = _operands(name, x, scale, None)
    check_shape(name, "dy", dy, x.shape)
    mean, variance = _statistics(name, x, mean, variance)
    epsilon = positive(name, "epsilon", epsilon)
    dtype, threads = common_dtype(dy, x, scale), resolve(n_threads)
    dx = empty_packs(len(x), x.shape[1:], dtype)
    dscale, dshift = np.empty((2, x.shape[-1]), dtype)
    _backward[dtype](
        packed(dy, dtype, "zero", threads).rows, packed(x, dtype, n_threads=threads).rows, len(x),
        mean, variance, vector(scale, dtype), dx.rows, dscale, dshift, epsilon, bool(training),
        threads,
    )  # fmt: skip
    return answer(dx, dy, threads), dscale, dshift


def _operands(name, x, scale, shift):
    x = operand(name, "x", x)
    if len(x.shape) < 2 or 0 in x.shape[1:]:
        raise ValueError(f"{name}: expected x of shape (N, ..., C), got shape {x.shape}")
    vectors = []
    for what, value in (("scale", scale), ("shift", shift)):
        if value is not None:
            value = real_array(name, what, value)
            check_shape(name, what, value, x.shape[-1:])
        vectors.append(value)
    return x, *vectors


def _statistics(name, x, mean, variance):
    mean, variance = real_array(name, "mean", mean), real_array(name, "variance", variance)
    check_shape(name, "mean", mean, x.shape[-1:])
    check_shape(name, "variance", variance, x.shape[-1:])
    return vector(mean, np.float64), vector(variance, np.float64)
