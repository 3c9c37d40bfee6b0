"""Tally: what batches gave, added up to the figures of an epoch."""

import numpy as np

from fastnn import metrics as named


class Tally:
    """The weighted mean loss over batches, the accuracy, and other metrics.

    Parameters
    ----------
    net, loss
        A built network and its loss.
    metrics : list, optional
        Names, metrics, functions; by default accuracy where the loss decides for classes.
    count : bool
        Whether programs count right decisions, rather than compare outputs for the accuracy.
    """

    def __init__(self, net, loss, metrics=None, *, count=True):
        self.net, self.loss = net, loss
        if metrics is None:
            metrics = ["accuracy"] if loss.decides else []
        found = named.get_all(metrics)
        if found and len(net.outputs) > 1:
            raise ValueError(
                f"metrics: they are for networks with one output, got {len(net.outputs)} outputs; "
                f"use predict"
            )
        for metric in found:
            metric.check(loss, net.output_shape)
        self.metrics = [m for m in found if not (count and isinstance(m, named.Accuracy))]
        self.counts_right = len(self.metrics) < len(found)
        self._counted = None, None, 0
        self.begin()

    def begin(self):
        """Begin an epoch."""
        self.total = self.weight = self.right = self.penalty = self.batches = 0
        self.seen = self._decided = 0  # samples; decisions of those that are not at hand any more
        self._past = []  # likewise: targets and outputs, if metrics compare them
        self.samples, self.first, self.done = None, 0, 0

    def enter(self, samples, first=0):
        """Go on with these samples, the first of which are taken already."""
        self._leave()
        self.samples, self.first, self.done = samples, first, first
        self.outputs = self.net.empty_outputs(samples.count) if self.metrics else None

    def _leave(self):
        """Keep what the figures need of the samples that were at hand."""
        if self.samples is not None and self.done > self.first:
            if self.counts_right:
                self._decided += self._decisions()
            if self.metrics:
                self._past.append((self._targets(), self.outputs[0][self.first : self.done]))
        self.samples, self.first, self.done = None, 0, 0

    def add(self, figures, samples):
        """Take in what a batch of so many samples gave."""
        adds = self.loss.reduction == "sum"
        self.total += figures.data_loss if adds else figures.data_loss * figures.weight
        self.penalty += figures.penalty
        self.batches += 1
        self.weight += figures.weight
        self.right += figures.right
        self.done += samples
        self.seen += samples

    def running(self):
        """Return the figures so far that cost nothing: the loss, and the accuracy."""
        over = 1 if self.loss.reduction == "sum" else self.weight
        penalty = self.penalty / max(self.batches, 1)
        figures = {"loss": (self.total / over if over else 0.0) + penalty}
        if self.counts_right:
            decisions = self._decided + self._decisions()
            figures["accuracy"] = self.right / decisions if decisions else 0.0
        return figures

    def result(self):
        """Return the figures of all batches so far."""
        figures = self.running()
        if self.metrics and self.seen:
            figures |= self.measured(*self._compared())
        return figures

    def _compared(self):
        """Targets and outputs of all samples so far."""
        parts = list(self._past)
        if self.done > self.first:
            parts.append((self._targets(), self.outputs[0][self.first : self.done]))
        if len(parts) == 1:
            return parts[0]
        return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))

    # --- for checkpoints -----------------------------------------------------------------------

    SUMS = "total", "weight", "right", "penalty", "batches", "seen"

    def state(self):
        """Return what the figures of the epoch so far are made of: numbers, and arrays."""
        numbers = {name: getattr(self, name) for name in Tally.SUMS}
        numbers["decided"] = self._decided
        if self.counts_right and self.samples is not None:
            numbers["decided"] += self._decisions()
        arrays = {}
        if self.metrics and self.seen:
            arrays["targets"], arrays["outputs"] = self._compared()
        return numbers, arrays

    def restore(self, numbers, arrays):
        """Go on from a state; `enter` follows."""
        self.begin()
        for name in Tally.SUMS:
            setattr(self, name, numbers[name])
        self._decided = numbers["decided"]
        if self.metrics and self.seen:
            self._past = [(arrays["targets"], arrays["outputs"])]
            if {len(array) for array in self._past[0]} != {self.seen}:
                raise ValueError(f"expected targets and outputs of {self.seen} samples")

    def measured(self, target, outputs):
        """Return what the metrics make of targets and outputs."""
        shown, measured = {}, {}
        for metric in self.metrics:
            sees = metric.sees or ("labels" if self.loss.decides else "outputs")
            if sees not in shown:
                shown[sees] = self._shown(sees, target, outputs)
            measured[metric.name] = float(metric.of(*shown[sees], self._classes()))
        return measured

    def _decisions(self):
        """How many decisions count, of the samples at hand that were taken."""
        if self.samples is None:
            return 0
        target, order = self.samples.target, self.samples.order
        if self._counted[0] is not target:  # those of an epoch are mostly those of the last
            counted = self.loss.counted(target)
            counted = counted.reshape(len(target), counted[:1].size)
            each = None if counted.all() else np.count_nonzero(counted, axis=1)
            self._counted = target, each, counted.shape[1]
        _, each, positions = self._counted
        taken = slice(self.first, self.done)
        if each is None:
            return (self.done - self.first) * positions
        return int(each[taken].sum() if order is None else each[order[taken]].sum())

    def _targets(self):
        """The targets of the samples at hand that were taken, in the order of that."""
        target, order = self.samples.target, self.samples.order
        taken = slice(self.first, self.done)
        return target[taken] if order is None else target[order[taken]]

    def _shown(self, sees, true, predicted):
        """What a metric compares: without what is ignored."""
        if sees == "outputs":
            return true, predicted
        counted = self.loss.counted(true)
        true = self.loss.decided(true)
        if sees == "labels":
            predicted = self.loss.decided(predicted, logits=True)
        if not counted.all():
            true, predicted = true[counted], predicted[counted]
        if sees == "labels":
            return self._labels(true), self._labels(predicted)
        if self.loss.decides == "sign" and true.shape[-1] == 1:
            true, predicted = true[..., 0], predicted[..., 0]
        return true, predicted

    def _labels(self, values):
        """What metrics of labels see: the user's own, where there are any."""
        if self.net.classes_ is None:
            return values
        return self.net.decode(values[..., 0] if self.loss.decides == "sign" else values)

    def _classes(self):
        """All labels that there are."""
        if not self.loss.decides or self.net.classes_ is not None:
            return self.net.classes_
        return np.arange(self.net.output_shape[-1] if self.loss.decides == "largest" else 2)
