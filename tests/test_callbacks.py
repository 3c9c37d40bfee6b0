"""Callbacks: what they hear, how they end training, what they write and show."""

import csv
import importlib.util
import math
import struct
import sys
import types

import numpy as np
import pytest

import fastnn as fn
from fastnn import callbacks, running
from fastnn.callbacks import EarlyStopping, StopTraining, progress

L, SGD, Adam = fn.layers, fn.optimizers.SGD, fn.optimizers.Adam


def data(n=64, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    return x, (x[:, 0] + rng.normal(size=n) > 0).astype(int)


def net(**how):
    layers = [L.Dense(8, "tanh"), L.BatchNorm(), L.Dense(2)]
    return fn.Sequential(layers, input_shape=(3,), **how)


def fit(network, *watching, **how):
    how = {"validation_data": data(30, 1), "batch_size": 16, "epochs": 5, "verbose": 0} | how
    return network.fit(*data(), callbacks=list(watching), **how)


class Hears:
    """Keeps what it hears of some hooks, and stops training at one of them."""

    def __init__(self, *hooks, stop=None, every=None):
        self.heard, self.every = [], every
        for hook in hooks:
            setattr(self, hook, lambda net, logs, hook=hook: self._hear(hook, logs, stop))

    def _hear(self, hook, logs, stop):
        self.heard.append((hook, dict(logs)))
        if stop is not None and len(self.heard) >= stop:
            raise StopTraining(f"{hook} heard {stop}")


# --- the moments --------------------------------------------------------------------------------


def test_progress_adds_up_the_epoch_so_far():
    ears = Hears("on_progress")
    every_batch = Hears("on_batch_end")
    history = fit(net(), ears, every_batch, epochs=1, optimizer=SGD(0.0))
    steps = [logs for _, logs in ears.heard]
    assert [logs["samples"] for logs in steps] == [16, 32, 48, 64]
    assert [logs["batches"] for logs in steps] == [1, 2, 3, 4]
    losses = [logs["loss"] for _, logs in every_batch.heard]
    expected = np.cumsum(losses) / np.arange(1, 5)
    np.testing.assert_allclose([logs["loss"] for logs in steps], expected, rtol=1e-12)
    assert steps[-1]["loss"] == history["loss"][0]
    assert steps[-1]["accuracy"] == history["accuracy"][0]


def test_who_watches_no_batches_does_not_slow_them():
    ears = Hears("on_progress", "on_epoch_end")
    fit(net(), ears, epochs=2)
    assert [hook for hook, _ in ears.heard] == ["on_progress", "on_epoch_end"] * 2


def test_progress_comes_wherever_the_program_comes_back(monkeypatch):
    monkeypatch.setattr(running, "PIECE", 0.0)  # as if every batch took so long
    ears = Hears("on_progress")
    fit(net(), ears, epochs=2)
    places = [(logs["epoch"], logs["samples"]) for _, logs in ears.heard]
    assert places == [(epoch, samples) for epoch in (0, 1) for samples in (16, 32, 48, 64)]


@pytest.mark.parametrize("every", [1, 3, 4, 7])
def test_checks_come_after_every_k_batches_of_the_whole_fit(every):
    ears, network = Hears("on_check", every=every), net()
    fit(network, ears, epochs=3)
    places = [logs["epoch"] * 4 + logs["batches"] for _, logs in ears.heard]
    assert places == list(range(every, 13, every))
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(ears.heard[0][1])
    assert fit(net(), epochs=3) | {"seconds": 0} == fit(net(), ears, epochs=3) | {"seconds": 0}


def test_a_check_evaluates_the_network_as_it_is():
    seen = []

    class Compare:
        every = 3

        def on_check(self, network, logs):
            seen.append((network.evaluate(*data(30, 1))["loss"], logs["val_loss"]))

    fit(net(), Compare())
    assert len(seen) == 6 and all(one == other for one, other in seen)
    assert len(set(seen)) == 6


# --- the end ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hook", "stop", "epochs"),
    [
        ("on_train_begin", 1, 0),
        ("on_epoch_begin", 1, 0),
        ("on_epoch_begin", 2, 1),
        ("on_batch_begin", 1, 0),
        ("on_batch_begin", 2, 1),
        ("on_batch_end", 1, 1),
        ("on_batch_end", 5, 2),
        ("on_progress", 1, 1),
        ("on_epoch_end", 2, 2),
    ],
)
def test_a_callback_ends_training_and_all_still_hear_of_it(hook, stop, epochs):
    ears, after = Hears(hook, stop=stop), Hears(hook, "on_epoch_end", "on_train_end")
    network = net()
    history = fit(network, ears, after)
    assert history.stopped == f"{hook} heard {stop}"
    assert len(history.get("loss", [])) == len(history.get("val_loss", [])) == epochs
    assert sum(heard == hook for heard, _ in after.heard) == stop
    assert after.heard[-1][0] == "on_train_end"
    batches = {"on_batch_begin": stop - 1, "on_batch_end": stop}.get(hook, 4 * epochs)
    assert network.steps == batches


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_that_ends_early_has_the_figures_of_what_it_did(shuffle):
    ears = Hears("on_batch_end", stop=3)
    history = fit(net(), ears, optimizer=SGD(0.0), shuffle=shuffle, metrics=["accuracy", "f1"])
    losses = [logs["loss"] for _, logs in ears.heard]
    assert history["loss"] == [pytest.approx(np.mean(losses), rel=1e-12)]
    x, y = data()
    keys = fn.functional.random_uint32(len(x), seed=0, stream=2**31)
    rows = (np.argsort(keys, kind="stable") if shuffle else np.arange(len(x)))[:48]
    how = {"optimizer": SGD(0.0), "batch_size": 16, "shuffle": False, "verbose": 0}
    first = net().fit(x[rows], y[rows], metrics=["accuracy", "f1"], **how)
    assert (history["f1"], history["accuracy"]) == (first["f1"], first["accuracy"])


