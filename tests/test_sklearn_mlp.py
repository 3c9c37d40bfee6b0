"""What scikit-learn's own tests ask of its MLP, asked of ours; and what ours has beside it."""

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")
from scipy.optimize import check_grad
from sklearn.datasets import (
    load_digits,
    load_iris,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import fastnn as fn
from fastnn.sklearn import CNNClassifier, MLPClassifier, MLPRegressor

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = MLPClassifier, MLPRegressor
X, Y = load_digits(n_class=3, return_X_y=True)
X, Y = X[:200] / 16, Y[:200]
BINARY = X[Y < 2], Y[Y < 2]
IRIS = load_iris(return_X_y=True)
REGRESSION = make_regression(200, 10, bias=20.0, noise=100.0, random_state=7)
REGRESSION = REGRESSION[0], scale(REGRESSION[1])
NAMES = "identity", "logistic", "tanh", "relu"


# --- gradients, penalties, a step by hand ---------------------------------------------------------


@quiet
@pytest.mark.parametrize("activation", NAMES)
@pytest.mark.parametrize("classes", [2, 3])
def test_gradients_are_those_of_the_loss_with_its_penalty(activation, classes):
    x, y = np.random.default_rng(0).random((5, 10)), np.arange(5) % classes
    how = {"solver": "lbfgs", "max_iter": 1, "random_state": 1, "alpha": 0.3}
    mlp = MLPClassifier(10, activation, **how).fit(x, y)
    net = mlp.network_
    trainer = fn.Trainer(net, loss=net.loss)
    target = y if classes > 2 else y[:, None].astype(float)

    def loss(parameters):
        net.parameters = parameters
        return trainer.loss_and_gradients(x, target)

    def gradient(parameters):
        loss(parameters)
        return net.gradients.copy()

    start = net.parameters.copy()
    assert check_grad(loss, gradient, start) < 1e-6
    squares = sum((w**2).sum() for w in mlp.coefs_)
    proba = mlp.predict_proba(x)[np.arange(5), y]
    assert loss(start) == pytest.approx(-np.log(proba).mean() + 0.15 * squares / 5)


def test_a_step_by_hand():
    """One sample, logistic 3-2-1: o = 0.76543, δ = o − 0, W ← W − 0.1 (a δ + α W)."""
    x, weight, out = [[0.6, 0.8, 0.7]], [[0.1, 0.2], [0.3, 0.1], [0.5, 0]], [[0.1], [0.2]]
    how = {"solver": "sgd", "learning_rate_init": 0.1, "alpha": 0.1, "momentum": 0}
    mlp = MLPClassifier(2, "logistic", random_state=1, **how).partial_fit(x, [0], classes=[0, 1])
    mlp.coefs_ = [weight, out]
    mlp.intercepts_[0], mlp.intercepts_[1] = [0.1, 0.1], [1.0]
    mlp.partial_fit(x, [0])
    expected = [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]]
    np.testing.assert_allclose(mlp.coefs_[0], expected, atol=1e-3)
    np.testing.assert_allclose(mlp.coefs_[1], [[0.04706], [0.154089]], atol=1e-3)
    np.testing.assert_allclose(mlp.intercepts_[0], [0.098333, 0.09626], atol=1e-3)
    np.testing.assert_allclose(mlp.intercepts_[1], [0.9235], atol=1e-3)
    assert mlp.predict_proba(x)[0, 1] == pytest.approx(0.739, abs=1e-3)


@quiet
def test_larger_alpha_draws_weights_to_0():
    sums = []
    for alpha in (0, 1):
        mlp = MLPClassifier(10, alpha=alpha, random_state=1).fit(*BINARY)
        sums.append([np.abs(weight).sum() for weight in mlp.coefs_])
    assert (np.array(sums[0]) > sums[1]).all()


# --- solvers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", NAMES)
def test_lbfgs_fits_classes_and_numbers(activation):
    how = {"solver": "lbfgs", "hidden_layer_sizes": 50, "random_state": 1, "activation": activation}
    assert MLPClassifier(max_iter=150, **how).fit(X[:150], Y[:150]).score(X, Y) > 0.95
    score = MLPRegressor(max_iter=200, tol=1e-3, **how).fit(*REGRESSION).score(*REGRESSION)
    assert score > (0.80 if activation == "identity" else 0.98)


