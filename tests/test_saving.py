"""Saved networks: what comes back, and what is refused."""

import copy
import json
import os
import pickle

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import fastnn as fn

L = fn.layers


def trained():
    layers = [L.Standardize(), L.Conv1D(2, 2, activation="tanh"), L.Flatten(), L.Dense(3)]
    net = fn.Sequential(layers, input_shape=(4, 2), seed=5)
    rng = np.random.default_rng(0)
    net.fit(rng.normal(3, 2, (30, 4, 2)), rng.choice(["ant", "bee", "cat"], 30), verbose=0)
    return net


LABELS = [["no", "yes"], [-1, 1], [1, 2], [0.0, 1.0], [False, True], [-(2**63), 2**63 - 1]]


@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_classes_come_back_as_they_were(labels, tmp_path):
    net = fn.Sequential([L.Dense(1)], input_shape=(1,))
    net.fit([[0.0], [1.0]] * 4, labels * 4, loss="binary_cross_entropy", verbose=0)
    net.save(tmp_path / "net")
    twin = fn.load(tmp_path / "net")
    assert twin.classes_.tolist() == net.classes_.tolist()
    assert twin.classes_.dtype == net.classes_.dtype
    assert twin.predict_classes([[0.5]]).tolist() == net.predict_classes([[0.5]]).tolist()


