"""Trainer: a network, a loss and an optimizer; one step of training at a time."""

import copy
import math

import numpy as np

from fastnn import losses, optimizers
from fastnn.checks import integer
from fastnn.finite import all_finite
from fastnn.inputs import check_inputs
from fastnn.labels import sample_weights
from fastnn.layers import Layer
from fastnn.running import Samples
from fastnn.soundness import NonFiniteLossError
from fastnn.upkeep import Upkeep

MOST = 16384  # batches that one update takes: 128 sums of 128


def accumulation(who, steps):
    """Return `gradient_accumulation_steps` checked."""
    return integer(who, "gradient_accumulation_steps", steps, 1, MOST)


class Trainer:
    """A network, a loss and an optimizer: one training step at a time.

    Parameters
    ----------
    net : Sequential
    loss : str or Loss
        See `fastnn.losses`.
    optimizer : str or Optimizer
        See `fastnn.optimizers`.
    gradient_accumulation_steps : int
        How many batches, each a call of `step`, make one update: by the gradient of the mean loss
        over all their samples, added up in double precision. Until the last of them parameters
        stay. See `flush`.
    raise_non_finite : bool
        Whether a step raises `NonFiniteLossError` where its loss is NaN or infinite, or its update
        would make parameters so. Network and optimizer are then as before the step, to the bit;
        other batches can follow. For that both are copied at every step.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(1, bias=False)], input_shape=(1,))
    >>> net.parameters[:] = 3.0
    >>> trainer = fn.Trainer(net, loss="half_squared_error", optimizer=fn.optimizers.SGD(0.5))
    >>> trainer.step([[1.0]], [[1.0]]), net.parameters.tolist()
    (2.0, [2.0])
    """

    def __init__(
        self,
        net,
        loss="cross_entropy",
        optimizer="sgd",
        *,
        gradient_accumulation_steps=1,
        raise_non_finite=False,
    ):
        self.net = net
        self.loss = losses.get(loss)
        self.optimizer = optimizers.get(optimizer)
        steps = accumulation("Trainer", gradient_accumulation_steps)
        self.gradient_accumulation_steps = steps
        if steps > 1 and hasattr(self.optimizer, "minimize"):
            raise ValueError(
                f"Trainer: LBFGS takes the loss of all samples at once; expected "
                f"gradient_accumulation_steps of 1, got {steps}"
            )
        self.optimizer.serve(net)
        if net.built:
            self.loss.route(net)  # may refuse the network
        self._quick = None  # a shorter way for what is checked already, and whose it is
        self.raise_non_finite = bool(raise_non_finite)
        self._sums = None  # of the batches since the last update

    def __getstate__(self):
        return self.__dict__ | {"_quick": None}

    def step(self, x, y, sample_weight=None):
        """Make one update, unless the loss is NaN or infinite.

        With gradient accumulation every so many calls make one, if the losses of all are finite.
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

        Raises
        ------
        NonFiniteLossError
            With `raise_non_finite`, if it is no finite number, or the update makes none of one.
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
        if self.raise_non_finite:
            if not self.net.built:
                self.net.check(x)  # which builds it
            return self._careful(lambda: self._step(x, y, sample_weight), x, y, sample_weight)
        return self._step(x, y, sample_weight)

    def _step(self, x, y, weight):
        if self.gradient_accumulation_steps > 1:
            return self._add(x, y, weight)
        return self._run(x, y, weight, self.optimizer)

    def _careful(self, step, *batch):
        """Make a step, or take it back and raise."""
        from fastnn.replaying import Moment  # which needs more of the package than steps do

        net, optimizer, sums = self.net, self.optimizer, self._sums
        before, rows = Moment(net, optimizer), 0 if sums is None else sums.rows
        kept = None if sums is None else sums.copy()
        loss = step()
        lost = not all_finite(net.parameters)
        if math.isfinite(loss) and not lost:
            return loss
        before.restore(net, optimizer)
        self._sums = kept
        where = ""
        if math.isfinite(loss):
            where = "Its update would have made parameters NaN or infinite"
        elif batch:
            x, y, weight = batch
            from fastnn.diagnosing import first_unsound

            where = str(first_unsound(net, x, y, self.loss, weight, rows) or "")
        raise NonFiniteLossError(loss, None, None, net.steps, where)

    def flush(self):
        """Make the update of the batches since the last one, as at the end of an epoch.

        Returns
        -------
        bool
            Whether there were any: none without gradient accumulation.

        Examples
        --------
        >>> import fastnn as fn
        >>> net = fn.Sequential([fn.layers.Dense(1, bias=False)], input_shape=(1,))
        >>> trainer = fn.Trainer(net, "squared_error", "sgd", gradient_accumulation_steps=3)
        >>> for n in range(1, 6):
        ...     loss = trainer.step([[n]], [[0.0]])
        >>> net.steps, trainer.flush(), net.steps, trainer.flush()
        (1, True, 2, False)
        """
        if self._sums is None:
            return False
        if self.raise_non_finite:
            self._careful(self._flush)
        else:
            self._flush()
        return True

    def _flush(self):
        sums, self._sums = self._sums, None
        sums.update(self.optimizer)
        return 0.0

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

    def _samples(self, x, y, weight):
        """Return a batch checked, and what runs it."""
        net = self.net
        x = net.check(x)
        y = self.loss.targets(y, len(x), net)
        if weight is not None:
            weight = sample_weights("Trainer", weight, len(x), net.dtype)
        runner = net.runner(self.loss, training=True)
        return Samples(runner.source(x) if len(x) else x, y, weight), runner

    def _run(self, x, y, weight, optimizer):
        net = self.net
        samples, runner = self._samples(x, y, weight)
        n = samples.count
        if n == 0:
            return _step_on_nothing(net, optimizer)
        self._quick = None
        if (
            runner.quick is not None
            and self.optimizer.compiled
            and self.gradient_accumulation_steps == 1
            and not self.raise_non_finite
        ):
            self._quick = runner.quick, net, self.loss, self.optimizer, Layer.switched
        (figures,) = runner.run(samples, 0, n, n, optimizer=optimizer)
        return _mean(figures, samples)

    def _add(self, x, y, weight):
        """Take a batch in, and make an update if it is the last that it takes."""
        samples, runner = self._samples(x, y, weight)
        if self._sums is None:
            self._sums = _Sums(self.net, self.loss)
        loss = self._sums.add(samples, runner)
        if self._sums.batches >= self.gradient_accumulation_steps:
            self._flush()
        return loss


class _Sums:
    """Gradients of batches that make one update together, times what their samples weigh."""

    def __init__(self, net, loss):
        self.net, self.loss = net, loss
        self.gradients = np.zeros(net.parameters.size)
        self.weight = self.batch = self.rows = self.batches = 0
        self.sound = True

    def copy(self):
        """Return sums to which others are added."""
        found = copy.copy(self)
        found.gradients = self.gradients.copy()
        return found

    def add(self, samples, runner):
        """Add a batch; return its loss, penalties included."""
        net, n = self.net, samples.count
        if n == 0:
            self.batches += 1
            return Upkeep(net).penalty(gradients=False, batch=0)
        weights = self._weights(samples)
        weight = 1.0 if self.loss.reduction == "sum" else weights[0]
        kept = {"first_row": self.rows, "penalised": False}
        (figures,) = runner.run(samples, 0, n, n, **kept)
        loss = _mean(figures, samples)
        self.sound = self.sound and math.isfinite(loss)
        if self.sound:
            self.gradients += weight * net.gradients.astype(np.float64)
        self.weight += weight
        self.batch += weights[0]
        self.rows += n
        self.batches += 1
        return loss

    def _weights(self, samples):
        """What a batch counts among the others in the loss of each output: in means, the same."""
        shapes = [(samples.count, *shape) for shape in self.net.output_shapes]
        weights = self.loss.total_weights(samples.target, samples.weight, shapes)
        if len(set(weights)) > 1 and self.loss.reduction == "mean":
            raise ValueError(
                f"Trainer: expected batches that weigh the same in the losses of all outputs, got "
                f"{', '.join(f'{weight:g}' for weight in weights)}; where labels have weights, "
                f"or are ignored, fit can accumulate their gradients"
            )
        return weights

    def update(self, optimizer):
        """Make the update, if all losses were finite."""
        if not self.sound:
            return
        upkeep, mean = Upkeep(self.net), self.loss.reduction == "mean"
        over = self.weight if mean and self.weight > 0 else 1.0
        self.net.gradients[...] = self.gradients / over
        upkeep.penalty(gradients=True, batch=self.batch)
        upkeep.update(optimizer)


def _mean(figures, samples):
    """The mean loss of a batch; raises if it is NaN as its inputs are."""
    if figures.loss != figures.loss:  # NaN; looking for one in x first would cost every step
        check_inputs("Trainer", samples.x)
    return figures.loss


def _step_on_nothing(net, optimizer):
    upkeep = Upkeep(net)
    net.gradients[...] = 0
    penalty = upkeep.penalty(gradients=True, batch=0)
    if optimizer is not None:
        upkeep.update(optimizer)
    return penalty