@pytest.mark.parametrize("kind", KINDS)
def test_max_fun_ends_lbfgs(kind):
    mlp = kind(solver="lbfgs", max_fun=10, max_iter=150, tol=0.0, random_state=1)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after"):
        mlp.fit(*REGRESSION if kind is MLPRegressor else (X, Y))
    assert mlp.n_iter_ <= 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_epochs_end_at_max_iter_also_where_the_last_fit_ended(kind, solver):
    mlp = kind(solver=solver, warm_start=True, max_iter=4, n_iter_no_change=np.inf, random_state=0)
    for epochs in (4, 6):
        with pytest.warns(ConvergenceWarning, match=f"{epochs}"):
            mlp.set_params(max_iter=epochs).fit(*IRIS)
        assert mlp.n_iter_ == epochs


@pytest.mark.parametrize("patience", [2, 5, 10])
def test_training_ends_when_nothing_improved_for_so_long(patience, capsys):
    mlp = MLPClassifier(tol=0.01, max_iter=3000, solver="sgd", n_iter_no_change=patience, verbose=1)
    mlp.fit(*BINARY)
    assert mlp.n_iter_ < 3000
    curve = np.array([np.inf, *mlp.loss_curve_])
    better = [curve[i] <= curve[:i].min() - 0.01 for i in range(1, len(curve))]
    assert better[-patience - 2 :] == [True] + [False] * (patience + 1)
    out = capsys.readouterr().out
    assert f"Iteration {mlp.n_iter_}, loss = {mlp.loss_:.8f}" in out
    assert f"did not improve more than tol=0.010000 for {patience} consecutive epochs" in out


@quiet
def test_patience_without_end():
    mlp = MLPClassifier(tol=1e9, max_iter=50, solver="sgd", n_iter_no_change=np.inf)
    assert mlp.fit(*BINARY).n_iter_ == 50


def test_an_adaptive_rate_falls_until_it_is_tiny():
    how = {"tol": 0.5, "max_iter": 3000, "solver": "sgd", "learning_rate": "adaptive"}
    mlp = MLPClassifier(**how).fit([[3, 2], [1, 6]], [1, 0])
    assert mlp.n_iter_ < 3000 and mlp._optimizer.learning_rate < 1e-6


@quiet
def test_order_and_state_decide_weights():
    def weights(**how):
        mlp = MLPRegressor(hidden_layer_sizes=1, max_iter=1, batch_size=1, **how).fit(
            REGRESSION[0], REGRESSION[1]
        )
        return mlp.coefs_[0]

    for shuffle in (True, False):
        one, other = (weights(shuffle=shuffle, random_state=0) for _ in range(2))
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(weights(random_state=0), weights(random_state=0, shuffle=False))
    assert not np.array_equal(weights(random_state=0), weights(random_state=1))


# --- parts ----------------------------------------------------------------------------------------


@quiet
@pytest.mark.parametrize("data", [(X, Y), BINARY], ids=["three", "two"])
def test_parts_lead_where_fit_leads(data):
    x, y = data
    how = {"solver": "sgd", "random_state": 1, "alpha": 1e-5, "learning_rate_init": 0.2}
    whole = MLPClassifier(max_iter=100, tol=0, **how).fit(x, y)
    parts = MLPClassifier(**how)
    for _ in range(100):
        parts.partial_fit(x, y, classes=np.unique(y))
    np.testing.assert_array_equal(whole.predict(x), parts.predict(x))
    assert parts.score(x, y) > 0.95


def test_classes_named_before_they_are_seen():
    mlp = MLPClassifier(random_state=0)
    mlp.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
    mlp.partial_fit([[4]], ["d"])
    assert mlp.predict_proba([[4]]).shape == (1, 4) and mlp.classes_.tolist() == list("abcd")


@pytest.mark.parametrize("kind", KINDS)
def test_parts_do_without_early_stopping(kind):
    mlp = kind(early_stopping=True, random_state=0, max_iter=300).fit(*IRIS)
    scores, before = list(mlp.validation_scores_), mlp.coefs_[0].copy()
    mlp.partial_fit(*IRIS)
    assert mlp.validation_scores_ == scores and not np.array_equal(before, mlp.coefs_[0])
    assert kind(early_stopping=True).partial_fit(*IRIS, **_classes(kind)).t_ == 150


