"""Networks as files of TOML: what they make, and the line that is wrong; TOML as runs write it."""

import math
import tomllib

import numpy as np
import pytest

import fastnn as fn
from fastnn.cli import main, toml
from fastnn.cli.models import build
from fastnn.cli.presets import PRESETS, preset
from fastnn.cli.specs import make_changes, make_optimizer, parse
from fastnn.cli.tasks import Task

TASK = Task("cross_entropy", 3, "3 classes")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.normal(size=(30, 6, 6, 2)))
    np.save("y.npy", rng.integers(0, 3, 30))
    return tmp_path


GRAPH = """
[[layers]]
name = "Conv2D"
filters = 4
size = 3
padding = "same"
label = "start"

[[layers]]
name = "Activation"
function = "relu"

[[layers]]
name = "Conv2D"
filters = 4
size = 3
padding = "same"
weight_regularizer = {name = "l2", l2 = 0.01}
trainable = false

[[layers]]
name = "Add"
inputs = ["start", "input2"]

[[layers]]
name = "Flatten"

[[layers]]
name = "Dense"
units = "outputs"
"""


def test_a_file_of_layers_makes_the_network_and_its_shortcuts(folder):
    text = GRAPH.replace("trainable = false", 'trainable = false\nlabel = "input2"')
    (folder / "net.toml").write_text(text)
    assert main(["train", "x.npy", "--model", "net.toml", "--epochs", "1", "--quiet"]) == 0
    net = fn.load("runs/x/model.safetensors")
    assert isinstance(net, fn.Model)
    assert net.output_shape == (3,)
    assert net.layers[0].label == "start" and not net.layers[2].trainable
    assert net.layers[2].regularizers["weight"].l2 == 0.01
    x = fn.Input((6, 6, 2))
    L = fn.layers
    start = L.Conv2D(4, 3, padding="same")(x)
    branch = L.Conv2D(4, 3, padding="same")(L.Activation("relu")(start))
    twin = fn.Model(x, L.Dense(3)(L.Flatten()(L.Add()([start, branch]))))
    twin.parameters = net.parameters
    data = np.load("x.npy")
    np.testing.assert_array_equal(twin.predict(data), net.predict(data))


