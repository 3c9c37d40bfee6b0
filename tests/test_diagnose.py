"""fn.diagnose and first_unsound: figures, findings, and that nothing changes."""

import copy

import numpy as np
import pytest

import fastnn as fn
from fastnn import diagnosing, measuring
from fastnn.diagnosing import diagnose, first_unsound
from fastnn.tracing import Trace, place_of, plain, scratch
from graphs import NETWORKS, L, loss_of, samples, shared, two_inputs
from networks import LARGE, TABLE


@pytest.mark.parametrize("row", [row for row in TABLE if row not in LARGE], ids=repr)
def test_a_trace_gives_the_bits_of_training(row):
    trainer, (x, y, weight) = row.trainer(), row.batch(21)
    net, loss = trainer.net, trainer.loss
    value = trainer.loss_and_gradients(x, y, weight)
    weight = np.ascontiguousarray(weight, net.dtype)
    trace = Trace(scratch(net), loss, net.check(x), loss.targets(y, len(x), net), weight)
    assert trace.loss == value
    assert trace.net.gradients.tobytes() == net.gradients.tobytes()


@pytest.mark.parametrize("make", NETWORKS)
def test_a_trace_of_a_graph_gives_the_bits_of_training(make):
    net = make()
    (x, y), loss = samples(net, 21), loss_of(net)
    value = fn.Trainer(net, loss).loss_and_gradients(x, y)
    trace = Trace(scratch(net), loss, net.check(x), loss.targets(y, 21, net))
    assert trace.loss == value
    assert trace.net.gradients.tobytes() == net.gradients.tobytes()
    assert {visit.call for visit in trace.visits} == set(range(len(net.calls)))


def classifier(**how):
    layers = [
        L.Rescale(1 / 4),
        L.Conv2D(3, 2, activation="relu", name="seen", weight_regularizer="l2"),
        L.MaxPool2D(2),
        L.BatchNorm(),
        L.Flatten(),
        L.Dropout(0.3),
        L.Dense(3, "softmax"),
    ]
    return fn.Sequential(layers, input_shape=(6, 7, 2), **how)


def data(n=50):
    rng = np.random.default_rng(2)
    return rng.integers(-8, 9, (n, 6, 7, 2)), np.array(["a", "b", "c"] * n)[:n]


def test_figures_are_what_they_say():
    net, (x, y) = classifier(dtype="float64"), data()
    diagnosis = diagnose(net, x, y, "cross_entropy")
    labels = np.unique(y, return_inverse=True)[1]
    loss = fn.losses.cross_entropy
    assert diagnosis.loss == pytest.approx(fn.Trainer(net, loss).loss_and_gradients(x, labels))
    trace = Trace(scratch(net), loss, x, labels)
    assert [row.layer for row in diagnosis.rows] == [
        "Rescale", "Conv2D 'seen'", "MaxPool2D", "BatchNorm", "Flatten", "Dropout", "Dense",
    ]  # fmt: skip
    seen, last = diagnosis.rows[1], diagnosis.rows[-1]
    conv, relu = (visit for visit in trace.visits if visit.call == 1)
    y = plain(relu.y)
    assert (seen.mean, seen.spread) == pytest.approx((y.mean(), y.std()))
    for figure, visit in ((seen.gradient, relu), (seen.delta, conv)):
        # of each sample's own loss, not of the mean of 50
        norms = np.linalg.norm(50 * plain(visit.dy).reshape(50, -1), axis=1)
        assert figure == pytest.approx(np.sqrt(np.mean(norms**2)))
    layer = net.layers[1]
    weights, gradients = (
        np.concatenate([array.ravel() for array in arrays.values()])
        for arrays in (layer.parameters, layer.gradients)
    )
    assert seen.weight_norm == pytest.approx(np.linalg.norm(weights))
    assert seen.weight_gradient == pytest.approx(np.linalg.norm(gradients))
    assert seen.update == pytest.approx(np.linalg.norm(gradients) / np.linalg.norm(weights))
    assert (seen.parameters, last.parameters) == (27, 57)
    assert (last.gradient, last.saturated) == (None, pytest.approx(0, abs=0.3))
    assert seen.output_shape == (5, 6, 3)
    assert diagnosis.samples == 50


