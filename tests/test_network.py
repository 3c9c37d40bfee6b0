"""Sequential: one vector of parameters, forward and backward, predictions."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn

L = fn.layers


def small(**how):
    """A network with every kind of stage: preprocessing, windows, pools, fused activations."""
    layers = [
        L.Rescale(0.5, 0.1),
        L.Conv2D(3, 3, padding="same", activation="tanh"),
        L.AveragePool2D(2),
        L.Conv2D(4, 2, activation="sigmoid"),
        L.MaxPool2D(2),
        L.Flatten(),
        L.Dense(5, "relu"),
        L.Activation("tanh"),
        L.Dense(3),
    ]
    return fn.Sequential(layers, **({"input_shape": (7, 6, 2), "dtype": "float64"} | how))


def images(n=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 7, 6, 2))


def test_forward_is_the_layers_one_after_the_other():
    net, x = small(), images()
    y = x
    for layer in copy.deepcopy(net).layers:
        y = layer.forward(y)
    np.testing.assert_array_equal(net.forward(x), y)
    np.testing.assert_array_equal(net.predict(x), y)


def test_backward_agrees_with_finite_differences():
    net, x, step = small(seed=3), images(), 1e-6
    dy = np.random.default_rng(1).normal(size=(4, 3))
    net.forward(x)
    dx = net.backward(dy)

    def slope(array, index):
        value = array[index]
        array[index] = value + step
        above = (net.predict(x) * dy).sum()
        array[index] = value - step
        below = (net.predict(x) * dy).sum()
        array[index] = value
        return (above - below) / (2 * step)

    rng = np.random.default_rng(2)
    for i in range(net.parameters.size):
        assert net.gradients[i] == pytest.approx(slope(net.parameters, i), rel=1e-6, abs=1e-8)
    for index in zip(*(rng.integers(0, size, 20) for size in x.shape), strict=True):
        assert dx[index] == pytest.approx(slope(x, index), rel=1e-6, abs=1e-8)


def test_the_input_gradient_can_be_left_out():
    net, dy = small(), np.ones((4, 3))
    net.forward(images())
    assert net.backward(dy).shape == (4, 7, 6, 2)
    gradients = net.gradients.copy()
    net.gradients[:] = np.nan
    assert net.backward(dy, input_gradient=False) is None
    np.testing.assert_array_equal(net.gradients, gradients)


def test_weights_and_gradients_are_views_into_flat_vectors():
    net = small()
    weighted = [layer for layer in net.layers if layer.parameters]
    flat = np.concatenate([a.ravel() for layer in weighted for a in layer.parameters.values()])
    np.testing.assert_array_equal(net.parameters, flat)
    for layer in weighted:
        assert np.shares_memory(layer.weight, net.parameters)
        assert np.shares_memory(layer.gradients["bias"], net.gradients)
    net.parameters[:] = 0
    assert not weighted[0].weight.any()
    weighted[-1].bias = [1, 2, 3]
    assert net.predict(images()).tolist() == [[1, 2, 3]] * 4
    net.parameters = np.arange(net.parameters.size)
    assert weighted[0].weight.ravel()[:3].tolist() == [0, 1, 2]


def test_joining_moves_the_arrays_in():
    layer = L.Dense(2).build((3,), "float64", seed=9)
    weight = layer.weight.copy()
    net = fn.Sequential([layer], input_shape=(3,), dtype="float32", seed=0)
    assert layer.weight.dtype == np.float32
    assert np.shares_memory(layer.weight, net.parameters)
    np.testing.assert_array_equal(layer.weight, weight.astype(np.float32))


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
@pytest.mark.parametrize("built", [True, False])
def test_copies_rebuild_the_views(duplicate, built):
    net = small() if built else small(input_shape=None)
    twin, x = duplicate(net), images()
    assert twin.built == built
    np.testing.assert_array_equal(twin.predict(x), net.predict(x))
    twin.parameters[:] = 0
    assert not twin.layers[1].weight.any()
    assert net.layers[1].weight.any()
    twin.fit(x, [0, 1, 2, 0], verbose=0)
    assert net.classes_ is None


def test_a_network_is_built_on_its_first_data():
    net, x = small(input_shape=None), images()
    assert not net.built
    np.testing.assert_array_equal(net.predict(x), small().predict(x))
    assert net.input_shape == (7, 6, 2)


def test_the_first_layer_may_say_the_input_shape():
    net = fn.Sequential([L.Dense(2, input_shape=(3,))], seed=4)
    same = fn.Sequential([L.Dense(2)], input_shape=(3,), seed=4)
    np.testing.assert_array_equal(net.parameters, same.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["float64", "float32", "uint8", "float16", ">i4"])
def test_a_network_computes_in_its_own_dtype(dtype, given):
    net, x = small(dtype=dtype), np.clip(images() * 9, 0, 9).astype(given)
    assert net.predict(x).dtype == net.forward(x).dtype == net.parameters.dtype == dtype


def test_both_dtypes_start_from_the_same_weights():
    single, double = small(dtype="float32"), small(dtype="float64")
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))


def test_the_seed_decides_the_weights():
    assert (small(seed=1).parameters == small(seed=1).parameters).all()
    assert (small(seed=1).parameters != small(seed=2).parameters).any()


@pytest.mark.parametrize("batch_size", [1, 7, 16, 1000])
def test_predictions_do_not_depend_on_the_batch(batch_size):
    net, x = small(dtype="float32"), images(37)
    np.testing.assert_array_equal(net.predict(x, batch_size), net.predict(x))


def test_an_empty_batch_is_legal():
    net = small()
    assert net.predict(images(0)).shape == net.forward(images(0)).shape == (0, 3)
    assert net.backward(np.zeros((0, 3))).shape == (0, 7, 6, 2)
    assert not net.gradients.any()


PROBABILITIES = [  # units, activation, loss, the probabilities of the logits z
    (3, None, None, "softmax"),
    (3, "softmax", None, "softmax"),
    (3, None, "cross_entropy", "softmax"),
    (3, "softmax", "cross_entropy", "softmax"),
    (3, "log_softmax", None, "softmax"),
    (3, "log_softmax", "cross_entropy", "softmax"),
    (3, "log_softmax", "squared_error", "softmax"),
    (3, "sigmoid", None, "sigmoid"),
    (3, None, "binary_cross_entropy", "sigmoid"),
    (1, None, None, "two"),
    (1, "sigmoid", None, "two"),
    (1, None, "binary_cross_entropy", "two"),
    (1, "sigmoid", "binary_cross_entropy", "two"),
    (1, "sigmoid", "half_squared_error", "two"),
]


@pytest.mark.parametrize(("units", "activation", "loss", "kind"), PROBABILITIES)
def test_probabilities_always(units, activation, loss, kind):
    net = fn.Sequential([L.Dense(units, activation)], input_shape=(2,), dtype="float64")
    net.loss = loss and fn.losses.get(loss)
    x = np.random.default_rng(0).normal(size=(5, 2))
    z = x @ net.layers[0].weight.T
    sigmoid = 1 / (1 + np.exp(-z))
    expected = {
        "softmax": np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "sigmoid": sigmoid,
        "two": np.column_stack([1 - sigmoid[:, :1], sigmoid[:, :1]]),
    }[kind]
    np.testing.assert_allclose(net.predict_proba(x), expected, rtol=1e-12)
    if kind == "sigmoid":
        np.testing.assert_array_equal(net.predict_classes(x), expected > 0.5)
    else:
        np.testing.assert_array_equal(net.predict_classes(x), expected.argmax(axis=1))


def test_summary_is_a_table(capsys):
    net = fn.Sequential([L.Flatten(), L.Dense(2, name="head")], input_shape=(4, 3))
    assert net.summary() is None
    assert capsys.readouterr().out.splitlines() == [
        "layer         output shape  parameters",
        "--------------------------------------",
        "Flatten       (N, 12)                0",
        "head (Dense)  (N, 2)                26",
        "--------------------------------------",
        "total         float32               26",
    ]


def test_an_unbuilt_network_has_a_summary():
    assert "not built yet" in str(fn.Sequential([L.Dense(2)]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_gives_the_bits_of_its_layers_one_by_one(dtype):
    # in a network ReLUs are moved behind poolings and into the sums before and after them
    def layers():
        return [
            L.Conv2D(5, 3, activation="relu"),
            L.MaxPool2D(2),
            L.Conv2D(4, 2, padding="same", activation="relu"),
            L.Activation("relu"),
            L.AveragePool2D(2),
            L.Flatten(),
            L.Dense(7, activation="relu"),
            L.Dense(6),
            L.Activation("relu"),
            L.Dense(3),
        ]

    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(37, 10, 11, 2)).astype(dtype), rng.normal(size=(37, 3)).astype(dtype)
    net = fn.Sequential(layers(), input_shape=x.shape[1:], dtype=dtype, seed=1)
    alone, y, dx = layers(), x, dy
    for layer, joined in zip(alone, net.layers, strict=True):
        layer.build(y.shape[1:], dtype)
        for name, value in joined.parameters.items():
            setattr(layer, name, value)
        y = layer.forward(y)
    for layer in reversed(alone):
        dx = layer.backward(dx)
    np.testing.assert_array_equal(net.forward(x), y)
    np.testing.assert_array_equal(net.backward(dy), dx)
    np.testing.assert_array_equal(net.predict(x), y)
    for layer, joined in zip(alone, net.layers, strict=True):
        for name, gradient in joined.gradients.items():
            np.testing.assert_array_equal(gradient, layer.gradients[name])


def test_summary_tells_the_memory_of_training(capsys, one_thread):
    layers = [L.Conv2D(8, 3, activation="relu"), L.MaxPool2D(2), L.Flatten(), L.Dense(3)]
    net, told = fn.Sequential(layers, input_shape=(20, 20, 1)), {}
    for batch_size in (16, 64, 1024):
        net.summary(batch_size=batch_size)
        last = capsys.readouterr().out.splitlines()[-1]
        assert last.startswith(f"training in batches of {batch_size}: up to ")
        told[batch_size] = float(last.split()[-2])
    # a chunk's 18 x 18 x 8 sums alone are 0.16 MiB; a thread's room serves all its chunks, and of
    # all 1024 samples only the dense layer's 648 inputs are kept: 2.5 MiB
    assert 0.16 < told[16] < told[1024] < told[16] + 2.8


def test_summary_tells_no_memory_where_there_is_no_program(capsys):
    class Own(L.Layer):
        pass

    for layer in (Own(), L.Standardize()):
        fn.Sequential([layer, L.Dense(2)], input_shape=(3,)).summary(batch_size=8)
        assert "training" not in capsys.readouterr().out