def test_training_that_is_not_stopped_says_so():
    assert fit(net()).stopped is None


def test_what_a_callback_writes_into_the_logs_is_kept():
    class Add:
        def on_epoch_end(self, network, logs):
            logs["twice"] = 2 * logs["loss"]

    ears = Hears("on_epoch_end")
    history = fit(net(), Add(), ears)
    assert history["twice"] == [2 * loss for loss in history["loss"]]
    assert ears.heard[0][1]["twice"] == history["twice"][0]


def test_a_time_budget_ends_training():
    history = fit(net(), callbacks.TimeBudget(0.05), epochs=10**6)
    assert history.stopped == "the budget of 0.05 s is spent"
    assert sum(history["seconds"]) < 5


# --- early stopping -----------------------------------------------------------------------------


class Script:
    """Writes figures of one's own into the logs, epoch by epoch."""

    def __init__(self, figures, name="val_loss"):
        self.figures, self.name, self.parameters = figures, name, []

    def on_epoch_end(self, network, logs):
        logs[self.name] = self.figures[len(self.parameters)]
        running = network.layers[1].state()
        self.parameters.append((network.parameters.copy(), running))


NAN = math.nan
STOPS = [  # figures, settings, epochs that are run, the best of them
    ([5, 4, 3, 2, 1], {}, 5, 4),
    ([5, 4, 4, 4, 1], {"patience": 2}, 4, 1),
    ([5, 4, 4, 4, 1], {"patience": 3}, 5, 4),
    ([5, 4.5, 4.2, 3.9, 3], {"patience": 3, "min_delta": 1}, 5, 3),
    ([5, 4.5, 4.2, 4.1, 1], {"patience": 2, "min_delta": 1}, 3, 0),
    ([5, 6, 7, 8, 9], {"patience": 1, "mode": "max"}, 5, 4),
    ([5, 6, 5, 8, 9], {"patience": 1, "mode": "max"}, 3, 1),
    ([NAN, 4, NAN, NAN, 1], {"patience": 2}, 4, 1),
    ([NAN, NAN, 1, 1, 1], {"patience": 2}, 2, None),
    ([5, -math.inf, 4, 3, 2], {"patience": 9}, 5, 1),
]


