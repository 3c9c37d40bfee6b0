"""Metrics: by hand, against scikit-learn, and what networks let them see."""

import numpy as np
import pytest

import fastnn as fn
from fastnn import metrics

L, NAN = fn.layers, float("nan")
YES, NO = "yes", "no"

ROWS = [  # function, what is true, what is predicted, settings, result by hand
    ("accuracy", [0, 1, 2, 2], [0, 2, 2, 2], {}, 3 / 4),
    ("accuracy", [[0, 1], [2, 2]], [[0, 2], [2, 2]], {"sample_weight": [3, 1]}, 5 / 8),
    ("accuracy", ["a", "b"], [["a"], ["a"]], {}, 1 / 2),
    ("accuracy", [], [], {}, 0.0),
    # of two classes: the last is positive; hits 1, predicted 2, true 3
    ("precision", [0, 1, 1, 1], [1, 1, 0, 0], {}, 1 / 2),
    ("recall", [0, 1, 1, 1], [1, 1, 0, 0], {}, 1 / 3),
    ("f1", [0, 1, 1, 1], [1, 1, 0, 0], {}, 2 / 5),
    ("precision", [0, 1, 1, 1], [1, 1, 0, 0], {"sample_weight": [3, 1, 1, 1]}, 1 / 4),
    ("recall", [-1, 1, 1, 1], [1, 1, -1, -1], {}, 1 / 3),
    ("recall", [NO, YES, YES, YES], [YES, YES, NO, NO], {}, 1 / 3),
    ("recall", [NO, YES, YES, YES], [YES, YES, NO, NO], {"positive": NO}, 0.0),
    ("recall", [False, True], [True, True], {}, 1.0),
    ("recall", [0, 0], [0, 0], {}, 0.0),  # no positive sample
    ("precision", [1, 1], [1, 1], {}, 1.0),
    ("precision", [7, 7], [7, 7], {"labels": [7, 9]}, 0.0),
    ("precision", [0, 1], [0, 0], {}, 0.0),  # never predicted
    # of three: means of (1, 1/3, 0), of (1/2, 1, 0), of (2/3, 1/2, 0)
    ("precision", [0, 0, 1, 2], [0, 1, 1, 1], {}, 4 / 9),
    ("recall", [0, 0, 1, 2], [0, 1, 1, 1], {}, 1 / 2),
    ("f1", [0, 0, 1, 2], [0, 1, 1, 1], {}, 7 / 18),
    ("f1", [0, 0, 1, 1], [0, 1, 1, 1], {"labels": [0, 1, 2]}, (2 / 3 + 4 / 5) / 2),
    ("f1", [0, 0, 1, 1], [0, 1, 1, 1], {"average": "macro"}, (2 / 3 + 4 / 5) / 2),
    ("f1", [0, 0, 1, 2], [0, 1, 1, 1], {"average": None}, [2 / 3, 1 / 2, 0]),
    ("f1", [0, 0, 1, 2], [0, 1, 1, 1], {"positive": 1}, 1 / 2),
    ("f1", [], [], {}, 0.0),
    ("top_k_accuracy", [0, 1, 2], [[1, 2, 3], [1, 2, 3], [1, 2, 3]], {"k": 2}, 2 / 3),
    ("top_k_accuracy", [0, 1, 2], [[5, 5, 5]] * 3, {"k": 1}, 1 / 3),  # the first of equals
    ("top_k_accuracy", [0, 1, 2], [[5, 5, 5]] * 3, {"k": 2}, 2 / 3),
    ("top_k_accuracy", [0, 0, 1], [[5, 5, 5]] * 3, {"k": 1}, 2 / 3),
    ("top_k_accuracy", [0, 0], [[1, 2], [2, 1]], {"k": 1, "sample_weight": [1, 3]}, 3 / 4),
    ("top_k_accuracy", [0], [[NAN, 1.0]], {"k": 1}, 0.0),
    ("top_k_accuracy", [[0, 1]], [[[1, 0, 2], [0, 1, 2]]], {"k": 2}, 1.0),
    ("auc", [0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8], {}, 3 / 4),
    ("auc", [0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8], {}, 7 / 8),  # a tie counts half
    ("auc", [0, 1, 0, 1], [5, 5, 5, 5], {}, 1 / 2),
    ("auc", [YES, NO], [0.0, 1.0], {}, 0.0),
    ("auc", [YES, NO], [0.0, 1.0], {"positive": NO}, 1.0),
    ("auc", [0, 1, 1], [1, 0, 2], {"sample_weight": [2, 1, 3]}, 3 / 4),
    ("auc", [1, 1], [0, 1], {}, NAN),
    ("auc", [0, 1], [0, NAN], {}, NAN),
    ("auc", [0, 1], [0, 1], {"sample_weight": [0, 1]}, NAN),
    ("mae", [0, 1], [[1], [3]], {}, 3 / 2),
    ("mae", [0, 1], [1, 3], {"sample_weight": [3, 1]}, 5 / 4),
    ("rmse", [0, 1], [1, 8], {}, 5.0),
    ("rmse", [[0, 0], [0, 0]], [[1, 1], [3, 3]], {"sample_weight": [7, 1]}, 2**0.5),
    ("r2", [1, 2, 3], [1, 2, 4], {}, 1 / 2),
    ("r2", [1, 2, 3], [3, 2, 1], {}, -3.0),
    ("r2", [[1, 5], [3, 5]], [[1, 5], [3, 5]], {}, 1.0),
    ("r2", [[1, 5], [3, 5]], [[1, 5], [3, 6]], {}, 1 / 2),
    ("r2", [0, 4, 9], [0, 3, 0], {"sample_weight": [3, 1, 0]}, 1 - 1 / 12),
    ("r2", [1], [1], {}, NAN),
    ("r2", [1, 2], [1, NAN], {}, NAN),
    ("mae", [1, NAN], [1, 2], {}, NAN),
]


