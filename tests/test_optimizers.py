"""Optimizers against their formulas, in programs and stage by stage, stored and restored."""

import json
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn.running import Compiled, Staged
from networks import DTYPES

L, S = fn.layers, fn.schedules
SGD, Adam = fn.optimizers.SGD, fn.optimizers.Adam


def sgd(p, gradients, rate, momentum=0.0, nesterov=False):
    v = np.zeros_like(p)
    for g in gradients:
        v = momentum * v + g
        p = p - rate * (g + momentum * v if nesterov else v)
    return p


def adam(p, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m, v = np.zeros_like(p), np.zeros_like(p)
    for step, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        p = p - rate * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + epsilon)
    return p


OPTIMIZERS = [
    (SGD, sgd, {}),
    (SGD, sgd, {"momentum": 0.9}),
    (SGD, sgd, {"momentum": 0.9, "nesterov": True}),
    (Adam, adam, {}),
    (Adam, adam, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}),
]


@pytest.mark.parametrize(("kind", "formula", "settings"), OPTIMIZERS)
def test_optimizers_follow_their_formulas(kind, formula, settings):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=100), rng.normal(size=(5, 100))
    parameters, optimizer = start.copy(), kind(0.1, **settings)
    for gradient in gradients:
        optimizer.update(parameters, gradient)
    np.testing.assert_allclose(parameters, formula(start, gradients, 0.1, **settings), rtol=1e-11)


def test_the_learning_rate_may_change():
    parameters, optimizer = np.zeros(1), SGD(1.0)
    optimizer.update(parameters, np.ones(1))
    optimizer.learning_rate = 0.5
    optimizer.update(parameters, np.ones(1))
    assert parameters.tolist() == [-1.5]


# --- in networks ----------------------------------------------------------------------------------

MAKERS = {
    "SGD": lambda **how: SGD(0.1, **how),
    "dampened": lambda **how: SGD(0.1, momentum=0.9, dampening=0.5, **how),
    "Nesterov": lambda **how: SGD(0.1, momentum=0.9, nesterov=True, **how),
    "RMSprop": lambda **how: fn.optimizers.RMSprop(0.01, **how),
    "centered": lambda **how: fn.optimizers.RMSprop(0.01, momentum=0.9, centered=True, **how),
    "Adagrad": lambda **how: fn.optimizers.Adagrad(0.1, 0.1, initial_accumulator=0.1, **how),
    "Adadelta": lambda **how: fn.optimizers.Adadelta(**how),
    "Adam": lambda **how: Adam(0.01, **how),
    "AMSGrad": lambda **how: Adam(0.01, amsgrad=True, **how),
    "AdamW": lambda **how: fn.optimizers.AdamW(0.01, **{"weight_decay": 0.1} | how),
    "Lion": lambda **how: fn.optimizers.Lion(0.01, **how),
    "scheduled": lambda **how: fn.optimizers.AdamW(S.Exponential(0.1, 0.9), **how),
}


class Nothing(L.Flatten):
    """Not compiled: its network runs stage by stage."""

    _instruction = None


def network(way="program", dtype="float64"):
    """With weights, biases, scales, shifts and slopes."""
    layers = [
        L.Conv2D(5, 3),
        L.GroupNorm(5),
        L.PReLU(),
        L.Conv2D(4, 2),
        L.BatchNorm(),
        L.Flatten(),
        L.Dense(130, "tanh"),
        L.LayerNorm(),
        L.Dense(5),
    ]
    end = [Nothing()] if way == "stages" else []
    return fn.Sequential([*layers, *end], input_shape=(8, 7, 2), dtype=dtype, seed=3)


def batch(n=37, key=0):
    rng = np.random.default_rng(key)
    return rng.normal(size=(n, 8, 7, 2)), rng.integers(0, 5, n)


@pytest.mark.parametrize(("way", "kind"), [("program", Compiled), ("stages", Staged)])
def test_the_network_runs_both_ways(way, kind):
    assert isinstance(network(way).runner(fn.losses.cross_entropy, training=True), kind)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.usefixtures("threads_for_all_work")
