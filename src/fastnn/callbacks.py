"""What watches a training run.

A callback is any object with some of the methods below; each is called with the network and a dict
of what is known at that moment:

    on_train_begin(net, logs)   epochs, batches, samples
    on_epoch_begin(net, logs)   epoch, counted from 0
    on_batch_end(net, logs)     epoch, batch, loss
    on_epoch_end(net, logs)     epoch, loss, accuracy, val_…, seconds, samples_per_second
    on_train_end(net, logs)     what the last epoch ended with
"""

HOOKS = ("on_train_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_train_end")


class Callbacks:
    """A list of callbacks, called together."""

    def __init__(self, callbacks, net):
        self.net = net
        for callback in callbacks:
            if isinstance(callback, type) or not any(hasattr(callback, hook) for hook in HOOKS):
                raise TypeError(
                    f"callbacks: expected objects with any of {', '.join(HOOKS)}, got {callback!r}"
                )
        self.methods = {
            hook: [getattr(callback, hook) for callback in callbacks if hasattr(callback, hook)]
            for hook in HOOKS
        }

    @property
    def batch(self):
        """Whether anyone watches single batches."""
        return bool(self.methods["on_batch_end"])

    def __call__(self, hook, **logs):
        """Call this method of every callback that has it."""
        for method in self.methods[hook]:
            method(self.net, logs)


class ProgressLine:
    """Print one plain line an epoch: loss, accuracy, the same on validation data, samples/s.

    Examples
    --------
    >>> from fastnn.callbacks import ProgressLine
    >>> line = ProgressLine()
    >>> line.on_train_begin(None, {"epochs": 10})
    >>> line.on_epoch_end(None, {"epoch": 0, "loss": 0.25, "samples_per_second": 1e5})
    epoch 1/10  loss 0.2500  100,000 samples/s
    """

    HIDDEN = ("epoch", "seconds", "samples_per_second")

    def on_train_begin(self, net, logs):
        """Remember how many epochs there will be."""
        self.epochs = logs["epochs"]

    def on_epoch_end(self, net, logs):
        """Print the line."""
        figures = [f"{key} {logs[key]:.4f}" for key in logs if key not in self.HIDDEN]
        rate = f"{logs['samples_per_second']:,.0f} samples/s"
        print("  ".join([f"epoch {logs['epoch'] + 1}/{self.epochs}", *figures, rate]), flush=True)