def test_many_samples_are_taken_in_batches(monkeypatch):
    layers = [L.Standardize(), L.Dense(5, "tanh"), L.Dense(3)]
    net = fn.Sequential(layers, input_shape=(4,), dtype="float64")
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, (300, 4)), np.arange(300) % 3
    net.layers[0].learn(x)
    whole = diagnose(net, x, y)
    monkeypatch.setattr(measuring, "BATCH", 1000)
    at_once = diagnose(net, x, y)
    for a, b in zip(whole.rows, at_once.rows, strict=True):
        for name in ("mean", "spread", "gradient", "delta", "weight_gradient", "update"):
            figures = getattr(a, name), getattr(b, name)
            assert figures[0] == (figures[1] and pytest.approx(figures[1]))
    assert whole.loss == pytest.approx(at_once.loss)
    monkeypatch.setattr(measuring, "SAMPLES", 100)
    assert diagnose(net, x, y).samples == 100


@pytest.mark.parametrize("optimizer", [None, "sgd", fn.optimizers.Adam(0.01, clip_norm=0.1)])
def test_updates_are_those_that_training_would_make(optimizer):
    net, (x, y) = classifier(dtype="float64"), data()
    net.layers[3].trainable = False
    labels = np.unique(y, return_inverse=True)[1]
    loss = fn.losses.cross_entropy
    rows = diagnose(net, x, y, loss, optimizer=copy.deepcopy(optimizer)).rows
    before = net.parameters.copy()
    trainer = fn.Trainer(net, loss, optimizer or fn.optimizers.SGD(1.0))
    trainer.step(x, labels)
    for row, layer in zip(rows, net.layers, strict=True):
        if not layer.parameters:
            assert row.update is None
            continue
        place = slice(net.places[layer], net.places[layer] + row.parameters)
        moved = np.linalg.norm((net.parameters - before)[place])
        assert row.update == pytest.approx(moved / np.linalg.norm(before[place]))
    assert rows[3].update == 0


def test_the_optimizer_of_the_last_fit_goes_on():
    net, (x, y) = classifier(), data()
    net.fit(x, y, optimizer=fn.optimizers.Adam(0.5), epochs=2, verbose=0)
    before = copy.deepcopy(net)
    diagnosis = diagnose(net, x, y)
    assert any("Updates are large" in text for text in diagnosis.findings)
    assert net.optimizer.steps == before.optimizer.steps
    for a, b in zip(net.optimizer.state, before.optimizer.state, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("look", [
    diagnose,
    lambda net, x, y: first_unsound(net, x, np.unique(y, return_inverse=True)[1], "cross_entropy"),
])  # fmt: skip
def test_the_network_is_left_as_it_was(look):
    net, (x, y) = classifier(), data()
    net.fit(x, y, epochs=1, verbose=0)
    net.gradients[...] = 7.0
    norm = net.layers[3]
    y_before = net.forward(x, training=True)

    def state():
        arrays = [net.parameters, net.gradients, norm.running_mean, norm.running_variance]
        return [array.tobytes() for array in arrays], net.steps, net.epochs, net.loss

    before = state()
    look(net, x, y)
    assert state() == before
    net.backward(np.ones_like(y_before))  # of the forward pass before
    other = classifier()
    diagnose(other, x, y)
    assert other.classes_ is other.loss is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", NETWORKS)
def test_graphs(make, dtype):
    net = make(dtype=dtype)
    x, y = samples(net, 37)
    diagnosis = diagnose(net, x, y, loss_of(net))
    assert [row.call for row in diagnosis.rows] == list(range(len(net.calls)))
    assert all(np.isfinite(row.mean) for row in diagnosis.rows)
    weights = [row.weight_norm is not None for row in diagnosis.rows]
    assert sum(weights) == sum(bool(layer.parameters) for layer in net.layers)


def test_shared_layers_have_one_gradient():
    net = shared()
    x, y = samples(net, 20)
    rows = diagnose(net, x, y).rows
    fn.Trainer(net).loss_and_gradients(x, y)
    conv = [row for row in rows if "Conv2D" in row.layer]
    assert len(conv) == 3
    gradient = [array.ravel() for array in net.layers[0].gradients.values()]
    norm = np.linalg.norm(np.concatenate(gradient))
    assert conv[0].weight_gradient == pytest.approx(norm, rel=1e-5)
    assert conv[1].weight_gradient is conv[2].weight_gradient is None


# --- findings -----------------------------------------------------------------------------------


def found(net, x, y, loss=None, **how):
    return " ".join(diagnose(net, x, y, loss, **how).findings)


def spread_out(n=64, features=8):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, features))
    return x, (x[:, 0] > 0).astype(int)


