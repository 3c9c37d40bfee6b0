"""Losses that see logits: the softmax or sigmoid that makes shares of classes is part of them."""

import math

from ._arrays import as_floats
from ._elementwise import logistic
from ._losses import check_at_least_0, class_loss, element_loss
from .softmax import log_shares, normalised_exponentials


def cross_entropy(
    logits,
    target,
    *,
    label_smoothing=0.0,
    class_weight=None,
    ignore_label=None,
    sample_weight=None,
    reduction="mean",
):
    """Cross-entropy of a softmax over the last axis.

    Parameters
    ----------
    logits : array_like, shape (N, C) or (N, *spatial, C)
        Inputs of the softmax.
    target : array_like
        Class labels 0 ... C − 1 of shape (N,) or (N, *spatial), or non-negative rows of the shape
        of `logits`, whose sum need not be 1.
    label_smoothing : float
        From 0 to 1: this share ε of a target is spread evenly over the classes.
    class_weight : array_like, shape (C,), optional
        Factors of the weights of samples, or of positions, by their label.
    ignore_label : int, optional
        Samples, or positions, with this label count in no sum.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dlogits : ndarray, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a label is out of range, a weight is negative, an element
        of a row is negative, infinite or NaN, or `class_weight` comes with rows.
    TypeError
        If labels are not integers.

    Notes
    -----
    At one position ``loss = −Σ_i t_i log y_i`` with ``y = softmax(z)``, so
    ``∂loss/∂z_i = y_i Σ_j t_j − t_i``. A target of 0 contributes no term. Smoothing makes
    ``(1 − ε) t_i + ε Σ_j t_j / C`` of t_i (Szegedy et al., Rethinking the Inception architecture,
    2016); a class weight is then that of the label, for the whole of ``loss``.

    Logits may be as large as their type holds; a logit of −∞ is a class that is impossible (its
    loss is ∞), a row of −∞ only, or a logit of ∞, makes NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.cross_entropy([[0, 0], [0, 0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[0.25, -0.25], [-0.25, 0.25]])
    """
    operation = "cross_entropy"
    check_at_least_0(operation, "label_smoothing", label_smoothing)
    if label_smoothing > 1:
        raise ValueError(f"{operation}: expected label_smoothing of at most 1")

    def loss_and_gradient(z, t):
        keep, spread = 1.0 - label_smoothing, label_smoothing * sum(t) / len(t)
        t = [keep * t_i + spread for t_i in t]
        y, log_y = normalised_exponentials(z), log_shares(z)
        # a target of 0 contributes no term
        loss = -sum(t_i * l_i for t_i, l_i in zip(t, log_y, strict=True) if t_i != 0)
        return loss, [y_i * sum(t) - t_i for y_i, t_i in zip(y, t, strict=True)]

    return class_loss(
        operation, "logits", logits, target, sample_weight, reduction, loss_and_gradient,
        class_weight=class_weight, ignore_label=ignore_label,
    )  # fmt: skip


def focal(
    logits,
    target,
    *,
    gamma=2.0,
    class_weight=None,
    ignore_label=None,
    sample_weight=None,
    reduction="mean",
):
    """Focal loss of a softmax over the last axis: cross-entropy that counts what is right less.

    Parameters
    ----------
    logits, target, class_weight, ignore_label, sample_weight, reduction
        As for :func:`cross_entropy`.
    gamma : float
        At least 0, which is the cross-entropy.

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dlogits : ndarray, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError, TypeError
        As for :func:`cross_entropy`, or if `gamma` is negative.

    Notes
    -----
    At one position ``loss = −Σ_i t_i (1 − y_i)^γ log y_i`` with ``y = softmax(z)`` (Lin et al.,
    Focal loss for dense object detection, 2017), so ``∂loss/∂z_i = y_i Σ_j p_j − p_i`` with
    ``p = t (1 − y)^(γ − 1) (1 − y − γ y log y)``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.focal([[0, 0]], [1])
    >>> round(loss, 6), [round(slope, 6) for slope in dlogits[0].tolist()]
    (0.173287, [0.298287, -0.298287])
    """
    operation = "focal"
    check_at_least_0(operation, "gamma", gamma)

    def loss_and_gradient(z, t):
        y, loss, pulls = normalised_exponentials(z), 0.0, []
        for y_i, l_i, t_i in zip(y, log_shares(z), t, strict=True):
            rest = -math.expm1(l_i)  # 1 - y_i
            if t_i == 0:
                pulls.append(0.0)
                continue
            loss -= t_i * rest**gamma * l_i
            # -dloss / dlog y_i; at y_i = 1 that is t_i where gamma is 0, else 0
            pull = rest**gamma
            if rest > 0 and y_i > 0:
                pull -= gamma * y_i * rest ** (gamma - 1) * l_i
            pulls.append(t_i * pull)
        return loss, [y_i * sum(pulls) - pull for y_i, pull in zip(y, pulls, strict=True)]

    return class_loss(
        operation, "logits", logits, target, sample_weight, reduction, loss_and_gradient,
        class_weight=class_weight, ignore_label=ignore_label,
    )  # fmt: skip


