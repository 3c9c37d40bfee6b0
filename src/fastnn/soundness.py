"""What happens when the loss of a batch is no number: training ends, and says where it was."""

import numpy as np

from fastnn.finite import all_finite
from fastnn.inputs import Inputs


class NonFiniteLossError(ArithmeticError):
    """The loss of a batch is NaN or infinite; the batch made no update.

    Attributes
    ----------
    epoch, batch : int
        Where, counted from 0; several batches that make one update count as one. None for steps
        of a `Trainer`.
    step : int
        Updates that the network had made before, over all fits: `net.steps`.
    loss : float
    where : str
        What is known of where it began.

    Notes
    -----
    The network, what its layers keep, its counts and its optimizer are as before the batch; where
    an update before, of a finite loss, made parameters NaN or infinite, as before that update. For
    this `fit` makes updates again, from a copy of some seconds before at most, which takes that
    long. Where these do not give the same losses, because callbacks have changed parameters,
    layers draw random numbers of their own, or arrays of batches were written over in the
    meantime, lost parameters come back as they were in that copy, and all else with them.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(1)], input_shape=(1,))
    >>> try:
    ...     net.fit([[1e38]], [[-1e38]], loss="squared_error", optimizer="sgd", epochs=9, verbose=0)
    ... except fn.NonFiniteLossError as error:
    ...     print(error.loss, error.epoch)
    inf 1
    """

    def __init__(self, loss, epoch, batch, step, where=""):
        self.loss, self.epoch, self.batch, self.step, self.where = loss, epoch, batch, step, where
        what = f"fit: the loss of batch {batch} of epoch {epoch} (counted from 0)"
        if epoch is None:
            what = "Trainer: the loss"
        super().__init__(
            f"{what} is {loss}, after {step} updates; this batch made none"
            f"{where and f'. {where}'}. Usual mends: a lower learning rate, clip_norm, inputs "
            f"scaled to about 1"
        )

    def __reduce__(self):
        return type(self), (self.loss, self.epoch, self.batch, self.step, self.where)


def find_first(net, loss, samples, batches):
    """Say where the first NaN or infinity of one or several batches arises; "" if nobody knows.

    Parameters
    ----------
    net, loss
    samples : Samples
    batches : list of slice
        Which of the samples, in their order; several make one update.
    """
    found = (_where(net, loss, samples, rows, rows.start - batches[0].start) for rows in batches)
    return next(filter(None, found), "")


def _where(net, loss, samples, rows, first_row):
    """Say where the first NaN or infinity of these rows' batch arises, if that is known."""
    taken = rows if samples.order is None else samples.order[rows]
    x = samples.x[taken]
    if isinstance(x, Inputs) and len(x.arrays) == 1:  # as programs read it
        (x,) = x.arrays
    try:
        from fastnn.diagnosing import first_unsound
    except ImportError:
        return _in_sight(net, x)
    weight = None if samples.weight is None else samples.weight[taken]
    batch = x, samples.target[taken], loss, weight
    return str(first_unsound(net, *batch, first_row) or "")


def _in_sight(net, x):
    """What is seen without running the network: samples and parameters."""
    for array in x.arrays if isinstance(x, Inputs) else (x,):
        if array.dtype.kind == "f" and np.isinf(array).any():
            return "x holds infinities in this batch"
    held = [
        f"{name} of {layer.label}"
        for layer in net.layers
        for name, array in layer.parameters.items()
        if not all_finite(array)
    ]
    return f"NaN or infinities are in {', '.join(held)}, from the update before" if held else ""
