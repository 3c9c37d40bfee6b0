"""What all losses do with their operands: check, weigh, and let the compiled core do the rest."""

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

_mean_loss = both(core.mean_loss)

# The kernel of every loss, and the factor of an element's loss; None: one over the outputs.
KERNELS = {
    "half_squared_error": ("squared", 0.5),
    "squared_error": ("squared", 1.0),
    "mean_squared_error": ("squared", None),
    "binary_cross_entropy": ("binary_cross_entropy", 1.0),
    "cross_entropy": ("cross_entropy", 1.0),
}
OF_CLASSES = ("cross_entropy",)


def loss_settings(name, shape):
    """Return what the compiled core is told of a loss, for samples of this shape."""
    kernel, scale = KERNELS[name]
    return {
        "kind": kernel,
        "scale": 1.0 / max(math.prod(shape), 1) if scale is None else scale,
        "channels": shape[-1] if name in OF_CLASSES else 1,
    }


def element_loss(name, what, y, target, sample_weight, n_threads):
    """Return a loss that compares each output with a target, and its gradient."""
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
    loss = _mean_loss[dtype](
        loss_settings(name, shape[1:]), packed(y, dtype, n_threads=threads).rows, None,
        packed(target, dtype, n_threads=threads).rows, _shares(weights, total, len(y)), dy.rows,
        threads,
    )  # fmt: skip
    return loss, answer(dy, y, threads)


def class_loss(name, logits, target, sample_weight, n_threads):
    """Return a loss that compares the outputs of a position with a class, and its gradient."""
    logits, target = operand(name, "logits", logits), operand(name, "target", target)
    shape = logits.shape
    if len(shape) < 2 or 0 in shape[1:]:
        raise ValueError(f"{name}: expected logits of shape (N, ..., C), got shape {shape}")
    weights, total = _weights(name, sample_weight, len(logits))
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
    shares = _shares(weights, total * math.prod(shape[1:-1]), len(logits))
    loss = _mean_loss[dtype](
        loss_settings(name, shape[1:]), packed(logits, dtype, n_threads=threads).rows, labels,
        rows, shares, dlogits.rows, threads,
    )  # fmt: skip
    return loss, answer(dlogits, logits, threads)


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