def test_a_network_that_is_sound_has_no_findings():
    x, y = spread_out()
    for activation in ("relu", "tanh"):
        net = fn.Sequential([L.Dense(16, activation), L.Dense(2)], input_shape=(8,))
        assert diagnose(net, x, y).findings == []


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "softsign", "hard_sigmoid", "relu6"])
def test_saturated_layers_are_named(function):
    x, y = spread_out()
    net = fn.Sequential([L.Dense(16, function, name="hidden"), L.Dense(2)], input_shape=(8,))
    net.layers[0].weight *= 100
    net.layers[0].bias[...] = 30.0 if function == "relu6" else 0.0
    diagnosis = diagnose(net, x, y)
    assert diagnosis.rows[0].saturated > 0.5
    assert f"Dense 'hidden': {100 * diagnosis.rows[0].saturated:.0f} %" in diagnosis.findings[0]
    assert diagnosis.rows[1].saturated is None


def test_saturation_is_a_slope_below_a_twentieth():
    z = np.linspace(-8, 8, 4001)
    for function, slope, steepest in [
        ("sigmoid", lambda a: a * (1 - a), 0.25),
        ("tanh", lambda a: 1 - a * a, 1.0),
    ]:
        a = getattr(fn.functional, f"{function}_forward")(z)
        expected = slope(a) < steepest / 20
        assert (measuring.SATURATED[function](a) == expected).all()
        assert 0 < expected.sum() < len(z)


@pytest.mark.parametrize("loss, stuck", [("cross_entropy", False), ("squared_error", True)])
def test_probabilities_may_be_sure_where_the_loss_includes_them(loss, stuck):
    x, y = spread_out()
    net = fn.Sequential([L.Dense(2, "softmax")], input_shape=(8,))
    net.layers[0].weight *= 1000
    target = y if loss == "cross_entropy" else np.eye(2)[y]
    diagnosis = diagnose(net, x, target, loss)
    assert diagnosis.rows[0].saturated > 0.9
    assert ('loss="cross_entropy"' in " ".join(diagnosis.findings)) is stuck


@pytest.mark.parametrize("function", ["relu", "relu6", "hard_swish"])
def test_dead_units_are_counted(function):
    x, y = spread_out()
    net = fn.Sequential([L.Dense(16, function), L.Dense(2)], input_shape=(8,))
    net.layers[0].bias[:4] = -1000
    diagnosis = diagnose(net, x, y)
    assert diagnosis.rows[0].dead == 0.25
    assert "dead" in diagnosis.findings[-1]
    assert "25 % of Dense (layer 0)" in diagnosis.findings[-1]
    assert "dead" not in found(net, x[:4], y[:4])  # too few to tell
    # some live in the second batch alone
    net.layers[0].bias[4:], net.layers[0].weight[4:] = 0, 10.0
    halves = np.concatenate([-np.abs(x), np.abs(x)]).repeat(2, axis=0)
    assert diagnose(net, halves, np.arange(256) % 2).rows[0].dead == 0.25
    layers = [L.Conv2D(4, 1, activation=function), L.Flatten(), L.Dense(2)]
    images = fn.Sequential(layers, input_shape=(2, 4, 1))
    images.layers[0].bias[1] = -1000
    assert diagnose(images, x.reshape(-1, 2, 4, 1), y).rows[0].dead == 0.25


