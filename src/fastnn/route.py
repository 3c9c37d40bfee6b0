"""Route: the operations of a network in order, and which of them do another's work as well.

Values are numbered: first the network's inputs, then what each step makes. A step stands behind
those that make what it reads, so that running a network is going along its route, and back.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from fastnn.layers.activation import Activation
from fastnn.layers.base import Layer
from fastnn.layers.batch_norm import BatchNorm
from fastnn.layers.noise import Dropout
from fastnn.layers.pool import MaxPool
from fastnn.layers.shape import Flatten
from fastnn.layers.weighted import WeightedLayer

NOTHING = MappingProxyType({})


class Step(NamedTuple):
    """An operation of a layer, or the activation behind it, at one place of a network."""

    stage: Layer
    x: tuple[int, ...]  # the values that it reads
    y: int  # the value that it makes
    call: int  # the layer's place: how many calls of layers there are before


class Fused(NamedTuple):
    """What a stage's passes are told; None: another stage's pass does its work."""

    forward: Mapping | None = NOTHING
    backward: Mapping | None = NOTHING


class Route:
    """Steps from the inputs to the outputs.

    Attributes
    ----------
    steps : tuple of Step
    inputs : int
        How many values are given.
    outputs : tuple of int
        The values that are asked for.
    fused : list of Fused
        For every step.
    last_reader : dict of int to int
        The last step that reads a value.
    """

    def __init__(self, steps, inputs, outputs):
        self.steps, self.inputs, self.outputs = tuple(steps), inputs, tuple(outputs)
        self._asked = Counter(self.outputs)
        self._readers, self._maker = {}, {}
        for i, step in enumerate(self.steps):
            self._maker[step.y] = i
            for value in step.x:
                self._readers.setdefault(value, []).append(i)
        self.last_reader = {value: readers[-1] for value, readers in self._readers.items()}
        self.fused = fuse_relus(self)

    def readers(self, value):
        """How many times a value is read, the network's user included."""
        return len(self._readers.get(value, ())) + self._asked[value]

    def before(self, i):
        """The step that makes what step i reads, if nothing else reads it; else None."""
        x = self.steps[i].x
        return self._maker.get(x[0]) if len(x) == 1 and self.readers(x[0]) == 1 else None

    def after(self, i):
        """The step that alone reads what step i makes; None if there is no such step."""
        y = self.steps[i].y
        return self._readers[y][0] if self.readers(y) == 1 and y not in self._asked else None

    def making(self, value):
        """The stage that makes a value; None for an input."""
        return self.steps[self._maker[value]].stage if value in self._maker else None

    def reads(self, value):
        """The first value that is read to make this one."""
        return self.steps[self._maker[value]].x[0]

    def without(self, values):
        """Return the route without the steps that make these outputs of its, up to what they read.

        What such a step reads becomes the output in its place.
        """
        steps = [step for step in self.steps if step.y not in values]
        read = {step.y: step.x[0] for step in self.steps if step.y in values}
        return Route(steps, self.inputs, [read.get(value, value) for value in self.outputs])

    def differentiated(self, input_gradient=False):
        """Return the values whose gradients are wanted: they depend on what is trained."""
        wanted = set(range(self.inputs)) if input_gradient else set()
        for step in self.steps:
            trained = step.stage.parameters and step.stage.trainable
            if trained or not wanted.isdisjoint(step.x):
                wanted.add(step.y)
        return wanted


def pool_before_relu(route):
    """Swap each ReLU with a max pooling right behind it: the same bits from a fraction of the work.

    The largest of a window is picked by the same comparisons before and after a ReLU, and where
    it is not positive no gradient passes either way. The ReLU then has only pooled elements to map.
    """
    steps = list(route.steps)
    for i in range(len(steps)):
        after = route.after(i)
        if after is None or not _is_relu(steps[i].stage):
            continue
        if isinstance(steps[after].stage, MaxPool):
            relu, pool = steps[i].stage, steps[after].stage
            steps[i], steps[after] = (
                steps[i]._replace(stage=pool),
                steps[after]._replace(stage=relu),
            )
    return Route(steps, route.inputs, route.outputs)


def fuse_relus(route):
    """Let the sums before and after a ReLU do its work where they are stored: the same bits.

    Forward, the weighted stage or batch norm before it (pooling may stand between) keeps what is
    positive;
    backward, the weighted stage after it drops gradients where its own input, the ReLU's output, is
    not positive. Flattening may stand between, and dropout: what it makes 0 has no gradient either
    way, and what it scales stays positive.
    """
    fused = [Fused() for _ in route.steps]
    for i, step in enumerate(route.steps):
        if not _is_relu(step.stage):
            continue
        ends = WeightedLayer | BatchNorm
        before = _skip(route, route.before(i), route.before, MaxPool | Flatten, ends)
        if before is not None:
            fused[before] = fused[before]._replace(forward={"relu_follows": True})
            fused[i] = fused[i]._replace(forward=None)
        after = _skip(route, route.after(i), route.after, Flatten | Dropout, WeightedLayer)
        if after is not None:
            fused[after] = fused[after]._replace(backward={"relu_precedes": True})
            fused[i] = fused[i]._replace(backward=None)
    return fused


def _skip(route, i, beside, kinds, wanted):
    """The stage of a wanted kind that is reached over stages of other kinds, or None."""
    while i is not None and isinstance(route.steps[i].stage, kinds):
        i = beside(i)
    return i if i is not None and isinstance(route.steps[i].stage, wanted) else None


def _is_relu(stage):
    return isinstance(stage, Activation) and stage.function == "relu"
