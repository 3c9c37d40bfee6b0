"""Dense layers with a mask: weights that are not there, in whatever way the layer is run."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn import reference
from fastnn.layers import Activation, Dense, Flatten

OPTIMIZERS = [
    lambda: fn.optimizers.SGD(0.1),
    lambda: fn.optimizers.SGD(0.05, momentum=0.9),
    lambda: fn.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    lambda: fn.optimizers.Adam(0.05),
    lambda: fn.optimizers.Adam(0.05, gradient_noise=0.1),
    lambda: fn.optimizers.SGD(0.05, momentum=0.9, clip_norm=0.5, gradient_noise=0.1),
]


def some_mask(units, features, seed=0):
    mask = np.random.default_rng(seed).integers(0, 2, (units, features))
    mask[0], mask[-1] = 0, 1  # an output that sees nothing, one that sees all
    return mask


class Stage(Activation):
    """An activation without an instruction: its network runs stage by stage."""

    _instruction = None


def network(mask, compiled=True, **how):
    kind = Activation if compiled else Stage
    layers = [Dense(len(mask), mask=mask, **how), kind("tanh"), Dense(3)]
    return fn.Sequential(layers, input_shape=mask.shape[1:], dtype="float64", seed=2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "units", "features"), [(5, 2, 1), (19, 7, 5), (33, 40, 130)])
def test_the_layer_is_a_dense_layer_of_masked_weights(n, units, features, dtype):
    rng, mask = np.random.default_rng(1), some_mask(units, features)
    layer = Dense(units, mask=mask).build((features,), dtype)
    assert np.array_equal(layer.weight != 0, mask)
    layer.weight = rng.integers(-4, 5, (units, features))
    layer.bias = rng.integers(-4, 5, units)
    x, dy = rng.integers(-4, 5, (n, features)), rng.integers(-4, 5, (n, units))
    y, dx = layer.forward(x), layer.backward(dy)
    weight = layer.weight.astype(float)
    assert not weight[mask == 0].any()
    np.testing.assert_array_equal(y, reference.dense_forward(x, weight, layer.bias.astype(float)))
    np.testing.assert_array_equal(dx, reference.dense_backward_input(dy, weight))
    dweight, dbias = reference.dense_backward_weights(x, dy)
    np.testing.assert_array_equal(layer.gradients["weight"], dweight * mask)
    np.testing.assert_array_equal(layer.gradients["bias"], dbias)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("samples", [3, 50])
def test_masked_weights_stay_exactly_zero_in_training(samples, optimizer, compiled):
    rng, mask = np.random.default_rng(1), some_mask(20, 37)
    net = network(mask, compiled)
    trainer = fn.Trainer(net, "cross_entropy", optimizer())
    first, kept = net.layers[0], net.layers[0].weight.copy()
    for _ in range(20):
        trainer.step(rng.normal(size=(samples, 37)), rng.integers(0, 3, samples))
        assert not first.weight[mask == 0].any()
    assert np.all((first.weight != kept)[mask == 1])
    trainer.loss_and_gradients(rng.normal(size=(samples, 37)), rng.integers(0, 3, samples))
    assert not first.gradients["weight"][mask == 0].any()
    assert first.gradients["weight"][mask == 1].all()


HELD = {
    "weight_regularizer": fn.regularizers.L1L2(0.01, 0.02),
    "weight_constraint": fn.constraints.MaxNorm(1.5),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_penalties_and_constraints_leave_masked_weights_alone(optimizer, compiled):
    rng, mask = np.random.default_rng(1), some_mask(20, 37)
    net = network(mask, compiled, **HELD)
    trainer, first = fn.Trainer(net, "cross_entropy", optimizer()), net.layers[0]
    for _ in range(5):
        net.parameters[: mask.size][mask.ravel() == 0] = 1e9  # in no penalty, no norm
        assert trainer.step(rng.normal(size=(50, 37)), rng.integers(0, 3, 50)) < 10
        assert not first.weight[mask == 0].any()
        norms = np.linalg.norm(first.weight, axis=1)
        assert norms.max() <= 1.5 * (1 + 1e-12)
    assert norms[-1] > 0.1


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_a_program_trains_as_its_stages_do(n_threads):
    before, mask = fn.get_num_threads(), some_mask(20, 37)
    fn.set_num_threads(n_threads)
    try:
        found = []
        for compiled in (True, False):
            rng, net = np.random.default_rng(1), network(mask, compiled, **HELD)
            trainer = fn.Trainer(net, "cross_entropy", fn.optimizers.Adam(0.05))
            for _ in range(5):
                trainer.step(rng.normal(size=(50, 37)), rng.integers(0, 3, 50))
            found.append(net.parameters.copy())
    finally:
        fn.set_num_threads(before)
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("samples", [1, 8, 50])
@pytest.mark.parametrize(("units", "features"), [(20, 37), (400, 410)])
def test_what_somebody_writes_to_masked_weights_is_not_seen(units, features, samples, compiled):
    mask = some_mask(units, features)
    net = network(mask, compiled)
    x = np.random.default_rng(1).normal(size=(samples, features))
    expected = net.predict(x)
    wild = net.parameters.copy()
    wild[: mask.size][mask.ravel() == 0] = np.nan
    net.parameters = wild
    np.testing.assert_array_equal(net.predict(x), expected)
    assert not net.layers[0].weight[mask == 0].any()


def test_gradients_are_those_of_central_differences():
    rng, mask = np.random.default_rng(1), some_mask(5, 4)
    net = network(mask)
    trainer = fn.Trainer(net, "half_squared_error")
    x, t = rng.normal(size=(9, 4)), rng.normal(size=(9, 3))
    trainer.loss_and_gradients(x, t)
    gradients, start = net.gradients.copy(), net.parameters.copy()
    for i in range(start.size):
        if i < mask.size and mask.ravel()[i] == 0:
            assert gradients[i] == 0
            continue
        losses = []
        for step in (1e-5, -1e-5):
            net.parameters = start
            net.parameters[i] += step
            losses.append(trainer.loss_and_gradients(x, t))
        assert abs((losses[0] - losses[1]) / 2e-5 - gradients[i]) < 1e-8


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.deepcopy,
        lambda net: pickle.loads(pickle.dumps(net)),
        "file",
    ],
)
def test_the_mask_goes_with_the_network(duplicate, tmp_path):
    rng, mask = np.random.default_rng(1), some_mask(20, 37)
    net = network(mask)
    if duplicate == "file":
        net.save(tmp_path / "net.safetensors")
        twin = fn.load(tmp_path / "net.safetensors")
    else:
        twin = duplicate(net)
    np.testing.assert_array_equal(twin.layers[0].mask, mask)
    x, labels = rng.normal(size=(50, 37)), rng.integers(0, 3, 50)
    np.testing.assert_array_equal(twin.predict(x), net.predict(x))
    for each in (net, twin):
        trainer = fn.Trainer(each, "cross_entropy", fn.optimizers.Adam(0.05))
        for _ in range(3):
            trainer.step(x, labels)
    np.testing.assert_array_equal(twin.parameters, net.parameters)
    assert not twin.layers[0].weight[mask == 0].any()


def test_a_mask_in_a_file_is_checked(tmp_path):
    layer = Dense(2).build((3,))
    with pytest.raises(ValueError, match=r"Dense: expected a mask of shape \(2, 3\), got \(2, 4\)"):
        layer.restore({"mask": np.ones((2, 4))})
    with pytest.raises(ValueError, match="unexpected arrays other"):
        layer.restore({"other": np.ones((2, 3))})


@pytest.mark.parametrize(
    ("mask", "error", "pattern"),
    [
        (np.ones(3), ValueError, r"mask of shape \(5, features\), got \(3,\)"),
        (np.ones((4, 3)), ValueError, r"mask of shape \(5, features\), got \(4, 3\)"),
        (np.full((5, 3), 0.5), ValueError, r"0 and 1 in mask, got 0\.5"),
        (np.full((5, 3), np.nan), ValueError, r"0 and 1 in mask, got nan"),
        ([["a"]], TypeError, r"mask of real numbers"),
    ],
)
def test_a_wrong_mask_is_refused(mask, error, pattern):
    with pytest.raises(error, match=pattern):
        Dense(5, mask=mask)


def test_a_mask_for_other_features_is_refused_with_the_layers_name():
    layers = [Flatten(), Dense(5, mask=np.ones((5, 3)), name="tied")]
    with pytest.raises(ValueError, match=r"tied: expected a mask of shape \(5, 4\), got \(5, 3\)"):
        fn.Sequential(layers, input_shape=(2, 2))


def test_an_unmasked_layer_has_no_mask_and_nothing_to_save():
    layer = Dense(5).build((3,))
    assert layer.mask is None
    assert layer.state() == {}
    assert "mask" not in Dense(1, mask=[[1, 0]]).config()
