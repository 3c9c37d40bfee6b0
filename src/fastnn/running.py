"""How batches run through a network: as one compiled program, or stage by stage.

A runner takes samples `first … stop` of a set, in the order that the set says, and makes batches of
them. Networks of fastnn's own layers are compiled (`fastnn.compiling`); a network with a layer that
has no instruction runs its stages one after the other, by the same operations.
"""

import math
from typing import NamedTuple

import numpy as np

from fastnn._core.threads import get_num_threads
from fastnn.compiling import compile_program, source_array
from fastnn.inputs import Inputs
from fastnn.upkeep import Upkeep

PIECE = 0.1  # seconds after which a program comes back, for progress and Ctrl-C


class Samples(NamedTuple):
    """Checked samples, and what their loss compares them with."""

    x: np.ndarray
    target: np.ndarray | None = None  # labels (N, …) int64, or rows of the outputs' shape
    weight: np.ndarray | None = None  # (N,), of the network's dtype
    order: np.ndarray | None = None  # int64: which sample is taken nth; None: the nth
    augment: object | None = None  # what happens to x: a `fastnn.mixing.Drawn`
    ends: np.ndarray | None = None  # int64: where batches end that make one update together

    def nbytes(self, with_data):
        """Bytes that who holds them keeps from being freed: also of the data, or of the order."""
        if not with_data:
            return 0 if self.order is None else self.order.nbytes
        arrays = self.x.arrays if isinstance(self.x, Inputs) else (self.x,)
        return sum(array.nbytes for array in arrays)

    def batches(self, first, stop, size):
        """Return the slices of `first … stop` that are batches: of this size, or up to `ends`."""
        ends = range(first + size, stop, size) if self.ends is None else self.ends[:-1].tolist()
        return list(map(slice, [first, *ends], [*ends, stop]))

    @property
    def count(self):
        """How many samples are taken; an order may leave some out, or repeat them."""
        return len(self.x) if self.order is None else len(self.order)


class Figures(NamedTuple):
    """What a batch gave, or several that made one update."""

    data_loss: float  # without penalties
    weight: float  # sum of the samples' weights
    right: int  # decisions that equal the target
    penalty: float  # on weights

    @property
    def loss(self):
        """The objective that training minimises."""
        return self.data_loss + self.penalty

    @property
    def sound(self):
        """Whether the loss is finite, so that an update was made."""
        return math.isfinite(self.loss)


def make_runner(net, route, loss, training):
    """Return a runner of a built network: for training, with a loss, or for its outputs."""
    program = compile_program(net, route, loss, training)
    if program is None:
        return Staged(net, route, loss, training)
    return Compiled(program, net)


class Compiled:
    """Runs a network's program."""

    def __init__(self, program, net):
        # not the network itself, which keeps its runners: its memory would wait for a collection
        self.program, self.upkeep = program, Upkeep(net)
        # a network that learns to standardize gets a new program then
        self.quick = None if net.learns else program.step

    def bytes(self, batch_size):
        """Memory of the program, beside parameters and gradients, for batches of this size."""
        return self.program.plan(batch_size, get_num_threads())

    def source(self, x):
        """Return checked samples such that `run` can read them."""
        arrays = x.arrays if isinstance(x, Inputs) else (x,)
        return Inputs(map(source_array, arrays))

    def run(
        self,
        samples,
        first,
        stop,
        batch_size,
        *,
        accumulate=1,
        optimizer=None,
        counts_right=False,
        outputs=None,
        first_row=0,
        penalised=True,
    ):
        """Run batches; come back soon.

        Parameters
        ----------
        samples : Samples
            `x` as `source` returns it.
        first, stop : int
            Which of the samples, in their order.
        batch_size : int
        accumulate : int
            How many batches make an update together, and figures: the weighted mean over all their
            samples. Where the samples have `ends`, all of them do.
        optimizer : Optimizer, optional
            Makes an update after every batch, or so many, whose loss is finite.
        counts_right : bool
            Whether to count decisions that equal the target.
        outputs : list of ndarray, shape (N, *output_shape), optional
            Receive the outputs, in the samples' order.
        first_row : int
            Which row the first sample is in noise.
        penalised : bool
            Whether gradients of penalties are in those that are left without an optimizer.

        Returns
        -------
        list of Figures
            Of each update that there was time for, at least one; none after one whose loss is
            not finite.
        """
        x, target, weight, order, augment, ends = samples
        if ends is not None:
            batch_size = int(np.diff(ends, prepend=0).max())
        if target is not None:
            target = target.arrays if isinstance(target, Inputs) else (target,)
        data = x.arrays, target, weight, order
        follows = optimizer is not None and optimizer.compiled
        if optimizer is not None and not follows:
            stop = min(stop, first + batch_size * accumulate) if ends is None else stop
        done = self.program.run(
            data,
            first,
            stop,
            batch_size,
            optimizer=optimizer if follows else None,
            counts_right=counts_right,
            outputs=outputs,
            augment=None if augment is None else augment.plan,
            accumulate=accumulate,
            ends=ends,
            row=first_row,
            penalised=penalised,
            seconds=PIECE,
        )
        figures = [Figures(*batch) for batch in done]
        if optimizer is not None and not follows and figures[0].sound:
            self.upkeep.update(optimizer)
        return figures


