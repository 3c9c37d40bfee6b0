"""fn.explain: the numbers of a hand calculation, and the formulas that give them."""

import copy
import itertools
import math
import pathlib
import pickle
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import ClassVar

import numpy as np
import pytest

import fastnn as fn
from fastnn.losses import LOSSES
from graphs import NETWORKS as GRAPHS
from graphs import loss_of, samples
from network_231 import ALPHA, BETA, ROWS
from networks import TABLE
from tolerances import DIFFERENCE, STEP, TRAINING

L, Sequential, explain = fn.layers, fn.Sequential, fn.explain
HALF = "half_squared_error"
README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()


def network_231(**how):
    """SPEC's, whose weights hold the bias as column 0."""
    net = Sequential([L.Dense(3, "tanh"), L.Dense(1)], input_shape=(2,), **how)
    net.layers[0].weight, net.layers[0].bias = ALPHA[:, 1:], ALPHA[:, 0]
    net.layers[1].weight, net.layers[1].bias = BETA[:, 1:], BETA[:, 0]
    return net


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x, z, output, loss, delta, last", ROWS)
def test_the_2_3_1_network_has_the_numbers_of_the_table(dtype, x, z, output, loss, delta, last):
    found = explain(network_231(dtype=dtype), x, 3, HALF)
    near = {"rtol": 0, "atol": 1e-9}
    assert found.input.tolist() == x
    assert found.z[0].tolist() == z
    np.testing.assert_allclose(found.a[0], np.tanh(z), **near)
    np.testing.assert_allclose(found.output, [output], **near)
    np.testing.assert_allclose([found.loss, found.data_loss], loss, **near)
    np.testing.assert_allclose(found.delta[0], delta, **near)
    np.testing.assert_allclose(found.dbias[0], delta, **near)
    np.testing.assert_allclose(found.dweight[0], np.outer(delta, x), **near)
    np.testing.assert_allclose(found.delta[1], [output - 3], **near)
    np.testing.assert_allclose([*found.dbias[1], *found.dweight[1][0]], last, **near)


# --- the numbers are those of training ----------------------------------------------------------

ALIKE = [
    row
    for row in TABLE
    if not any(isinstance(layer, L.BatchNorm | fn.layers.noise.Noise) for layer in row.patterns)
]


@pytest.mark.parametrize("row", ALIKE, ids=repr)
def test_gradients_are_those_of_the_program_that_trains(row):
    trainer = row.trainer("float64")
    x, y, _ = row.batch(2)
    loss = trainer.loss_and_gradients(x[:1], y[:1])
    found = explain(trainer.net, x[0], y[0], trainer.loss, limit=10**9)
    _same(trainer.net, found, loss)


@pytest.mark.parametrize("make", GRAPHS)
def test_gradients_of_graphs_are_those_of_the_program_that_trains(make):
    net = make(dtype="float64")
    x, y = samples(net, 1)
    if any(isinstance(layer, L.BatchNorm) for layer in net.layers):
        net = make()  # of which the sample's outputs can be compared, not its gradients
        found = explain(net, x, y, loss_of(net), limit=10**9)
        np.testing.assert_allclose(found.output, net.predict(x)[0], rtol=1e-4)
        return
    loss = fn.Trainer(net, loss_of(net)).loss_and_gradients(x, y)
    found = explain(net, x, y, loss_of(net), limit=10**9)
    _same(net, found, loss)


def _same(net, found, loss):
    np.testing.assert_allclose(found.loss, loss, rtol=TRAINING)
    largest = np.abs(net.gradients).max()
    np.testing.assert_allclose(found.gradients, net.gradients, rtol=0, atol=TRAINING * largest)
    shares = {layer: dict.fromkeys(layer.parameters, 0.0) for layer in net.layers}
    for call, numbers in zip(net.calls, found.layers, strict=True):
        for name, gradient in numbers.gradients.items():
            shares[net.layers[call.layer]][name] += gradient
    for layer, gradients in shares.items():
        for name, gradient in gradients.items():
            what = layer.gradients[name]
            np.testing.assert_allclose(gradient, what, rtol=0, atol=TRAINING * largest)


# --- small networks, whose formulas are written out ---------------------------------------------

SERIES, IMAGE = (5, 2), (3, 3, 1)
MASK = [[1, 0, 1], [0, 1, 1]]
ENDING = (L.Flatten(), L.Dense(2))


