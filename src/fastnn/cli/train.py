"""`fastnn train`: data -> task -> network -> fit, in the folder of a run.

    settings.py   arguments over config.toml        tasks.py     classes or numbers, which loss
    models.py     tables of layers -> network       presets.py   networks by name
    specs.py      sgd:momentum=0.9 -> SGD(…)        runs.py      what the folder holds

Progress goes to stderr, what came of it to stdout.
"""

import contextlib
import os
import shlex
import sys
import time

import numpy as np

import fastnn as fn
from fastnn import callbacks, losses
from fastnn.cli import models, settings, specs
from fastnn.cli.errors import UserError, user_errors
from fastnn.cli.predicting import NUMBERS, document, figures_text, tell
from fastnn.cli.runs import CHECKPOINT, Run, usual_folder
from fastnn.cli.signals import Stop
from fastnn.cli.sources import DIGITS, count, labelled, load_data, set_threads
from fastnn.cli.tasks import task_of

OF_DIGITS = {"data", "epochs", "batch_size", "seed", "threads", "quiet", "output"}
SHARE, ENOUGH = 0.2, 20  # set aside for validation, of so many samples
PIECE = 1024


def run(args):
    """Train, and keep all of the run."""
    if args.data == DIGITS and settings.arguments_given(args).keys() <= OF_DIGITS:
        from fastnn.cli.digits import run as run_digits

        return run_digits(args)
    if args.output is not None:
        raise UserError("--output is for train digits alone; --out DIR is the folder of a run")
    chosen, resumed = settings.of_arguments(args)
    set_threads(args.threads)
    if resumed is not None and not os.path.exists(os.path.join(resumed, CHECKPOINT)):
        raise UserError(f"{resumed}: no {CHECKPOINT}, so that nothing can go on")
    data = _data(chosen)
    task = task_of(data.y, chosen["loss"])
    tables, places = models.tables_for(chosen, data.x, task)
    net = models.build(tables, places, data.x.shape[1:], task, chosen["seed"])
    training = _Training(chosen, data, task, net)
    folder = Run(resumed or chosen["out"] or usual_folder(chosen["data"]))
    config = settings.document(chosen, data, tables)
    _compare(config["fingerprint"], chosen, resumed)
    config["validation"] = training.validation
    if resumed is None:
        folder.begin(args.force)
    folder.write_config(config)
    quiet = args.quiet or args.json
    about = repr(data).removeprefix("<Dataset of ").removesuffix(">")
    tell(f"{about}\n{task.text}, by {task.loss}; {net.parameters.size:,} parameters", quiet)
    training.train(folder, resumed is not None, quiet)
    note = folder.finish(net, training.history, training.held_out())
    if note is not None:
        tell(f"fastnn: {note}", args.quiet)
    _print(training.report(), folder, args.json)


def _data(chosen):
    """Return the data to train on, checked as far as the command line needs it."""
    how = {name: chosen[name] for name in ("target", "labels", "size")}
    data = labelled(load_data(chosen["data"], **how), chosen["data"])
    if not len(data):
        raise UserError(f"{chosen['data']}: no samples")
    return data


def _compare(found, chosen, resumed):
    """Say so if a run's data have changed since; then none can be resumed."""
    before = chosen.get("fingerprint", found)
    if before != found and resumed is not None:
        raise UserError(
            f"{chosen['data']} has changed since {resumed} was trained on it: {before} then, "
            f"{found} now; train a new run"
        )
    if before != found:
        tell(f"fastnn: note: the data are not those of the run that is repeated: {found}")


