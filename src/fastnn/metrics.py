"""Metrics: what `fit` and `evaluate` report beside the loss, by name or with settings.

    "accuracy"  "top_5"  "precision"  "recall"  "f1"  "auc"  "mae"  "rmse"  "r2"

The same as functions of arrays, with sample weights: `accuracy(y_true, y_pred)`, and so on.
"""

import re

import numpy as np

from fastnn import scoring
from fastnn.checks import integer, lookup, one_of
from fastnn.scoring import accuracy, auc, f1, mae, precision, r2, recall, rmse, top_k_accuracy

__all__ = [
    "AUC",
    "F1",
    "MAE",
    "METRICS",
    "R2",
    "RMSE",
    "Accuracy",
    "Metric",
    "Precision",
    "Recall",
    "TopK",
    "accuracy",
    "auc",
    "f1",
    "get",
    "get_all",
    "mae",
    "precision",
    "r2",
    "recall",
    "rmse",
    "top_k_accuracy",
]

SEES = ("labels", "scores", "outputs")
RESERVED = ("loss", "epoch", "seconds", "learning_rate", "samples_per_second")


class Metric:
    """A metric: those below, or your own with a `name` and `__call__(y_true, y_pred)`.

    Attributes
    ----------
    name : str
        The column of the history.
    sees : {"labels", "scores", "outputs"}
        What it compares: the user's own labels with predicted ones; class numbers, (N, ...), with
        the outputs that decide for them, (N, ..., C), or (N,) where one output decides between
        two; or targets that are no classes with outputs.
    greater_is_better : bool

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> class Bias(fn.metrics.Metric):
    ...     name, sees = "bias", "outputs"
    ...     def __call__(self, y_true, y_pred):
    ...         return np.mean(y_pred - y_true)
    >>> net = fn.Sequential([fn.layers.Dense(1)], input_shape=(1,))
    >>> net.parameters[:] = 0
    >>> net.evaluate([[1.0], [2.0]], [2.0, 0.0], loss="mean_squared_error", metrics=[Bias()])
    {'loss': 2.0, 'bias': -1.0}
    """

    name = "metric"
    sees = "labels"
    greater_is_better = True

    def __repr__(self):
        settings = (f"{name}={value!r}" for name, value in vars(self).items() if name != "name")
        return f"{type(self).__name__}({', '.join(settings)})"

    def __call__(self, y_true, y_pred):
        """Compare arrays; return a number."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__")

    def of(self, y_true, y_pred, classes):
        """Compare arrays; `classes` are all labels that there are, or None."""
        return self(y_true, y_pred)

    def check(self, loss, outputs):
        """Raise unless it fits a loss and the shape of a sample's output."""
        one_of(f"metric {self.name}", "sees", self.sees, SEES)
        if self.sees != "outputs" and not loss.decides:
            raise ValueError(
                f"metrics: {self.name} is for classification, {loss.name} has no classes"
            )
        if self.sees == "outputs" and loss.decides:
            raise ValueError(f"metrics: {self.name} is for numbers, {loss.name} compares classes")


class Accuracy(Metric):
    """Share of right decisions; see `accuracy`."""

    name = "accuracy"

    def __call__(self, y_true, y_pred):
        return scoring.accuracy(y_true, y_pred)


class TopK(Metric):
    """Share of samples whose class is among the k with the highest outputs: `top_k_accuracy`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.metrics.TopK(3).name
    'top_3'
    """

    sees = "scores"

    def __init__(self, k=5):
        self.k = integer("TopK", "k", k)
        self.name = f"top_{self.k}"

    def __call__(self, y_true, y_pred):
        return top_k_accuracy(y_true, y_pred, self.k)

    def check(self, loss, outputs):
        super().check(loss, outputs)
        if loss.decides != "largest" or outputs[-1] < self.k:
            classes = outputs[-1] if loss.decides == "largest" else 2
            raise ValueError(
                f"metrics: {self.name} is for at least {self.k} outputs of classes that exclude "
                f"each other, {loss.name} of this network has {classes}"
            )


