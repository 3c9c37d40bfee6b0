"""`fastnn eval`, `predict`, `diagnose`, `verify`, `export`, `info`, `bench`, of a run's folder."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fn
from fastnn.cli import bench, main
from fastnn.packs import Packs

ROWS = [("setosa", 5.1, 1.4), ("virginica", 6.3, 5.6), ("setosa", 4.9, 1.3)] * 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with data, with and without labels, in several orders, and a run on them."""
    path = tmp_path_factory.mktemp("use")
    rng = np.random.default_rng(0)
    rows = [(name, a + rng.normal() / 9, b + rng.normal() / 9) for name, a, b in ROWS]
    tables = {
        "iris.csv": (["sepal", "petal", "class"], [(a, b, name) for name, a, b in rows]),
        "mixed.csv": (["class", "petal", "sepal"], [(name, b, a) for name, a, b in rows]),
        "new.csv": (["sepal", "petal"], [(a, b) for _, a, b in rows]),
        "less.csv": (["sepal", "class"], [(a, name) for name, a, _ in rows]),
    }
    for name, (head, body) in tables.items():
        with open(path / name, "w", newline="") as file:
            csv.writer(file).writerows([head, *body])
    np.save(path / "new.npy", [row[1:] for row in rows])
    before = os.getcwd()
    os.chdir(path)
    try:
        code = main(["train", "iris.csv", "--epochs", "40", "--quiet", "--validation", "0"])
    finally:
        os.chdir(before)
    assert code == 0
    return path, [row[0] for row in rows]


@pytest.fixture
def folder(trained, monkeypatch):
    monkeypatch.chdir(trained[0])
    return trained[0]