def learnt_standardize():
    layer = L.Standardize()
    layer.learn([[1.0, 5.0, 2.0], [3.0, 4.0, -1.0], [0.0, 1.0, 1.0]])
    return layer


SMALL = {
    "dense": ((3,), [L.Dense(2, "tanh")]),
    "dense without bias": ((3,), [L.Dense(2, bias=False)]),
    "dense with a mask": ((3,), [L.Dense(2, "sigmoid", mask=MASK)]),
    "convolution": (IMAGE, [L.Conv2D(1, 2, activation="tanh")]),
    "padded convolution": (IMAGE, [L.Conv2D(2, 2, padding="same")]),
    "stride": (SERIES, [L.Conv1D(3, 2, stride=2, bias=False)]),
    "dilation": (SERIES, [L.Conv1D(2, 2, dilation=2, padding=(1,))]),
    "groups": ((4, 4), [L.Conv1D(4, 2, groups=2)]),
    "reflected padding": ((4, 1), [L.Conv1D(2, 2, padding=1, padding_mode="reflect")]),
    "transposed convolution": ((3, 2), [L.ConvTranspose1D(2, 2, stride=2)]),
    "transposed groups": ((3, 4), [L.ConvTranspose1D(2, 2, groups=2, padding=1)]),
    "locally connected": (SERIES, [L.LocallyConnected1D(1, 2, activation="tanh")]),
    "max pooling": (SERIES, [L.MaxPool1D(2, stride=1)]),
    "padded max pooling": (IMAGE, [L.MaxPool2D(2, padding=1)]),
    "average pooling": (IMAGE, [L.AveragePool2D(2, stride=1)]),
    "average pooling, padded": (IMAGE, [L.AveragePool2D(2, padding=1)]),
    "average pooling, padding counts": (
        IMAGE,
        [L.AveragePool2D(2, padding=1, count_include_pad=True)],
    ),
    "global max pooling": (SERIES, [L.GlobalMaxPool1D()]),
    "global average pooling": (IMAGE, [L.GlobalAveragePool2D(keep_dims=True)]),
    "adaptive pooling": (SERIES, [L.AdaptiveAveragePool1D(3)]),
    "Rescale": ((3,), [L.Rescale(-0.5, 0.25), L.Dense(2), L.Rescale(2.0)]),
    "Standardize": ((3,), [learnt_standardize()]),
    "BatchNorm": ((3,), [L.BatchNorm()]),
    "BatchNorm of channels": (IMAGE, [L.Conv2D(2, 2), L.BatchNorm(shift=False)]),
    "BatchNorm without scale": ((3,), [L.BatchNorm(scale=False), L.Dense(3)]),
    "PReLU": (SERIES, [L.PReLU(), L.PReLU("none")]),
    "Dropout": ((3,), [L.Dropout(0.5), L.Dense(2), L.GaussianNoise(1.0)]),
}
WORDS = {  # whose formulas are said, not written with numbers
    "LayerNorm": ((3,), [L.LayerNorm()]),
    "GroupNorm": (SERIES, [L.GroupNorm(2, scale=False)]),
    "LpPool": (SERIES, [L.LpPool1D(2, p=3)]),
    "Permute": (SERIES, [L.Permute((1, 0))]),
    "UpSample": (SERIES, [L.UpSample1D(2, mode="linear")]),
    "Pad, Crop": (SERIES, [L.Pad(1, "circular"), L.Crop1D(2)]),
}


def built(shape, layers, ending=ENDING):
    """A network with random parameters and statistics, float64; and a sample."""
    rng = np.random.default_rng(len(layers) + 7 * len(shape))
    net = Sequential(copy.deepcopy([*layers, *ending]), shape, dtype="float64", seed=1)
    net.parameters = rng.normal(0, 1, net.parameters.shape).round(2)
    for layer in net.layers:
        if isinstance(layer, L.BatchNorm):
            layer.running_mean[...] = rng.normal(0, 1, layer.running_mean.shape)
            layer.running_variance[...] = rng.uniform(0.5, 2, layer.running_mean.shape)
    return net, rng.normal(0, 1, shape).round(2)


def sigma(z):
    return 1 / (1 + math.exp(-z))


def normal(z):
    return math.erfc(-z / math.sqrt(2)) / 2


NAMES = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "sign": np.sign,
    "max": lambda *values: max(values),
    "min": lambda *values: min(values),
    "σ": sigma,
    "Φ": normal,
    "abs": abs,
}


