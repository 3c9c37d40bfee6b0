"""Validation: data that are not trained on, their loss, and the score that stops training early."""

import numpy as np
from sklearn.metrics import check_scoring

from fastnn.finite import all_finite


class Validation:
    """Evaluates a network on held-out data.

    Parameters
    ----------
    estimator
        Whose `network_` it is, and whose `scoring` says what a score is.
    batches : Batches
    x, y, weight
        The same data, as a scorer of scikit-learn takes them: it is called only if one is asked
        for, so these are functions.
    """

    def __init__(self, estimator, loss, scale, batches, given):
        self.estimator, self.loss, self.scale, self.batches = estimator, loss, scale, batches
        self._given, self._scorer = given, None
        scoring = estimator.scoring
        if scoring is not None and scoring != "loss":
            self._scorer = check_scoring(estimator, scoring)
            self._data = given()
        rows = batches.rows
        self.target = batches.target if rows is None else batches.target[rows]
        self.weight = batches.weight
        if self.weight is not None and rows is not None:
            self.weight = self.weight[rows]

    def __call__(self):
        """Return the score, of which more is better, and the loss without penalties."""
        net = self.estimator.network_
        runner = net.runner(self.loss)
        found, total, weights = [], 0.0, 0.0
        for samples in self.batches.pieces(runner, 1):
            y, first = net.empty_outputs(samples.count), 0
            while first < samples.count:
                for figures in runner.run(samples, first, samples.count, 1024, outputs=y):
                    total += figures.data_loss * figures.weight
                    weights += figures.weight
                    first += 1024
            found.append(y[0])
        loss = self.scale * total / weights if weights else 0.0
        y = found[0] if len(found) == 1 else np.concatenate(found)
        if not all_finite(y):
            return float("nan"), loss
        if self.estimator.scoring == "loss":
            return -loss, loss
        if self._scorer is not None:
            x, target, weight = self._data
            more = {} if weight is None else {"sample_weight": weight}
            return float(self._scorer(self.estimator, x, target, **more)), loss
        return float(self.estimator._score_outputs(y, self.target, self.weight)), loss


def accuracy(right, weight):
    """Return the share of right decisions."""
    return np.average(right, weights=weight)


def r2(y, target, weight):
    """Return the coefficient of determination, a mean over outputs; 1 or 0 for constant targets."""
    weight = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    y, target = y.astype(np.float64), target.astype(np.float64)
    mean = np.average(target, axis=0, weights=weight)
    left = weight @ (target - y) ** 2
    spread = weight @ (target - mean) ** 2
    constant = np.where(left == 0, 1.0, 0.0)
    return np.where(spread == 0, constant, 1 - left / np.where(spread == 0, 1, spread)).mean()
