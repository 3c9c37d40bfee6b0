"""Networks, as estimators' parameters say.

Weights and biases of dense networks are drawn as scikit-learn draws them: uniformly, with a bound
that goes with the inputs and outputs of a layer (Glorot and Bengio, 2010), a layer after the other.
"""

import copy
import math

import numpy as np

from fastnn import layers as L
from fastnn import regularizers
from fastnn.layers.weighted import WeightedLayer
from fastnn.network import Sequential

AT_ONCE = 32  # features whose weights are drawn together: they stay in a cache
KERNELS = {1: (L.Conv1D, L.MaxPool1D), 2: (L.Conv2D, L.MaxPool2D), 3: (L.Conv3D, L.MaxPool3D)}


def penalty(alpha):
    """Return what every layer's weights are penalised by."""
    return regularizers.SharedL2(alpha / 2) if alpha else None


def dense_network(settings, features, outputs, dtype, random_state):
    """Return the network of an MLP, and the places of the layers that hidden layers end with."""
    how = {"weight_regularizer": penalty(settings.alpha), "weight_initializer": "zeros"}
    found, ends = [], []
    _add_dense(found, ends, settings, outputs, how)
    net = Sequential(found, (features,), dtype=dtype, seed=0)
    activations = settings.activations + settings.activations[-1:]
    if not activations:  # no hidden layer: the parameter may be one name, which still counts
        activations = settings.check.activations(1)
    weighted = [layer for layer in net.layers if layer.parameters]
    for layer, activation in zip(weighted, activations, strict=True):
        _draw(layer, 2.0 if activation == "sigmoid" else 6.0, random_state)
    if any(settings.dropout):
        net.seed = draw_seed(random_state)
    return net, ends


def _add_dense(found, ends, settings, outputs, how):
    """Add the hidden dense layers, with their dropout, and that of the outputs."""
    for units, activation, rate in zip(
        settings.hidden, settings.activations, settings.dropout, strict=True
    ):
        ends.append(len(found))
        found.append(L.Dense(units, activation, **how))
        if rate:
            found.append(L.Dropout(rate))
    found.append(L.Dense(outputs, **how))


def _draw(layer, factor, random_state):
    """Fill the weight and bias of a dense layer."""
    units, features = layer.weight.shape
    bound = math.sqrt(factor / (features + units))
    for first in range(0, features, AT_ONCE):
        columns = layer.weight[:, first : first + AT_ONCE]
        columns[...] = random_state.uniform(-bound, bound, columns.T.shape).T
    layer.bias[...] = random_state.uniform(-bound, bound, units)


def draw_seed(random_state):
    """Return a seed for all that fastnn draws itself."""
    return int(random_state.randint(np.iinfo(np.int32).max))


def layered_network(settings, shape, outputs, dtype, random_state):
    """Return the network of a user's own layers, and a dense one behind them."""
    own = copy.deepcopy(settings.layers)
    for layer in own:
        if settings.alpha and isinstance(layer, WeightedLayer):
            _penalise(layer, settings.alpha)
    ends, reached = list(range(len(own))), shape
    for layer in own:
        reached = layer.plan(reached)
    if len(reached) > 1:
        own.append(L.Flatten())
    own.append(L.Dense(outputs, weight_regularizer=penalty(settings.alpha)))
    return Sequential(own, shape, dtype=dtype, seed=draw_seed(random_state)), ends


def _penalise(layer, alpha):
    """Let the weights of a layer that has no penalty of its own have the others'."""
    if "weight" not in layer.regularizers:
        layer.regularizers["weight"] = penalty(alpha)
        layer._arguments["weight_regularizer"] = penalty(alpha).settings


def convolutional_network(settings, shape, outputs, dtype, random_state):
    """Return the network of a CNN: convolutions, each with a pooling, then dense layers."""
    convolution, pool = KERNELS[len(shape) - 1]
    held = {"weight_regularizer": penalty(settings.alpha)}
    found, ends, size = [], [], shape[:-1]
    for filters, kernel, window in zip(
        settings.filters, settings.kernel_sizes, settings.pool_sizes, strict=True
    ):
        activation = settings.conv_activation
        how = {"padding": "same", **held}
        if settings.batch_norm:
            found += [convolution(filters, kernel, bias=False, **how), L.BatchNorm()]
            found += [L.Activation(activation)] if activation else []
        else:
            found.append(convolution(filters, kernel, activation=activation, **how))
        window = (window,) * len(size) if isinstance(window, int) else window
        window = tuple(map(min, window, size))  # small images end as one position
        if max(window) > 1:
            found.append(pool(window))
            size = tuple(n // w for n, w in zip(size, window, strict=True))
        ends.append(len(found) - 1)
    found.append(L.Flatten())
    _add_dense(found, ends, settings, outputs, held)
    return Sequential(found, shape, dtype=dtype, seed=draw_seed(random_state)), ends