@pytest.mark.parametrize(("name", "true", "predicted", "how", "expected"), ROWS)
def test_metrics_by_hand(name, true, predicted, how, expected):
    got = getattr(metrics, name)(true, predicted, **how)
    np.testing.assert_allclose(got, expected, rtol=1e-15, atol=0)


def draws(n=200, classes=4, seed=0):
    """Labels, scores with ties, what these decide, weights with zeros."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    scores = rng.integers(0, 30, (n, classes)) / 4 + 3 * np.eye(classes)[true]
    return true, scores, scores.argmax(axis=1), rng.integers(0, 4, n).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_decisions_agree_with_scikit_learn(classes, weighted):
    theirs = pytest.importorskip("sklearn.metrics")
    true, _, predicted, weight = draws(classes=classes)
    how = {"sample_weight": weight if weighted else None}
    got = metrics.accuracy(true, predicted, **how)
    assert got == pytest.approx(theirs.accuracy_score(true, predicted, **how), rel=1e-13)
    for average in ("binary", "macro", None) if classes == 2 else ("macro", None):
        for name in ("precision", "recall", "f1"):
            expected = getattr(theirs, f"{name}_score")(true, predicted, average=average, **how)
            for labels in (true, np.array(list("abcdefg"))[true]):
                guess = predicted if labels is true else np.array(list("abcdefg"))[predicted]
                got = getattr(metrics, name)(labels, guess, average=average, **how)
                np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_agree_with_scikit_learn(weighted):
    theirs = pytest.importorskip("sklearn.metrics")
    true, scores, _, weight = draws(classes=2)
    how = {"sample_weight": weight if weighted else None}
    expected = theirs.roc_auc_score(true, scores[:, 1], **how)
    assert 0.6 < expected < 0.99 and len(np.unique(scores[:, 1])) < len(scores)
    assert metrics.auc(true, scores[:, 1], **how) == pytest.approx(expected, rel=1e-12)
    true, scores, _, weight = draws(classes=6)
    scores += np.random.default_rng(1).normal(size=scores.shape)  # they break ties otherwise
    for k in range(1, 6):
        expected = theirs.top_k_accuracy_score(true, scores, k=k, **how)
        assert metrics.top_k_accuracy(true, scores, k, **how) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_agree_with_scikit_learn(weighted):
    theirs = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    true = rng.normal(5, 2, (100, 3))
    predicted = true + rng.normal(size=true.shape)
    how = {"sample_weight": rng.uniform(0, 2, 100) if weighted else None}
    expected = {
        "mae": theirs.mean_absolute_error(true, predicted, **how),
        "rmse": theirs.mean_squared_error(true, predicted, **how) ** 0.5,
        "r2": theirs.r2_score(true, predicted, **how),
    }
    for name, value in expected.items():
        got = getattr(metrics, name)(true, predicted, **how)
        assert got == pytest.approx(value, rel=1e-12)


ERRORS = [
    (lambda: metrics.mae([1.0, 2.0], [[1.0, 2.0]]), ValueError, r"one shape, got \(2,\) and"),
    (lambda: metrics.accuracy(["a"], [1]), TypeError, "labels of one kind, got <U1 and int64"),
    (lambda: metrics.accuracy([0.5], [1]), ValueError, "expected labels, got 0.5"),
    (
        lambda: metrics.f1([0, 1, 2], [0, 1, 2], average="binary"),
        ValueError,
        "two classes .* got 3",
    ),
    (lambda: metrics.f1([0], [0], average="micro"), ValueError, "got 'micro'"),
    (lambda: metrics.auc([0, 1, 2], [0, 1, 2]), ValueError, "two classes, got 3"),
    (lambda: metrics.top_k_accuracy([2], [[0.0, 1.0]]), ValueError, "class numbers 0 … 1"),
    (lambda: metrics.top_k_accuracy([0], [1.0]), ValueError, r"got \(1,\) and \(1,\)"),
    (lambda: metrics.mae([1], [1], sample_weight=[1, 2]), ValueError, r"shape \(1,\)"),
    (lambda: metrics.mae(1, 1), ValueError, "an axis of samples"),
    (lambda: metrics.get("top_0"), ValueError, "unknown metric 'top_0'"),
    (lambda: metrics.get("F1"), ValueError, "did you mean 'f1'"),
    (lambda: metrics.get(metrics.TopK), TypeError, r"write TopK\(\)"),
    (lambda: metrics.get(3), TypeError, "names, metrics or functions .* got 3"),
    (lambda: metrics.get_all("f1"), TypeError, "a list of metrics, got 'f1'"),
    (lambda: metrics.get_all(["f1", metrics.F1("macro")]), ValueError, "names of their own"),
    (lambda: metrics.TopK(0), ValueError, "TopK: k"),
    (lambda: score(3, "cross_entropy", ["auc"]), ValueError, "two classes, the network tells 3"),
    (lambda: score(3, "cross_entropy", ["top_5"]), ValueError, "top_5 is for at least 5 .* has 3"),
    (lambda: score(1, "binary_cross_entropy", ["top_1"]), ValueError, "exclude each other"),
    (lambda: score(3, "cross_entropy", ["mae"]), ValueError, "mae is for numbers"),
    (lambda: score(1, "squared_error", ["f1"]), ValueError, "f1 is for classification"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- in networks --------------------------------------------------------------------------------


def score(units, loss, names):
    net = fn.Sequential([L.Dense(units)], input_shape=(4,))
    y = np.zeros((2, 1)) if loss == "squared_error" else [0, 1]
    return net.evaluate(np.ones((2, 4)), y, loss=loss, metrics=names)


def trained(units, labels, loss, names):
    """A network, its data, and what it says of them by these metrics."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(120, 4))
    index = (x[:, 0] + rng.normal(size=120) > 0).astype(int) + (labels[2:] != [] and x[:, 1] > 0.5)
    y = np.array(labels)[index]
    net = fn.Sequential([L.Dense(units)], input_shape=(4,), dtype="float64")
    net.fit(x, y, loss=loss, optimizer=fn.optimizers.Adam(0.1), epochs=3, verbose=0)
    return net, x, y, net.evaluate(x, y, metrics=names, batch_size=50)


