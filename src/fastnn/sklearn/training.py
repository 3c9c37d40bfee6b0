"""Training epoch by epoch, with scikit-learn's rules of when it ends; and by L-BFGS."""

import math
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fastnn.callbacks.stopping import State

from .solving import minimize


class Diverged(Exception):
    """The loss of a batch is not finite."""


def not_finite(who):
    """Return the error that says that training led nowhere."""
    return ValueError(
        f"{who}: Solver produced non-finite parameter weights. The input data may contain large "
        f"values and need to be preprocessed."
    )


class Objective:
    """What training minimises, and the number that scikit-learn would call its loss.

    Parameters
    ----------
    loss : Loss
    scale : float
        What a loss of the data counts: scikit-learn's squared error is a mean over outputs.
    offset : ndarray, shape (N,), or None
        What is added for each sample, whatever the network makes of it.
    """

    def __init__(self, loss, scale=1.0, offset=None):
        self.loss, self.scale, self.offset = loss, scale, offset

    def added(self, samples, batch_size):
        """Return the sum of the offsets of these samples, weighted within their batches."""
        if self.offset is None:
            return 0.0
        order = np.arange(samples.count) if samples.order is None else samples.order
        offset = self.offset[order]
        if samples.weight is None:
            return float(offset.sum())
        weight = samples.weight[order].astype(np.float64)
        starts = np.arange(0, len(order), batch_size)
        sizes = np.diff(np.append(starts, len(order)))
        weights = np.add.reduceat(weight, starts)
        sums = np.add.reduceat(weight * offset, starts)
        return float((sizes * sums / np.where(weights > 0, weights, 1)).sum())


class Descent:
    """Epochs of an estimator's solver, `sgd` or `adam`."""

    def __init__(self, estimator, settings, objective, batches, validate, tasks):
        self.estimator, self.settings, self.objective = estimator, settings, objective
        self.batches, self.validate, self.tasks = batches, validate, tasks
        self.net, self.solver = estimator.network_, estimator._optimizer
        self.runner = self.net.runner(objective.loss, training=True)
        self.batch_size = self._batch_size(len(batches))
        self.best = None

    def _batch_size(self, n):
        wanted = self.settings.batch_size
        if wanted == "auto":
            return min(self.estimator._auto_batch, n)
        if wanted > n:
            warnings.warn(
                f"{self.settings.who}: batch_size={wanted} is more than the {n} samples; it is "
                f"clipped",
                stacklevel=7,
            )
        return min(wanted, n)

    def run(self, epochs):
        """Train for so many epochs at most; return whether the rules ended it."""
        estimator, settings = self.estimator, self.settings
        order, estimator.n_iter_ = None, 0
        try:
            while estimator.n_iter_ < epochs:
                self.tasks.begin_iteration()
                if settings.shuffle:
                    order = self._shuffled(order)
                estimator.loss_ = self._epoch(order)
                self._note()
                wants_end = self.tasks.end_iteration()
                if wants_end or self._is_over():
                    return True
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=6)
            return True
        except Diverged:
            if self.best is None:
                raise not_finite(settings.who) from None
            estimator.n_iter_ += 1
            estimator.loss_ = math.nan
            estimator.loss_curve_.append(math.nan)
            estimator.validation_scores_.append(math.nan)
            estimator.validation_loss_curve_.append(math.nan)
            warnings.warn(
                f"{settings.who}: the loss is not finite in epoch {estimator.n_iter_}; training "
                f"ends with the weights of the best validation score",
                ConvergenceWarning,
                stacklevel=6,
            )
            return True
        finally:
            self.net.forget()
            if self.best is not None:
                self.best.restore(self.net)
        return False

    def warn_of_end(self):
        """Say that the number of epochs has ended training."""
        warnings.warn(
            f"{self.settings.who}: Stochastic Optimizer: Maximum iterations "
            f"({self.settings.max_iter}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=6,
        )

    def _shuffled(self, order):
        """Return another order, drawn as scikit-learn draws it: of the order before."""
        drawn = np.arange(len(self.batches))
        self.estimator._random_state.shuffle(drawn)
        return drawn if order is None else order[drawn]

    def _epoch(self, order):
        """Make a step of each batch; return the loss, each batch's before its step."""
        size, scale, total = self.batch_size, self.objective.scale, 0.0
        for samples in self.batches.pieces(self.runner, size, order):
            first, count = 0, samples.count
            total += self.objective.added(samples, size)
            while first < count:
                done = self.runner.run(samples, first, count, size, optimizer=self.solver.optimizer)
                for figures in done:
                    taken = min(size, count - first)
                    total += (scale * figures.data_loss + figures.penalty) * taken
                    first += taken
                if not done[-1].sound:
                    raise Diverged
        return total / len(self.batches)

    def _note(self):
        """Keep the figures of an epoch, and how often nothing improved."""
        estimator, settings = self.estimator, self.settings
        estimator.n_iter_ += 1
        estimator.t_ += len(self.batches)
        estimator.loss_curve_.append(estimator.loss_)
        if settings.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        if self.validate is not None:
            score, loss = self.validate()
            estimator.validation_scores_.append(score)
            estimator.validation_loss_curve_.append(loss)
            if settings.verbose:
                print(f"Validation score: {score:f}")
        if settings.early_stopping:
            self._count(score < estimator.best_validation_score_ + settings.tol)
            if score > estimator.best_validation_score_:
                estimator.best_validation_score_ = score
                self.best = State(self.net)
            elif self.best is None:
                self.best = State(self.net)
        else:
            best = math.inf if estimator.best_loss_ is None else estimator.best_loss_
            self._count(estimator.loss_ > best - settings.tol)
            estimator.best_loss_ = min(best, estimator.loss_)
        self.solver.end_epoch(estimator.t_)

    def _count(self, no_better):
        estimator = self.estimator
        estimator._no_improvement_count = estimator._no_improvement_count + 1 if no_better else 0

    def _is_over(self):
        """Whether nothing improved for long, and no smaller steps are left to try."""
        estimator, settings = self.estimator, self.settings
        if estimator._no_improvement_count <= settings.patience:
            return False
        what = "Validation score" if settings.early_stopping else "Training loss"
        message = (
            f"{what} did not improve more than tol={settings.tol:f} for {settings.patience} "
            f"consecutive epochs."
        )
        if self.solver.slow_down():
            estimator._no_improvement_count = 0
            message += f" Setting learning rate to {self.solver.learning_rate:f}"
            over = False
        else:
            too_small = " Learning rate too small." if self.solver.kind == "adaptive" else ""
            message += f"{too_small} Stopping."
            over = True
        if settings.verbose:
            print(message)
        return over


