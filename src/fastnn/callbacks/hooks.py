"""Callbacks: those of a training run, called together; and how one of them ends it."""

from fastnn.checks import integer

HOOKS = (
    "on_train_begin",
    "on_epoch_begin",
    "on_batch_begin",
    "on_batch_end",
    "on_progress",
    "on_check",
    "on_epoch_end",
    "on_resumable",
    "on_train_end",
)


class StopTraining(Exception):
    """Raised by a callback to end training; its text is what `history.stopped` will say."""


class Callbacks:
    """A list of callbacks, called together.

    Attributes
    ----------
    stopped : str or None
        Why training shall end, once a callback wants it to.
    """

    def __init__(self, callbacks, net):
        self.net, self.stopped = net, None
        for callback in callbacks:
            if isinstance(callback, type) or not any(hasattr(callback, hook) for hook in HOOKS):
                raise TypeError(
                    f"callbacks: expected objects with any of {', '.join(HOOKS)}, got {callback!r}"
                )
        self.methods = {
            hook: [getattr(callback, hook) for callback in callbacks if hasattr(callback, hook)]
            for hook in HOOKS
        }
        self.checks = [  # how often, and what
            (integer("callbacks", "every", callback.every), callback.on_check)
            for callback in callbacks
            if hasattr(callback, "on_check") and getattr(callback, "every", None) is not None
        ]
        self.pauses = [  # how often
            integer("callbacks", "every", callback.every)
            for callback in callbacks
            if hasattr(callback, "on_resumable") and getattr(callback, "every", None) is not None
        ]
        self.callbacks = list(callbacks)
        self.batches = bool(self.methods["on_batch_begin"] or self.methods["on_batch_end"])

    def until(self, batch):
        """Return how many batches may follow this many, until somebody wants to hear of one.

        None: any number.
        """
        if self.batches:
            return 1
        often = [every for every, _ in self.checks] + self.pauses
        return min((every - batch % every for every in often), default=None)

    def due(self, batch):
        """Return what is to be called after so many batches, with validation data evaluated."""
        return [method for every, method in self.checks if batch % every == 0]

    def __call__(self, hook, **logs):
        """Call this method of every callback that has it; return the logs, as they leave them."""
        return self.tell(self.methods[hook], logs)

    def tell(self, methods, logs):
        """Call these methods, all of them, though one may want training to end."""
        for method in methods:
            try:
                method(self.net, logs)
            except StopTraining as stop:
                if self.stopped is None:
                    self.stopped = str(stop)
        return logs
