"""One pass through a network layer by layer, there and back, in which every number stays.

Training fuses operations, and keeps nothing of them that it does not need again. A trace runs the
same operations one by one: the same bits, and what every operation read and made, with gradients,
the network's inputs and frozen layers included. It works on a copy: the network is left alone.
"""

import copy
from dataclasses import dataclass, field

import numpy as np

from fastnn.graph import _add
from fastnn.inputs import Inputs
from fastnn.joint import Joint
from fastnn.layers import Layer
from fastnn.layers.noise import Noise
from fastnn.packs import Packs, pack
from fastnn.upkeep import Upkeep


@dataclass
class Visit:
    """An operation of a layer, or the activation behind it, at one place of a network.

    Attributes
    ----------
    call : int
        Which of the network's calls of layers it belongs to.
    layer, stage : Layer
        The layer that is called, and what of it this is: itself, its padding or its activation.
    xs : list of Packs or ndarray
        What it reads: what preprocesses a network's input, a plain batch; all others, packs.
    y : Packs or ndarray
        What it makes.
    in_loss : bool
        Whether the loss includes it: training leaves it out, so that it has no gradient.
    kept : object
        What its way back needs.
    dy : Packs or None
        Gradient of the batch's loss with respect to `y`.
    dxs : list of Packs
        Likewise, to each of `xs`.
    gradients : dict of str to ndarray
        Likewise, to the parameters, from this place alone; 0 while the layer is frozen.
    """

    call: int
    layer: Layer
    stage: Layer
    xs: list
    y: object
    in_loss: bool = False
    kept: object = None
    dy: object = None
    dxs: list = field(default_factory=list)
    gradients: dict = field(default_factory=dict)


class Trace:
    """A pass of training over one batch.

    Parameters
    ----------
    net : Network
        A built network that the trace may use up: `copy.deepcopy` of the one in question. Its
        `gradients` are those of the batch afterwards, penalties included.
    loss : Loss
    x, target, weight
        A batch as `Samples` holds it: checked, the target as the loss compares it.
    first_row : int
        Which row the first sample is in noise.
    training : bool
        Whether layers do what they do in training: noise, and statistics of the batch.

    Attributes
    ----------
    visits : list of Visit
        In the order of the forward pass.
    data_loss, penalty : float
    outputs : list of Packs
        What the loss sees, an entry an output.
    slopes : list of Packs
        Gradient of the loss with respect to these.
    """

    def __init__(self, net, loss, x, target, weight=None, first_row=0, *, training=True):
        loss.route(net)  # may refuse the network
        self.net, self.visits, self.training = net, [], training
        self._values = {}
        self._enter(x)
        self._forward(_endings(loss, net.unfused), first_row)
        self.data_loss, self.slopes = loss.of_outputs(self.outputs, target, weight)
        self._backward()
        total = loss.total_weight(target, weight, self.outputs[0].shape)
        self.penalty = Upkeep(net).penalty(gradients=True, batch=total)

    @property
    def loss(self):
        """The objective that training minimises."""
        return self.data_loss + self.penalty

    def _enter(self, x):
        net = self.net
        arrays = x.arrays if isinstance(x, Inputs) else (x,)
        for place, (array, head) in enumerate(zip(arrays, net.heads, strict=True)):
            for layer in head:
                y = layer.apply(array)
                self.visits.append(Visit(_call_of(net, layer), layer, layer, [array], y))
                array = y
            self._values[place] = packs = pack(array, net.dtype)
            if head:
                self.visits[-1].y = packs

    def _forward(self, endings, first_row):
        net, values = self.net, self._values
        self._steps = []
        for step in net.unfused.steps:
            stage = step.stage
            if isinstance(stage, Noise):
                stage.seed, stage.index, stage.steps = net.seed, step.call, net.steps
                stage.row = first_row
            xs = [values[value] for value in step.x]
            values[step.y] = y = stage._forward(xs if stage.merges else xs[0], self.training)
            layer = net.layers[net.calls[step.call].layer]
            visit = Visit(step.call, layer, stage, xs, y, step.y in endings, stage._saved)
            self.visits.append(visit)
            self._steps.append((step, visit))
        self._ends = [
            net.unfused.reads(value) if value in endings else value for value in net.unfused.outputs
        ]
        self.outputs = [values[value] for value in self._ends]

    def _backward(self):
        gradients, sums = {}, {}
        for value, dy in zip(self._ends, self.slopes, strict=True):
            _add(gradients, value, dy)
        for step, visit in reversed(self._steps):
            if step.y not in gradients or visit.in_loss:
                continue
            stage, visit.dy = visit.stage, gradients.pop(step.y)
            stage._saved = visit.kept
            wanted = (True,) * len(step.x) if stage.merges else True
            dxs = stage._backward(visit.dy, wanted)
            visit.dxs = dxs if stage.merges else [dxs]
            for name, array in (stage.gradients or {}).items():
                visit.gradients[name] = array.copy() if stage.trainable else np.zeros_like(array)
                before = sums.get((stage, name))
                new = visit.gradients[name]
                sums[stage, name] = new if before is None else new + before
            for value, dx in zip(step.x, visit.dxs, strict=True):
                _add(gradients, value, dx)
        for (stage, name), total in sums.items():
            stage.gradients[name][...] = total
        for place, head in enumerate(self.net.heads):
            dy = gradients.get(place)
            for layer in reversed(head):
                visit = next(v for v in self.visits if v.stage is layer)
                visit.dy, visit.dxs = dy, [layer._backward(dy, True)]
                (dy,) = visit.dxs


def scratch(net):
    """Return a copy of a network, to be run and changed without a trace in the network itself."""
    return copy.deepcopy(net)


def plain(values):
    """Return a batch, in lane packs or not, as a plain array."""
    return values.unpack() if isinstance(values, Packs) else values


def place_of(net, call):
    """Return what messages call a layer in its place: its class, and its name or its number."""
    layer = net.layers[net.calls[call].layer]
    kind = type(layer).__name__
    if layer.label != kind:
        return f"{kind} {layer.label!r}"
    alone = sum(type(net.layers[other.layer]) is type(layer) for other in net.calls) == 1
    return kind if alone else f"{kind} (layer {call})"


def _endings(loss, route):
    """The values that activations in the loss make."""
    parts = loss.losses if isinstance(loss, Joint) else (loss,)
    ends = zip(parts, route.outputs, strict=True)
    return {value for part, end in ends for value in part.fused(route, end)}


def _call_of(net, layer):
    """The place of a layer that is called once."""
    return next(i for i, call in enumerate(net.calls) if net.layers[call.layer] is layer)
