"""Convolutional networks on images or signals, which may come as rows of numbers."""

import math
from numbers import Integral

import numpy as np

from .base import NetworkEstimator
from .building import convolutional_network, layered_network
from .classifying import NetworkClassifier
from .parameters import KNOWN, keep
from .regressing import NetworkRegressor

AXES = 3  # of space, at most


class Convolutional(NetworkEstimator):
    """What both have in common."""

    _auto_batch = 32

    def _checked(self):
        settings = super()._checked()
        check, who = settings.check, settings.who
        filters = self.filters if np.iterable(self.filters) else [self.filters]
        settings.filters = [_size(who, "filters", one) for one in filters]
        if not settings.filters:
            raise check.wrong("filters", "as one convolution's filters at least")
        settings.kernel_sizes = self._sizes(who, "kernel_size", len(settings.filters))
        settings.pool_sizes = self._sizes(who, "pool_size", len(settings.filters))
        settings.batch_norm = check.flag("batch_norm")
        settings.conv_activation = settings.activations[0] if settings.activations else None
        if not isinstance(self.activation, (list, tuple)):
            settings.conv_activation = KNOWN[self.activation]
        if self.image_shape is not None:
            settings.image_shape = self._shape(self.image_shape)
        return settings

    def _sizes(self, who, name, count):
        """One size for all convolutions, or a list with one for each."""
        value = getattr(self, name)
        if isinstance(value, list):
            if len(value) != count:
                raise ValueError(
                    f"{who}: expected {name} as one size, or a list of {count}, one for each of "
                    f"filters; got {len(value)}: {value!r}"
                )
            return [_sizes(who, name, one) for one in value]
        return [_sizes(who, name, value)] * count

    def _shape(self, given):
        """Return a shape with its channels."""
        who = type(self).__name__
        shape = tuple(given) if np.iterable(given) else (given,)
        shape = tuple(_size(who, "image_shape", size) for size in shape)
        if not 1 <= len(shape) <= AXES + 1:
            raise ValueError(
                f"{who}: expected image_shape as (height, width), (height, width, channels), or of "
                f"1 to {AXES + 1} sizes, got {given!r}"
            )
        return (*shape, 1) if len(shape) <= 2 else shape

    def _read(self, X, y="no_validation", *, reset):
        """Take images as they are for rows, whose shape is then known."""
        if isinstance(X, (list, tuple)):
            X = np.asarray(X)
        shape = getattr(X, "shape", ())
        if len(shape) > 2:
            found = self._shape(shape[1:])
            known = self.image_shape if reset else self.image_shape_
            if known is not None and self._shape(known) != found:
                raise ValueError(
                    f"{type(self).__name__}: expected images of shape {self._shape(known)}, got X "
                    f"of shape {shape}"
                )
            X = np.asarray(X).reshape(shape[0], math.prod(shape[1:]))
        else:
            found = None
        read = super()._read(X, y, reset=reset)
        if reset:
            self.image_shape_ = self._found(found)
        return read

    def _found(self, found):
        """Return the shape of an image: that of X, as said, or a signal of one channel."""
        if found is not None:
            return found
        if self.image_shape is None:
            return (self.n_features_in_, 1)
        shape = self._shape(self.image_shape)
        if math.prod(shape) != self.n_features_in_:
            sizes = " × ".join(map(str, shape))
            raise ValueError(
                f"{type(self).__name__}: image_shape {self.image_shape!r} stands for {sizes} = "
                f"{math.prod(shape)} columns, got X with {self.n_features_in_}"
            )
        return shape

    def _network(self, settings, outputs, dtype):
        make = convolutional_network if settings.layers is None else layered_network
        return make(settings, self.image_shape_, outputs, dtype, self._random_state)


def _size(who, name, value):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{who}: expected {name} as integers of at least 1, got {value!r}")
    if value < 1:
        raise ValueError(f"{who}: expected {name} as integers of at least 1, got {value!r}")
    return int(value)


def _sizes(who, name, value):
    """One size for all axes, or a tuple with one for each."""
    if isinstance(value, (tuple, np.ndarray)):
        return tuple(_size(who, name, size) for size in value)
    return _size(who, name, value)


