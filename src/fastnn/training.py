"""Training: one step of it (`Trainer`), and many (`fit`) with what they leave behind (`History`).

batch -> preprocess, pack -> stages -> loss -> stages backwards -> optimizer
"""

import time

import numpy as np

from fastnn import functional, losses, optimizers
from fastnn.callbacks import Callbacks, ProgressLine
from fastnn.checks import check_no_nan, integer
from fastnn.labels import Data, sample_weights
from fastnn.layers import Standardize
from fastnn.network import BATCH

SHUFFLE_STREAM = 2**31  # of random numbers; a layer's are twice its index and one more


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
        self.stages = self.loss.stages(net.stages) if net.built else None

    def step(self, x, y, sample_weight=None):
        """Make one update.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape)
        y : array_like
            Class numbers 0 … C − 1 or rows of shares for cross-entropy, else numbers of the shape
            of the output; (N,) and (N, 1) mean the same.
        sample_weight : array_like, shape (N,), optional

        Returns
        -------
        float
            Mean loss of the batch, before the update.
        """
        loss = self.loss_and_gradients(x, y, sample_weight)
        self.optimizer.update(self.net.parameters, self.net.gradients)
        return loss

    def loss_and_gradients(self, x, y, sample_weight=None):
        """Fill `net.gradients` with those of the mean loss, without an update.

        Parameters
        ----------
        x, y, sample_weight
            As for `step`.

        Returns
        -------
        float
            Mean loss of the batch.
        """
        x = self.net.check(x)
        if self.stages is None:
            self.stages = self.loss.stages(self.net.stages)
        y = self.loss.target(y, (len(x), *self.net.output_shape), self.net.dtype)
        if sample_weight is not None:
            sample_weight = sample_weights("Trainer", sample_weight, len(x), self.net.dtype)
        return self.differentiate(x, y, sample_weight)[0]

    def differentiate(self, x, y, weights):
        """Fill the gradients for a checked batch; return its loss and the outputs that it saw."""
        net = self.net
        outputs = net.run(net.enter(x), self.stages, training=True)
        loss, doutputs = self.loss(outputs, y, weights)
        if loss != loss:  # NaN; looking for one in x first would cost every step
            check_no_nan("Trainer", "x", x)
        net.run_back(doutputs, self.stages)
        return loss, outputs


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
    check_no_nan(who, "x", x)
    validation = _validation(net, loss, validation_data, data.classes)
    tally, validation_tally = _Tally(net, loss, metrics), _Tally(net, loss, metrics)
    watch = Callbacks([*callbacks, *([ProgressLine()] if verbose else [])], net)

    net.classes_, net.loss, net.optimizer = data.classes, loss, trainer.optimizer
    _learn_preprocessing(net, x)
    history, logs = History(), {}
    watch("on_train_begin", epochs=epochs, batches=-(-n // batch_size), samples=n)
    try:
        for epoch in range(epochs):
            watch("on_epoch_begin", epoch=epoch)
            started = time.perf_counter()
            for batch, rows in enumerate(_batches(net, n, batch_size, shuffle)):
                batch_x, target, weight = data[rows]
                value, outputs = trainer.differentiate(batch_x, target, weight)
                trainer.optimizer.update(net.parameters, net.gradients)
                tally.add(value, outputs, target, weight)
                watch("on_batch_end", epoch=epoch, batch=batch, loss=value)
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
    stages = loss.stages(net.stages)
    for start in range(0, len(data.x), batch_size):
        x, target, weight = data[start : start + batch_size]
        outputs = net.infer(x, stages)
        value, _ = loss(outputs, target, weight)
        tally.add(value, outputs, target, weight)
    return tally.result()


class _Tally:
    """The weighted mean loss over batches, the accuracy, and the user's metrics."""

    def __init__(self, net, loss, metrics):
        self.net, self.loss = net, loss
        if metrics is None:
            metrics = ["accuracy"] if loss.activation else []
        self.metrics = [m for m in metrics if m != "accuracy"]
        self.counts_right = len(self.metrics) < len(metrics)
        for metric in self.metrics:
            if not callable(metric):
                raise ValueError(
                    f'metrics: expected "accuracy" or functions (y_true, y_pred), got {metric!r}'
                )
        if self.counts_right and not loss.activation:
            raise ValueError(f"metrics: accuracy is for classification, {loss.name} has no classes")
        self._clear()

    def _clear(self):
        self.total = self.weight = self.right = self.decisions = 0
        self.true, self.predicted = [], []

    def add(self, loss, outputs, target, weight):
        """Take in a batch: its mean loss, the outputs that it saw, targets and weights."""
        weight = outputs.n if weight is None else float(weight.sum())
        self.total += loss * weight
        self.weight += weight
        if not self.counts_right and not self.metrics:
            return
        outputs = outputs.unpack()
        true, predicted = target, outputs
        if self.loss.activation == "softmax":
            true = target if target.ndim < outputs.ndim else target.argmax(axis=-1)
            predicted = outputs.argmax(axis=-1)
        elif self.loss.activation == "sigmoid":
            true, predicted = (target > 0.5).astype(np.int64), (outputs > 0).astype(np.int64)
        self.right += int(np.count_nonzero(true == predicted))
        self.decisions += true.size
        if self.metrics:
            self.true.append(true)
            self.predicted.append(predicted)

    def result(self):
        """Return the figures, and start anew."""
        figures = {"loss": self.total / self.weight if self.weight else 0.0}
        if self.counts_right:
            figures["accuracy"] = self.right / self.decisions if self.decisions else 0.0
        if self.metrics and self.true:
            true, predicted = (self._labels(np.concatenate(a)) for a in (self.true, self.predicted))
            for metric in self.metrics:
                figures[getattr(metric, "__name__", "metric")] = float(metric(true, predicted))
        self._clear()
        return figures

    def _labels(self, values):
        """What the user's metrics see: labels where there are any."""
        if self.net.classes_ is None:
            return values
        return self.net.decode(values[..., 0] if self.loss.activation == "sigmoid" else values)


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


def _batches(net, n, batch_size, shuffle):
    """The rows of every batch of the next epoch; shuffled means sorted by random keys."""
    epoch, net.epochs = net.epochs, net.epochs + 1
    if shuffle:
        keys = functional.random_uint32(n, seed=net.seed, stream=SHUFFLE_STREAM, counter=epoch)
        order = np.argsort(keys, kind="stable")
    for start in range(0, n, batch_size):
        rows = slice(start, start + batch_size)
        yield order[rows] if shuffle else rows


def _learn_preprocessing(net, x):
    """Let every layer that standardises see the data, as the layers before it leave it."""
    for index, layer in enumerate(net.layers):
        if not isinstance(layer, Standardize) or layer.mean is not None:
            continue
        before = net.layers[:index]
        layer.learn_batches(
            _forward(before, x[start : start + BATCH]) for start in range(0, len(x), BATCH)
        )


def _forward(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x