@pytest.mark.parametrize(("figures", "how", "epochs", "best"), STOPS)
def test_early_stopping_waits_and_goes_back_to_the_best(figures, how, epochs, best):
    script, stop, network = Script(figures), EarlyStopping(**how), net()
    history = fit(network, script, stop)
    assert len(history["loss"]) == epochs
    assert (history.stopped is None) == (epochs == 5)
    assert stop.best_epoch == best
    parameters, running = script.parameters[-1 if best is None else best]
    np.testing.assert_array_equal(network.parameters, parameters)
    for name, array in running.items():
        np.testing.assert_array_equal(network.layers[1].state()[name], array)


def test_early_stopping_may_leave_the_network_as_it_is():
    script, network = Script([1, 2, 3, 4, 5]), net()
    fit(network, script, EarlyStopping(patience=2, restore_best=False))
    np.testing.assert_array_equal(network.parameters, script.parameters[2][0])
    assert (script.parameters[2][0] != script.parameters[0][0]).all()


def test_the_best_is_restored_however_training_ends():
    script, network = Script([2, 1, 3, 4, 5]), net()

    class Interrupt:
        def on_epoch_end(self, network, logs):
            if logs["epoch"] == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network, script, EarlyStopping(), Interrupt())
    np.testing.assert_array_equal(network.parameters, script.parameters[1][0])


@pytest.mark.parametrize(
    ("monitor", "sign"),
    [
        ("loss", -1),
        ("val_loss", -1),
        ("val_accuracy", 1),
        ("auc", 1),
        ("val_top_3", 1),
        ("val_mae", -1),
        ("rmse", -1),
        ("val_r2", 1),
    ],
)
def test_early_stopping_knows_which_way_is_better(monitor, sign):
    assert EarlyStopping(monitor).sign == sign


def test_early_stopping_begins_anew_with_every_fit():
    stop = EarlyStopping(patience=2)
    for figures in ([1, 2, 3, 4, 5], [9, 8, 9, 9, 9]):
        fit(net(), Script(figures), stop)
    assert (stop.best, stop.best_epoch) == (8, 1)


def test_early_stopping_checks_every_k_batches():
    network, seen = net(), []

    class Watch:
        every = 3

        def on_check(self, network, logs):
            seen.append(
                (logs["val_loss"], logs["epoch"], logs["batches"], network.parameters.copy())
            )

    stop = EarlyStopping(patience=2, every=3)
    history = fit(network, Watch(), stop, optimizer=Adam(0.05), epochs=200)
    figures = [figure for figure, *_ in seen]
    best = int(np.argmin(figures))
    assert len(figures) == best + 3
    assert history.stopped == "val_loss has not improved for 2 checks, every 3 batches"
    assert (stop.best, stop.best_epoch, stop.best_batch) == seen[best][:3]
    np.testing.assert_array_equal(network.parameters, seen[best][3])
    assert network.evaluate(*data(30, 1))["loss"] == stop.best