def _classes(kind):
    return {"classes": [0, 1, 2]} if kind is MLPClassifier else {}


def test_lbfgs_has_no_parts():
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    assert hasattr(MLPRegressor(solver="sgd"), "partial_fit")


# --- predictions ----------------------------------------------------------------------------------


@quiet
@pytest.mark.parametrize("data", [(X, Y), BINARY], ids=["three", "two"])
def test_probabilities_of_classes(data):
    mlp = MLPClassifier(5, random_state=1).fit(*data)
    proba = mlp.predict_proba(data[0])
    assert proba.shape == (len(data[0]), len(np.unique(data[1])))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(mlp.predict_log_proba(data[0]), np.log(proba))
    np.testing.assert_array_equal(mlp.classes_[proba.argmax(axis=1)], mlp.predict(data[0]))


def test_logarithms_of_tiny_probabilities_are_finite():
    mlp = MLPClassifier(5, random_state=1, max_iter=3, early_stopping=True, n_iter_no_change=1)
    mlp.fit(*BINARY)
    mlp.intercepts_[1] = [-2000.0]
    assert mlp.predict_log_proba(X[:2])[:, 1] == pytest.approx(-2000, rel=0.01)


@quiet
def test_labels_that_do_not_exclude_each_other():
    x, y = make_multilabel_classification(n_samples=50, random_state=0)
    mlp = MLPClassifier(30, solver="lbfgs", random_state=0).fit(x, y)
    proba = mlp.predict_proba(x)
    np.testing.assert_array_equal(proba > 0.5, y)
    np.testing.assert_array_equal(mlp.predict(x), y)
    assert abs(proba.sum(axis=1) - 1).max() > 0.1
    np.testing.assert_allclose(np.exp(mlp.predict_log_proba(x)), proba, rtol=1e-12)
    mlp = MLPClassifier(early_stopping=True, random_state=0, max_iter=20).fit(x, y)
    assert set(np.unique(mlp.predict(x))) <= {0, 1}


def test_several_numbers():
    x, y = make_regression(n_samples=200, n_targets=5, random_state=11)
    mlp = MLPRegressor(solver="lbfgs", max_iter=200, tol=1e-2, random_state=1).fit(x, y)
    assert mlp.score(x, y) > 0.9 and mlp.predict(x).shape == (200, 5)


@pytest.mark.filterwarnings("ignore:.*`disp` and `iprint`:DeprecationWarning")  # scikit-learn's
def test_counts_are_those_of_a_poisson_regression():
    from sklearn.linear_model import PoissonRegressor

    x = np.linspace(0, 1, 100)[:, None]
    y = np.random.default_rng(0).poisson(np.exp(x[:, 0] + 1))
    linear = PoissonRegressor(alpha=0, tol=1e-7).fit(x, y)
    how = {"solver": "lbfgs", "alpha": 0, "tol": 1e-7, "random_state": 1}
    mlp = MLPRegressor("poisson", (), **how).fit(x, y)
    assert mlp.out_activation_ == "exp"
    np.testing.assert_allclose(mlp.predict(x), linear.predict(x), rtol=1e-4)


# --- early stopping -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping_keeps_the_best(kind):
    mlp = kind(tol=0.2, max_iter=3000, solver="sgd", early_stopping=True, random_state=0)
    mlp.fit(*BINARY)
    assert mlp.n_iter_ < 3000 and mlp.best_loss_ is None
    assert max(mlp.validation_scores_) == mlp.best_validation_score_
    assert len(mlp.validation_loss_curve_) == mlp.n_iter_
    mlp = kind(tol=0.2, max_iter=3000, solver="sgd").fit(*BINARY)
    assert (
        mlp.validation_scores_ is mlp.best_validation_score_ is mlp.validation_loss_curve_ is None
    )


