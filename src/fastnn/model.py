"""Model: a network whose layers are joined in any way that has no cycle."""

import math

from fastnn.checks import text_of
from fastnn.graph import Call
from fastnn.layers.node import Node
from fastnn.network import Network


class Model(Network):
    """A network of layers that were called on each other's results.

    A layer that is called at several places has one set of parameters, whose gradients from all
    places are added.

    Parameters
    ----------
    inputs, outputs : Node or list of Node
        Where samples come in, and what is asked for; for several of them `fit`, `predict` and the
        others take and return lists.
    dtype : {"float32", "float64"}
        What the network computes in, whatever it is fed.
    seed : int or None
        Decides initial weights, and in training the order of samples and all noise. None draws one,
        which `net.seed` holds, so that the run can be repeated.

    Raises
    ------
    ValueError
        If an output depends on an input that is not listed, an input leads nowhere, the graph has a
        cycle, or two layers have one name.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = fn.Input((8,))
    >>> hidden = fn.layers.Dense(8, activation="relu")(x)
    >>> net = fn.Model(x, [hidden, fn.layers.Dense(3)(hidden)])
    >>> [y.shape for y in net.predict([[0.5] * 8])]
    [(1, 8), (1, 3)]
    """

    def __init__(self, inputs, outputs, *, dtype="float32", seed=0):
        inputs, outputs = _listed("inputs", inputs), _listed("outputs", outputs)
        order = _order(inputs, outputs)
        layers = list(dict.fromkeys(node.layer for node in order))
        _check_names(layers)
        number = {node: i for i, node in enumerate([*inputs, *order])}
        calls = [
            Call(layers.index(node.layer), tuple(number[read] for read in node.inputs))
            for node in order
        ]
        shapes = [node.shape for node in inputs]
        ends = [number[node] for node in outputs]
        super().__init__(layers, calls, ends, shapes, dtype=dtype, seed=seed)

    @classmethod
    def of_calls(cls, layers, calls, outputs, input_shapes, *, dtype, seed):
        """Return the model that these calls make; see `fastnn.graph`."""
        model = cls.__new__(cls)
        Network.__init__(model, layers, calls, outputs, input_shapes, dtype=dtype, seed=seed)
        return model

    def _rows(self):
        yield "", "layer", "output shape", "parameters", "reads"
        for number, shape in enumerate(self.input_shapes):
            yield str(number), "Input", text_of(("N", *shape)), "", ""
        seen = set()
        for number, (index, x) in enumerate(self.calls, len(self.input_shapes)):
            layer = self.layers[index]
            count = f"{sum(map(math.prod, layer.parameter_shapes.values())):,}"
            reads = ", ".join(map(str, x))
            count = "shared" if index in seen else count
            seen.add(index)
            yield str(number), layer.title, text_of(("N", *layer.output_shape)), count, reads
        yield "", "total", str(self.dtype), f"{self.parameters.size:,}", ""

    def __repr__(self):
        layers = ", ".join(layer.label for layer in self.layers)
        return f"<Model of {len(self.layers)} layers: {layers}>"


def _listed(what, nodes):
    nodes = list(nodes) if isinstance(nodes, (list, tuple)) else [nodes]
    if not nodes:
        raise ValueError(f"Model: expected at least one node as {what}, got none")
    for node in nodes:
        if not isinstance(node, Node):
            raise TypeError(f"Model: expected nodes as {what}, got {type(node).__name__}")
        if what == "inputs" and (node.layer is not None or nodes.count(node) > 1):
            raise ValueError(
                f"Model: expected every input once, and as fn.Input returns it, got {node}"
            )
    return nodes


def _order(inputs, outputs):
    """Return all nodes but the inputs, each behind those that it reads."""
    order, state = [], dict.fromkeys(inputs, "done")
    for output in outputs:
        stack = [(output, False)]
        while stack:
            node, left = stack.pop()
            if left:
                state[node] = "done"
                order.append(node)
                continue
            if state.get(node) == "done":
                continue
            if state.get(node) == "open":
                raise ValueError(f"Model: the graph has a cycle through {node}")
            if node.layer is None:
                known = ", ".join(map(str, inputs))
                raise ValueError(
                    f"Model: {output} depends on {node}, which is not among the inputs: {known}"
                )
            state[node] = "open"
            stack.append((node, True))
            stack += [(read, False) for read in reversed(node.inputs)]
    read = {node for made in order for node in made.inputs} | set(outputs)
    for node in inputs:
        if node not in read:
            raise ValueError(f"Model: no output depends on the input {node}")
    return order


def _check_names(layers):
    """Raise if two layers were given one name."""
    named = {}
    for layer in layers:
        name = layer.config().get("name")
        if name is not None and named.setdefault(name, layer) is not layer:
            raise ValueError(f"Model: two layers are called {name!r}: {named[name]} and {layer}")
