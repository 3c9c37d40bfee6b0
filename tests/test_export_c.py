"""Networks exported as C give what `predict` gives; compiled a few times for all tests."""

import copy
import os
import subprocess
import threading

import numpy as np
import pytest

import fastnn as fn
import graphs
import networks
from exported import Library, compiled
from fastnn.export.emitters import EMITTERS
from fastnn.export.source import functions
from fastnn.layers import REGISTRY
from test_layers import CASES, IMAGE
from tolerances import EPSILON, TRAINING

L = fn.layers
DTYPES = ["float32", "float64"]

# --- every layer --------------------------------------------------------------------------------

MERGES = [  # layer, shapes of its inputs
    *[(kind, [IMAGE] * 3) for kind in (L.Add, L.Average, L.Maximum, L.Minimum, L.Multiply)],
    (L.Subtract, [IMAGE] * 2),
    (L.Concatenate, [(2, 3, 4), (2, 3, 1), (2, 3, 2)]),
    (lambda: L.Concatenate(1), [(2, 3, 4), (5, 3, 4)]),
    (lambda: L.Concatenate(-2), [(2, 3, 4), (2, 1, 4)]),
]
LAYERS = [
    *[(make, [shape]) for make, shape, *_ in CASES],
    *[(lambda name=name: L.Activation(name), [IMAGE]) for name in ("linear", "softmax", "elu")],
    *[(lambda name=name: L.Dense(6, name), [(5,)]) for name in ("relu", "sigmoid", "log_softmax")],
    (lambda: L.Dense(3, "gelu", mask=np.arange(12).reshape(3, 4) % 3 > 0), [(4,)]),
    (lambda: L.Conv2D(4, 3, padding=2, padding_mode="reflect", activation="tanh"), [IMAGE]),
    (L.Standardize, [IMAGE]),
    (lambda: L.Permute((3, 1, 0, 2)), [(2, 3, 4, 5)]),
    (lambda: L.UpSample3D(2, mode="linear"), [(2, 1, 3, 2)]),
    (lambda: L.UpSample3D((2, 3, 1), mode="linear"), [(2, 2, 3, 2)]),
    *[
        (lambda kind=kind: kind((2, 1, 3), stride=(1, 2, 1), padding="same"), [(4, 5, 6, 2)])
        for kind in (L.MaxPool3D, L.AveragePool3D, L.LpPool3D)
    ],
    (lambda: L.AdaptiveAveragePool3D((2, 3, 1)), [(3, 5, 4, 2)]),
    (lambda: L.Conv3D(4, (2, 1, 3), stride=(1, 2, 1), groups=2), [(4, 5, 6, 2)]),
    (lambda: L.ConvTranspose3D(4, (2, 1, 3), stride=(1, 2, 1), groups=2), [(3, 4, 2, 2)]),
    (lambda: L.Pad(((2, 1), (0, 3)), "edge"), [IMAGE]),
    *MERGES,
]
NAMES = [f"{i} {make()!r}" for i, (make, _) in enumerate(LAYERS)]


def everything(dtype):
    """All layers side by side: each has inputs and an output of its own.

    The last output, of all others, is listed first: so layers are called in the reverse order of
    their outputs, and one that wrote too far would spoil what is there already.
    """
    rng, inputs, outputs, learnt = np.random.default_rng(0), [], [], []
    for make, shapes in LAYERS:
        own, layer = [fn.Input(shape) for shape in shapes], make()
        if isinstance(layer, L.Standardize):
            learnt.append((layer, shapes[0][-1]))
        inputs += own
        outputs.append(layer(own if layer.merges else own[0]))
    together = L.Concatenate()([L.Flatten()(node) for node in reversed(outputs)])
    net = fn.Model(inputs, [together, *outputs], dtype=dtype)
    # numbers that float32 holds too
    net.parameters += rng.normal(0, 0.5, net.parameters.shape).astype(np.float32)
    net.parameters = net.parameters.astype(np.float32)
    for layer, features in learnt:
        layer.restore({"mean": rng.normal(5, 1, features), "spread": rng.random(features) + 1})
    for layer in net.layers:
        if isinstance(layer, L.BatchNorm):
            layer.running_mean[...] = rng.normal(0, 2, layer.running_mean.shape)
            layer.running_variance[...] = rng.random(layer.running_variance.shape) + 0.1
    return net


def samples(net, n=3, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 2, (n, *shape)).astype(np.float32) for shape in net.input_shapes]


