"""Nodes of a graph of layers: inputs, and what layers make of other nodes."""

import numpy as np

from fastnn.checks import check_count, integer, text_of


class Node:
    """What a layer makes of other nodes, or an input: nothing but its shape is known.

    Attributes
    ----------
    layer : Layer or None
        None for an input.
    inputs : tuple of Node
        What the layer reads.
    shape : tuple of int
        Of one sample.
    name : str
    """

    def __init__(self, layer, inputs, shape, name):
        self.layer, self.inputs, self.shape, self.name = layer, tuple(inputs), tuple(shape), name

    def __repr__(self):
        return f"<{self.name}: {text_of(('N', *self.shape))}>"


def Input(shape, name=None):
    """Return the beginning of a graph of layers.

    Parameters
    ----------
    shape : tuple of int
        Shape of one sample.
    name : str, optional
        What messages call it.

    Returns
    -------
    Node

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.Input((28, 28, 1))
    <Input: (N, 28, 28, 1)>
    """
    shape = (shape,) if np.ndim(shape) == 0 else shape
    shape = tuple(integer("Input", "every size of shape", size) for size in shape)
    check_count("Input", "an input", shape)
    return Node(None, (), shape, name or "Input")


def apply(layer, nodes):
    """Return the node that a layer makes of other nodes; what `layer(nodes)` does."""
    nodes = tuple(nodes) if isinstance(nodes, (list, tuple)) else (nodes,)
    for node in nodes:
        if not isinstance(node, Node):
            raise TypeError(
                f"{layer.label}: expected nodes of a graph, as fn.Input(shape) returns them, got "
                f"{type(node).__name__}; for arrays use {layer.label.lower()}.forward(x)"
            )
    if len(nodes) != 1 and not layer.merges:
        raise ValueError(
            f"{layer.label}: expected one node, got {len(nodes)}; join them with "
            f"fn.layers.Concatenate or another merging layer"
        )
    shapes = tuple(node.shape for node in nodes)
    if layer.called_with not in (None, shapes):
        raise ValueError(
            f"{layer.label}: a layer that is called more than once reads samples of one shape, "
            f"got {_texts(layer.called_with)} and {_texts(shapes)}"
        )
    node = Node(layer, nodes, layer.plan(*shapes), layer.label)
    layer.called_with = shapes
    return node


def _texts(shapes):
    return " and ".join(map(text_of, shapes))