def search(estimator, settings, objective, batches, tasks):
    """Train by L-BFGS on all samples at once; those of a sparse matrix piece by piece."""
    net = estimator.network_
    runner = net.runner(objective.loss, training=True)
    n = len(batches)
    decays = _shared_decays(net)

    def loss_and_gradients():
        parts = []
        for samples in batches.pieces(runner, 1):
            (figures,) = runner.run(samples, 0, samples.count, samples.count)
            parts.append((figures, net.gradients.copy() if n > samples.count else net.gradients))
        if len(parts) > 1:
            return _joined(net, parts, decays)
        return parts[0][0].loss

    def after_iteration(x):
        net.parameters[...] = x
        tasks.begin_iteration()
        estimator.n_iter_ += 1
        if settings.verbose:
            print(f"Iteration {estimator.n_iter_}")
        if tasks.end_iteration():
            raise StopIteration

    estimator.n_iter_ = 0
    estimator.n_iter_, loss = minimize(net, settings, loss_and_gradients, after_iteration)
    net.forget()
    penalty = _shared_penalty(net, decays) / (n if batches.weight is None else _total(batches))
    added = 0.0
    if objective.offset is not None:
        added = float(np.average(objective.offset, weights=batches.weight))
    estimator.loss_ = objective.scale * (loss - penalty) + penalty + added


def _total(batches):
    weight = batches.weight if batches.rows is None else batches.weight[batches.rows]
    return float(weight.sum(dtype=np.float64)) or 1.0


def _shared_decays(net):
    """Return, for each parameter, by what its penalty pulls at it over all samples."""
    decays = np.zeros(net.parameters.size)
    for layer in net.layers:
        start = net.places[layer]
        for name, array in layer.parameters.items():
            regularizer = layer.regularizers.get(name)
            if regularizer is not None and regularizer.shared:
                decays[start : start + array.size] = 2 * regularizer.l2
            start += array.size
    return decays


def _shared_penalty(net, decays):
    return float(decays @ net.parameters.astype(np.float64) ** 2) / 2


def _joined(net, parts, decays):
    """Return the loss of all pieces and leave its gradient; penalties count once, not in each."""
    weights = np.array([figures.weight for figures, _ in parts])
    total = weights.sum() or 1.0
    more = len(parts) - 1
    gradient = sum(
        weight * part.astype(np.float64) for weight, (_, part) in zip(weights, parts, strict=True)
    )
    net.gradients[...] = (gradient - more * decays * net.parameters) / total
    loss = sum(figures.weight * figures.loss for figures, _ in parts)
    return (loss - more * _shared_penalty(net, decays)) / total