def worth(text):
    """What a formula with numbers makes."""
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = text.replace("·", "*").replace("²", "**2").replace("½", "0.5")
    return eval(text, {"__builtins__": {}}, NAMES)


def blocks(explanation):
    sections = itertools.chain(explanation.forward, explanation.backward)
    return [(section.title, block) for section in sections for block in section.blocks]


def check_formulas(found):
    """Every formula with numbers makes its number. Return the titles and symbols of all."""
    said = []
    for title, block in blocks(found):
        for name, text, value, _ in block.rows(found.notation):
            if not text:
                continue
            said.append((title, block.symbol))
            assert worth(text) == pytest.approx(float(value), rel=1e-9, abs=1e-12), (name, text)
    return set(said)


def differences(net, x, y, loss):
    """Central differences of the loss of a prediction: for the parameters, and for x."""

    def cost(x):
        outputs = net.run(net.enter(x[None]), loss.route(net), False, keep=False)
        return loss(outputs[0], loss.target(y[None], (1, *net.output_shape), net.dtype))[0]

    def slopes(array):
        found = np.empty(array.shape)
        for index in np.ndindex(*array.shape):
            before, costs = array[index], []
            for step in (STEP, -STEP):
                array[index] = before + step
                costs.append(cost(x))
            array[index] = before
            found[index] = (costs[0] - costs[1]) / (2 * STEP)
        return found

    x = x.copy()
    return slopes(net.parameters), slopes(x)


def check_differences(net, x, y, loss, found):
    gradients, dx = differences(net, x, np.asarray(y), fn.losses.get(loss))
    near = {"rtol": DIFFERENCE, "atol": DIFFERENCE}
    np.testing.assert_allclose(found.gradients, gradients, **near)
    np.testing.assert_allclose(found.layers[0].dx[0], dx, **near)


@pytest.mark.parametrize("case", SMALL | WORDS)
def test_a_layer_has_the_gradients_of_finite_differences_and_formulas_that_give_them(case):
    net, x = built(*(SMALL | WORDS)[case])
    found = explain(net, x, [0.5, -1.0], HALF, digits=17)
    check_differences(net, x, [0.5, -1.0], HALF, found)
    said = check_formulas(found)
    first = {symbol for title, symbol in said if title == found.forward[0].title}
    back = {symbol for title, symbol in said if title == found.backward[-1].title}
    assert bool(first & {"z", "a"}) == (case in SMALL and case != "Dropout")
    exact = {
        "global max pooling",
        "padded max pooling",
        "Dropout",
        *WORDS,
    }  # nothing is left to be multiplied or added
    way_back = {"∂x", "∂x padded", "δ"}
    assert bool(back & way_back) == (case not in exact)
    assert ("∂W" in back) == ("weight" in net.layers[0].parameters)


ACTIVATIONS = [
    *[L.Activation(name) for name in L.activation.ACTIVATIONS],
    L.LeakyReLU(0.25),
    L.ELU(0.5),
    L.GELU("tanh"),
    L.Softplus(2.0),
]


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=repr)
def test_an_activation_has_the_right_derivative_and_formula(layer):
    net, _ = built((4,), [layer])
    x = np.array([-3.5, -0.5, 0.75, 6.5])
    found = explain(net, x, [0.5, -1.0], HALF, digits=17)
    check_differences(net, x, [0.5, -1.0], HALF, found)
    assert ", z: the input\n" in str(found)
    symbols = {symbol for title, symbol in check_formulas(found)}
    assert {"a", "δ"} <= symbols or layer.function in ("linear", "gelu")
    np.testing.assert_array_equal(found.z[0], x)
    np.testing.assert_array_equal(found.delta[0], found.layers[0].dx[0])


def targets_of(loss):
    return {
        "cross_entropy": [1, [0.25, 0.5, 0.25], [0.5, 2.0, 0.0]],
        "focal": [1],
        "multiclass_hinge": [2],
        "kl_divergence": [[0.25, 0.0, 0.75], [1.0, 1.0, 0.5]],
        "binary_cross_entropy": [[0, 1, 1], [0.25, 0.5, 1]],
        "binary_focal": [[0, 1, 1]],
        "hinge": [[-1, 1, 1]],
        "perceptron": [[-1, 1, -1]],
        "poisson": [[0, 3, 1]],
    }.get(loss.name, [[0.5, -0.25, 7.0]])


