"""Losses that see logits: the softmax or sigmoid that makes shares of classes is part of them."""

from ._losses import check_shares, class_loss, element_loss
from ._operands import operand


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
    return class_loss("cross_entropy", logits, target, sample_weight, n_threads)


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
    return element_loss(name, "logits", logits, target, sample_weight, n_threads)
