"""Noise: who draws which numbers, what they are like, and how training counts them."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, reference
from fastnn.packs import pack
from fastnn.running import Compiled, Staged

L = fn.layers
KINDS = ["dropout", "spatial_dropout", "gaussian_noise", "gaussian_dropout"]
LAYERS = [L.Dropout(0.4), L.SpatialDropout(0.4), L.GaussianNoise(0.3), L.GaussianDropout(0.2)]
duplicates = pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]
)


def forward(kind, x, strength=0.5, **key):
    return getattr(functional, f"{kind}_forward")(x, strength, **({"seed": 1} | key))


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changed", [{"seed": 2}, {"seed": 1 + 2**32}, {"layer": 1}, {"step": 1}])
def test_seed_layer_and_step_each_choose_other_numbers(kind, changed):
    x = np.ones((40, 3, 30))
    noisy, other = forward(kind, x), forward(kind, x, **changed)
    assert np.mean(noisy != other) > 0.4
    np.testing.assert_array_equal(forward(kind, x, step=5), forward(kind, x, step=5 + 2**32))


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_has_its_numbers_in_any_batch_and_dtype(kind):
    x = np.ones((50, 3, 7), np.float32)
    whole = forward(kind, x)
    for rows in (slice(0, 1), slice(15, 17), slice(16, 37), slice(49, 50)):
        part = forward(kind, x[rows], first_row=rows.start)
        np.testing.assert_array_equal(part, whole[rows])
    np.testing.assert_allclose(forward(kind, x.astype(float)), whole, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(forward(kind, pack(x)).unpack(), whole)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_do_not_depend_on_the_number_of_threads(kind, dtype, threads_for_all_work):
    x = np.random.default_rng(1).normal(size=(83, 4, 301)).astype(dtype)
    expected = forward(kind, x, n_threads=1)
    for n_threads in (2, 3, 4, 7, 16):
        assert forward(kind, x, n_threads=n_threads).tobytes() == expected.tobytes()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    x = np.ones((1000, 400))
    y = forward("dropout", x, rate)
    five_errors = 5 * np.sqrt(rate * (1 - rate) / x.size)
    assert abs(np.mean(y == 0) - rate) < five_errors
    assert abs(y.mean() - 1) < five_errors / (1 - rate)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-15)
    for axis in (0, 1):  # no row and no element is special
        share = np.mean(y == 0, axis=axis)
        errors = np.sqrt(rate * (1 - rate) / x.shape[axis])
        assert np.max(np.abs(share - rate)) < 6 * errors


def test_masks_of_neighbours_have_nothing_to_do_with_each_other():
    x, masks = np.ones((300, 300)), []
    for layer, step in itertools.product(range(3), range(3)):
        masks.append(forward("dropout", x, layer=layer, step=step) == 0)
    masks += [np.roll(masks[0], shift, axis) for shift in (1, 4, 16) for axis in (0, 1)]
    for one, other in itertools.combinations(masks, 2):
        # of two coins, a quarter of the tosses are twice heads
        assert abs(np.mean(one & other) - 0.25) < 5 * np.sqrt(3 / 16 / x.size)


def test_spatial_dropout_drops_channels_everywhere_or_nowhere():
    x = 1 + np.random.default_rng(1).random((200, 5, 6, 70))
    y = forward("spatial_dropout", x, 0.3)
    dropped = y == 0
    assert np.all(dropped == dropped[:, :1, :1])
    np.testing.assert_allclose(y[~dropped], x[~dropped] / 0.7, rtol=1e-15)
    share = dropped[:, 0, 0].mean()
    assert abs(share - 0.3) < 5 * np.sqrt(0.21 / dropped[:, 0, 0].size)
    # the channels of a sample are dropped as its features would be
    np.testing.assert_array_equal(forward("dropout", x[:, 0, 0], 0.3), y[:, 0, 0])


@pytest.mark.parametrize("stddev", [0.1, 2.0])
def test_gaussian_noise_has_its_moments(stddev):
    x = np.random.default_rng(1).normal(size=(1000, 400))
    z = (forward("gaussian_noise", x, stddev) - x) / stddev
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / z.size)
    assert abs(np.mean(z**4) - 3) < 5 * np.sqrt(96 / z.size)
    assert abs(np.mean(z[:, 1:] * z[:, :-1])) < 5 / np.sqrt(z.size)
    assert abs(np.mean(z[1:] * z[:-1])) < 5 / np.sqrt(z.size)


def test_gaussian_dropout_is_as_spread_as_dropout():
    y = forward("gaussian_dropout", np.ones((1000, 400)), 0.2)
    assert abs(y.mean() - 1) < 5 * np.sqrt(0.25 / y.size)
    assert abs(y.var() - 0.25) < 5 * 0.25 * np.sqrt(2 / y.size)


def test_normal_numbers_of_a_row_are_those_of_random_normal():
    z = forward("gaussian_noise", np.zeros((1, 301)), 1.0, seed=9, layer=3, step=4)
    expected = functional.random_normal(301, seed=9, stream=2**31 + 4, counter=4, dtype="float64")
    np.testing.assert_array_equal(z[0], expected)


SPECIAL = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("kind", KINDS[:2])
def test_what_is_dropped_is_0_whatever_it_was(kind, special):
    x = np.ones((40, 6, 5))
    dropped = forward(kind, x) == 0
    for passing in (f"{kind}_forward", f"{kind}_backward"):
        y = getattr(functional, passing)(np.full(x.shape, special), 0.5, seed=1)
        assert np.all(y[dropped] == 0)
        np.testing.assert_array_equal(y[~dropped], special)


@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("kind", KINDS[2:])
def test_gaussian_noise_lets_nan_and_infinity_through(kind, special):
    x = np.ones((20, 5))
    x[16, 3] = special
    with np.errstate(invalid="ignore"):
        expected = getattr(reference, f"{kind}_forward")(x, 0.1, seed=1)
    np.testing.assert_allclose(forward(kind, x, 0.1), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_lanes_without_a_sample_hold_what_the_last_one_has(kind):
    for n in (1, 5, 16, 19):
        y = forward(kind, pack(np.ones((n, 3, 130))), n_threads=1).data
        last = y[-1, ..., (n - 1) % 16]
        assert np.all(y[-1, ..., (n - 1) % 16 :] == last[..., None])


# --- layers alone ---------------------------------------------------------------------------------


def ready(layer, shape=(5, 7), **key):
    return type(layer)(**layer.config()).build(shape, "float64", **key)


@pytest.mark.parametrize("pattern", LAYERS, ids=repr)
def test_a_layer_alone_counts_its_training_passes(pattern):
    layer, x = ready(pattern, seed=3, index=2), np.ones((19, 5, 7))
    operation = getattr(functional, f"{layer.operation}_forward")
    for step in range(3):
        y = operation(x, layer.strength, seed=3, layer=2, step=step)
        dx = x if isinstance(layer, L.GaussianNoise) else y  # forward: y = x · dx
        np.testing.assert_array_equal(layer.forward(x, training=True), y)
        np.testing.assert_array_equal(layer.backward(x), dx)
        np.testing.assert_array_equal(layer.backward(x), dx)  # of the same forward pass
        np.testing.assert_array_equal(layer.forward(x), x)
        np.testing.assert_array_equal(layer.backward(x), x)
    assert layer.steps == 3


@duplicates
@pytest.mark.parametrize("pattern", LAYERS, ids=repr)
def test_copies_of_a_layer_go_on_alike(pattern, duplicate):
    layer, x = ready(pattern, seed=3), np.ones((3, 5, 7))
    first = layer.forward(x, training=True)
    twin = duplicate(layer)
    second = layer.forward(x, training=True)
    assert np.any(first != second)
    np.testing.assert_array_equal(twin.forward(x, training=True), second)


@pytest.mark.parametrize("pattern", LAYERS, ids=repr)
def test_without_strength_there_is_no_noise(pattern):
    layer = type(pattern)(0)
    x = np.random.default_rng(1).normal(size=(3, 5, 7))
    np.testing.assert_array_equal(layer.forward(x, training=True), x)
    np.testing.assert_array_equal(layer.backward(x), x)


# --- networks -------------------------------------------------------------------------------------


class Same(L.Layer):
    """A layer without an instruction: its network runs stage by stage."""

    def _forward(self, x, training):
        self._saved = x
        return x

    def _backward(self, dy, input_gradient):
        return dy if input_gradient else None


def network(*extra, dtype="float32", seed=4):
    layers = [
        L.Conv2D(8, 3, activation="relu"),
        L.MaxPool2D(2),
        L.SpatialDropout(0.3),
        L.Conv2D(6, 2, activation="tanh"),
        L.Dropout(0.2),
        L.Flatten(),
        L.Dense(30, "relu"),
        L.Dropout(0.5),
        L.GaussianNoise(0.1),
        L.Dense(20),
        L.GaussianDropout(0.1),
        *extra,
        L.Dense(5),
    ]
    return fn.Sequential(layers, (10, 9, 3), dtype=dtype, seed=seed)


def trainer(*extra, optimizer=None, **how):
    optimizer = optimizer or fn.optimizers.SGD(0.02, momentum=0.9)
    return fn.Trainer(network(*extra, **how), optimizer=optimizer)


def batch(n=77, key=0):
    rng = np.random.default_rng(key)
    return rng.standard_normal((n, 10, 9, 3)).astype(np.float32), rng.integers(0, 5, n)


@pytest.mark.parametrize("extra", [(), (Same(),)], ids=["program", "stage by stage"])
def test_gradients_repeat_a_steps_noise_and_updates_change_it(extra):
    one, (x, y) = trainer(*map(copy.deepcopy, extra)), batch()
    loss = one.loss_and_gradients(x, y)
    gradients = one.net.gradients.copy()
    assert one.loss_and_gradients(x, y) == loss
    np.testing.assert_array_equal(one.net.gradients, gradients)
    assert one.net.steps == 0
    before = one.net.parameters.copy()
    assert one.step(x, y) == loss
    assert one.net.steps == 1
    one.net.parameters = before
    assert one.loss_and_gradients(x, y) != loss
    one.net.steps = 0
    assert one.loss_and_gradients(x, y) == loss
    np.testing.assert_array_equal(one.net.gradients, gradients)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_programs_and_stages_have_the_same_noise(dtype):
    program, stages = trainer(dtype=dtype), trainer(Same(), dtype=dtype)
    stages.net.parameters = program.net.parameters
    assert isinstance(program.net.runner(training=True), Compiled)
    assert isinstance(stages.net.runner(training=True), Staged)
    for key, n in enumerate((77, 16, 5, 1, 33)):
        x, y = batch(n, key)
        assert program.loss_and_gradients(x, y) == stages.loss_and_gradients(x, y)
        np.testing.assert_array_equal(program.net.gradients, stages.net.gradients)
        dy = np.random.default_rng(key).normal(size=(n, 5))
        logits = program.net.forward(x, training=True)
        np.testing.assert_array_equal(logits, stages.net.forward(x, training=True))
        np.testing.assert_array_equal(program.net.backward(dy), stages.net.backward(dy))
        assert program.step(x, y) == stages.step(x, y)
        np.testing.assert_array_equal(program.net.parameters, stages.net.parameters)
    assert program.net.steps == stages.net.steps == 5


@pytest.mark.parametrize("noise", [L.Dropout(0.4), L.SpatialDropout(0.4), L.GaussianDropout(0.4)])
def test_a_relu_before_noise_drops_the_same_gradients_fused_or_not(noise):
    def steps(*extra):
        layers = [L.Conv2D(8, 3, activation="relu"), noise, *extra, L.Flatten(), L.Dense(5)]
        layers = [type(layer)(**layer.config()) for layer in layers]
        one = fn.Trainer(fn.Sequential(layers, (10, 9, 3), seed=4))
        one.net.parameters = np.random.default_rng(1).normal(size=one.net.parameters.shape)
        losses = [one.step(*batch(19, key)) for key in range(3)]
        return [*losses, *one.net.parameters.tolist()]

    assert steps() == steps(Same())


def test_a_network_in_inference_is_the_one_without_noise():
    net = network()
    plain = [type(a)(**a.config()) for a in net.layers if not isinstance(a, fn.layers.noise.Noise)]
    plain = fn.Sequential(plain, net.input_shape)
    plain.parameters = net.parameters
    for n in (1, 3, 40):
        x, y = batch(n)
        np.testing.assert_array_equal(net.predict(x), plain.predict(x))
        np.testing.assert_array_equal(net.forward(x), plain.forward(x))
        assert net.evaluate(x, y, loss="cross_entropy") == plain.evaluate(
            x, y, loss="cross_entropy"
        )
    assert net.steps == 0


def test_a_step_is_the_references_with_the_numbers_of_its_count():
    seed, rng = 11, np.random.default_rng(0)
    layers = [L.Dense(6), L.Dropout(0.5), L.Dense(4), L.GaussianDropout(0.3), L.Dense(2)]
    net = fn.Sequential(layers, (3,), dtype="float64", seed=seed)
    x, target = rng.normal(size=(19, 3)), rng.normal(size=(19, 2))
    one = fn.Trainer(net, "half_squared_error", fn.optimizers.SGD(0.01))
    for step in range(3):
        dense = [(layer.weight.copy(), layer.bias.copy()) for layer in layers[::2]]
        first = {"seed": seed, "layer": 1, "step": step}
        second = {"seed": seed, "layer": 3, "step": step}
        a = reference.dropout_forward(reference.dense_forward(x, *dense[0]), 0.5, **first)
        b = reference.dense_forward(a, *dense[1])
        b = reference.gaussian_dropout_forward(b, 0.3, **second)
        loss, dy = reference.half_squared_error(reference.dense_forward(b, *dense[2]), target)
        gradients = [*reference.dense_backward_weights(b, dy)]
        dy = reference.dense_backward_input(dy, dense[2][0])
        dy = reference.gaussian_dropout_backward(dy, 0.3, **second)
        gradients = [*reference.dense_backward_weights(a, dy), *gradients]
        dy = reference.dense_backward_input(dy, dense[1][0])
        dy = reference.dropout_backward(dy, 0.5, **first)
        gradients = [*reference.dense_backward_weights(x, dy), *gradients]
        assert one.loss_and_gradients(x, target) == pytest.approx(loss, rel=1e-12)
        expected = np.concatenate([gradient.ravel() for gradient in gradients])
        np.testing.assert_allclose(net.gradients, expected, rtol=1e-11, atol=1e-12)
        one.step(x, target)


@duplicates
def test_training_goes_on_from_any_step_with_the_same_bits(duplicate):
    whole, batches = trainer(), [batch(n, key) for key, n in enumerate([77, 37] * 4)]
    losses, states = [], []
    for x, y in batches:
        states.append(duplicate(whole))
        losses.append(whole.step(x, y))
    for start, state in enumerate(states):
        assert state.net.steps == start
        assert [state.step(x, y) for x, y in batches[start:]] == losses[start:]
        np.testing.assert_array_equal(state.net.parameters, whole.net.parameters)


def fit(net, epochs, **how):
    x, y = batch(101)
    how = {"batch_size": 16, "verbose": 0, "optimizer": fn.optimizers.SGD(0.02)} | how
    return net.fit(x, y, epochs=epochs, **how)["loss"]


def test_fits_in_a_row_and_a_saved_network_are_one_fit(tmp_path):
    whole, parts = network(), network()
    losses = fit(whole, 4)
    assert whole.steps == 4 * 7
    found = fit(parts, 1) + fit(parts, 1)
    parts.save(tmp_path / "net.safetensors")
    loaded = fn.load(tmp_path / "net.safetensors")
    assert loaded.steps == 2 * 7
    assert found + fit(loaded, 2) == losses
    np.testing.assert_array_equal(loaded.parameters, whole.parameters)


class Own(fn.optimizers.SGD):
    """An optimizer that programs cannot follow."""

    def update(self, parameters, gradients):
        parameters -= parameters.dtype.type(0.02) * gradients


class Watching:
    """A callback between batches, which come one by one then."""

    def on_batch_end(self, net, logs):
        assert np.isfinite(logs["loss"])


def test_every_way_to_train_counts_and_draws_alike():
    plain, watched, own, stages = network(), network(), network(), network(Same())
    stages.parameters = plain.parameters
    losses = fit(plain, 2)
    assert fit(watched, 2, callbacks=[Watching()]) == losses
    assert fit(stages, 2) == losses
    fit(own, 2, optimizer=Own())
    assert plain.steps == watched.steps == own.steps == stages.steps == 14
    np.testing.assert_allclose(own.parameters, plain.parameters, rtol=0, atol=1e-5)


def test_updates_are_counted_and_nothing_else():
    one, (x, y) = trainer(), batch(20)
    one.step(x, y)
    one.net.evaluate(x, y, loss="cross_entropy")
    one.net.forward(x, training=True)
    one.loss_and_gradients(x, y)
    assert one.net.steps == 1
    broken = x.copy()
    broken[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        one.step(broken, y)
    assert one.net.steps == 1
    one.step(x[:0], y[:0])
    assert one.net.steps == 2
    with pytest.raises(ValueError, match=r"steps must be from 0 to .*, got -1"):
        one.net.steps = -1


def test_layers_of_one_kind_draw_different_numbers():
    net = fn.Sequential([L.Dropout(0.5), L.Dropout(0.5)], (400,), dtype="float64")
    y = net.forward(np.ones((50, 400)), training=True)
    assert abs(np.mean(y != 0) - 0.25) < 5 * np.sqrt(3 / 16 / y.size)


@pytest.mark.parametrize("n", [1, 5, 17])
def test_an_infinity_that_is_dropped_leaves_no_trace(n):
    net = fn.Sequential([L.Dropout(0.5), L.Dense(3)], (40,), dtype="float64", seed=1)
    x, y = np.ones((n, 40)), np.zeros(n, int)
    x[net.forward(x, training=True).shape[0] - 1] = np.inf
    kept = functional.dropout_forward(np.ones((n, 40)), 0.5, seed=1) != 0
    x[kept] = 1.0
    one = fn.Trainer(net)
    assert np.isfinite(one.loss_and_gradients(x, y))
    assert np.all(np.isfinite(net.gradients))


# --- models ---------------------------------------------------------------------------------------


def model(*extra):
    """A value that three layers of noise read, one of them twice."""
    x = fn.Input((6,))
    drop, hidden = L.Dropout(0.5), L.Dense(40, "relu")(x)
    noisy = [drop(hidden), drop(hidden), L.GaussianNoise(0.3)(hidden)]
    ends = [L.Dense(units)(node) for units, node in zip((3, 2, 4), noisy, strict=True)]
    for layer in extra:
        ends[-1] = layer(ends[-1])
    return fn.Model(x, ends, seed=5)


def test_a_layer_called_twice_makes_a_noise_of_its_own_at_each_place():
    x = fn.Input((400,))
    drop = L.Dropout(0.5)
    net = fn.Model(x, [drop(x), drop(x)], seed=3)
    ones = np.ones((50, 400))
    for call, y in enumerate(net.forward(ones, training=True)):
        expected = functional.dropout_forward(ones, 0.5, seed=3, layer=call)
        np.testing.assert_array_equal(y, expected)
    dxs = net.backward([ones, 2 * ones])
    masks = [functional.dropout_backward(ones, 0.5, seed=3, layer=call) for call in (0, 1)]
    np.testing.assert_array_equal(dxs, masks[0] + 2 * masks[1])


def test_models_have_the_same_noise_compiled_and_stage_by_stage():
    program, stages = model(), model(Same())
    stages.parameters = program.parameters
    loss = fn.losses.Joint(["cross_entropy", "squared_error", "half_squared_error"])
    trainers = [fn.Trainer(net, loss, fn.optimizers.SGD(0.05)) for net in (program, stages)]
    assert isinstance(program.runner(training=True), Compiled)
    assert isinstance(stages.runner(training=True), Staged)
    for key, n in enumerate((37, 5, 16)):
        rng = np.random.default_rng(key)
        x = rng.normal(size=(n, 6))
        y = [rng.integers(0, 3, n), rng.random((n, 2)), rng.random((n, 4))]
        one, other = (trainer.loss_and_gradients(x, y) for trainer in trainers)
        assert one == other
        np.testing.assert_array_equal(program.gradients, stages.gradients)
        one, other = (trainer.step(x, y) for trainer in trainers)
        assert one == other
        np.testing.assert_array_equal(program.parameters, stages.parameters)
        for one, other in zip(program.predict(x), stages.predict(x), strict=True):
            np.testing.assert_array_equal(one, other)
    assert program.steps == stages.steps == 3
