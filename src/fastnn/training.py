"""Training in many steps: `fit`, and `evaluate`.

Both check what they are given and leave the work to a runner (`fastnn.running`).
"""

import time

import numpy as np

from fastnn import functional, losses, optimizers
from fastnn.callbacks import Callbacks, ProgressLine
from fastnn.checks import integer
from fastnn.history import History
from fastnn.inputs import check_inputs
from fastnn.labels import Data
from fastnn.network import BATCH
from fastnn.running import Samples
from fastnn.tally import Tally
from fastnn.trainer import Trainer

__all__ = ["SHUFFLE_STREAM", "History", "Trainer", "evaluate", "fit"]

SHUFFLE_STREAM = 2**31  # of random numbers; _core/random.pyx lists the others


def fit(
    net,
    x,
    y,
    *,
    loss,
    optimizer,
    epochs,
    batch_size,
    validation_data,
    metrics,
    callbacks,
    sample_weight,
    class_weight,
    shuffle,
    verbose,
):
    """Train `net`; see `Sequential.fit`."""
    who = "fit"
    epochs, batch_size = integer(who, "epochs", epochs), integer(who, "batch_size", batch_size)
    x = net.check(x)
    loss = (net.loss or losses.cross_entropy) if loss is None else losses.get(loss)
    trainer = Trainer(net, loss, _optimizer(net, optimizer))
    data = Data(who, net, loss, x, y, sample_weight, class_weight, classes=net.classes_, learn=True)
    n = len(x)
    if n == 0:
        raise ValueError(f"{who}: expected at least one sample, got x of shape {x.shape}")
    check_inputs(who, x)
    validation = _validation(net, loss, validation_data, data.classes)
    tally, validation_tally = Tally(net, loss, metrics), Tally(net, loss, metrics)
    watch = Callbacks([*callbacks, *([ProgressLine()] if verbose else [])], net)

    net.classes_, net.loss, net.optimizer = data.classes, loss, trainer.optimizer
    _learn_preprocessing(net, x)
    runner = net.runner(loss, training=True)
    source = runner.source(x)
    history, logs = History(), {}
    watch("on_train_begin", epochs=epochs, batches=-(-n // batch_size), samples=n)
    try:
        for epoch in range(epochs):
            watch("on_epoch_begin", epoch=epoch)
            started = time.perf_counter()
            samples = Samples(source, data.target, data.weight, _order(net, n, shuffle))
            for batch, figures in enumerate(
                _batches(runner, samples, batch_size, tally, trainer.optimizer, watch.batch)
            ):
                watch("on_batch_end", epoch=epoch, batch=batch, loss=figures.loss)
            seconds = time.perf_counter() - started
            figures = tally.result()
            if validation is not None:
                scores = _evaluate(net, loss, validation, validation_tally, BATCH)
                figures |= {f"val_{name}": score for name, score in scores.items()}
            figures["seconds"] = seconds
            history.append(figures)
            logs = {"epoch": epoch, **figures, "samples_per_second": n / max(seconds, 1e-9)}
            watch("on_epoch_end", **logs)
    finally:  # Ctrl-C too: the parameters are those of the last whole step
        net.forget()
        watch("on_train_end", **logs)
    return history


def _batches(runner, samples, batch_size, tally, optimizer=None, one_by_one=False):
    """Run all samples in batches, and yield what each batch gave; the tally takes it in."""
    n, first = len(samples.x), 0
    outputs = tally.outputs(samples)
    while first < n:
        stop = min(n, first + batch_size) if one_by_one else n
        done = runner.run(
            samples,
            first,
            stop,
            batch_size,
            optimizer=optimizer,
            counts_right=tally.counts_right,
            outputs=outputs,
        )
        first = min(stop, first + batch_size * len(done))
        for figures in done:
            tally.add(figures)
            yield figures


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
    samples = Samples(runner.source(data.x), data.target, data.weight)
    for _ in _batches(runner, samples, batch_size, tally):
        pass
    return tally.result()


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


def _order(net, n, shuffle):
    """The order of the samples in the next epoch; shuffled means sorted by random keys."""
    epoch, net.epochs = net.epochs, net.epochs + 1
    if not shuffle:
        return None
    keys = functional.random_uint32(n, seed=net.seed, stream=SHUFFLE_STREAM, counter=epoch)
    return np.argsort(keys, kind="stable").astype(np.int64, copy=False)


def _learn_preprocessing(net, x):
    """Let every layer that standardises see the data, as the layers before it leave it."""
    for layer in net.learns:
        if layer.mean is None:
            layer.learn_batches(
                net.read_by(layer, x[start : start + BATCH]) for start in range(0, len(x), BATCH)
            )
