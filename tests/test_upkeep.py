"""Penalties, constraints, clipping, noise and frozen layers: in programs, and stage by stage."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, reference
from fastnn.running import Compiled, Staged
from networks import SGD, Adam, L

C, R = fn.constraints, fn.regularizers
BOTH_WAYS = ["program", "stages"]


class Nothing(L.Flatten):
    """Not compiled: its network runs stage by stage."""

    _instruction = None


def layers():
    """With every kind of parameters, penalties and constraints."""
    return [
        L.Conv2D(5, 3, activation="relu", weight_regularizer=R.L1(0.01), bias_regularizer="l2"),
        L.PReLU(slope_regularizer=R.L2(0.02), slope_constraint=C.MaxAbs(0.2)),
        L.Conv2D(4, 2, weight_constraint=C.MaxNorm(0.5), bias_constraint="non_negative"),
        L.MaxPool2D(2),
        L.Flatten(),
        L.Dense(40, "tanh", weight_regularizer=R.L1L2(0.001, 0.002), weight_constraint="unit_norm"),
        L.Dense(30, "relu", weight_constraint="non_negative", bias_constraint=C.MaxAbs(0.01)),
        L.Dense(5, weight_regularizer="l1_l2", weight_constraint=C.MaxAbs(0.3)),
    ]


def network(way="program", made=None, dtype="float64", **how):
    made = layers() if made is None else made
    end = [Nothing()] if way == "stages" else []
    return fn.Sequential([*made, *end], input_shape=(8, 7, 2), dtype=dtype, seed=3, **how)


def batch(n=37, key=0):
    rng = np.random.default_rng(key)
    return rng.normal(size=(n, 8, 7, 2)), rng.integers(0, 5, n)


def plain(net):
    """The same network without penalties and constraints."""
    drop = ("regularizer", "constraint")
    made = [
        type(layer)(**{k: v for k, v in layer.config().items() if not k.endswith(drop)})
        for layer in net.layers
    ]
    twin = fn.Sequential(made, input_shape=net.input_shape, dtype=net.dtype, seed=net.seed)
    twin.parameters = net.parameters
    return twin


def penalties(net):
    """Their sum and their gradient, by the reference."""
    total, gradients = 0.0, []
    for layer in net.layers:
        for name, weight in layer.parameters.items():
            regularizer = layer.regularizers.get(name, R.L1L2(0, 0))
            factors = {"l1": regularizer.l1, "l2": regularizer.l2}
            penalty, gradient = reference.l1_l2_penalty(weight, **factors)
            total += penalty
            gradients.append(gradient.ravel())
    return total, np.concatenate(gradients)


def assert_allowed(net, slack=1e-12):
    for layer in net.layers:
        for name, constraint in layer.constraints.items():
            weight = getattr(layer, name)
            np.testing.assert_allclose(weight, constraint(weight), rtol=slack, atol=0)


# --- penalties ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", BOTH_WAYS)
def test_loss_and_gradients_are_those_of_the_data_and_the_penalties(way):
    net, (x, y) = network(way), batch()
    twin = plain(net)
    loss = fn.Trainer(net).loss_and_gradients(x, y)
    data_loss = fn.Trainer(twin).loss_and_gradients(x, y)
    penalty, gradients = penalties(net)
    assert penalty > 0.1
    assert loss == pytest.approx(data_loss + penalty, rel=1e-14)
    np.testing.assert_allclose(net.gradients, twin.gradients + gradients, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("way", BOTH_WAYS)
def test_gradients_are_those_of_the_returned_loss(way):
    net, (x, y), step = network(way), batch(5), 1e-6
    trainer = fn.Trainer(net)
    trainer.loss_and_gradients(x, y)
    gradients = net.gradients.copy()
    for i in np.random.default_rng(1).choice(net.parameters.size, 60, replace=False):
        value = net.parameters[i]
        if abs(value) <= step:
            continue
        net.parameters[i] = value + step
        above = trainer.loss_and_gradients(x, y)
        net.parameters[i] = value - step
        below = trainer.loss_and_gradients(x, y)
        net.parameters[i] = value
        assert gradients[i] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("way", BOTH_WAYS)
def test_step_evaluate_and_fit_report_the_same_objective(way, reduction):
    net, (x, y) = network(way), batch()
    loss = fn.losses.CrossEntropy(reduction=reduction)
    expected = fn.Trainer(copy.deepcopy(net), loss).step(x, y)
    assert fn.Trainer(net, loss).loss_and_gradients(x, y) == expected
    for size in (1000, 10):  # of all batches, too, penalties count once
        figures = net.evaluate(x, y, loss=loss, batch_size=size)
        assert figures["loss"] == pytest.approx(expected, rel=1e-13)
    how = {"optimizer": SGD(0.0), "verbose": 0, "shuffle": False, "validation_data": (x, y)}
    free = network(way, [free_of_constraints(layer) for layer in layers()])
    history = free.fit(x, y, loss=loss, batch_size=10, **how)
    assert history["loss"][0] == pytest.approx(expected, rel=1e-13)
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-13)


def free_of_constraints(layer):
    config = {k: v for k, v in layer.config().items() if not k.endswith("constraint")}
    return type(layer)(**config)


def large_layers():
    """Of so many weights that threads share layers, not samples, and make panels as they go."""
    how = {"weight_regularizer": R.L2(0.01), "bias_regularizer": R.L1L2(0.1, 0.2)}
    return [L.Dense(410, "relu", bias_initializer="ones", **how), L.Dense(5, **how)]


@pytest.mark.parametrize("n", [0, 5, 37])
def test_penalties_of_large_layers_count_too(n):
    net, (x, y) = fn.Sequential(large_layers(), (400,), dtype="float64"), batch(n)
    x, twin = np.resize(x, (n, 400)), plain(net)
    penalty, gradients = penalties(net)
    for size in (37, 10) if n else ():
        how = {"loss": "cross_entropy", "batch_size": size}
        data_loss = twin.evaluate(x, y, **how)["loss"]
        assert net.evaluate(x, y, **how)["loss"] == pytest.approx(data_loss + penalty, rel=1e-13)
    loss = fn.Trainer(net).loss_and_gradients(x, y)
    data_loss = fn.Trainer(twin).loss_and_gradients(x, y)
    assert loss == pytest.approx(data_loss + penalty, rel=1e-13)
    np.testing.assert_allclose(net.gradients, twin.gradients + gradients, rtol=1e-10, atol=1e-14)
    expected = net.parameters - 0.1 * net.gradients
    assert fn.Trainer(net, optimizer=SGD(0.1)).step(x, y) == loss
    np.testing.assert_allclose(net.parameters, expected, rtol=1e-13, atol=1e-16)


def test_penalties_of_large_layers_count_once_an_update():
    x, y = np.random.default_rng(0).normal(size=(60, 400)), np.arange(60) % 5
    how = {"loss": "cross_entropy", "batch_size": 10, "shuffle": False, "verbose": 0}
    losses = []
    for more in ({"batch_size": 30}, {"gradient_accumulation_steps": 3}):
        net = fn.Sequential(large_layers(), (400,), dtype="float64", seed=1)
        history = net.fit(x, y, optimizer=SGD(0.1), epochs=2, **how | more)
        losses.append((history["loss"], net.parameters))
    np.testing.assert_allclose(losses[0][0], losses[1][0], rtol=1e-12)
    np.testing.assert_allclose(losses[0][1], losses[1][1], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("way", BOTH_WAYS)
def test_a_nan_penalty_makes_no_update(way):
    net = network(way, [L.PReLU(slope_regularizer="l2"), L.Flatten(), L.Dense(5)])
    x, y = batch()
    trainer = fn.Trainer(net)
    net.layers[0].slope[1] = np.nan  # which no positive number sees
    before = net.parameters.copy()
    assert np.isnan(trainer.step(abs(x), y))
    np.testing.assert_array_equal(net.parameters, before)
    assert trainer.optimizer.steps == 0
    net.layers[0].slope[1] = 0.0
    assert trainer.step(abs(x), y) > 0
    assert trainer.optimizer.steps == 1


def test_l2_of_zero_data_shrinks_weights_by_the_formula():
    layer = L.Dense(2, bias=False, weight_regularizer=R.L1L2(0.25, 0.5))
    net = fn.Sequential([layer], input_shape=(2,), dtype="float64")
    layer.weight = [[4.0, -2.0], [0.0, 1.0]]
    trainer = fn.Trainer(net, "squared_error", SGD(0.5))
    assert trainer.step(np.zeros((3, 2)), np.zeros((3, 2))) == 0.25 * 7 + 0.5 * 21
    assert layer.weight.tolist() == [[1.875, -0.875], [0.0, 0.375]]


@pytest.mark.parametrize("way", BOTH_WAYS)
def test_a_step_on_nothing_is_one_of_the_penalties(way):
    net = network(way)
    loss, gradients = penalties(net)
    trainer = fn.Trainer(net)
    x, y = batch(0)
    assert trainer.loss_and_gradients(x, y) == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(net.gradients, gradients, rtol=1e-14)
    trainer.step(x, y)
    assert_allowed(net)


# --- constraints ----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [lambda: SGD(0.1, momentum=0.5), Adam], ids=["SGD", "Adam"])
@pytest.mark.parametrize("way", BOTH_WAYS)
def test_constraints_hold_after_every_update(way, optimizer):
    net = network(way)
    trainer = fn.Trainer(net, optimizer=optimizer())
    for key in range(5):
        free = copy.deepcopy(net)
        trainer.step(*batch(key=key))
        assert_allowed(net)
        assert (net.parameters != free.parameters).mean() > 0.5
        conv, dense = net.layers[2], net.layers[5]
        norms = np.linalg.norm(conv.weight.reshape(4, -1), axis=1)
        np.testing.assert_allclose(np.linalg.norm(dense.weight, axis=1), 1, rtol=1e-12)
        assert (conv.bias >= 0).all()
        if key == 0:  # all were initialised beyond
            np.testing.assert_allclose(norms, 0.5, rtol=1e-12)
            assert abs(net.layers[1].slope).tolist() == [0.2] * 5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.5, nesterov=True), Adam])
def test_a_step_is_an_update_and_then_a_projection(make, dtype):
    net = network(dtype=dtype)
    trainer, parameters = fn.Trainer(net, optimizer=make()), net.parameters.copy()
    twin = make()
    for key in range(3):
        trainer.loss_and_gradients(*batch(key=key))
        twin.update(parameters, net.gradients)
        trainer.step(*batch(key=key))
        start = 0
        for layer in net.layers:
            for name, weight in layer.parameters.items():
                part = parameters[start : start + weight.size].reshape(weight.shape)
                if name in layer.constraints:
                    part[...] = layer.constraints[name](part)
                start += weight.size
        np.testing.assert_array_equal(net.parameters, parameters)


# --- clipping, noise ------------------------------------------------------------------------------

PREPARED = [
    {"clip_value": 0.01},
    {"clip_norm": 0.1},
    {"clip_norm": 1000.0},
    {"gradient_noise": 0.1},
    {"clip_value": 0.05, "clip_norm": 0.1, "gradient_noise": 0.01},
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [SGD, lambda **how: SGD(0.1, momentum=0.5, **how), Adam])
@pytest.mark.parametrize("how", PREPARED, ids=str)
def test_gradients_are_clipped_then_made_noisy_before_the_update(how, make, dtype):
    free = [free_of_constraints(layer) for layer in layers()]
    net = network(made=free, dtype=dtype)
    trainer, parameters, twin = (
        fn.Trainer(net, optimizer=make(**how)),
        net.parameters.copy(),
        make(),
    )
    for step in range(3):
        trainer.loss_and_gradients(*batch(key=step))
        gradients = before = net.gradients.copy()
        if "clip_value" in how:
            gradients = functional.clip_by_value(gradients, how["clip_value"])
        if "clip_norm" in how:
            gradients = functional.clip_by_norm(gradients, how["clip_norm"])
        if "gradient_noise" in how:
            spread = how["gradient_noise"]
            gradients = functional.gradient_noise(gradients, spread, seed=net.seed, step=step)
        assert (gradients != before).any() or how == {"clip_norm": 1000.0}
        twin.update(parameters, gradients)
        trainer.step(*batch(key=step))
        np.testing.assert_array_equal(net.parameters, parameters)


def test_settings_of_gradients_may_change_at_any_time():
    net, (x, y) = network(), batch()
    trainer = fn.Trainer(net, optimizer=SGD(1.0))
    trainer.step(x, y)
    optimizer = trainer.optimizer
    optimizer.clip_value = 1e-9
    free = next(i for i, layer in enumerate(net.layers) if not layer.constraints)
    before = net.layers[free].weight.copy()
    trainer.step(x, y)
    assert 0 < abs(net.layers[free].weight - before).max() <= 1.1e-9
    optimizer.clip_value = None
    trainer.step(x, y)
    assert abs(net.layers[free].weight - before).max() > 1e-4
    assert (optimizer.clip_value, optimizer.clip_norm, optimizer.gradient_noise) == (None,) * 3


def test_an_optimizer_of_the_users_own_prepares_gradients_too():
    class Plain(fn.optimizers.Optimizer):
        def update(self, parameters, gradients):
            parameters -= self.prepared(gradients)
            self.steps += 1

    how = {"clip_norm": 0.1, "gradient_noise": 0.01}
    nets = [network(), network()]
    for net, optimizer in zip(nets, (Plain(**how), SGD(1.0, **how)), strict=True):
        trainer = fn.Trainer(net, optimizer=optimizer)
        for key in range(3):
            trainer.step(*batch(key=key))
        assert_allowed(net)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"clip_value": 0}, ValueError),
        ({"clip_norm": -1.0}, ValueError),
        ({"clip_norm": np.inf}, ValueError),
        ({"gradient_noise": -0.1}, ValueError),
        ({"clip_value": "small"}, TypeError),
    ],
)
@pytest.mark.parametrize("kind", [SGD, Adam])
def test_settings_of_gradients_are_checked(kind, how, error):
    (name,) = how
    with pytest.raises(error, match=f"{kind.__name__}.*{name}"):
        kind(**how)
    optimizer = kind()
    with pytest.raises(error, match=name):
        setattr(optimizer, name, how[name])


# --- frozen layers --------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [SGD, lambda: SGD(0.1, momentum=0.9), Adam])
@pytest.mark.parametrize("frozen", [(0,), (0, 1), (1,), (2, 5), (7,), (0, 1, 2, 5, 6, 7)])
@pytest.mark.parametrize("way", BOTH_WAYS)
def test_frozen_layers_stay_and_have_no_gradients(way, frozen, optimizer):
    net, twin = network(way), network(way)
    trainer, other = (fn.Trainer(n, optimizer=optimizer()) for n in (net, twin))
    for t in (trainer, other):
        t.step(*batch(key=1))  # so that there is momentum
    for index in frozen:
        net.layers[index].trainable = False
    before = net.parameters.copy()
    for key in range(2, 4):
        loss = trainer.loss_and_gradients(*batch(key=key))
        other.net.parameters = net.parameters
        assert loss == other.loss_and_gradients(*batch(key=key))
        place = 0
        for index, layer in enumerate(net.layers):
            size = sum(weight.size for weight in layer.parameters.values())
            own, gradients = slice(place, place + size), net.gradients
            expected = 0 if index in frozen else twin.gradients[own]
            np.testing.assert_array_equal(gradients[own], expected)
            place += size
        trainer.step(*batch(key=key))
    for index, layer in enumerate(net.layers):
        start = net.places[layer]
        size = sum(weight.size for weight in layer.parameters.values())
        own = slice(start, start + size)
        if index in frozen:
            np.testing.assert_array_equal(net.parameters[own], before[own])
        elif size:
            assert (net.parameters[own] != before[own]).any()


@pytest.mark.parametrize("way", BOTH_WAYS)
def test_a_layer_is_frozen_and_thawed_between_any_two_calls(way):
    net, (x, y) = network(way), batch()
    trainer, layer = fn.Trainer(net, optimizer=SGD(0.1, momentum=0.9)), net.layers[5]
    for trainable in (True, False, False, True, False, True):
        layer.trainable = trainable
        before = layer.weight.copy()
        trainer.step(x, y)
        assert (layer.weight != before).any() == trainable
    layer.trainable = False
    before = net.parameters.copy()
    bias = layer.bias.copy()
    net.fit(x, y, verbose=0)
    np.testing.assert_array_equal(layer.bias, bias)
    assert (net.parameters != before).any()


@pytest.mark.parametrize("way", BOTH_WAYS)
def test_momentum_waits_while_a_layer_is_frozen(way):
    made = [L.Flatten(), L.Dense(3, "tanh"), L.Dense(5)]
    net, (x, y) = network(way, made), batch()
    optimizer = SGD(0.1, momentum=0.5, gradient_noise=0.1)
    trainer = fn.Trainer(net, optimizer=optimizer)
    net.layers[1].trainable = False
    trainer.step(x, y)
    size = 3 * 112 + 3
    (velocity,) = optimizer.state
    assert not velocity[:size].any() and velocity[size:].all()
    net.layers[1].trainable = True
    trainer.step(x, y)
    kept = velocity.copy()
    assert velocity.all()
    net.layers[1].trainable = False
    trainer.step(x, y)
    np.testing.assert_array_equal(velocity[:size], kept[:size])
    assert (velocity[size:] != kept[size:]).all()


def test_a_layer_is_frozen_before_it_is_built():
    made = [L.Flatten(), L.Dense(3), L.Dense(5)]
    made[1].trainable = False
    net = fn.Sequential(made, seed=1)
    x, y = batch()
    net.fit(x, y, verbose=0, epochs=2)
    start = fn.Sequential([L.Flatten(), L.Dense(3), L.Dense(5)], input_shape=(8, 7, 2), seed=1)
    np.testing.assert_array_equal(made[1].weight, start.layers[1].weight)
    assert (made[2].weight != start.layers[2].weight).any()


def test_backward_leaves_gradients_of_frozen_layers_at_0():
    net, (x, y) = network(), batch()
    y = net.forward(x, training=True)
    dx = net.backward(np.cos(y))
    net.layers[2].trainable = net.layers[6].trainable = False
    net.forward(x, training=True)
    np.testing.assert_array_equal(net.backward(np.cos(y)), dx)
    assert not net.layers[2].gradients["weight"].any() and not net.layers[6].gradients["bias"].any()
    assert net.layers[0].gradients["weight"].any() and net.layers[7].gradients["weight"].any()
    layer = L.Dense(2)
    layer.forward(np.ones((3, 4)))
    layer.backward(np.ones((3, 2)))
    layer.trainable = False
    layer.backward(np.ones((3, 2)))
    assert not layer.gradients["weight"].any() and not layer.gradients["bias"].any()


def test_trainable_is_true_or_false():
    with pytest.raises(TypeError, match=r"Dense.*trainable.*'no'"):
        L.Dense(3).trainable = "no"
    with pytest.raises(TypeError, match=r"trainable.*1"):
        L.Dense(3).trainable = 1


def test_the_summary_counts_what_is_trainable(capsys):
    net = network(made=[L.Flatten(), L.Dense(3), L.Dense(5)])
    net.summary()
    assert "trainable" not in capsys.readouterr().out
    net.layers[1].trainable = False
    net.summary()
    *_, total, trainable = capsys.readouterr().out.splitlines()
    assert total.split() == ["total", "float64", "359"]
    assert trainable.split() == ["trainable", "20"]


# --- both ways, copies, files, arguments ----------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [lambda: SGD(0.1, momentum=0.9), lambda: Adam(clip_norm=0.5)])
def test_programs_and_stages_give_the_same_bits(make, dtype):
    nets = [network(way, dtype=dtype) for way in BOTH_WAYS]
    for net, runner in zip(nets, (Compiled, Staged), strict=True):
        assert isinstance(net.runner(), runner)
    trainers = [fn.Trainer(net, optimizer=make()) for net in nets]
    for key in range(6):
        for net in nets:
            net.layers[2].trainable = net.layers[5].trainable = key % 3 != 1
        losses = [trainer.step(*batch(key=key)) for trainer in trainers]
        assert losses[0] == losses[1]
        np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)
        for trainer in trainers:
            trainer.loss_and_gradients(*batch(key=key))
        np.testing.assert_array_equal(nets[0].gradients, nets[1].gradients)


def test_copies_pickles_and_files_keep_all(tmp_path):
    net, (x, y) = network(), batch()
    net.layers[2].trainable = False
    net.fit(x, y, verbose=0)
    net.save(tmp_path / "net")
    twins = copy.deepcopy(net), pickle.loads(pickle.dumps(net)), fn.load(tmp_path / "net")
    expected = fn.Trainer(net, optimizer=SGD(0.1))
    losses = [expected.step(x, y), expected.step(x, y)]
    for twin in twins:
        assert repr(twin) == repr(net)
        assert [layer.trainable for layer in twin.layers] == [True, True, False] + 5 * [True]
        trainer = fn.Trainer(twin, optimizer=SGD(0.1))
        assert [trainer.step(x, y), trainer.step(x, y)] == losses
        np.testing.assert_array_equal(twin.parameters, net.parameters)


def test_regularizers_and_constraints_have_names_settings_and_reprs():
    for module, kinds in ((R, R.REGULARIZERS), (C, C.CONSTRAINTS)):
        for name, kind in kinds.items():
            one = module.get(name)
            assert type(one) is kind and module.get(one) is one
            assert module.get(one.settings) == one == eval(repr(one), vars(module))
    assert (R.L1(0.5).l1, R.L1(0.5).l2, R.L2(0.5).l1, R.L2(0.5).l2) == (0.5, 0, 0, 0.5)
    assert R.get({"name": "l1", "l1": 0.5}) == R.L1(0.5)


WRONG = [
    (lambda: R.L1(-1), ValueError, r"L1: expected l1 at least 0.*-1"),
    (lambda: R.L1L2(0, np.nan), ValueError, r"L1L2: expected l2.*nan"),
    (lambda: R.L2("big"), TypeError, r"L2.*l2.*'big'"),
    (lambda: R.get("l3"), ValueError, r"unknown regularizer 'l3'.*l1_l2"),
    (lambda: R.get(R.L1), TypeError, r"class; write L1\("),
    (lambda: R.get(0.1), TypeError, r"regularizer.*0\.1"),
    (lambda: R.get({"name": "l1", "l2": 1}), TypeError, "l2"),
    (lambda: C.MaxAbs(0), ValueError, r"MaxAbs.*limit.*0"),
    (lambda: C.MaxNorm(-1.0), ValueError, r"MaxNorm.*limit.*-1"),
    (lambda: C.get("maxnorm"), ValueError, r"did you mean 'max_norm'"),
    (lambda: C.get(C.UnitNorm), TypeError, r"class; write UnitNorm\("),
    (lambda: L.Dense(3, weight_regularizer=0.1), TypeError, "regularizer"),
    (
        lambda: L.Dense(3, bias_constraint="unit_norm"),
        ValueError,
        r"Dense.*bias_constraint.*MaxAbs",
    ),
    (lambda: L.Conv2D(3, 3, bias_constraint=C.MaxNorm()), ValueError, r"Conv2D.*bias_constraint"),
    (lambda: L.PReLU(slope_constraint="max_norm"), ValueError, r"PReLU.*slope_constraint"),
]


@pytest.mark.parametrize(("make", "error", "pattern"), WRONG)
def test_wrong_arguments_are_refused(make, error, pattern):
    with pytest.raises(error, match=pattern):
        make()


# --- penalties over a batch's weight --------------------------------------------------------------


@pytest.mark.parametrize("way", BOTH_WAYS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_shared_penalty_is_divided_by_the_weight_of_the_batch(way, weighted):
    x, y = batch()
    weight = np.random.default_rng(1).random(len(x)) if weighted else None
    total = weight.sum() if weighted else len(x)
    found = []
    for kind, l2 in ((R.SharedL2, 0.75), (R.L2, 0.75 / total)):
        made = [L.Flatten(), L.Dense(4, "tanh", weight_regularizer=kind(l2)), L.Dense(5)]
        net = network(way, made)
        found.append((fn.Trainer(net).loss_and_gradients(x, y, weight), net.gradients))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-14)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-13, atol=1e-16)