def test_inputs_that_are_not_scaled_are_named():
    x, y = spread_out()
    net = fn.Sequential([L.Dense(2)], input_shape=(8,))
    assert "Standardize" in found(net, 100 * x, y)
    assert "Standardize" in found(net, x / 100, y)
    scaled = fn.Sequential([L.Standardize(), L.Dense(2)], input_shape=(8,))
    assert "Standardize" not in found(scaled, 100 * x, y)
    net = two_inputs()
    (a, b), y = samples(net, 37)
    assert "of input 0 is" in found(net, [1000 * a, b], y, loss_of(net))


def test_a_loss_without_a_gradient_is_named():
    net = fn.Sequential([L.Dense(1, bias=False)], input_shape=(1,))
    assert "no gradient" in found(net, [[0.5]], [[0.5 * net.parameters[0]]], "squared_error")


@pytest.mark.parametrize("rate, words", [(100.0, "Updates are large"), (1e-12, "lost in rounding")])
def test_updates_that_are_too_large_or_small_are_named(rate, words):
    x, y = spread_out()
    net = fn.Sequential([L.Dense(16, "tanh"), L.Dense(2)], input_shape=(8,))
    assert words in found(net, x, y, optimizer=fn.optimizers.SGD(rate))
    assert words not in found(net, x, y, optimizer=fn.optimizers.SGD(0.01))


# --- NaN and infinities -------------------------------------------------------------------------


def three(**how):
    layers = [L.Dense(4, "relu", name="first"), L.Dense(4, name="second"), L.Dense(2)]
    return fn.Sequential(layers, input_shape=(8,), **how)


def spoiled(what):
    """A network, its data and its loss, in which this is the first NaN or infinity."""
    net, (x, y), loss = three(), spread_out(), "cross_entropy"
    if what == "input":
        x[[5, 9], 3] = np.nan
    elif what == "weight":
        net.layers[1].weight[2, 1] = np.nan
    elif what == "output":
        net.layers[0].weight[...], x[7] = 1.0, 3e38
    elif what == "loss":  # exp 1000
        loss, y = fn.losses.poisson, np.ones((64, 2))
        net.layers[2].weight[...], net.layers[2].bias[...] = [[100.0] * 4, [0.0] * 4], 0.0
        net.layers[1].weight[...] = net.layers[0].weight[...] = 1.0
        x = np.where(np.arange(64)[:, None] == 11, 10.0, 0.0) * np.ones((64, 8))
    elif what == "penalties":
        net = three(dtype="float64")
        net.layers[0].regularizers = {"weight": fn.regularizers.L2(1.0)}
        net.layers[0].weight[...] *= 1e200
        net.layers[1].weight[...] *= 1e-200
    elif what == "slope":
        loss, y = fn.losses.SquaredError(reduction="sum"), np.full((64, 2), -3e38)
        net.layers[2].bias[...] = 3e38
    elif what == "gradient":  # 2 · 10³⁰ of the loss, and 10¹⁰ from here
        loss, y = "squared_error", np.full((64, 2), 1e30)
        net.layers[0].weight[...] *= 1e-10
        net.layers[1].weight[...] *= 1e10
        net.layers[2].weight[...] = 1.0
    return net, x, y, loss


UNSOUND = [
    ("input", "first: NaN in the input (2 numbers), sample 5"),
    ("weight", "first in Dense 'second': NaN in its weight"),
    ("output", "first in Dense 'first': infinity in its output (4 numbers), sample 7"),
    ("loss", "first: infinity in the loss, sample 11"),
    ("penalties", "first: infinity in the penalties"),
    ("slope", "first: infinity in the gradient of the loss (128 numbers), sample 0"),
    ("gradient", "first in Dense 'second': infinity in the gradient of its input"),
]