@quiet
@pytest.mark.parametrize("how", [{}, {"scoring": "loss"}, {"scoring": "f1_macro"}])
def test_given_validation_data_are_what_is_scored(how):
    x, x_val, y, y_val = X[:120], X[120:], Y[:120], Y[120:]
    mlp = MLPClassifier((10,), early_stopping=True, random_state=0, max_iter=15, **how)
    mlp.fit(x, y, X_val=x_val, y_val=y_val)
    proba = mlp.predict_proba(x_val)[np.arange(len(y_val)), y_val]
    best = int(np.argmax(mlp.validation_scores_))
    assert mlp.validation_loss_curve_[best] == pytest.approx(-np.log(proba).mean(), rel=1e-9)
    if how.get("scoring") == "loss":
        np.testing.assert_allclose(np.negative(mlp.validation_scores_), mlp.validation_loss_curve_)
    elif not how:
        assert mlp.best_validation_score_ == mlp.score(x_val, y_val)
    else:
        from sklearn.metrics import f1_score

        f1 = f1_score(y_val, mlp.predict(x_val), average="macro")
        assert mlp.best_validation_score_ == pytest.approx(f1)
    assert mlp.t_ == 120 * mlp.n_iter_  # nothing was set aside


@quiet
def test_validation_data_are_watched_without_early_stopping_too():
    mlp = MLPRegressor(max_iter=7, random_state=0)
    mlp.fit(*REGRESSION, X_val=REGRESSION[0][:50], y_val=REGRESSION[1][:50])
    assert len(mlp.validation_scores_) == len(mlp.validation_loss_curve_) == 7
    assert mlp.validation_scores_[-1] == pytest.approx(
        mlp.score(REGRESSION[0][:50], REGRESSION[1][:50]), rel=1e-12
    )


def test_what_is_set_aside_has_its_share_of_each_class_and_goes_by_content():
    from types import SimpleNamespace

    from fastnn.sklearn.splitting import split

    settings = SimpleNamespace(who="x", validation_fraction=0.2)
    x = np.random.default_rng(0).random((500, 3))
    y = np.repeat([0, 1, 2], [300, 150, 50])
    (train, _), (held, _) = split(settings, x, y, None, 7, y)
    assert np.bincount(y[held]).tolist() == [60, 30, 10]
    assert sorted([*train, *held]) == list(range(500))
    order = np.random.default_rng(1).permutation(500)
    (_, _), (again, _) = split(settings, x[order], y[order], None, 7, y[order])
    assert set(order[again]) == set(held)
    (_, _), (other, _) = split(settings, x, y, None, 8, y)
    assert set(other) != set(held)
    weight = np.random.default_rng(2).integers(0, 4, 500)
    rows = np.repeat(np.arange(500), weight)
    weighed = split(settings, x, y, weight.astype(float), 7, y)
    for (_, total), (part, _) in zip(
        weighed, split(settings, x[rows], y[rows], None, 7, y[rows]), strict=True
    ):
        assert total.tolist() == np.bincount(rows[part], minlength=500).tolist()
    (_, total), (_, part) = split(settings, x, y, 0.1 + weight / 100, 7, y)
    assert part.sum() / (part.sum() + total.sum()) == pytest.approx(
        0.2, abs=0.008
    )  # up to a sample of each class
    same = np.repeat(x[:4], 50, axis=0)  # equal samples are spread over both
    (train, _), (held, _) = split(settings, same, np.zeros(200), None, 7, None)
    assert set(train // 50) == set(held // 50) == {0, 1, 2, 3} and len(held) == 40


@quiet
def test_a_loss_that_is_not_finite_ends_with_the_best_weights():
    mlp = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1, random_state=0)
    mlp.set_params(early_stopping=True, max_iter=20)
    with pytest.warns(ConvergenceWarning, match="loss is not finite in epoch"):
        mlp.fit(*IRIS)
    assert np.isnan(mlp.validation_scores_[-1]) and np.isfinite(mlp.coefs_[0]).all()


# --- beside scikit-learn --------------------------------------------------------------------------


@quiet
def test_an_activation_and_a_dropout_for_each_layer():
    how = {"max_iter": 5, "random_state": 0}
    mlp = MLPClassifier((6, 5), ["tanh", "gelu"], dropout=[0.0, 0.5], **how).fit(X, Y)
    kinds = [type(layer).__name__ for layer in mlp.network_.layers]
    assert kinds == ["Dense", "Dense", "Dropout", "Dense"]
    assert [layer.activation.function for layer in mlp.network_.layers[:2]] == ["tanh", "gelu"]
    plain = MLPClassifier((6, 5), ["tanh", "gelu"], **how).fit(X, Y)
    assert not np.allclose(plain.coefs_[0], mlp.coefs_[0])
    again = MLPClassifier((6, 5), ["tanh", "gelu"], dropout=[0.0, 0.5], **how).fit(X, Y)
    np.testing.assert_array_equal(again.coefs_[0], mlp.coefs_[0])