class _Training:
    """A run: its data, its network, and how it is trained."""

    def __init__(self, chosen, data, task, net):
        self.chosen, self.data, self.task, self.net = chosen, data, task, net
        self.metrics = chosen["metrics"].split(",") if chosen["metrics"] else None
        if self.metrics is None and not losses.get(task.loss).decides:
            self.metrics = NUMBERS if net.output_shape == (1,) else ["mae", "rmse"]
        self.validation, self.share, self.beside = self._validation()
        how = {"rate": chosen["lr"], "schedule": chosen["schedule"]}
        self.optimizer = specs.make_optimizer(chosen["optimizer"], **how)
        self.changes = specs.make_changes(chosen["augment"]) if chosen["augment"] else None
        self.every = _how_often(chosen["checkpoint_every"])
        self.resumable = not hasattr(self.optimizer, "minimize")
        if self.every and not self.resumable:
            raise UserError("--checkpoint-every: a run of lbfgs cannot be resumed, and writes none")
        self.stop = None
        if chosen["early_stopping"] is not None:
            monitor = "val_loss" if self.share or self.beside else "loss"
            self.stop = callbacks.EarlyStopping(monitor, chosen["early_stopping"])

    def _validation(self):
        """Return the setting, and a share to set aside or other data, or None."""
        setting = self.chosen["validation"]
        if setting is None:
            setting = SHARE if self.data.test is None and len(self.data) >= ENOUGH else 0.0
        if isinstance(setting, str):
            with contextlib.suppress(ValueError):
                setting = float(setting)
        if isinstance(setting, str):
            how = {name: self.chosen[name] for name in ("target", "size")}
            return setting, None, labelled(load_data(setting, **how), setting)
        if not 0 <= setting < 1:
            raise UserError(f"--validation: expected a share from 0 to 1, or data, got {setting}")
        return float(setting), float(setting) or None, None

    def train(self, folder, resumes, quiet):
        """Fit the network; signals end it where it can be gone on from."""
        path = folder.path(CHECKPOINT)
        checkpoint = callbacks.Checkpoint(path, **self.every) if self.resumable else None
        mend = f"; fastnn train --resume {shlex.quote(folder.folder)} goes on"
        stop = Stop(checkpoint, mend)
        watching = [self.stop, folder, checkpoint, stop, None if quiet else callbacks.Progress()]
        started, out = time.perf_counter(), sys.stderr or sys.stdout
        with user_errors("cannot train"), stop, contextlib.redirect_stdout(out):
            self.history = self.net.fit(
                self.data.x,
                self.data.y,
                loss=self.task.loss,
                optimizer=self.optimizer,
                epochs=self.chosen["epochs"],
                batch_size=self.chosen["batch_size"],
                gradient_accumulation_steps=self.chosen["gradient_accumulation_steps"],
                validation_split=self.share,
                validation_data=self.beside and (self.beside.x, self.beside.y),
                metrics=self.metrics,
                callbacks=[callback for callback in watching if callback is not None],
                augment=self.changes,
                resume=path if resumes else None,
                verbose=0,
            )
        self.seconds = time.perf_counter() - started

    def held_out(self):
        """Return labels and predictions of samples that were not trained on, or None."""
        if self.net.classes_ is None or self.data.y.ndim > 1:
            return None
        other = self.data.test or self.beside
        if other is not None and other.y is not None:
            return other.y, self.net.predict_classes(other.x)
        if self.share is None:
            return None
        from fastnn.splitting import split

        labels = np.searchsorted(self.net.classes_, self.data.y)
        rows = split("fit", len(self.data), self.share, self.net.seed, labels)[1]
        parts = [rows[i : i + PIECE] for i in range(0, len(rows), PIECE)]  # it may be mapped
        predicted = [self.net.predict_classes(self.data.x[part]) for part in parts]
        return self.data.y[rows], np.concatenate(predicted)

    def report(self):
        """Return what came of it: figures of the network that is saved."""
        at = -1
        if self.stop is not None and self.stop.best_epoch is not None:
            at = self.stop.best_epoch - self.history.initial_epoch
        last = {name: column[at] for name, column in self.history.items() if column}
        last.pop("seconds", None)
        last.pop("learning_rate", None)
        figures = {
            "training": {n: f for n, f in last.items() if not n.startswith("val_")},
            "validation": {n[4:]: f for n, f in last.items() if n.startswith("val_")},
        }
        test = self.data.test
        if test is not None and test.y is not None:
            with user_errors("cannot evaluate the part to test with"):
                figures["test"] = self.net.evaluate(test.x, test.y, metrics=self.metrics)
        return {
            "epochs": len(self.history.epochs),
            "samples": len(self.data),
            "seconds": round(self.seconds, 3),
            "stopped": self.history.stopped,
            **{part: dict(found) for part, found in figures.items() if found},
        }


def _how_often(text):
    """Return the arguments of `Checkpoint` for `500`, batches, or `30s`, seconds."""
    if text is None:
        return {}
    name, number = ("seconds", text[:-1]) if text.endswith("s") else ("every", text)
    try:
        found = float(number) if name == "seconds" else int(number)
    except ValueError:
        found = 0
    if not 0 < found < float("inf"):
        raise UserError(
            f"--checkpoint-every: expected batches (500) or seconds (30s), got {text!r}"
        )
    return {name: found}


def _print(report, folder, as_json):
    if as_json:
        print(document({"run": folder.folder, **report}))
        return
    built = fn.build_info()
    print(
        f"trained {count(report['epochs'], 'epoch')} of {count(report['samples'], 'sample')} in "
        f"{report['seconds']:.2f} s ({built['isa']}, {count(built['threads'], 'thread')})"
        + (f"; {report['stopped']}" if report["stopped"] else "")
    )
    for part in ("training", "validation", "test"):
        if part in report:
            print(f"{part + ':':<12}{figures_text(report[part])}")
    print(f"saved {folder.folder}")
