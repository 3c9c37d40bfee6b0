"""Feeds: where the samples of a training run come from. This one: arrays that hold them all.

A feed checks its data in two steps, as the network may be built on the first of them, and the loss
is known only then; `fastnn.data.feeding` has that of batches that come one by one.
"""

import numpy as np

from fastnn import functional
from fastnn.inputs import check_inputs
from fastnn.labels import Data
from fastnn.layers.preprocess import pieces
from fastnn.running import Samples
from fastnn.splitting import split

WHO = "fit"
SHUFFLE_STREAM = 2**31  # of random numbers; _core/random.pyx lists the others


class ArrayFeed:
    """Arrays: an epoch takes all samples, or these rows of them, in an order of its own.

    Attributes
    ----------
    classes : ndarray or None
        The labels that losses of classes compare.
    comes_in_batches : bool
        Whether what an epoch gives at once is one batch, or those of one update.
    """

    comes_in_batches = False

    def __init__(self, net, x, y, sample_weight, class_weight):
        self.net, self.x, self._augmentation = net, net.check(x), None
        self._given = y, sample_weight, class_weight

    def compare(self, loss):
        """Check the targets, as this loss takes them."""
        self.loss = loss
        self.data = Data(
            WHO, self.net, loss, self.x, *self._given, classes=self.net.classes_, learn=True
        )
        del self._given
        if len(self.x) == 0:
            raise ValueError(f"{WHO}: expected at least one sample, got x of shape {self.x.shape}")
        check_inputs(WHO, self.x)
        self.classes = self.data.classes

    def set_aside(self, share, seed):
        """Leave a share of the data to validation, which is returned; nothing is copied."""
        self.data.rows, rows = split(WHO, len(self.x), share, seed, self.data.labels)
        return self.data.held_out(rows)

    def redraw(self, bootstrap):
        """Take what a `splitting.Bootstrap` draws of the samples."""
        rows = self.data.rows
        self.data.rows = bootstrap.draw(np.arange(len(self.x)) if rows is None else rows)

    def change(self, augment):
        """Let these changes happen to the samples, when it is settled which are trained on."""
        from fastnn.augment import Changes
        from fastnn.mixing import Augmentation

        changes, data = augment if isinstance(augment, Changes) else Changes(augment), self.data
        self._augmentation = Augmentation(
            WHO, changes, self.net, self.loss, self.x, data.target, data.rows
        )

    @property
    def samples(self):
        """How many samples an epoch takes."""
        return len(self.x) if self.data.rows is None else len(self.data.rows)

    def updates(self, batch_size, accumulate=1):
        """How many updates an epoch makes, of so many batches each."""
        return -(-self.samples // (batch_size * accumulate))

    def learn_preprocessing(self):
        """Let every layer that standardises see the data."""
        learn_preprocessing(self.net, self.x, self.data.rows)

    def epoch(self, number, runner, shuffle, update, batch_size, accumulate=1):
        """Yield the samples of the network's epoch of this number, and how many of them to skip.

        Those of `update` updates, of so many batches each, which were made before.
        """
        data = self.data
        order = shuffled(self.net, number, self.samples) if shuffle else None
        if data.rows is not None:
            order = data.rows if order is None else data.rows[order]
        samples = Samples(runner.source(self.x), data.target, data.weight, order)
        if self._augmentation is not None:
            samples = self._augmentation(samples, number)
        yield samples, update * accumulate * batch_size


def shuffled(net, epoch, n):
    """Return the order of n samples in an epoch of a network: sorted by random keys."""
    keys = functional.random_uint32(n, seed=net.seed, stream=SHUFFLE_STREAM, counter=epoch)
    return np.argsort(keys, kind="stable").astype(np.int64, copy=False)


def learn_preprocessing(net, x, rows=None):
    """Let every layer that standardises see the data, as the layers before it leave it."""
    for layer in net.learns:
        if layer.mean is None:
            layer.learn_batches(net.read_by(layer, part) for part in pieces(x, rows))
