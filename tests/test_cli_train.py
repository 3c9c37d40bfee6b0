"""`fastnn train` on data of one's own: what it chooses, what its folder holds, what it says."""

import csv
import json
import math
import pathlib
import re
import shlex
import sys
import tomllib

import numpy as np
import pytest

import fastnn as fn
from fastnn.cli import main

RUN = ["checkpoint.safetensors", "config.toml", "history.csv", "model.safetensors"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with data of several kinds."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 90)
    x = rng.normal(size=(90, 3)) + 3 * np.eye(3)[kinds]
    write_table("flowers.csv", "kind", x, [("iris", "rose", "tulip")[k] for k in kinds])
    write_table("prices.csv", "price", x, (1000 * x.sum(axis=1) + 50000).round(3).tolist())
    images = rng.integers(0, 256, (60, 12, 12, 1), dtype=np.uint8)
    np.save("pictures.npy", images)
    np.save("pictures_y.npy", rng.integers(0, 4, 60))
    return tmp_path


def write_table(path, target, x, y):
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["a", "b", "c", target])
        table.writerows(
            [*map(repr, map(float, row)), label] for row, label in zip(x, y, strict=True)
        )


def run(capsys, *arguments):
    """Run a command that succeeds; return what it printed."""
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


def fail(capsys, *arguments):
    """Run a command that does not; return its one line."""
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fastnn: ") and err.count("\n") == 1, err
    return err


def history(run):
    """The rows of a run's table of figures."""
    with open(f"{run}/history.csv", newline="") as file:
        return list(csv.DictReader(file))


def layers_of(folder):
    return [type(layer).__name__ for layer in fn.load(folder / "model.safetensors").layers]


# --- the folder of a run ---------------------------------------------------------------------


def test_a_run_leaves_model_checkpoint_history_and_config(folder, capsys):
    out = run(capsys, "train", "flowers.csv", "--epochs", 15, "--quiet")
    there = sorted(path.name for path in (folder / "runs/flowers").iterdir())
    assert [name for name in there if name in RUN] == RUN
    rows = history("runs/flowers")
    assert [int(row["epoch"]) for row in rows] == list(range(15))
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= rows[0].keys()
    lines = out.splitlines()
    assert lines[0].startswith("trained 15 epochs of 90 samples in ")
    assert lines[-1] == "saved runs/flowers"
    assert float(rows[-1]["val_accuracy"]) > 0.8
    assert fn.load("runs/flowers/model.safetensors").classes_.tolist() == ["iris", "rose", "tulip"]


def test_progress_goes_to_stderr_and_quiet_has_none(folder, capsys):
    assert main(["train", "flowers.csv", "--epochs", "2"]) == 0
    out, err = capsys.readouterr()
    assert "epoch 2/2" in err and "epoch" not in out.replace("epochs", "")
    assert main(["train", "flowers.csv", "--epochs", "2", "--quiet", "--out", "b"]) == 0
    assert capsys.readouterr().err == ""


def test_a_config_repeats_the_run_bit_for_bit(folder, capsys):
    options = ("--optimizer", "sgd:momentum=0.5", "--lr", 0.05, "--seed", 7, "--batch-size", 8)
    options += ("--schedule", "linear_warmup:5+cosine", "--early-stopping", 3, "--validation", 0.3)
    run(capsys, "train", "flowers.csv", "--epochs", 6, "--out", "first", "--json", *options)
    run(capsys, "train", "--config", "first/config.toml", "--out", "second", "--json")
    first, second = (fn.load(folder / name / "model.safetensors") for name in ("first", "second"))
    assert first.steps > 0
    np.testing.assert_array_equal(first.parameters, second.parameters)
    texts = [(folder / name / "config.toml").read_text() for name in ("first", "second")]
    assert texts[0] == texts[1]
    run(capsys, "train", "--config", "first/config.toml", "--seed", 0, "--out", "third", "--json")
    third = fn.load("third/model.safetensors")
    assert (third.parameters != first.parameters).any()


