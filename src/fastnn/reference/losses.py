"""Losses: the mean over the batch, and its gradient with respect to the network's output.

Each loss computes one number and one list of derivatives for every sample; `_mean_over_samples`
turns them into the weighted mean and its gradient.
"""

import math

from ._arrays import as_array, as_floats, as_result, check_shape
from .pointwise import last_axis_rows, logistic, normalised_exponentials


def cross_entropy(logits, target, *, sample_weight=None):
    """Cross-entropy of a softmax over the last axis.

    Parameters
    ----------
    logits : array_like, shape (N, C) or (N, *spatial, C)
        Inputs of the softmax.
    target : array_like
        Class labels 0 ... C - 1 of shape (N,) or (N, *spatial), or non-negative rows of the shape
        of `logits`, whose sum need not be 1.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.

    Returns
    -------
    loss : float
        Weighted mean over the samples of their mean over the spatial positions.
    dlogits : ndarray, shape of logits
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
    At one position ``loss = -sum_i t_i log y_i`` with ``y = softmax(z)``, so
    ``dloss/dz_i = y_i sum_j t_j - t_i``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.cross_entropy([[0, 0], [0, 0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[0.25, -0.25], [-0.25, 0.25]])
    """
    operation = "cross_entropy"
    logits, target = as_array(operation, "logits", logits), as_array(operation, "target", target)
    if logits.ndim < 2:
        raise ValueError(f"{operation}: expected logits (N, ..., C), got shape {logits.shape}")
    weights, sample_weight = _weights(operation, len(logits), sample_weight)
    positions = math.prod(logits.shape[1:-1])
    scale = 1.0 / max(positions, 1)

    rows = last_axis_rows(operation, "logits", logits)
    targets = _target_rows(operation, target, logits.shape)
    losses, gradients = [], []
    for n in range(len(logits)):
        loss, gradient = 0.0, []
        for p in range(n * positions, (n + 1) * positions):
            z, t = rows[p], targets[p]
            largest = max(z)
            log_total = largest + math.log(sum(math.exp(z_i - largest) for z_i in z))
            # log y_i = z_i - log sum_j exp z_j; a target of 0 contributes no term
            loss -= scale * sum(
                t_i * (z_i - log_total) for z_i, t_i in zip(z, t, strict=True) if t_i != 0
            )
            y = normalised_exponentials(z)
            gradient += [scale * (y_i * sum(t) - t_i) for y_i, t_i in zip(y, t, strict=True)]
        losses.append(loss)
        gradients.append(gradient)
    loss, dlogits = _mean_over_samples(losses, gradients, weights)
    rows_target = target if target.shape == logits.shape else None
    return loss, as_result(dlogits, logits.shape, logits, rows_target, sample_weight)


def binary_cross_entropy(logits, target, *, sample_weight=None):
    """Binary cross-entropy of a sigmoid, summed over a sample's outputs.

    Parameters
    ----------
    logits : array_like, shape (N, ...)
        Inputs of the sigmoid.
    target : array_like, shape of logits
        Between 0 and 1. `(N,)` and `(N, 1)` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dlogits : ndarray, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a target is outside 0 ... 1, or a weight is negative.

    Notes
    -----
    ``loss = -(t log y + (1 - t) log(1 - y))`` with ``y = sigmoid(z)``, so ``dloss/dz = y - t``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.binary_cross_entropy([[0], [0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[-0.25], [0.25]])
    """

    def check(target):
        if not all(0 <= t <= 1 for t in as_floats(target, -1)):
            raise ValueError("binary_cross_entropy: expected every target between 0 and 1")

    def loss_of(z, t):
        return t * _softplus(-z) + (1.0 - t) * _softplus(z)

    def gradient_of(z, t):
        # forward: loss += -(t log y + (1 - t) log(1 - y)), y = sigmoid(z)
        return logistic(z) - t

    return _elementwise_loss(
        "binary_cross_entropy", "logits", logits, target, sample_weight, loss_of, gradient_of, check
    )


def half_squared_error(y, target, *, sample_weight=None):
    """Half the squared error, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like, shape (N, ...)
    target : array_like, shape of y
        `(N,)` and `(N, 1)` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together or a weight is negative.

    Notes
    -----
    ``loss = sum (y - t)^2 / 2`` and ``dloss/dy = y - t``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.half_squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (1.0, [[1.0], [0.0]])
    """
    return _scaled_squared_error("half_squared_error", y, target, sample_weight, 0.5)