class Staged:
    """Runs a network's stages one after the other."""

    quick = bytes = None

    def __init__(self, net, route, loss, training):
        self.net, self.route, self.loss, self.training = net, route, loss, training
        self.upkeep = Upkeep(net)

    def source(self, x):
        """Return checked samples such that `run` can read them."""
        return x

    def run(
        self,
        samples,
        first,
        stop,
        batch_size,
        *,
        accumulate=1,
        optimizer=None,
        counts_right=False,
        outputs=None,
        first_row=0,
        penalised=True,
    ):
        """Run one batch, or those of one update; see `Compiled.run`."""
        if samples.ends is None:
            stop = min(stop, first + batch_size * accumulate)
        places = samples.batches(first, stop, batch_size)
        weights = [self._weights(samples, place) for place in places]
        total = np.sum(weights, axis=0)
        loss, right, gradients = 0.0, 0, 0.0
        for place, weight in zip(places, weights, strict=True):
            shares = None
            if len(places) > 1 and self.loss.reduction == "mean":
                shares = np.divide(weight, total, out=np.zeros(len(total)), where=total > 0)
            row = first_row + place.start - first
            figures = self._run(samples, place, shares, counts_right, outputs, row)
            loss, right = loss + figures[0], right + figures[1]
            if not math.isfinite(loss):
                break
            if len(places) > 1 and self.training:  # in double precision
                gradients = gradients + self.net.gradients.astype(np.float64)
        if len(places) > 1 and self.training:
            self.net.gradients[...] = gradients
        if self.loss is None:
            return [Figures(0.0, 0.0, 0, 0.0)]
        penalty = self.upkeep.penalty(self.training and penalised, float(total[0]))
        figures = Figures(loss, float(total[0]), right, penalty)
        if optimizer is not None and figures.sound:
            self.upkeep.update(optimizer)
        return [figures]

    def _rows(self, samples, place):
        return place if samples.order is None else samples.order[place]

    def _weights(self, samples, place):
        """Σ of what a batch's samples count in the loss of each output."""
        if self.loss is None:
            return [0.0]
        rows = self._rows(samples, place)
        weight = None if samples.weight is None else samples.weight[rows]
        n = place.stop - place.start
        shapes = [(n, *shape) for shape in self.net.output_shapes]
        return self.loss.total_weights(samples.target[rows], weight, shapes)

    def _run(self, samples, place, shares, counts_right, outputs, row):
        """Run a batch, both ways in training; return its loss and the number of right decisions."""
        net, rows = self.net, self._rows(samples, place)
        if samples.augment is None:
            x = samples.x[rows]
        else:
            number = np.arange(place.start, place.stop) if samples.order is None else rows
            x = samples.augment.read(source_array, samples.x, number)
        ys = net.run(net.enter(x), self.route, self.training, keep=self.training, row=row)
        for array, y in zip(outputs or (), ys, strict=False):
            array[place] = y.unpack()
        if self.loss is None:
            return 0.0, 0
        target = samples.target[rows]
        weight = None if samples.weight is None else samples.weight[rows]
        loss, dys = self.loss.of_outputs(ys, target, weight, shares)
        if self.training:
            net.run_back(dys)
        right = 0
        if counts_right:
            decided = self.loss.decided(ys[0].unpack(), logits=True)
            right = (decided == self.loss.decided(target)) & self.loss.counted(target)
            right = int(np.count_nonzero(right))
        return loss, right
