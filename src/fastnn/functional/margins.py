"""Losses that see scores of classes: what is right, or right by a margin, costs nothing."""

from ._losses import class_loss, element_loss


def hinge(y, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Hinge loss of scores of two classes, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like or Packs, shape (N, ...)
        Scores; a positive one decides for the class 1.
    target : array_like or Packs, shape of y
        −1 and 1, or 0 and 1, which means the same. ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.
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
        If the shapes do not fit together, a target is another number, or a weight is negative.

    Notes
    -----
    ``loss = max(0, 1 − t y)`` with t = ±1, and ``∂loss/∂y = −t`` where that is positive, else 0.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.hinge([[0.5], [0.5]], [1, -1])
    >>> loss, dy.tolist()
    (1.0, [[-0.5], [0.5]])
    """
    return element_loss("hinge", "y", y, target, sample_weight, n_threads, reduction=reduction)


def perceptron(y, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Perceptron loss of scores of two classes, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction, n_threads
        As for :func:`hinge`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        As for :func:`hinge`.

    Notes
    -----
    ``loss = max(0, −t y)`` with t = ±1, and ``∂loss/∂y = −t`` where ``t y ≤ 0``, else 0: gradient
    descent, sample by sample, is Rosenblatt's rule. That a score of 0 is wrong lets weights of 0
    learn.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.perceptron([[0.5], [0.5]], [1, -1])
    >>> loss, dy.tolist()
    (0.25, [[0.0], [0.5]])
    """
    return element_loss("perceptron", "y", y, target, sample_weight, n_threads, reduction=reduction)


def multiclass_hinge(
    y,
    target,
    *,
    margin=1.0,
    class_weight=None,
    ignore_label=None,
    sample_weight=None,
    reduction="mean",
    n_threads=None,
):
    """Hinge loss of the scores of classes, over the last axis.

    Parameters
    ----------
    y : array_like or Packs, shape (N, C) or (N, *spatial, C)
        Scores; the largest decides.
    target : array_like, shape (N,) or (N, *spatial)
        Class labels 0 ... C − 1.
    margin : float
        By how much the score of the label shall be above each other; greater than 0.
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
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a label is out of range, or a weight is negative.
    TypeError
        If labels are not integers.

    Notes
    -----
    The form of Weston and Watkins (Support vector machines for multi-class pattern recognition,
    1999), divided by C as in PyTorch's MultiMarginLoss: at one position, with the label t,
    ``loss = Σ_{i≠t} max(0, margin − y_t + y_i) / C``. Its terms that are positive have the slopes
    1 / C for y_i and −1 / C for y_t.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.multiclass_hinge([[1, 0.5, 3, -1]], [0])
    >>> loss, dy.tolist()
    (0.875, [[-0.5, 0.25, 0.25, 0.0]])
    """
    return class_loss(
        "multiclass_hinge", "y", y, target, sample_weight, n_threads,
        margin=margin, class_weight=class_weight, ignore_label=ignore_label, reduction=reduction,
    )  # fmt: skip
