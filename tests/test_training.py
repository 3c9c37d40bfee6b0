"""One step of training: losses and their targets, weights."""

import gc
import weakref

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fastnn as fn
from fastnn.compiling import instructions
from fastnn.running import Samples

L, SGD, Adam = fn.layers, fn.optimizers.SGD, fn.optimizers.Adam


def linear(units=3, features=4, activation=None, **how):
    how = {"dtype": "float64"} | how
    return fn.Sequential([L.Dense(units, activation)], input_shape=(features,), **how)


def samples(n=10, features=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, features))


@pytest.mark.parametrize("loss", fn.losses.LOSSES)
def test_gradients_are_those_of_the_returned_loss(loss):
    net = fn.Sequential([L.Dense(5, "tanh"), L.Dense(3)], input_shape=(4,), dtype="float64")
    rng = np.random.default_rng(1)
    y = {
        "multiclass_hinge": rng.integers(0, 3, 10),
        "hinge": rng.choice([-1, 1], (10, 3)),
        "perceptron": rng.choice([-1, 1], (10, 3)),
    }.get(loss, rng.random((10, 3)))
    x, step = samples(), 1e-6
    weight = np.random.default_rng(2).random(10)
    trainer = fn.Trainer(net, loss=loss)
    trainer.loss_and_gradients(x, y, weight)
    gradients = net.gradients.copy()
    for i in range(net.parameters.size):
        value = net.parameters[i]
        net.parameters[i] = value + step
        above = trainer.loss_and_gradients(x, y, weight)
        net.parameters[i] = value - step
        below = trainer.loss_and_gradients(x, y, weight)
        net.parameters[i] = value
        assert gradients[i] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-9)


def test_loss_and_gradients_makes_no_update():
    net, x, y = linear(), samples(), np.arange(10) % 3
    before, trainer = net.parameters.copy(), fn.Trainer(net)
    loss = trainer.loss_and_gradients(x, y)
    np.testing.assert_array_equal(net.parameters, before)
    assert trainer.step(x, y) == loss
    assert (net.parameters != before).any()


@pytest.mark.parametrize(
    ("loss", "activation", "target"),
    [
        ("cross_entropy", "softmax", [0, 2, 1, 1, 0]),
        ("cross_entropy", "log_softmax", [0, 2, 1, 1, 0]),
        (fn.losses.CrossEntropy(0.125), "log_softmax", [0, 2, 1, 1, 0]),
        ("focal", "softmax", [0, 2, 1, 1, 0]),
        ("focal", "log_softmax", [0, 2, 1, 1, 0]),
        ("kl_divergence", "softmax", np.eye(3)[[0, 2, 1, 1, 0]]),
        ("kl_divergence", "log_softmax", np.eye(3)[[0, 2, 1, 1, 0]]),
        ("binary_focal", "sigmoid", np.eye(3)[[0, 2, 1, 1, 0]]),
        ("binary_cross_entropy", "sigmoid", np.eye(3)[[0, 2, 1, 1, 0]]),
    ],
)
@pytest.mark.parametrize("separate", [True, False])
def test_the_losss_own_activation_is_fused(loss, activation, target, separate):
    layers = [L.Dense(3), L.Activation(activation)] if separate else [L.Dense(3, activation)]
    with_activation = fn.Sequential(layers, input_shape=(4,), dtype="float64")
    without, x = linear(), samples(5)
    losses = [fn.Trainer(n, loss).loss_and_gradients(x, target) for n in (with_activation, without)]
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(with_activation.gradients, without.gradients)
    y = with_activation.predict(x)
    probabilities = np.exp(y) if activation == "log_softmax" else y
    np.testing.assert_allclose(with_activation.predict_proba(x), probabilities)


