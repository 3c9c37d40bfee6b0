"""Measure: figures of every layer of a network, from traces of some batches."""

import math
from dataclasses import dataclass

import numpy as np

from fastnn.inputs import Inputs
from fastnn.layers import Activation
from fastnn.tracing import Trace, place_of, plain
from fastnn.unsound import find
from fastnn.upkeep import Upkeep

SAMPLES = 2048  # at most; more would tell the same
BATCH = 128  # as in training: batch norms see as many

# A unit is saturated where the slope of its activation is less than this share of the largest: it
# learns twenty times as slowly. That is |z| > 4.36 of a sigmoid, |z| > 2.18 of a tanh.
STEEP = 0.05
SATURATED = {  # of outputs y
    "sigmoid": lambda y: 4 * y * (1 - y) < STEEP,
    "tanh": lambda y: 1 - y * y < STEEP,
    "softsign": lambda y: (1 - np.abs(y)) ** 2 < STEEP,
    "hard_sigmoid": lambda y: (y <= 0) | (y >= 1),
    "relu6": lambda y: y >= 6,
    # the largest of a position's probabilities is at the end of its sigmoid
    "softmax": lambda y: (lambda top: 4 * top * (1 - top) < STEEP)(y.max(axis=-1)),
}
DYING = ("relu", "relu6", "hard_swish")  # 0, and without a slope, far to the left


@dataclass(frozen=True)
class Row:
    """Figures of a layer at its place in a network.

    Attributes
    ----------
    call : int
        The place: how many calls of layers there are before.
    layer : str
        The layer's class, and its name or its place if there are several.
    output_shape : tuple of int
    mean, spread : float
        Mean and standard deviation of all its outputs.
    saturated : float or None
        Share of its outputs near the ends of a sigmoid, tanh, softsign or softmax, where the slope
        is less than a twentieth of the largest, or at the ends of hard sigmoid and ReLU6, where it
        is 0; None of other activations.
    dead : float or None
        Share of units (channels, of images) behind a ReLU, ReLU6 or hard swish that are 0 for every
        sample.
    gradient, delta : float or None
        Size of the loss's gradient with respect to what the layer makes, and with respect to what
        enters its activation: the norm of a sample's gradient, as a root mean square over samples.
        None where the loss includes the activation, and so nothing is differentiated.
    parameters : int
    weight_norm, weight_gradient : float or None
        Norms of all its parameters, and of their gradient; None without any, and where the layer
        was called before.
    update : float or None
        Norm of the next update, divided by that of the parameters.
    not_a_number, infinite : int
        How many numbers in its outputs are NaN, or infinite.
    trainable : bool
    """

    call: int
    layer: str
    output_shape: tuple
    mean: float
    spread: float
    saturated: float | None
    dead: float | None
    gradient: float | None
    delta: float | None
    parameters: int
    weight_norm: float | None
    weight_gradient: float | None
    update: float | None
    not_a_number: int
    infinite: int
    trainable: bool


