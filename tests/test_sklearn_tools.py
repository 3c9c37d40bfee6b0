"""Estimators within scikit-learn: pipelines, searches, ensembles, displays, callbacks, routing."""

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")
import joblib
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastnn as fn
from fastnn.sklearn import CNNClassifier, CNNRegressor, MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
KINDS = MLPClassifier, MLPRegressor, CNNClassifier, CNNRegressor
X, Y = load_iris(return_X_y=True)
QUICK = {"max_iter": 30, "learning_rate_init": 0.02, "random_state": 0}


class Threads(MLPClassifier):
    """Scores by how many threads it may use."""

    def score(self, X, y, sample_weight=None):
        return fn.get_num_threads()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fitted_estimator_is_pickled_copied_and_mapped(kind, tmp_path):
    estimator = kind(**QUICK).fit(X, Y)
    path = tmp_path / "estimator.joblib"
    joblib.dump(estimator, path)
    others = pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator), joblib.load(path)
    mapped = joblib.load(path, mmap_mode="r")
    want = estimator.predict(X)
    estimator.partial_fit(X, Y)
    for other in (*others, mapped):
        np.testing.assert_array_equal(other.predict(X), want)
        other.partial_fit(X, Y)  # goes on with the moments of before
        np.testing.assert_array_equal(other.coefs_[0], estimator.coefs_[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_clone_has_the_parameters_and_nothing_else(kind):
    layers = [fn.layers.Flatten(), fn.layers.Dense(7, "tanh")]
    estimator = kind(layers=layers, **QUICK).fit(X, Y)
    other = clone(estimator)
    assert not hasattr(other, "coefs_") and not hasattr(other, "network_")
    assert not estimator.layers[1].joined and estimator.layers is layers
    np.testing.assert_array_equal(other.fit(X, Y).predict(X), estimator.predict(X))


def test_pipelines_searches_and_scores():
    model = make_pipeline(StandardScaler(), MLPClassifier((20,), **QUICK))
    assert cross_val_score(model, X, Y, cv=3).min() > 0.85
    search = GridSearchCV(model, {"mlpclassifier__alpha": [1e-4, 0.1, 1e4]}, cv=3).fit(X, Y)
    assert search.best_score_ > 0.9
    assert search.cv_results_["mean_test_score"][2] < 0.9  # drawn to 0
    importance = permutation_importance(search, X, Y, n_repeats=3, random_state=0)
    assert importance.importances_mean.argmax() in (2, 3)  # the petals


def test_a_search_on_processes_uses_no_more_threads_than_there_are():
    code = (
        "from test_sklearn_tools import Threads, X, Y, GridSearchCV\n"
        "how = {'cv': 2, 'n_jobs': 2, 'refit': False}\n"
        "search = GridSearchCV(Threads(max_iter=2), {'alpha': [0.1, 0.2]}, **how)\n"
        "print(int(search.fit(X, Y).cv_results_['mean_test_score'].max()))"
    )
    hidden = {"OMP_NUM_THREADS", "FASTNN_NUM_THREADS"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    environment["PYTHONWARNINGS"] = "ignore"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-500:]
    assert int(done.stdout) == max(1, joblib.cpu_count() // 2)


def test_ensembles_and_calibration():
    mlp = MLPClassifier((20,), **QUICK)
    bagging = BaggingClassifier(mlp, 3, random_state=0).fit(X, Y)
    assert bagging.score(X, Y) > 0.9
    calibrated = CalibratedClassifierCV(mlp, cv=3).fit(X, Y)
    assert calibrated.score(X, Y) > 0.9
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_displays():
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot
    from sklearn.inspection import DecisionBoundaryDisplay
    from sklearn.metrics import ConfusionMatrixDisplay

    mlp = MLPClassifier((20,), **QUICK).fit(X[:, 2:], Y)
    display = DecisionBoundaryDisplay.from_estimator(mlp, X[:, 2:], response_method="predict")
    assert set(np.unique(display.response)) == {0, 1, 2}
    matrix = ConfusionMatrixDisplay.from_estimator(mlp, X[:, 2:], Y).confusion_matrix
    assert np.trace(matrix) / matrix.sum() == mlp.score(X[:, 2:], Y)
    pyplot.close("all")


def test_names_of_features_and_frames_that_come_out():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    mlp = MLPClassifier((5,), early_stopping=True, **QUICK).fit(frame, pandas.Series(Y))
    assert mlp.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        mlp.predict(frame[["b", "a", "c", "d"]])
    model = make_pipeline(StandardScaler(), MLPClassifier((5,), **QUICK))
    model.set_output(transform="pandas").fit(frame, Y)
    assert model[-1].feature_names_in_.tolist() == list("abcd")


def test_weights_are_routed():
    weight = np.where(Y == 0, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = MLPClassifier((5,), **QUICK).set_fit_request(sample_weight=True)
        mlp.set_score_request(sample_weight=False)
        how = {"params": {"sample_weight": weight}, "return_estimator": True}
        found = cross_validate(mlp, X, Y, cv=3, **how)
    for model in found["estimator"]:
        assert 0 not in model.predict(X[Y > 0])
        assert model.predict_proba(X[Y == 0])[:, 0].max() < 0.5  # never learnt


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("form", ["csr_array", "csr_matrix", "csc_array"])
def test_sparse_rows_give_what_dense_ones_give(kind, solver, form, monkeypatch):
    from fastnn.sklearn import samples

    monkeypatch.setattr(samples, "PIECE", 64 * 20)  # several pieces
    x, y = load_digits(return_X_y=True)
    x, y = x[:300] / 16, y[:300]
    how = {"max_iter": 4, "random_state": 0, "solver": solver, "alpha": 0.5, "batch_size": 7}
    dense = kind(**how).fit(x, y)
    thin = kind(**how).fit(getattr(sparse, form)(x), y)
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if solver == "lbfgs" else {"rtol": 0}
    for one, other in zip(thin.coefs_, dense.coefs_, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)
    assert thin.loss_ == pytest.approx(dense.loss_, rel=1e-12)
    np.testing.assert_array_equal(dense.predict(getattr(sparse, form)(x)), dense.predict(x))
    more = {"early_stopping": True, "n_iter_no_change": 2}
    if solver == "adam":
        dense = clone(dense).set_params(**more).fit(x, y)
        thin = clone(dense).fit(getattr(sparse, form)(x), y)
        assert thin.validation_scores_ == dense.validation_scores_


def test_a_sparse_matrix_is_never_dense_as_a_whole():
    import tracemalloc

    x = sparse.random(1500, 20_000, 1e-3, "csr", random_state=0)  # 240 MB if it were dense
    y = np.arange(1500) % 2
    mlp = MLPClassifier((2,), max_iter=1, random_state=0, batch_size=100, early_stopping=True)
    tracemalloc.start()
    mlp.fit(x, y).predict(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 120e6


# --- callbacks ------------------------------------------------------------------------------------


class Recorder:
    """Notes what it hears; wants training to end after some iterations."""

    def __init__(self, stop_after=None):
        self.heard, self.scores, self.weights, self.stop_after = [], [], [], stop_after

    def setup(self, estimator, context):
        self.heard.append("setup")

    def teardown(self, estimator, context):
        self.heard.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.heard.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.heard.append(f"end {context.task_name}")
        self.scores.append(fitted_estimator.score(X, y))
        self.weights.append(fitted_estimator.coefs_[0])
        ends = self.heard.count("end iteration")
        return self.stop_after is not None and ends >= self.stop_after


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", KINDS)
def test_callbacks_of_scikit_learn_hear_of_every_iteration(kind, solver):
    pytest.importorskip("sklearn.callback")
    recorder = Recorder()
    estimator = kind(max_iter=3, random_state=0, solver=solver).set_callbacks(recorder)
    estimator.fit(X, Y)
    each = ["begin iteration", "end iteration"] * 3
    assert recorder.heard == ["setup", "begin fit", *each, "end fit", "teardown"]
    assert recorder.scores[-1] == estimator.score(X, Y)
    assert not np.array_equal(recorder.weights[0], recorder.weights[1])  # as they were then
    np.testing.assert_array_equal(recorder.weights[-1], estimator.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_ends_training(solver):
    pytest.importorskip("sklearn.callback")
    mlp = MLPClassifier(max_iter=50, random_state=0, solver=solver)
    assert mlp.set_callbacks(Recorder(stop_after=4)).fit(X, Y).n_iter_ == 4


def test_callbacks_reach_a_step_of_a_pipeline():
    pytest.importorskip("sklearn.callback")
    recorder = Recorder()
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=4).set_callbacks(recorder))
    model.fit(X, Y)
    assert recorder.heard.count("end iteration") == 4