@pytest.fixture(scope="module")
def nets():
    """Everything that is compiled once, by name."""
    found = {f"all_{dtype}": everything(dtype) for dtype in DTYPES}
    found["all_float32"].parameters = found["all_float64"].parameters
    for make in graphs.NETWORKS:
        for dtype in DTYPES:
            net = found[f"{make.__name__}_{dtype}"] = make(dtype=dtype)
            x, y = graphs.samples(net, 40)
            trainer = fn.Trainer(net, graphs.loss_of(net), fn.optimizers.SGD(1e-4))
            trainer.step(x, y)
    rows = {"lenet": networks.LENET, "series": networks.Network("series", *SERIES)}
    rows["noisy"] = networks.Network("noisy", (30,), [L.Dropout(0.5), L.Flatten(), L.Reshape(30)])
    for name, row in rows.items():
        for dtype in DTYPES:
            found[f"{name}_{dtype}"] = row.build(dtype)
    return found | deciding()


SERIES = (
    (40, 3),
    [
        L.Standardize(),
        L.Conv1D(8, 5, padding="same", padding_mode="circular", activation="gelu"),
        L.BatchNorm(),
        L.MaxPool1D(2),
        L.Conv1D(8, 3, stride=2, groups=2, activation="relu"),
        L.GlobalAveragePool1D(),
        L.Dropout(0.5),
    ],
)


@pytest.fixture(scope="module")
def library(nets, tmp_path_factory):
    return Library(nets, tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="module")
def results(nets, library):
    """What C makes of every layer's samples by dtype, and what double precision does."""
    x = samples(nets["all_float64"])
    found = {dtype: library.predict(f"all_{dtype}", x)[1:] for dtype in DTYPES}
    return found, nets["all_float64"].predict(x)[1:]


@pytest.mark.parametrize("index", range(len(LAYERS)), ids=NAMES)
def test_a_layer_in_double_is_that_of_predict(index, results):
    found, expected = results
    np.testing.assert_allclose(found["float64"][index], expected[index], rtol=1e-11, atol=1e-11)


ALONE = [i for i, (make, _) in enumerate(LAYERS) if make().activation is None]


@pytest.mark.parametrize("index", ALONE, ids=[NAMES[i] for i in ALONE])
def test_a_layer_in_float_is_the_exact_one_rounded_once(index, results):
    found, expected = results
    got, exact = found["float32"][index], expected[index]
    # half a unit in the last place; one more where an option is no float
    units = 1.5 if isinstance(LAYERS[index][0](), L.LeakyReLU) else 0.5
    allowed = units * np.spacing(np.abs(exact).astype(np.float32)) + 1e-11 * (1 + np.abs(exact))
    assert (np.abs(got - exact) <= allowed).all()


def test_every_layer_and_every_function_is_tried(nets):
    assert {type(layer) for layer in nets["all_float32"].layers} == set(REGISTRY.values())
    assert set(EMITTERS) == set(REGISTRY.values())
    from fastnn.export.c_file import text_of_c

    text = text_of_c(nets["all_float32"])
    for name in functions():
        if name not in ("main", "copy") and not name.startswith("classes"):
            assert f" {name}(" in text or f"struct {name} {{" in text, name


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, 1e15, -1e15, 88.8, -104.0, 6.0, -3.0]


def test_numbers_at_the_edge_are_those_of_predict(nets, library):
    """NaN and infinity come out where `predict` has them; all else is finite in both."""
    net, rng = nets["all_float32"], np.random.default_rng(2)
    x = samples(net, 24, seed=3)
    for array in x:
        flat = array.reshape(24, -1)
        for row in range(24):
            flat[row, rng.integers(flat.shape[1])] = SPECIAL[row % len(SPECIAL)]
    with np.errstate(all="ignore"):
        expected = net.predict(x)[1:]
    found = library.predict("all_float32", x)[1:]
    for (make, _), got, wanted in zip(LAYERS, found, expected, strict=True):
        layer = make()
        if getattr(layer, "algorithm", None) == "winograd":  # takes differences of inputs
            continue
        for what in (np.isnan, np.isposinf, np.isneginf):
            wrong = what(got) != what(wanted)
            assert not wrong.any(), (layer, got[wrong], wanted[wrong])


# --- whole networks -------------------------------------------------------------------------------

