"""fn.verify: networks that are right pass, and what is broken on purpose is named."""

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, layers, rounding
from fastnn.inputs import Inputs
from fastnn.losses import LOSSES
from fastnn.tracing import Trace, scratch
from fastnn.twin import run_twin
from fastnn.verifying_data import random_batch
from graphs import NETWORKS, L, loss_of, samples

SERIES, IMAGE, VOLUME = (6, 4), (5, 4, 4), (3, 3, 2, 2)
SHAPES = {"1D": SERIES, "2D": IMAGE, "3D": VOLUME}

# layer: its arguments and the shape of its input
ARGUMENTS = {
    **{f"Conv{rank}": ((3, 2), {"activation": "relu", "padding": "same"}) for rank in SHAPES},
    **{f"ConvTranspose{rank}": ((2, 2), {"stride": 2, "groups": 2}) for rank in SHAPES},
    **{f"LocallyConnected{rank}": ((2, 2), {}) for rank in SHAPES},
    **{f"{kind}Pool{rank}": ((2,), {}) for rank in SHAPES for kind in ("Max", "Average")},
    **{f"LpPool{rank}": ((2,), {"p": 3, "stride": 1}) for rank in SHAPES},
    **{f"AdaptiveAveragePool{rank}": ((2,), {}) for rank in SHAPES},
    **{f"UpSample{rank}": ((2,), {"mode": "linear"}) for rank in SHAPES},
    **{f"ZeroPad{rank}": ((1,), {}) for rank in SHAPES},
    "Crop1D": ((1,), {}),
    "Crop2D": ((1,), {}),
    "Crop3D": ((((1, 0), (0, 1), (0, 0)),), {}),
    "Pad": ((1, "reflect"), {}),
    "Activation": (("tanh",), {}),
    "Dense": ((3, "sigmoid"), {"mask": [[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 1, 1, 1]]}),
    "Dropout": ((0.4,), {}),
    "SpatialDropout": ((0.4,), {}),
    "GaussianDropout": ((0.4,), {}),
    "GaussianNoise": ((0.4,), {}),
    "GroupNorm": ((2,), {}),
    "LayerNorm": ((), {"axes": 2}),
    "Permute": (((2, 0, 1),), {}),
    "Reshape": (((2, -1),), {}),
    "Rescale": ((0.3, -0.5), {}),
}
VECTORS = ("Dense",)
MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")


