"""Training in many steps: `fit`, and `evaluate`.

Both check what they are given and leave the work to a runner (`fastnn.running`).
"""

from fastnn import losses, optimizers
from fastnn.callbacks import Callbacks, Progress, ProgressLine
from fastnn.checks import integer
from fastnn.course import Course
from fastnn.feeds import SHUFFLE_STREAM, ArrayFeed, learn_preprocessing
from fastnn.history import History
from fastnn.labels import Data
from fastnn.lbfgs import check_whole, fit_whole
from fastnn.network import BATCH
from fastnn.running import Samples
from fastnn.tally import Tally
from fastnn.trainer import Trainer, accumulation

__all__ = ["SHUFFLE_STREAM", "History", "Trainer", "evaluate", "fit", "learn_preprocessing"]


def fit(
    net,
    x,
    y=None,
    *,
    loss=None,
    optimizer=None,
    epochs=1,
    batch_size=32,
    validation_data=None,
    validation_split=None,
    metrics=None,
    callbacks=(),
    sample_weight=None,
    class_weight=None,
    shuffle=True,
    initial_epoch=0,
    resume=None,
    verbose=1,
    augment=None,
    gradient_accumulation_steps=1,
    bootstrap=None,
):
    """Train `net`; see `Sequential.fit`, and `fastnn.splitting` for `bootstrap`."""
    who = "fit"
    epochs, batch_size = integer(who, "epochs", epochs), integer(who, "batch_size", batch_size)
    initial_epoch = integer(who, "initial_epoch", initial_epoch, 0, epochs)
    how = {"batch_size": batch_size, "shuffle": bool(shuffle)}
    how["gradient_accumulation_steps"] = accumulation(who, gradient_accumulation_steps)
    display = _display(who, verbose)
    feed = _feed(net, x, y, sample_weight, class_weight)
    saved = None
    if resume is not None:
        from fastnn.checkpoints import restore

        saved = restore(net, resume, **how)
        optimizer = saved.optimizer() if optimizer is None else optimizer
    loss = (net.loss or losses.cross_entropy) if loss is None else losses.get(loss)
    trainer = Trainer(net, loss, _optimizer(net, optimizer))
    if hasattr(trainer.optimizer, "minimize"):
        check_whole(who, feed, resume, callbacks, how["gradient_accumulation_steps"])
    feed.compare(loss)
    tally, validate = Tally(net, loss, metrics), _Validation(net, loss, metrics)
    if validation_split is None:
        validate.data = _validation(net, loss, validation_data, feed.classes)
    elif validation_data is not None:
        raise ValueError(f"{who}: expected validation_data or validation_split, got both")
    else:
        seed = net.seed if bootstrap is None else bootstrap.seed
        validate.data = feed.set_aside(validation_split, seed)
    if bootstrap is not None:
        feed.redraw(bootstrap)
    if augment is not None:
        feed.change(augment)
    watch = Callbacks([*callbacks, *display], net)

    net.classes_, net.loss, net.optimizer = feed.classes, loss, trainer.optimizer
    feed.learn_preprocessing()

    if hasattr(trainer.optimizer, "minimize"):
        return fit_whole(trainer, feed, tally, watch, validate, initial_epoch)
    how["epoch"] = initial_epoch
    return Course(trainer, feed, tally, watch, validate, **how).run(epochs, saved)


def _feed(net, x, y, sample_weight, class_weight):
    if y is not None:
        return ArrayFeed(net, x, y, sample_weight, class_weight)
    from fastnn.data.feeding import BatchFeed

    return BatchFeed(net, x, sample_weight, class_weight)


class _Validation:
    """What validation data give, if there are any."""

    def __init__(self, net, loss, metrics):
        self.net, self.loss, self.tally, self.data = net, loss, Tally(net, loss, metrics), None

    def __call__(self):
        if self.data is None:
            return {}
        scores = _evaluate(self.net, self.loss, self.data, self.tally, BATCH)
        return {f"val_{name}": score for name, score in scores.items()}


def evaluate(net, x, y, *, loss, metrics, sample_weight, batch_size):
    """Return the loss and metrics of `net`; see `Sequential.evaluate`."""
    who = "evaluate"
    if loss is None and net.loss is None:
        raise ValueError(f'{who}: the network was not trained; give a loss: loss="cross_entropy"')
    x = net.check(x)
    loss = net.loss if loss is None else losses.get(loss)
    data = Data(who, net, loss, x, y, sample_weight, classes=net.classes_)
    batch_size = integer(who, "batch_size", batch_size)
    return _evaluate(net, loss, data, Tally(net, loss, metrics), batch_size)


def _evaluate(net, loss, data, tally, batch_size):
    runner = net.runner(loss)
    samples = Samples(runner.source(data.x), data.target, data.weight, data.rows)
    tally.begin()
    tally.enter(samples)
    how = {"counts_right": tally.counts_right, "outputs": tally.outputs}
    while tally.done < samples.count:
        for figures in runner.run(samples, tally.done, samples.count, batch_size, **how):
            tally.add(figures, min(batch_size, samples.count - tally.done))
    return tally.result()


def _display(who, verbose):
    """The callbacks that show progress."""
    return [[], [Progress()], [ProgressLine()]][integer(who, "verbose", int(verbose), 0, 2)]


def _optimizer(net, optimizer):
    """The optimizer of the last fit if it is meant, else the one asked for."""
    last = net.optimizer
    same = isinstance(optimizer, str) and type(last) is optimizers.OPTIMIZERS.get(optimizer)
    if last is not None and (optimizer is None or same):
        return last
    return optimizers.get(optimizer or "adam")


def _validation(net, loss, validation_data, classes):
    if validation_data is None:
        return None
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        raise ValueError("validation_data: expected (x, y) or (x, y, sample_weight)")
    x, y, *weight = validation_data
    return Data("validation_data", net, loss, net.check(x), y, *weight, classes=classes)