WHOLE = [*(make.__name__ for make in graphs.NETWORKS), "lenet", "series", "noisy"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_network_is_that_of_predict(name, dtype, nets, library):
    net = nets[f"{name}_{dtype}"]
    x = samples(net, 5)
    x = x if len(x) > 1 else x[0]
    got, expected = library.predict(f"{name}_{dtype}", x), net.predict(x)
    if len(net.outputs) == 1:
        got, expected = [got], [expected]
    # as a step of training: some tens of operations
    scale = TRAINING * EPSILON[dtype] / EPSILON["float64"]
    for one, other in zip(got, expected, strict=True):
        assert np.abs(other).max() > 0
        assert np.abs(one - other).max() <= scale * np.abs(other).max()


def test_threads_with_work_of_their_own_do_not_meet(nets, library):
    import ctypes

    name, net = "lenet_float32", nets["lenet_float32"]
    x = samples(net, 40)[0]
    expected, y = library.predict(name, x), np.zeros((40, 10), np.float32)
    predict = library.function(name, "predict_with")
    needed = 2 * 28 * 28 * 6  # more than it could want

    def work(first):
        own = np.full(needed, np.nan, np.float32)
        for i in range(first, 40, 4):
            pointers = (x[i].ctypes.data, y[i].ctypes.data, own.ctypes.data)
            predict(*map(ctypes.c_void_p, pointers))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(y, expected)


# --- classes --------------------------------------------------------------------------------------

WORDS = ['quoted "a"', "back\\slash ??/", "Käse %d\n"]


def deciding():
    """Networks that tell classes apart, in every way."""
    found = {}
    for name, layers, shape, labels, loss in [
        ("words", [L.Dense(3)], (4,), WORDS, "cross_entropy"),
        ("softmax", [L.Dense(3), L.Softmax()], (4,), [3, 1, 2], "cross_entropy"),
        ("truth", [L.Dense(1)], (4,), [False, True], "binary_cross_entropy"),
        ("signs", [L.Dense(1, "sigmoid")], (4,), [-1, 1], "binary_cross_entropy"),
        ("hinge", [L.Dense(1)], (4,), ["no", "yes"], "hinge"),
        ("margins", [L.Dense(3)], (4,), WORDS, "multiclass_hinge"),
    ]:
        net = found[name] = fn.Sequential(layers, shape)
        x = np.random.default_rng(4).normal(size=(60, *shape))
        net.fit(x, np.resize(labels, 60), loss=loss, verbose=0)
    x = np.random.default_rng(5).normal(size=(20, 4, 4, 1))
    found["pixels"] = fn.Sequential([L.Conv2D(3, 2)], (4, 4, 1))
    found["pixels"].fit(x, np.resize([7, 8, 9], (20, 3, 3)), loss="cross_entropy", verbose=0)
    found["several"] = fn.Sequential([L.Dense(4)], (4,))
    found["several"].fit(
        x[:, 0, :, 0], np.eye(4)[np.arange(20) % 4], loss="binary_cross_entropy", verbose=0
    )
    found["untrained"] = fn.Sequential([L.Dense(4)], (4,))
    return found


@pytest.mark.parametrize("name", deciding())
def test_classes_are_those_of_predict_classes(name, nets, library):
    net = nets[name]
    x = samples(net, 50)[0]
    expected = net.predict_classes(x).reshape(50, -1)
    decisions = library.classes(name, library.predict(name, x))
    got, beyond = np.split(decisions, [expected.shape[1]], axis=1)
    assert (beyond == -1).all()
    assert len(np.unique(got)) > 1
    np.testing.assert_array_equal(got if net.classes_ is None else net.classes_[got], expected)


def test_the_first_of_equals_decides_and_a_nan_before_all(library):
    rows = [[2, 2, 1], [1, 2, 2], [0, np.nan, 3], [np.nan, 1, np.nan], [-np.inf, -1, -1]]
    assert library.classes("words", rows)[:, 0].tolist() == [0, 1, 1, 0, 1]
    assert library.classes("truth", [[0.0], [-0.0], [1e-30], [np.nan]])[:, 0].tolist() == [
        0,
        0,
        1,
        0,
    ]
    assert library.classes("signs", [[0.5], [0.5 + 2**-23]])[:, 0].tolist() == [0, 1]


def test_labels_are_those_of_the_network(nets, library):
    import ctypes

    for name in ("words", "truth", "signs", "pixels"):
        labels = list(map(str, nets[name].classes_.tolist()))
        table = (ctypes.c_char_p * len(labels)).in_dll(library.library, f"{name}_labels")
        assert [text.decode() for text in table] == labels


def test_networks_that_decide_nothing_have_no_classes(nets, library):
    for name in ("all_float32", "two_inputs_float32"):
        with pytest.raises(AttributeError):
            library.function(name, "classes")
    net = fn.Sequential([L.Dense(1)], (4,))
    net.fit(np.zeros((4, 4)), np.zeros(4), loss="mean_squared_error", verbose=0)
    from fastnn.export.c_file import text_of_c

    assert "model_classes(const" not in text_of_c(net)


# --- the program ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A network of words and its program."""
    folder = tmp_path_factory.mktemp("program")
    net = deciding()["softmax"]
    net.classes_ = np.array(["one", "two", "three"])
    net.export_c(folder / "net.c", name="net")
    return net, compiled([folder / "net.c"], folder / "net")


def run(program, *arguments, given=b""):
    done = subprocess.run([program[1], *arguments], input=given, capture_output=True)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_program_reads_text_and_writes_outputs(program):
    x = samples(program[0], 6)[0]
    text = "\n".join("\t ".join(map(repr, row)) for row in x.tolist())
    code, out, error = run(program, given=text.encode())
    got = np.array([line.split() for line in out.splitlines()], np.float32)
    assert (code, error) == (0, "")
    np.testing.assert_allclose(got, program[0].predict(x), rtol=1e-5)


def test_the_program_reads_raw_numbers_and_writes_labels(program):
    x = samples(program[0], 30)[0]
    code, out, error = run(program, "-b", "-c", given=x.tobytes())
    assert (code, error) == (0, "")
    assert out.split() == program[0].predict_classes(x).tolist()
    assert run(program, "-b", given=x.tobytes())[1].count("\n") == 30
    assert run(program) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        ([], b"1 2 3", "net: sample 0 ends after 3 of 4 numbers"),
        ([], b"1 2 3 4 5", "net: sample 1 ends after 1 of 4 numbers"),
        (["-b"], b"x" * 31, "net: sample 1 ends after 3 of 4 numbers"),
        (["-b"], b"x" * 18, "net: sample 1 ends after 0 of 4 numbers"),
        ([], b"1 2 3 4 1 two", "net: expected a number in sample 1, got 'two'"),
        ([], b"1 2 3 1,5", "net: expected a number in sample 0, got '1,5'"),
        ([], b"1" * 300 + b" 2 3 4", "net: expected a number in sample 0"),
        (["-x"], b"", "usage: "),
    ],
)
def test_the_program_says_what_is_wrong(arguments, given, message, program):
    code, _, error = run(program, *arguments, given=given)
    assert code == 2
    assert error.startswith(message)