class CNNClassifier(NetworkClassifier, Convolutional):
    """Convolutional network that tells images, signals or volumes apart.

    Convolutions (their output as large as their input), each with a max pooling, then dense layers.

    Parameters
    ----------
    filters : int or array-like of int
        Filters of each convolution.
    kernel_size, pool_size : int, tuple, or list of these
        Of all convolutions, or a list with one for each; a tuple has one for each axis. A pooling
        of 1 is none; one larger than what is left of the image takes all of it.
    hidden_layer_sizes : int or array-like of int
        Units of each dense layer behind them.
    activation : str, or list of str
        As for `MLPClassifier`; of a list convolutions take the first.
    image_shape : int or tuple of int, or None
        What a row of X stands for: (height, width), (height, width, channels), or a volume with its
        channels. None: what X says, (n_samples, height, width), (n_samples, height, width,
        channels) or with one axis more; a row of numbers is a signal of one channel.
    dropout : float, or list of float
        Of the dense layers.
    batch_norm : bool
        Whether to normalise behind each convolution.
    solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, shuffle, \
    random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, \
    validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, class_weight, \
    scoring, layers, dtype, n_threads
        As for `MLPClassifier`, but that "auto" is ``min(32, n_samples)``; the layers see samples of
        `image_shape_`.

    Attributes
    ----------
    image_shape_ : tuple of int
        With the channels.
    classes_, loss_, best_loss_, loss_curve_, validation_scores_, validation_loss_curve_, \
    best_validation_score_, coefs_, intercepts_, n_iter_, n_layers_, n_outputs_, t_, \
    out_activation_, n_features_in_, feature_names_in_, network_
        As for `MLPClassifier`; weights of convolutions are (*kernel, n_in, n_out).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastnn.sklearn import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> how = {"image_shape": (8, 8), "max_iter": 5, "early_stopping": True, "n_iter_no_change": 9}
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # five epochs are few
    ...     cnn = CNNClassifier((8, 16), random_state=0, **how).fit(X / 16, y)
    >>> cnn.score(X / 16, y) > 0.8
    True
    """

    def __init__(
        self,
        filters=(16, 32),
        kernel_size=3,
        *,
        pool_size=2,
        hidden_layer_sizes=(100,),
        activation="relu",
        image_shape=None,
        dropout=0.0,
        batch_norm=False,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        class_weight=None,
        scoring=None,
        layers=None,
        dtype="auto",
        n_threads=None,
    ):
        keep(self, locals())


class CNNRegressor(NetworkRegressor, Convolutional):
    """Convolutional network that predicts numbers of images, signals or volumes.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}
        As for `MLPRegressor`.
    filters, kernel_size, pool_size, hidden_layer_sizes, activation, image_shape, dropout, \
    batch_norm, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
    shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, \
    early_stopping, validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, \
    scoring, layers, dtype, n_threads
        As for `CNNClassifier`.

    Attributes
    ----------
    image_shape_, loss_, best_loss_, loss_curve_, validation_scores_, validation_loss_curve_, \
    best_validation_score_, coefs_, intercepts_, n_iter_, n_layers_, n_outputs_, t_, \
    out_activation_, n_features_in_, feature_names_in_, network_
        As for `CNNClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.sklearn import CNNRegressor
    >>> X = np.random.default_rng(0).random((200, 6, 6))
    >>> cnn = CNNRegressor(filters=4, max_iter=300, learning_rate_init=0.01, random_state=0)
    >>> cnn.fit(X, X[:, 2:4].sum(axis=(1, 2))).score(X, X[:, 2:4].sum(axis=(1, 2))) > 0.9
    True
    """

    def __init__(
        self,
        loss="squared_error",
        filters=(16, 32),
        kernel_size=3,
        *,
        pool_size=2,
        hidden_layer_sizes=(100,),
        activation="relu",
        image_shape=None,
        dropout=0.0,
        batch_norm=False,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        scoring=None,
        layers=None,
        dtype="auto",
        n_threads=None,
    ):
        keep(self, locals())