def squared_error(y, target, *, sample_weight=None):
    """Squared error, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together or a weight is negative.

    Notes
    -----
    ``loss = sum (y - t)^2`` and ``dloss/dy = 2 (y - t)``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (2.0, [[2.0], [0.0]])
    """
    return _scaled_squared_error("squared_error", y, target, sample_weight, 1.0)


def mean_squared_error(y, target, *, sample_weight=None):
    """Squared error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together or a weight is negative.

    Notes
    -----
    ``loss = sum (y - t)^2 / K`` and ``dloss/dy = 2 (y - t) / K`` for a sample of K outputs.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.mean_squared_error([[3, 0]], [[1, 0]])
    >>> loss, dy.tolist()
    (2.0, [[2.0, 0.0]])
    """
    y = as_array("mean_squared_error", "y", y)
    scale = 1.0 / max(math.prod(y.shape[1:]), 1)
    return _scaled_squared_error("mean_squared_error", y, target, sample_weight, scale)


def _scaled_squared_error(operation, y, target, sample_weight, scale):
    def loss_of(y_i, t_i):
        return scale * (y_i - t_i) * (y_i - t_i)

    def gradient_of(y_i, t_i):
        # forward: loss += scale * (y_i - t_i) * (y_i - t_i)
        return scale * 2.0 * (y_i - t_i)

    return _elementwise_loss(operation, "y", y, target, sample_weight, loss_of, gradient_of)


def _elementwise_loss(
    operation, name, y, target, sample_weight, loss_of, gradient_of, check_target=None
):
    """A loss that is a sum over elements, from the loss and the derivative of one element."""
    y, target = as_array(operation, name, y), as_array(operation, "target", target)
    if y.ndim == 0:
        raise ValueError(f"{operation}: expected {name} (N, ...), got a single number")
    samples = len(y)
    one_output = {(samples,), (samples, 1)}
    if not (y.shape in one_output and target.shape in one_output):
        check_shape(operation, "target", target, y.shape)
    if check_target is not None:
        check_target(target)
    weights, sample_weight = _weights(operation, samples, sample_weight)

    outputs = math.prod(y.shape[1:])
    losses, gradients = [], []
    for values, targets in zip(
        as_floats(y, samples, outputs), as_floats(target, samples, outputs), strict=True
    ):
        pairs = list(zip(values, targets, strict=True))
        losses.append(sum(loss_of(value, t) for value, t in pairs))
        gradients.append([gradient_of(value, t) for value, t in pairs])
    loss, dy = _mean_over_samples(losses, gradients, weights)
    return loss, as_result(dy, y.shape, y, target, sample_weight)


def _mean_over_samples(losses, gradients, weights):
    """``sum_n w_n loss_n / sum_n w_n`` and its gradient; both 0 if the weights sum to 0."""
    total = sum(weights)
    if total == 0:
        return 0.0, [[0.0 for _ in gradient] for gradient in gradients]
    shares = [weight / total for weight in weights]
    loss = sum(share * loss for share, loss in zip(shares, losses, strict=True))
    # forward: loss += share * sample_loss
    mean_gradients = [
        [share * derivative for derivative in gradient]
        for share, gradient in zip(shares, gradients, strict=True)
    ]
    return float(loss), mean_gradients


def _weights(operation, samples, sample_weight):
    """The samples' weights as floats, and the operand they came from."""
    if sample_weight is None:
        return [1.0] * samples, None
    sample_weight = as_array(operation, "sample_weight", sample_weight)
    check_shape(operation, "sample_weight", sample_weight, (samples,))
    weights = as_floats(sample_weight)
    if not all(weight >= 0 for weight in weights):
        raise ValueError(f"{operation}: expected every sample_weight to be at least 0")
    return weights, sample_weight


def _target_rows(operation, target, shape):
    """One row of C floats for every position: the given rows, or one-hot rows of the labels."""
    classes = shape[-1]
    if target.shape == shape:
        rows = as_floats(target, -1, classes)
        if any(t < 0 for row in rows for t in row):
            raise ValueError(f"{operation}: expected every element of a target row at least 0")
        return rows
    check_shape(operation, "target labels", target, shape[:-1])
    if target.dtype.kind not in "biu":
        raise TypeError(f"{operation}: expected integer labels, got dtype {target.dtype}")
    rows = []
    for label in target.ravel().tolist():
        if not 0 <= label < classes:
            raise ValueError(f"{operation}: expected labels 0 ... {classes - 1}, got {label}")
        rows.append([1.0 if i == label else 0.0 for i in range(classes)])
    return rows


def _softplus(value):
    """``log(1 + exp(value))`` without overflow."""
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
