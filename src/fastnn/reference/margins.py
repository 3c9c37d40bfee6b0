"""Losses that see scores of classes: what is right, or right by a margin, costs nothing."""

from ._arrays import positive
from ._losses import class_loss, element_loss


def hinge(y, target, *, sample_weight=None, reduction="mean"):
    """Hinge loss of scores of two classes, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like, shape (N, ...)
        Scores; a positive one decides for the class 1.
    target : array_like, shape of y
        −1 and 1, or 0 and 1, which means the same. ``(N,)`` and ``(N, 1)`` mean the same.
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
        If the shapes do not fit together, a target is another number, or a weight is negative.

    Notes
    -----
    ``loss = max(0, 1 − t y)`` with t = ±1, and ``∂loss/∂y = −t`` where that is positive, else 0.

    Examples
    --------
    >>> from fastnn import reference
    >>> loss, dy = reference.hinge([[0.5], [0.5]], [1, -1])
    >>> loss, dy.tolist()
    (1.0, [[-0.5], [0.5]])
    """

    def loss_of(y_i, t_i):
        return _positive_part(1.0 - _side(t_i) * y_i)

    def gradient_of(y_i, t_i):
        # forward: loss += max(0, 1 - side * y_i)
        return 0.0 if 1.0 - _side(t_i) * y_i <= 0 else -_side(t_i)

    return element_loss(
        "hinge", "y", y, target, sample_weight, reduction, loss_of, gradient_of,
        lambda target: _check_signs("hinge", target),
    )  # fmt: skip


def perceptron(y, target, *, sample_weight=None, reduction="mean"):
    """Perceptron loss of scores of two classes, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction
        As for :func:`hinge`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray, shape of y
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
    >>> from fastnn import reference
    >>> loss, dy = reference.perceptron([[0.5], [0.5]], [1, -1])
    >>> loss, dy.tolist()
    (0.25, [[0.0], [0.5]])
    """

    def loss_of(y_i, t_i):
        return _positive_part(-_side(t_i) * y_i)

    def gradient_of(y_i, t_i):
        # forward: loss += max(0, -side * y_i); at 0 the slope of what is wrong
        return 0.0 if _side(t_i) * y_i > 0 else -_side(t_i)

    return element_loss(
        "perceptron", "y", y, target, sample_weight, reduction, loss_of, gradient_of,
        lambda target: _check_signs("perceptron", target),
    )  # fmt: skip


def multiclass_hinge(
    y,
    target,
    *,
    margin=1.0,
    class_weight=None,
    ignore_label=None,
    sample_weight=None,
    reduction="mean",
):
    """Hinge loss of the scores of classes, over the last axis.

    Parameters
    ----------
    y : array_like, shape (N, C) or (N, *spatial, C)
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

    Returns
    -------
    loss : float
        Weighted mean over the samples and their spatial positions.
    dy : ndarray, shape of y
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
    >>> from fastnn import reference
    >>> loss, dy = reference.multiclass_hinge([[1, 0.5, 3, -1]], [0])
    >>> loss, dy.tolist()
    (0.875, [[-0.5, 0.25, 0.25, 0.0]])
    """
    margin = positive("multiclass_hinge", "margin", margin)

    def loss_and_gradient(z, t):
        label, classes, broken = t.index(1.0), len(z), 0
        loss, gradient = 0.0, [0.0] * classes
        for i in range(classes):
            gap = margin - z[label] + z[i]
            if i != label and not gap <= 0:  # NaN too
                loss += gap / classes
                # forward: loss += (margin - z[label] + z[i]) / classes
                gradient[i] = 1.0 / classes
                broken += 1
        gradient[label] = -broken / classes
        return loss, gradient

    return class_loss(
        "multiclass_hinge", "y", y, target, sample_weight, reduction, loss_and_gradient,
        class_weight=class_weight, ignore_label=ignore_label, takes_rows=False,
    )  # fmt: skip


def _positive_part(value):
    """The larger of 0 and `value`; NaN stays."""
    return 0.0 if value <= 0 else value


def _side(target):
    return 1.0 if target > 0 else -1.0


def _check_signs(operation, target):
    values = set(target.ravel().tolist())
    if not (values <= {-1, 1} or values <= {0, 1}):
        raise ValueError(f"{operation}: expected targets -1 and 1, or 0 and 1")