def test_a_loaded_network_is_the_saved_one(tmp_path):
    net, x = trained(), np.random.default_rng(1).normal(size=(20, 4, 2))
    net.save(tmp_path / "net.safetensors")
    twin = fn.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(twin.predict(x), net.predict(x))
    assert twin.predict_classes(x).tolist() == net.predict_classes(x).tolist()
    assert repr(twin) == repr(net)
    assert (twin.loss, twin.seed, twin.dtype, twin.epochs) == (net.loss, 5, net.dtype, 1)
    assert np.shares_memory(twin.layers[-1].weight, twin.parameters)
    y = net.predict_classes(x)
    assert twin.evaluate(x, y) == net.evaluate(x, y)
    for one in (net, twin):
        one.fit(x, y, optimizer=fn.optimizers.SGD(0.1), verbose=0)
    np.testing.assert_array_equal(twin.parameters, net.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_comes_back(dtype, tmp_path):
    layers = [
        L.Rescale(0.5, 1.0, name="scale"),
        L.Conv3D(2, (1, 2, 2), padding=((0, 0), (1, 0), (0, 1)), bias=False),
        L.MaxPool3D((1, 2, 2), padding=(0, 1, 0), ceil_mode=True),
        L.AveragePool3D((2, 1, 1), stride=1, count_include_pad=True),
        L.Activation("tanh"),
        L.Conv3D(2, 1, groups=2, weight_initializer=lambda shape, **key: np.ones(shape)),
        L.Flatten(),
        L.Dense(4, "relu", bias_initializer=0.1),
        L.Softmax(),
    ]
    net = fn.Sequential(layers, input_shape=(3, 6, 6, 2), dtype=dtype)
    net.save(tmp_path / "net")
    twin, x = fn.load(tmp_path / "net"), np.random.default_rng(0).normal(size=(3, 3, 6, 6, 2))
    np.testing.assert_array_equal(twin.predict(x), net.predict(x))
    assert twin.loss is twin.classes_ is None
    assert twin.layers[0].label == "scale"


@pytest.mark.parametrize("duplicate", ["saved", "pickled", "copied"])
def test_activations_come_back_with_their_options_and_slopes(duplicate, tmp_path):
    layers = [
        L.Conv2D(3, 2, activation="gelu"), L.LeakyReLU(0.3), L.PReLU(), L.ELU(-0.5), L.PReLU("all"),
        L.GELU("tanh"), L.Softplus(2.5), L.PReLU("none", slope_initializer="uniform"), L.SELU(),
        L.Flatten(), L.Dense(4, "hard_swish"), L.Mish(name="m"), L.SiLU(), L.ReLU6(), L.Softsign(),
        L.HardSigmoid(), L.HardSwish(), L.LogSoftmax(),
    ]  # fmt: skip
    net = fn.Sequential(layers, input_shape=(4, 5, 2))
    net.parameters += np.random.default_rng(1).normal(0, 0.1, net.parameters.shape)
    if duplicate == "saved":
        net.save(tmp_path / "net")
        twin = fn.load(tmp_path / "net")
    else:
        twin = pickle.loads(pickle.dumps(net)) if duplicate == "pickled" else copy.deepcopy(net)
    assert repr(twin) == repr(net)
    assert twin.layers[2].slope.shape == (3,) and twin.layers[7].slope.shape == (3, 4, 3)
    x = np.random.default_rng(0).normal(size=(19, 4, 5, 2))
    for each in (net, twin):
        fn.Trainer(each, "cross_entropy").step(x, np.arange(19) % 4)
    np.testing.assert_array_equal(twin.parameters, net.parameters)
    np.testing.assert_array_equal(twin.predict(x), net.predict(x))


def test_a_network_without_parameters_comes_back(tmp_path):
    fn.Sequential([L.Flatten()], input_shape=(2, 2)).save(tmp_path / "net")
    assert fn.load(tmp_path / "net").predict(np.ones((1, 2, 2))).tolist() == [[1, 1, 1, 1]]


def test_other_programs_can_read_the_arrays(tmp_path):
    net = trained()
    net.save(tmp_path / "net.safetensors")
    tensors = load_file(tmp_path / "net.safetensors")
    assert sorted(tensors) == ["0.mean", "0.spread", "1.bias", "1.weight", "3.bias", "3.weight"]
    np.testing.assert_array_equal(tensors["3.weight"], net.layers[3].weight)


def test_saving_replaces_a_file_as_a_whole(tmp_path, monkeypatch):
    path, net = tmp_path / "net", trained()
    path.write_bytes(b"before")

    def fail(*paths):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        net.save(path)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["net"]
    monkeypatch.undo()
    net.save(path)
    assert os.listdir(tmp_path) == ["net"]
    fn.load(path)


def test_the_file_before_can_be_kept(tmp_path, monkeypatch):
    path, net = tmp_path / "net", trained()
    net.save(path, keep_previous=True)
    assert os.listdir(tmp_path) == ["net"]
    first = path.read_bytes()
    net.parameters += 1
    net.save(path, keep_previous=True)
    assert sorted(os.listdir(tmp_path)) == ["net", "net.previous"]
    assert (tmp_path / "net.previous").read_bytes() == first
    second = path.read_bytes()
    assert second != first

    def fail(*paths):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", fail)
    net.parameters += 1
    net.save(path, keep_previous=True)
    assert (tmp_path / "net.previous").read_bytes() == second
    assert sorted(os.listdir(tmp_path)) == ["net", "net.previous"]


def test_there_is_a_whole_file_while_the_one_before_is_kept(tmp_path, monkeypatch):
    path, net, replace = tmp_path / "net", trained(), os.replace
    net.save(path)
    before = path.read_bytes()
    found = []

    def watch(*paths):
        found.append(path.read_bytes() == before)
        replace(*paths)

    monkeypatch.setattr(os, "replace", watch)
    net.save(path, keep_previous=True)
    assert found == [True, True]


def test_a_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    calls, synced, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append("sync"), synced(file)))
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append("replace"), replace(*paths)))
    trained().save(tmp_path / "net")
    assert calls == ["sync", "replace", "sync"]  # its content, its name, the folder


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "net")
    trained().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    fn.load(tmp_path / "net")


def test_only_built_networks_of_known_layers_are_saved(tmp_path):
    class Twice(L.Layer):
        def _forward(self, x, training):
            return x

    with pytest.raises(ValueError, match="expected a built network"):
        fn.Sequential([L.Dense(2)]).save(tmp_path / "net")
    with pytest.raises(ValueError, match="Twice is not one of Activation"):
        fn.Sequential([Twice()], input_shape=(2,)).save(tmp_path / "net")
    assert not os.listdir(tmp_path)


def change(**entries):
    def tamper(description, tensors):
        description.update(entries)

    return tamper


def layer(index, **entries):
    def tamper(description, tensors):
        description["layers"][index].update(entries)

    return tamper


def tensor(name, value):
    def tamper(description, tensors):
        tensors.pop(name, None)
        if value is not None:
            tensors[name] = np.asarray(value, np.float32)

    return tamper


