"""Section 1 of the worked cases: every equation as written, against the layers."""

import itertools
import math

import numpy as np
import pytest

import fastnn as fn

close = {"rtol": 1e-12, "atol": 1e-12}
SLOPES = {
    "sigmoid": lambda z: z * (1 - z),
    "tanh": lambda z: 1 - z * z,
    "relu": lambda z: (z > 0).astype(float),
}


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def equal(got, expected):
    np.testing.assert_allclose(got, expected, **close)


def test_1_1_dense(rng):
    x, dy = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    layer = fn.layers.Dense(4).build((3,), "float64")
    layer.bias = rng.normal(size=4)
    equal(layer.forward(x), [layer.weight @ a + layer.bias for a in x])
    equal(layer.backward(dy), [layer.weight.T @ d for d in dy])
    equal(layer.gradients["weight"], sum(np.outer(d, a) for d, a in zip(dy, x, strict=True)))
    equal(layer.gradients["bias"], dy.sum(axis=0))


@pytest.mark.parametrize("function", SLOPES)
def test_1_2_activations(function, rng):
    x, dy = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    layer = fn.layers.Activation(function)
    y = layer.forward(x)
    equal(layer.backward(dy), dy * SLOPES[function](y))


def test_1_2_relu_has_slope_0_at_0():
    layer = fn.layers.Activation("relu")
    layer.forward([[0.0, -0.0]])
    assert layer.backward([[1.0, 1.0]]).tolist() == [[0.0, 0.0]]


def test_1_3_softmax_has_the_full_jacobian(rng):
    x, dy = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    layer = fn.layers.Softmax()
    y = layer.forward(x)
    equal(y, np.exp(x) / np.exp(x).sum(axis=1, keepdims=True))
    dx = layer.backward(dy)
    for n in range(5):
        jacobian = np.diag(y[n]) - np.outer(y[n], y[n])
        equal(jacobian, jacobian.T)
        equal(dx[n], jacobian @ dy[n])


CONVOLUTIONS = [  # layer, spatial sizes, stride, dilation, padding before
    (fn.layers.Conv1D, (9,), (2,), (3,), (1,)),
    (fn.layers.Conv2D, (7, 6), (2, 1), (1, 2), (2, 0)),
    (fn.layers.Conv3D, (4, 5, 3), (1, 2, 1), (1, 1, 1), (0, 1, 1)),
]


@pytest.mark.parametrize(("kind", "spatial", "stride", "dilation", "before"), CONVOLUTIONS)
def test_1_4_convolution(kind, spatial, stride, dilation, before, rng):
    filters, channels, size = 3, 2, (2,) * len(spatial)
    padding = tuple((b, 1) for b in before)
    layer = kind(filters, size, stride=stride, dilation=dilation, padding=padding)
    layer.build((*spatial, channels), "float64")
    layer.bias = rng.normal(size=filters)
    x = rng.normal(size=(2, *spatial, channels))
    y = layer.forward(x)
    dy = rng.normal(size=y.shape)
    dx = layer.backward(dy)

    expected, dweight, expected_dx = (np.zeros_like(a) for a in (y, layer.weight, x))
    for p in itertools.product(*map(range, y.shape[1:-1])):
        expected[(slice(None), *p)] += layer.bias
        for k in itertools.product(*map(range, size)):
            at = tuple(
                a * s + b * d - c
                for a, s, b, d, c in zip(p, stride, k, dilation, before, strict=True)
            )
            if all(0 <= i < n for i, n in zip(at, spatial, strict=True)):
                w, pixel = layer.weight[(slice(None), *k)], x[(slice(None), *at)]
                delta = dy[(slice(None), *p)]
                expected[(slice(None), *p)] += pixel @ w.T
                dweight[(slice(None), *k)] += delta.T @ pixel
                expected_dx[(slice(None), *at)] += delta @ w
    equal(y, expected)
    equal(layer.gradients["weight"], dweight)
    equal(layer.gradients["bias"], dy.reshape(-1, filters).sum(axis=0))
    equal(dx, expected_dx)


def test_1_5_max_pooling_remembers_the_first_of_equals():
    layer = fn.layers.MaxPool1D(3)
    x = np.array([[1.0, 7.0, 7.0, 4.0, 4.0, 4.0]])[..., None]
    assert layer.forward(x).ravel().tolist() == [7, 4]
    assert layer.backward([[[5.0], [6.0]]]).ravel().tolist() == [0, 5, 0, 6, 0, 0]