WRONG = [
    ('[[layers]]\nname = "Dens"\nunits = 3', "line 1: no layer 'Dens'; did you mean Dense"),
    (
        '[[layers]]\nname = "Flatten"\n\n[[layers]]\nname = "Dense"\nunit = 3',
        "line 4: Dense has no 'unit': did you mean 'units'",
    ),
    ('\n[[layers]]\nname = "Dense"\nunits = 0', "line 2: Dense"),
    ('[[layers]]\nname = "Dense"\nunits = "many"', "line 1: Dense"),
    ('[[layers]]\nname = "Dense"', "line 1: Dense"),
    ("[[layers]]\nunits = 3", "line 1: expected name"),
    ('[[layers]]\nname = "MaxPool2D"\nsize = 9', "line 1: MaxPool2D"),
    (
        '[[layers]]\nname = "Flatten"\n[[layers]]\nname = "Conv2D"\nfilters = 2\nsize = 3',
        "line 3: Conv2D",
    ),
    (
        '[[layers]]\nname = "Flatten"\ninputs = "start"',
        "line 1: Flatten reads 'start', which is no label above it: input",
    ),
    ('[[layers]]\nname = "Flatten"\ninputs = ["input", "input"]', "line 1: Flatten"),
    (
        '[[layers]]\nname = "ReLU6"\nlabel = "a"\n[[layers]]\nname = "SiLU"\nlabel = "a"',
        "line 4: a second layer called 'a'",
    ),
    ("[[layers]\n", "line 1"),
    ("layers = 3", "[[layers]]"),
    ('epochs = 3\n[[layers]]\nname = "Flatten"', "[[layers]] and nothing else"),
    ('[[layers]]\nname = "Flatten"\n[[layers]]\nname = "Dense"\nunits = 2', "found 3 classes"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=lambda value: value[-30:])
def test_a_mistake_in_a_file_is_told_by_its_line_and_layer(folder, capsys, text, said):
    (folder / "net.toml").write_text(text)
    assert main(["train", "x.npy", "--model", "net.toml", "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert said in err


SHAPES = {
    "mlp": [(4,), (200,), (8, 8), (5, 6, 7, 2)],
    "cnn": [(40, 3), (8, 8), (5, 5, 1), (33, 20, 3), (224, 224, 3), (9, 8, 10, 1)],
    "lenet": [(28, 28), (28, 28, 1), (12, 12, 3)],
    "resnet": [(8, 8, 1), (32, 32, 3), (33, 17, 3), (9, 9)],
}


@pytest.mark.parametrize(
    ("name", "shape"), [(name, shape) for name, shapes in SHAPES.items() for shape in shapes]
)
def test_networks_by_name_fit_samples_of_many_shapes(name, shape):
    tables = preset(name, np.zeros((2, *shape)), TASK)
    net = build(tables, [name] * len(tables), shape, TASK, seed=0)
    assert net.output_shape == (3,)
    assert net.parameters.size < 3e6


def test_all_networks_by_name_are_tested():
    assert SHAPES.keys() == PRESETS.keys()


def test_pixels_are_scaled_by_their_range():
    scales = [
        preset("cnn", np.full((3, 9, 9, 1), top, np.uint8), TASK)[0]["scale"]
        for top in (1, 16, 200, 255)
    ]
    assert scales == [1, 1 / 16, 1 / 255, 1 / 255]


# --- words -----------------------------------------------------------------------------------


def test_settings_behind_a_name_are_those_of_python():
    assert parse("sgd") == ("sgd", [], {})
    assert parse("One-Cycle:0.5,shape=linear") == ("one_cycle", [0.5], {"shape": "linear"})
    assert parse("a:(1, 2),b=[3, 4],c=true") == ("a", [(1, 2)], {"b": [3, 4], "c": True})


def test_optimizers_take_rates_and_schedules():
    optimizer = make_optimizer("sgd:momentum=0.5,nesterov=true", rate=0.25)
    assert (optimizer.momentum, optimizer.nesterov) == (0.5, True)
    assert float(optimizer.learning_rate) == 0.25
    schedule = make_optimizer("adam", 0.5, "linear_warmup:4,start=0.5+step:every=2").learning_rate
    assert [schedule(step) for step in (0, 4, 5, 6)] == pytest.approx(
        [0.25, 0.5, 0.5, 0.05], rel=0.3
    )
    usual = make_optimizer("adam", None, "constant").learning_rate
    assert usual(0) == fn.optimizers.Adam().learning_rate


def test_changes_of_images_by_name():
    names = [
        type(change).__name__ for change in make_changes(["flip", "rotate:10", "random-crop:2"])
    ]
    assert names == ["Flip", "Rotate", "RandomCrop"]


# --- TOML ------------------------------------------------------------------------------------

DOCUMENTS = [
    {"a": 1, "b": -2.5, "c": True, "d": "text", "e": [1, 2], "f": [], "g": 1e-30, "h": 1e22},
    {"a": 'quotes " and \\ and\nlines\t\x00\x1f\x7f', "käse": "größe 😀", "with space": "x.y"},
    {"layers": [{"name": "Dense", "units": 2, "more": {"a": [0.1, [1.0]], "b c": "d"}}, {"x": 1}]},
    {"big": 2**62, "small": -(2**63), "nested": [[1], [2, 3]], "infinite": math.inf},
    {},
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_written_is_read_back(document):
    assert tomllib.loads(toml.dumps(document)) == document


def test_arrays_are_lists_and_none_is_left_out():
    text = toml.dumps({"a": np.float32(0.5), "b": np.arange(3), "c": None, "d": [{"e": None}]})
    assert tomllib.loads(text) == {"a": 0.5, "b": [0, 1, 2], "d": [{}]}
    with pytest.raises(TypeError, match="object"):
        toml.dumps({"a": object()})