def lacking(name):
    def tamper(description, tensors):
        del description[name]

    return tamper


MALFORMED = [  # what is changed in a good file, and what the message says
    (change(version=2), "expected version 1 of the format, got 2"),
    (change(layers=[]), "tensors of no layer: 0.mean"),
    (change(layers=7), "expected layers as a list, got 7"),
    (change(layers=[[]]), "expected a layer's settings by name"),
    (lacking("layers"), "it lacks 'layers'"),
    (lacking("input_shape"), "it lacks 'input_shape'"),
    (change(input_shape=[4]), "Conv1D: expected input"),
    (change(input_shape=[-4, 2]), "from 1 to"),
    (change(input_shape=[2**62, 2]), "from 1 to"),
    (change(dtype="int8"), "float32"),
    (change(dtype="os.system"), "float32"),
    (change(seed=-1), "seed"),
    (change(loss="cross_entrop"), "did you mean 'cross_entropy'"),
    (change(classes=["a"]), "expected 3 classes, got 1"),
    (change(classes_dtype="O"), "expected 3 classes"),
    (layer(3, layer="Denze"), "unknown layer 'Denze'"),
    (layer(3, layer="__import__"), "unknown layer"),
    (layer(3, units=10**15), "units must be from 1"),
    (layer(3, units=2**30), "expected weight of shape"),
    (layer(3, units="many"), "units must be an integer"),
    (layer(3, colour="red"), "unexpected keyword argument 'colour'"),
    (layer(1, size=[9]), "does not fit"),
    (layer(1, activation="tahn"), "did you mean 'tanh'"),
    (tensor("3.weight", None), "expected weight of shape .3, 6., got none"),
    (tensor("3.weight", np.zeros((3, 7))), r"expected weight of shape \(3, 6\), got \(3, 7\)"),
    (tensor("2.weight", np.zeros(3)), "Flatten: unexpected arrays weight"),
    (tensor("0.mean", np.zeros(3)), "Standardize: expected mean and spread of shape"),
    (tensor("0.mean", None), "Standardize: expected mean and spread"),
    (tensor("9.weight", np.zeros(3)), "tensors of no layer: 9.weight"),
]


@pytest.mark.parametrize(("tamper", "message"), MALFORMED, ids=[m for _, m in MALFORMED])
def test_malformed_files_are_refused(tamper, message, tmp_path):
    path = tmp_path / "net"
    trained().save(path)
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()["fastnn"])
    tensors = load_file(path)
    tamper(description, tensors)
    save_file(tensors, path, {"fastnn": json.dumps(description)})
    with pytest.raises(fn.ModelFileError, match=message) as caught:
        fn.load(path)
    assert str(caught.value).startswith(f"load: cannot read {path}: ")


NOT_NETWORKS = [  # content, message
    (b"", "not a whole safetensors file"),
    (b"hello, this is text", "not a whole safetensors file"),
    (b"\xff" * 64, "not a whole safetensors file"),
    (b"\x02\x00\x00\x00\x00\x00\x00\x00{}", "no fastnn network"),
]


@pytest.mark.parametrize(("content", "message"), NOT_NETWORKS)
def test_other_files_are_refused(content, message, tmp_path):
    (tmp_path / "net").write_bytes(content)
    with pytest.raises(fn.ModelFileError, match=message):
        fn.load(tmp_path / "net")


def test_a_cut_file_is_refused(tmp_path):
    trained().save(tmp_path / "net")
    content = (tmp_path / "net").read_bytes()
    for length in range(0, len(content), 97):
        (tmp_path / "net").write_bytes(content[:length])
        with pytest.raises(fn.ModelFileError, match="not a whole safetensors file"):
            fn.load(tmp_path / "net")


@pytest.mark.parametrize("metadata", [{"fastnn": "{"}, {"fastnn": "[]"}, {"fastnn": "null"}])
def test_broken_descriptions_are_refused(metadata, tmp_path):
    save_file({}, tmp_path / "net", metadata)
    with pytest.raises(fn.ModelFileError, match="cannot read"):
        fn.load(tmp_path / "net")


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="net"):
        fn.load(tmp_path / "net")