def kl_divergence(logits, target, *, sample_weight=None, reduction="mean"):
    """Kullback–Leibler divergence of a target distribution from a softmax over the last axis.

    Parameters
    ----------
    logits : array_like, shape (N, ..., C)
        Inputs of the softmax. Logarithms of probabilities are logits too.
    target : array_like, shape of logits
        Non-negative rows, whose sum need not be 1.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dlogits : ndarray, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a weight is negative, or an element of the target is
        negative, infinite or NaN.

    Notes
    -----
    At one position ``loss = Σ_i t_i (log t_i − log y_i)`` with ``y = softmax(z)``, so
    ``∂loss/∂z_i = y_i Σ_j t_j − t_i``. A target of 0 contributes no term.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.kl_divergence([[0, 0]], [[0.25, 0.75]])
    >>> round(loss, 6), dlogits.tolist()
    (0.130812, [[0.25, -0.25]])
    """

    def loss_and_gradient(z, t):
        y, log_y = normalised_exponentials(z), log_shares(z)
        loss = sum(
            t_i * (math.log(t_i) - l_i) for t_i, l_i in zip(t, log_y, strict=True) if t_i != 0
        )
        return loss, [y_i * sum(t) - t_i for y_i, t_i in zip(y, t, strict=True)]

    return class_loss(
        "kl_divergence", "logits", logits, target, sample_weight, reduction, loss_and_gradient,
        takes_labels=False,
    )  # fmt: skip


def binary_cross_entropy(logits, target, *, sample_weight=None, reduction="mean"):
    """Binary cross-entropy of a sigmoid, summed over a sample's outputs.

    Parameters
    ----------
    logits : array_like, shape (N, ...)
        Inputs of the sigmoid.
    target : array_like, shape of logits
        From 0 to 1. ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.

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
    ``loss = −(t log y + (1 − t) log(1 − y))`` with ``y = sigmoid(z)``, so ``∂loss/∂z = y − t``.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.binary_cross_entropy([[0], [0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[-0.25], [0.25]])
    """

    def loss_of(z, t):
        return t * _softplus(-z) + (1.0 - t) * _softplus(z)

    def gradient_of(z, t):
        # forward: loss += -(t log y + (1 - t) log(1 - y)), y = sigmoid(z)
        return logistic(z) - t

    return element_loss(
        "binary_cross_entropy", "logits", logits, target, sample_weight, reduction, loss_of,
        gradient_of, lambda target: _check_shares("binary_cross_entropy", target),
    )  # fmt: skip


def binary_focal(logits, target, *, gamma=2.0, sample_weight=None, reduction="mean"):
    """Focal loss of a sigmoid, summed over a sample's outputs.

    Parameters
    ----------
    logits, target, sample_weight, reduction
        As for :func:`binary_cross_entropy`.
    gamma : float
        At least 0, which is the binary cross-entropy.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dlogits : ndarray, shape of logits
        Gradient of `loss`.

    Raises
    ------
    ValueError
        As for :func:`binary_cross_entropy`, or if `gamma` is negative.

    Notes
    -----
    ``loss = −t (1 − y)^γ log y − (1 − t) y^γ log(1 − y)`` with ``y = sigmoid(z)`` (Lin et al.,
    Focal loss for dense object detection, 2017), so
    ``∂loss/∂z = t (1 − y)^γ (γ y log y + y − 1) − (1 − t) y^γ (γ (1 − y) log(1 − y) − y)``.
    Instead of their factor α, give samples weights.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dlogits = reference.binary_focal([[0], [0]], [1, 0])
    >>> round(loss, 6), [round(slope, 6) for slope in dlogits[:, 0].tolist()]
    (0.173287, [-0.149143, 0.149143])
    """
    check_at_least_0("binary_focal", "gamma", gamma)

    def cost(z):  # of a target of 1
        return logistic(-z) ** gamma * _softplus(-z)

    def slope(z):
        # forward: (1 - y)^gamma (-log y), y = sigmoid(z)
        y, log_y = logistic(z), -_softplus(-z)
        return logistic(-z) ** gamma * (gamma * (y * log_y if y > 0 else 0.0) - logistic(-z))

    def loss_of(z, t):
        return (t * cost(z) if t != 0 else 0.0) + ((1.0 - t) * cost(-z) if t != 1 else 0.0)

    def gradient_of(z, t):
        # forward: loss += t * cost(z) + (1 - t) * cost(-z)
        return (t * slope(z) if t != 0 else 0.0) - ((1.0 - t) * slope(-z) if t != 1 else 0.0)

    return element_loss(
        "binary_focal", "logits", logits, target, sample_weight, reduction, loss_of, gradient_of,
        lambda target: _check_shares("binary_focal", target),
    )  # fmt: skip


def _check_shares(operation, target):
    if not all(0 <= t <= 1 for t in as_floats(target, -1)):
        raise ValueError(f"{operation}: expected every target between 0 and 1")


def _softplus(value):
    """``log(1 + exp(value))`` without overflow."""
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
