"""Section 2 of the worked cases: networks of a few weights, by hand."""

import numpy as np
import pytest

import fastnn as fn
from fastnn.layers import (
    AveragePool1D,
    AveragePool2D,
    AveragePool3D,
    Conv1D,
    Conv2D,
    Conv3D,
    Dense,
    Flatten,
    MaxPool1D,
)

ACTIVATIONS = {  # h and h' as functions of a
    "sigmoid": (
        lambda a: 1 / (1 + np.exp(-a)),
        lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    ),
    "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2),
    "relu": (lambda a: np.maximum(a, 0), lambda a: (np.asarray(a) > 0) * 1.0),
}
pytestmark = pytest.mark.parametrize("seed", range(4))
activations = pytest.mark.parametrize("name", ACTIVATIONS)


def gradients(layers, input_shape, weights, x, t):
    """Give the layers these weights; return the outputs and the weights' gradients."""
    net = fn.Sequential(layers, input_shape=input_shape, dtype="float64")
    weighted = [layer for layer in layers if layer.parameters]
    for layer, weight in zip(weighted, weights, strict=True):
        layer.weight = np.reshape(weight, layer.weight.shape)
    y = net.predict(x)
    fn.Trainer(net, loss="half_squared_error").loss_and_gradients(x, t)
    return y, [layer.gradients["weight"].ravel() for layer in weighted]


def equal(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@activations
def test_2_1_one_weight_a_layer(name, seed):
    h, slope = ACTIVATIONS[name]
    w1, w2, x, t = np.random.default_rng(seed).normal(size=4)
    layers = [Dense(1, name, bias=False), Dense(1, bias=False)]
    y, (dw1, dw2) = gradients(layers, (1,), [w1, w2], [[x]], [[t]])
    a = w1 * x
    equal(y, [[w2 * h(a)]])
    equal(dw2, [(y.item() - t) * h(a)])
    equal(dw1, [(y.item() - t) * w2 * slope(a) * x])


@activations
def test_2_2_two_outputs(name, seed):
    h, slope = ACTIVATIONS[name]
    w1, w2, w3, x, t1, t2 = np.random.default_rng(seed).normal(size=6)
    layers = [Dense(1, name, bias=False), Dense(2, bias=False)]
    _, (dw1, dw23) = gradients(layers, (1,), [w1, [w2, w3]], [[x]], [[t1, t2]])
    a = w1 * x
    delta1, delta2 = w2 * h(a) - t1, w3 * h(a) - t2
    equal(dw23, [delta1 * h(a), delta2 * h(a)])
    equal(dw1, [(delta1 * w2 + delta2 * w3) * slope(a) * x])


@activations
def test_2_3_hidden_units_tied_to_one_feature_each(name, seed):
    h, slope = ACTIVATIONS[name]
    w1, w2, w3, w4, x1, x2, t = np.random.default_rng(seed).normal(size=7)
    layers = [Conv1D(2, 1, groups=2, activation=name, bias=False), Flatten(), Dense(1, bias=False)]
    y, (dw12, dw34) = gradients(layers, (1, 2), [[w1, w2], [w3, w4]], [[[x1, x2]]], [[t]])
    a1, a2, error = w1 * x1, w2 * x2, y.item() - t
    equal(y, [[w3 * h(a1) + w4 * h(a2)]])
    equal(dw34, [error * h(a1), error * h(a2)])
    equal(dw12, [error * w3 * slope(a1) * x1, error * w4 * slope(a2) * x2])

    # the same as a dense layer of which a mask takes the other weights
    layers = [Dense(2, name, mask=[[1, 0], [0, 1]], bias=False), Dense(1, bias=False)]
    masked_y, (dw, dw34) = gradients(layers, (2,), [[w1, 0, 0, w2], [w3, w4]], [[x1, x2]], [[t]])
    equal(masked_y, y)
    equal(dw34, [error * h(a1), error * h(a2)])
    equal(dw, [error * w3 * slope(a1) * x1, 0, 0, error * w4 * slope(a2) * x2])


@activations
def test_2_4_one_shared_weight(name, seed):
    h, slope = ACTIVATIONS[name]
    w, w3, w4, x1, x2, t = np.random.default_rng(seed).normal(size=6)
    layers = [Conv1D(1, 1, activation=name, bias=False), Flatten(), Dense(1, bias=False)]
    y, (dw, _) = gradients(layers, (2, 1), [w, [w3, w4]], [[[x1], [x2]]], [[t]])
    error = y.item() - t
    equal(y, [[w3 * h(w * x1) + w4 * h(w * x2)]])
    delta1, delta2 = error * w3 * slope(w * x1), error * w4 * slope(w * x2)
    equal(dw, [delta1 * x1 + delta2 * x2])


@activations
def test_2_5_max_pooling_lets_only_the_larger_unit_learn(name, seed):
    h, slope = ACTIVATIONS[name]
    w, x1, x2, t = np.random.default_rng(seed).normal(size=4)
    layers = [Conv1D(1, 1, activation=name, bias=False), MaxPool1D(2), Flatten()]
    y, (dw,) = gradients(layers, (2, 1), [w], [[[x1], [x2]]], [[t]])
    larger = x1 if h(w * x1) >= h(w * x2) else x2
    equal(y, [[h(w * larger)]])
    equal(dw, [(y.item() - t) * slope(w * larger) * larger])


@pytest.mark.parametrize(
    ("pool", "conv", "spatial", "size", "stride", "padding"),
    [
        (AveragePool1D, Conv1D, (9,), 3, 2, 0),
        (AveragePool2D, Conv2D, (6, 7), (2, 3), (2, 1), 0),
        (AveragePool2D, Conv2D, (6, 7), 3, 2, ((1, 2), (0, 1))),
        (AveragePool3D, Conv3D, (4, 4, 5), 2, 2, 1),
    ],
)
def test_2_6_average_pooling_is_a_depthwise_convolution(
    pool, conv, spatial, size, stride, padding, seed
):
    rng, channels = np.random.default_rng(seed), 3
    how = {"stride": stride, "padding": padding}
    average = pool(size, count_include_pad=True, **how)
    depthwise = conv(channels, size, groups=channels, bias=False, **how)
    depthwise.build((*spatial, channels), "float64")
    depthwise.weight = np.full_like(depthwise.weight, 1 / np.prod(depthwise.size))
    x = rng.normal(size=(2, *spatial, channels))
    y = average.forward(x)
    equal(y, depthwise.forward(x))
    dy = rng.normal(size=y.shape)
    equal(average.backward(dy), depthwise.backward(dy))


def test_2_7_linear_layers_are_one_linear_map(seed):
    rng, layers = np.random.default_rng(seed), [Dense(n, bias=False) for n in (4, 5, 2)]
    net = fn.Sequential(layers, input_shape=(3,), dtype="float64", seed=seed)
    x, dy = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    matrix = layers[2].weight @ layers[1].weight @ layers[0].weight
    equal(net.forward(x), x @ matrix.T)
    equal(net.backward(dy), dy @ matrix)