def test_gradients_accumulate_as_a_setting_of_the_run(folder, capsys):
    options = ("--epochs", 2, "--validation", 0, "--batch-size", 8, "--json")
    options += ("--gradient-accumulation-steps", 4)
    run(capsys, "train", "flowers.csv", "--out", "first", *options)
    assert "gradient_accumulation_steps = 4" in (folder / "first/config.toml").read_text()
    run(capsys, "train", "--config", "first/config.toml", "--out", "second", "--json")
    first, second = (fn.load(folder / name / "model.safetensors") for name in ("first", "second"))
    samples = len((folder / "flowers.csv").read_text().splitlines()) - 1
    assert first.steps == 2 * -(-samples // 32)
    np.testing.assert_array_equal(first.parameters, second.parameters)
    assert "16384" in fail(capsys, "train", "flowers.csv", "--gradient-accumulation-steps", "0")


def test_lbfgs_writes_no_checkpoint(folder, capsys):
    pytest.importorskip("scipy")
    options = ("--optimizer", "lbfgs", "--out", "r", "--quiet")
    run(capsys, "train", "flowers.csv", *options)
    assert not (folder / "r/checkpoint.safetensors").exists()
    assert "writes none" in fail(capsys, "train", "flowers.csv", *options, "--checkpoint-every", 5)
    assert "no checkpoint" in fail(capsys, "train", "--resume", "r")


def test_a_config_states_all_that_the_run_depends_on(folder, capsys):
    run(capsys, "train", "flowers.csv", "--epochs", 1, "--out", "r", "--quiet")
    config = tomllib.loads((folder / "r/config.toml").read_text())
    assert config["data"] == str(folder / "flowers.csv")
    assert (config["epochs"], config["batch_size"], config["seed"]) == (1, 32, 0)
    assert (config["optimizer"], config["validation"]) == ("adam", 0.2)
    assert config["features"] == ["a", "b", "c"]
    assert [layer["name"] for layer in config["layers"]] == ["Standardize", *["Dense"] * 3]


def test_a_run_is_replaced_only_by_force(folder, capsys):
    run(capsys, "train", "flowers.csv", "--epochs", 1, "--quiet")
    before = (folder / "runs/flowers/model.safetensors").read_bytes()
    assert "--force" in fail(capsys, "train", "flowers.csv", "--epochs", 2, "--quiet")
    assert (folder / "runs/flowers/model.safetensors").read_bytes() == before
    run(capsys, "train", "flowers.csv", "--epochs", 2, "--quiet", "--force")
    assert fn.load("runs/flowers/model.safetensors").epochs == 2


def test_a_run_that_failed_leaves_nothing_that_is_in_the_way(folder, capsys):
    assert "loss" in fail(
        capsys, "train", "prices.csv", "--optimizer", "sgd", "--lr", 1e30, "--quiet"
    )
    run(capsys, "train", "prices.csv", "--epochs", 1, "--quiet")


def test_resuming_makes_what_a_whole_run_makes(folder, capsys):
    options = ("flowers.csv", "--optimizer", "sgd:momentum=0.9", "--lr", 0.01, "--json")
    run(capsys, "train", *options, "--epochs", 6, "--out", "whole")
    run(capsys, "train", *options, "--epochs", 3, "--out", "parts")
    assert main(["train", "--resume", "parts", "--epochs", "6"]) == 0
    out, err = capsys.readouterr()
    assert "trained 6 epochs" in out
    assert "epoch 4/6" in err and "epoch 3/6" not in err
    whole, parts = (fn.load(folder / name / "model.safetensors") for name in ("whole", "parts"))
    np.testing.assert_array_equal(whole.parameters, parts.parameters)
    tables = [history(name) for name in ("whole", "parts")]
    for row, other in zip(*tables, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}
    configs = [(folder / name / "config.toml").read_text() for name in ("whole", "parts")]
    assert configs[0] == configs[1]


def test_other_data_are_not_resumed_on_and_told_of_when_a_run_is_repeated(folder, capsys):
    run(capsys, "train", "flowers.csv", "--epochs", 2, "--out", "r", "--quiet")
    text = (folder / "flowers.csv").read_text()
    (folder / "flowers.csv").write_text(text.replace("rose", "tulip", 1))
    assert "has changed since r" in fail(capsys, "train", "--resume", "r", "--epochs", 3)
    assert main(["train", "--config", "r/config.toml", "--out", "s", "--json"]) == 0
    assert "not those of the run that is repeated" in capsys.readouterr().err


def test_pictures_are_drawn_where_matplotlib_is(folder, capsys):
    pytest.importorskip("matplotlib")
    run(capsys, "train", "flowers.csv", "--epochs", 2, "--quiet")
    for name in ("history.png", "confusion.png"):
        assert (folder / "runs/flowers" / name).read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_one_line_says_how_to_get_it(folder, capsys, monkeypatch):
    find = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "matplotlib" else find(name)
    )
    assert main(["train", "flowers.csv", "--epochs", "1", "--json"]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "fastnn[plots]" in err
    assert not (folder / "runs/flowers/history.png").exists()


# --- what is chosen --------------------------------------------------------------------------


def test_classes_and_numbers_choose_loss_and_metrics(folder, capsys):
    flowers = json.loads(run(capsys, "train", "flowers.csv", "--epochs", 1, "--json"))
    assert flowers["validation"].keys() == {"loss", "accuracy"}
    prices = json.loads(run(capsys, "train", "prices.csv", "--epochs", 80, "--json"))
    assert prices["validation"].keys() == {"loss", "mae", "rmse", "r2"}
    assert prices["validation"]["r2"] > 0.9  # of prices of 50,000: the last layer scales
    assert fn.load("runs/prices/model.safetensors").loss == fn.losses.mean_squared_error


CHOSEN = [
    ("flowers.csv", (), ["Standardize", "Dense", "Dense", "Dense"]),
    (
        "pictures.npy",
        (),
        ["Rescale", "Conv2D", "Conv2D", "MaxPool2D", "Flatten", "Dense", "Dropout", "Dense"],
    ),
    ("pictures.npy", ("--model", "mlp"), ["Rescale", "Flatten", "Dense", "Dense", "Dense"]),
    (
        "pictures.npy",
        ("--model", "lenet"),
        ["Rescale", "Conv2D", "MaxPool2D", "Conv2D", "MaxPool2D", "Flatten", *["Dense"] * 3],
    ),
]


@pytest.mark.parametrize(("data", "options", "layers"), CHOSEN)
def test_samples_choose_the_network(folder, capsys, data, options, layers):
    run(capsys, "train", data, "--epochs", 1, "--quiet", "--out", "r", *options)
    assert layers_of(folder / "r") == layers


def test_large_images_of_28x28_get_lenet(folder, capsys):
    np.save("x.npy", np.zeros((8, 28, 28), np.uint8))
    np.save("y.npy", np.arange(8) % 2)
    run(capsys, "train", "x.npy", "--epochs", 1, "--quiet")
    names = layers_of(folder / "runs/x")
    assert names[:3] == ["Rescale", "Reshape", "Conv2D"] and names.count("MaxPool2D") == 2


def test_resnet_is_a_graph_whose_config_repeats_it(folder, capsys):
    how = ("--epochs", 1, "--quiet")
    run(capsys, "train", "pictures.npy", "--model", "resnet", "--out", "a", *how)
    run(capsys, "train", "--config", "a/config.toml", "--out", "b", "--quiet")
    nets = [fn.load(f"{name}/model.safetensors") for name in "ab"]
    assert layers_of(folder / "a").count("Add") == 9
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


LOSSES = [
    (np.arange(40) % 2, (), "cross_entropy", (2,)),
    (np.arange(40) * 7, (), "mean_squared_error", (1,)),
    (np.arange(40) % 3 * 10, (), "cross_entropy", (3,)),
    (np.arange(40) % 2 == 0, (), "cross_entropy", (2,)),
    (np.array([-1, *range(1, 25)] * 2), (), "mean_squared_error", (1,)),
    (np.array([*range(25)] * 2), (), "cross_entropy", (25,)),
    (np.arange(120).reshape(40, 3) % 2, (), "binary_cross_entropy", (3,)),
    (np.arange(80).reshape(40, 2) / 7, (), "mean_squared_error", (2,)),
    (np.arange(40) % 2, ("--loss", "binary_cross_entropy"), "binary_cross_entropy", (1,)),
    (np.arange(40) % 2, ("--loss", "huber"), "huber", (1,)),
]


@pytest.mark.parametrize(("y", "options", "loss", "outputs"), LOSSES)
def test_labels_choose_the_loss_and_the_outputs(folder, capsys, y, options, loss, outputs):
    np.save("x.npy", np.random.default_rng(0).normal(size=(len(y), 2)))
    np.save("y.npy", y)
    run(capsys, "train", "x.npy", "--epochs", 1, "--quiet", *options)
    net = fn.load("runs/x/model.safetensors")
    assert (net.loss.name, net.output_shape) == (loss, outputs)


def test_options_reach_the_training(folder, capsys):
    options = ("--validation", "flowers.csv", "--metrics", "accuracy,f1", "--checkpoint-every", 2)
    options += ("--batch-size", 20)
    report = json.loads(run(capsys, "train", "flowers.csv", "--epochs", 3, "--json", *options))
    assert report["validation"].keys() == {"loss", "accuracy", "f1"}
    assert report["samples"] == 90
    assert fn.load("runs/flowers/model.safetensors").steps == 3 * 5


def test_images_are_changed_by_seed(folder, capsys):
    how = ("--epochs", 1, "--quiet", "--augment", "flip", "--augment", "rotate:20")
    for name in "ab":
        run(capsys, "train", "pictures.npy", "--out", name, *how)
    run(capsys, "train", "pictures.npy", "--out", "c", "--epochs", 1, "--quiet")
    a, b, c = (fn.load(f"{name}/model.safetensors").parameters for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_early_stopping_reports_and_keeps_the_best_epoch(folder, capsys):
    out = run(
        capsys, "train", "flowers.csv", "--epochs", 500, "--lr", 0.05, "--early-stopping", 2,
        "--json",
    )  # fmt: skip
    report = json.loads(out)
    rows = history("runs/flowers")
    best = min(float(row["val_loss"]) for row in rows)
    assert "has not improved for 2 epochs" in report["stopped"]
    assert math.isclose(report["validation"]["loss"], best)
    assert report["epochs"] == len(rows) < 500


def test_digits_with_options_of_a_run_are_tested_on_their_test_part(folder, capsys):
    report = json.loads(run(capsys, "train", "digits", "--model", "mlp", "--epochs", 5, "--json"))
    assert report["run"] == "runs/digits"
    assert report["test"]["accuracy"] > 0.9
    assert "validation" not in report


# --- mistakes --------------------------------------------------------------------------------

MISTAKES = [
    (("nothing.csv",), "nothing.csv"),
    (("flowers.csv", "--target", "colour"), "colour"),
    (("flowers.csv", "--model", "mpl"), "did you mean 'mlp'"),
    (("flowers.csv", "--model", "lenet"), "images"),
    (("flowers.csv", "--model", "cnn"), "mlp"),
    (("flowers.csv", "--loss", "cross_entopy"), "cross_entropy"),
    (("flowers.csv", "--loss", "huber"), "text"),
    (("flowers.csv", "--optimizer", "adm"), "did you mean 'adam'"),
    (("flowers.csv", "--optimizer", "sgd:momentum=2"), "momentum"),
    (("flowers.csv", "--optimizer", "sgd:moment=0.9"), "moment"),
    (("flowers.csv", "--schedule", "cosin"), "did you mean 'cosine'"),
    (("flowers.csv", "--schedule", "step"), "every"),
    (("flowers.csv", "--augment", "flap"), "did you mean 'flip'"),
    (("flowers.csv", "--augment", "flip"), "images"),
    (("flowers.csv", "--lr", "-1"), "'-1'"),
    (("flowers.csv", "--metrics", "acuracy"), "accuracy"),
    (("flowers.csv", "--validation", "1.5"), "1.5"),
    (("flowers.csv", "--validation", "0.001"), "0.001"),
    (("flowers.csv", "--validation", "other.csv"), "other.csv"),
    (("flowers.csv", "--checkpoint-every", "soon"), "'soon'"),
    (("flowers.csv", "--output", "m"), "--out"),
    (("--config", "none.toml"), "none.toml"),
    (("--resume", "none"), "none/config.toml"),
    (("flowers.csv", "--resume", "none"), "data"),
    (("--epochs", "3"), "dataset"),
    (("pictures.npy", "--target", "a"), "target"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=lambda value: str(value)[:50])
def test_mistakes_are_one_line_that_says_how_to_mend_them(folder, capsys, arguments, said):
    assert said in fail(capsys, "train", *arguments, "--quiet")


CONFIGS = [
    ('data = "flowers.csv"\nepoch = 3\n', "line 2: no setting 'epoch'; did you mean 'epochs'"),
    ('data = "flowers.csv"\nepochs = "3"\n', "line 2: expected epochs as int, got '3'"),
    ("data = \n", "line 1"),
    ("epochs = 3\n", "dataset"),
]


@pytest.mark.parametrize(("text", "said"), CONFIGS)
def test_a_wrong_config_is_told_by_its_line(folder, capsys, text, said):
    (folder / "c.toml").write_text(text)
    assert said in fail(capsys, "train", "--config", "c.toml", "--quiet")


# --- the guide -------------------------------------------------------------------------------

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
GUIDE = README.partition("### From the command line\n")[2].partition("\n| command ")[0]


def test_the_guide_of_the_readme_runs(folder, capsys):
    (model,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    (folder / "net.toml").write_text(model)
    lines = [
        shlex.split(line)
        for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) > 8
    for program, *arguments in lines:
        assert program == "fastnn"
        assert main(arguments) == 0, (arguments, capsys.readouterr().err)
