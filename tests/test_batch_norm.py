"""The layer BatchNorm: its running statistics, its state, and networks that have one."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, running
from fastnn.compiling import instructions

L = fn.layers
SHAPE = (4, 5, 3)


def batch(n, seed=0, shape=SHAPE):
    rng = np.random.default_rng(seed)
    return rng.normal([1.0, -20.0, 1e4], [1.0, 0.1, 30.0], (n, *shape))


def built(*arguments, **how):
    return L.BatchNorm(*arguments, **how).build(SHAPE, "float64")


def statistics(layer):
    return layer.running_mean.tolist(), layer.running_variance.tolist()


def test_running_statistics_start_at_0_and_1_and_move_by_momentum():
    layer, mean, variance = built(0.25), np.zeros(3), np.ones(3)
    assert statistics(layer) == ([0, 0, 0], [1, 1, 1])
    for n in (17, 16, 2):
        x = batch(n, seed=n)
        layer.forward(x, training=True)
        mean = 0.75 * mean + 0.25 * x.mean((0, 1, 2))
        variance = 0.75 * variance + 0.25 * x.var((0, 1, 2), ddof=1)
        np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-12)
        np.testing.assert_allclose(layer.running_variance, variance, rtol=1e-12)


@pytest.mark.parametrize("momentum", [0, 1])
def test_momentum_0_learns_nothing_and_1_keeps_nothing(momentum):
    layer = built(momentum)
    for seed in range(2):
        x = batch(9, seed)
        layer.forward(x, training=True)
    mean, variance = (x.mean((0, 1, 2)), x.var((0, 1, 2), ddof=1)) if momentum else (0, 1)
    np.testing.assert_allclose(layer.running_mean, np.broadcast_to(mean, 3), rtol=1e-12)
    np.testing.assert_allclose(layer.running_variance, np.broadcast_to(variance, 3), rtol=1e-12)


def test_running_statistics_of_float32_layers_are_doubles():
    layer = L.BatchNorm(1.0).build((1,), "float32")
    x = (1e4 + np.arange(300.0)[:, None] / 256).astype("float32")
    layer.forward(x, training=True)
    assert layer.running_mean.dtype == layer.running_variance.dtype == np.float64
    np.testing.assert_allclose(layer.running_mean, x.astype(float).mean(0), rtol=1e-11)
    np.testing.assert_allclose(layer.running_variance, x.astype(float).var(0, ddof=1), rtol=1e-6)


def test_training_normalises_by_the_batch_and_inference_by_what_was_learnt():
    layer, x = built(), batch(17)
    layer.scale, layer.shift = [1, 2, -1], [0, 1, 5]
    y, *_ = functional.batch_norm_forward(x, layer.scale, layer.shift)
    np.testing.assert_array_equal(layer.forward(x, training=True), y)
    before = statistics(layer)
    expected = functional.batch_norm_inference(x, *before, layer.scale, layer.shift)
    np.testing.assert_array_equal(layer.forward(x), expected)
    np.testing.assert_array_equal(layer.forward(x[3:4]), expected[3:4])
    assert statistics(layer) == before


def test_the_way_back_is_that_of_the_pass_before():
    layer, x, dy = built(), batch(17), batch(17, 1)
    layer.scale = [1, 2, -1]
    _, mean, variance = functional.batch_norm_forward(x)
    layer.forward(x, training=True)
    dx, *gradients = functional.batch_norm_backward(dy, x, mean, variance, layer.scale)
    np.testing.assert_array_equal(layer.backward(dy), dx)
    for got, expected in zip(layer.gradients.values(), gradients, strict=True):
        np.testing.assert_array_equal(got, expected)
    given = statistics(layer)
    layer.forward(x)
    dx = functional.batch_norm_backward(dy, x, *given, layer.scale, training=False)[0]
    np.testing.assert_array_equal(layer.backward(dy), dx)


def test_a_batch_of_one_number_a_channel_gives_the_shift_and_moves_the_mean_alone():
    layer = L.BatchNorm(0.5).build((3,), "float64")
    layer.shift = [1, 2, 3]
    y = layer.forward([[10.0, 20, 30]], training=True)
    assert y.tolist() == [[1, 2, 3]]
    assert statistics(layer) == ([5, 10, 15], [1, 1, 1])
    assert np.isfinite(layer.backward([[1.0, 1, 1]])).all()


def test_an_empty_batch_and_channels_that_are_not_finite_leave_the_statistics_alone():
    layer = built()
    layer.forward(batch(17), training=True)
    mean, variance = statistics(layer)
    assert layer.forward(np.zeros((0, *SHAPE)), training=True).shape == (0, *SHAPE)
    assert statistics(layer) == (mean, variance)
    for bad in (np.nan, np.inf, -np.inf):
        x = batch(5, 2)
        x[2, 1, 0, 1] = bad
        layer.forward(x, training=True)
        assert statistics(layer)[0][1] == mean[1] and statistics(layer)[1][1] == variance[1]
    moved = np.array(statistics(layer)) != (mean, variance)
    assert moved.tolist() == [[True, False, True]] * 2


def test_a_layer_without_parameters_has_none_and_still_learns():
    layer = L.BatchNorm(scale=False, shift=False)
    layer.forward(batch(9), training=True)
    assert layer.parameters == {} and layer.scale is None
    assert layer.running_mean.all()


def network(dtype="float32", **how):
    layers = [
        L.Conv2D(6, 2), L.BatchNorm(0.25), L.Activation("relu"), L.Flatten(), L.Dense(8),
        L.BatchNorm(scale=False, name="second"), L.Dense(2),
    ]  # fmt: skip
    return fn.Sequential(layers, input_shape=SHAPE, dtype=dtype, **how)


def fitted(dtype="float32", epochs=3, n=65):  # which leaves a batch of 1
    net, x = network(dtype), batch(n) / [1, 20, 1e4]
    y = x[:, 0, 0, 0] > x[:, 1, 1, 0]
    net.fit(
        x, y, optimizer=fn.optimizers.Adam(0.01), epochs=epochs, batch_size=16, verbose=0,
        loss="cross_entropy",
    )  # fmt: skip
    return net, x, y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_networks_learn_also_with_a_last_batch_of_one(dtype):
    net, x, y = fitted(dtype, epochs=20)
    assert np.isfinite(net.parameters).all()
    assert np.mean(net.forward(x, training=True).argmax(1) == y) > 0.9
    assert net.evaluate(x, y)["accuracy"] > 0.6  # the single sample has just moved the means


def test_predictions_do_not_depend_on_the_batch():
    net, x, _ = fitted()
    whole = net.predict(x)
    np.testing.assert_array_equal(net.predict(x, batch_size=7), whole)
    np.testing.assert_array_equal(net.predict(x[:1]), whole[:1])


def saved(net, folder):
    net.save(folder / "net.safetensors")
    return fn.load(folder / "net.safetensors")


@pytest.mark.parametrize("way", ["saved", "pickled", "copied"])
def test_running_statistics_come_along(way, tmp_path):
    net, x, y = fitted()
    ways = {
        "saved": lambda: saved(net, tmp_path),
        "pickled": lambda: pickle.loads(pickle.dumps(net)),
        "copied": lambda: copy.deepcopy(net),
    }
    twin = ways[way]()
    np.testing.assert_array_equal(twin.predict(x), net.predict(x))
    mine, other = net.layers[1], twin.layers[1]
    assert statistics(mine) == statistics(other) and mine.momentum == other.momentum
    before = statistics(mine)
    fn.Trainer(twin, "cross_entropy").step(x, y.astype(int))
    assert statistics(mine) == before != statistics(other)


def test_state_is_a_copy_and_comes_back():
    layer = built()
    layer.forward(batch(17), training=True)
    state, kept = layer.state(), statistics(layer)
    layer.forward(batch(17, 1), training=True)
    assert statistics(layer) != kept
    mean = layer.running_mean
    layer.restore(state)
    assert statistics(layer) == kept
    assert layer.running_mean is mean


@pytest.mark.parametrize(
    ("state", "pattern"),
    [
        ({}, "expected running_mean and running_variance, got none"),
        ({"running_mean": np.zeros(3)}, "expected running_mean and .* got running_mean$"),
        ({"running_mean": np.zeros(2), "running_variance": np.ones(3)}, r"shape \(3,\), got \(2,"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_changed(state, pattern):
    layer = built()
    before = statistics(layer)
    with pytest.raises(ValueError, match=f"BatchNorm: .*{pattern}"):
        layer.restore(state)
    assert statistics(layer) == before


POOLS = [
    ((9, 7, 5), {"size": 2}),  # a line and a column in no window
    ((32, 32, 3), {"size": 2}),  # lines end where chains of sums do
    ((12, 150, 2), {"size": 2}),  # lines longer than these
    ((36, 31, 4), {"size": 3}),  # a chain ends behind the first number of a line
    ((33, 31, 4), {"size": 2, "stride": 3}),  # lines between windows
    ((30, 3, 2), {"size": 2, "stride": (9, 2)}),
    ((13, 5, 3), {"size": 3, "padding": 1}),
    ((20, 9, 2), {"size": (2, 3), "stride": (2, 1)}),  # columns in two windows
]


def pooled(shape, pool, relu=True, dtype="float32"):
    """A network with max pooling behind a batch norm."""
    layers = [L.Conv2D(6, 3, padding="same"), L.BatchNorm(0.5)]
    layers += [L.Activation("relu")] if relu else []
    layers += [L.MaxPool2D(**pool), L.Conv2D(4, 1), L.BatchNorm(), L.Flatten(), L.Dense(3)]
    return fn.Sequential(layers, input_shape=shape, dtype=dtype, seed=1)


def step(net, n_threads=1):
    """Loss, gradients and running statistics of a batch whose last pack is not full."""
    x = np.random.default_rng(3).normal(size=(37, *net.input_shape))
    fn.set_num_threads(n_threads)
    loss = fn.Trainer(net, "cross_entropy").loss_and_gradients(x, np.arange(37) % 3)
    return loss, net.gradients.tolist(), statistics(net.layers[1])


def kinds(net, training):
    return [found["kind"] for found in instructions(net, net.route, training)[0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize(("shape", "pool"), POOLS)
def test_pooling_by_rows_gives_the_bits_of_pooling_a_whole_batch(
    shape, pool, relu, dtype, monkeypatch, one_thread, threads_for_all_work
):
    net = pooled(shape, pool, relu, dtype)
    assert "max_pool" not in kinds(net, True)
    results = [step(net)]
    results += [step(pooled(shape, pool, relu, dtype), threads) for threads in (2, 7)]
    monkeypatch.setattr(running, "compile_program", lambda *how: None)
    staged = step(pooled(shape, pool, relu, dtype))
    assert results == [staged] * 3
    assert np.any(staged[1])


def test_pooling_is_by_rows_in_training_and_where_no_line_is_in_two_windows():
    assert "max_pool" in kinds(pooled((16, 16, 3), {"size": 2}), False)
    assert "max_pool" in kinds(pooled((16, 16, 3), {"size": 3, "stride": 2}), True)
    assert "max_pool" not in kinds(pooled((16, 16, 3), {"size": 3, "stride": 3}), True)


@pytest.mark.parametrize("relu", [True, False])
def test_a_network_that_pools_by_rows_is_the_references(relu):
    net = pooled((9, 7, 5), {"size": 2}, relu)
    x = np.random.default_rng(3).normal(size=(19, 9, 7, 5))
    assert fn.verify(net, x, np.arange(19) % 3).ok