def test_programs_and_stages_make_the_same_updates_on_any_number_of_threads(name, dtype):
    """The stages' are `update`, by parts of the flat vector where not all decay."""
    for how in ({}, {"weight_decay": 0.3}, {"weight_decay": 0.3, "decay_biases": False}):
        stages = network("stages", dtype)
        trainer = fn.Trainer(stages, optimizer=MAKERS[name](**how))
        losses, parameters = [], []
        before = fn.get_num_threads()
        for key in range(4):
            losses.append(trainer.step(*batch(key=key)))
            parameters.append(stages.parameters.tobytes())
        try:
            for threads in (1, 2, 3, 7):
                fn.set_num_threads(threads)
                net = network(dtype=dtype)
                trainer = fn.Trainer(net, optimizer=MAKERS[name](**how))
                for key in range(4):
                    assert trainer.step(*batch(key=key)) == losses[key]
                    assert net.parameters.tobytes() == parameters[key], (key, how)
        finally:
            fn.set_num_threads(before)


@pytest.mark.parametrize("decay_biases", [True, False])
@pytest.mark.parametrize("way", ["program", "stages"])
@pytest.mark.parametrize("name", MAKERS)
def test_without_gradients_only_what_decays_changes(name, way, decay_biases):
    net = network(way)
    net.parameters = np.random.default_rng(1).uniform(0.5, 1.0, net.parameters.size)
    before = {
        (i, key): a.copy() for i, one in enumerate(net.layers) for key, a in one.parameters.items()
    }
    optimizer = MAKERS[name](weight_decay=0.3, decay_biases=decay_biases)
    x, y = batch()
    for _ in range(3):
        fn.Trainer(net, optimizer=optimizer).step(x, y, sample_weight=np.zeros(len(x)))
    for (index, key), array in before.items():
        now = getattr(net.layers[index], key)
        if key == "weight" or decay_biases:
            assert (now < array).all(), (index, key)
        else:
            np.testing.assert_array_equal(now, array)
    assert {key for _, key in before} == {"weight", "bias", "scale", "shift", "slope"}
    if not decay_biases:  # of vectors that are no network's all decay
        alone, vector = MAKERS[name](weight_decay=0.3, decay_biases=False), np.ones(9)
        alone.update(vector, np.zeros(9))
        assert (vector < 1).all()


@pytest.mark.parametrize("way", ["program", "stages"])
@pytest.mark.parametrize("name", MAKERS)
def test_state_of_frozen_layers_stays(name, way):
    def trained(thawed):
        net = network(way)
        net.layers[6].trainable = thawed
        trainer = fn.Trainer(net, optimizer=MAKERS[name](weight_decay=0.1))
        trainer.step(*batch(key=1))
        net.layers[6].trainable = True
        return net, trainer

    net, trainer = trained(False)
    place = net.places[net.layers[6]]
    for vector, like in zip(trainer.optimizer.state, trained(True)[1].optimizer.state, strict=True):
        untouched = trainer.optimizer._initial("", net.parameters)[place]
        assert (vector[place : place + 9] == untouched).all()
        assert (like[place : place + 9] != untouched).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAKERS)
def test_zero_gradients_leave_parameters_and_a_nan_stays_where_it_is(name, dtype):
    parameters = np.linspace(-1, 1, 50).astype(dtype)
    optimizer, start = MAKERS[name](weight_decay=0.0), parameters.copy()
    for _ in range(3):
        optimizer.update(parameters, np.zeros_like(parameters))
    np.testing.assert_array_equal(parameters, start)
    gradients = np.ones_like(parameters)
    gradients[7] = np.nan
    for _ in range(3):
        optimizer.update(parameters, gradients)
        gradients[7] = 1.0
    assert np.isnan(parameters).nonzero()[0].tolist() == [7]
    huge = np.full_like(parameters, np.finfo(dtype).max / 4)
    other = MAKERS[name](weight_decay=0.0)
    other.learning_rate = 1e-30
    other.update(start, huge)
    assert not np.isnan(start).any()


def test_a_spread_that_is_negative_by_rounding_counts_as_zero():
    optimizer = fn.optimizers.RMSprop(1e-9, alpha=0.5, centered=True)
    for dtype in DTYPES:
        parameters = np.zeros(1000, dtype)
        gradients = np.random.default_rng(2).random(1000).astype(dtype)
        optimizer = fn.optimizers.RMSprop(1e-9, alpha=0.5, centered=True)
        for _ in range(100):  # the mean of equal squares is the square of their mean
            optimizer.update(parameters, gradients)
        assert np.isfinite(parameters).all()


