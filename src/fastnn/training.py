"""Training in many steps: `fit`, and `evaluate`.

Both check what they are given and leave the work to a runner (`fastnn.running`).
"""

import time

import numpy as np

from fastnn import functional, losses, optimizers
from fastnn.callbacks import Callbacks, Progress, ProgressLine
from fastnn.checks import integer
from fastnn.history import History
from fastnn.inputs import check_inputs
from fastnn.labels import Data
from fastnn.layers.preprocess import pieces
from fastnn.network import BATCH
from fastnn.running import Samples
from fastnn.soundness import check_loss
from fastnn.splitting import split
from fastnn.tally import Tally
from fastnn.trainer import Trainer

__all__ = ["SHUFFLE_STREAM", "History", "Trainer", "evaluate", "fit"]

SHUFFLE_STREAM = 2**31  # of random numbers; _core/random.pyx lists the others


def fit(
    net,
    x,
    y,
    *,
    loss=None,
    optimizer=None,
    epochs=1,
    batch_size=32,
    validation_data=None,
    validation_split=None,
    metrics=None,
    callbacks=(),
    sample_weight=None,
    class_weight=None,
    shuffle=True,
    initial_epoch=0,
    verbose=1,
    bootstrap=None,
):
    """Train `net`; see `Sequential.fit`, and `fastnn.splitting` for `bootstrap`."""
    who = "fit"
    epochs, batch_size = integer(who, "epochs", epochs), integer(who, "batch_size", batch_size)
    initial_epoch = integer(who, "initial_epoch", initial_epoch, 0, epochs)
    display = _display(who, verbose)
    x = net.check(x)
    loss = (net.loss or losses.cross_entropy) if loss is None else losses.get(loss)
    trainer = Trainer(net, loss, _optimizer(net, optimizer))
    data = Data(who, net, loss, x, y, sample_weight, class_weight, classes=net.classes_, learn=True)
    if len(x) == 0:
        raise ValueError(f"{who}: expected at least one sample, got x of shape {x.shape}")
    check_inputs(who, x)
    tally, validation_tally = Tally(net, loss, metrics), Tally(net, loss, metrics)
    if validation_split is None:
        validation = _validation(net, loss, validation_data, data.classes)
    else:
        seed = net.seed if bootstrap is None else bootstrap.seed
        validation = _set_aside(who, data, validation_split, validation_data, seed)
    if bootstrap is not None:
        data.rows = bootstrap.draw(np.arange(len(x)) if data.rows is None else data.rows)
    watch = Callbacks([*callbacks, *display], net)

    net.classes_, net.loss, net.optimizer = data.classes, loss, trainer.optimizer
    learn_preprocessing(net, data.x, data.rows)

    def validate():
        if validation is None:
            return {}
        scores = _evaluate(net, loss, validation, validation_tally, BATCH)
        return {f"val_{name}": score for name, score in scores.items()}

    course = _Course(trainer, tally, watch, batch_size, validate)
    source = course.runner.source(x)
    n = len(x) if data.rows is None else len(data.rows)
    history, logs = History(initial_epoch=initial_epoch), {}
    try:
        about = {"epochs": epochs, "initial_epoch": initial_epoch, "samples": n}
        watch("on_train_begin", **about, batches=-(-n // batch_size))
        for epoch in range(initial_epoch, epochs):
            if watch.stopped is not None:
                break
            watch("on_epoch_begin", epoch=epoch)
            started = time.perf_counter()
            order = _order(net, n, shuffle, data.rows)
            course.run(epoch, Samples(source, data.target, data.weight, order))
            seconds = time.perf_counter() - started
            if tally.done == 0:  # stopped before the first batch
                break
            figures = tally.result() | validate() | {"seconds": seconds}
            rate = tally.done / max(seconds, 1e-9)
            logs = watch("on_epoch_end", epoch=epoch, **figures, samples_per_second=rate)
            kept = set(logs) - {"epoch", "samples_per_second"}
            history.append({name: figure for name, figure in logs.items() if name in kept})
        history.stopped = watch.stopped
    finally:  # Ctrl-C too: the parameters are those of the last whole step
        net.forget()
        watch("on_train_end", **logs)
    return history


class _Course:
    """The batches of a training run, and who hears of them.

    Attributes
    ----------
    batches : int
        Done so far, over all epochs.
    """

    def __init__(self, trainer, tally, watch, batch_size, validate):
        self.trainer, self.tally, self.watch = trainer, tally, watch
        self.batch_size, self.validate, self.batches = batch_size, validate, 0
        self.runner = trainer.net.runner(trainer.loss, training=True)

    def run(self, epoch, samples):
        """Make a step of each batch, until a callback wants training to end."""
        tally, watch, batch = self.tally, self.watch, 0
        tally.begin(samples)
        while tally.done < samples.count and watch.stopped is None:
            if watch.batches:
                watch("on_batch_begin", epoch=epoch, batch=batch)
                if watch.stopped is not None:
                    break
            for figures in self._some(samples):
                rows = slice(tally.done, min(samples.count, tally.done + self.batch_size))
                check_loss(
                    self.trainer.net, self.trainer.loss, samples, rows, figures, epoch, batch
                )
                tally.add(figures, rows.stop - rows.start)
                if watch.batches:
                    watch("on_batch_end", epoch=epoch, batch=batch, loss=figures.loss)
                batch += 1
                self.batches += 1
            self._report(epoch, batch)

    def _some(self, samples):
        """Make as many steps as nobody needs to hear of one by one, and there is time for."""
        first, stop = self.tally.done, samples.count
        batches = self.watch.until(self.batches)
        if batches is not None:
            stop = min(stop, first + batches * self.batch_size)
        how = {"counts_right": self.tally.counts_right, "outputs": self.tally.outputs}
        optimizer = self.trainer.optimizer
        return self.runner.run(samples, first, stop, self.batch_size, optimizer=optimizer, **how)

    def _report(self, epoch, batches):
        """Tell who wants to know how far the epoch is."""
        watch, about = self.watch, {"epoch": epoch, "batches": batches, "samples": self.tally.done}
        if watch.methods["on_progress"]:
            watch("on_progress", **about, **self.tally.running())
        if due := watch.due(self.batches):
            watch.tell(due, about | self.tally.result() | self.validate())


def evaluate(net, x, y, *, loss, metrics, sample_weight, batch_size):
    """Return the loss and metrics of `net`; see `Sequential.evaluate`."""
    who = "evaluate"
    if loss is None and net.loss is None:
        raise ValueError(f'{who}: the network was not trained; give a loss: loss="cross_entropy"')
    x = net.check(x)
    loss = net.loss if loss is None else losses.get(loss)
    data = Data(who, net, loss, x, y, sample_weight, classes=net.classes_)
    batch_size = integer(who, "batch_size", batch_size)
    return _evaluate(net, loss, data, Tally(net, loss, metrics), batch_size)


def _evaluate(net, loss, data, tally, batch_size):
    runner = net.runner(loss)
    samples = Samples(runner.source(data.x), data.target, data.weight, data.rows)
    tally.begin(samples)
    how = {"counts_right": tally.counts_right, "outputs": tally.outputs}
    while tally.done < samples.count:
        for figures in runner.run(samples, tally.done, samples.count, batch_size, **how):
            tally.add(figures, min(batch_size, samples.count - tally.done))
    return tally.result()


def _display(who, verbose):
    """The callbacks that show progress."""
    return [[], [Progress()], [ProgressLine()]][integer(who, "verbose", int(verbose), 0, 2)]


def _optimizer(net, optimizer):
    """The optimizer of the last fit if it is meant, else the one asked for."""
    last = net.optimizer
    same = isinstance(optimizer, str) and type(last) is optimizers.OPTIMIZERS.get(optimizer)
    if last is not None and (optimizer is None or same):
        return last
    return optimizers.get(optimizer or "adam")


def _validation(net, loss, validation_data, classes):
    if validation_data is None:
        return None
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        raise ValueError("validation_data: expected (x, y) or (x, y, sample_weight)")
    x, y, *weight = validation_data
    return Data("validation_data", net, loss, net.check(x), y, *weight, classes=classes)


def _set_aside(who, data, share, validation_data, seed):
    """Leave a share of the data to validation, which is returned; nothing is copied."""
    if validation_data is not None:
        raise ValueError(f"{who}: expected validation_data or validation_split, got both")
    data.rows, rows = split(who, len(data.x), share, seed, data.labels)
    return data.held_out(rows)


def _order(net, n, shuffle, rows):
    """The order of the samples in the next epoch; shuffled means sorted by random keys."""
    epoch, net.epochs = net.epochs, net.epochs + 1
    if not shuffle:
        return rows
    keys = functional.random_uint32(n, seed=net.seed, stream=SHUFFLE_STREAM, counter=epoch)
    order = np.argsort(keys, kind="stable").astype(np.int64, copy=False)
    return order if rows is None else rows[order]


def learn_preprocessing(net, x, rows=None):
    """Let every layer that standardises see the data, as the layers before it leave it."""
    for layer in net.learns:
        if layer.mean is None:
            layer.learn_batches(net.read_by(layer, part) for part in pieces(x, rows))