@pytest.mark.parametrize("logit", [1000.0, -1000.0])
def test_a_fused_loss_is_finite_at_any_logit(logit):
    net = fn.Sequential([L.Dense(1, "sigmoid", bias=False)], input_shape=(1,), dtype="float64")
    net.parameters[:] = 1
    loss = fn.Trainer(net, "binary_cross_entropy").loss_and_gradients([[logit]], [[logit < 0]])
    assert loss == 1000
    assert abs(net.gradients[0]) == 1000


OF_ELEMENTS = [
    name for name, loss in fn.losses.LOSSES.items() if not isinstance(loss, fn.losses.ClassLoss)
]


@pytest.mark.parametrize("loss", OF_ELEMENTS)
def test_a_vector_and_a_column_of_targets_mean_the_same(loss):
    net, x, y = linear(units=1), samples(7), np.random.default_rng(1).integers(0, 2, 7)
    trainer = fn.Trainer(net, loss)
    column = trainer.loss_and_gradients(x, y[:, None]), net.gradients.copy()
    vector = trainer.loss_and_gradients(x, y), net.gradients.copy()
    assert vector[0] == column[0]
    np.testing.assert_array_equal(vector[1], column[1])
    assert net.evaluate(x, y, loss=loss) == net.evaluate(x, y[:, None], loss=loss)


def test_labels_may_be_whole_floats_or_a_column():
    net, x, y = linear(), samples(6), np.array([0, 1, 2, 2, 1, 0])
    trainer = fn.Trainer(net)
    loss = trainer.loss_and_gradients(x, y)
    for same in (y.astype(float), y[:, None], y.astype(np.uint8), list(y), np.eye(3)[y]):
        assert trainer.loss_and_gradients(x, same) == pytest.approx(loss, rel=1e-15)


def test_evaluate_takes_shares_of_two_classes():
    net, x, share = linear(units=1), samples(), np.linspace(0, 1, 10)
    loss = fn.Trainer(net, "binary_cross_entropy").loss_and_gradients(x, share)
    assert net.evaluate(x, share, loss="binary_cross_entropy")["loss"] == pytest.approx(loss)


