"""Losses: the weighted mean over the batch, and its gradient with respect to the outputs."""

import math

import numpy as np

from fastnn._core import loss as core

from ._operands import (
    Packs,
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    real_array,
    resolve,
)

_cross_entropy = both(core.cross_entropy)
_elementwise = both(core.elementwise_loss)


def cross_entropy(logits, target, *, sample_weight=None, n_threads=None):
    """Cross-entropy of a softmax over the last axis.

    Parameters
    ----------
    logits : array_like or Packs, shape (N, C) or (N, *spatial, C)
        Inputs of the softmax.
    target : array_like
        Class labels 0 ... C − 1 of shape (N,) or (N, *spatial), or non-negative rows of the shape
        of `logits`, whose sum need not be 1.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    n_threads : int, optional

    Returns
    -------
    loss : float
        Weighted mean over the samples of their mean over the spatial positions.
    dlogits : ndarray or Packs, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a label is out of range, or a weight or an element of a
        row is negative.
    TypeError
        If labels are not integers.

    Notes
    -----
    At one position ``loss = −Σ_i t_i log y_i`` with ``y = softmax(z)``, so
    ``∂loss/∂z_i = y_i Σ_j t_j − t_i``. A target of 0 contributes no term.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dlogits = functional.cross_entropy([[0, 0], [0, 0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[0.25, -0.25], [-0.25, 0.25]])
    """
    name = "cross_entropy"
    logits, target = operand(name, "logits", logits), operand(name, "target", target)
    shape = logits.shape
    if len(shape) < 2 or 0 in shape[1:]:
        raise ValueError(f"{name}: expected logits of shape (N, ..., C), got shape {shape}")
    weights, total = _weights(name, sample_weight, len(logits))
    positions = math.prod(shape[1:-1])
    is_rows = target.shape == shape
    dtype = common_dtype(logits, target if is_rows else None, weights)
    threads = resolve(n_threads)
    if is_rows:
        check_shares(name, target)
        labels, rows = None, packed(target, dtype, n_threads=threads).rows
    else:
        labels, rows = _labels(name, target, shape), None
    dlogits = empty_packs(len(logits), shape[1:], dtype)
    if total == 0:
        return _nothing(dlogits, logits)
    loss = _cross_entropy[dtype](
        packed(logits, dtype, n_threads=threads).rows, labels, rows,
        _shares(weights, total * positions, len(logits)), dlogits.rows, shape[-1], threads,
    )  # fmt: skip
    return loss, answer(dlogits, logits, threads)


def binary_cross_entropy(logits, target, *, sample_weight=None, n_threads=None):
    """Binary cross-entropy of a sigmoid, summed over a sample's outputs.

    Parameters
    ----------
    logits : array_like or Packs, shape (N, ...)
        Inputs of the sigmoid.
    target : array_like, shape of logits
        From 0 to 1. ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    n_threads : int, optional

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dlogits : ndarray or Packs, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a target is outside 0 ... 1, or a weight is negative.

    Notes
    -----
    ``loss = −(t log y + (1 − t) log(1 − y))`` with ``y = sigmoid(z)``, so ``∂loss/∂z = y − t``.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dlogits = functional.binary_cross_entropy([[0], [0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[-0.25], [0.25]])
    """
    name = "binary_cross_entropy"
    target = operand(name, "target", target)
    check_shares(name, target)
    return _elementwise_loss(
        name, core.BINARY, "logits", logits, target, sample_weight, 1.0, n_threads
    )


def half_squared_error(y, target, *, sample_weight=None, n_threads=None):
    """Half the squared error, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like or Packs, shape (N, ...)
    target : array_like, shape of y
        ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    n_threads : int, optional

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together or a weight is negative.

    Notes
    -----
    ``loss = Σ (y − t)² / 2`` and ``∂loss/∂y = y − t``.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.half_squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (1.0, [[1.0], [0.0]])
    """
    return _elementwise_loss(
        "half_squared_error", core.SQUARED, "y", y, target, sample_weight, 0.5, n_threads
    )