class Figures:
    """Takes in traces of batches, and makes the rows of them."""

    def __init__(self, net, loss, optimizer):
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.places = [_Place(net, call) for call in range(len(net.calls))]
        self.gradients = np.zeros(net.parameters.shape)
        self.total, self.slope, self.unsound = 0.0, _Moments(), None

    def take(self, x, target):
        """Take in samples."""
        n = len(x)
        rows = np.arange(n) if n <= SAMPLES else np.arange(SAMPLES) * n // SAMPLES
        self.samples, self.inputs = len(rows), _size_of_inputs(self.net, x[rows])
        for batch in np.array_split(rows, -(-len(rows) // BATCH)):
            self._add(x[batch], target[batch], batch, len(rows))
        self._update()
        return self

    def rows(self):
        """Return a `Row` for every place."""
        return [place.row(*self._of_parameters(place)) for place in self.places]

    def _add(self, x, target, batch, samples):
        trace = Trace(self.net, self.loss, x, target)
        share, n = len(batch) / samples, len(batch)
        # gradients of a mean are those of each sample divided by n
        scale = n if self.loss.reduction == "mean" else 1
        self.total += share * trace.loss
        self.gradients += share * self.net.gradients
        squares = sum(_squares(slope, scale) for slope in trace.slopes)
        self.slope.add_squares(squares)
        for visit in trace.visits:
            self.places[visit.call].add(visit, scale)
        if self.unsound is None:
            self.unsound = find(trace, x, self.loss, target, None)
            if self.unsound is not None and self.unsound.sample is not None:
                self.unsound = self.unsound._replace(sample=int(batch[self.unsound.sample]))

    def _of_parameters(self, place):
        """Norms of the layer's parameters, their gradient and their update; its place is first."""
        layer = place.layer
        size = sum(array.size for array in layer.parameters.values())
        first = next(c for c in range(len(self.net.calls)) if _layer(self.net, c) is layer)
        if not size or first != place.call:
            return None, None, None
        start = self.net.places[layer]
        weight, gradient, update = (
            float(np.linalg.norm(vector[start : start + size].astype(np.float64)))
            for vector in (self.parameters, self.gradients, self.updates)
        )
        return weight, gradient, update / weight if weight else None

    def _update(self):
        net = self.net
        self.parameters, self.updates = net.parameters.copy(), self.gradients
        if self.optimizer is not None:
            net.gradients[...] = self.gradients
            Upkeep(net).update(self.optimizer)
            self.updates = net.parameters - self.parameters


class _Place:
    """Figures of one call of a layer, over all batches."""

    def __init__(self, net, call):
        self.net, self.call, self.layer = net, call, _layer(net, call)
        self.function = None
        self.values, self.gradient, self.delta = _Moments(), _Moments(), _Moments()
        self.saturated, self.decided, self.alive = 0, 0, None
        self.not_a_number = self.infinite = 0
        self.in_loss = False

    def add(self, visit, scale):
        stage = visit.stage
        if stage is self.layer and visit.dy is not None:
            self.delta.add_squares(_squares(visit.dy, scale))
        if stage is not self.layer.stages[-1]:
            return
        y, self.in_loss = plain(visit.y), visit.in_loss
        self.values.add(y)
        self.not_a_number += int(np.count_nonzero(np.isnan(y)))
        self.infinite += int(np.count_nonzero(np.isinf(y)))
        if visit.dy is not None:
            self.gradient.add_squares(_squares(visit.dy, scale))
        if isinstance(stage, Activation):
            self._add_activation(stage, y)

    def _add_activation(self, stage, y):
        self.function = stage.function
        if stage.function in SATURATED:
            ends = SATURATED[stage.function](y)
            self.saturated += int(np.count_nonzero(ends))
            self.decided += ends.size
        if stage.function in DYING or stage.options.get("slope") == 0:
            alive = (y != 0).any(axis=tuple(range(y.ndim - 1)))
            self.alive = alive if self.alive is None else self.alive | alive

    def row(self, weight_norm, weight_gradient, update):
        return Row(
            self.call,
            place_of(self.net, self.call),
            self.layer.output_shape,
            self.values.mean,
            self.values.spread,
            self.saturated / self.decided if self.decided else None,
            None if self.alive is None else float(np.mean(~self.alive)),
            self.gradient.size,
            self.delta.size,
            sum(array.size for array in self.layer.parameters.values()),
            weight_norm,
            weight_gradient,
            update,
            self.not_a_number,
            self.infinite,
            self.layer.trainable,
        )


class _Moments:
    """Mean and spread of numbers, or the root of the mean of squares, over batches."""

    def __init__(self):
        self.count, self.mean, self.squares = 0, math.nan, 0.0

    def add(self, values):
        """Take in numbers: Chan, Golub and LeVeque's update."""
        values = values.astype(np.float64)
        n, mean = values.size, values.mean()
        shift = 0.0 if self.count == 0 else mean - self.mean
        self.squares += ((values - mean) ** 2).sum() + shift**2 * self.count * n / (self.count + n)
        self.mean = mean if self.count == 0 else self.mean + shift * n / (self.count + n)
        self.count += n

    def add_squares(self, values):
        """Take in the squares of what `size` is the root mean square of."""
        self.squares, self.count = self.squares + float(values.sum()), self.count + len(values)

    @property
    def spread(self):
        return math.sqrt(self.squares / self.count) if self.count else math.nan

    @property
    def size(self):
        return self.spread if self.count else None


def _layer(net, call):
    return net.layers[net.calls[call].layer]


def _squares(dy, scale):
    """The squared norm of each sample's gradient."""
    rows = plain(dy).reshape(dy.shape[0], -1).astype(np.float64) * scale
    return (rows * rows).sum(axis=1)


def _size_of_inputs(net, x):
    """Root mean square of each input behind its preprocessing."""
    arrays, sizes = x.arrays if isinstance(x, Inputs) else (x,), []
    for array, head in zip(arrays, net.heads, strict=True):
        for layer in head:
            array = layer.apply(array)
        sizes.append(float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))))
    return sizes