LOSS_CASES = [
    (loss, target)
    for loss in [
        *LOSSES.values(),
        fn.losses.Huber(delta=0.25),
        fn.losses.Poisson(log_input=False),
        fn.losses.CrossEntropy(label_smoothing=0.1),
        fn.losses.CrossEntropy(reduction="sum", class_weight=(1.0, 3.0, 2.0)),
        fn.losses.CrossEntropy(ignore_label=1),
    ]
    for target in targets_of(loss)
    if loss.options.get("class_weight") is None or np.ndim(target) == 0
]


@pytest.mark.parametrize("loss, target", LOSS_CASES, ids=repr)
def test_a_loss_has_the_right_gradient_and_formula(loss, target):
    positive = "softplus" if loss.name == "poisson" and not loss.log_input else None
    net, x = built((4,), [L.Dense(3, positive)], ending=())
    found = explain(net, x, target, loss, digits=17)
    check_differences(net, x, target, loss, found)
    said = check_formulas(found)
    words = loss.name in ("focal", "binary_focal", "multiclass_hinge")
    words = (
        words or loss.options.get("class_weight") or loss.options.get("ignore_label") is not None
    )
    written = {symbol for title, symbol in said if title.startswith("loss")}
    assert ("ℓ" in written) != bool(words)
    plain = loss.name in ("hinge", "perceptron")  # 0, or the target
    assert bool(written & {"δ", "∂ŷ"}) != bool(words or plain)


@pytest.mark.parametrize("name, target", [("softmax", 1), ("log_softmax", 1), ("sigmoid", None)])
@pytest.mark.parametrize("alone", [False, True])
def test_an_activation_in_the_loss_leaves_its_delta_to_it(name, target, alone):
    loss = "cross_entropy" if target else "binary_cross_entropy"
    target = target or [0.0, 1.0, 0.25]
    layers = [L.Dense(3), L.Activation(name)] if alone else [L.Dense(3, name)]
    net, x = built((4,), layers, ending=())
    found = explain(net, x, target, loss, digits=17)
    check_formulas(found)
    check_differences(net, x, target, loss, found)
    row = np.eye(3)[1] if target == 1 else target
    y = np.exp(found.a[-1]) if name == "log_softmax" else found.a[-1]
    np.testing.assert_allclose(found.delta[-1], y - row, rtol=1e-12)
    np.testing.assert_array_equal(found.delta[-1], found.dbias[0])
    assert found.layers[-1].da is None
    np.testing.assert_array_equal(found.output, found.a[-1])


def test_penalties_are_named_beside_the_gradient_of_the_loss():
    rules = {"weight_regularizer": fn.regularizers.L1L2(0.5, 0.25), "bias_regularizer": "l2"}
    net, x = built((3,), [L.Dense(2, "tanh", **rules), L.Dense(2)], ending=())
    plain, _ = built((3,), [L.Dense(2, "tanh"), L.Dense(2)], ending=())
    loss = fn.Trainer(net, HALF).loss_and_gradients(x[None], [[1.0, 2.0]])
    found, without = (explain(each, x, [1.0, 2.0], HALF, digits=17) for each in (net, plain))
    weight, bias = net.layers[0].weight, net.layers[0].bias
    penalty = 0.5 * np.abs(weight).sum() + 0.25 * (weight**2).sum() + 0.01 * (bias**2).sum()
    assert found.penalty == pytest.approx(penalty, rel=1e-14)
    assert found.data_loss == without.loss == without.data_loss
    assert found.loss == pytest.approx(loss, rel=1e-14)
    own = found.layers[0].penalty_gradients
    np.testing.assert_allclose(own["weight"], 0.5 * np.sign(weight) + 0.5 * weight, rtol=1e-14)
    np.testing.assert_allclose(own["bias"], 0.02 * bias, rtol=1e-14)
    np.testing.assert_allclose(found.dweight[0], without.dweight[0] + own["weight"], rtol=1e-12)
    np.testing.assert_allclose(found.dweight[0], net.layers[0].gradients["weight"], rtol=1e-12)
    assert {"∂W", "∂Ω/∂W", "∂L/∂W", "∂Ω/∂b", "L"} <= {symbol for _, symbol in check_formulas(found)}
    data = next(b for title, b in blocks(found) if title == "Dense (layer 0)" and b.symbol == "∂W")
    np.testing.assert_array_equal(data.values, without.dweight[0])
    assert "∂Ω/∂W = 0.5·sign(W) + 0.5·W" in str(found)
    assert found.layers[1].penalty_gradients == {}