# --- stored and restored --------------------------------------------------------------------------


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_what_is_restored_goes_on_bit_for_bit(name, as_list):
    net = network()
    one = fn.Trainer(net, optimizer=MAKERS[name](weight_decay=0.1, clip_norm=3.0))
    for key in range(3):
        one.step(*batch(key=key))
    optimizer = one.optimizer
    config = json.loads(json.dumps(optimizer.config()))
    vectors = [v.copy() for v in optimizer.state] if as_list else dict(optimizer.named_state)
    twin = network()
    twin.parameters = net.parameters
    for layer, like in zip(twin.layers, net.layers, strict=True):
        for key, array in like.state().items():
            layer.state()[key][...] = array
    two = fn.Trainer(twin, optimizer=fn.optimizers.from_config(config))
    two.optimizer.restore(optimizer.steps, vectors)
    assert two.optimizer.config() == optimizer.config()
    for key in range(3, 6):
        assert one.step(*batch(key=key)) == two.step(*batch(key=key))
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert pickle.loads(pickle.dumps(optimizer)).config() == config


def test_a_restored_state_replaces_what_a_program_knows():
    net = network()
    trainer = fn.Trainer(net, optimizer=SGD(0.1, momentum=0.9))
    trainer.step(*batch())
    start, velocity = net.parameters.copy(), trainer.optimizer.named_state["velocity"].copy()
    losses = [trainer.step(*batch()) for _ in range(2)]
    net.parameters = start
    trainer.optimizer.restore(1, {"velocity": velocity})
    assert [trainer.step(*batch()) for _ in range(2)] == losses
    velocity[:] = np.nan  # was copied
    assert np.isfinite(trainer.step(*batch()))


def bound():
    optimizer = Adam()
    fn.Trainer(fn.Sequential([L.Dense(1)], input_shape=(2,)), "squared_error", optimizer)
    return optimizer


V = np.zeros(3, "float32")
ERRORS = [
    (lambda: SGD(nesterov=True, momentum=0.5, dampening=0.1), "no dampening with nesterov=True"),
    (lambda: SGD(dampening=1.5), "expected dampening from 0 to 1, got 1.5"),
    (lambda: SGD(weight_decay=-1), "SGD: expected weight_decay at least 0, got -1"),
    (lambda: fn.optimizers.RMSprop(alpha=1), "RMSprop: expected alpha at least 0 and less than 1"),
    (lambda: fn.optimizers.RMSprop(epsilon=0), "RMSprop: expected epsilon more than 0, got 0"),
    (lambda: fn.optimizers.Adagrad(rate_decay=-1), "Adagrad: expected rate_decay at least 0"),
    (lambda: fn.optimizers.Adadelta(rho=1), "Adadelta: expected rho"),
    (lambda: fn.optimizers.AdamW(beta1=1), "AdamW: expected beta1"),
    (lambda: fn.optimizers.Lion(beta2=1), "Lion: expected beta2"),
    (lambda: setattr(Adam(), "beta1", 2), "Adam: expected beta1 at least 0 and less than 1, got 2"),
    (lambda: setattr(SGD(), "learning_rate", -1), "SGD: expected learning_rate at least 0"),
    (lambda: fn.optimizers.from_config({"name": "adamm"}), "did you mean 'adam"),
    (lambda: Adam().restore(1, [V]), "Adam: expected 2 vectors, got 1"),
    (lambda: Adam().restore(1, {"velocity": V}), r"expected the vectors \['first_moment', 'second"),
    (lambda: Adam().restore(1, [V, V[:2]]), r"second_moment of shape \(3,\) and float32.*\(2,\)"),
    (lambda: bound().restore(1, [V, V.astype(float)]), "second_moment.*float32.*float64"),
    (lambda: Adam().restore(-1, []), "steps"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_wrong_settings_raise_and_name_the_optimizer(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", ["rmsprop", "adagrad", "adadelta", "adamw", "lion"])
def test_optimizers_learn_by_name(name):
    x = np.random.default_rng(4).normal(size=(200, 3))
    net = fn.Sequential([L.Dense(8, "tanh"), L.Dense(2)], input_shape=(3,))
    history = net.fit(x, (x[:, 0] > x[:, 1]).astype(int), optimizer=name, epochs=30, verbose=0)
    assert history["loss"][-1] < history["loss"][0] - 0.01
