"""Losses of numbers: the mean over the batch, and its gradient with respect to y."""

import math

from ._arrays import as_array, positive
from ._losses import check_at_least_0, element_loss


def half_squared_error(y, target, *, sample_weight=None, reduction="mean"):
    """Half the squared error, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like, shape (N, ...)
    target : array_like, shape of y
        ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.

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
    ``loss = Σ (y − t)² / 2`` and ``∂loss/∂y = y − t``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.half_squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (1.0, [[1.0], [0.0]])
    """
    return _scaled_squared_error("half_squared_error", y, target, sample_weight, reduction, 0.5)


def squared_error(y, target, *, sample_weight=None, reduction="mean"):
    """Squared error, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ (y − t)²`` and ``∂loss/∂y = 2 (y − t)``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (2.0, [[2.0], [0.0]])
    """
    return _scaled_squared_error("squared_error", y, target, sample_weight, reduction, 1.0)


def mean_squared_error(y, target, *, sample_weight=None, reduction="mean"):
    """Squared error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ (y − t)² / K`` and ``∂loss/∂y = 2 (y − t) / K`` for a sample of K outputs.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.mean_squared_error([[3, 0]], [[1, 0]])
    >>> loss, dy.tolist()
    (2.0, [[2.0, 0.0]])
    """
    scale = _one_over_outputs("mean_squared_error", y)
    return _scaled_squared_error("mean_squared_error", y, target, sample_weight, reduction, scale)


def mean_absolute_error(y, target, *, sample_weight=None, reduction="mean"):
    """Absolute error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ |y − t| / K`` and ``∂loss/∂y = sign(y − t) / K`` for a sample of K outputs; 0 where
    ``y = t``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.mean_absolute_error([[3, 0]], [[1, 0]])
    >>> loss, dy.tolist()
    (1.0, [[0.5, 0.0]])
    """
    scale = _one_over_outputs("mean_absolute_error", y)

    def loss_of(y_i, t_i):
        return scale * abs(y_i - t_i)

    def gradient_of(y_i, t_i):
        # forward: loss += scale * abs(y_i - t_i)
        if y_i > t_i:
            return scale
        return -scale if y_i < t_i else 0.0 * (y_i - t_i)

    return element_loss(
        "mean_absolute_error", "y", y, target, sample_weight, reduction, loss_of, gradient_of
    )


def huber(y, target, *, delta=1.0, sample_weight=None, reduction="mean"):
    """Huber loss, summed over a sample's outputs: squared errors up to `delta`, then linear.

    Parameters
    ----------
    y, target, sample_weight, reduction
        As for :func:`half_squared_error`.
    delta : float
        Greater than 0.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        As for :func:`half_squared_error`, or if `delta` is not positive.

    Notes
    -----
    With ``e = y − t``, ``loss = e² / 2`` where ``|e| ≤ δ``, else ``δ (|e| − δ / 2)``, and
    ``∂loss/∂y = max(−δ, min(e, δ))`` (Huber, Robust estimation of a location parameter, 1964).

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.huber([[3, 0.5]], [[0, 0]])
    >>> loss, dy.tolist()
    (2.625, [[1.0, 0.5]])
    """
    delta = positive("huber", "delta", delta)

    def loss_of(y_i, t_i):
        error = abs(y_i - t_i)
        return error * error / 2 if error <= delta else delta * (error - delta / 2)

    def gradient_of(y_i, t_i):
        # forward: loss += error * error / 2, or delta * (error - delta / 2)
        if y_i - t_i > delta:
            return delta
        return -delta if y_i - t_i < -delta else y_i - t_i

    return element_loss("huber", "y", y, target, sample_weight, reduction, loss_of, gradient_of)


def poisson(y, target, *, log_input=True, epsilon=1e-8, sample_weight=None, reduction="mean"):
    """Negative log-likelihood of Poisson counts, summed over a sample's outputs.

    Parameters
    ----------
    y, sample_weight, reduction
        As for :func:`half_squared_error`.
    target : array_like, shape of y
        Counts, at least 0. ``(N,)`` and ``(N, 1)`` mean the same.
    log_input : bool
        Whether `y` is the logarithm of the expected count, else that itself.
    epsilon : float
        Without `log_input`, what is added to `y` in logarithms.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        As for :func:`half_squared_error`, or if a target is negative, infinite or NaN.

    Notes
    -----
    ``loss = exp(y) − t y`` and ``∂loss/∂y = exp(y) − t``, or, without `log_input`,
    ``loss = y − t log(y + ε)`` and ``∂loss/∂y = 1 − t / (y + ε)``; ``log t!``, which no parameter
    changes, is left out, and a target of 0 contributes no second term. ``exp(y)`` is ∞ for y above
    709, its gradient in float32 above 88; ``log(y + ε)`` of a negative y is NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.poisson([[0], [0]], [1, 3])
    >>> loss, dy.tolist()
    (1.0, [[0.0], [-1.0]])
    """
    check_at_least_0("poisson", "epsilon", epsilon)

    def check(target):
        if not all(0 <= t < math.inf for t in target.ravel().tolist()):
            raise ValueError("poisson: expected every target finite and at least 0")

    def loss_of(y_i, t_i):
        if log_input:
            return _exp(y_i) - (t_i * y_i if t_i != 0 else 0.0)
        return y_i - (t_i * _log(y_i + epsilon) if t_i != 0 else 0.0)

    def gradient_of(y_i, t_i):
        # forward: loss += exp(y_i) - t_i * y_i, or y_i - t_i * log(y_i + epsilon)
        if log_input:
            return _exp(y_i) - t_i
        return 1.0 - (t_i / (y_i + epsilon) if t_i != 0 else 0.0)

    return element_loss(
        "poisson", "y", y, target, sample_weight, reduction, loss_of, gradient_of, check
    )


def _scaled_squared_error(operation, y, target, sample_weight, reduction, scale):
    def loss_of(y_i, t_i):
        return scale * (y_i - t_i) * (y_i - t_i)

    def gradient_of(y_i, t_i):
        # forward: loss += scale * (y_i - t_i) * (y_i - t_i)
        return scale * 2.0 * (y_i - t_i)

    return element_loss(operation, "y", y, target, sample_weight, reduction, loss_of, gradient_of)


def _one_over_outputs(operation, y):
    return 1.0 / max(math.prod(as_array(operation, "y", y).shape[1:]), 1)


def _exp(value):
    return math.exp(value) if value < 709.7 else math.inf if value == value else value


def _log(value):
    return math.log(value) if value > 0 else -math.inf if value == 0 else math.nan