def test_a_frozen_layer_passes_its_gradient_on_and_has_none_of_its_own():
    net, x = built((3,), [L.Dense(2, "tanh", weight_regularizer="l2"), L.Dense(2)], ending=())
    free = explain(net, x, [1.0, 2.0], HALF)
    net.layers[1].trainable = net.layers[0].trainable = False
    found = explain(net, x, [1.0, 2.0], HALF)
    assert not found.gradients.any() and not any(map(np.any, found.dweight + found.dbias))
    np.testing.assert_array_equal(found.delta[0], free.delta[0])
    assert found.penalty == free.penalty > 0
    assert "∂W = 0, as the layer is frozen" in str(found)


# --- what is said, and of what ------------------------------------------------------------------


def line(text, start):
    """A line of the table with single spaces."""
    found = [" ".join(row.split()) for row in text.splitlines()]
    return next(row for row in found if row.startswith(start))


def test_the_table_has_every_formula_with_its_numbers():
    text = str(explain(network_231(), [1, 2], 3, HALF))
    for said in [
        "z1 = 1·1 + 2·2 + 0 = 5",
        "z2 = 1·1 + 0·2 + 2 = 3",
        "a3 = tanh(2) = 0.964028",
        "z1 = 1·0.999909 + 2·0.995055 + 2·0.964028 + 0 = 4.91807",
        "ℓ = ½·(4.91807 - 3)² = 1.8395",
        "∂ŷ1 = 4.91807 - 3 = 1.91807",
        "∂W[1,3] = 1.91807·0.964028 = 1.84908",
        "∂x2 = 2·1.91807 = 3.83615",
        "δ2 = 3.83615·(1 - 0.995055²) = 0.0378476",
        "∂W[2,2] = 0.0378476·2 = 0.0756952",
        "∂b3 = 0.271027",
    ]:
        assert said in [" ".join(row.split()) for row in text.splitlines()]
    for formula in ["z = W x + b", "δ = ∂a ∘ (1 - a²)", "∂W = δ xᵀ", "∂b = δ", "∂x = Wᵀ δ"]:
        assert f"\n  {formula}\n" in text
    assert text.index("\nforward\n") < text.index("loss: half") < text.index("\nbackward\n")
    backward = text[text.index("\nbackward\n") :]
    assert backward.index("Dense (layer 1)") < backward.index("\nDense (layer 0)\n")


def test_the_readme_shows_what_is_printed():
    shown = re.findall(r"^```text\n(Dense \(layer 0\).*?)\n```$", README, re.DOTALL | re.MULTILINE)
    text = str(explain(network_231(), [1, 2], 3, HALF))
    assert len(shown) == 2 and all(f"\n{part}\n" in text for part in shown)


def test_digits_are_those_asked_for():
    explanation = explain(network_231(), [1, 2], 3, HALF, digits=3)
    assert line(str(explanation), "a1") == "a1 = tanh(5) = 1"
    assert line(str(explanation), "ℓ = ½·") == "ℓ = ½·(4.92 - 3)² = 1.84"
    assert explanation.digits == 3


def test_pooling_says_which_numbers_won():
    net = Sequential([L.MaxPool1D(2), L.Flatten()], (4, 1), dtype="float64")
    text = str(explain(net, [[1], [3], [2], [2]], [0.0, 1.0], HALF))
    assert line(text, "a[1,1]") == "a[1,1] = max(1, 3) = 3 x[2,1] won"
    assert line(text, "a[2,1]") == "a[2,1] = max(2, 2) = 2 x[3,1] won"
    assert line(text, "∂x[2,1]") == "∂x[2,1] = 3 won a[1,1]"
    assert line(text, "∂x[3,1]") == "∂x[3,1] = 1 won a[2,1]"
    assert line(text, "∂x[4,1]") == "∂x[4,1] = 0"


def test_a_convolution_spells_out_its_windows():
    net = Sequential([L.Conv1D(1, 2, padding=((1, 0),)), L.Flatten()], (3, 1))
    net.layers[0].weight, net.layers[0].bias = [[[2.0], [-1.0]]], [0.5]
    text = str(explain(net, [[1], [3], [4]], [0, 0, 1], HALF))
    assert line(text, "z[1,1]") == "z[1,1] = -1·1 + 0.5 = -0.5"  # the other is padding
    assert line(text, "z[2,1]") == "z[2,1] = 2·1 - 1·3 + 0.5 = -0.5"
    assert line(text, "z[3,1]") == "z[3,1] = 2·3 - 1·4 + 0.5 = 2.5"
    assert line(text, "∂W[1,1,1]") == "∂W[1,1,1] = -0.5·1 + 1.5·3 = 4"
    assert line(text, "∂b1") == "∂b1 = -0.5 - 0.5 + 1.5 = 0.5"
    assert line(text, "∂x[3,1]") == "∂x[3,1] = -1·1.5 = -1.5"


