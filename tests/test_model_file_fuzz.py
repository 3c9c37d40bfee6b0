"""Files that are nearly right: `load` refuses them in one line, or makes a network that works."""

import json
import math
import os
import time
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import save

import fastnn as fn
from mutations import KINDS, Mutator

LINE = 700  # characters of a message and a path
SECONDS = 5.0  # for the slowest file, on a busy machine
SMALL = 10**5  # numbers in a network that predicts, too
FIRST, COUNT, PARTS = 0, 100, 6


@pytest.fixture(scope="module")
def mutator(tmp_path_factory):
    return Mutator(tmp_path_factory.mktemp("whole"), KINDS)


def outcome(path):
    """Load a file and let the network predict: None, or the message of what was refused."""
    try:
        net = fn.load(path)
    except fn.ModelFileError as error:
        text = str(error)
        assert text.startswith("load: ") and "\n" not in text and len(text) < LINE
        return text
    sizes = [math.prod(layer.output_shape) for layer in net.layers]
    sizes += map(math.prod, net.input_shapes)
    if sum(sizes) * max(1, len(net.calls)) < SMALL:
        x = [np.ones((2, *shape), np.float32) for shape in net.input_shapes]
        learnt = all(layer.mean is not None for layer in net.learns)
        if learnt:
            net.predict(x if len(x) > 1 else x[0])
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_a_wrong_file_is_refused_or_a_network(part, mutator, tmp_path):
    path, refused = tmp_path / "net", 0
    for seed in range(FIRST + part * COUNT, FIRST + (part + 1) * COUNT):
        content = mutator.mutant(seed)
        path.write_bytes(content)
        started = time.process_time()
        refused += outcome(path) is not None
        assert time.process_time() - started < SECONDS, seed
    assert COUNT / 2 < refused < COUNT


# --- files that ask for too much ------------------------------------------------------------------


def described(tmp_path, tensors=None, **entries):
    """A file of a network of one layer, with other entries in its description."""
    fn.Sequential([fn.layers.Flatten()], (2,)).save(tmp_path / "net")
    from fastnn import model_file

    with model_file.read(tmp_path / "net") as file:
        description = file.description | entries
    (tmp_path / "net").write_bytes(save(tensors or {}, {"fastnn": json.dumps(description)}))
    return tmp_path / "net"


def dense(**settings):
    return {"layer": "Dense", "units": 2, **settings}


BIG = 2**31 - 1
GREEDY = [  # entries of a description, and what the message says
    ({"layers": [dense(units=10**12)]}, "units must be from 1 to"),
    ({"layers": [dense(units=BIG)], "input_shape": [BIG]}, "would hold 46116860"),
    ({"layers": [dense(units=BIG)], "input_shape": [2]}, "expected weight of shape"),
    ({"layers": [{"layer": "BatchNorm", "scale": False, "shift": False}], "input_shape": [BIG]},
     "expected running_mean and running_variance, got none"),
    ({"layers": [{"layer": "UpSample2D", "scale": 30_000}], "input_shape": [9, 9, 1]},
     "expected samples of at most 31 axes and 2147483647 numbers"),
    ({"input_shape": [BIG, BIG]}, "expected samples of at most"),
    (
        {
            "layers": [
                {
                    "layer": "Conv1D",
                    "filters": 1,
                    "size": 3,
                    "dilation": BIG,
                    "padding": "same",
                    "padding_mode": "edge",
                }
            ],
            "input_shape": [8, 2],
        },
        "Conv1D's padded input of shape",
    ),
    ({"input_shape": [1] * 100}, "expected at most 31 sizes of input_shape, got 100"),
    ({"layers": [{"layer": "Reshape", "shape": [1] * 50 + [2]}]}, "at most 31 axes"),
    ({"layers": [{"layer": "Flatten"}] * 20_000}, "expected at most 10000 layers, got 20000"),
    ({"layers": [dense(activation="x" * 10**6)]}, "unknown activation 'xxx"),
    ({"layers": [dense(name=["x"] * 10**5)]}, "expected name to be text"),
    ({"layers": [{"layer": "Dropout", "rate": math.nan}]}, "expected rate at least 0"),
    ({"layers": [{"layer": "Rescale", "scale": math.inf}]}, "expected scale to be finite"),
    ({"layers": [{"layer": "Flatten", "__class__": "x"}]}, "unexpected keyword argument"),
    ({"classes": ["a", "b"], "classes_dtype": "O"}, "expected 2 classes, got 2 of dtype object"),
    ({"classes": ["b", "a"], "classes_dtype": "<U1"}, "expected ascending classes"),
    ({"classes": [[1], [2]], "classes_dtype": "<i8"}, "expected labels that are all numbers"),
    ({"classes": ["a", 2], "classes_dtype": "<U1"}, "expected labels that are all text"),
    ({"classes": list(range(10**5)), "classes_dtype": "<i8"}, "at most 2 classes, got 100000"),
    ({"layers": [dense(name="two\nlines")]}, "two lines: expected weight of shape"),
    (
        {
            "calls": [[0, [0]], [0, [1]]],
            "input_shapes": [[2], [3]],
            "outputs": [2, 3],
        },
        "Flatten: called on samples of shapes",
    ),
    ({"epochs": -1}, "their number must be from 0"),
    ({"steps": 2**63}, "steps must be from 0"),
    ({"seed": "0"}, "seed must be an integer"),
    ({"loss": {"name": "joint", "losses": [{"name": "joint"}], "weights": [1]}}, "joint losses"),
    ({"calls": [[0, [7]]], "input_shapes": [[2]], "outputs": [1]}, "a value that it reads must"),
    ({"calls": [[0, [1]]], "input_shapes": [[2]], "outputs": [1]}, "a value that it reads must"),
    ({"calls": [[0, [0]]] * 2, "input_shapes": [[2]], "outputs": [1]}, r"nobody reads \[2\]"),
    ({"calls": [[0, [0, 0]]], "input_shapes": [[2]], "outputs": [1]}, "expected one value to read"),
    ({"calls": [[0, []]], "input_shapes": [[2]], "outputs": [1]}, "on no values"),
    ({"calls": [[0, [0]]], "input_shapes": [["2"]], "outputs": [1]}, "must be an integer"),
    ({"calls": [[0, [0]]], "input_shapes": [[2]], "outputs": [True]}, "must be an integer"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "message"), GREEDY, ids=[text for _, text in GREEDY])