@quiet
def test_hidden_layers_can_be_looked_at():
    mlp = MLPClassifier((6, 5), ["tanh", "relu"], max_iter=5, random_state=0).fit(X, Y)
    first = np.tanh(X @ mlp.coefs_[0] + mlp.intercepts_[0])
    np.testing.assert_allclose(mlp.transform_layer(X, 0), first, rtol=1e-12)
    second = np.maximum(first @ mlp.coefs_[1] + mlp.intercepts_[1], 0)
    np.testing.assert_allclose(mlp.transform_layer(X, -1), second, rtol=1e-9, atol=1e-12)
    cnn = CNNClassifier((3,), hidden_layer_sizes=(5,), image_shape=(8, 8), max_iter=2).fit(X, Y)
    assert cnn.transform_layer(X, 0).shape == (len(X), 4, 4, 3)
    assert cnn.transform_layer(X, 1).shape == (len(X), 5)
    with pytest.raises(IndexError, match="from -2 to 1, got 2"):
        mlp.transform_layer(X, 2)


@quiet
def test_weights_of_classes_are_weights_of_samples():
    how = {"max_iter": 5, "random_state": 0}
    weight = np.array([3.0, 0.5, 1.0])
    one = MLPClassifier(class_weight={0: 3.0, 1: 0.5}, **how).fit(X, Y)
    other = MLPClassifier(**how).fit(X, Y, sample_weight=weight[Y])
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])
    shares = len(Y) / (3 * np.bincount(Y))
    one = MLPClassifier(class_weight="balanced", **how).fit(X, Y, sample_weight=weight[Y])
    other = MLPClassifier(**how).fit(X, Y, sample_weight=weight[Y] * shares[Y])
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-12)


@quiet
def test_layers_of_fastnn():
    layers = [fn.layers.Standardize(), fn.layers.Dense(8), fn.layers.BatchNorm(),
              fn.layers.Activation("relu"), fn.layers.Dropout(0.2)]  # fmt: skip
    mlp = MLPClassifier(layers=layers, max_iter=30, random_state=0, learning_rate_init=0.02)
    mlp.fit(X, Y)
    assert mlp.score(X, Y) > 0.9 and mlp.n_layers_ == 3
    assert mlp.transform_layer(X, 3).shape == (len(X), 8) and mlp.transform_layer(X, 3).min() == 0
    net = mlp.network_
    assert net.layers[1].regularizers["weight"].l2 == pytest.approx(0.00005)
    np.testing.assert_array_equal(net.predict_classes(X), mlp.predict(X))


@quiet
def test_threads_show_in_no_bit_and_are_given_back():
    how = {"hidden_layer_sizes": (300,), "max_iter": 2, "random_state": 0}
    before = fn.get_num_threads()
    found = [MLPClassifier(n_threads=n, **how).fit(X, Y).coefs_[0] for n in (2, None, 1)]
    assert fn.get_num_threads() == before
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


@quiet
def test_a_network_that_is_saved_predicts_the_same(tmp_path):
    mlp = MLPClassifier(max_iter=3, random_state=0).fit(X, Y)
    mlp.network_.save(tmp_path / "mlp.safetensors")
    net = fn.load(tmp_path / "mlp.safetensors")
    np.testing.assert_array_equal(net.predict_proba(X), mlp.predict_proba(X))
    np.testing.assert_array_equal(net.predict_classes(X), mlp.predict(X))


def test_ctrl_c_leaves_an_estimator_that_predicts(monkeypatch):
    from fastnn.sklearn.training import Descent

    calls, epoch = [], Descent._epoch

    def interrupted(self, order):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return epoch(self, order)

    monkeypatch.setattr(Descent, "_epoch", interrupted)
    mlp = MLPClassifier(random_state=0)
    with pytest.warns(UserWarning, match="interrupted by user"):
        mlp.fit(X, Y)
    assert mlp.n_iter_ == 2 and mlp.predict(X).shape == Y.shape


def test_no_warning_where_training_converged():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(tol=0.1, n_iter_no_change=2, random_state=0).fit(X, Y)