def test_large_arrays_are_shown_whole_and_not_number_by_number():
    net, x = built((3,), [L.Dense(40, "tanh")])
    text = str(explain(net, x, [0.5, 1.0], HALF))
    assert "z40" not in text and "z = W x + b" in text
    row = text[text.index("z = [") : text.index("]", text.index("z = ["))]
    assert len(re.findall(r"-?[\d.]+", row)) == 40
    assert max(map(len, text.splitlines())) <= 110
    assert re.search(r"<pre>\[\[[^]]*\],\n \[", explain(net, x, [0.5, 1.0], HALF)._repr_html_())


class Checker(HTMLParser):
    """Every tag is closed, in its order; the text is collected."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html_is_well_formed_and_escapes_what_users_name():
    layers = [L.Dense(2, "tanh", name="<b>&bold"), L.Dense(2, name="last<i>")]
    net = Sequential(layers, input_shape=(2,), seed=1)
    net.classes_ = np.array(["<script>", "good"])
    explanation = explain(net, [1, 2], "<script>")
    checker = Checker()
    checker.feed(explanation._repr_html_())
    checker.close()
    assert checker.open == []
    assert checker.tags <= {"p", "h4", "table", "tbody", "tr", "th", "td", "i", "pre"}
    for text in ("<b>&bold", "last<i>", "'<script>'", "∂W = δ xᵀ", "forward", "backward"):
        assert text in checker.text
    numbers = [row for _, block in blocks(explanation) for row in block.rows(explanation.notation)]
    assert len(numbers) > 20
    for name, text, value, _ in numbers:
        assert name in checker.text and text in checker.text and value in checker.text


def test_the_network_is_left_as_it_was():
    layers = [L.Dense(4, "relu"), L.BatchNorm(), L.Dropout(0.5), L.Dense(3, mask=np.eye(3, 4))]
    net = Sequential(layers, input_shape=(3,), seed=1)
    x, y = np.random.default_rng(0).normal(size=(20, 3)), ["a", "b", "c", "a"] * 5
    net.fit(x, y, optimizer="adam", epochs=2, verbose=0)
    y_before = net.forward(x)  # what backward needs is kept too
    dx = net.backward(np.ones_like(y_before)).copy()
    before, sample = copy.deepcopy(net), x[0].copy()
    optimizer = [state.copy() for state in net.optimizer.state]
    first = explain(net, sample, "b")
    assert str(explain(net, sample, "b")) == str(first)
    np.testing.assert_array_equal(sample, x[0])
    np.testing.assert_array_equal(net.parameters, before.parameters)
    np.testing.assert_array_equal(net.backward(np.ones_like(y_before)), dx)
    assert (net.steps, net.epochs, net.dtype, net.loss) == (before.steps, 2, "float32", before.loss)
    for layer, was in zip(net.layers, before.layers, strict=True):
        assert layer.dtype == "float32"
        for name, array in was.state().items():
            np.testing.assert_array_equal(layer.state()[name], array)
    for state, was in zip(net.optimizer.state, optimizer, strict=True):
        np.testing.assert_array_equal(state, was)
    gradients = net.gradients.copy()
    explain(net, sample, "c")
    np.testing.assert_array_equal(net.gradients, gradients)


def test_an_explanation_keeps_its_numbers_when_the_sample_changes():
    net, x = built((3,), [L.Rescale(2.0), L.Dense(2)], ending=())
    y = np.array([0.0, 1.0])
    found = explain(net, x, y, HALF)
    text, given = str(found), x.copy()
    x[...] = y[...] = 7
    assert str(found) == text
    np.testing.assert_array_equal(found.input, given)
    np.testing.assert_array_equal(found.layers[0].x[0], given)
    np.testing.assert_array_equal(found.target, [0, 1])
    assert str(copy.deepcopy(found)) == str(pickle.loads(pickle.dumps(found))) == text


def test_layers_do_what_they_do_in_prediction():
    net, x = built((3,), [L.BatchNorm(), L.Dropout(0.5), L.GaussianDropout(0.3)])
    found = explain(net, x, [0.0, 1.0], HALF)
    np.testing.assert_allclose(found.output, net.predict(x[None])[0], rtol=1e-12)
    assert "Dropout does nothing but in training" in str(found)
    assert "running mean and variance" in str(found)


def test_a_sample_and_its_target_come_with_and_without_a_batch_axis():
    net, x = built((3,), [L.Dense(3)], ending=())
    row = [0.0, 1.0, 0.0]
    ways = [(x, 1), (x[None], [1]), (list(x), np.int64(1)), (x, row), (x[None], [row])]
    texts = {str(explain(net, *way)).replace("the class of the label 1", "") for way in ways}
    assert len({text.replace("t, 1 for ", "t, the target") for text in texts}) == 1
    net, x = built((3,), [L.Dense(1)], ending=())
    assert len({str(explain(net, x, y, HALF)) for y in (2, 2.0, np.float32(2))}) == 1
    assert len({str(explain(net, x, y, HALF)) for y in (2, [2], [[2]], np.array(2))}) == 1


def test_labels_are_the_users_own():
    net, x = built((3,), [L.Dense(3)], ending=())
    net.classes_ = np.array(["cat", "dog", "owl"])
    found = explain(net, x, "dog")
    assert found.target == 1 and "the label 'dog'" in str(found)
    np.testing.assert_array_equal(found.gradients, explain(net, x, ["dog"]).gradients)
    net.classes_ = np.array([10, 20, 30])
    assert explain(net, x, 30).target == 2
    with pytest.raises(ValueError, match=r"explain: label 2 at index 0 is none of .*10, 20, 30"):
        explain(net, x, 2)


def test_labels_of_two_classes_are_the_users_own():
    net, x = built((3,), [L.Dense(1)], ending=())
    net.classes_ = np.array(["no", "yes"])
    found = explain(net, x, "yes", "binary_cross_entropy")
    assert found.target.tolist() == [1.0] and "the target of the label 'yes'" in str(found)
    assert explain(net, x, "no", "hinge").target.tolist() in ([-1.0], [0.0])


def test_the_loss_is_that_of_the_last_fit():
    net, x = built((3,), [L.Dense(1)], ending=())
    net.fit(x[None], [1.0], loss="huber", verbose=0)
    assert "huber" in str(explain(net, x, 1.0))


def test_an_explanation_of_several_inputs_and_outputs():
    left, right = fn.Input((2,)), fn.Input((2,))
    hidden = L.Dense(2, "tanh", name="hidden")(L.Add()([left, right]))
    net = fn.Model([left, right], [L.Dense(2)(hidden), L.Dense(1)(hidden)], dtype="float64")
    loss = fn.losses.Joint(["cross_entropy", "huber"], weights=[1.0, 0.5])
    found = explain(net, [[1, 2], [[3, -4]]], [1, 0.5], loss, digits=17)
    total = fn.Trainer(net, loss).loss_and_gradients([[[1, 2]], [[3, -4]]], [[1], [0.5]])
    assert found.loss == pytest.approx(total, rel=1e-14)
    np.testing.assert_allclose(found.gradients, net.gradients, rtol=1e-13)
    assert [x.tolist() for x in found.input] == [[1, 2], [3, -4]]
    assert [y.shape for y in found.output] == [(2,), (1,)]
    np.testing.assert_array_equal(found.layers[0].a, [4, -2])
    check_formulas(found)
    text = str(found)
    assert "∂a = ∂x of Dense (layer 2) + ∂x of Dense (layer 3)" in text
    assert "δ = ∂a = 0.5·∂ŷ of output 2" in text
    assert "Add, x: input 1 and input 2" in text


def test_a_layer_at_two_places_has_a_share_of_its_gradient_at_each():
    x, dense = fn.Input((2,)), L.Dense(2, "tanh", weight_regularizer="l2")
    net = fn.Model(x, dense(dense(x)), dtype="float64", seed=1)
    found = explain(net, [1, -2], [0.5, 1.0], HALF)
    loss = fn.Trainer(net, HALF).loss_and_gradients([[1, -2]], [[0.5, 1.0]])
    first, second = found.layers
    np.testing.assert_allclose(sum(found.dweight), dense.gradients["weight"], rtol=1e-13)
    np.testing.assert_array_equal(second.gradients["weight"], np.outer(second.delta, first.a))
    own = first.penalty_gradients["weight"]
    np.testing.assert_allclose(own, 0.02 * dense.weight, rtol=1e-14)
    np.testing.assert_allclose(first.gradients["weight"] - own, np.outer(first.delta, [1, -2]))
    assert second.penalty_gradients == {} and found.loss == pytest.approx(loss, rel=1e-14)
    assert str(found).count("at one of 2 places, whose ∂W and ∂b add up") == 2


class Doubled(L.Layer):
    """A user's own layer."""

    def _forward(self, x, training):
        self._saved = x
        return fn.packs.Packs(2 * x.data, x.n)


