"""Course: the batches of a training run, epoch by epoch, and who hears of them.

At certain moments a run can be written down, so that another goes on from there and ends with the
same bits: when the program comes back, and behind an epoch. `state` is what that takes beside the
network; `fastnn.checkpoints` puts both into a file.
"""

import time

from fastnn.checks import integer
from fastnn.history import History
from fastnn.replaying import Replay
from fastnn.soundness import NonFiniteLossError, find_first

STATE = (
    "epoch", "batch", "batches", "batch_size", "shuffle", "initial_epoch",
    "gradient_accumulation_steps",
)  # fmt: skip


class Course:
    """A training run.

    Attributes
    ----------
    epoch : int
        The epoch at hand, or the next.
    batch, batches : int
        Batches done of that epoch, and of all. Several that make one update count as one.
    history : History
    """

    def __init__(
        self,
        trainer,
        feed,
        tally,
        watch,
        validate,
        *,
        batch_size,
        shuffle,
        gradient_accumulation_steps,
        epoch,
    ):
        self.trainer, self.feed, self.tally, self.watch = trainer, feed, tally, watch
        self.validate, self.batch_size, self.shuffle = validate, batch_size, bool(shuffle)
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.epoch, self.batch, self.batches = epoch, 0, 0
        self.history = History(initial_epoch=epoch)
        self.runner = trainer.net.runner(trainer.loss, training=True)
        self._replay = Replay(trainer, self._make)

    @property
    def initial_epoch(self):
        """The first epoch of the history."""
        return self.history.initial_epoch

    def run(self, epochs, saved=None):
        """Train up to this number of epochs; `saved` is a `checkpoints.Saved` to go on from."""
        feed, watch, logs = self.feed, self.watch, {}
        updates = feed.updates(self.batch_size, self.gradient_accumulation_steps)
        self.trainer.optimizer.plan(epochs - self.epoch, updates)
        for callback in watch.callbacks:
            if hasattr(callback, "attach"):
                callback.attach(self)
        try:
            watch(
                "on_train_begin",
                epochs=epochs,
                initial_epoch=self.epoch if saved is None else saved.epoch,
                samples=feed.samples,
                batches=updates,
            )
            if saved is not None:
                with saved.blamed():
                    self.restore(saved.described, saved.arrays)
            self._replay.begin()
            while self.epoch < epochs and watch.stopped is None:
                figures = self._run_epoch()
                if figures is None:
                    break
                logs = watch("on_epoch_end", epoch=self.epoch, **figures)
                hidden = ("epoch", "samples_per_second")
                self.history.append({k: v for k, v in logs.items() if k not in hidden})
                self.epoch, self.batch = self.epoch + 1, 0
                watch("on_resumable", epoch=self.epoch, batches=0)
            self.history.stopped = watch.stopped
        finally:  # Ctrl-C too: the parameters are those of the last whole step
            self.trainer.net.forget()
            self._replay = None  # it knows this run, whose data would wait for a collection
            watch("on_train_end", **logs)
        return self.history

    def _run_epoch(self):
        """Return the figures of the epoch at hand; None if it ended before its first batch."""
        net, tally, watch = self.trainer.net, self.tally, self.watch
        watch("on_epoch_begin", epoch=self.epoch)
        if watch.stopped is not None:
            return None
        started, before = time.perf_counter(), 0
        if self.batch == 0:  # else it was begun already
            net.epochs += 1
            tally.begin()
        else:
            before = tally.seen
        number = net.epochs - 1
        sizes = self.batch_size, self.gradient_accumulation_steps
        for samples, first in self.feed.epoch(
            number, self.runner, self.shuffle, self.batch, *sizes
        ):
            tally.enter(samples, first)
            self._run(samples)
            if watch.stopped is not None:
                break
        seconds = time.perf_counter() - started
        if tally.seen == 0:
            return None
        rate = (tally.seen - before) / max(seconds, 1e-9)
        figures = tally.result() | self.validate()
        self.trainer.optimizer.end_epoch(figures)
        return figures | {"seconds": seconds, "samples_per_second": rate}

    def _run(self, samples):
        """Make the updates of these samples, until a callback wants training to end."""
        tally, watch, size = self.tally, self.watch, self._size(samples)
        while tally.done < samples.count and watch.stopped is None:
            if watch.batches:
                watch("on_batch_begin", epoch=self.epoch, batch=self.batch)
                if watch.stopped is not None:
                    break
            for figures in self._some(samples):
                rows = slice(tally.done, min(samples.count, tally.done + size))
                if not figures.sound:
                    self._fail(samples, rows, figures)
                tally.add(figures, rows.stop - rows.start)
                if watch.batches:
                    watch("on_batch_end", epoch=self.epoch, batch=self.batch, loss=figures.loss)
                self.batch += 1
                self.batches += 1
            self._replay.keep()
            self._report(last=tally.done == samples.count)

    def _fail(self, samples, rows, figures):
        """Say where a loss that is not finite arose; what is lost by then comes back."""
        net, loss, step = self.trainer.net, self.trainer.loss, self.trainer.net.steps
        batches = samples.batches(rows.start, rows.stop, self.batch_size)
        where = find_first(net, loss, samples, batches)
        if self._replay.needed:
            self._replay.rewind()
        if net.steps < step:
            where += f"{where and '. '}Parameters are those after {net.steps} updates, while finite"
        raise NonFiniteLossError(figures.loss, self.epoch, self.batch, step, where)

    def _size(self, samples):
        """How many samples an update takes."""
        if self.feed.comes_in_batches:
            return samples.count
        return self.batch_size * self.gradient_accumulation_steps

    def _some(self, samples):
        """Make as many updates as nobody needs to hear of one by one, and there is time for."""
        first, most, replay = self.tally.done, self.watch.until(self.batches), self._replay
        replay.before()
        done = self._make(samples, first, 0, most, outputs=self.tally.outputs)
        replay.after(samples, first, done, samples.nbytes(self.feed.comes_in_batches))
        return done

    def _make(self, samples, first, update, stop, outputs=None):
        """Make updates from this one up to, without, `stop`, if that is given; come back soon.

        They count from the one that begins with sample `first`.
        """
        size, end = self._size(samples), samples.count
        if stop is not None:
            end = min(end, first + stop * size)
        how = {"counts_right": self.tally.counts_right, "outputs": outputs}
        how["optimizer"], batch_size = self.trainer.optimizer, size
        if not self.feed.comes_in_batches:
            batch_size, how["accumulate"] = self.batch_size, self.gradient_accumulation_steps
        return self.runner.run(samples, first + update * size, end, batch_size, **how)

    def _report(self, last):
        """Tell who wants to know how far the epoch is."""
        watch = self.watch
        about = {"epoch": self.epoch, "batches": self.batch, "samples": self.tally.seen}
        if watch.methods["on_progress"]:
            watch("on_progress", **about, **self.tally.running())
        if due := watch.due(self.batches):
            watch.tell(due, about | self.tally.result() | self.validate())
        if watch.stopped is None and not (last and not self.feed.comes_in_batches):
            watch("on_resumable", epoch=self.epoch, batches=self.batch)

    # --- for checkpoints -----------------------------------------------------------------------

    def state(self):
        """Return what goes on from here is made of, beside the network: numbers, and arrays."""
        numbers, arrays = self.tally.state()
        optimizer = self.trainer.optimizer
        described = {name: getattr(self, name) for name in STATE}
        described |= {
            "tally": numbers,
            "history": dict(self.history),
            "stopped": self.watch.stopped,
            "optimizer": {
                "config": optimizer.config() if hasattr(optimizer, "config") else None,
                "name": type(optimizer).__name__,
                "steps": optimizer.steps,
                "epochs": optimizer.epochs,
                "schedule": optimizer.schedule_state(),
            },
            "callbacks": [],
        }
        arrays = {f"tally.{name}": array for name, array in arrays.items()}
        arrays |= {f"optimizer.{name}": vector for name, vector in optimizer.named_state.items()}
        for i, callback in enumerate(self.watch.callbacks):
            about, own = callback.state() if hasattr(callback, "state") else (None, {})
            described["callbacks"].append([type(callback).__name__, about])
            arrays |= {f"callback.{i}.{name}": array for name, array in own.items()}
        return described, arrays

    def restore(self, described, arrays):
        """Go on from a state."""
        for name in ("epoch", "batch", "batches"):
            setattr(self, name, integer("training", name, described[name], 0))
        self.history.update({name: list(column) for name, column in described["history"].items()})
        self.history.initial_epoch = integer(
            "training", "initial_epoch", described["initial_epoch"], 0, self.epoch
        )
        self.watch.stopped = described["stopped"]
        self.tally.restore(described["tally"], _part(arrays, "tally."))
        about, optimizer = described["optimizer"], self.trainer.optimizer
        if about["name"] != type(optimizer).__name__:
            raise ValueError(
                f"expected the optimizer of before, {about['name']}, got {type(optimizer).__name__}"
            )
        optimizer.restore(about["steps"], _part(arrays, "optimizer."), epochs=about["epochs"])
        optimizer.restore_schedule(about["schedule"])
        states = described["callbacks"]
        restored = [callback for callback in self.watch.callbacks if hasattr(callback, "restore")]
        for callback in restored:
            name = type(callback).__name__
            place = next((i for i, state in enumerate(states) if state[0] == name), None)
            if place is not None:
                own = _part(arrays, f"callback.{place}.")
                callback.restore(self.trainer.net, states[place][1], own)
                states = [*states[:place], ["", None], *states[place + 1 :]]


def _part(arrays, prefix):
    return {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}
