"""Multi-layer perceptrons with the parameters of `sklearn.neural_network`, and some more."""

from .base import NetworkEstimator
from .building import dense_network, layered_network
from .classifying import NetworkClassifier
from .parameters import keep
from .regressing import NetworkRegressor


class Perceptron(NetworkEstimator):
    """What both have in common."""

    def _network(self, settings, outputs, dtype):
        make = dense_network if settings.layers is None else layered_network
        shape = self.n_features_in_
        shape = shape if settings.layers is None else (shape,)
        return make(settings, shape, outputs, dtype, self._random_state)


class MLPClassifier(NetworkClassifier, Perceptron):
    """Multi-layer perceptron that tells classes apart, compiled.

    It takes the place of `sklearn.neural_network.MLPClassifier`: the same parameters and attributes
    with the same meaning, the same weights to begin with and the same batches for one
    `random_state`. What stands first below is scikit-learn's, what is more stands behind.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int
        Units of each hidden layer.
    activation : str, or list of str
        "identity", "logistic", "tanh", "relu", or any that `fastnn.layers.Activation` knows;
        a list has one for each hidden layer.
    solver : {"adam", "sgd", "lbfgs"}
    alpha : float
        `alpha / 2 · Σ w²`, divided by the weight of a batch's samples (their number, without
        weights), is added to the loss.
    batch_size : int or "auto"
        "auto" is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"}
        Of "sgd": constant, `learning_rate_init / (t + 1)^power_t` behind t samples, or a fifth
        whenever nothing improves.
    learning_rate_init, power_t : float
    max_iter : int
        Epochs at most, of "lbfgs" iterations.
    shuffle : bool
    random_state : int, RandomState instance or None
        Decides initial weights, the order of samples, what is set aside and what is dropped.
    tol : float
    verbose : bool
    warm_start : bool
        Whether `fit` goes on from the last.
    momentum : float
    nesterovs_momentum : bool
        Of "sgd".
    early_stopping : bool
        End when the validation score does not improve by `tol` for `n_iter_no_change` epochs, with
        the weights of the best; else when the loss does not. `partial_fit` does without.
    validation_fraction : float
        What is set aside for it, unless `fit` is given `X_val` and `y_val`.
    beta_1, beta_2, epsilon : float
        Of "adam".
    n_iter_no_change : int or inf
    max_fun : int
        Evaluations of the loss at most, of "lbfgs".
    dropout : float, or list of float
        The share of its units that each hidden layer loses in training; a list has one for each.
    class_weight : dict, "balanced" or None
        Factors of the samples' weights by label.
    scoring : str, callable or None
        What early stopping watches: any scorer of scikit-learn, or "loss", that of the validation
        data. None: accuracy, of a regressor R².
    layers : list of Layer, or None
        Layers of fastnn instead of `hidden_layer_sizes`, `activation` and `dropout`; a dense layer
        for the outputs comes behind them. They are copied.
    dtype : {"auto", "float32", "float64"}
        What the network computes in. "auto" is the type of X, as in scikit-learn; float32 is twice
        as fast as float64.
    n_threads : int or None
        None: as many as fastnn uses elsewhere.

    Attributes
    ----------
    classes_ : ndarray
    loss_, best_loss_ : float
    loss_curve_, validation_scores_, validation_loss_curve_ : list of float, or None
        An entry an epoch; the last two where there are validation data.
    best_validation_score_ : float or None
    coefs_, intercepts_ : list of ndarray
        Views into the network: (n_in, n_out) and (n_out,). What is assigned is copied in.
    n_iter_, n_layers_, n_outputs_, t_ : int
    out_activation_ : str
    n_features_in_, feature_names_in_
    network_ : Sequential
        The network, which ends in logits: to save, export, diagnose or train on.

    Examples
    --------
    >>> from fastnn.sklearn import MLPClassifier
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5, ["no", "yes", "yes", "no"] * 5
    >>> mlp = MLPClassifier((16,), learning_rate_init=0.03, max_iter=300, random_state=0)
    >>> mlp.fit(X, y).predict([[0.0, 0.0], [0.0, 1.0]]).tolist()
    ['no', 'yes']
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
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
        dropout=0.0,
        class_weight=None,
        scoring=None,
        layers=None,
        dtype="auto",
        n_threads=None,
    ):
        keep(self, locals())


class MLPRegressor(NetworkRegressor, Perceptron):
    """Multi-layer perceptron that predicts numbers, compiled.

    It takes the place of `sklearn.neural_network.MLPRegressor`; see `MLPClassifier`.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}
        Half the squared error, or half the Poisson deviance of `exp` of the outputs.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, \
    power_t, max_iter, shuffle, random_state, tol, verbose, warm_start, momentum, \
    nesterovs_momentum, early_stopping, validation_fraction, beta_1, beta_2, epsilon, \
    n_iter_no_change, max_fun, dropout, scoring, layers, dtype, n_threads
        As for `MLPClassifier`.

    Attributes
    ----------
    loss_, best_loss_, loss_curve_, validation_scores_, validation_loss_curve_, \
    best_validation_score_, coefs_, intercepts_, n_iter_, n_layers_, n_outputs_, t_, \
    out_activation_, n_features_in_, feature_names_in_, network_
        As for `MLPClassifier`.

    Examples
    --------
    >>> from fastnn.sklearn import MLPRegressor
    >>> X = [[n / 20] for n in range(20)]
    >>> how = {"activation": "tanh", "solver": "lbfgs", "max_iter": 500, "random_state": 0}
    >>> mlp = MLPRegressor("squared_error", (20,), **how)
    >>> round(float(mlp.fit(X, [x * x for (x,) in X]).predict([[0.5]])[0]), 2)
    0.25
    """

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
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
        dropout=0.0,
        scoring=None,
        layers=None,
        dtype="auto",
        n_threads=None,
    ):
        keep(self, locals())