class Twice(Doubled):
    def _backward(self, dy, input_gradient):
        return fn.packs.Packs(2 * dy.data, dy.n)


class Shifted(L.Dense):
    """What has another forward pass than its base class has not its formula."""

    def _forward(self, x, training):
        y = super()._forward(x, training)
        return fn.packs.Packs(y.data + 1, y.n)


def test_a_layer_that_changes_a_pass_of_its_base_class_has_not_its_formula():
    net, x = built((3,), [Shifted(2)], ending=())
    found = explain(net, x, [0.0, 1.0], HALF, digits=17)
    check_differences(net, x, [0.0, 1.0], HALF, found)
    assert "z = Shifted(x)" in str(found) and "z = W x" not in str(found)
    check_formulas(found)


def test_layers_of_ones_own_are_explained_by_name_if_they_have_a_way_back():
    net, x = built((3,), [Twice(), L.Dense(2)], ending=())
    found = explain(net, x, [0.0, 1.0], HALF)
    np.testing.assert_array_equal(found.a[0], 2 * x)
    check_differences(net, x, [0.0, 1.0], HALF, found)
    assert "a = Twice(x)" in str(found)
    net, x = built((3,), [L.Dense(3), Doubled(), L.Dense(2)], ending=())
    with pytest.raises(ValueError, match="explain: Doubled has no way back"):
        explain(net, x, [0.0, 1.0], HALF)