def network_of(name, dtype="float32"):
    """A network in whose middle a layer of this name stands, with parameters before and behind."""
    shape = (5,) if name in VECTORS else SHAPES.get(name[-2:], IMAGE)
    arguments, how = ARGUMENTS.get(name, ((), {}))
    x = fn.Input(shape)
    before = L.PReLU("none")
    layer = getattr(L, name)(*arguments, **how)
    y = layer([before(x), L.Activation("tanh")(x)]) if name in MERGES else layer(before(x))
    y = y if len(y.shape) == 1 else L.Flatten()(y)
    return fn.Model(x, L.Dense(3)(y), dtype=dtype, seed=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", layers.REGISTRY)
def test_every_layer_is_verified(name, dtype):
    verification = fn.verify(network_of(name, dtype), rows=3)
    assert verification.ok, str(verification)
    assert verification.unverified == []
    mine = [row for row in verification.rows if name in row.layer]
    back = "gradient of its input 0" if name in MERGES else "gradient of its input"
    assert {"output", back} <= {row.what for row in mine}
    trained = [row for row in verification.rows if row.what.endswith(", in training")]
    assert len(trained) > 2


@pytest.mark.parametrize("name", layers.REGISTRY)
def test_twins_share_nothing_with_what_is_compiled(name, monkeypatch):
    net = network_of(name)
    x, y = random_batch(net, fn.losses.half_squared_error, 2)
    for layer in net.learns:
        layer.learn(x)
    loss = fn.losses.half_squared_error
    trace = Trace(scratch(net), loss, x, loss.targets(y, 2, net))
    monkeypatch.setattr("fastnn.twin.magnitudes", lambda n, a, h, results: [0.0] * len(results))
    for operation in functional.__all__:
        monkeypatch.setattr(functional, operation, None)
    for visit in trace.visits:
        _, result, dxs = run_twin(visit)
        assert result.dtype == np.float64
        assert all(dx.shape == read.shape for dx, read in zip(dxs, visit.xs, strict=True))


@pytest.mark.parametrize("make", NETWORKS)
def test_graphs_are_verified(make):
    net = make()
    x, y = samples(net, 5)
    verification = fn.verify(net, x, y, loss=loss_of(net), rows=3)
    assert verification.ok, str(verification)
    assert verification.samples == 3
    parameters = sum(len(layer.parameters) for layer in net.layers)
    trained = [row for row in verification.rows if row.what.endswith(", in training")]
    assert len(trained) == parameters + 1


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_verified(name, reduction):
    loss = type(LOSSES[name])(reduction=reduction)
    ending = {"softmax": ["softmax"], "sigmoid": ["sigmoid"]}.get(loss.activation, [])
    layers = [L.Dense(4, "tanh"), L.Dense(3), *map(L.Activation, ending)]
    net = fn.Sequential(layers, input_shape=(5,))
    verification = fn.verify(net, loss=loss, rows=5)
    assert verification.ok, str(verification)
    assert [row.what for row in verification.rows if row.layer == "loss"] == [
        "gradient", "value", "value, in training",
    ]  # fmt: skip


def classifier(**how):
    layers = [
        L.Rescale(1 / 4),
        L.Conv2D(3, 2, activation="relu", name="seen", weight_regularizer="l2"),
        L.MaxPool2D(2),
        L.BatchNorm(),
        L.Flatten(),
        L.Dropout(0.3),
        L.Dense(3, "softmax", name="end"),
    ]
    return fn.Sequential(layers, input_shape=(6, 7, 2), **how)


def data(n=6):
    rng = np.random.default_rng(2)
    return rng.integers(-8, 9, (n, 6, 7, 2)), np.array(["a", "b", "c"] * n)[:n]


def perturbed(function, result=0, by=1e-4):
    """The operation, a result of which is a little off at one place."""

    def broken(*arguments, **how):
        results = function(*arguments, **how)
        several = results if isinstance(results, tuple) else (results,)
        array = several[result]
        array = array.data if isinstance(array, fn.packs.Packs) else array
        array.reshape(-1)[0] += by * max(np.abs(array).max(), 1)
        return results

    return broken


# operation, which of its results, and the first row that is wrong
BROKEN = [
    ("conv_forward", 0, "Conv2D 'seen'", "output"),
    ("conv_backward_input", 0, "Conv2D 'seen'", "gradient of its input"),
    ("conv_backward_weights", 0, "Conv2D 'seen'", "gradient of its weight"),
    ("conv_backward_weights", 1, "Conv2D 'seen'", "gradient of its bias"),
    ("relu_forward", 0, "Conv2D 'seen', relu", "output"),
    ("max_pool_forward", 0, "MaxPool2D", "output"),
    ("max_pool_backward", 0, "MaxPool2D", "gradient of its input"),
    ("batch_norm_forward", 0, "BatchNorm", "output"),
    ("batch_norm_inference", 0, "BatchNorm", "output, in inference"),
    ("batch_norm_backward", 0, "BatchNorm", "gradient of its input"),
    ("batch_norm_backward", 1, "BatchNorm", "gradient of its scale"),
    ("dropout_forward", 0, "Dropout", "output"),
    ("dropout_backward", 0, "Dropout", "gradient of its input"),
    ("dense_backward_weights", 0, "Dense 'end'", "gradient of its weight"),
    ("softmax_forward", 0, "Dense 'end', softmax", "output"),
]


@pytest.mark.parametrize("operation, result, layer, what", BROKEN)
def test_what_is_broken_is_named_first(operation, result, layer, what, monkeypatch):
    net, (x, y) = classifier(), data()
    assert fn.verify(net, x, y).ok
    monkeypatch.setattr(functional, operation, perturbed(getattr(functional, operation), result))
    verification = fn.verify(net, x, y)
    first = verification.wrong[0]
    assert (first.layer, first.what) == (layer, what)
    assert not verification.ok
    assert f"first {layer}: {what}" in str(verification)
    # the layers by themselves are right but for this one: each is given what the one before made
    alone = [row for row in verification.wrong if "training" not in row.what]
    assert {row.layer for row in alone} <= {layer, "training", "predictions"}


def test_a_program_that_is_wrong_is_found(monkeypatch):
    right = fn.Trainer.loss_and_gradients

    def wrong(trainer, *batch):
        loss = right(trainer, *batch)
        trainer.net.layers[-1].gradients["bias"][1] *= 1 + 1e-4
        return loss

    monkeypatch.setattr(fn.Trainer, "loss_and_gradients", wrong)
    row, more = fn.verify(classifier(), *data()).wrong
    assert (row.layer, row.what) == ("Dense 'end'", "gradient of its bias, in training")
    assert more.layer == "training"


def test_a_program_that_is_wrong_beyond_a_pack_is_found(monkeypatch):
    right = fn.Trainer.loss_and_gradients

    def wrong(trainer, x, y):
        loss = right(trainer, x, y)
        trainer.net.gradients[0] += 1e-3 * (len(x) > 16)
        return loss

    monkeypatch.setattr(fn.Trainer, "loss_and_gradients", wrong)
    assert fn.verify(classifier(), *data(16)).ok
    (row,) = fn.verify(classifier(), *data(17)).wrong
    assert (row.layer, row.what) == ("training", "as layer by layer, 17 samples")


def test_a_loss_that_is_wrong_is_found(monkeypatch):
    right = functional.cross_entropy

    def wrong(*arguments, **how):
        loss, gradient = right(*arguments, **how)
        return loss * 1.001, gradient

    monkeypatch.setattr(functional, "cross_entropy", wrong)
    (row,) = fn.verify(classifier(), *data()).wrong
    assert (row.layer, row.what) == ("loss", "value")


def test_predictions_that_differ_by_a_bit_are_found(monkeypatch):
    right = fn.Sequential.predict
    monkeypatch.setattr(
        fn.Sequential, "predict", lambda net, x: np.nextafter(right(net, x), np.float32(2))
    )
    (row,) = fn.verify(classifier(), *data()).wrong
    assert (row.layer, row.what) == ("predictions", "as layer by layer, 6 samples")


def test_numbers_that_are_not_finite_are_equal_only_to_themselves(monkeypatch):
    net = fn.Sequential([L.Dense(2, "tanh"), L.Dense(1)], input_shape=(2,))
    net.layers[1].bias = [np.inf]
    assert fn.verify(net).ok
    x, y = np.array([[1.0, 2.0], [-np.inf, 1.0], [0.5, np.inf]]), [0, 1, 1]
    softmax = fn.Sequential([L.Dense(2, "relu"), L.Dense(2, "softmax")], input_shape=(2,))
    assert fn.verify(softmax, x, y).ok
    right = functional.tanh_forward

    def broken(x):
        y = right(x)
        y.data.reshape(-1)[0] = np.nan
        return y

    monkeypatch.setattr(functional, "tanh_forward", broken)
    assert fn.verify(net).wrong[0].layer == "Dense (layer 0), tanh"


def test_winograd_may_round_more():
    layers = [L.Conv2D(32, 1), L.Conv2D(32, 3, padding=1, algorithm="winograd")]
    net = fn.Sequential(layers, input_shape=(3, 4, 2))
    verification = fn.verify(net, rows=1)
    assert verification.ok, str(verification)
    direct = rounding.magnitudes("conv_forward", *_operands(), {}, [None])
    how = {"algorithm": "winograd"}
    assert (direct[0] < rounding.magnitudes("conv_forward", *_operands(), how, [None])[0]).all()


def _operands():
    rng = np.random.default_rng(0)
    return ([rng.standard_normal((1, 4, 4, 32)), rng.standard_normal((32, 3, 3, 32))],)


def test_the_network_is_left_as_it_was():
    net, (x, y) = classifier(), data()
    net.fit(x, y, epochs=1, verbose=0)
    norm = net.layers[3]
    net.gradients[...] = 7.0

    def state():
        arrays = [net.parameters, net.gradients, norm.running_mean, norm.running_variance]
        return [array.tobytes() for array in arrays], net.steps, net.epochs

    before = state()
    assert fn.verify(net, x, y).ok
    assert state() == before


def test_it_says_how_long_it_will_take_and_can_be_interrupted():
    net, told = classifier(), []
    fn.verify(net, progress=told.append)
    assert "4 samples, about 0." in told[0]
    assert any("Conv2D 'seen'" in text for text in told)

    def interrupt(text):
        if "MaxPool2D" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fn.verify(net, progress=interrupt)
    assert fn.verify(net).ok


class Leaky(L.Layer):  # without a reference: it reads packs
    def _forward(self, x, training):
        self._saved = x
        return fn.packs.Packs(np.where(x.data > 0, x.data, 0.1 * x.data), x.n)

    def _backward(self, dy, input_gradient):
        return fn.packs.Packs(np.where(self._saved.data > 0, dy.data, 0.1 * dy.data), dy.n)


class Doubled(L.Dense):  # with one: it names operations
    def _forward(self, x, training):
        return super()._forward(self.operations.add_forward([x, x]), training)

    def _backward(self, dy, input_gradient):
        dx = super()._backward(dy, True)
        return self.operations.add_forward([dx, dx])


def test_layers_of_your_own():
    net = fn.Sequential([L.Dense(3), Leaky(), L.Dense(2)], input_shape=(2,))
    verification = fn.verify(net)
    assert verification.ok
    assert verification.unverified == ["Leaky"]
    assert "Leaky: not verified" in str(verification)
    net = fn.Sequential([Doubled(3), L.Dense(2)], input_shape=(2,))
    assert fn.verify(net).unverified == []


def test_a_loss_of_your_own():
    class Own(fn.losses.SquaredError):
        name = "own"

        def __call__(self, outputs, target, sample_weight=None):
            return functional.squared_error(outputs, target, sample_weight=sample_weight)

    net = fn.Sequential([L.Dense(2)], input_shape=(2,))
    verification = fn.verify(net, loss=Own())
    assert verification.ok
    assert verification.unverified == ["own"]


def test_frozen_layers_have_no_gradient():
    net, (x, y) = classifier(), data()
    net.layers[1].trainable = net.layers[3].trainable = False
    verification = fn.verify(net, x, y)
    assert verification.ok, str(verification)
    frozen = [row for row in verification.rows if "seen" in row.layer and "weight" in row.what]
    assert [row.error for row in frozen] == [0.0, 0.0]


def test_several_inputs_and_outputs_without_data():
    net = NETWORKS[1]()
    verification = fn.verify(net)
    assert verification.ok
    assert sum(row.layer.startswith("predictions") for row in verification.rows) == 3
    x, _ = random_batch(net, fn.losses.Joint(["huber"] * 3), 2)
    assert isinstance(x, Inputs)


def test_errors():
    net = fn.Sequential([L.Dense(2)])
    with pytest.raises(ValueError, match="input shape is not known; give x"):
        fn.verify(net)
    net.build((3,))
    with pytest.raises(ValueError, match="got y alone"):
        fn.verify(net, y=[1])
    with pytest.raises(ValueError, match="rows"):
        fn.verify(net, rows=0)
    with pytest.raises(ValueError, match="at least one sample"):
        fn.verify(net, np.zeros((0, 3)))
    with pytest.raises(ValueError, match="verify: x holds 1 NaN"):
        fn.verify(net, [[0.0, np.nan, 0.0]])


def test_it_prints_as_a_table():
    verification = fn.verify(fn.Sequential([L.Dense(2)], input_shape=(3,)))
    head, rule, *rows = str(verification).splitlines()
    assert head.split()[:2] == ["layer", "what"]
    assert rows[-1].startswith("All within tolerance, on 4 samples; the nearest to it")
    assert len(rows) == len(verification.rows) + 2
    assert verification._repr_html_().count("<tr>") == len(verification.rows) + 1
    assert set(rule) == {"-"}
