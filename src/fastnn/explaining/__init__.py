"""Explain: what a network computes of one sample, and its gradients, as one does by hand.

    x, y --Trace, in float64--> numbers of every operation --stages, costs--> Explanation

`stages` knows which formulas belong to a layer (`sums`, `taps`: which products it adds up;
`activations`), `costs` those of a loss, `notation` how all of them are written.
"""

import math

import numpy as np

from fastnn import losses
from fastnn.checks import integer
from fastnn.labels import Data
from fastnn.layers import Layer
from fastnn.network import Network
from fastnn.tracing import place_of

from .explanation import Explanation, LayerNumbers
from .notation import Notation
from .passes import Pass
from .sample import double, one_sample, one_target

__all__ = ["Explanation", "LayerNumbers", "explain"]


def explain(net, x, y, loss=None, *, digits=6, limit=2000):
    """Compute a sample's outputs, loss and gradients in the open: each number with its formula.

    The network is left as it was. The numbers are those of a copy in float64.

    Parameters
    ----------
    net : Sequential or Model
        A built network.
    x : array_like, shape input_shape or (1, *input_shape), or a list of them for several inputs
        One sample.
    y
        Its label, as it was given to `fit`, or a class number; or a target, of the output's shape:
        a number or a row, also with a batch axis of 1.
    loss : str or Loss, optional
        That of the last `fit` by default, at first "cross_entropy".
    digits : int
        Significant digits of the table, from 1 to 17.
    limit : int
        How many numbers there may be, outputs of layers and parameters together.

    Returns
    -------
    Explanation
        Prints as a table, and has the numbers as arrays, layer by layer.

    Raises
    ------
    ValueError
        If the network is not built or has more numbers than `limit`, the sample does not fit it, is
        not one, or a layer has no way back.
    TypeError
        If `net` is not a network.

    Notes
    -----
    With ``z = W x + b`` and ``a = h(z)`` in each layer, ``δ = ∂loss/∂z = ∂a ∘ h'(z)``,
    ``∂W = δ xᵀ``, ``∂b = δ`` and ``∂x = Wᵀ δ``, which is ∂a of the layer before (Rumelhart, Hinton,
    Williams: Learning representations by back-propagating errors, 1986). A formula is written with
    its numbers where an array has at most 32 elements and a sum at most 16 terms. Indices count
    from 1, as in formulas; those of arrays from 0, as ever.

    Layers do what they do in prediction: dropout and noise nothing, and `BatchNorm` normalises by
    its running statistics. Without these the gradients are those of `Trainer.loss_and_gradients`.

    Examples
    --------
    Two inputs, three tanh units, one linear output:

    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(3, "tanh"), fn.layers.Dense(1)], input_shape=(2,))
    >>> net.layers[0].weight, net.layers[0].bias = [[1, 2], [1, 0], [2, 0]], [0, 2, 0]
    >>> net.layers[1].weight, net.layers[1].bias = [[1, 2, 2]], [0]
    >>> explanation = fn.explain(net, [1, 2], 3, "half_squared_error")
    >>> explanation.z[0].tolist(), explanation.output.round(9).tolist()
    ([5.0, 3.0, 2.0], [4.918073872])
    >>> round(explanation.loss, 9), explanation.delta[0].round(9).tolist()
    (1.839503689, [0.00034829, 0.037847576, 0.271027002])
    >>> explanation.dbias[1].round(9).tolist(), explanation.dweight[1].round(9).tolist()
    ([1.918073872], [[1.917899719, 1.908588524, 1.849076113]])
    >>> lines = str(explanation).splitlines()  # print(explanation) shows all
    >>> print(*lines[5:16], sep="\\n")
    Dense (layer 0), x: the input
      x, the input
        x = [1, 2]
      z = W x + b
        z1 = 1·1 + 2·2 + 0 = 5
        z2 = 1·1 + 0·2 + 2 = 3
        z3 = 2·1 + 0·2 + 0 = 2
      a = tanh(z)
        a1 = tanh(5) = 0.999909
        a2 = tanh(3) = 0.995055
        a3 = tanh(2) = 0.964028
    >>> print(*lines[-18:-14], sep="\\n")
      δ = ∂a ∘ (1 - a²)
        δ1 = 1.91807·(1 - 0.999909²) = 0.00034829
        δ2 = 3.83615·(1 - 0.995055²) = 0.0378476
        δ3 = 3.83615·(1 - 0.964028²) = 0.271027
    """
    who = "explain"
    if not isinstance(net, Network):
        raise TypeError(f"{who}: expected a Sequential or a Model, got {type(net).__name__}")
    digits, limit = integer(who, "digits", digits, 1, 17), integer(who, "limit", limit)
    if not net.built:
        raise ValueError(f"{who}: the network's input shape is not known; give it input_shape")
    _check_size(who, net, limit)
    loss = (net.loss or losses.cross_entropy) if loss is None else losses.get(loss)
    x = one_sample(who, net, x)
    net = double(net)
    for call in range(len(net.calls)):
        _check_way_back(who, net, call)
    y = one_target(who, net, loss, y)
    data = Data(who, net, loss, x, y, classes=net.classes_)
    label = None
    if data.labels is not None and data.labels[0] in range(len(net.classes_)):
        label = net.classes_[data.labels[0]].item()
    with np.errstate(all="ignore"):
        return Pass(net, loss, x, data.target, Notation(digits), label).explanation()


def _check_size(who, net, limit):
    layers = [net.layers[call.layer] for call in net.calls]
    count = sum(math.prod(layer.output_shape) * len(layer.stages) for layer in layers)
    count += sum(map(math.prod, net.input_shapes))
    total = count + net.parameters.size
    if total > limit:
        raise ValueError(
            f"{who}: the network has {total:,} numbers ({net.parameters.size:,} parameters and "
            f"{count:,} inputs and outputs of layers), more than limit={limit:,}; take a smaller "
            f"network, or raise the limit"
        )


def _check_way_back(who, net, call):
    for stage in net.layers[net.calls[call].layer].stages:
        if type(stage)._backward is Layer._backward:
            raise ValueError(
                f"{who}: {place_of(net, call)} has no way back: its class has no _backward"
            )
