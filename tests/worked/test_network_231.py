"""Section 3 of the worked cases: a network of 2 inputs, 3 hidden units and 1 output, by number."""

import numpy as np
import pytest

import fastnn as fn
from fastnn.layers import Dense
from network_231 import ALPHA, BETA, ROWS, TARGET


def network():
    hidden, output = Dense(3, "tanh"), Dense(1)
    net = fn.Sequential([hidden, output], input_shape=(2,), dtype="float64")
    hidden.weight, hidden.bias = ALPHA[:, 1:], ALPHA[:, 0]
    output.weight, output.bias = BETA[:, 1:], BETA[:, 0]
    return net


def gradients(net, x, loss="half_squared_error", target=TARGET):
    """Return the loss and each layer's gradient, its bias in column 0."""
    loss = fn.Trainer(net, loss=loss).loss_and_gradients(x, np.full((len(x), 1), target))
    return loss, [
        np.column_stack([layer.gradients["bias"], layer.gradients["weight"]])
        for layer in net.layers
    ]


@pytest.mark.parametrize(("x", "a", "y", "loss", "da", "dbeta"), ROWS)
def test_3_1_by_number(x, a, y, loss, da, dbeta):
    net = network()
    np.testing.assert_allclose(net.predict([x]), [[y]], rtol=2e-15 * 4)
    got_loss, (dalpha, got_dbeta) = gradients(net, [x])
    assert got_loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(got_dbeta, [dbeta], rtol=0, atol=1e-9)
    np.testing.assert_allclose(dalpha, np.outer(da, [1, *x]), rtol=1e-7, atol=5e-10)
    # and exactly, by the formulas
    z = np.tanh(np.array(a, float))
    error = BETA[0] @ [1, *z] - TARGET
    np.testing.assert_allclose(got_dbeta[0], error * np.array([1, *z]), rtol=1e-12, atol=1e-15)
    exact = error * BETA[0, 1:] / np.cosh(a) ** 2
    np.testing.assert_allclose(dalpha, np.outer(exact, [1, *x]), rtol=1e-12, atol=1e-12)


def test_3_1_a_batch_gives_the_mean():
    net = network()
    xs = [row[0] for row in ROWS]
    losses, parts = zip(*(gradients(net, [x]) for x in xs), strict=True)
    loss, (dalpha, dbeta) = gradients(net, xs)
    assert loss == pytest.approx(np.mean(losses), rel=1e-12)
    np.testing.assert_allclose(dalpha, np.mean([p[0] for p in parts], axis=0), rtol=1e-12)
    np.testing.assert_allclose(dbeta, np.mean([p[1] for p in parts], axis=0), rtol=1e-12)


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_3_2_biases_everywhere(function):
    g, slope = {
        "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda z: z * (1 - z)),
        "tanh": (np.tanh, lambda z: 1 - z * z),
    }[function]
    net = fn.Sequential(
        [Dense(2, function), Dense(1, function)], input_shape=(1,), dtype="float64", seed=4
    )
    net.parameters += 0.3
    x, t = 0.7, -0.4
    hidden, output = net.layers
    a2 = g(hidden.weight[:, 0] * x + hidden.bias)
    y = g(output.weight[0] @ a2 + output.bias[0])
    delta3 = 2 * (y - t) * slope(y)
    delta2 = delta3 * output.weight[0] * slope(a2)
    loss, (dhidden, doutput) = gradients(net, [[x]], "squared_error", t)
    assert loss == pytest.approx((t - y) ** 2, rel=1e-12)
    np.testing.assert_allclose(doutput, [[delta3, *(a2 * delta3)]], rtol=1e-12)
    np.testing.assert_allclose(dhidden, np.column_stack([delta2, x * delta2]), rtol=1e-12)


def test_3_3_a_bias_folded_into_the_weights():
    folded = fn.Sequential(
        [Dense(3, "tanh", bias=False), Dense(1)], input_shape=(3,), dtype="float64"
    )
    folded.layers[0].weight = ALPHA
    folded.layers[1].weight, folded.layers[1].bias = BETA[:, 1:], BETA[:, 0]
    xs = np.array([row[0] for row in ROWS], float)
    _, (dalpha, _) = gradients(network(), xs)
    trainer = fn.Trainer(folded, loss="half_squared_error")
    trainer.loss_and_gradients(np.column_stack([np.ones(3), xs]), np.full((3, 1), TARGET))
    np.testing.assert_allclose(folded.layers[0].gradients["weight"], dalpha, rtol=1e-12)


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_3_4_backward_agrees_with_finite_differences(depth):
    rng, step = np.random.default_rng(depth), 1e-6
    layers = [Dense(4, "tanh") for _ in range(depth)] + [Dense(2)]
    net = fn.Sequential(layers, input_shape=(3,), dtype="float64", seed=depth)
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    trainer = fn.Trainer(net, loss="half_squared_error")
    trainer.loss_and_gradients(x, t)
    backward, differences = net.gradients.copy(), []
    for i in range(net.parameters.size):
        value = net.parameters[i]
        net.parameters[i] = value + step
        above = trainer.loss_and_gradients(x, t)
        net.parameters[i] = value - step
        below = trainer.loss_and_gradients(x, t)
        net.parameters[i] = value
        differences.append((above - below) / (2 * step))
    np.testing.assert_allclose(backward, differences, rtol=1e-7, atol=1e-8)
