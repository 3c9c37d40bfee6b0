"""Training: one step of it (`Trainer`), and many (`fit`) with what they leave behind (`History`).

Both check what they are given and leave the work to a runner (`fastnn.running`).
"""

import time

import numpy as np

from fastnn import functional, losses, optimizers
from fastnn.callbacks import Callbacks, ProgressLine
from fastnn.checks import integer
from fastnn.inputs import check_inputs
from fastnn.labels import Data, sample_weights
from fastnn.layers import Layer
from fastnn.network import BATCH
from fastnn.running import Samples
from fastnn.upkeep import Upkeep

SHUFFLE_STREAM = 2**31  # of random numbers; _core/random.pyx lists the others


class Trainer:
    """A network, a loss and an optimizer: one training step at a time.

    Parameters
    ----------
    net : Sequential
    loss : str or Loss
        See `fastnn.losses`.
    optimizer : str or Optimizer
        See `fastnn.optimizers`.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(1, bias=False)], input_shape=(1,))
    >>> net.parameters[:] = 3.0
    >>> trainer = fn.Trainer(net, loss="half_squared_error", optimizer=fn.optimizers.SGD(0.5))
    >>> trainer.step([[1.0]], [[1.0]]), net.parameters.tolist()
    (2.0, [2.0])
    """

    def __init__(self, net, loss="cross_entropy", optimizer="sgd"):
        self.net = net
        self.loss = losses.get(loss)
        self.optimizer = optimizers.get(optimizer)
        self.optimizer.serve(net)
        if net.built:
            self.loss.route(net)  # may refuse the network
        self._quick = None  # a shorter way for what is checked already, and whose it is

    def __getstate__(self):
        return self.__dict__ | {"_quick": None}

    def step(self, x, y, sample_weight=None):
        """Make one update, unless the loss is NaN.

        `net.gradients` need not hold the gradients afterwards: see `loss_and_gradients`.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape)
        y : array_like
            Class numbers 0 … C − 1 or rows of shares for losses of classes, else numbers of the
            shape of the output; (N,) and (N, 1) mean the same.
        sample_weight : array_like, shape (N,), optional

        Returns
        -------
        float
            Mean loss of the batch, before the update.
        """
        if self._quick is not None and sample_weight is None:
            quick, net, loss, optimizer, switched = self._quick
            if (
                net is self.net
                and loss is self.loss
                and optimizer is self.optimizer
                and switched == Layer.switched
            ):
                mean = quick(x, y, optimizer)
                if mean is not None:
                    return mean
        return self._run(x, y, sample_weight, self.optimizer)

    def loss_and_gradients(self, x, y, sample_weight=None):
        """Fill `net.gradients` with those of the mean loss, without an update.

        Another call with the same batch repeats all noise, as does a step that follows: noise
        changes with `net.steps`, which counts updates. One who makes updates from these gradients
        counts them: ``net.steps += 1``.

        Parameters
        ----------
        x, y, sample_weight
            As for `step`.

        Returns
        -------
        float
            Mean loss of the batch.
        """
        return self._run(x, y, sample_weight, None)

    def _run(self, x, y, weight, optimizer):
        net = self.net
        x = net.check(x)
        y = self.loss.targets(y, len(x), net)
        if weight is not None:
            weight = sample_weights("Trainer", weight, len(x), net.dtype)
        runner = net.runner(self.loss, training=True)
        if len(x) == 0:
            return _step_on_nothing(net, optimizer)
        self._quick = None
        if runner.quick is not None and self.optimizer.compiled:
            self._quick = runner.quick, net, self.loss, self.optimizer, Layer.switched
        samples = Samples(runner.source(x), y, weight)
        (figures,) = runner.run(samples, 0, len(x), len(x), optimizer=optimizer)
        if figures.loss != figures.loss:  # NaN; looking for one in x first would cost every step
            check_inputs("Trainer", x)
        return figures.loss


def _step_on_nothing(net, optimizer):
    upkeep = Upkeep(net)
    net.gradients[...] = 0
    penalty = upkeep.penalty(gradients=True)
    if optimizer is not None:
        upkeep.update(optimizer)
    return penalty


class History(dict):
    """The figures of a training run: a list for each, with an entry an epoch."""

    def append(self, figures):
        """Add the figures of an epoch."""
        for name, value in figures.items():
            self.setdefault(name, []).append(value)


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
    tally, validation_tally = _Tally(net, loss, metrics), _Tally(net, loss, metrics)
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
    return _evaluate(net, loss, data, _Tally(net, loss, metrics), batch_size)


def _evaluate(net, loss, data, tally, batch_size):
    runner = net.runner(loss)
    samples = Samples(runner.source(data.x), data.target, data.weight)
    for _ in _batches(runner, samples, batch_size, tally):
        pass
    return tally.result()


class _Tally:
    """The weighted mean loss over batches, the accuracy, and the user's metrics."""

    def __init__(self, net, loss, metrics):
        self.net, self.loss = net, loss
        if metrics is None:
            metrics = ["accuracy"] if loss.decides else []
        self.metrics = [m for m in metrics if m != "accuracy"]
        self.counts_right = len(self.metrics) < len(metrics)
        if metrics and len(net.outputs) > 1:
            raise ValueError(
                f"metrics: they are for networks with one output, got {len(net.outputs)} outputs; "
                f"use predict"
            )
        for metric in self.metrics:
            if not callable(metric):
                raise ValueError(
                    f'metrics: expected "accuracy" or functions (y_true, y_pred), got {metric!r}'
                )
        if self.counts_right and not loss.decides:
            raise ValueError(f"metrics: accuracy is for classification, {loss.name} has no classes")

    def outputs(self, samples):
        """Begin with these samples; return where their outputs shall go, if anywhere."""
        self.total = self.weight = self.right = self.penalty = self.batches = 0
        self.samples, self.seen = samples, None
        if self.metrics:
            (self.seen,) = outputs = self.net.empty_outputs(len(samples.x))
            return outputs
        return None

    def add(self, figures):
        """Take in what a batch gave."""
        adds = self.loss.reduction == "sum"
        self.total += figures.data_loss if adds else figures.data_loss * figures.weight
        self.penalty += figures.penalty
        self.batches += 1
        self.weight += figures.weight
        self.right += figures.right

    def result(self):
        """Return the figures of all batches."""
        over = 1 if self.loss.reduction == "sum" else self.weight
        penalty = self.penalty / max(self.batches, 1)
        figures = {"loss": (self.total / over if over else 0.0) + penalty}
        if self.counts_right:
            decisions = int(np.count_nonzero(self.loss.counted(self.samples.target)))
            figures["accuracy"] = self.right / decisions if decisions else 0.0
        if self.metrics and len(self.seen):
            true, predicted = self._compared()
            for metric in self.metrics:
                figures[getattr(metric, "__name__", "metric")] = float(metric(true, predicted))
        return figures

    def _compared(self):
        """What the user's metrics see: labels where there are any, else outputs."""
        true, predicted = self.samples.target, self.seen
        if self.samples.order is not None:
            true = true[self.samples.order]
        if self.loss.decides:
            counted = self.loss.counted(true)
            true, predicted = self.loss.decided(true), self.loss.decided(predicted, logits=True)
            if not counted.all():
                true, predicted = true[counted], predicted[counted]
        return self._labels(true), self._labels(predicted)

    def _labels(self, values):
        """What the user's metrics see: labels where there are any."""
        if self.net.classes_ is None:
            return values
        return self.net.decode(values[..., 0] if self.loss.decides == "sign" else values)


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
