"""Demos: what they say is so, their pictures are whole, and the command shows them."""

import functools
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fn
from fastnn import demos
from fastnn.cli import main
from fastnn.demos import _shared

NAMES = demos.names()
README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()


@functools.cache
def results_of(name):
    return demos.load(name).compute()


@functools.cache
def figure_of(name):
    return demos.load(name).draw(results_of(name))


def text_of(name):
    return " ".join(demos.load(name).describe(results_of(name)))


# --- what holds of every demo ------------------------------------------------------------------


def test_the_demos_of_training_are_there():
    training = {"perceptron-gates", "logistic-regression", "blobs", "saturation"}
    assert {*training, "vanishing-gradient", "exploding-gradient"} <= {*NAMES}
    assert not any(name.startswith("-") for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_text_has_ten_to_twenty_lines_that_fit_a_terminal(name):
    lines = demos.load(name).describe(results_of(name))
    assert 10 <= len(lines) <= 20
    assert sum(bool(line.strip()) for line in lines) >= 10
    for line in lines:
        assert isinstance(line, str) and len(line) < 80 and line == line.rstrip()
        assert "\n" not in line


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_of_the_docstring_is_a_title(name):
    module = demos.load(name)
    first = module.__doc__.splitlines()[0]
    assert first.endswith(".") and demos.title(module) == first[:-1]
    assert 10 < len(first) < 100


@pytest.mark.parametrize("name", NAMES)
def test_one_thread_says_the_same(name, one_thread):
    module = demos.load(name)
    assert module.describe(module.compute()) == module.describe(results_of(name))


def of_axes(figure):
    """The panels that have axes, but for bars of colours."""
    return [p for p in figure.axes if p.axison and p.get_label() != "<colorbar>"]


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_whole(name):
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("matplotlib.image")
    figure, file = figure_of(name), io.BytesIO()
    figure.savefig(file, dpi=150, format="png")
    file.seek(0)
    pixels = image.imread(file)
    assert 500 <= pixels.shape[0] <= 2000 and 600 <= pixels.shape[1] <= 2600
    assert pixels[..., :3].std() > 0.02  # something is drawn
    edges = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    assert all((edge == 1).all() for edge in edges)  # and nothing is cut off
    assert of_axes(figure)
    for panel in of_axes(figure):
        assert panel.get_title()
        assert panel.get_xlabel() and panel.get_ylabel()


@pytest.mark.parametrize("name", NAMES)
def test_titles_do_not_overlap(name):
    pytest.importorskip("matplotlib")
    figure = figure_of(name)
    figure.draw_without_rendering()
    boxes = [p.title.get_window_extent() for p in figure.axes if p.get_title()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_is_a_short_file_that_runs_by_itself(name):
    lines = pathlib.Path(demos.load(name).__file__).read_text().splitlines()
    assert len(lines) <= 200
    assert lines[-2:] == ['if __name__ == "__main__":', "    main(__name__)"]


def test_a_copy_of_a_demo_runs_as_it_is_on_any_terminal(tmp_path):
    shutil.copy(demos.load("blobs").__file__, tmp_path / "mine.py")
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    how = {"cwd": tmp_path, "env": env, "capture_output": True, "text": True, "timeout": 60}
    shown = subprocess.run([sys.executable, "mine.py"], **how)
    text = "\n".join(demos.load("blobs").describe(results_of("blobs")))
    assert shown.returncode == 0
    assert shown.stdout.startswith(text.encode("ascii", "backslashreplace").decode() + "\n")
    if (tmp_path / "mine.png").exists():
        assert (shown.stdout.splitlines()[-1], shown.stderr) == ("wrote mine.png", "")
    else:
        assert "fastnn[plots]" in shown.stderr


def test_the_readme_lists_all_demos():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", README, re.MULTILINE))
    assert rows == {name: demos.title(demos.load(name)) for name in NAMES}


def test_the_commands_of_the_readme_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^fastnn (demo .*)$", README, re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        assert main(command.split()) == 0
        assert len(capsys.readouterr().out.splitlines()) >= len(NAMES)


# --- what they claim ---------------------------------------------------------------------------


def test_gates_are_right_and_one_unit_makes_no_xor():
    results = results_of("perceptron-gates")
    outputs = {name: y.tolist() for name, y in results["outputs"].items()}
    assert outputs == {
        "NOT": [1, -1],
        "AND": [-1, -1, -1, 1],
        "OR": [-1, 1, 1, 1],
        "XOR": [-1, 1, 1, -1],
    }
    assert results["hidden"].tolist() == [[-1, 1], [1, 1], [1, 1], [1, -1]]  # or, not and
    assert results["most_right"] == {"AND": 4, "OR": 4, "XOR": 3}
    assert f"Of {41**3:,} choices" in text_of("perceptron-gates")


def test_logistic_regression_agrees_with_newtons_method():
    results = results_of("logistic-regression")
    assert results["loss"] == pytest.approx(results["newton_loss"], abs=1e-4)
    np.testing.assert_allclose(results["weights"], results["newton_weights"], atol=1e-3)
    x, y = np.column_stack([results["x"], np.ones(300)]), results["y"]
    p = 1 / (1 + np.exp(-(x @ results["newton_weights"])))
    assert np.abs(x.T @ (p - y)).max() < 1e-10  # it is the minimum
    assert 0.7 < np.mean((p > 0.5) == y) < 0.95  # and no line separates them


def test_logistic_regression_agrees_with_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    results = results_of("logistic-regression")
    x, y = results["x"], results["y"]
    model = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    assert results["loss"] == pytest.approx(metrics.log_loss(y, model.predict_proba(x)), abs=1e-4)
    np.testing.assert_allclose(results["weights"][:2], model.coef_[0], atol=1e-3)
    assert results["accuracy"] == model.score(x, y)


def test_blobs_are_told_apart_by_two_hidden_units_only():
    results = results_of("blobs")
    x, y = results["x"], results["y"]
    assert x.shape == (400, 2) and {*y.tolist()} == {0, 1}
    assert 0.35 < results["line"]["accuracy"] < 0.65
    assert results["line"]["loss"] == pytest.approx(np.log(2), abs=0.02)
    assert len(results["losses"]) == 10
    best = results["best"]
    assert results["losses"][best] == min(results["losses"])
    assert results["accuracies"][best] > 0.95 and results["blobs_right"][best] == 4
    # in the plane of the hidden units one line does it
    weight, bias = results["output"]
    assert np.mean((results["seen"] @ weight + bias > 0) == y) == results["accuracies"][best]
    hidden, hidden_bias = results["hidden"]
    np.testing.assert_allclose(results["seen"], np.tanh(x @ hidden.T + hidden_bias), atol=1e-12)


def test_starts_that_are_caught_have_one_blob_wrong():
    results = results_of("blobs")
    assert {*results["blobs_right"]} == {3, 4}
    for right, accuracy in zip(results["blobs_right"], results["accuracies"], strict=True):
        assert accuracy > 0.95 if right == 4 else 0.7 < accuracy < 0.8


def test_cross_entropy_escapes_at_once_and_the_squared_loss_crawls():
    results, text = results_of("saturation"), text_of("saturation")
    assert results["a"] == pytest.approx(0.0066928509, abs=1e-10)
    assert results["deltas"]["squared loss"] == pytest.approx(-0.0132071244, abs=1e-10)
    assert results["deltas"]["cross-entropy"] == pytest.approx(-0.9933071491, abs=1e-10)
    for number in ("0.0066928509", "-0.0132071244", "-0.9933071491"):
        assert number in text
    slow, fast = (np.array(path) for path in results["weights"].values())
    assert slow[0] == fast[0] == 5
    assert slow[10] > 4.5 and fast[10] < -1
    few, many = (int(np.flatnonzero(path < 0)[0]) for path in (fast, slow))
    assert few < 10 < 50 < many
    assert f"It takes {few} steps. The squared loss takes {many}" in text
    # the steps of plain descent: dℓ/dw is -δ at x = -1, and as much at x = 1
    a = 1 / (1 + np.exp(slow))
    np.testing.assert_allclose(np.diff(slow), (-2 * (1 - a) ** 2 * a)[:-1], rtol=1e-9)
    np.testing.assert_allclose(np.diff(fast), -(1 - 1 / (1 + np.exp(fast)))[:-1], rtol=1e-9)


def test_sigmoids_take_three_quarters_a_layer():
    results = results_of("vanishing-gradient")
    assert results["by_backward"] == pytest.approx(results["by_hand"], rel=1e-12)
    sigmoid, tanh, relu = (np.array(results["narrow"][f]) for f in ("sigmoid", "tanh", "relu"))
    assert len(sigmoid) == 12
    assert (sigmoid[:-1] <= sigmoid[1:] / 4).all()
    assert (tanh[:-1] < tanh[1:]).all() and tanh[0] > 2.0**-10 * tanh[-1]
    assert (relu == relu[-1]).all()


def test_wide_layers_of_sigmoids_learn_nothing_in_front():
    wide = results_of("vanishing-gradient")["wide"]
    assert {len(deltas) for deltas in wide.values()} == {20}
    assert wide["sigmoid"][0] < 1e-11 * wide["sigmoid"][-1]
    for function in ("tanh", "relu"):
        assert 0.1 < wide[function][0] / wide[function][-1] < 10
    assert "vanishes" in results_of("vanishing-gradient")["finding"]


def test_new_weights_are_as_the_text_says():
    layers = [fn.layers.Dense(64, name) for name in ("relu", "tanh", "sigmoid")]
    fn.Sequential(layers, input_shape=(64,), seed=0)
    for layer, variance in zip(layers, (2 / 64, 1 / 64, 1 / 64), strict=True):
        assert layer.weight.var() == pytest.approx(variance, rel=0.1)


def test_gradients_grow_by_the_gain_a_layer():
    results = results_of("exploding-gradient")
    assert results["chain"][0] / results["chain"][-1] == 8**8 == 16_777_216
    for gain, deltas in results["deltas"].items():
        assert (deltas[0] / deltas[-1]) ** (1 / 9) == pytest.approx(gain, rel=0.05)


def test_weights_too_large_end_in_a_loss_that_is_no_number():
    results, demo = results_of("exploding-gradient"), demos.load("exploding-gradient")
    losses, (x, y) = results["losses"], demo.data()
    assert not np.isfinite(results["loss"])
    assert results["step"] == len(losses["broken"]) < 10
    assert losses["broken"][-1] > 1e6 * losses["broken"][0]
    assert losses["healthy"][-1] < losses["healthy"][0] / 2
    assert losses["clipped"][0] == losses["broken"][0]
    assert losses["clipped"][-1] < losses["clipped"][0] / 10
    net = demo.network(1.25)
    trainer = fn.Trainer(net, "mean_squared_error", fn.optimizers.SGD(demo.RATE))
    assert [trainer.step(x, y) for _ in losses["broken"]] == losses["broken"]
    with np.errstate(all="ignore"):  # the layer that is named, by NumPy
        a, finite = x.astype(np.float32), []
        for layer in net.layers:
            a = np.maximum(a @ layer.weight.T + layer.bias, 0)
            finite.append(bool(np.isfinite(a).all()))
    named = f"first in Dense (layer {finite.index(False)}): infinity in its output"
    assert results["where"].startswith(named)
    assert results["where"][:40] in text_of("exploding-gradient")


# --- the command -------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    """As if there were two demos."""
    monkeypatch.setattr(demos, "names", lambda: ["perceptron-gates", "saturation"])


@pytest.fixture
def no_matplotlib(monkeypatch):
    find = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "matplotlib" else find(name)
    )


def test_a_demo_prints_its_title_its_text_and_where_its_picture_is(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new" / "folder"
    assert main(["demo", "perceptron_gates", "--out", str(folder)]) == 0
    out, err = capsys.readouterr()
    title, line, *text, wrote = out.splitlines()
    assert (title, line) == (demos.title(demos.load("perceptron-gates")), "-" * len(title))
    assert text == demos.load("perceptron-gates").describe(results_of("perceptron-gates"))
    assert (wrote, err) == (f"wrote {folder}/perceptron-gates.png", "")
    assert (folder / "perceptron-gates.png").read_bytes().startswith(b"\x89PNG")


def test_pictures_go_into_this_directory_by_default(tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "saturation"]) == 0
    assert capsys.readouterr().out.endswith("\nwrote saturation.png\n")
    assert [path.name for path in tmp_path.iterdir()] == ["saturation.png"]


def test_several_demos_are_shown_once_each_with_progress_on_stderr(few, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["demo", "saturation", "all", "saturation", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    wrote = re.findall(r"^wrote .*/([a-z-]+\.png)$", out, re.MULTILINE)
    assert wrote == ["saturation.png", "perceptron-gates.png"]
    assert {path.name for path in tmp_path.iterdir()} == {*wrote}
    assert "\n\n" + demos.title(demos.load("perceptron-gates")) in out
    assert err == "saturation (1/2) …\nperceptron-gates (2/2) …\n"


def test_the_list_has_a_line_a_demo(capsys):
    assert main(["demo", "--list"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == NAMES
    for name, line in zip(NAMES, out.splitlines(), strict=True):
        assert line.endswith("  " + demos.title(demos.load(name)))
    assert err.count("\n") == 1 and demos.__path__[0] in err


def test_json_holds_text_and_numbers(few, tmp_path, capsys):
    assert main(["demo", "all", "--json", "--quiet", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    first, second = json.loads(out)["demos"]
    assert "…" not in err
    assert (first["name"], second["name"]) == ("perceptron-gates", "saturation")
    assert first["results"]["outputs"]["XOR"] == [-1, 1, 1, -1]
    assert second["results"]["a"] == results_of("saturation")["a"]
    assert second["text"] == demos.load("saturation").describe(results_of("saturation"))
    assert main(["demo", "--list", "--json"]) == 0
    assert [demo["name"] for demo in json.loads(capsys.readouterr().out)["demos"]] == [
        "perceptron-gates",
        "saturation",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_all_numbers_go_into_json(name, tmp_path, capsys, no_matplotlib):
    assert main(["demo", name, "--json", "--out", str(tmp_path)]) == 0
    (demo,) = json.loads(capsys.readouterr().out)["demos"]
    assert demo["results"] and demo["picture"] is None


def test_without_matplotlib_one_line_says_how_to_get_the_picture(tmp_path, capsys, no_matplotlib):
    assert main(["demo", "saturation", "--out", str(tmp_path / "new")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[2:] == demos.load("saturation").describe(results_of("saturation"))
    assert err == "no picture: it needs pip install 'fastnn[plots]'\n"
    assert not (tmp_path / "new").exists()


def test_a_file_by_itself_says_so_too(capsys, no_matplotlib):
    demo = demos.load("saturation")
    _shared.main(demo.__name__)
    out, err = capsys.readouterr()
    assert out.splitlines() == demo.describe(results_of("saturation"))
    assert err == "no picture: it needs pip install 'fastnn[plots]'\n"


MISTAKES = [
    (["blob"], "unknown demo 'blob': did you mean 'blobs'? Known are blobs"),
    (["saturation", "al"], "unknown demo 'al': did you mean 'all'?"),
    (["nothing-like-it"], "unknown demo 'nothing-like-it': Known are"),
    ([""], "unknown demo ''"),
    (["_shared"], "unknown demo '_shared'"),
    ([], "expected the name of a demo, or all"),
    (["blobs", "--list"], "leave out blobs"),
    (["saturation", "--out"], "--out"),
    (["saturation", "--out", "file"], "cannot write to file"),
    (["saturation", "--out", "taken"], "taken/saturation.png: it is not a regular file"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, said, tmp_path, capsys, monkeypatch):
    if "--out" in arguments:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "saturation.png").mkdir(parents=True)
    assert main(["demo", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("fastnn: ") and said in err


def test_a_name_is_needed_to_load():
    with pytest.raises(ValueError, match="no demo 'blob'; known are"):
        demos.load("blob")


def test_help_does_not_wait_for_numpy():
    code = (
        "import sys; from fastnn.cli import main\n"
        "try: main(['demo', '--help'])\n"
        "except SystemExit: pass\n"
        "assert 'numpy' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_numbers_do_not_need_matplotlib():
    code = (
        "import sys; from fastnn import demos\n"
        "for name in demos.names(): demos.load(name)\n"
        "assert 'matplotlib' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