def squared_error(y, target, *, sample_weight=None, n_threads=None):
    """Squared error, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, n_threads
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ (y − t)²`` and ``∂loss/∂y = 2 (y − t)``.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (2.0, [[2.0], [0.0]])
    """
    return _elementwise_loss(
        "squared_error", core.SQUARED, "y", y, target, sample_weight, 1.0, n_threads
    )


def mean_squared_error(y, target, *, sample_weight=None, n_threads=None):
    """Squared error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, n_threads
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ (y − t)² / K`` and ``∂loss/∂y = 2 (y − t) / K`` for a sample of K outputs.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.mean_squared_error([[3, 0]], [[1, 0]])
    >>> loss, dy.tolist()
    (2.0, [[2.0, 0.0]])
    """
    name = "mean_squared_error"
    y = operand(name, "y", y)
    scale = 1.0 / max(math.prod(y.shape[1:]), 1)
    return _elementwise_loss(name, core.SQUARED, "y", y, target, sample_weight, scale, n_threads)


def _elementwise_loss(name, kind, what, y, target, sample_weight, scale, n_threads):
    y, target = operand(name, what, y), operand(name, "target", target)
    shape = y.shape
    if len(shape) == 0:
        raise ValueError(f"{name}: expected {what} of shape (N, ...), got a single number")
    one_output = ((len(y),), (len(y), 1))
    if not (shape in one_output and target.shape in one_output):
        check_shape(name, "target", target, shape)
    weights, total = _weights(name, sample_weight, len(y))
    dtype, threads = common_dtype(y, target, weights), resolve(n_threads)
    dy = empty_packs(len(y), shape[1:], dtype)
    if total == 0 or not math.prod(shape):
        return _nothing(dy, y)
    loss = _elementwise[dtype](
        kind, packed(y, dtype, n_threads=threads).rows,
        packed(target, dtype, n_threads=threads).rows, _shares(weights, total, len(y)), scale,
        dy.rows, threads,
    )  # fmt: skip
    return loss, answer(dy, y, threads)


def _weights(name, sample_weight, samples):
    """Return the weights checked (None: all 1) and their sum."""
    if sample_weight is None:
        return None, float(samples)
    weights = real_array(name, "sample_weight", sample_weight)
    check_shape(name, "sample_weight", weights, (samples,))
    if samples and not weights.min() >= 0:
        raise ValueError(
            f"{name}: expected every sample_weight to be at least 0, got {weights.min()}"
        )
    return weights, core.weight_sum(np.ascontiguousarray(weights, np.float64))


def _shares(weights, total, samples):
    """Return what each sample's loss counts in the mean."""
    if weights is None:
        return np.full(samples, 1.0 / total)
    return weights.astype(np.float64) / total


def _nothing(dy, like):
    """Return the loss of no sample, and its gradient."""
    dy.data[...] = 0
    return 0.0, answer(dy, like)


def check_shares(name, target):
    """Raise unless a cross-entropy's target holds shares: at least 0, of two classes at most 1."""
    values = target.data if isinstance(target, Packs) else target
    if not values.size:
        return
    low, high = values.min(), values.max()
    if name == "binary_cross_entropy" and not (low >= 0 and high <= 1):
        raise ValueError(
            f"{name}: expected every target from 0 to 1, got values from {low} to {high}"
        )
    if low < 0:
        raise ValueError(
            f"{name}: expected every element of a target row to be at least 0, got {low}"
        )


def _labels(name, target, shape):
    """Return class labels checked, as a flat int64 vector."""
    if isinstance(target, Packs):
        target = target.unpack()
    check_shape(name, "target labels", target, shape[:-1])
    if target.dtype.kind not in "biu":
        raise TypeError(
            f"{name}: expected integer labels, got dtype {target.dtype}; use .astype(int) if they "
            f"are whole numbers, or rows of shape {shape}"
        )
    if target.size:
        smallest, largest = target.min(), target.max()
        if smallest < 0 or largest >= shape[-1]:
            wrong = smallest if smallest < 0 else largest
            raise ValueError(f"{name}: expected labels 0 ... {shape[-1] - 1}, got {wrong}")
    return np.ascontiguousarray(target, np.int64).reshape(-1)
