"""Trainer: a network, a loss and an optimizer; one step of training at a time."""

from fastnn import losses, optimizers
from fastnn.inputs import check_inputs
from fastnn.labels import sample_weights
from fastnn.layers import Layer
from fastnn.running import Samples
from fastnn.upkeep import Upkeep


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
        """Make one update, unless the loss is NaN or infinite.

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
