"""The half of an estimator that predicts numbers."""

from types import MappingProxyType

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array

from fastnn import losses

from .base import takes_parts
from .callbacks import with_callbacks
from .training import Objective
from .validation import r2

LOSSES = "squared_error", "poisson"


class NetworkRegressor(RegressorMixin):
    """What `MLPRegressor` and `CNNRegressor` have in common."""

    _of_targets = MappingProxyType({"y_numeric": True})

    def _checked(self):
        settings = super()._checked()
        settings.check.choice("loss", LOSSES)
        return settings

    def _targets(self, y, settings, incremental):
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(
                f"{settings.who}: loss='poisson' expects targets of at least 0, got "
                f"{y.min():g} (and {np.count_nonzero(y < 0)} below 0)"
            )
        y = y.reshape(len(y), -1).astype(np.float64)
        if hasattr(self, "network_") and (settings.warm_start or incremental):
            self._check_columns(y)
        return y

    def _check_columns(self, y):
        if y.shape[1] != self.n_outputs_:
            raise ValueError(
                f"{type(self).__name__}: expected targets of {self.n_outputs_} numbers a sample, "
                f"as in the first call, got {y.shape[1]}"
            )

    def _encoded(self, y, n):
        y = check_array(y, ensure_2d=False, dtype=np.float64)
        if len(y) != n:
            raise ValueError(
                f"{type(self).__name__}: expected a y_val for every X_val, got {len(y)} of {n}"
            )
        y = y.reshape(len(y), -1)
        self._check_columns(y)
        return y

    def _objective(self, target):
        if self.loss == "poisson":
            self.out_activation_ = "exp"
            y = target.astype(np.float64)
            offset = y * np.log(np.where(y > 0, y, 1)) - y
            return Objective(losses.poisson, 1.0, offset.sum(axis=1))
        self.out_activation_ = "identity"
        return Objective(losses.half_squared_error, 1.0 / target.shape[1])

    def _score_outputs(self, y, target, weight):
        return r2(self._numbers(y), target, weight)

    def _numbers(self, y):
        """Return the numbers that outputs stand for."""
        return np.exp(y) if self.out_activation_ == "exp" else y

    @available_if(takes_parts)
    @with_callbacks
    def partial_fit(self, X, y, sample_weight=None):
        """Go through these data once, from where training is.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_outputs)
        """
        y = self._numbers(self._outputs(X))
        return y[:, 0] if self.n_outputs_ == 1 else y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
