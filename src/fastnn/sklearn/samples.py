"""Samples as programs read them: arrays as they are, sparse matrices made dense piece by piece."""

import math

import numpy as np
from scipy.sparse import issparse

from fastnn.running import Samples

PIECE = 2**22  # numbers of a sparse matrix that are dense at once


class Batches:
    """Data to train on, or to evaluate.

    Parameters
    ----------
    x : ndarray or sparse matrix, shape (N, features)
    target : ndarray
        As the loss takes it.
    weight : ndarray, shape (N,), or None
    net : Sequential
        Whose samples and numbers they become.
    rows : ndarray of int, or None
        Which samples count, if not all.
    """

    def __init__(self, x, target, weight, net, rows=None):
        self.target, self.weight, self.rows = target, weight, rows
        self.shape, self._dtype = net.input_shape, net.dtype
        self.sparse = issparse(x)
        self.x = x.tocsr() if self.sparse else x.reshape(len(x), *self.shape)
        self._source = None

    def __len__(self):
        return self.x.shape[0] if self.rows is None else len(self.rows)

    def teach(self, net):
        """Let every layer that standardises see the data."""
        for layer in net.learns:
            if layer.mean is None:
                layer.learn_batches(net.read_by(layer, x) for x in self._arrays())

    def _arrays(self):
        """Yield all samples, dense, some at once."""
        step = max(PIECE // max(math.prod(self.shape), 1), 1)
        for first in range(0, self.x.shape[0], step):
            x = self.x[first : first + step]
            yield x.toarray().reshape(-1, *self.shape) if self.sparse else x

    def pieces(self, runner, batch_size, order=None):
        """Yield `Samples` in this order: all at once, or whole batches of a sparse matrix."""
        if self.rows is not None:
            order = self.rows if order is None else self.rows[order]
        weight = self.weight
        if weight is not None:
            weight = np.ascontiguousarray(weight, self._dtype)
        if not self.sparse:
            if self._source is None or self._source[0] is not runner:
                self._source = runner, runner.source(self.x)
            yield Samples(self._source[1], self.target, weight, order)
            return
        size = max(PIECE // max(self.x.shape[1], 1) // batch_size, 1) * batch_size
        for first in range(0, len(self), size):
            taken = slice(first, min(first + size, len(self)))
            rows = np.arange(taken.start, taken.stop) if order is None else order[taken]
            x = self.x[rows].toarray().reshape(len(rows), *self.shape)
            own = None if weight is None else weight[rows]
            yield Samples(runner.source(x), self.target[rows], own)


def outputs(net, x, batch_size=1024):
    """Return what a network makes of an array (N, features), or of a sparse matrix."""
    if not issparse(x):
        return net.predict(x.reshape(len(x), *net.input_shape), batch_size)
    x = x.tocsr()
    size = max(PIECE // max(x.shape[1], 1), 1)
    parts = [
        net.predict(x[first : first + size].toarray().reshape(-1, *net.input_shape), batch_size)
        for first in range(0, x.shape[0], size)
    ]
    return np.concatenate(parts) if parts else net.predict(np.empty((0, *net.input_shape)))