def test_labels_of_pixels():
    layers = [L.Conv2D(3, 1)]
    net = fn.Sequential(layers, input_shape=(4, 5, 2), dtype="float64")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 4, 5, 2)), rng.integers(0, 3, (6, 4, 5))
    pixels = fn.Sequential([L.Dense(3)], input_shape=(2,), dtype="float64")
    pixels.parameters = net.parameters
    losses = [
        fn.Trainer(net).loss_and_gradients(x, y),
        fn.Trainer(pixels).loss_and_gradients(x.reshape(-1, 2), y.ravel()),
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    np.testing.assert_allclose(net.gradients, pixels.gradients, rtol=1e-10, atol=1e-14)
    net.fit(x, np.array(["sky", "sea", "sun"])[y], verbose=0)
    assert net.predict_classes(x).shape == (6, 4, 5)
    assert set(net.predict_classes(x).ravel()) <= {"sky", "sea", "sun"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float64_targets_and_weights_leave_the_dtype_alone(dtype):
    net = linear(dtype=dtype)
    trainer = fn.Trainer(net, "mean_squared_error", Adam())
    trainer.step(samples(), samples(features=3), np.ones(10))
    assert net.parameters.dtype == net.gradients.dtype == dtype


@pytest.mark.parametrize(("units", "shape"), [(3, (10, 3)), (1, (10,)), (1, (10, 1))])
def test_targets_are_rounded_to_the_networks_dtype_first(units, shape):
    net, x = linear(units, dtype="float32"), samples()
    y = np.random.default_rng(1).normal(size=shape)
    trainer = fn.Trainer(net, "squared_error")
    double = trainer.loss_and_gradients(x, y), net.gradients.tobytes()
    assert double == (trainer.loss_and_gradients(x, y.astype("f4")), net.gradients.tobytes())


def test_training_computes_no_gradient_of_the_input(monkeypatch):
    class Flatten(L.Flatten):
        _instruction = None  # not compiled: the network runs by functional's operations

    layers = [L.Rescale(2.0), L.Activation("tanh"), L.Conv1D(2, 3), Flatten(), L.Dense(3)]
    net, called = fn.Sequential(layers, input_shape=(5, 1)), []
    for name in ("conv_backward_input", "tanh_backward", "dense_backward_input"):
        real = getattr(fn.functional, name)

        def watched(*args, name=name, real=real, **how):
            called.append(name)
            return real(*args, **how)

        monkeypatch.setattr(fn.functional, name, watched)
    fn.Trainer(net).step(np.ones((4, 5, 1)), [0, 1, 2, 0])
    assert called == ["dense_backward_input"]


def test_a_program_computes_no_gradient_of_the_input():
    layers = [L.Rescale(2.0), L.Activation("tanh"), L.Conv1D(2, 3), L.Flatten(), L.Dense(3)]
    net = fn.Sequential(layers, input_shape=(5, 1))
    tanh, conv, dense = instructions(net, net.route)[0]
    assert not tanh["backward"]
    assert (conv["input_gradient"], dense["input_gradient"]) == (False, True)


@pytest.mark.parametrize("loss", ["cross_entropy", "half_squared_error"])
def test_weights_count_as_repetitions(loss):
    net, x = linear(), samples(4)
    y = np.array([0, 1, 2, 1]) if loss == "cross_entropy" else samples(4, 3, seed=1)
    trainer, weight = fn.Trainer(net, loss), np.array([2, 0, 1, 3])
    weighted = trainer.loss_and_gradients(x, y, weight), net.gradients.copy()
    rows = np.repeat(np.arange(4), weight)
    assert weighted[0] == pytest.approx(trainer.loss_and_gradients(x[rows], y[rows]), rel=1e-12)
    np.testing.assert_allclose(weighted[1], net.gradients, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("staged", [False, True])
def test_a_shared_penalty_is_over_the_weight_of_the_batch(staged, monkeypatch):
    if staged:
        monkeypatch.setattr(fn.running, "compile_program", lambda *how: None)
    x, y, weight = samples(), np.arange(10) % 3, np.linspace(0.5, 3, 10)
    nets = []
    for regularizer in ("shared_l2", fn.regularizers.L2(0.01 / weight.sum()), None):
        layer = L.Dense(3, weight_regularizer=regularizer)
        nets.append(fn.Sequential([layer], input_shape=(4,), dtype="float64", seed=0))
    losses = [fn.Trainer(net).loss_and_gradients(x, y, weight) for net in nets]
    assert losses[0] == losses[1] > losses[2]
    assert_array_equal(nets[0].gradients, nets[1].gradients)
    assert abs(nets[0].gradients - nets[2].gradients).max() > 1e-5
    assert fn.Trainer(nets[0]).loss_and_gradients(x, y, 0 * weight) == 0  # no samples, no penalty


def test_weights_that_sum_to_zero_give_zero():
    net = linear()
    assert fn.Trainer(net).loss_and_gradients(samples(4), [0, 1, 2, 0], np.zeros(4)) == 0
    assert not net.gradients.any()


@pytest.mark.parametrize(
    ("class_weight", "factors"),
    [
        ({"a": 2.0, "c": 0.5}, [2, 2, 2, 1, 1, 0.5]),
        ("balanced", [6 / 9, 6 / 9, 6 / 9, 1, 1, 2]),
        ({}, [1, 1, 1, 1, 1, 1]),
    ],
)
@pytest.mark.parametrize("sample_weight", [None, [1, 2, 3, 4, 5, 6]])
def test_class_weights_multiply_sample_weights(class_weight, factors, sample_weight):
    x, y = samples(6), np.array(list("aaabbc"))
    one, two = linear(), linear()
    how = {"optimizer": SGD(0.1), "batch_size": 4, "verbose": 0, "epochs": 2}
    one.fit(x, y, class_weight=class_weight, sample_weight=sample_weight, **how)
    how["optimizer"] = SGD(0.1)
    two.fit(x, y, sample_weight=np.multiply(factors, sample_weight or 1), **how)
    np.testing.assert_allclose(one.parameters, two.parameters, rtol=1e-13)


def test_balanced_classes_share_the_weight_among_those_present():
    one, two, x = linear(4), linear(4), samples(6)
    y = np.array([0, 0, 0, 0, 2, 2])
    one.fit(x, y, class_weight="balanced", optimizer=SGD(0.1), verbose=0)
    weight = [6 / (2 * 4)] * 4 + [6 / (2 * 2)] * 2
    two.fit(x, y, sample_weight=weight, optimizer=SGD(0.1), verbose=0)
    np.testing.assert_allclose(one.parameters, two.parameters, rtol=1e-13)
    assert one.classes_.tolist() == [0, 1, 2, 3]


def huge(weight):
    """A network whose loss is infinite for x = 1e10; weighed 0 that is NaN."""
    net = fn.Sequential([L.Dense(1, bias=False)], input_shape=(1,))
    net.parameters[:] = 1e30
    trainer = fn.Trainer(net, "half_squared_error", fn.optimizers.Adam())
    return net, trainer, trainer.step([[1e10], [0.0]], [[0.0], [0.0]], sample_weight=weight)


@pytest.mark.parametrize(("weight", "expected"), [([0.0, 1.0], np.nan), (None, np.inf)])
def test_a_step_whose_loss_is_not_finite_makes_no_update(weight, expected):
    net, trainer, loss = huge(weight)
    np.testing.assert_equal(loss, expected)
    assert net.parameters[0] == np.float32(1e30)
    assert trainer.optimizer.steps == net.steps == 0


@pytest.mark.parametrize("weight", [1e25, np.nan])
def test_a_step_whose_penalty_is_not_finite_makes_no_update(weight):
    layer = L.Dense(1, bias=False, weight_regularizer=fn.regularizers.L2(1e300))
    net = fn.Sequential([layer], input_shape=(1,))
    net.parameters[:] = weight
    trainer = fn.Trainer(net, "mean_absolute_error", fn.optimizers.Adam())
    assert not np.isfinite(trainer.step([[0.0]], [[0.0]]))
    assert trainer.optimizer.steps == net.steps == 0
    np.testing.assert_array_equal(net.parameters, np.float32([weight]))


def test_a_program_comes_back_from_a_loss_that_is_not_finite():
    net = fn.Sequential([L.Dense(1, bias=False)], input_shape=(1,))
    net.parameters[:] = 2.0**30
    x = np.array([[0.0], [2.0**100], [1.0], [2.0]], np.float32)
    loss = fn.losses.get("half_squared_error")
    runner, optimizer = net.runner(loss, training=True), fn.optimizers.SGD(0.5)
    samples = Samples(runner.source(x), np.zeros((4, 1), np.float32))
    done = runner.run(samples, 0, 4, 1, optimizer=optimizer)
    assert [figures.loss for figures in done] == [0.0, np.inf]
    assert (net.parameters.tolist(), optimizer.steps) == ([2.0**30], 1)


def test_steps_that_are_refused_count_as_none():
    net, x, y = linear(), samples(4).astype(np.float32), np.array([0, 1, 2, 1])
    net = fn.Sequential([L.Dense(3)], input_shape=net.input_shape)
    trainer = fn.Trainer(net, optimizer=fn.optimizers.Adam())
    trainer.step(x, y)
    before = net.parameters.copy()
    with pytest.raises(ValueError, match="NaN"):
        trainer.step(np.full_like(x, np.nan), y)
    assert trainer.optimizer.steps == 1
    np.testing.assert_array_equal(net.parameters, before)


def test_a_trainer_follows_its_attributes():
    class Frozen(fn.optimizers.SGD):
        def update(self, parameters, gradients):
            self.steps += 1

    net = fn.Sequential([L.Dense(3)], input_shape=(2,))
    trainer = fn.Trainer(net, optimizer=fn.optimizers.SGD(0.1))
    x, y = samples(4, 2).astype(np.float32), np.array([0, 1, 2, 1])
    trainer.step(x, y)
    trainer.step(x, y)
    trainer.optimizer, before = Frozen(), net.parameters.copy()
    trainer.step(x, y)
    np.testing.assert_array_equal(net.parameters, before)
    with pytest.raises(TypeError, match="dtype"):
        trainer.step(x.astype("M8[s]"), y)


def test_weights_that_are_subnormal_count_as_zero_in_every_batch():
    net = fn.Sequential([L.Dense(3)], input_shape=(2,))
    x, y = samples(64, 2), np.arange(64) % 3
    before = net.parameters.copy()
    weight = np.full(64, 1e-40, np.float32)
    net.fit(x, y, sample_weight=weight, batch_size=16, optimizer="sgd", verbose=0)
    np.testing.assert_array_equal(net.parameters, before)


def test_a_network_is_freed_with_its_program():
    net = fn.Sequential([L.Dense(3)], input_shape=(2,))
    net.predict(samples(4, 2))
    gone = weakref.ref(net)
    gc.disable()
    try:
        del net
        assert gone() is None
    finally:
        gc.enable()


def assert_program_equals_stages(net, n):
    """Loss and gradients of a step are the bytes that its stages give one by one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, *net.input_shape)).astype(np.float32)
    y = rng.integers(0, net.output_shape[-1], n)
    loss = fn.Trainer(net).loss_and_gradients(x, y)
    gradients = net.gradients.tobytes()
    expected, dy = fn.losses.cross_entropy(net.forward(x, training=True), y)
    net.backward(dy)
    assert (loss, gradients) == (expected, net.gradients.tobytes())


@pytest.mark.parametrize("n", [1, 37, 1024, 2500])  # the last: several packs to a gradient slot
def test_a_program_gives_the_bytes_of_its_stages(n):
    layers = [L.Conv2D(3, 3, activation="relu"), L.MaxPool2D(2), L.Conv2D(17, 2), L.Flatten()]
    layers += [L.Dense(5, "tanh"), L.Dense(3)]
    assert_program_equals_stages(fn.Sequential(layers, input_shape=(8, 8, 2)), n)


NORMS = [
    (L.LayerNorm(), L.GroupNorm(3), L.InstanceNorm()),
    (L.LayerNorm("all", shift=False), L.SiLU(), L.GroupNorm(2, scale=False), L.Activation("relu")),
    (L.InstanceNorm(scale=False, shift=False), L.PReLU(), L.LayerNorm(2, epsilon=0.5)),
]


@pytest.mark.parametrize("n", [1, 37, 2500])
@pytest.mark.parametrize("norms", NORMS, ids=["learning", "in places", "around PReLU"])
def test_a_program_normalises_like_its_stages(norms, n):
    norms = [type(layer)(**layer.config()) for layer in norms]
    layers = [L.Conv2D(6, 3), *norms, L.Conv2D(5, 2), L.Flatten(), L.Dense(3), L.LayerNorm()]
    net = fn.Sequential(layers, input_shape=(8, 8, 2))
    net.parameters += np.random.default_rng(1).normal(0, 0.1, net.parameters.shape)
    assert net.runner(training=True).bytes is not None  # it is compiled
    assert_program_equals_stages(net, n)


def test_a_program_gives_the_bytes_of_its_stages_for_chains_of_packs():
    layers = [L.Conv1D(2, 2), L.Flatten(), L.Dense(2)]
    net = fn.Sequential(layers, input_shape=(3, 1))
    assert_program_equals_stages(net, 64 * 16 * 130)  # a slot's packs are more than one chain