@pytest.mark.parametrize("what, text", UNSOUND)
def test_the_first_that_is_unsound(what, text):
    net, x, y, loss = spoiled(what)
    assert str(first_unsound(net, x, y, loss)).startswith(text)
    diagnosis = diagnose(net, x, y, loss)
    assert text in diagnosis.findings[0]
    assert "what usually helps" in diagnosis.findings[0]


def test_sound_steps_have_nothing_unsound():
    for make in NETWORKS:
        net = make()
        assert first_unsound(net, *samples(net, 20), loss_of(net)) is None


def test_what_training_leaves_out_is_not_looked_at():
    net = fn.Sequential([L.Dense(2), L.LogSoftmax()], input_shape=(1,))
    net.layers[0].weight[:, 0], net.layers[0].bias[...] = [3e38, -3e38], 0
    assert np.isinf(net.predict([[1.0]])).any()
    assert "LogSoftmax" not in str(first_unsound(net, [[1.0]], [0], "cross_entropy"))


def test_weights_of_samples_and_noise_are_those_of_the_step():
    net, (x, y) = classifier(), data()
    labels = np.unique(y, return_inverse=True)[1]
    assert first_unsound(net, x, labels, "cross_entropy", np.ones(len(x))) is None
    with pytest.raises(ValueError, match="finite and at least 0"):
        first_unsound(net, x, labels, "cross_entropy", np.full(len(x), -1.0))
    assert first_unsound(net, x[:0], labels[:0], "cross_entropy") is None


def test_several_inputs():
    net = two_inputs()
    (a, b), y = samples(net, 20)
    b[4, 0, 0, 0] = np.inf
    unsound = first_unsound(net, [a, b], y, loss_of(net))
    assert (unsound.what, unsound.sample) == ("the input", 4)
    checked = net.check([a, b])
    assert first_unsound(net, checked, y, loss_of(net)) == unsound


# --- the rest -----------------------------------------------------------------------------------


def test_it_prints_as_a_table():
    net, (x, y) = classifier(), data()
    diagnosis = diagnose(net, x, y)
    lines = str(diagnosis).splitlines()
    assert lines[0] == f"loss {diagnosis.loss:.6g} of 50 samples"
    assert lines[1].split()[:3] == ["layer", "output", "mean"]
    assert [line.split()[0] for line in lines[3:10]] == [
        row.layer.split()[0] for row in diagnosis.rows
    ]
    assert lines[11:] == [f"- {text}" for text in diagnosis.findings] or lines[11:] == [
        "Nothing stands out."
    ]
    page = diagnosis._repr_html_()
    assert page.count("<tr>") == len(diagnosis.rows) + 1
    assert "Conv2D &#x27;seen&#x27;" in page


def test_layers_are_called_by_their_name_or_their_place():
    net = three()
    assert [place_of(net, call) for call in range(3)] == [
        "Dense 'first'", "Dense 'second'", "Dense (layer 2)",
    ]  # fmt: skip


def test_errors():
    net, (x, y) = classifier(), data()
    with pytest.raises(ValueError, match="at least one sample"):
        diagnose(net, x[:0], y[:0])
    with pytest.raises(ValueError, match="diagnose: expected a y for every x"):
        diagnose(net, x, y[:3])
    with pytest.raises(ValueError, match="expected x of shape"):
        diagnose(net, x[..., :1], y)
    tanh = fn.Sequential([L.Dense(2, "tanh")], input_shape=(3,))
    with pytest.raises(ValueError, match="last activation is tanh"):
        diagnose(tanh, [[1.0, 2.0, 3.0]], [1])


def test_it_is_imported_when_it_is_used():
    assert fn.diagnose is diagnosing.diagnose
    assert {"diagnose", "verify"} <= set(dir(fn))
    with pytest.raises(AttributeError, match="no attribute 'diagnoze'"):
        fn.diagnoze  # noqa: B018
