"""Back to the last good step of a run: updates are made again from a copy that is known to be good.

A copy after each step would cost as much as an update. Steps are functions of the parameters, the
optimizer, the samples and some counters, so that a copy now and then, and a list of what was run
since, tell the same.

    copy --run--> figures --run--> figures --run--> … a loss that is no number
      └─────────────── made again, up to the last update that left all finite
"""

import time

from fastnn.callbacks.stopping import State
from fastnn.finite import all_finite

KEEP = 1.0  # seconds between copies
SHARE = 0.003  # of the time, at most, that copies take
# bytes of samples, or of their order, that are kept for replays; or as much as so many copies
HELD, COPIES = 1 << 24, 8


class Moment:
    """A network and its optimizer as they are."""

    def __init__(self, net, optimizer):
        self.network, self.steps, self.epochs = State(net), net.steps, net.epochs
        self.vectors = {name: vector.copy() for name, vector in optimizer.named_state.items()}
        self.settings = Settings(optimizer)

    @property
    def nbytes(self):
        """What it takes."""
        arrays = (*self.network.arrays().values(), *self.vectors.values())
        return sum(array.nbytes for array in arrays)

    def restore(self, net, optimizer):
        """Make them what they were."""
        self.network.restore(net)
        net.steps, net.epochs = self.steps, self.epochs
        self.settings.restore(optimizer)
        optimizer._state = {n: vector.copy() for n, vector in self.vectors.items()} or None


class Settings:
    """An optimizer's attributes, and what its schedule has come to."""

    def __init__(self, optimizer):
        self.attributes = {n: v for n, v in vars(optimizer).items() if n not in LEFT}
        self.schedule = optimizer.schedule_state()

    def restore(self, optimizer):
        """Make them what they were."""
        for name, value in self.attributes.items():
            vars(optimizer)[name] = value
        optimizer.epochs = self.attributes["epochs"]  # an assignment, which programs hear of
        optimizer.restore_schedule(self.schedule)


LEFT = "version", "_state", "_network"


class Replay:
    """What a run has done since its network was known to be good.

    Parameters
    ----------
    trainer : Trainer
    run : callable
        ``run(samples, first, stop)`` makes updates, as the run does, and returns their figures.
    """

    def __init__(self, trainer, run):
        self.net, self.optimizer, self._run = trainer.net, trainer.optimizer, run
        self.good, self._runs, self._lost = None, [], False
        self._bytes, self._most, self._seen = 0, HELD, None

    def begin(self):
        """Take a copy of the network as it is, if it is good; else of what it was when it was."""
        net, optimizer, began = self.net, self.optimizer, time.perf_counter()
        if self._finite():
            self.good, self._lost = Moment(net, optimizer), False
            self._most = max(HELD, COPIES * self.good.nbytes)
        elif self.good is not None and not self._lost:  # though no loss has said so
            now = Moment(net, optimizer)
            self.rewind()
            self.good, self._lost = Moment(net, optimizer), True
            now.restore(net, optimizer)
        self._runs, self._bytes, self._seen = [], 0, None
        now = time.perf_counter()
        self._due = now + max(KEEP, (now - began) / SHARE)

    def before(self):
        """Note with which settings the next updates are made."""
        self._settings, self._epochs = Settings(self.optimizer), self.net.epochs

    def after(self, samples, first, figures, nbytes):
        """Note which they were, and what they gave; `nbytes` is what keeping the samples costs."""
        count = len(figures) if figures[-1].sound else len(figures) - 1
        last = figures[count - 1] if count else None
        self._runs.append((samples, first, count, last, self._settings, self._epochs))
        if samples is not self._seen:
            self._seen, self._bytes = samples, self._bytes + nbytes

    def keep(self):
        """Begin anew, if it is time."""
        if time.perf_counter() >= self._due or self._bytes > self._most:
            self.begin()

    def _finite(self):
        return all_finite(self.net.parameters)

    @property
    def needed(self):
        """Whether network or optimizer are not as before the batch whose loss was no number."""
        return self.good is not None and (bool(self.good.network.layers) or not self._finite())

    def rewind(self):
        """Make network and optimizer what they were after the last update that left all finite.

        Where updates do not give again what they gave, as callbacks have changed parameters, layers
        draw numbers of their own, or arrays of samples were written over, they become the copy; or
        stay, if they are finite.
        """
        net, optimizer = self.net, self.optimizer
        otherwise = Moment(net, optimizer) if self._finite() else self.good
        self.good.restore(net, optimizer)
        for run in [] if self._lost else self._runs:
            before, count = Moment(net, optimizer), run[2]
            if not self._again(run, count):
                otherwise.restore(net, optimizer)
                return
            if not self._finite():
                before.restore(net, optimizer)
                self._again(run, self._finite_updates(run, before))
                return

    def _finite_updates(self, run, before):
        """How many updates of a run left all finite; the network is what it was before it then."""
        finite, lost = 0, run[2]
        while lost - finite > 1:
            middle = (finite + lost) // 2
            self._again(run, middle)
            finite, lost = (middle, lost) if self._finite() else (finite, middle)
            before.restore(self.net, self.optimizer)
        return finite

    def _again(self, run, updates):
        """Make the first updates of a run once more; say whether all give what they gave."""
        samples, first, count, last, settings, epochs = run
        settings.restore(self.optimizer)
        self.net.epochs, done, figures = epochs, 0, [None]
        while done < updates:
            figures = self._run(samples, first, done, updates)
            done += len(figures)
        return updates < count or figures[-1] == last
