"""Where the first NaN or infinity of a training step arises."""

from typing import NamedTuple

import numpy as np

from fastnn.finite import all_finite
from fastnn.inputs import Inputs
from fastnn.tracing import Trace, place_of, plain, scratch


class Unsound(NamedTuple):
    """The first NaN or infinity of a pass.

    Attributes
    ----------
    layer : str or None
        The layer's class, and its name or its place; None of the data, the loss and the penalties.
    call : int or None
        Which of the network's calls of layers it is.
    what : str
        "the input", "its weight" (or another parameter), "its output", "the loss", "the penalties",
        "the gradient of the loss", "the gradient of its weight", "the gradient of its input".
    kind : {"NaN", "infinity"}
    count : int
        How many numbers there are not finite.
    sample : int or None
        The first sample with one, by its index in the batch, from `first_row` on; None where none
        is to blame.
    """

    layer: str | None
    call: int | None
    what: str
    kind: str
    count: int
    sample: int | None

    def __str__(self):
        where = self.kind + f" in {self.what}" + (f" ({self.count} numbers)" * (self.count > 1))
        where += "" if self.sample is None else f", sample {self.sample}"
        return f"first in {self.layer}: {where}" if self.layer else f"first: {where}"


def first_unsound(net, x, y, loss, weight=None, first_row=0):
    """Find the first NaN or infinity of a training step: there, in the loss, and on the way back.

    The layers run one after the other with the noise of the step that `net.steps` counts, on a copy
    of the network. A layer whose parameters are to blame is named with these.

    Parameters
    ----------
    net : Network
    x, y, weight
        A batch, as for `Trainer.step`.
    loss : str or Loss
    first_row : int
        Which row the first sample is: in noise, and in what is returned.

    Returns
    -------
    Unsound or None
        None if every number is finite.

    Examples
    --------
    >>> import fastnn as fn
    >>> from fastnn.diagnosing import first_unsound
    >>> layers = [fn.layers.Dense(1, name="hidden"), fn.layers.Dense(1)]
    >>> net = fn.Sequential(layers, input_shape=(1,))
    >>> layers[0].weight = [[1e38]]
    >>> print(first_unsound(net, [[1.0], [9.0]], [0.0, 0.0], "squared_error"))
    first in Dense 'hidden': infinity in its output, sample 1
    """
    from fastnn import losses
    from fastnn.labels import sample_weights

    loss = losses.get(loss)
    x = net.check(list(x.arrays) if isinstance(x, Inputs) else x)
    target = loss.targets(y, len(x), net)
    if weight is not None:
        weight = sample_weights("first_unsound", weight, len(x), net.dtype)
    if len(x) == 0:
        return None
    with np.errstate(all="ignore"):
        trace = Trace(scratch(net), loss, x, target, weight, first_row)
        found = find(trace, x, loss, target, weight)
    if found is None or found.sample is None:
        return found
    return found._replace(sample=first_row + found.sample)


def find(trace, x, loss, target, weight):
    """Return what is unsound first in a trace of this batch, or None."""
    for array in x.arrays if isinstance(x, Inputs) else (x,):
        if (seen := _seen(array)) is not None:
            return Unsound(None, None, "the input", *seen)
    for visit in trace.visits:
        if not visit.in_loss and (seen := _seen(visit.y)) is not None:
            for name, array in (visit.stage.parameters or {}).items():
                if (held := _seen(array)) is not None:
                    return _in(trace, visit, f"its {name}", *held[:2], None)
            return _in(trace, visit, "its output", *seen)
    if not np.isfinite(trace.data_loss):
        kind, count, _ = _seen(np.array([trace.data_loss]))
        first = _first_of_loss(trace, loss, target, weight)
        return Unsound(None, None, "the loss", kind, count, first)
    if not np.isfinite(trace.penalty):
        kind, count, _ = _seen(np.array([trace.penalty]))
        return Unsound(None, None, "the penalties", kind, count, None)
    for slope in trace.slopes:
        if (seen := _seen(slope)) is not None:
            return Unsound(None, None, "the gradient of the loss", *seen)
    for visit in reversed(trace.visits):
        for name, array in visit.gradients.items():
            if (seen := _seen(array)) is not None:
                return _in(trace, visit, f"the gradient of its {name}", *seen[:2], None)
        for dx in visit.dxs:
            if (seen := _seen(dx)) is not None:
                return _in(trace, visit, "the gradient of its input", *seen)
    return None


def _in(trace, visit, what, kind, count, sample):
    return Unsound(place_of(trace.net, visit.call), visit.call, what, kind, count, sample)


def _seen(values):
    """Return the kind, number and first sample of what is not finite, or None."""
    values = plain(values)
    if all_finite(values):
        return None
    wrong = ~np.isfinite(values)
    first = tuple(np.argwhere(wrong)[0])
    kind = "NaN" if np.isnan(values[first]) else "infinity"
    return kind, int(np.count_nonzero(wrong)), int(first[0])


def _first_of_loss(trace, loss, target, weight):
    """The first sample whose own loss is not finite; None if only their sum is not."""
    outputs = [plain(y) for y in trace.outputs]
    for n in range(len(outputs[0])):
        one = slice(n, n + 1)
        share = None if weight is None else weight[one]
        value, _ = loss.of_outputs([y[one] for y in outputs], target[one], share)
        if not np.isfinite(value):
            return n
    return None