def test_what_cannot_be_is_refused_before_it_costs_anything(entries, message, tmp_path):
    path = described(tmp_path, **entries)
    size = path.stat().st_size
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(fn.ModelFileError, match=message):
        fn.load(path)
    seconds, (_, most) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**22 + 64 * size
    assert seconds < SECONDS


def test_windows_by_the_million_are_not_looked_at_one_by_one(tmp_path):
    pool = {"layer": "MaxPool1D", "size": 3, "stride": 1, "dilation": 2, "padding": [[4, 4]]}
    path = described(tmp_path, layers=[pool], input_shape=[2**30, 1])
    started = time.process_time()
    assert fn.load(path).output_shape == (2**30 + 4, 1)
    assert time.process_time() - started < SECONDS


def test_weights_that_are_no_floats_are_refused(tmp_path):
    tensors = {"0.weight": np.ones((2, 2), np.int64), "0.bias": np.ones(2, np.float32)}
    with pytest.raises(fn.ModelFileError, match="Dense: expected weight of floats"):
        fn.load(described(tmp_path, tensors, layers=[dense()]))


def test_labels_of_great_length_take_what_they_need(tmp_path):
    path = described(tmp_path, classes=["a", "bcd"], classes_dtype="<U500000000")
    assert fn.load(path).classes_.dtype == "<U3"


def test_headers_that_are_longer_than_the_file_are_not_read(tmp_path):
    path = described(tmp_path)
    content = path.read_bytes()
    for length in (len(content) - 7, 2**31, 2**62, 2**64 - 1):
        path.write_bytes(length.to_bytes(8, "little") + content[8:])
        with pytest.raises(fn.ModelFileError, match=f"its header alone would take {length}"):
            fn.load(path)


def test_a_description_that_is_too_long_is_neither_read_nor_written(tmp_path, monkeypatch):
    path = described(tmp_path)
    monkeypatch.setattr("fastnn.model_file.LARGEST_DESCRIPTION", 100)
    with pytest.raises(fn.ModelFileError, match="characters; expected at most 100"):
        fn.load(path)
    with pytest.raises(ValueError, match="characters; expected at most 100"):
        fn.Sequential([fn.layers.Flatten()], (2,)).save(path)


def test_what_is_no_plain_file_is_the_systems_error_or_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        fn.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")  # which nobody writes to
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(fn.ModelFileError, match="is no plain file"):
            fn.load(path)


RELU, MANY = {"layer": "Activation", "function": "relu"}, 10_000
LARGE = [  # descriptions of networks that are as large as may be
    {"layers": [RELU] * MANY},
    {"layers": [{"layer": "Rescale", "scale": 1.0}] * MANY},
    {
        "layers": [RELU] * MANY,
        "input_shapes": [[2]],
        "calls": [[i, [0]] for i in range(MANY)],
        "outputs": list(range(1, MANY + 1)),
    },
    {
        "layers": [{"layer": "Rescale", "scale": 1.0}],
        "input_shapes": [[2]],
        "calls": [[0, [i]] for i in range(MANY)],
        "outputs": [MANY] * MANY,
    },
]


@pytest.mark.parametrize("index", range(len(LARGE)))
def test_the_largest_networks_are_read_in_time(index, tmp_path):
    path = described(tmp_path, **LARGE[index])
    started = time.process_time()
    assert len(fn.load(path).calls) == MANY
    assert time.process_time() - started < SECONDS


def test_more_values_than_may_be_are_neither_read_nor_written(tmp_path, monkeypatch):
    x = fn.Input((2,))
    net = fn.Model(x, fn.layers.Add()([x] * 9))
    net.save(tmp_path / "net")
    monkeypatch.setattr("fastnn.saving.MOST_READS", 8)
    with pytest.raises(fn.ModelFileError, match="expected calls that read at most 8 values"):
        fn.load(tmp_path / "net")
    with pytest.raises(ValueError, match="got 1 that read 9"):
        net.save(tmp_path / "net")
