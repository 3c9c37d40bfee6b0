"""Subnormal numbers count as zero in networks: activations, gradients, parameters, momentum."""

import numpy as np
import pytest

import fastnn as fn
from networks import DTYPES, SGD, L

SMALL = {"float32": 2.0**-65, "float64": 2.0**-515}  # a normal number; its square is not
LARGE = {"float32": 2.0**120, "float64": 2.0**1015}  # times that square, a normal number again
THREADS = [1, 2, 3]
SAMPLES, FEATURES = 77, 96  # enough multiply-adds for threads


@pytest.fixture(autouse=True)
def restore_num_threads():
    before = fn.get_num_threads()
    yield
    fn.set_num_threads(before)


def scaling(dtype, *factors, activations=()):
    """A network whose dense layers multiply every feature by a factor, exactly."""
    activations = activations or [None] * len(factors)
    layers = [L.Dense(FEATURES, activation) for activation in activations]
    net = fn.Sequential(layers, (FEATURES,), dtype=dtype)
    for layer, factor in zip(layers, factors, strict=True):
        layer.weight = factor * np.eye(FEATURES)
    return net


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
def test_activations_that_decay_into_subnormals_are_zeros(activation, n_threads, dtype):
    fn.set_num_threads(n_threads)
    small, large = SMALL[dtype], LARGE[dtype]
    rng = np.random.default_rng(0)
    x = rng.choice([1.0, 1.5, 1.75], (SAMPLES, FEATURES))
    factors, activations = (small, small, large), (activation, activation, None)
    net = scaling(dtype, *factors, activations=activations)
    # were subnormals numbers, the last layer would make them large again
    assert not np.any(net.predict(x))
    assert not np.any(net.forward(x, training=True))
    # but one layer fewer is no subnormal
    fewer = scaling(dtype, small, 2 / small, activations=activations[1:])
    assert np.all(fewer.predict(x) > 1)

    trainer = fn.Trainer(net, "half_squared_error", SGD(0.0))
    target = rng.choice([-1.0, 1.0], (SAMPLES, FEATURES))
    trainer.loss_and_gradients(x, target)
    last = net.layers[2].gradients
    assert not np.any(last["weight"])  # of a product with those activations
    assert np.any(last["bias"])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", THREADS)
def test_gradients_that_decay_into_subnormals_are_zeros(n_threads, dtype):
    fn.set_num_threads(n_threads)
    small, large = SMALL[dtype], LARGE[dtype]
    rng = np.random.default_rng(0)
    x = large * rng.choice([1.0, 1.5, 1.75], (SAMPLES, FEATURES))
    net = scaling(dtype, 1 / large, small, small)
    trainer = fn.Trainer(net, "half_squared_error", SGD(0.0))
    trainer.loss_and_gradients(x, rng.choice([-64.0, 64.0], (SAMPLES, FEATURES)))
    first, second, last = (layer.gradients for layer in net.layers)
    # forward: y = small · (small · (x / large)): dy is that of the target, ±1 or nearly
    assert np.any(last["weight"])
    assert np.any(second["weight"])
    # dy · small² is subnormal; times x it would be about 1 / 1000
    assert not np.any(first["weight"])
    assert not np.any(first["bias"])

    net = scaling(dtype, large, small, small)
    net.forward(x, training=True)
    assert not np.any(net.backward(np.ones((SAMPLES, FEATURES))))
    net = scaling(dtype, large, small)
    net.forward(x, training=True)
    assert np.all(net.backward(np.ones((SAMPLES, FEATURES))))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", THREADS)
def test_subnormal_parameters_count_as_zeros(n_threads, dtype):
    fn.set_num_threads(n_threads)
    subnormal, large = SMALL[dtype] ** 2, LARGE[dtype]
    x = large * np.random.default_rng(0).choice([-1.0, 1.0], (SAMPLES, FEATURES))
    net = scaling(dtype, subnormal)
    assert np.any(net.parameters)
    assert not np.any(net.predict(x))
    trainer = fn.Trainer(net, "squared_error", SGD(1.0))
    assert trainer.loss_and_gradients(x, np.zeros_like(x)) == 0
    assert not np.any(net.gradients)
    assert trainer.step(x, np.zeros_like(x)) == 0
    assert not np.any(net.parameters)  # an update stores zeros


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", THREADS)
def test_subnormal_samples_count_as_zeros(n_threads, dtype):
    fn.set_num_threads(n_threads)
    subnormal, large = SMALL[dtype] ** 2, LARGE[dtype]
    x = np.full((SAMPLES, FEATURES), subnormal, dtype)
    net = scaling(dtype, large)
    assert np.any(x)
    assert not np.any(net.predict(x))
    assert fn.Trainer(net, "squared_error").loss_and_gradients(x, np.zeros_like(x)) == 0
    assert not np.any(net.gradients)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", THREADS)
def test_momentum_that_decays_into_subnormals_is_zero(n_threads, dtype, nesterov):
    fn.set_num_threads(n_threads)
    smallest = np.finfo(dtype).tiny
    net = scaling(dtype, 1.0)
    x, rate = np.ones((SAMPLES, FEATURES)), 2.0**-60 / smallest
    optimizer = SGD(rate, momentum=0.5, nesterov=nesterov)
    trainer = fn.Trainer(net, "half_squared_error", optimizer)
    none, one = np.zeros(SAMPLES), np.eye(1, SAMPLES)[0]
    net.parameters[:] = 0
    target = np.full((SAMPLES, FEATURES), -8 * smallest)
    trainer.step(x, target, one)  # gradients and velocity are 8 · smallest
    parameters = []
    for _ in range(8):
        parameters.append(net.parameters.copy())
        trainer.step(x, target, none)  # no gradient: velocity is halved
    moved = -np.diff(parameters, axis=0) / 2.0**-60
    expected = [2, 1, 0, 0, 0, 0, 0] if nesterov else [4, 2, 1, 0, 0, 0, 0]
    np.testing.assert_array_equal(
        moved, np.tile(np.array(expected, dtype)[:, None], moved.shape[1:])
    )
