"""The half of an estimator that tells classes apart: labels, probabilities, decisions."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from fastnn import functional, losses
from fastnn.labels import class_weights

from .base import takes_parts
from .callbacks import with_callbacks
from .training import Objective
from .validation import accuracy

LABELS = "binary", "multiclass", "multilabel-indicator"
SHOWN = 8  # labels in a message


def some(labels):
    """Return labels as text, the first of them."""
    shown = ", ".join(map(repr, np.asarray(labels)[:SHOWN].tolist()))
    return f"[{shown}{', …' if len(labels) > SHOWN else ''}]"


class NetworkClassifier(ClassifierMixin):
    """What `MLPClassifier` and `CNNClassifier` have in common."""

    loss = "log_loss"  # as scikit-learn calls it

    # --- targets -------------------------------------------------------------------------------

    def _labels(self, y):
        """Return labels as an array, and whether they are rows of 0 and 1."""
        if hasattr(y, "toarray"):
            y = y.toarray()
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        kind = type_of_target(y, input_name="y")
        if kind not in (*LABELS, "multiclass-multioutput"):
            raise ValueError(
                f"{type(self).__name__}: Unknown label type: {kind}. A classifier expects classes; "
                f"for numbers use a regressor"
            )
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{type(self).__name__}: expected one label a sample, or rows of 0 and 1, got y of "
                f"shape {y.shape} with other values; use sklearn.multioutput.MultiOutputClassifier"
            )
        return y, kind == "multilabel-indicator"

    def _targets(self, y, settings, incremental):
        y, several = self._labels(y)
        known = hasattr(self, "classes_") and (settings.warm_start or incremental)
        if not known:
            self._several = several
            self.classes_ = np.arange(y.shape[1]) if several else np.unique(y)
        self._check_kind(y, several)
        if not several and settings.warm_start and known:
            self._check_same(np.unique(y))
        return self._numbers(y)

    def _check_kind(self, y, several):
        """Raise unless labels are as those before: each one, or rows of as many."""
        columns = y.shape[1] if several else None
        expected = len(self.classes_) if self._several else None
        if columns != expected:
            before = "one label a sample" if expected is None else f"{expected} labels a sample"
            raise ValueError(
                f"{type(self).__name__}: expected {before}, as in the first call, got y of shape "
                f"{y.shape}"
            )

    def _check_same(self, classes):
        if set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )

    def _numbers(self, y):
        """Return labels as the loss takes them."""
        if self._several:
            return y.astype(np.float64)
        index = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        wrong = self.classes_[index] != y
        if wrong.any():
            raise ValueError(
                f"{type(self).__name__}: y has {np.count_nonzero(wrong)} labels that are not among "
                f"the classes of the first call: {some(np.unique(y[wrong]))}, the first at index "
                f"{int(np.argmax(wrong))}; `self.classes_` has {some(self.classes_)}"
            )
        if len(self.classes_) > 2:
            return index.astype(np.int64, copy=False)
        return (index == 1).astype(np.float64)[:, None]

    def _encoded(self, y, n):
        y, several = self._labels(y)
        if len(y) != n:
            raise ValueError(
                f"{type(self).__name__}: expected a y_val for every X_val, got {len(y)} of {n}"
            )
        self._check_kind(y, several)
        return self._numbers(y)

    def _strata(self, target):
        return target[:, 0] if target.ndim == 2 and not self._several else None

    def _weighted(self, weight, target):
        if self.class_weight is None:
            return weight
        who = type(self).__name__
        if self._several:
            raise ValueError(f"{who}: class_weight is for one label a sample, got rows of labels")
        index = target if target.ndim == 1 else (target[:, 0] > 0.5).astype(np.int64)
        factors = class_weights(who, self.class_weight, self.classes_, index)
        if isinstance(self.class_weight, str):
            factors = factors * (len(index) / len(self.classes_))
        return factors if weight is None else weight * factors

    def _objective(self, target):
        several = target.dtype == np.int64
        self.out_activation_ = "softmax" if several else "logistic"
        return Objective(losses.cross_entropy if several else losses.binary_cross_entropy)

    def _score_outputs(self, y, target, weight):
        if target.dtype == np.int64:
            return accuracy(y.argmax(axis=1) == target, weight)
        return accuracy(((y > 0) == (target > 0.5)).all(axis=1), weight)

    # --- parts ---------------------------------------------------------------------------------

    @available_if(takes_parts)
    @with_callbacks
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Go through these data once, from where training is.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like, shape (n_classes,)
            All labels that any call will bring; needed in the first.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `y` holds a label that is none of them, or `classes` are not those of before.
        """
        who = type(self).__name__
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError(f"{who}: classes must be passed on the first call to partial_fit")
            self._several = self._labels(y)[1]
            self.classes_ = np.unique(np.asarray(classes))
            if self._several:
                self.classes_ = np.arange(np.shape(y)[1])
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise ValueError(
                f"{who}: `classes={some(np.unique(classes))}` is not the same as on the last call "
                f"to partial_fit, was: {some(self.classes_)}"
            )
        return self._partial_fit(X, y, sample_weight)

    # --- predictions ---------------------------------------------------------------------------

    def predict(self, X):
        """Predict labels.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples,), or (n_samples, n_classes) of 0 and 1
        """
        y = self._outputs(X)
        if self._several:
            return (y > 0).astype(int)
        index = y.argmax(axis=1) if self.n_outputs_ > 1 else (y[:, 0] > 0).astype(int)
        return self.classes_[np.minimum(index, len(self.classes_) - 1)]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            In the order of `classes_`; each by itself for labels that do not exclude each other.
        """
        return self._probabilities(X, functional.softmax_forward, functional.sigmoid_forward)

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class, exact also where that is tiny.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
        """

        def of_sigmoid(y):
            return -functional.softplus_forward(-y)

        return self._probabilities(X, functional.log_softmax_forward, of_sigmoid)

    def _probabilities(self, X, of_classes, of_one):
        check_is_fitted(self)
        y = self._outputs(X)
        if self.n_outputs_ > 1 and not self._several:
            return of_classes(y)
        if self._several:
            return of_one(y)
        return of_one(np.concatenate([-y, y], axis=1))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
