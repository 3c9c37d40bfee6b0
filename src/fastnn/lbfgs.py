"""L-BFGS: all data at once, and steps that take the loss's curvature into account."""

import contextlib
import time

import numpy as np

from fastnn.callbacks import StopTraining
from fastnn.checks import integer, positive
from fastnn.history import History
from fastnn.optimizer import Optimizer, Setting


def count(who, what, value):
    """Return `value` as an int of at least 1."""
    return integer(who, what, value)


def import_minimize():
    """Return `scipy.optimize.minimize`, which an extra brings."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(
            f"LBFGS: it needs scipy ({error}); pip install 'fastnn[scipy]'"
        ) from error
    return minimize


class LBFGS(Optimizer):
    """Limited-memory BFGS (Liu and Nocedal, 1989), for `fit` on data that are few.

    `fit` then computes the loss of all samples at once, again and again, until the gradient is
    small; epochs, batch_size and shuffle do not matter. An iteration stands for an epoch in
    `History` and for callbacks. Weights end where the loss was lowest.

    Parameters
    ----------
    max_iterations : int
    tolerance : float
        Ends when no gradient is larger than this.
    memory : int
        How many steps the curvature is estimated from.

    Raises
    ------
    ImportError
        In `fit`, without scipy: ``pip install 'fastnn[scipy]'``.

    Notes
    -----
    By `scipy.optimize.minimize`, in double precision around the network's own; in a float64 network
    tolerances may be smaller. Random masks stay the same from iteration to iteration. Constraints
    on weights are not taken into account, and refused.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> net = fn.Sequential([fn.layers.Dense(1)], input_shape=(1,), dtype="float64")
    >>> lbfgs = fn.optimizers.LBFGS(tolerance=1e-9)
    >>> history = net.fit(x, 3 * x + 2, loss="squared_error", optimizer=lbfgs, verbose=0)
    >>> net.parameters.round(6).tolist()
    [3.0, 2.0]
    """

    max_iterations = Setting(count)
    tolerance = Setting(positive)
    memory = Setting(count)

    def __init__(self, max_iterations=100, tolerance=1e-5, memory=10):
        super().__init__()
        self.max_iterations, self.tolerance, self.memory = max_iterations, tolerance, memory

    def config(self):
        """Return the settings as `fastnn.optimizers.from_config` takes them: plain, for JSON."""
        names = "max_iterations", "tolerance", "memory"
        return {"name": "lbfgs", **{name: getattr(self, name) for name in names}}

    def update(self, parameters, gradients):
        raise TypeError("LBFGS: it needs the loss of all data, again and again; use fit")

    def minimize(self, net, loss_and_gradients, after_iteration=lambda: None):
        """Change a network's parameters until the loss is as small as it gets.

        Parameters
        ----------
        net : Sequential
            Built.
        loss_and_gradients : callable
            Returns the loss with the parameters as they are, and fills `net.gradients`.
        after_iteration : callable
            Called after each iteration; what it raises ends all, with the parameters reached.

        Returns
        -------
        str
            Why it ended.
        """
        minimize = import_minimize()
        if any(layer.constraints for layer in net.layers):
            raise ValueError("LBFGS: expected a network without constraints on its weights")
        reached, last = net.parameters.copy(), None

        def evaluate(x):
            nonlocal last
            net.parameters[...] = last = x.astype(net.dtype)
            loss = loss_and_gradients()
            return loss, net.gradients.astype(np.float64)

        def callback(x):
            nonlocal reached
            reached = x.astype(net.dtype)
            if not np.array_equal(last, reached):
                evaluate(x)
            self.steps += 1
            after_iteration()

        options = {"maxiter": self.max_iterations, "gtol": self.tolerance, "maxcor": self.memory}
        options |= {"ftol": 0.0, "maxfun": 20 * self.max_iterations}
        try:
            found = minimize(
                evaluate, reached.astype(np.float64), jac=True, method="L-BFGS-B",
                callback=callback, options=options,
            )  # fmt: skip
        finally:  # an exception too: not where a line search looked
            net.parameters[...] = reached
        return found.message


def check_whole(who, feed, resume, callbacks, accumulate):
    """Raise where `fit` is asked for what goes by batches, or for a run that can be resumed."""
    if resume is not None or feed.comes_in_batches:
        raise ValueError(f"{who}: LBFGS takes arrays, all at once, and begins at the beginning")
    if accumulate > 1:
        raise ValueError(
            f"{who}: LBFGS takes the loss of all samples at once; expected "
            f"gradient_accumulation_steps of 1, got {accumulate}"
        )
    from fastnn.callbacks.averaging import WeightAverage
    from fastnn.checkpoints import Checkpoint

    for callback in callbacks:
        if isinstance(callback, (Checkpoint, WeightAverage)):
            raise ValueError(
                f"{who}: LBFGS gives scipy's minimisation no state to go on from, nor updates to "
                f"follow; leave {type(callback).__name__} out"
            )


def fit_whole(trainer, feed, tally, watch, validate, initial_epoch):
    """Let the trainer's optimizer minimise the loss of all samples; return the history.

    `validate()` returns the figures of validation data.
    """
    net, optimizer = trainer.net, trainer.optimizer
    runner = net.runner(trainer.loss, training=True)
    ((samples, _),) = feed.epoch(0, runner, False, 0, feed.samples)
    n, history, logs = samples.count, History(initial_epoch=initial_epoch), {}
    started = time.perf_counter()

    def loss_and_gradients():
        tally.begin()
        tally.enter(samples)
        how = {"counts_right": tally.counts_right, "outputs": tally.outputs}
        (figures,) = runner.run(samples, 0, n, n, **how)
        tally.add(figures, n)
        return figures.loss

    def after_iteration():
        nonlocal logs, started
        seconds = time.perf_counter() - started
        epoch = initial_epoch + optimizer.steps - before - 1
        watch("on_epoch_begin", epoch=epoch)
        figures = {**tally.result(), **validate(), "seconds": seconds}
        rate = n / max(seconds, 1e-9)
        logs = watch("on_epoch_end", epoch=epoch, **figures, samples_per_second=rate)
        hidden = ("epoch", "samples_per_second")
        history.append({name: logs[name] for name in logs if name not in hidden})
        if watch.stopped is not None:
            raise StopTraining
        started = time.perf_counter()

    before = optimizer.steps
    last = initial_epoch + optimizer.max_iterations
    about = {"epochs": last, "initial_epoch": initial_epoch, "batches": 1, "samples": n}
    watch("on_train_begin", **about)
    try:
        with contextlib.suppress(StopTraining):
            optimizer.minimize(net, loss_and_gradients, after_iteration)
        history.stopped = watch.stopped
    finally:
        net.forget()
        watch("on_train_end", **logs)
    return history