# --- the file -------------------------------------------------------------------------------------


def test_weights_are_exact(tmp_path):
    rng = np.random.default_rng(6)
    for dtype, words in (("float32", np.uint32), ("float64", np.uint64)):
        net = fn.Sequential([L.Dense(500, bias=False)], (1,), dtype=dtype)
        bits = rng.integers(0, np.iinfo(words).max, 500, words)
        net.parameters[:] = bits.view(dtype)
        net.parameters[:4] = np.nan, np.inf, -np.inf, np.finfo(dtype).smallest_subnormal
        got = Library({f"bits_{dtype}": net}, tmp_path, f"-DOF_{dtype}").predict(
            f"bits_{dtype}", np.ones((1, 1))
        )
        np.testing.assert_array_equal(got[0], net.parameters)


def test_float_will_do_where_double_is_slow(nets, tmp_path):
    net = nets["lenet_float32"]
    x = samples(net, 3)[0]
    y = Library({"lenet": net}, tmp_path, "-DFASTNN_WIDE=float").predict("lenet", x)
    np.testing.assert_allclose(y, net.predict(x), rtol=1e-3, atol=1e-4)


def test_texts_of_users_stay_in_their_places(tmp_path):
    name = '*/ int broken; /* ??/ \\ "'
    net = fn.Sequential([L.Dense(2, name=name)], (2,))
    Library({"named": net}, tmp_path)


def test_an_export_leaves_the_network_as_it_was(nets, tmp_path):
    net = copy.deepcopy(nets["series_float32"])
    before, x = net.parameters.copy(), samples(net, 4)[0]
    y = net.predict(x)
    net.export_c(tmp_path / "net.c")
    np.testing.assert_array_equal(net.parameters, before)
    np.testing.assert_array_equal(net.predict(x), y)
    assert (tmp_path / "net.c").read_text().startswith("/* model: a network of 9 layers")


def test_what_cannot_be_exported_is_said(tmp_path):
    class Twice(L.Dense):
        pass

    net, path = fn.Sequential([L.Dense(2)], (2,)), tmp_path / "net.c"
    for name in ("", "2nd", "a-b", "a b", "_a", "ä", "a\n", "int main"):
        with pytest.raises(ValueError, match="expected name to be a C identifier"):
            net.export_c(path, name=name)
    with pytest.raises(TypeError, match="expected name to be text, got 3"):
        net.export_c(path, name=3)
    with pytest.raises(ValueError, match="expected a built network"):
        fn.Sequential([L.Dense(2)]).export_c(path)
    with pytest.raises(ValueError, match="Twice is a Twice, and no layer of"):
        fn.Sequential([Twice(2)], (2,)).export_c(path)
    with pytest.raises(ValueError, match="Standardize knows no mean and spread yet"):
        fn.Sequential([L.Standardize()], (2,)).export_c(path)
    with pytest.raises(OSError, match="none"):
        net.export_c(tmp_path / "none" / "net.c")
    assert not os.listdir(tmp_path)


def test_an_array_that_no_int_counts_is_refused():
    from fastnn.export.source import Source

    with pytest.raises(ValueError, match="an array of 2147483648 numbers; expected at most"):
        Source("float32").count(2**31)
