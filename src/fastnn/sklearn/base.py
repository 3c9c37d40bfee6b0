"""What all estimators have in common: how they fit, and what they then know."""

import contextlib
from types import MappingProxyType

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fastnn._core.threads import set_own_threads
from fastnn.finite import all_finite
from fastnn.labels import sample_weights

from . import parameters
from .building import draw_seed
from .callbacks import CallbackSupportMixin, Tasks, with_callbacks
from .samples import Batches, outputs
from .solving import Solver
from .splitting import split
from .training import Descent, not_finite, search
from .validation import Validation
from .weights import Weights

REAL = (np.float64, np.float32)


@contextlib.contextmanager
def own_threads(n):
    """Run what this thread of Python asks for on n threads; None: on as many as ever."""
    if n is None:
        yield
        return
    before = set_own_threads(n)
    try:
        yield
    finally:
        set_own_threads(before)


def takes_parts(estimator):
    """Whether an estimator has `partial_fit`."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"{type(estimator).__name__}: partial_fit is only available for stochastic solvers, "
            f"adam and sgd; lbfgs is not stochastic"
        )
    return True


class NetworkEstimator(CallbackSupportMixin, BaseEstimator):
    """A network of fastnn as an estimator of scikit-learn; see `MLPClassifier`."""

    # --- what a kind of estimator says ---------------------------------------------------------

    def _checked(self):
        """Return the checked parameters."""
        return parameters.checked(self)

    def _network(self, settings, outputs, dtype):
        """Return a new network, and the places of the layers that hidden layers end with."""
        raise NotImplementedError

    def _targets(self, y, settings, incremental):
        """Return y as the loss takes it, having found what its outputs are."""
        raise NotImplementedError

    def _objective(self, target):
        """Return the `Objective` of these targets."""
        raise NotImplementedError

    def _score_outputs(self, y, target, weight):
        """Return the score of outputs."""
        raise NotImplementedError

    def _read(self, X, y="no_validation", *, reset):
        """Return X checked, and y if it is given; of samples with any shape, rows."""
        alone = isinstance(y, str) and y == "no_validation"
        more = {} if alone else {"y": y, "multi_output": True, **self._of_targets}
        how = {"accept_sparse": "csr", "dtype": REAL, "reset": reset, "ensure_all_finite": False}
        read = validate_data(self, X, **how, **more)
        self._check_finite(read if alone else read[0])
        return read

    def _check_finite(self, X):
        """Raise unless X holds numbers alone, as scikit-learn's own slower pass would."""
        found = X.data if issparse(X) else X
        if not (get_config()["assume_finite"] or all_finite(found)):
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")

    _of_targets = MappingProxyType({})  # how y is checked
    _auto_batch = 200  # samples at most, with batch_size="auto"

    # --- fitting -------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train a new network, or with `warm_start` go on with the last.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Of a CNN also images as they are, (n_samples, *image_shape).
        y : array-like, shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like, shape (n_samples,), optional
            Of at least 0; the loss is the weighted mean.
        X_val, y_val, sample_weight_val : optional
            Data to evaluate after every epoch; with `early_stopping` instead of a share of X.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not what they shall be, or weights do not stay finite.
        """
        self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        return self

    def _fit(self, X, y, sample_weight, held=(None, None, None), *, incremental=False):
        settings = self._checked()
        if incremental:  # one pass over some of the data is no reason to stop
            settings.early_stopping = False
        first = not hasattr(self, "network_") or not (settings.warm_start or incremental)
        given = y
        X, y = self._read(X, y, reset=first)
        target = self._targets(y, settings, incremental)
        weight = None
        if sample_weight is not None:
            weight = sample_weights(settings.who, sample_weight, X.shape[0], np.float64)
            if not weight.any():
                raise ValueError(
                    f"{settings.who}: Sample weights must contain at least one non-zero number, "
                    f"got {len(weight)} zeros"
                )
        self._random_state = check_random_state(self.random_state)
        with own_threads(settings.n_threads):
            if first:
                self._initialize(settings, target, X.dtype)
            net = self.network_
            target = target if target.dtype == np.int64 else target.astype(net.dtype)
            weight = self._weighted(weight, target)
            batches = Batches(X, target, weight, net)
            batches.teach(net)
            objective = self._objective(target)
            tasks = Tasks(self, settings.max_iter, X, given, sample_weight)
            tasks.begin()
            if settings.solver == "lbfgs":
                search(self, settings, objective, batches, tasks)
            else:
                held = self._held_out(settings, objective, batches, held, X, y, weight)
                self._descend(settings, objective, batches, held, tasks, incremental)
            if not all_finite(net.parameters):
                raise not_finite(settings.who)
            tasks.end()

    def _weighted(self, weight, target):
        """Return the weights of samples with those of their classes."""
        return weight

    def _initialize(self, settings, target, dtype):
        """Begin anew."""
        self.n_iter_ = self.t_ = 0
        self.n_outputs_ = 1 if target.ndim == 1 else target.shape[1]
        if target.dtype == np.int64:
            self.n_outputs_ = len(self.classes_)
        dtype = dtype if settings.dtype == "auto" else np.dtype(settings.dtype)
        net, self._hidden = self._network(settings, self.n_outputs_, dtype)
        self.network_ = net
        net.loss, net.classes_ = self._objective(target).loss, getattr(self, "classes_", None)
        self.n_layers_ = len(self.coefs_) + 1
        self._optimizer = None
        for name in ("loss_curve_", "validation_scores_", "validation_loss_curve_"):
            vars(self).pop(name, None)
        if settings.solver != "lbfgs":
            self.loss_curve_, self._no_improvement_count = [], 0
            self.validation_scores_ = self.validation_loss_curve_ = None
            self.best_loss_ = None if settings.early_stopping else np.inf
            self.best_validation_score_ = -np.inf if settings.early_stopping else None

    def _held_out(self, settings, objective, batches, held, X, y, weight):
        """Return the `Validation` of a fit, if there are data for it; `batches` then lack them."""
        X_val, y_val, weight_val = held
        if (X_val is None) != (y_val is None):
            raise ValueError(
                f"{settings.who}: expected X_val and y_val together, got one of them only"
            )
        if X_val is not None:
            X_val = self._read(X_val, reset=False)
            target = self._encoded(y_val, X_val.shape[0])
            target = target if target.dtype == np.int64 else target.astype(self.network_.dtype)
            if weight_val is not None:
                weight_val = sample_weights(settings.who, weight_val, X_val.shape[0], np.float64)
            data = Batches(X_val, target, weight_val, self.network_)
            given = lambda: (X_val, y_val, weight_val)  # noqa: E731
        elif settings.early_stopping:
            seed, target = draw_seed(self._random_state), batches.target
            train, (rows, weight) = split(settings, X, target, weight, seed, self._strata(target))
            batches.rows, batches.weight = train
            data = Batches(X, target, weight, self.network_, rows)
            given = lambda: (X[rows], y[rows], None if weight is None else weight[rows])  # noqa: E731
        else:
            return None
        self.validation_scores_ = self.validation_scores_ or []
        self.validation_loss_curve_ = self.validation_loss_curve_ or []
        return Validation(self, objective.loss, objective.scale, data, given)

    def _strata(self, target):
        """Return what a split keeps the shares of, if anything."""
        return None

    def _encoded(self, y, n):
        """Return targets of validation data, checked."""
        raise NotImplementedError

    def _descend(self, settings, objective, batches, validate, tasks, incremental):
        if not incremental or self._optimizer is None:
            self._optimizer = Solver(self.network_, settings)
        descent = Descent(self, settings, objective, batches, validate, tasks)
        if not descent.run(1 if incremental else settings.max_iter) and not incremental:
            descent.warn_of_end()

    def _partial_fit(self, X, y, sample_weight):
        self._fit(X, y, sample_weight, incremental=True)
        return self

    # --- what is known then --------------------------------------------------------------------

    def _outputs(self, X):
        """Return the network's outputs for X, of its dtype."""
        check_is_fitted(self)
        X = self._read(X, reset=False)
        with own_threads(self.n_threads):
            return outputs(self.network_, X)

    def transform_layer(self, X, k):
        """Compute what a hidden layer makes of X.

        Parameters
        ----------
        X : array-like or sparse matrix, as for `predict`
        k : int
            Which of the hidden layers, from 0; −1 is the last. A CNN's convolutions (pooled) come
            first; with `layers=` these are the layers.

        Returns
        -------
        ndarray, shape (n_samples, *units)
            Activations, behind the activation function.

        Raises
        ------
        IndexError
            If there are not so many hidden layers.
        """
        check_is_fitted(self)
        ends = self._hidden
        if not -len(ends) <= k < len(ends):
            raise IndexError(
                f"{type(self).__name__}: expected a hidden layer from {-len(ends)} to "
                f"{len(ends) - 1}, got {k}"
            )
        X, net = self._read(X, reset=False), self.network_
        found = [np.empty((0, *net.layers[ends[k]].output_shape), net.dtype)]
        with own_threads(self.n_threads):
            for first in range(0, X.shape[0], 1024):
                x = X[first : first + 1024]
                x = x.toarray() if hasattr(x, "toarray") else x
                x = x.reshape(len(x), *net.input_shape)
                for layer in net.layers[: ends[k] + 1]:
                    x = layer.forward(x)
                found.append(x)
        net.forget()
        return np.concatenate(found)

    @property
    def coefs_(self):
        """The weights of each layer, outputs last: (n_in, n_out). Assigned ones are copied in."""
        return self._arrays("coefs_", "weight")

    @coefs_.setter
    def coefs_(self, values):
        self._arrays("coefs_", "weight")[:] = values

    @property
    def intercepts_(self):
        """The biases of each layer, (n_out,). Assigned ones are copied in."""
        return self._arrays("intercepts_", "bias")

    @intercepts_.setter
    def intercepts_(self, values):
        self._arrays("intercepts_", "bias")[:] = values

    def _arrays(self, what, name):
        if "network_" not in vars(self):
            raise AttributeError(f"{type(self).__name__}: no {what} before fit")
        arrays = (layer.parameters.get(name) for layer in self.network_.layers)
        return Weights(what, [np.moveaxis(a, 0, -1) for a in arrays if a is not None])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