def test_1_6_average_pooling_spreads_evenly():
    layer = fn.layers.AveragePool1D(2)
    assert layer.forward([[[1.0], [3.0], [5.0], [9.0]]]).ravel().tolist() == [2, 7]
    assert layer.backward([[[4.0], [6.0]]]).ravel().tolist() == [2, 2, 3, 3]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", [(0, 0), (1, 0), (2, 3)])
def test_1_7_output_size(stride, dilation, padding):
    how = {"stride": stride, "dilation": dilation, "padding": (padding, (0, 0))}
    layer = fn.layers.Conv2D(1, 3, **how).build((11, 8, 1))
    sizes = [
        (size + sum(pair) - dilation * 2 - 1) // stride + 1
        for size, pair in ((11, padding), (8, (0, 0)))
    ]
    assert layer.output_shape == (*sizes, 1)


def test_1_8_losses(rng):
    z, t = rng.normal(size=(6, 3)), rng.random(size=(6, 3))
    y = 1 / (1 + np.exp(-z))
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    table = {
        fn.losses.half_squared_error: ((z - t) ** 2 / 2).sum(axis=1),
        fn.losses.squared_error: ((z - t) ** 2).sum(axis=1),
        fn.losses.mean_squared_error: ((z - t) ** 2).mean(axis=1),
        fn.losses.binary_cross_entropy: -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum(axis=1),
        fn.losses.cross_entropy: -(t * np.log(softmax)).sum(axis=1),
    }
    for loss, samples in table.items():
        equal(loss(z, t)[0], samples.mean())


def test_1_9_cross_entropy_takes_labels_one_hot_and_any_rows(rng):
    z, labels, rows = rng.normal(size=(6, 3)), rng.integers(0, 3, 6), 5 * rng.random((6, 3))
    y = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss, gradient = fn.losses.cross_entropy(z, labels)
    same_loss, same_gradient = fn.losses.cross_entropy(z, np.eye(3)[labels])
    assert loss == pytest.approx(same_loss, rel=1e-12)
    equal(gradient, same_gradient)
    _, gradient = fn.losses.cross_entropy(z, rows)
    equal(gradient, (y * rows.sum(axis=1, keepdims=True) - rows) / 6)


@pytest.mark.parametrize(
    ("loss", "activation"), [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")]
)
def test_1_10_the_fused_loss_and_the_long_way_agree(loss, activation, rng):
    x, t = rng.normal(size=(6, 4)), rng.random((6, 3))
    layer = fn.layers.Dense(3, activation=activation)
    net = fn.Sequential([layer], input_shape=(4,), dtype="float64")
    y = net.forward(x)
    long_way = -t / y if activation == "softmax" else (y - t) / (y * (1 - y))
    net.backward(long_way / len(x))
    expected = net.gradients.copy()
    fn.Trainer(net, loss=loss).loss_and_gradients(x, t)
    equal(net.gradients, expected)


def test_1_11_gradient_descent_takes_the_mean_over_the_batch(rng):
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    net = fn.Sequential([fn.layers.Dense(2)], input_shape=(3,), dtype="float64")
    trainer = fn.Trainer(net, "half_squared_error", fn.optimizers.SGD(0.1))
    single = []
    for n in range(5):
        trainer.loss_and_gradients(x[n : n + 1], t[n : n + 1])
        single.append(net.gradients.copy())
    before = net.parameters.copy()
    trainer.step(x, t)
    equal(net.parameters, before - 0.1 / 5 * sum(single))


@pytest.mark.parametrize(
    ("activation", "variance"), [("sigmoid", 1), ("tanh", 1), (None, 1), ("relu", 2)]
)
def test_1_12_initial_weights(activation, variance):
    fan_in = 400
    layer = fn.layers.Dense(500, activation).build((fan_in,), "float64", seed=3)
    scaled = layer.weight.ravel() * math.sqrt(fan_in / variance)  # 200,000 draws of N(0, 1)
    assert abs(scaled.mean()) < 5 / math.sqrt(scaled.size)
    assert abs(scaled.var() - 1) < 5 * math.sqrt(2 / scaled.size)
    assert abs((scaled**4).mean() - 3) < 5 * math.sqrt(96 / scaled.size)
    assert not layer.bias.any()


def test_1_12_a_small_positive_bias():
    layer = fn.layers.Dense(3, "relu", bias_initializer=0.1).build((2,), "float64")
    assert layer.bias.tolist() == [0.1, 0.1, 0.1]
