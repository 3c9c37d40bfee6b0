"""An estimator trains as scikit-learn's MLP does: the same figures, epoch by epoch."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn import neural_network
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_multilabel_classification,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import fastnn.sklearn

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:.*`disp` and `iprint`:DeprecationWarning",  # an older scikit-learn, a newer scipy
)
DIGITS = load_digits(return_X_y=True)
DIGITS = DIGITS[0] / 16, DIGITS[1]
CANCER = load_breast_cancer(return_X_y=True)
CANCER = scale(CANCER[0]), CANCER[1]
DIABETES = tuple(map(scale, load_diabetes(return_X_y=True)))
TWO = DIABETES[0], np.stack([DIABETES[1], DIABETES[1] ** 2], axis=1)
COUNTS = DIABETES[0], np.random.default_rng(0).poisson(2, len(DIABETES[1]))
LABELS = make_multilabel_classification(100, random_state=0)
SGD = {"solver": "sgd", "learning_rate_init": 0.1}
HAS = neural_network.MLPRegressor().get_params()

CASES = {
    "classes": ("MLPClassifier", DIGITS, {}),
    "two classes": ("MLPClassifier", CANCER, {"activation": "tanh", "alpha": 1.0}),
    "labels": ("MLPClassifier", LABELS, {"activation": "logistic", "alpha": 1.0}),
    "numbers": ("MLPRegressor", DIABETES, {"activation": "identity"}),
    "two numbers": ("MLPRegressor", TWO, {"activation": "tanh"}),
    "no hidden layer": ("MLPClassifier", DIGITS, {"hidden_layer_sizes": ()}),
    "momentum": ("MLPClassifier", DIGITS, {**SGD, "nesterovs_momentum": False}),
    "momentum 1": ("MLPClassifier", CANCER, {**SGD, "momentum": 1.0, "max_iter": 3}),
    "no momentum": ("MLPClassifier", DIGITS, {**SGD, "momentum": 0.0}),
    "nesterov": ("MLPClassifier", DIGITS, SGD),
    "invscaling": ("MLPClassifier", DIGITS, {**SGD, "learning_rate": "invscaling", "power_t": 0.3}),
    "adaptive": (
        "MLPClassifier",
        DIGITS,
        {**SGD, "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 40},
    ),
    "stopped": ("MLPClassifier", CANCER, {"tol": 0.01, "n_iter_no_change": 2, "max_iter": 200}),
    "adam": ("MLPClassifier", DIGITS, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}),
    "batches": ("MLPClassifier", DIGITS, {"batch_size": 77, "hidden_layer_sizes": (30, 20)}),
    "in order": ("MLPRegressor", DIABETES, {"shuffle": False}),
    "lbfgs": ("MLPClassifier", DIGITS, {"solver": "lbfgs", "hidden_layer_sizes": (20,)}),
    "lbfgs numbers": ("MLPRegressor", DIABETES, {"solver": "lbfgs", "alpha": 1.0}),
}
if "loss" in HAS:  # 1.7
    how = {"loss": "poisson", "solver": "lbfgs", "alpha": 1.0}
    CASES["counts by lbfgs"] = "MLPRegressor", COUNTS, how
    CASES["counts"] = "MLPRegressor", COUNTS, {"loss": "poisson", "activation": "tanh"}


COUNTED = [case for case in CASES if case.startswith("counts")]


def both(kind, how):
    how = {"max_iter": 8, "random_state": 3} | how
    return [getattr(module, kind)(**how) for module in (neural_network, fastnn.sklearn)]


def assert_same(theirs, ours):
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.n_layers_ == theirs.n_layers_ and ours.n_outputs_ == theirs.n_outputs_
    assert ours.out_activation_ == theirs.out_activation_ and ours.t_ == theirs.t_
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-12)
    if hasattr(theirs, "loss_curve_"):
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-12)
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-12)
    for name in ("coefs_", "intercepts_"):
        for one, other in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("case", CASES)
def test_losses_and_weights_are_those_of_scikit_learn(case):
    kind, (x, y), how = CASES[case]
    theirs, ours = (estimator.fit(x, y) for estimator in both(kind, how))
    assert_same(theirs, ours)
    predicted = [estimator.predict(x) for estimator in (theirs, ours)]
    np.testing.assert_allclose(predicted[1], predicted[0], rtol=1e-9, atol=1e-10)
    if kind == "MLPClassifier":
        proba = [estimator.predict_proba(x) for estimator in (theirs, ours)]
        np.testing.assert_allclose(proba[1], proba[0], atol=1e-11)


@pytest.mark.parametrize(
    "case", ["classes", "two classes", "numbers", "nesterov", "lbfgs", *COUNTED]
)
def test_weights_of_samples_count_as_in_scikit_learn(case):
    kind, (x, y), how = CASES[case]
    weight = np.random.default_rng(0).random(len(x)) * 3
    theirs, ours = both(kind, how)
    if "sample_weight" not in theirs.fit.__code__.co_varnames:
        weight = np.ones(len(x))  # before 1.7 it knew none: those of 1 are none
        theirs.fit(x, y)
    else:
        theirs.fit(x, y, sample_weight=weight)
    assert_same(theirs, ours.fit(x, y, sample_weight=weight))


@pytest.mark.parametrize("case", ["classes", "numbers", "nesterov"])
def test_parts_and_restarts_go_on_as_in_scikit_learn(case):
    kind, (x, y), how = CASES[case]
    theirs, ours = both(kind, how)
    more = {"classes": np.unique(y)} if kind == "MLPClassifier" else {}
    for _ in range(3):
        for estimator in (theirs, ours):
            estimator.partial_fit(x, y, **more)
    assert_same(theirs, ours)
    theirs, ours = both(kind, how | {"warm_start": True})
    for _ in range(2):
        for estimator in (theirs, ours):
            estimator.fit(x, y)
    assert_same(theirs, ours)
    assert len(ours.loss_curve_) == 16


def test_an_instance_of_random_state_is_drawn_from_as_by_scikit_learn():
    x, y = CANCER
    states = [np.random.RandomState(5) for _ in range(2)]
    theirs, ours = both("MLPClassifier", {})
    for estimator, state in zip((theirs, ours), states, strict=True):
        estimator.set_params(random_state=state).fit(x, y)
    assert_same(theirs, ours)
    assert states[0].randint(2**31) == states[1].randint(2**31)


def test_float32_is_close_and_stays_float32():
    x, y = DIGITS[0].astype(np.float32), DIGITS[1]
    theirs, ours = (estimator.fit(x, y) for estimator in both("MLPClassifier", {}))
    assert {array.dtype for array in ours.coefs_ + ours.intercepts_} == {np.dtype(np.float32)}
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
    double = fastnn.sklearn.MLPClassifier(max_iter=8, random_state=3, dtype="float64").fit(x, y)
    np.testing.assert_allclose(ours.loss_curve_, double.loss_curve_, rtol=1e-4)
    assert double.coefs_[0].dtype == np.float64


# --- a script with the import changed -------------------------------------------------------------

SCRIPTS = {
    "digits": ("MLPClassifier", load_digits, {"hidden_layer_sizes": (64,), "max_iter": 40}),
    "cancer": ("MLPClassifier", load_breast_cancer, {"max_iter": 100}),
    "wine": ("MLPClassifier", load_wine, {"max_iter": 100, "early_stopping": True}),
    "diabetes": ("MLPRegressor", load_diabetes, {"max_iter": 300, "learning_rate_init": 0.01}),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_with_the_import_changed_is_as_accurate(name):
    kind, load, how = SCRIPTS[name]
    x, y = load(return_X_y=True)
    scores = {neural_network: [], fastnn.sklearn: []}
    for seed in range(5):
        parts = train_test_split(x, y, random_state=seed)
        for module, found in scores.items():
            mlp = getattr(module, kind)(random_state=seed, **how)
            model = make_pipeline(StandardScaler(), mlp).fit(parts[0], parts[2])
            found.append(model.score(parts[1], parts[3]))
    theirs, ours = (np.array(found) for found in scores.values())
    noise = 0.03 if name == "wine" else 0.01  # wine stops by another tenth of 133 samples
    assert np.median(ours) >= np.median(theirs) - noise
    if name != "wine":  # without early stopping the same network, up to rounding
        np.testing.assert_allclose(ours, theirs, atol=0.01)
