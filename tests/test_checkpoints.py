"""Training that is broken off and resumed ends with the bytes of training that was not."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastnn as fn
from fastnn import model_file

L, A = fn.layers, fn.augment
SAMPLES, BATCH = 70, 16  # the last batch of an epoch is smaller


class Broken(Exception):
    """Breaks training off."""


class Break:
    """Breaks training off after so many batches."""

    def __init__(self, batches):
        self.left = batches

    def on_batch_end(self, net, logs):
        self.left -= 1
        if self.left == 0:
            raise Broken


def images():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (SAMPLES, 8, 8, 1), np.uint8)
    return x, np.array(["even", "odd"])[x[:, 2:5, 2:5].sum(axis=(1, 2, 3), dtype=int) % 2]


def network(seed=5):
    return fn.Sequential(
        [
            L.Rescale(1 / 255),
            L.Standardize(),
            L.Conv2D(6, 3, bias=False),
            L.BatchNorm(),
            L.Activation("relu"),
            L.MaxPool2D(2),
            L.Dropout(0.3),
            L.Flatten(),
            L.Dense(10, "relu", weight_regularizer="l2"),
            L.Dense(2),
        ],
        input_shape=(8, 8, 1),
        seed=seed,
    )


RUNS = {
    "Adam, cosine": lambda: fn.optimizers.Adam(fn.schedules.Cosine(0.01, 25)),
    "Adam, one cycle of the whole run": lambda: fn.optimizers.Adam(fn.schedules.OneCycle(0.02)),
    "SGD, plateaus": lambda: fn.optimizers.SGD(
        fn.schedules.ReduceOnPlateau(0.1, patience=0), momentum=0.9, clip_norm=0.5
    ),
    "AdamW, noise": lambda: fn.optimizers.AdamW(gradient_noise=0.01, weight_decay=0.1),
    "a name": lambda: "rmsprop",
}


def train(net, optimizer, callbacks=(), epochs=6, **how):
    stop = fn.callbacks.EarlyStopping("val_loss", patience=2)
    settings = {"validation_split": 0.25, "metrics": ["accuracy", "f1"], "verbose": 0}
    settings |= {"batch_size": BATCH, "epochs": epochs, "optimizer": optimizer}
    return net.fit(*images(), callbacks=[stop, *callbacks], **settings | how), stop


def ending(net, history, stop):
    state = [array.tobytes() for layer in net.layers for array in layer.state().values()]
    figures = {name: column for name, column in history.items() if name != "seconds"}
    return (
        net.parameters.tobytes(), state, net.steps, net.epochs, figures, history.stopped,
        stop.best, stop.best_epoch, [vector.tobytes() for vector in net.optimizer.state],
    )  # fmt: skip


def resumed_after(path, batches, optimizer, **how):
    """The ending of a run that was broken off after so many batches, then resumed."""
    checkpoint = fn.callbacks.Checkpoint(path, **how)
    with pytest.raises(Broken):
        train(network(), optimizer(), [checkpoint, Break(batches)])
    net = network(seed=99)  # the file knows the seed
    return ending(net, *train(net, optimizer(), resume=path))


@pytest.mark.parametrize("name", RUNS)
def test_a_resumed_run_ends_with_the_same_bytes(name, tmp_path):
    path, whole = tmp_path / "checkpoint.safetensors", network()
    expected = ending(whole, *train(whole, RUNS[name]()))
    assert expected[2] > 11, "the run is to be longer than what follows"
    for batches in (2, 3, 4, 5, 7, 9, 11):
        assert resumed_after(path, batches, RUNS[name], every=1) == expected


@pytest.mark.parametrize("steps", [2, 3])
def test_a_resumed_run_of_accumulated_gradients_ends_with_the_same_bytes(steps, tmp_path):
    path, whole = tmp_path / "checkpoint.safetensors", network()
    how = {"gradient_accumulation_steps": steps, "batch_size": 9}  # 53 samples: 6 batches
    make = RUNS["Adam, one cycle of the whole run"]
    expected = ending(whole, *train(whole, make(), **how))
    assert expected[2] > 7 and expected[2] % (6 // steps) == 0
    for updates in (2, 3, 5, 7):
        with pytest.raises(Broken):
            checkpoint = fn.callbacks.Checkpoint(path, every=1)
            train(network(), make(), [checkpoint, Break(updates)], **how)
        net = network(seed=99)
        assert ending(net, *train(net, make(), resume=path, **how)) == expected
    with pytest.raises(fn.ModelFileError, match=f"accumulation_steps {steps}, as .* began, got 1"):
        train(network(), make(), resume=path, batch_size=9)


def test_changes_of_images_go_on_where_they_were(tmp_path):
    path, whole = tmp_path / "checkpoint", network()
    augment = [A.Rotate(15), A.RandomCrop(1), A.Flip(), A.Noise(0.02), A.CutOut(2), A.MixUp(0.3)]
    how = {"augment": augment, "metrics": ["accuracy"]}
    expected = ending(whole, *train(whole, "adam", **how))
    for batches in (2, 5, 8):
        with pytest.raises(Broken):
            checkpoint = fn.callbacks.Checkpoint(path, every=1)
            train(network(), "adam", [checkpoint, Break(batches)], **how)
        net = network()
        assert ending(net, *train(net, "adam", resume=path, **how)) == expected


def test_an_average_of_the_parameters_resumes_too(tmp_path):
    path = tmp_path / "checkpoint"

    def averaged(callbacks=(), **how):
        average, net = fn.callbacks.WeightAverage(0.8, every=3), network()
        train(net, "adam", [average, *callbacks], epochs=5, **how)
        return net.parameters.tobytes(), average.parameters.tobytes()

    whole = averaged()
    assert whole[0] == whole[1]
    for batches in (2, 4, 8, 11):
        with pytest.raises(Broken):
            averaged([fn.callbacks.Checkpoint(path, every=1), Break(batches)])
        assert averaged(resume=path) == whole


def test_checkpoints_come_after_epochs_and_every_so_many_batches(tmp_path):
    written = []

    class Spy(fn.callbacks.Checkpoint):
        def save(self):
            written.append((self._course.epoch, self._course.batch))
            super().save()

    train(network(), "adam", [Spy(tmp_path / "a")], epochs=2)
    assert written == [(1, 0), (2, 0)]
    written.clear()
    train(network(), "adam", [Spy(tmp_path / "a", every=3)], epochs=2)
    assert written == [(0, 3), (1, 0), (1, 2), (2, 0)]  # an epoch has 4 batches
    written.clear()
    train(network(), "adam", [Spy(tmp_path / "a", seconds=1e-9)], epochs=1)
    assert written[-1] == (1, 0)


def test_the_figures_of_a_broken_epoch_are_whole(tmp_path):
    path = tmp_path / "checkpoint"
    seen = {}
    for resume in (None, path):
        log = fn.callbacks.CSVLog(tmp_path / "log.csv")
        callbacks = [log] if resume else [log, fn.callbacks.Checkpoint(path, every=1), Break(6)]
        try:
            seen, _ = train(network(), "adam", callbacks, epochs=3, resume=resume)
        except Broken:
            assert not resume
    whole, _ = train(network(), "adam", epochs=3)
    for name in ("loss", "accuracy", "f1", "val_loss", "val_f1"):
        assert seen[name] == whole[name]
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1", "2"]


def batches():
    x, y = images()
    return [(x[start : start + 9], y[start : start + 9]) for start in range(0, SAMPLES, 9)]


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("source", [batches, lambda: lambda: iter(batches())])
def test_a_run_on_batches_resumes(source, steps, tmp_path):
    path = tmp_path / "checkpoint"
    how = {"epochs": 3 * steps, "verbose": 0, "metrics": ["accuracy", "auc"]}
    how["gradient_accumulation_steps"] = steps
    whole = network()
    expected = whole.fit(source(), **how)
    for after in (1, 5, 8, 13):
        checkpoint = fn.callbacks.Checkpoint(path, every=1)
        with pytest.raises(Broken):
            network().fit(source(), callbacks=[checkpoint, Break(after)], **how)
        if after == 1:
            continue  # broken off before anything was written
        net = network()
        history = net.fit(source(), resume=path, **how)
        assert net.parameters.tobytes() == whole.parameters.tobytes()
        assert history["auc"] == expected["auc"] and history["accuracy"] == expected["accuracy"]


def test_a_checkpoint_is_a_model_file(tmp_path):
    net = network()
    train(net, "adam", [fn.callbacks.Checkpoint(tmp_path / "a")], epochs=2)
    loaded, (x, _) = fn.load(tmp_path / "a"), images()
    assert loaded.classes_.tolist() == ["even", "odd"]
    assert loaded.predict(x).shape == (SAMPLES, 2)
    assert (tmp_path / "a.previous").exists()


def test_a_run_that_ended_stays_ended(tmp_path):
    path, net, again = tmp_path / "a", network(), network()
    checkpoint = fn.callbacks.Checkpoint(path)
    expected = ending(net, *train(net, "adam", [checkpoint], epochs=50))
    assert expected[5] is not None
    assert ending(again, *train(again, "adam", epochs=50, resume=path)) == expected


def test_what_cannot_be_resumed_says_why(tmp_path):
    path, net = tmp_path / "a", network()
    net.save(path)
    with pytest.raises(fn.ModelFileError, match="not how its training goes on"):
        train(network(), "adam", resume=path)
    train(net, "adam", [fn.callbacks.Checkpoint(path)], epochs=1)
    with pytest.raises(fn.ModelFileError, match="batch_size 16, as training began, got 8"):
        train(network(), "adam", resume=path, batch_size=8)
    other = fn.Sequential([L.Flatten(), L.Dense(2)], input_shape=(8, 8, 1))
    before = other.parameters.copy()
    with pytest.raises(fn.ModelFileError, match="network with the same layers"):
        train(other, "adam", resume=path)
    assert (other.parameters == before).all()
    with pytest.raises(fn.ModelFileError, match=r"optimizer.*Adam.*SGD"):
        train(network(), "sgd", resume=path)
    with pytest.raises(OSError, match="nowhere"):
        train(network(), "adam", resume=tmp_path / "nowhere")


def test_damaged_checkpoints_are_refused_with_a_line(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(Broken):
        train(network(), "adam", [fn.callbacks.Checkpoint(path, every=1), Break(7)])
    with model_file.read(path) as file:
        description = file.description
        tensors = {name: np.array(file.tensor(name)) for name in file.shapes}
    for damage in (
        lambda d, t: d["training"].pop("tally"),
        lambda d, t: d["training"].update(epoch="one"),
        lambda d, t: d["training"].update(optimizer=[]),
        lambda d, t: t.pop("training.optimizer.first_moment", t.popitem()),
        lambda d, t: t.pop("training.callback.0.parameters"),
        lambda d, t: t.update({"training.tally.outputs": np.zeros((3, 2), np.float32)}),
        lambda d, t: d.update(training=7),
        lambda d, t: d["training"].update(history={"loss": 3}),
        lambda d, t: d["training"].update(callbacks=[["EarlyStopping", 5]]),
    ):
        d, t = json.loads(json.dumps(description)), dict(tensors)
        damage(d, t)
        model_file.write(path, t, d)
        with pytest.raises(fn.ModelFileError) as raised:
            train(network(), "adam", resume=path)
        assert "\n" not in str(raised.value)


# --- killed from outside --------------------------------------------------------------------------

KILLED = int(os.environ.get("FASTNN_KILLS", "8"))
CHILD = """
import sys
sys.path.insert(0, {tests!r})
import fastnn as fn
from test_checkpoints import ending, network, train
fn.set_num_threads(1)
path, resume = sys.argv[1], sys.argv[2] or None
net = network()
print("begin", flush=True)
checkpoint = fn.callbacks.Checkpoint(path, every=1)
how = {{"epochs": 30, "batch_size": 5, "gradient_accumulation_steps": 3, "resume": resume}}
result = ending(net, *train(net, fn.optimizers.Adam(0.01), [checkpoint], **how))
print(__import__("hashlib").sha256(repr(result).encode()).hexdigest(), flush=True)
"""


def child(path, resume):
    code = CHILD.format(tests=str(pathlib.Path(__file__).parent))
    command = [sys.executable, "-c", code, str(path), str(resume or "")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(tmp_path):
    """Also in the middle of a save, which takes most of the time here."""
    rng = np.random.default_rng(3)
    began = time.perf_counter()
    expected = child(tmp_path / "whole", None).communicate()[0].split()
    longest = time.perf_counter() - began
    path, kills = tmp_path / "checkpoint", 0
    while kills < KILLED:
        process = child(path, path if path.exists() else None)
        assert process.stdout.readline() == "begin\n"
        time.sleep(rng.random() * longest / 4)
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].split()
        kills += 1
        if rest:  # it came to its end before
            assert rest == expected[1:]
            path.unlink()
    if path.exists():
        assert child(path, path).communicate()[0].split() == expected
