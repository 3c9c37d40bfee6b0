"""Tally: what batches gave, added up to the figures of an epoch."""

import numpy as np


class Tally:
    """The weighted mean loss over batches, the accuracy, and the user's metrics."""

    def __init__(self, net, loss, metrics):
        self.net, self.loss = net, loss
        if metrics is None:
            metrics = ["accuracy"] if loss.decides else []
        self.metrics = [m for m in metrics if m != "accuracy"]
        self.counts_right = len(self.metrics) < len(metrics)
        if metrics and len(net.outputs) > 1:
            raise ValueError(
                f"metrics: they are for networks with one output, got {len(net.outputs)} outputs; "
                f"use predict"
            )
        for metric in self.metrics:
            if not callable(metric):
                raise ValueError(
                    f'metrics: expected "accuracy" or functions (y_true, y_pred), got {metric!r}'
                )
        if self.counts_right and not loss.decides:
            raise ValueError(f"metrics: accuracy is for classification, {loss.name} has no classes")

    def outputs(self, samples):
        """Begin with these samples; return where their outputs shall go, if anywhere."""
        self.total = self.weight = self.right = self.penalty = self.batches = 0
        self.samples, self.seen = samples, None
        if self.metrics:
            (self.seen,) = outputs = self.net.empty_outputs(len(samples.x))
            return outputs
        return None

    def add(self, figures):
        """Take in what a batch gave."""
        adds = self.loss.reduction == "sum"
        self.total += figures.data_loss if adds else figures.data_loss * figures.weight
        self.penalty += figures.penalty
        self.batches += 1
        self.weight += figures.weight
        self.right += figures.right

    def result(self):
        """Return the figures of all batches."""
        over = 1 if self.loss.reduction == "sum" else self.weight
        penalty = self.penalty / max(self.batches, 1)
        figures = {"loss": (self.total / over if over else 0.0) + penalty}
        if self.counts_right:
            decisions = int(np.count_nonzero(self.loss.counted(self.samples.target)))
            figures["accuracy"] = self.right / decisions if decisions else 0.0
        if self.metrics and len(self.seen):
            true, predicted = self._compared()
            for metric in self.metrics:
                figures[getattr(metric, "__name__", "metric")] = float(metric(true, predicted))
        return figures

    def _compared(self):
        """What the user's metrics see: labels where there are any, else outputs."""
        true, predicted = self.samples.target, self.seen
        if self.samples.order is not None:
            true = true[self.samples.order]
        if self.loss.decides:
            counted = self.loss.counted(true)
            true, predicted = self.loss.decided(true), self.loss.decided(predicted, logits=True)
            if not counted.all():
                true, predicted = true[counted], predicted[counted]
        return self._labels(true), self._labels(predicted)

    def _labels(self, values):
        """What the user's metrics see: labels where there are any."""
        if self.net.classes_ is None:
            return values
        return self.net.decode(values[..., 0] if self.loss.decides == "sign" else values)