class Precision(Metric):
    """Precision of one class, or the mean of all; see `precision`.

    Parameters
    ----------
    average : {"auto", "binary", "macro"}
        "auto" is binary for a network that tells two classes apart, else macro.
    positive : label, optional
        The class that it tells of; of two sorted labels the last by default.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.metrics.Precision(positive="yes")(["yes", "no"], ["yes", "yes"])
    0.5
    """

    name = "precision"

    def __init__(self, average="auto", positive=None):
        who = type(self).__name__
        self.average = one_of(who, "average", average, ("auto", "binary", "macro"))
        self.positive = positive

    def __call__(self, y_true, y_pred):
        return self.of(y_true, y_pred, None)

    def of(self, y_true, y_pred, classes):
        how = {"average": self.average, "positive": self.positive, "labels": classes}
        return getattr(scoring, self.name)(y_true, y_pred, **how)


class Recall(Precision):
    """Recall of one class, or the mean of all; see `recall`, and `Precision` for its settings."""

    name = "recall"


class F1(Precision):
    """Harmonic mean of precision and recall; see `f1`, and `Precision` for its settings."""

    name = "f1"


class AUC(Metric):
    """Area under the ROC curve, for two classes or labels that do not exclude each other: `auc`.

    The last of two sorted labels is the positive one. Of several labels all decisions are taken
    together.
    """

    name = "auc"
    sees = "scores"

    def __call__(self, y_true, y_pred):
        if np.ndim(y_pred) == np.ndim(y_true) + 1:  # two outputs: their difference decides
            y_pred = y_pred[..., 1] - y_pred[..., 0]
        return auc(y_true, y_pred)

    def check(self, loss, outputs):
        super().check(loss, outputs)
        if loss.decides == "largest" and outputs[-1] != 2:
            raise ValueError(
                f"metrics: auc is for two classes, the network tells {outputs[-1]} apart"
            )


class MAE(Metric):
    """Mean absolute error; see `mae`."""

    name = "mae"
    sees = "outputs"
    greater_is_better = False

    def __call__(self, y_true, y_pred):
        return mae(y_true, y_pred)


class RMSE(MAE):
    """Root of the mean squared error; see `rmse`."""

    name = "rmse"

    def __call__(self, y_true, y_pred):
        return rmse(y_true, y_pred)


class R2(MAE):
    """Coefficient of determination; see `r2`."""

    name = "r2"
    greater_is_better = True

    def __call__(self, y_true, y_pred):
        return r2(y_true, y_pred)


class Function(Metric):
    """A function `(y_true, y_pred)` of labels, or of outputs where there are no labels."""

    sees = None

    def __init__(self, function):
        self.function, self.name = function, getattr(function, "__name__", "metric")

    def __call__(self, y_true, y_pred):
        return self.function(y_true, y_pred)

    def check(self, loss, outputs):
        """It fits any loss."""


METRICS = {kind.name: kind for kind in (Accuracy, Precision, Recall, F1, AUC, MAE, RMSE, R2)}


def get(metric):
    """Return the metric of this name; a `Metric` is one already, a function becomes one.

    Raises
    ------
    ValueError
        If the name is not known.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.metrics.get("top_3").k
    3
    """
    if isinstance(metric, str):
        if match := re.fullmatch(r"top_([1-9]\d{0,8})", metric):
            return TopK(int(match[1]))
        return lookup("metric", metric, METRICS)()
    if isinstance(metric, type) and issubclass(metric, Metric):
        raise TypeError(f"metrics: expected a metric, got its class; write {metric.__name__}()")
    if isinstance(metric, Metric):
        return metric
    if not callable(metric):
        raise TypeError(
            f"metrics: expected names, metrics or functions (y_true, y_pred), got {metric!r}"
        )
    return Function(metric)


def get_all(metrics):
    """Return a list of metrics, each with a name of its own."""
    if isinstance(metrics, (str, Metric)) or callable(metrics):
        raise TypeError(f"metrics: expected a list of metrics, got {metrics!r}")
    found = [get(metric) for metric in metrics]
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1 or name in RESERVED:
            raise ValueError(f"metrics: expected names of their own, got {', '.join(names)}")
    return found
