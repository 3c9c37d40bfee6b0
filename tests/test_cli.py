"""The command line, run as a user runs it: output, exit codes, and one line for every mistake."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fastnn.datasets import digits_split
from fastnn.digits import class_table

FASTNN = [sys.executable, "-m", "fastnn"]


def fastnn(*arguments, cwd):
    command = [*FASTNN, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A directory with a trained model, digits.safetensors, and what training printed."""
    path = tmp_path_factory.mktemp("cli")
    result = fastnn("train", "digits", "--epochs", 4, "--threads", 1, cwd=path)
    assert (result.returncode, result.stderr) == (0, "")
    return path, result.stdout


@pytest.fixture(scope="module")
def directory(trained):
    """The same directory, with data of all kinds beside the model."""
    path, _ = trained
    _, _, x, _ = digits_split()
    np.save(path / "digits.npy", x)
    np.save(path / "none.npy", x[:0])
    np.save(path / "no_channels.npy", x[..., 0])
    np.save(path / "wide.npy", np.zeros((2, 9, 8, 1)))
    np.save(path / "number.npy", np.float64(3))
    np.save(path / "nan.npy", np.full((2, 8, 8, 1), np.nan))
    np.save(path / "complex.npy", np.zeros((2, 8, 8, 1), complex))
    np.save(path / "text.npy", np.full((2, 8, 8, 1), "a"))
    np.save(path / "objects.npy", np.full((2, 8, 8, 1), None), allow_pickle=True)
    whole = (path / "digits.npy").read_bytes()
    (path / "cut.npy").write_bytes(whole[:1000])
    (path / "header.npy").write_bytes(whole.replace(b"(359, 8, 8, 1)", b"((((((((((((((", 1))
    (path / "huge.npy").write_bytes(whole.replace(b"(359, 8, 8, 1)", b"(99999999999,)", 1))
    (path / "empty").write_bytes(b"")
    (path / "garbage.safetensors").write_bytes(bytes(range(256)) * 8)
    model = (path / "digits.safetensors").read_bytes()
    (path / "cut.safetensors").write_bytes(model[: len(model) // 2])
    (path / "headless.safetensors").write_bytes(model[:100])
    return path


# --- what it prints --------------------------------------------------------------------------


def test_train_prints_a_plain_line_an_epoch(trained):
    _, output = trained
    lines = [line for line in output.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    for line in lines:
        assert all(word in line for word in ("loss", "accuracy", "samples/s"))
    assert "\x1b" not in output


def test_train_ends_with_accuracy_table_time_threads_and_path(trained):
    path, output = trained
    assert "trained 4 epochs of 1438 images in" in output
    assert "1 thread)" in output
    accuracy = next(line for line in output.splitlines() if line.startswith("test accuracy"))
    assert float(accuracy.split()[2].rstrip("%")) > 90
    heading = output.splitlines().index("class  precision  recall  samples")
    rows = output.splitlines()[heading + 1 : heading + 11]
    assert [int(row.split()[0]) for row in rows] == list(range(10))
    assert sum(int(row.split()[3]) for row in rows) == 359
    assert output.splitlines()[-1] == "saved digits.safetensors"
    assert (path / "digits.safetensors").stat().st_size > 4 * 71754


def test_quiet_training_prints_no_progress(tmp_path):
    result = fastnn("train", "digits", "--epochs", 1, "--quiet", "--output", "m", cwd=tmp_path)
    assert result.returncode == 0
    assert "epoch 1/1" not in result.stdout
    assert (tmp_path / "m").exists()


def test_one_seed_gives_one_model_on_any_number_of_threads(tmp_path):
    for threads in (1, 2, 3):
        arguments = ("--epochs", 1, "--seed", 7, "--threads", threads, "--output", threads)
        assert fastnn("train", "digits", *arguments, cwd=tmp_path).returncode == 0
    models = {(tmp_path / str(threads)).read_bytes() for threads in (1, 2, 3)}
    assert len(models) == 1


def test_predict_prints_one_label_a_line(directory):
    result = fastnn("predict", "digits.safetensors", "digits.npy", cwd=directory)
    assert (result.returncode, result.stderr) == (0, "")
    labels = np.array([int(line) for line in result.stdout.splitlines()])
    _, _, _, y = digits_split()
    assert labels.shape == y.shape
    assert np.mean(labels == y) > 0.9


def test_predict_proba_prints_probabilities(directory):
    result = fastnn("predict", "digits.safetensors", "digits.npy", "--proba", cwd=directory)
    rows = np.array([line.split() for line in result.stdout.splitlines()], dtype=float)
    assert rows.shape == (359, 10)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-4)


def test_predict_writes_what_it_would_print(directory):
    printed = fastnn("predict", "digits.safetensors", "digits.npy", cwd=directory).stdout
    arguments = ("predict", "digits.safetensors", "digits.npy", "--output", "labels")
    result = fastnn(*arguments, cwd=directory)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    labels = np.load(directory / "labels", allow_pickle=False)
    assert labels.tolist() == [int(line) for line in printed.splitlines()]


@pytest.mark.parametrize("option", [(), ("--proba",)])
def test_predict_prints_nothing_for_no_samples(directory, option):
    result = fastnn("predict", "digits.safetensors", "none.npy", *option, cwd=directory)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_info_says_what_runs(tmp_path):
    result = fastnn("info", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    for key in ("version", "isa", "lanes", "openmp", "threads"):
        assert f"{key}: " in result.stdout


def test_info_of_a_model_is_its_summary(directory):
    result = fastnn("info", "digits.safetensors", cwd=directory)
    assert (result.returncode, result.stderr) == (0, "")
    assert all(name in result.stdout for name in ("Rescale", "Conv2D", "MaxPool2D", "Dense"))
    assert "None" not in result.stdout.splitlines()


def test_version(tmp_path):
    result = fastnn("--version", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.startswith("fastnn 0.")


def test_class_table_shows_a_dash_where_there_is_nothing_to_divide_by():
    table = class_table(["a", "a"], ["a", "bb"]).splitlines()
    assert [line.split() for line in table[1:]] == [
        ["a", "1.000", "0.500", "2"],
        ["bb", "0.000", "-", "0"],
    ]


# --- mistakes --------------------------------------------------------------------------------

MODEL = "digits.safetensors"
MISTAKES = [
    ((), "COMMAND"),
    (("learn",), "learn"),
    (("--wrong",), "COMMAND"),
    (("train",), "dataset"),
    (("train", "letters"), "letters"),
    (("train", "digits", "twice"), "twice"),
    (("train", "digits", "--epochs", "0"), "'0'"),
    (("train", "digits", "--epochs", "many"), "'many'"),
    (("train", "digits", "--epochs", "9" * 5000), "--epochs"),
    (("train", "digits", "--epoch", "3"), "--epoch"),
    (("train", "digits", "--batch-size", "-1"), "--batch-size"),
    (("train", "digits", "--seed", "-1"), "'-1'"),
    (("train", "digits", "--seed", str(2**64)), "--seed"),
    (("train", "digits", "--threads", "0"), "'0'"),
    (("train", "digits", "--output"), "--output"),
    (("train", "digits", "--output", "."), "regular file"),
    (("train", "digits", "--output", os.devnull), "regular file"),
    (("train", "digits", "--output", "missing/m.safetensors"), "No such file"),
    (("predict", MODEL), "DATA"),
    (("predict", "missing", "digits.npy"), "missing"),
    (("predict", ".", "digits.npy"), "cannot read"),
    (("predict", "empty", "digits.npy"), "empty"),
    (("predict", "garbage.safetensors", "digits.npy"), "garbage.safetensors"),
    (("predict", "cut.safetensors", "digits.npy"), "cut.safetensors"),
    (("predict", "headless.safetensors", "digits.npy"), "headless.safetensors"),
    (("predict", "digits.npy", "digits.npy"), "digits.npy is not"),
    (("predict", MODEL, "missing.npy"), "missing.npy"),
    (("predict", MODEL, "."), "the files of MNIST"),
    (("predict", MODEL, "empty"), "an empty file"),
    (("predict", MODEL, "cut.npy"), "cut short"),
    (("predict", MODEL, "header.npy"), "damaged"),
    (("predict", MODEL, "huge.npy"), "cut short"),
    (("predict", MODEL, "objects.npy"), "objects"),
    (("predict", MODEL, "nan.npy"), "(0, 0, 0, 0) is nan"),
    (("predict", MODEL, "no_channels.npy"), "(359, 8, 8)"),
    (("predict", MODEL, "wide.npy"), "(2, 9, 8, 1)"),
    (("predict", MODEL, "number.npy"), "cannot predict"),
    (("predict", MODEL, "complex.npy"), "complex"),
    (("predict", MODEL, "text.npy"), "cannot predict"),
    (("predict", MODEL, "digits.npy", "--output", "."), "regular file"),
    (("predict", MODEL, "digits.npy", "--output", "missing/y.npy"), "No such file"),
    (("info", "missing"), "No such file"),
    (("info", "garbage.safetensors"), "garbage.safetensors"),
    (("info", MODEL, MODEL), MODEL),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=lambda value: str(value)[:60])
def test_mistake_ends_in_one_line_and_exit_code_2(directory, arguments, said):
    result = fastnn(*arguments, cwd=directory)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("fastnn: ")
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [("info",), ("--version",), ("info", MODEL)])
def test_an_environment_that_cannot_be_is_one_line(directory, monkeypatch, arguments):
    monkeypatch.setenv("FASTNN_ISA", "nonsense")
    result = fastnn(*arguments, cwd=directory)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("fastnn: ") and "FASTNN_ISA='nonsense'" in result.stderr


def test_failed_and_dry_checks_leave_existing_files_alone(directory):
    (directory / "kept").write_bytes(b"as it was")
    result = fastnn("predict", "missing", "digits.npy", "--output", "kept", cwd=directory)
    assert result.returncode == 2
    assert (directory / "kept").read_bytes() == b"as it was"
    fastnn("predict", "missing", "digits.npy", "--output", "new", cwd=directory)
    assert not (directory / "new").exists()


def test_result_that_cannot_be_printed_is_one_line(directory):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        command = [*FASTNN, "predict", MODEL, "digits.npy"]
        result = subprocess.run(command, cwd=directory, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert result.stderr.count(b"\n") == 1


# --- signals, pipes, terminals ---------------------------------------------------------------


def start_long_training(directory):
    command = [*FASTNN, "train", "digits", "--epochs", "100000", "--output", "never"]
    process = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("epoch 1/100000")
    return process


def test_ctrl_c_ends_training_in_one_line_and_exit_code_130(directory):
    process = start_long_training(directory)
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, error = process.communicate(timeout=30)
    assert time.monotonic() - start < 5
    assert (process.returncode, error) == (130, "fastnn: interrupted\n")
    assert not (directory / "never").exists()


def test_broken_pipe_is_silent(directory):
    process = start_long_training(directory)
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    with process.stderr:
        assert process.stderr.read() == ""


def run_on_terminal(*arguments, cwd, term):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*FASTNN, *arguments],
        cwd=cwd,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": term},
    )
    os.close(theirs)
    output = b""
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:  # Linux says so when the other side has closed
            break
        if not block:
            break
        output += block
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return output.decode()


def test_terminal_shows_a_bar(directory):
    pytest.importorskip("rich")
    arguments = ("train", "digits", "--epochs", "2", "--output", "bar")
    output = run_on_terminal(*arguments, cwd=directory, term="xterm")
    assert "2/2" in output
    assert "samples/s" in output
    assert "epoch 1/2" not in output


def test_dumb_terminal_shows_plain_lines(directory):
    arguments = ("train", "digits", "--epochs", "2", "--output", "plain")
    output = run_on_terminal(*arguments, cwd=directory, term="dumb")
    assert "epoch 2/2" in output
    assert "\x1b" not in output
