"""Ctrl-C and SIGTERM during `fastnn train`: a checkpoint, a line that says how to go on."""

import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastnn as fn
from fastnn.cli.errors import End
from fastnn.cli.signals import Stop

FASTNN = [sys.executable, "-m", "fastnn"]
OPTIONS = ["--seed", "3", "--validation", "0", "--batch-size", "4", "--threads", "1"]


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.normal(size=(400, 16)))
    np.save(tmp_path / "y.npy", rng.integers(0, 3, 400))
    return tmp_path


def start(folder, *options, epoch=2):
    """Start a run that would take for ever; return it when epochs are over."""
    command = [*FASTNN, "train", "x.npy", *OPTIONS, *options]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        if line.startswith(f"epoch {epoch}/"):
            return process
    raise AssertionError(process.stdout.read())


@pytest.mark.parametrize(
    ("number", "code", "what"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_leaves_a_checkpoint_that_a_run_goes_on_from(folder, number, code, what):
    process = start(folder, "--epochs", "1000000")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"fastnn: {what} in epoch ")
    assert last.endswith("; fastnn train --resume runs/x goes on")
    reached = fn.load(folder / "runs/x/checkpoint.safetensors").epochs
    assert not (folder / "runs/x/model.safetensors").exists()

    epochs = ["--epochs", str(reached + 2), "--quiet"]
    for arguments in (
        ["--resume", "runs/x", *epochs[:2]],
        ["x.npy", *OPTIONS, *epochs, "--out", "w"],
    ):
        command = [*FASTNN, "train", *arguments]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
        assert result.returncode == 0, result.stderr
    resumed, whole = (fn.load(folder / name / "model.safetensors") for name in ("runs/x", "w"))
    assert resumed.epochs == whole.epochs == reached + 2
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)
    rows = (folder / "runs/x/history.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == list(range(reached + 2))


def test_a_signal_within_an_epoch_is_gone_on_from_there(folder):
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", rng.normal(size=(120_000, 16)))
    np.save(folder / "y.npy", rng.integers(0, 3, 120_000))
    process = start(folder, "--epochs", "1000", "--batch-size", "1", epoch=1)
    time.sleep(0.12)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    epoch, batch = map(int, re.search(r"in epoch (\d+), batch (\d+);", err).groups())
    at = fn.load(folder / "runs/x/checkpoint.safetensors")
    assert at.steps == (epoch - 1) * 120_000 + batch
    command = [*FASTNN, "train", "--resume", "runs/x", "--epochs", str(epoch), "--quiet"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    assert fn.load(folder / "runs/x/model.safetensors").steps == epoch * 120_000


def test_a_killed_run_goes_on_from_its_last_checkpoint(folder):
    process = start(folder, "--epochs", "1000000", "--checkpoint-every", "7")
    process.kill()
    process.communicate(timeout=30)
    assert (folder / "runs/x/history.csv").read_text().startswith("epoch,loss,accuracy")
    reached = fn.load(folder / "runs/x/checkpoint.safetensors").epochs
    command = [*FASTNN, "train", "--resume", "runs/x", "--epochs", str(reached + 1), "--quiet"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    assert fn.load(folder / "runs/x/model.safetensors").epochs == reached + 1


def test_a_signal_ends_training_that_has_no_checkpoints():
    stop = Stop(checkpoint=None, mend="; not said")
    stop.on_epoch_end(None, {"epoch": 1})
    stop.received = signal.SIGTERM
    with pytest.raises(End, match=r"terminated in epoch 2$") as ended:
        stop.on_epoch_end(None, {"epoch": 1})
    assert ended.value.code == 143
    stop.attach(object())
    stop.on_epoch_end(None, {"epoch": 1})  # on_resumable follows
