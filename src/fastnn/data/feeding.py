"""Training on batches: `fit` where no array holds all the data (`Sequential.fit` says how)."""

import contextlib
import time

import numpy as np

from fastnn import losses, training
from fastnn.callbacks import Callbacks, ProgressLine
from fastnn.checks import integer
from fastnn.inputs import check_inputs
from fastnn.labels import Data, find_classes, label_array
from fastnn.network import BATCH
from fastnn.running import Samples

from .batches import Batches
from .dataset import Dataset

WHO = "fit"


def fit_batches(
    net,
    source,
    *,
    loss,
    optimizer,
    epochs,
    validation_data,
    metrics,
    callbacks,
    sample_weight,
    class_weight,
    shuffle,
    verbose,
):
    """Train `net` on batches, one update each."""
    epochs = integer(WHO, "epochs", epochs)
    batches = source if isinstance(source, Batches) else _wrapped(source)
    _check_weights(sample_weight, class_weight)
    first = batches.first()
    with _named(0, 0):
        net.check(first[0])  # which may build it
    loss = (net.loss or losses.cross_entropy) if loss is None else losses.get(loss)
    trainer = training.Trainer(net, loss, training._optimizer(net, optimizer))
    feed = _Feed(net, loss, batches, class_weight, first)
    del first
    validation = training._validation(net, loss, validation_data, feed.classes)
    tally, validation_tally = (training._Tally(net, loss, metrics) for _ in range(2))
    watch = Callbacks([*callbacks, *([ProgressLine()] if verbose else [])], net)

    net.classes_, net.loss, net.optimizer = feed.classes, loss, trainer.optimizer
    feed.learn_preprocessing()
    runner = net.runner(loss, training=True)
    history, logs = training.History(), {}
    watch("on_train_begin", epochs=epochs, batches=batches.steps, samples=None)
    try:
        for epoch in range(epochs):
            watch("on_epoch_begin", epoch=epoch)
            started, seen = time.perf_counter(), _Seen(tally)
            for number, samples in enumerate(feed.epoch(epoch, runner, shuffle)):
                figures = seen.run(runner, samples, trainer.optimizer)
                watch("on_batch_end", epoch=epoch, batch=number, loss=figures.loss)
            seconds = time.perf_counter() - started
            figures = seen.result()
            if validation is not None:
                scores = training._evaluate(net, loss, validation, validation_tally, BATCH)
                figures |= {f"val_{name}": score for name, score in scores.items()}
            figures["seconds"] = seconds
            history.append(figures)
            logs = {"epoch": epoch, **figures, "samples_per_second": seen.n / max(seconds, 1e-9)}
            watch("on_epoch_end", **logs)
    finally:  # Ctrl-C too: the parameters are those of the last whole step
        net.forget()
        watch("on_train_end", **logs)
    return history


def _wrapped(source):
    if isinstance(source, Dataset):
        raise TypeError(f"{WHO}: expected x and y, got a Dataset; use fit(data.x, data.y)")
    try:
        return Batches(source)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("Batches:", f"{WHO}:", 1)) from None


def _check_weights(sample_weight, class_weight):
    if sample_weight is not None:
        raise ValueError(f"{WHO}: batches bring their weights themselves: (x, y, sample_weight)")
    if isinstance(class_weight, str):
        raise ValueError(
            f"{WHO}: class_weight {class_weight!r} needs all labels at once; with batches give "
            f"a dict, {{label: weight}}"
        )


@contextlib.contextmanager
def _named(epoch, number):
    """Say which batch an error is about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        reason = str(error).removeprefix(f"{WHO}: ")
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{WHO}: batch {number} of epoch {epoch}: {reason}") from error


class _Feed:
    """The batches as the loop runs them: checked, labels as class numbers."""

    def __init__(self, net, loss, batches, class_weight, first):
        self.net, self.loss, self.batches, self.class_weight = net, loss, batches, class_weight
        self.classes = net.classes_
        if self.classes is None and batches.classes is not None:
            labels = label_array(WHO, batches.classes)
            self.classes = find_classes(WHO, labels, max(net.output_shape[-1], 2))
        try:
            with _named(0, 0):
                self.classes = self._data(first, learn=True)[1].classes
        except ValueError as error:
            if "found" in str(error) and "classes in y" in str(error):
                mend = "if others follow, name all: fn.data.Batches(…, classes=[…])"
                raise ValueError(f"{error}; {mend}") from None
            raise

    def _data(self, batch, learn=False):
        x, y, weight = batch
        x = self.net.check(x)
        if len(x) == 0:
            raise ValueError(f"expected at least one sample, got x of shape {x.shape}")
        how = {"classes": self.classes, "learn": learn}
        return x, Data(WHO, self.net, self.loss, x, y, weight, self.class_weight, **how)

    def epoch(self, epoch, runner, shuffle):
        """Yield the `Samples` of each batch."""
        steps = len(self.batches.source) if self.batches.is_sequence else 0
        order = training._order(self.net, steps, shuffle and self.batches.is_sequence)
        for number, batch in enumerate(self.batches.epoch(order)):
            with _named(epoch, number):
                x, data = self._data(batch)
                check_inputs(WHO, x)
                source = runner.source(x)
            yield Samples(source, data.target, data.weight)

    def learn_preprocessing(self):
        """Let every layer that standardises see all batches, as the layers before leave them."""
        for layer in self.net.learns:
            if layer.mean is not None:
                continue
            if self.batches.ends:
                raise ValueError(
                    f"{WHO}: {layer.label} has to see all data before training, and an iterator "
                    f"gives them once; call its learn(x) first, or give a function or a sequence"
                )
            layer.learn_batches(
                self.net.read_by(layer, self.net.check(x)) for x, _, _ in self.batches.epoch()
            )


class _Seen:
    """The figures of an epoch whose batches come one by one."""

    def __init__(self, tally):
        self.tally, self.n = tally, 0
        self.targets, self.outputs = [], []
        tally.outputs(Samples(np.empty((0,))))

    def run(self, runner, samples, optimizer):
        """Make an update with a batch; return what it gave."""
        tally, n = self.tally, len(samples.x)
        outputs = tally.net.empty_outputs(n) if tally.metrics else None
        how = {"counts_right": tally.counts_right, "outputs": outputs, "optimizer": optimizer}
        (figures,) = runner.run(samples, 0, n, n, **how)
        tally.add(figures)
        self.n += n
        if tally.counts_right or tally.metrics:  # all that is kept of a batch
            self.targets.append(samples.target)
            self.outputs.extend(outputs or ())
        return figures

    def result(self):
        """Return the figures of all batches."""
        if self.targets:
            self.tally.samples = Samples(None, np.concatenate(self.targets))
        if self.outputs:
            self.tally.seen = np.concatenate(self.outputs)
        return self.tally.result()