@dataclass(frozen=True)
class Cubed(fn.losses.Loss):
    name: ClassVar[str] = "cubed"

    def __call__(self, outputs, target, sample_weight=None):
        packed = isinstance(outputs, fn.packs.Packs)
        y = outputs.unpack() if packed else outputs
        slope = 3 * (y - target) ** 2
        return float(((y - target) ** 3).sum()), outputs.like(
            slope, empty="zero"
        ) if packed else slope


def test_losses_of_ones_own_are_explained_by_name():
    net, x = built((3,), [L.Dense(2)], ending=())
    found = explain(net, x, [0.0, 1.0], Cubed())
    y = net.predict(x[None])[0]
    np.testing.assert_allclose(found.delta[0], 3 * (y - [0, 1]) ** 2, rtol=1e-12)
    assert "ℓ = cubed(ŷ, t)" in str(found)


NET = built((3,), [L.Dense(3)], ending=())[0]


@pytest.mark.parametrize(
    "error, message, call",
    [
        (ValueError, r"one sample, of shape \(3,\) or \(1, 3\), got \(4,\)", {"x": [1] * 4}),
        (ValueError, r"got \(2, 3\); of 2 samples take one: x\[0\]", {"x": np.ones((2, 3))}),
        (ValueError, r"a label or a target of shape .*got \(2,\)", {"y": [1, 2]}),
        (ValueError, r"expected labels 0 … 2, got 7", {"y": 7}),
        (ValueError, r"18 numbers \(12 parameters and 6 .*limit=10;", {"limit": 10}),
        (ValueError, r"digits must be from 1 to 17, got 0", {"digits": 0}),
        (TypeError, r"digits must be an integer, got 2.5", {"digits": 2.5}),
        (ValueError, r"limit must be from 1", {"limit": 0}),
        (TypeError, r"explain: expected a Sequential or a Model, got Dense", {"net": L.Dense(3)}),
        (ValueError, r"input shape is not known", {"net": Sequential([L.Dense(3)])}),
        (ValueError, r"loss", {"loss": "no such loss"}),
        (ValueError, r"mean and spread are not known", {"net": built((3,), [L.Standardize()])[0]}),
    ],
)
def test_what_cannot_be_explained_is_one_clear_error(error, message, call):
    arguments = {"net": NET, "x": [1.0, 2.0, 3.0], "y": 1} | call
    with pytest.raises(error, match=message):
        explain(**arguments)


def test_as_many_numbers_as_the_limit_are_explained():
    assert explain(NET, [1, 2, 3], 1, limit=18).z[0].shape == (3,)
    with pytest.raises(ValueError, match="more than limit=17"):
        explain(NET, [1, 2, 3], 1, limit=17)
