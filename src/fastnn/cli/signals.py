"""Ctrl-C and SIGTERM while a network trains: finish the step, write the checkpoint, end."""

import signal

from fastnn.cli.errors import End

SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
FIRST_CODE = 128  # shells add the signal's number: 130, 143


class Stop:
    """A callback that ends training where it can be gone on from, once a signal has come.

    A second Ctrl-C ends it at once.

    Parameters
    ----------
    checkpoint : callback with a method `save`, or None
        Which writes the state down.
    mend : str
        How to go on, behind what has happened.
    """

    def __init__(self, checkpoint, mend):
        self.checkpoint, self.mend = checkpoint, mend
        self.received, self.course, self._before = None, None, {}

    def __enter__(self):
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number

    def attach(self, course):
        """Know that there is a run that can be gone on from."""
        self.course = course

    def on_epoch_end(self, net, logs):
        """End training that has no checkpoints, as that of L-BFGS."""
        if self.received is not None and self.course is None:
            what = f"{SIGNALS[self.received]} in epoch {logs['epoch'] + 1}"
            raise End(what, FIRST_CODE + self.received)

    def on_resumable(self, net, logs):
        """End training if a signal has come."""
        if self.received is None:
            return
        if self.checkpoint is not None:
            self.checkpoint.save()
        what, where = SIGNALS[self.received], f"epoch {logs['epoch'] + 1}, batch {logs['batches']}"
        raise End(f"{what} in {where}{self.mend}", FIRST_CODE + self.received)
