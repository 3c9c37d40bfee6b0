"""Right and wrong decisions: accuracy, precision, recall, F1."""

import numpy as np

from fastnn.checks import one_of
from fastnn.labels import label_array
from fastnn.scoring._arrays import aligned, ratio, weights_of

AVERAGES = ("auto", "binary", "macro", None)


def accuracy(y_true, y_pred, *, sample_weight=None):
    """Share of right decisions.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (N, ...)
        Labels of any kind.
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float
        ``Σ w [y_true = y_pred] / Σ w``; 0 where nothing counts.

    Examples
    --------
    >>> from fastnn.metrics import accuracy
    >>> accuracy(["a", "b", "b", "b"], ["a", "b", "b", "a"])
    0.75
    """
    true, predicted = _labels("accuracy", y_true, y_pred)
    weight = weights_of("accuracy", sample_weight, true.shape)
    return ratio(weight @ (true == predicted).ravel(), weight.sum())


def precision(y_true, y_pred, *, average="auto", positive=None, labels=None, sample_weight=None):
    """Share of what was predicted as a class that is of this class.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (N, ...)
        Labels of any kind.
    average : {"auto", "binary", "macro", None}
        "binary" tells of the class `positive` alone, "macro" gives the mean over all classes that
        occur in `y_true` or `y_pred`, None an array of all; "auto" is binary for two classes, else
        macro.
    positive : label, optional
        By default the last of two sorted labels: 1, True, "yes".
    labels : array_like, optional
        All classes that there are, if some may not occur. By default those that occur, or 0 and 1,
        or −1 and 1, where no others do.
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float, or ndarray of shape (classes,)
        ``TP / (TP + FP)``, in sums of weights; 0 for a class that was never predicted.

    Raises
    ------
    ValueError
        If `average` is "binary" and there are more than two classes.

    Examples
    --------
    >>> from fastnn.metrics import precision
    >>> precision([0, 1, 1, 0], [1, 1, 1, 0], average=None).round(3).tolist()
    [1.0, 0.667]
    """
    counts = _Counts("precision", y_true, y_pred, labels, sample_weight)
    return counts.average(_ratios(counts.hits, counts.predicted), average, positive)


def recall(y_true, y_pred, *, average="auto", positive=None, labels=None, sample_weight=None):
    """Share of a class that was predicted as this class.

    Parameters
    ----------
    y_true, y_pred, average, positive, labels, sample_weight
        As for `precision`.

    Returns
    -------
    float, or ndarray of shape (classes,)
        ``TP / (TP + FN)``, in sums of weights; 0 for a class that never occurs.

    Examples
    --------
    >>> from fastnn.metrics import recall
    >>> recall(["no", "yes", "yes", "no"], ["no", "yes", "no", "no"])
    0.5
    """
    counts = _Counts("recall", y_true, y_pred, labels, sample_weight)
    return counts.average(_ratios(counts.hits, counts.true), average, positive)


def f1(y_true, y_pred, *, average="auto", positive=None, labels=None, sample_weight=None):
    """Harmonic mean of precision and recall.

    Parameters
    ----------
    y_true, y_pred, average, positive, labels, sample_weight
        As for `precision`.

    Returns
    -------
    float, or ndarray of shape (classes,)
        ``2 TP / (2 TP + FP + FN)`` of each class, then averaged; 0 without a hit.

    Examples
    --------
    >>> from fastnn.metrics import f1
    >>> f1([0, 1, 1, 1], [0, 1, 1, 0])
    0.8
    """
    counts = _Counts("f1", y_true, y_pred, labels, sample_weight)
    values = _ratios(2 * counts.hits, counts.true + counts.predicted)
    return counts.average(values, average, positive)


class _Counts:
    """Sums of weights by class: of hits, of what was predicted, and of what is true."""

    def __init__(self, who, y_true, y_pred, labels, sample_weight):
        true, predicted = _labels(who, y_true, y_pred)
        weight = weights_of(who, sample_weight, true.shape)
        true, predicted = true.ravel(), predicted.ravel()
        self.who = who
        self.classes, index = np.unique(np.concatenate([true, predicted]), return_inverse=True)
        index = index.reshape(2, -1)
        same, n = index[0] == index[1], len(self.classes)
        self.true, self.predicted = (np.bincount(of, weight, n) for of in index)
        self.hits = np.bincount(index[0][same], weight[same], n)
        self.known = self.classes
        if labels is not None:
            self.known = np.unique(label_array(who, labels))
        elif self.classes.dtype.kind != "U":
            for pair in (0, 1), (-1, 1):
                if np.isin(self.classes, pair).all():
                    self.known = np.array(pair)
                    break

    def average(self, values, average, positive):
        one_of(self.who, "average", average, AVERAGES)
        if average is None:
            return values
        if average == "macro" or (average == "auto" and len(self.known) > 2 and positive is None):
            return float(values.mean()) if len(values) else 0.0
        if positive is None:
            if len(self.known) > 2:
                raise ValueError(
                    f"{self.who}: expected two classes for a binary average, got "
                    f"{len(self.known)}; say which is positive, or take the macro average"
                )
            positive = self.known[-1] if len(self.known) else None
        found = np.flatnonzero(self.classes == positive)
        return float(values[found[0]]) if len(found) else 0.0


def _labels(who, y_true, y_pred):
    true, predicted = label_array(who, y_true), label_array(who, y_pred)
    if true.size and predicted.size and (true.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        raise TypeError(
            f"{who}: expected labels of one kind, got {true.dtype} and {predicted.dtype}"
        )
    return aligned(who, true, predicted)


def _ratios(part, whole):
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