@pytest.mark.parametrize(("units", "loss"), [(1, "binary_cross_entropy"), (2, "cross_entropy")])
@pytest.mark.parametrize("labels", [[0, 1], [NO, YES], [-1, 1], [4, 2], [False, True]], ids=str)
def test_metrics_of_two_classes_see_labels_and_scores(units, loss, labels):
    names = ["accuracy", "precision", "recall", "f1", "auc"]
    net, x, y, got = trained(units, labels, loss, names)
    predicted, proba = net.predict_classes(x), net.predict_proba(x)[:, 1]
    assert list(got) == ["loss", *names]
    for name in names[:-1]:
        assert (
            got[name] == getattr(metrics, name)(y, predicted, labels=labels)
            if (name != "accuracy")
            else metrics.accuracy(y, predicted)
        )
    assert got["auc"] == metrics.auc(y, proba)
    assert 0.6 < got["auc"] < 1 and got["precision"] != got["recall"]


def test_metrics_of_more_classes():
    names = ["top_2", "accuracy", metrics.F1(), metrics.Recall(positive="c")]
    net, x, y, got = trained(3, list("abc"), "cross_entropy", names)
    predicted, proba = net.predict_classes(x), net.predict_proba(x)
    numbers = np.searchsorted(net.classes_, y)
    assert got["top_2"] == metrics.top_k_accuracy(numbers, proba, 2) > got["accuracy"]
    assert got["accuracy"] == metrics.accuracy(y, predicted)
    assert got["f1"] == metrics.f1(y, predicted, average="macro")
    assert got["recall"] == np.mean(predicted[y == "c"] == "c")


