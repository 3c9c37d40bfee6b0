"""Batches: what training goes through where no array holds it all."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from fastnn.checks import integer
from fastnn.columns import is_frame


class Batches:
    """Batches to train on, which are made while training goes on.

    ``net.fit(batches)`` takes sequences and functions as they are; this says more about them, and
    is needed for an iterator.

    Parameters
    ----------
    source : sequence, callable, iterable or iterator
        Gives batches `(x, y)` or `(x, y, sample_weight)`, of any sizes. Of a sequence, which has
        a length and takes an index, every epoch takes all, in a new order if `fit` shuffles. A
        function without arguments returns a new iterator for every epoch, as does an object that
        can be iterated over again. An iterator goes on from epoch to epoch.
    steps_per_epoch : int, optional
        Batches that an epoch takes; all by default. An iterator needs it.
    classes : array_like, optional
        All labels, where the first batch lacks some and they are not 0 … C − 1.

    Raises
    ------
    TypeError
        If `source` gives no batches, or an array was given without its y.
    ValueError
        If it is empty, or ends before `steps_per_epoch`.

    Notes
    -----
    A batch is one update, unless `fit` accumulates gradients; `batch_size` plays no part. In memory
    is the batch, and of those before it at most 16 MiB, or 8 times what the network and its
    optimizer take, in case that updates have to be taken back (`fastnn.NonFiniteLossError`). The
    bits are those of training on arrays that hold the same batches, but for random changes of
    images, which go by a batch's number (of a sequence: its index) and the row in it.

    Examples
    --------
    >>> import fastnn as fn
    >>> def squares():
    ...     for start in range(0, 64, 8):
    ...         x = [[n / 64] for n in range(start, start + 8)]
    ...         yield x, [a * a for (a,) in x]
    >>> net = fn.Sequential([fn.layers.Dense(8, "tanh"), fn.layers.Dense(1)], input_shape=(1,))
    >>> history = net.fit(squares, loss="mean_squared_error", epochs=20, verbose=0)
    >>> history["loss"][-1] < history["loss"][0]
    True
    >>> forever = fn.data.Batches(batch for _ in range(99) for batch in squares())
    Traceback (most recent call last):
    ...
    ValueError: Batches: an iterator needs steps_per_epoch, how many of its batches an epoch takes
    """

    def __init__(self, source, steps_per_epoch=None, classes=None):
        if isinstance(source, (np.ndarray, np.generic, str, bytes, Mapping)) or is_frame(source):
            raise TypeError(
                f"Batches: expected batches (x, y), got a single {type(source).__name__}; "
                f"give its y as well: fit(x, y)"
            )
        self.is_sequence = hasattr(source, "__len__") and hasattr(source, "__getitem__")
        self.ends = isinstance(source, Iterator)  # for good: it cannot be gone through again
        if not (self.is_sequence or self.ends or callable(source) or hasattr(source, "__iter__")):
            raise TypeError(
                f"Batches: expected a sequence of batches (x, y), a function that returns an "
                f"iterator over them, or an iterator; got {source!r}"
            )
        if steps_per_epoch is not None:
            steps_per_epoch = integer("Batches", "steps_per_epoch", steps_per_epoch)
        elif self.ends:
            raise ValueError(
                "Batches: an iterator needs steps_per_epoch, how many of its batches an epoch takes"
            )
        if self.is_sequence and len(source) < (steps_per_epoch or 1):
            raise ValueError(
                f"Batches: expected at least {steps_per_epoch or 1} batches, got {len(source)}"
            )
        self.source, self.classes = source, classes
        self.steps = steps_per_epoch or (len(source) if self.is_sequence else None)
        self._opened = None  # what `first` has begun

    def first(self):
        """Return the first batch, which the next epoch gives again."""
        if self.is_sequence:
            return checked(self.source[0], 0)
        batches = self._open()
        for batch in batches:
            self._opened = itertools.chain(_once([batch]), batches)
            return checked(batch, 0)
        raise ValueError("fit: expected at least one batch, got none")

    def epoch(self, order=None, first=0):
        """Yield the batches of an epoch from this one on; those of a sequence in this order."""
        if self.is_sequence:
            rows = range(len(self.source)) if order is None else order.tolist()
            batches = (self.source[row] for row in itertools.islice(rows, first, self.steps))
        else:
            batches = itertools.islice(self._open(), first, self.steps)
        number = first - 1
        for number, batch in enumerate(batches, first):
            yield checked(batch, number)
        if number + 1 < (self.steps or 1):
            wanted = (
                f"{self.steps} batches (steps_per_epoch)" if self.steps else "at least one batch"
            )
            raise ValueError(f"fit: expected {wanted} an epoch, got {number + 1}")

    def _open(self):
        opened, self._opened = self._opened, None
        if opened is not None:
            return opened
        if self.ends:
            return self.source
        made = self.source() if callable(self.source) else self.source
        if not hasattr(made, "__iter__"):
            raise TypeError(f"fit: expected an iterator over batches (x, y), got {made!r}")
        return iter(made)


def _once(kept):
    """An iterator over one batch, which it does not keep."""
    yield kept.pop()


def checked(batch, number):
    """Return a batch as (x, y, sample_weight or None)."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        got = type(batch).__name__
        if isinstance(batch, (tuple, list)):
            got += f" of {len(batch)}"
        raise TypeError(
            f"fit: expected batches (x, y) or (x, y, sample_weight), got a {got} as batch {number}"
        )
    return batch if len(batch) == 3 else (*batch, None)