ERRORS = [
    (lambda: EarlyStopping("val_own"), ValueError, 'mode "min" or "max" for \'val_own\''),
    (lambda: EarlyStopping(patience=0), ValueError, "patience .* got 0"),
    (lambda: EarlyStopping(min_delta=-1), ValueError, "min_delta at least 0"),
    (lambda: EarlyStopping(mode="up"), ValueError, "got 'up'"),
    (lambda: EarlyStopping(every=0), ValueError, "every .* got 0"),
    (
        lambda: fit(net(), EarlyStopping(), validation_data=None),
        ValueError,
        "expected 'val_loss' among the figures, got .*give validation_data or validation_split",
    ),
    (lambda: fit(net(), EarlyStopping("auc")), ValueError, "expected 'auc' among the figures"),
    (lambda: callbacks.TimeBudget(0), ValueError, "seconds more than 0"),
    (lambda: fit(net(), StopTraining("x")), TypeError, "expected objects with any of"),
    (lambda: fit(net(), verbose=3), ValueError, "verbose"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- what is written ----------------------------------------------------------------------------


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_a_csv_log_has_every_epoch_at_once(tmp_path):
    path, lengths = tmp_path / "log.csv", []

    class Look:
        def on_epoch_end(self, network, logs):
            lengths.append(len(rows(path)))

    history = fit(net(), callbacks.LearningRateLog(), callbacks.CSVLog(path), Look())
    assert lengths == [2, 3, 4, 5, 6]
    names, *lines = rows(path)
    assert names == ["epoch", *(set(names) and [n for n in names if n != "epoch"])]
    assert set(names) == {"epoch", "samples_per_second", *history}
    for name in history:
        assert [float(line[names.index(name)]) for line in lines] == history[name]


def test_a_csv_log_is_replaced_or_goes_on(tmp_path):
    path, network = tmp_path / "log.csv", net()
    for append, expected in [(False, 6), (True, 11), (True, 16), (False, 6)]:
        fit(network, callbacks.CSVLog(path, append=append))
        assert len(rows(path)) == expected
    with pytest.raises(ValueError, match="expected the columns epoch, loss"):
        fit(network, callbacks.CSVLog(path, append=True), validation_data=None)


def test_a_history_becomes_a_table(tmp_path):
    path = tmp_path / "history.csv"
    history = fit(net(), initial_epoch=2)
    history.to_csv(path)
    names, *lines = rows(path)
    assert names == ["epoch", *history]
    assert [line[0] for line in lines] == ["2", "3", "4"]
    assert [float(line[1]) for line in lines] == history["loss"]


def test_a_history_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    history = fit(net(), callbacks.LearningRateLog(), metrics=["accuracy", "f1"])
    figure = history.plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    panels = {panel.get_ylabel(): panel for panel in figure.axes}
    assert list(panels) == ["loss", "accuracy", "f1", "learning rate"]
    for name in ("loss", "accuracy", "f1"):
        one, other = panels[name].get_lines()
        assert panels[name].get_xlabel() == "epoch"
        assert one.get_xdata().tolist() == [1, 2, 3, 4, 5]
        assert one.get_ydata().tolist() == history[name]
        assert other.get_ydata().tolist() == history[f"val_{name}"]
        assert one.get_linestyle() != other.get_linestyle()  # not told apart by colour alone
        assert one.get_marker() != other.get_marker()
        shown = [text.get_text() for text in panels[name].get_legend().get_texts()]
        assert shown == ["training", "validation"]
    with pytest.raises(ValueError, match="expected figures"):
        fn.History().plot()


def events(folder):
    """The scalars of TensorBoard's files, whose records begin with their length."""
    proto = pytest.importorskip("tensorboardX.proto.event_pb2")
    found = []
    for path in sorted(folder.iterdir()):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (size,) = struct.unpack_from("<Q", content, at)
            event = proto.Event.FromString(content[at + 12 : at + 12 + size])
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
            at += 16 + size
    return found


def test_tensorboard_gets_two_runs(tmp_path):
    pytest.importorskip("tensorboardX")
    history = fit(net(), callbacks.TensorBoard(tmp_path / "logs"))
    for run, prefix in [("train", ""), ("validation", "val_")]:
        found = events(tmp_path / "logs" / run)
        for name in ("loss", "accuracy"):
            expected = [(name, i, np.float32(v)) for i, v in enumerate(history[prefix + name])]
            assert [event for event in found if event[0] == name] == expected


@pytest.mark.parametrize(
    ("make", "package", "extra"),
    [
        (lambda: callbacks.TensorBoard("logs"), "tensorboardX", "tensorboard"),
        (lambda: fn.History(loss=[1.0]).plot(), "matplotlib", "plots"),
    ],
    ids=["tensorboard", "plots"],
)
def test_what_is_not_installed_is_named(monkeypatch, make, package, extra):
    for name in [package, f"{package}.figure"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"{package}.*pip install 'fastnn\[{extra}\]'"):
        make()


# --- what is shown ------------------------------------------------------------------------------


def test_plain_lines_are_the_same_by_name(capsys):
    for verbose in (1, 2):
        fit(net(), verbose=verbose, epochs=2)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]


def terminal(monkeypatch, rich=True):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if not rich:
        find = importlib.util.find_spec
        found = lambda name: None if name == "rich" else find(name)  # noqa: E731
        monkeypatch.setattr(importlib.util, "find_spec", found)


def test_a_terminal_shows_a_bar(monkeypatch, capsys):
    pytest.importorskip("rich")
    terminal(monkeypatch)
    fit(net(), epochs=2)
    assert capsys.readouterr().out == ""
    fit(net(), epochs=2, verbose=1)
    output = capsys.readouterr().out
    assert "2/2 epochs" in output and "val_accuracy" in output and "samples/s" in output
    assert "epoch 1/2" not in output


def test_a_terminal_without_rich_shows_lines(monkeypatch, capsys):
    terminal(monkeypatch, rich=False)
    fit(net(), epochs=2, verbose=1)
    assert "epoch 2/2" in capsys.readouterr().out


def notebook(monkeypatch):
    """Something like IPython in a notebook, and the texts that one line of it shows."""
    shown = []

    class ZMQInteractiveShell:
        pass

    class Handle:
        def update(self, content, raw):
            shown.append(content["text/plain"])

    def display(content, raw, display_id):
        shown.append(content["text/plain"])
        return Handle()

    module = types.ModuleType("IPython")
    module.get_ipython = ZMQInteractiveShell
    module.display = types.ModuleType("IPython.display")
    module.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", module.display)
    return shown


def test_a_notebook_shows_a_line_that_changes(monkeypatch, capsys):
    shown = notebook(monkeypatch)
    monkeypatch.setattr(running, "PIECE", 0.0)  # as if batches, and nothing else, took long
    monkeypatch.setattr(progress, "LEAST", 0.0)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    fit(net(), epochs=2, verbose=1)
    assert capsys.readouterr().out == ""
    done = [text.split("/")[0] for text in shown]
    assert done == ["0"] * 3 + ["1"] * 5 + ["2"] * 3  # batches; the epoch's end; the run's
    assert all("/2 epochs  loss " in text and " samples/s" in text for text in shown)
    assert all(text.endswith(" left") for text in shown[:-1])
    assert "val_loss" not in shown[0] and "val_loss" in shown[5] and "val_loss" in shown[-1]
    assert shown[-1].endswith(" samples/s")


def test_drawing_waits_a_multiple_of_the_time_it_takes(monkeypatch):
    clock, drawn = [0.0], []

    class Slow(progress._Live):
        def start(self):
            pass

        def draw(self, text):
            drawn.append(clock[0])
            clock[0] += 0.01

        def end(self):
            pass

    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    display = Slow()
    display.on_train_begin(None, {"initial_epoch": 0, "epochs": 1, "samples": 1000})
    for done in range(1000):
        clock[0] += 0.1
        display.on_progress(None, {"epoch": 0, "batches": done, "samples": done, "loss": 1.0})
    assert 0.001 * clock[0] < 0.01 * len(drawn) < 0.01 * clock[0]


@pytest.mark.parametrize("every", [1, 3])
def test_a_weight_average_is_that_of_the_formula(every):
    seen, x, y = [], np.arange(42.0).reshape(14, 3) / 42, [0, 1] * 7

    class Look:
        def on_batch_end(self, net, logs):
            seen.append(net.parameters.astype(float))

    average = fn.callbacks.WeightAverage(0.7, every=every)
    how = {"batch_size": 2, "epochs": 3, "optimizer": "sgd", "verbose": 0}
    trained = net()
    trained.fit(x, y, callbacks=[average, Look()], **how)
    expected = seen[every - 1]
    for parameters in seen[2 * every - 1 :: every]:
        expected = expected * 0.7**every + parameters * (1 - 0.7**every)
    np.testing.assert_allclose(average.parameters, expected, rtol=1e-5)
    assert (trained.parameters == average.parameters).all()
    kept = fn.callbacks.WeightAverage(0.7, every=every, use=False)
    other = net()
    other.fit(x, y, callbacks=[kept], **how)
    assert (kept.parameters == average.parameters).all()
    assert (other.parameters == seen[-1].astype(np.float32)).all()
