"""Behaviour of training: what single units can and cannot do, and units that start alike."""

import numpy as np
import pytest

import fastnn as fn

L = fn.layers
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def unit(weights, bias):
    """A perceptron: one unit with sign activation."""
    net = fn.Sequential([L.Dense(1, "sign")], input_shape=(len(weights),), dtype="float64")
    net.layers[0].weight, net.layers[0].bias = [weights], [bias]
    return net


@pytest.mark.parametrize(
    ("weights", "bias", "expected"),
    [([2, 2], -3, [-1, -1, -1, 1]), ([2, 2], -1, [-1, 1, 1, 1])],
    ids=["and", "or"],
)
def test_a_hand_set_unit_is_a_gate(weights, bias, expected):
    assert unit(weights, bias).predict(CORNERS).ravel().tolist() == expected


def test_a_hand_set_unit_negates():
    assert unit([-2], 1).predict([[0.0], [1.0]]).ravel().tolist() == [1, -1]


def test_two_layers_of_hand_set_units_make_xor():
    layers = [L.Dense(2, "sign"), L.Dense(1, "sign")]
    net = fn.Sequential(layers, input_shape=(2,), dtype="float64")
    layers[0].weight, layers[0].bias = [[2, 2], [-2, -2]], [-1, 3]  # or, not and
    layers[1].weight, layers[1].bias = [[1, 1]], [-1]  # and
    assert net.predict(CORNERS).ravel().tolist() == [-1, 1, 1, -1]


def overlapping(n=300, seed=3):
    """Two classes that no line separates."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return rng.normal(size=(n, 3)) + 0.8 * y[:, None] * [1, -0.5, 0], y


def test_one_sigmoid_unit_is_logistic_regression():
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    x, y = overlapping()
    model = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    expected = metrics.log_loss(y, model.predict_proba(x))
    net = fn.Sequential([L.Dense(1, "sigmoid")], input_shape=(3,), dtype="float64", seed=0)
    sgd = fn.optimizers.SGD(1.0, momentum=0.9)
    net.fit(x, y, loss="binary_cross_entropy", optimizer=sgd, epochs=300, batch_size=300, verbose=0)
    assert net.evaluate(x, y)["loss"] == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(net.layers[0].weight, model.coef_, atol=1e-3)


def blobs(n=400, seed=0):
    """Four Gaussian blobs at (±1, ±1), σ = 0.3, opposite corners of one class."""
    rng = np.random.default_rng(seed)
    corners = rng.choice([-1.0, 1.0], (n, 2))
    return corners + rng.normal(0, 0.3, (n, 2)), (corners.prod(axis=1) > 0).astype(int)


def trained(layers, seed, epochs):
    x, y = blobs()
    net = fn.Sequential(layers, input_shape=(2,), dtype="float64", seed=seed)
    net.fit(
        x, y, loss="binary_cross_entropy", optimizer=fn.optimizers.Adam(0.05), epochs=epochs,
        batch_size=50, verbose=0,
    )  # fmt: skip
    return net.evaluate(x, y)


def test_logistic_regression_cannot_tell_opposite_corners_apart():
    assert 0.35 < trained([L.Dense(1, "sigmoid")], 0, 30)["accuracy"] < 0.65


def test_two_hidden_units_tell_opposite_corners_apart():
    starts = [trained([L.Dense(2, "tanh"), L.Dense(1, "sigmoid")], seed, 60) for seed in range(10)]
    assert min(starts, key=lambda scores: scores["loss"])["accuracy"] > 0.95


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_units_that_start_alike_stay_alike(optimizer):
    x, y = blobs()
    layers = [L.Dense(4, "tanh"), L.Dense(1, "sigmoid")]
    net = fn.Sequential(layers, input_shape=(2,), seed=1)
    hidden, out = layers
    hidden.weight[2], hidden.bias[2] = hidden.weight[0], hidden.bias[0]
    out.weight[0, 2] = out.weight[0, 0]
    before = net.parameters.copy()
    net.fit(x, y, loss="binary_cross_entropy", optimizer=optimizer, epochs=5, verbose=0)
    assert (net.parameters != before).all()
    assert hidden.weight[2].tobytes() == hidden.weight[0].tobytes()
    assert hidden.bias[2] == hidden.bias[0]
    assert out.weight[0, 2] == out.weight[0, 0]
    assert hidden.weight[1].tobytes() != hidden.weight[0].tobytes()
