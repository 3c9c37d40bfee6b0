"""Losses that see logits: the softmax or sigmoid that makes shares of classes is part of them."""

from ._losses import class_loss, element_loss


def cross_entropy(
    logits,
    target,
    *,
    label_smoothing=0.0,
    class_weight=None,
    ignore_label=None,
    sample_weight=None,
    reduction="mean",
    n_threads=None,
):
    """Cross-entropy of a softmax over the last axis.

    Parameters
    ----------
    logits : array_like or Packs, shape (N, C) or (N, *spatial, C)
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
    n_threads : int, optional

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dlogits : ndarray or Packs, shape of logits
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
    >>> from fastnn import functional
    >>> loss, dlogits = functional.cross_entropy([[0, 0], [0, 0]], [1, 0])
    >>> round(loss, 6), dlogits.tolist()
    (0.693147, [[0.25, -0.25], [-0.25, 0.25]])
    """
    return class_loss(
        "cross_entropy", "logits", logits, target, sample_weight, n_threads,
        label_smoothing=label_smoothing, class_weight=class_weight, ignore_label=ignore_label,
        reduction=reduction,
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
    n_threads=None,
):
    """Focal loss of a softmax over the last axis: cross-entropy that counts what is right less.

    Parameters
    ----------
    logits, target, class_weight, ignore_label, sample_weight, reduction, n_threads
        As for :func:`cross_entropy`.
    gamma : float
        At least 0, which is the cross-entropy.

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dlogits : ndarray or Packs, shape of logits
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
    >>> from fastnn import functional
    >>> loss, dlogits = functional.focal([[0, 0]], [1])
    >>> round(loss, 6), [round(slope, 6) for slope in dlogits[0].tolist()]
    (0.173287, [0.298287, -0.298287])
    """
    return class_loss(
        "focal", "logits", logits, target, sample_weight, n_threads,
        gamma=gamma, class_weight=class_weight, ignore_label=ignore_label, reduction=reduction,
    )  # fmt: skip


def kl_divergence(logits, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Kullback–Leibler divergence of a target distribution from a softmax over the last axis.

    Parameters
    ----------
    logits : array_like or Packs, shape (N, ..., C)
        Inputs of the softmax. Logarithms of probabilities are logits too.
    target : array_like or Packs, shape of logits
        Non-negative rows, whose sum need not be 1.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.
    n_threads : int, optional

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dlogits : ndarray or Packs, shape of logits
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
    >>> from fastnn import functional
    >>> loss, dlogits = functional.kl_divergence([[0, 0]], [[0.25, 0.75]])
    >>> round(loss, 6), dlogits.tolist()
    (0.130812, [[0.25, -0.25]])
    """
    return class_loss(
        "kl_divergence", "logits", logits, target, sample_weight, n_threads, reduction=reduction
    )


def binary_cross_entropy(logits, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Binary cross-entropy of a sigmoid, summed over a sample's outputs.

    Parameters
    ----------
    logits : array_like or Packs, shape (N, ...)
        Inputs of the sigmoid.
    target : array_like, shape of logits
        From 0 to 1. ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.
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
    return element_loss(
        "binary_cross_entropy", "logits", logits, target, sample_weight, n_threads,
        reduction=reduction,
    )  # fmt: skip


def binary_focal(
    logits, target, *, gamma=2.0, sample_weight=None, reduction="mean", n_threads=None
):
    """Focal loss of a sigmoid, summed over a sample's outputs.

    Parameters
    ----------
    logits, target, sample_weight, reduction, n_threads
        As for :func:`binary_cross_entropy`.
    gamma : float
        At least 0, which is the binary cross-entropy.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dlogits : ndarray or Packs, shape of logits
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
    >>> from fastnn import functional
    >>> loss, dlogits = functional.binary_focal([[0], [0]], [1, 0])
    >>> round(loss, 6), [round(slope, 6) for slope in dlogits[:, 0].tolist()]
    (0.173287, [-0.149143, 0.149143])
    """
    return element_loss(
        "binary_focal", "logits", logits, target, sample_weight, n_threads,
        gamma=gamma, reduction=reduction,
    )  # fmt: skip
