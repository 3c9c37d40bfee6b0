"""A pass there and back, layer by layer: which numbers and which formulas belong together."""

import numpy as np

from fastnn.inputs import Inputs
from fastnn.joint import Joint
from fastnn.layers import Activation, PReLU
from fastnn.layers.weighted import WeightedLayer
from fastnn.tracing import Trace, place_of

from . import costs, stages
from .explanation import Explanation, LayerNumbers, Section
from .notation import Block, each, total
from .stage import SYMBOLS, Stage, sample

ACTIVATIONS = Activation, PReLU


class Pass:
    """A sample's way through a network.

    Parameters
    ----------
    net : Network
        In float64; it is used up.
    loss, x, target
        As `Data` checked them, of one sample.
    notation : Notation
    label : optional
        What the user calls the sample's class.
    """

    def __init__(self, net, loss, x, target, notation, label=None):
        self.net, self.loss, self.x, self.target, self.notation = net, loss, x, target, notation
        self.label = label
        self.trace = Trace(net, loss, x, target, training=False)
        self.visits = [[] for _ in net.calls]
        for visit in self.trace.visits:
            self.visits[visit.call].append(visit)
        self.names = [place_of(net, call) for call in range(len(net.calls))]
        self.seen = set()
        joint = isinstance(loss, Joint)
        self.parts = [(loss, 1.0, target)]
        if joint:
            self.parts = list(zip(loss.losses, loss.weights, target.arrays, strict=True))

    def explanation(self):
        """Return all of it."""
        net, trace, forward, backward, numbers = self.net, self.trace, [], [], []
        for call in range(len(net.calls)):
            layer, there, back = self._layer(call)
            numbers.append(layer)
            forward.append(Section(self._title(call), there))
            places = sum(other.layer == net.calls[call].layer for other in net.calls)
            several = f", at one of {places} places, whose ∂W and ∂b add up" if places > 1 else ""
            backward.insert(0, Section(self.names[call] + several, back))
        ends, gradients = self._losses()
        forward += ends
        backward[:0] = gradients
        if trace.penalty or any(layer.regularizers for layer in net.layers):
            forward.append(self._objective())
        x = self.x.arrays if isinstance(self.x, Inputs) else (self.x,)
        target = self.target.arrays if isinstance(self.target, Inputs) else (self.target,)
        return Explanation(
            _one_or_all([array[0] for array in x]),
            _one_or_all([numbers[v - len(x)].a for v in net.outputs]),
            _one_or_all([array[0].copy() for array in target]),
            numbers,
            float(trace.data_loss),
            float(trace.penalty),
            net.gradients.copy(),
            self.notation,
            forward,
            backward,
            self._head(),
        )

    def _head(self):
        value = self.notation.number(self.trace.loss)
        return f"{self.loss.name} of one sample: {value}\nδ is short for ∂ℓ/∂z, and ∂v for ∂ℓ/∂v"

    def _title(self, call):
        values = self.net.calls[call].x
        inputs = len(self.net.input_shapes)
        before = [
            (f"input {value + 1}" if inputs > 1 else "the input")
            if value < inputs
            else f"a of {self.names[value - inputs]}"
            for value in values
        ]
        layer = self.net.layers[self.net.calls[call].layer]
        symbol = "z" if isinstance(layer, ACTIVATIONS) else "x"
        return f"{self.names[call]}, {symbol}: {' and '.join(before)}"

    # --- a layer ---------------------------------------------------------------------------------

    def _layer(self, call):
        layer = self.net.layers[self.net.calls[call].layer]
        visits = self.visits[call]
        said, before, own = [], None, None
        for visit in visits:
            stage = Stage(visit, self.notation, self._names_of(layer, visit))
            said.append((stage, *stages.say(stage)))
            if visit.stage is layer:
                own = stage
        first, last = said[0][0], said[-1][0]
        there = [block for _, blocks, _ in said for block in blocks]
        back = [block for _, _, blocks in reversed(said) for block in blocks]
        included = visits[-1].in_loss
        if isinstance(layer, ACTIVATIONS):
            z, delta = own.x, self._slope(call) if included else own.dx
        else:
            z, delta = own.y, own.dy
        da = None if included else last.dy
        if any(value < len(self.net.input_shapes) for value in self.net.calls[call].x):
            before = _inputs(first)
        if isinstance(layer, WeightedLayer) and last is own:
            there.append(Block("a", "a = z"))
            back.insert(0, Block("δ", f"δ = ∂a = {self._source(call)}", delta))
        elif included:
            back.insert(0, Block("δ", "δ, from the loss, which includes this activation", delta))
        elif last.dy is not None:
            back.insert(0, Block("∂a", f"∂a = {self._source(call)}", last.dy))
        penalties = self._penalties(layer, back)
        gradients = {name: array.copy() for name, array in own.gradients.items()}
        for name, array in penalties.items():
            gradients[name] = gradients[name] + array
        numbers = LayerNumbers(
            self.names[call], first.xs, z, last.y, delta, da, first.dxs, gradients, penalties
        )
        return numbers, (before or []) + there, back

    def _names_of(self, layer, visit):
        """What the input and output of an operation are called, and their gradients."""
        if isinstance(visit.stage, ACTIVATIONS):
            return "z", "a", "δ", "∂a"
        if not isinstance(layer, WeightedLayer):
            return ("x(1)" if visit.stage.merges else "x"), "a", "∂x", "∂a"
        if visit.stage is not layer:  # its padding
            return "x", "x padded", "∂x", "∂x padded"
        if layer.stages[0] is not layer:
            return "x padded", "z", "∂x padded", "δ"
        return "x", "z", "∂x", "δ"

    def _source(self, call):
        """Where the gradient of a layer's output comes from."""
        net = self.net
        value = len(net.input_shapes) + call
        parts = [
            f"∂x of {self.names[i]}" if len(reader.x) == 1 else f"∂x({k + 1}) of {self.names[i]}"
            for i, reader in enumerate(net.calls)
            for k, read in enumerate(reader.x)
            if read == value
        ]
        for which, output in enumerate(net.outputs):
            if output == value:
                parts.append(self._of_loss(which))
        return " + ".join(parts)

    def _of_loss(self, which):
        """What the gradient of an output is called, and how much of it counts."""
        part, factor, _ = self.parts[which]
        several = f" of output {which + 1}" if len(self.parts) > 1 else ""
        times = "" if factor == 1 else f"{self.notation.number(factor)}·"
        return f"{times}{'δ of the loss' if costs.includes(part) else '∂ŷ'}{several}"

    def _slope(self, call):
        """The gradient with respect to what an activation reads that the loss includes."""
        which = self.net.outputs.index(len(self.net.input_shapes) + call)
        return sample(self.trace.slopes[which])

    # --- the loss and penalties ------------------------------------------------------------------

    def _losses(self):
        """The sections of the losses of all outputs, there and back."""
        forward, backward = [], []
        for which, (part, factor, target) in enumerate(self.parts):
            y, slope = sample(self.trace.outputs[which]), sample(self.trace.slopes[which])
            value = float(part(y[None], target)[0])
            several = f" of output {which + 1}" if len(self.parts) > 1 else ""
            title = f"loss{several}: {part.name}"
            if factor != 1:
                title += f", times its weight {self.notation.number(factor)}"
                slope = slope / factor if factor else np.asarray(part(y[None], target)[1])[0]
            there, back = costs.say(
                part,
                y,
                target[0],
                value,
                slope,
                self.notation,
                self._label(target),
                self._included(which),
            )
            forward.append(Section(title, there))
            backward.insert(0, Section(title, back))
        return forward, backward

    def _label(self, target):
        """The user's own label, or the class number; None if the target is no label."""
        if self.label is not None or target.dtype != np.int64 or target.size != 1:
            return self.label
        return target.item()

    def _included(self, which):
        """The layer whose activation the loss includes, by name; None if there is none."""
        call = self.net.outputs[which] - len(self.net.input_shapes)
        return self.names[call] if call >= 0 and self.visits[call][-1].in_loss else None

    def _penalties(self, layer, back):
        """Gradients of a layer's penalties; blocks that name them follow those of the loss."""
        found, n = {}, self.notation
        if layer in self.seen:
            return found
        self.seen.add(layer)
        for name, regularizer in layer.regularizers.items():
            if name not in layer.parameters or not layer.trainable:
                continue
            weight = layer.parameters[name]
            found[name] = np.asarray(regularizer(weight)[1], np.float64)
            symbol = SYMBOLS.get(name, name)
            data = next(block for block in back if block.symbol == f"∂{symbol}")
            letters = _slope_of(regularizer, f"sign({symbol})", f"·{symbol}")
            written = each(
                lambda w, r=regularizer: _slope_of(r, f"sign({n.number(w)})", f"·{n.factor(w)}"),
                weight,
            )
            added = [
                Block(f"∂Ω/∂{symbol}", f"∂Ω/∂{symbol} = {letters}", found[name], written),
                Block(
                    f"∂L/∂{symbol}",
                    f"∂L/∂{symbol} = ∂{symbol} + ∂Ω/∂{symbol}, of L = ℓ + Ω",
                    data.values + found[name],
                    each(lambda d, p: total([n.number(d), n.number(p)]), data.values, found[name]),
                ),
            ]
            place = back.index(data) + 1
            back[place:place] = added
        return found

    def _objective(self):
        """The section of all penalties, and of what training minimises."""
        n, blocks, terms = self.notation, [], []
        for index, layer in enumerate(self.net.layers):
            call = next(i for i, call in enumerate(self.net.calls) if call.layer == index)
            for name, regularizer in layer.regularizers.items():
                if name not in layer.parameters:
                    continue
                symbol, value = SYMBOLS.get(name, name), regularizer(layer.parameters[name])[0]
                parts = [f"{regularizer.l1:g}·Σ|{symbol}|"] if regularizer.l1 else []
                parts += [f"{regularizer.l2:g}·Σ{symbol}²"] if regularizer.l2 else []
                formula = f"Ω = {total(parts)}, of {self.names[call]}"
                blocks.append(Block("Ω", formula, value))
                terms.append(n.number(value))
        text = total([n.number(self.trace.data_loss), *terms])
        blocks.append(Block("L", "L = ℓ + Ω, which training minimises", self.trace.loss, [text]))
        return Section("penalties", blocks)


def _inputs(stage):
    """What a layer reads, where an input of the network is among it."""
    if len(stage.xs) == 1:
        return [Block("x", "x, the input", stage.x)]
    return [Block(f"x({i + 1})", f"x({i + 1})", x) for i, x in enumerate(stage.xs)]


def _slope_of(regularizer, sign, times_weight):
    """The derivative of a penalty: `l1 sign(w) + 2 l2 w`."""
    parts = [f"{regularizer.l1:g}·{sign}"] if regularizer.l1 else []
    parts += [f"{2 * regularizer.l2:g}{times_weight}"] if regularizer.l2 else []
    return total(parts)


def _one_or_all(values):
    return values[0] if len(values) == 1 else values
