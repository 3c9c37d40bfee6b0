"""Training on batches that come one by one, where no array holds all the data."""

import contextlib

import numpy as np

from fastnn.feeds import shuffled
from fastnn.inputs import Inputs, check_inputs
from fastnn.labels import Data, find_classes, label_array
from fastnn.running import Samples

from .batches import Batches
from .dataset import Dataset

WHO = "fit"
SPREAD = 2654435769  # 2³² over the golden ratio: its multiples are as far apart as numbers can be


def _wrapped(source):
    if isinstance(source, Dataset):
        raise TypeError(f"{WHO}: expected x and y, got a Dataset; use fit(data.x, data.y)")
    try:
        return Batches(source)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("Batches:", f"{WHO}:", 1)) from None


def _check_weights(sample_weight, class_weight):
    if sample_weight is not None:
        raise ValueError(f"{WHO}: batches bring their weights themselves: (x, y, sample_weight)")
    if isinstance(class_weight, str):
        raise ValueError(
            f"{WHO}: class_weight {class_weight!r} needs all labels at once; with batches give "
            f"a dict, {{label: weight}}"
        )


@contextlib.contextmanager
def _named(epoch, number):
    """Say which batch an error is about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        reason = str(error).removeprefix(f"{WHO}: ")
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{WHO}: batch {number} of epoch {epoch}: {reason}") from error


class BatchFeed:
    """Batches, one or several an update; a feed like `fastnn.feeds.ArrayFeed`."""

    comes_in_batches = True
    samples = None  # nobody knows before

    def __init__(self, net, source, sample_weight, class_weight):
        self.net, self.class_weight, self._augmentation = net, class_weight, None
        self.source = source if isinstance(source, Batches) else _wrapped(source)
        _check_weights(sample_weight, class_weight)
        self._first = self.source.first()
        with _named(0, 0):
            net.check(self._first[0])  # which may build it

    def compare(self, loss):
        """Look at the first batch's targets, as this loss takes them."""
        self.loss, self.classes = loss, self.net.classes_
        if self.classes is None and self.source.classes is not None:
            labels = label_array(WHO, self.source.classes)
            self.classes = find_classes(WHO, labels, max(self.net.output_shape[-1], 2))
        try:
            with _named(0, 0):
                self.classes = self._data(self._first, learn=True)[1].classes
        except ValueError as error:
            if "found" in str(error) and "classes in y" in str(error):
                mend = "if others follow, name all: fn.data.Batches(…, classes=[…])"
                raise ValueError(f"{error}; {mend}") from None
            raise
        x = self.net.check(self._first[0])
        self._like = None if isinstance(x, Inputs) else np.empty((0, *x.shape[1:]), x.dtype)
        del self._first

    def set_aside(self, share, seed):
        """Refuse: there is nothing to take a share of."""
        raise ValueError(
            f"{WHO}: validation_split is for arrays, got batches; give validation_data"
        )

    def redraw(self, bootstrap):
        """Refuse likewise."""
        raise ValueError(f"{WHO}: an Ensemble draws from arrays, got batches")

    def change(self, augment):
        """Let these changes happen to the samples, by the number of a batch and the row in it."""
        from fastnn.augment import Changes
        from fastnn.mixing import Augmentation

        changes = augment if isinstance(augment, Changes) else Changes(augment)
        if changes.mixing is not None:
            raise ValueError(f"{WHO}: MixUp takes any two samples of an array, got batches")
        self._augmentation = Augmentation(WHO, changes, self.net, self.loss, self._like, None)

    def updates(self, batch_size, accumulate=1):
        """How many updates an epoch makes, if that is known; `batch_size` plays no part."""
        return None if self.source.steps is None else -(-self.source.steps // accumulate)

    def _data(self, batch, learn=False):
        x, y, weight = batch
        x = self.net.check(x)
        if len(x) == 0:
            raise ValueError(f"expected at least one sample, got x of shape {x.shape}")
        how = {"classes": self.classes, "learn": learn}
        return x, Data(WHO, self.net, self.loss, x, y, weight, self.class_weight, **how)

    def epoch(self, number, runner, shuffle, update, batch_size, accumulate=1):
        """Yield the samples of each update, without these first updates; none is skipped."""
        order, first, keys = None, update * accumulate, []
        if self.source.is_sequence and shuffle:
            order = shuffled(self.net, number, len(self.source.source))
        gathered = []
        for place, content in enumerate(self.source.epoch(order, first), first):
            with _named(number, place):
                x, data = self._data(content)
                check_inputs(WHO, x)
                gathered.append(Samples(runner.source(x), data.target, data.weight))
                keys.append(keys_of(place if order is None else order[place], len(x)))
                if len(gathered) == accumulate:
                    samples = self._changed(together(gathered), number, keys)
                    gathered, keys = [], []
                    yield samples, 0
        if gathered:
            yield self._changed(together(gathered), number, keys), 0

    def _changed(self, samples, number, keys):
        if self._augmentation is None:
            return samples
        return self._augmentation(samples, number, np.concatenate(keys))

    def learn_preprocessing(self):
        """Let every layer that standardises see all batches, as the layers before leave them."""
        for layer in self.net.learns:
            if layer.mean is not None:
                continue
            if self.source.ends:
                raise ValueError(
                    f"{WHO}: {layer.label} has to see all data before training, and an iterator "
                    f"gives them once; call its learn(x) first, or give a function or a sequence"
                )
            layer.learn_batches(
                self.net.read_by(layer, self.net.check(x)) for x, _, _ in self.source.epoch()
            )


def keys_of(batch, samples):
    """Return numbers of 32 bits for the samples of a batch, far from those of the next batches."""
    return (int(batch) * SPREAD + np.arange(samples)) % 2**32


def together(batches):
    """Return the samples of several batches as one set, which knows where each ends."""
    if len(batches) == 1:
        return batches[0]
    weight = None
    if any(batch.weight is not None for batch in batches):
        dtype = next(batch.weight.dtype for batch in batches if batch.weight is not None)
        weight = np.concatenate(
            [np.ones(b.count, dtype) if b.weight is None else b.weight for b in batches]
        )
    ends = np.cumsum([batch.count for batch in batches], dtype=np.int64)
    x, target = _joined([b.x for b in batches]), _joined([b.target for b in batches])
    return Samples(x, target, weight, ends=ends)


def _joined(parts):
    if isinstance(parts[0], Inputs):
        arrays = zip(*(part.arrays for part in parts), strict=True)
        return Inputs([_joined(list(several)) for several in arrays])
    if len({part.dtype.kind == "i" for part in parts}) > 1:
        raise ValueError(
            "the batches of an update hold labels and shares of classes; give one kind of y"
        )
    return np.concatenate(parts)