def run(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == code
    return capsys.readouterr().out


@pytest.mark.parametrize("model", ["runs/iris", "runs/iris/model.safetensors"])
@pytest.mark.parametrize("data", ["iris.csv", "mixed.csv", "new.csv", "new.npy"])
def test_predict_finds_the_columns_that_the_run_was_trained_on(
    folder, trained, capsys, model, data
):
    assert run(capsys, "predict", model, data).split() == trained[1]
    proba = [run(capsys, "predict", model, name, "--proba") for name in (data, "iris.csv")]
    assert proba[0] == proba[1]


def test_predict_without_a_config_counts_columns(folder, trained, capsys, tmp_path):
    fn.load("runs/iris/model.safetensors").save(tmp_path / "alone")
    for data in ("iris.csv", "new.csv"):
        assert run(capsys, "predict", tmp_path / "alone", data).split() == trained[1]


def test_predict_writes_csv_and_npy_and_json(folder, trained, capsys, tmp_path):
    assert run(capsys, "predict", "runs/iris", "new.csv", "--out", tmp_path / "y.csv") == ""
    assert (tmp_path / "y.csv").read_text().splitlines() == ["prediction", *trained[1]]
    how = ("predict", "runs/iris", "new.csv", "--proba")
    run(capsys, *how, "--out", tmp_path / "p.npy")
    run(capsys, *how, "--out", tmp_path / "p.csv")
    rows = [line.split(",") for line in (tmp_path / "p.csv").read_text().splitlines()]
    assert rows[0] == ["setosa", "virginica"]
    proba = np.load(tmp_path / "p.npy")
    np.testing.assert_allclose(np.array(rows[1:], float), proba, rtol=1e-6)
    assert json.loads(run(capsys, *how, "--json"))["predictions"] == proba.tolist()


def test_eval_prints_what_evaluate_returns_and_a_table(folder, trained, capsys):
    out = run(capsys, "eval", "runs/iris", "mixed.csv")
    assert out.startswith("36 samples: loss ") and "accuracy 100.00 %" in out
    assert "class  precision  recall  samples" in out
    net, data = fn.load("runs/iris/model.safetensors"), fn.data.load("iris.csv")
    expected = net.evaluate(data.x, data.y, metrics=["accuracy", "f1"])
    how = ("--metrics", "accuracy,f1", "--json")
    assert json.loads(run(capsys, "eval", "runs/iris", "iris.csv", *how)) == {
        "samples": 36, **expected
    }  # fmt: skip


def test_diagnose_prints_the_table_and_findings(folder, capsys):
    out = run(capsys, "diagnose", "runs/iris", "iris.csv")
    data, net = fn.data.load("iris.csv"), fn.load("runs/iris/model.safetensors")
    assert out == f"{fn.diagnose(net, data.x, data.y)}\n"
    document = json.loads(run(capsys, "diagnose", "runs/iris", "iris.csv", "--json"))
    assert len(document["rows"]) == 4 and document["samples"] == 36


@pytest.mark.parametrize("data", [(), ("iris.csv",)])
def test_verify_says_how_long_it_takes_and_what_it_found(folder, capsys, data):
    assert main(["verify", "runs/iris", *data, "--rows", "2"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("verify: 2 samples, about ")
    assert "All within tolerance, on 2 samples" in out
    document = json.loads(run(capsys, "verify", "runs/iris", *data, "--json", "--quiet"))
    assert document["ok"] is True


def test_verify_ends_in_1_if_something_is_wrong(folder, capsys, monkeypatch):
    monkeypatch.setattr(fn.functional, "dense_forward", wrong_dense)
    out = run(capsys, "verify", "runs/iris", "--quiet", code=1)
    assert "WRONG" in out


def wrong_dense(*arguments, right=fn.functional.dense_forward, **options):
    y = right(*arguments, **options)
    return Packs(y.data * 1.5, y.n) if isinstance(y, Packs) else y * y.dtype.type(1.5)


def test_export_writes_c_that_predicts_alike(folder, capsys, tmp_path):
    source = tmp_path / "iris.c"
    assert (
        run(capsys, "export", "runs/iris", "--c", source, "--name", "iris") == f"wrote {source}\n"
    )
    assert "void iris_predict(const float *x, float *y)" in source.read_text()


def test_info_as_json(folder, capsys):
    about = json.loads(run(capsys, "info", "runs/iris", "--json"))
    assert (about["classes"], about["inputs"]) == (["setosa", "virginica"], [[2]])
    assert [layer["layer"] for layer in about["layers"]] == ["Standardize", *["Dense"] * 3]
    assert json.loads(run(capsys, "info", "--json"))["lanes"] == 16


def test_bench_measures_peak_kernels_and_steps(monkeypatch, capsys):
    monkeypatch.setattr(bench, "BLOCK", 1e-4)
    monkeypatch.setattr(bench, "BLOCKS", 3)
    before = fn.get_num_threads()
    document = json.loads(run(capsys, "bench", "--json"))
    assert fn.get_num_threads() == before
    assert 0 < document["peak_gflops"] < 1000
    assert all(row["gflops"] > 0 for row in document["operations"])
    assert [row["name"].split()[0] for row in document["steps"]] == ["train", "predict"] * 3
    assert "of peak" in run(capsys, "bench")


MISTAKES = [
    (("eval", "runs/iris", "new.csv"), "no column of labels"),
    (("eval", "runs/iris", "new.npy"), "labels"),
    (("eval", "runs/iris", "less.csv"), "'petal'"),
    (("eval", "runs/iris", "iris.csv", "--metrics", "f2"), "f2"),
    (("eval", "runs", "iris.csv"), "model.safetensors"),
    (("predict", "runs/iris", "less.csv"), "'petal'"),
    (("predict", "runs/iris", "iris.csv", "--out", "no/y.csv"), "no/y.csv"),
    (("diagnose", "runs/iris", "gone.csv"), "gone.csv"),
    (("verify", "runs/iris", "new.npy"), "labels"),
    (("export", "runs/iris"), "--c"),
    (("export", "runs/iris", "--c", "no/m.c"), "no/m.c"),
    (("export", "runs/iris", "--c", "m.c", "--name", "3"), "3"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=lambda value: str(value)[:50])
def test_mistakes_are_one_line(folder, capsys, arguments, said):
    capsys.readouterr()
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("fastnn: ") and err.count("\n") == 1
    assert said in err


def test_help_imports_neither_numpy_nor_the_core():
    code = (
        "import sys; from fastnn.cli import main\n"
        "try: main(['train', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = [name for name in sys.modules if name.startswith(('numpy', 'fastnn.'))]\n"
        "print(sorted(heavy))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    loaded = result.stdout.splitlines()[-1]
    assert "numpy" not in loaded
    wanted = ["fastnn.cli", "fastnn.cli.command", "fastnn.cli.errors", "fastnn.cli.parser"]
    assert loaded == str(wanted)