def test_classes_that_do_not_occur_leave_an_average_macro():
    net, x, y, _ = trained(3, list("abc"), "cross_entropy", ["f1"])
    rows = y != "a"
    net.layers[0].bias[0] = -100  # never predicted either
    got = net.evaluate(x[rows], y[rows], metrics=["f1"])["f1"]
    assert got == metrics.f1(y[rows], net.predict_classes(x[rows]), average="macro")
    assert got != metrics.f1(y[rows], net.predict_classes(x[rows]), average="binary")


def test_metrics_of_labels_that_do_not_exclude_each_other_take_all_decisions_together():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    y = (x + rng.normal(size=x.shape) > 0).astype(int)
    net = fn.Sequential([L.Dense(3)], input_shape=(3,), dtype="float64")
    how = {"loss": "binary_cross_entropy", "metrics": ["recall", "auc"]}
    got = net.evaluate(x, y, **how)
    predicted = net.predict(x)
    assert got["recall"] == metrics.recall(y.ravel(), (predicted > 0).ravel())
    assert got["auc"] == metrics.auc(y.ravel(), predicted.ravel())


def test_what_is_ignored_is_not_measured():
    loss = fn.losses.CrossEntropy(ignore_label=-100)
    net = fn.Sequential([L.Conv1D(3, 1)], input_shape=(5, 2))
    x = np.random.default_rng(0).normal(size=(8, 5, 2))
    y = np.random.default_rng(1).integers(0, 3, (8, 5))
    y[2] = y[:, 1] = -100
    got = net.evaluate(x, y, loss=loss, metrics=["accuracy", "f1", "top_2"])
    scores, kept = net.predict(x), y != -100
    decided = scores.argmax(axis=-1)[kept]
    assert got["accuracy"] == metrics.accuracy(y[kept], decided)
    assert got["f1"] == metrics.f1(y[kept], decided, average="macro")
    assert got["top_2"] == metrics.top_k_accuracy(y[kept], scores[kept], 2)


def test_metrics_of_numbers():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 1))
    net = fn.Sequential([L.Dense(1)], input_shape=(2,), dtype="float64")
    names = ["mae", "rmse", "r2"]
    got = net.evaluate(x, y[:, 0], loss="mean_squared_error", metrics=names)
    for name in names:
        assert got[name] == getattr(metrics, name)(y, net.predict(x))
    assert got["rmse"] == pytest.approx(got["loss"] ** 0.5, rel=1e-13)


def test_training_measures_the_outputs_of_every_step():
    net, x, y, _ = trained(2, [NO, YES], "cross_entropy", [])
    how = {"optimizer": fn.optimizers.SGD(0.0), "metrics": ["f1", "auc"], "batch_size": 7}
    history = net.fit(x, y, verbose=0, validation_data=(x, y), **how)
    assert history["f1"] == history["val_f1"]
    assert history["auc"] == history["val_auc"]


def test_a_metric_of_ones_own_sees_what_it_asks_for():
    seen = []

    class Own(metrics.Metric):
        name, sees = "own", "scores"

        def __call__(self, y_true, y_pred):
            seen.append((y_true, y_pred))
            return 3

    net, x, y, got = trained(2, [NO, YES], "cross_entropy", [Own()])
    assert got["own"] == 3.0
    np.testing.assert_array_equal(seen[-1][0], y == YES)
    np.testing.assert_array_equal(seen[-1][1], net.predict(x))
