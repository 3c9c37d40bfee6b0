"""What depends on the order of scores alone: top-k accuracy, the area under the ROC curve."""

import numpy as np

from fastnn.checks import integer
from fastnn.labels import label_array
from fastnn.scoring._arrays import aligned, numbers, ratio, weights_of


def top_k_accuracy(y_true, scores, k=5, *, sample_weight=None):
    """Share of samples whose class is among the k with the highest scores.

    Parameters
    ----------
    y_true : array_like, shape (N, ...)
        Class numbers 0 … C − 1.
    scores : array_like, shape (N, ..., C)
        Logits or probabilities: anything that grows with the belief in a class.
    k : int
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float
        Of equal scores the first class goes before, so that `k=1` is the accuracy of `argmax`. A
        class whose score is NaN is not found.

    Examples
    --------
    >>> from fastnn.metrics import top_k_accuracy
    >>> top_k_accuracy([0, 2], [[0.5, 0.2, 0.3], [0.5, 0.3, 0.2]], k=2)
    0.5
    """
    who = "top_k_accuracy"
    k, scores, true = integer(who, "k", k), numbers(who, "scores", scores), np.asarray(y_true)
    if scores.ndim < 2 or true.shape != scores.shape[:-1]:
        raise ValueError(
            f"{who}: expected class numbers of shape (N, ...) and scores of shape (N, ..., C), "
            f"got {true.shape} and {scores.shape}"
        )
    classes = scores.shape[-1]
    if true.size and not (
        true.dtype.kind in "biu" and int(true.min()) >= 0 and int(true.max()) < classes
    ):
        raise ValueError(f"{who}: expected class numbers 0 … {classes - 1}, got {true.dtype}")
    weight = weights_of(who, sample_weight, true.shape)
    true = true.astype(np.int64).reshape(-1, 1)
    scores = scores.reshape(-1, classes)
    own = np.take_along_axis(scores, true, axis=1)
    before = (scores > own) | ((scores == own) & (np.arange(classes) < true))
    found = (np.count_nonzero(before, axis=1) < k) & ~np.isnan(own[:, 0])
    return ratio(weight @ found, weight.sum())


def auc(y_true, scores, *, positive=None, sample_weight=None):
    """Area under the ROC curve: how likely a positive sample has a higher score than a negative.

    Parameters
    ----------
    y_true : array_like, shape (N, ...)
        Labels of two classes.
    scores : array_like, shape (N, ...)
        Anything that grows with the belief in the positive class: logits or probabilities.
    positive : label, optional
        By default the last of two sorted labels: 1, True, "yes".
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float
        NaN where a class has no sample, or weighs nothing, or a score is NaN.

    Notes
    -----
    ``Σ w₊ w₋ ([s₊ > s₋] + ½ [s₊ = s₋]) / (Σ w₊ Σ w₋)`` over all pairs, the statistic of Mann and
    Whitney (1947), from the sorted scores.

    Examples
    --------
    >>> from fastnn.metrics import auc
    >>> auc(["no", "no", "yes", "yes"], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    who = "auc"
    true = label_array(who, y_true)
    true, scores = aligned(who, true, numbers(who, "scores", scores))
    weight = weights_of(who, sample_weight, true.shape)
    true, scores = true.ravel(), scores.ravel()
    known = np.unique(true)
    if positive is None:
        if len(known) > 2:
            raise ValueError(f"{who}: expected labels of two classes, got {len(known)}")
        is_number = known.dtype.kind != "U" and np.isin(known, (-1, 0, 1)).all()
        positive = 1 if is_number else (known[-1] if len(known) == 2 else None)
    if positive is None or np.isnan(scores).any():
        return float("nan")
    _, place = np.unique(scores, return_inverse=True)
    is_positive = true == positive
    positives = np.bincount(place, weight * is_positive)
    negatives = np.bincount(place, weight * ~is_positive)
    pairs = positives.sum() * negatives.sum()
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below / pairs) if pairs > 0 else float("nan")
