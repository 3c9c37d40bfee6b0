"""Which numbers meet in a layer: output, weight and input of every product, by index.

Layers that sum products, `z[o] = Σ W[w] x[i] + b`, differ in these triples `(o, w, i)` alone, and
so do their ways back: `∂W[w] = Σ δ[o] x[i]`, `∂x[i] = Σ W[w] δ[o]`.
"""

import math
from collections import defaultdict
from itertools import product

from fastnn import geometry

from .notation import ELEMENTS, TERMS

MOST = ELEMENTS * TERMS  # more are never written out


def dense(layer):
    """Return the triples of a Dense, but for those that its mask hides; None of a large one."""
    units, features = layer.weight.shape
    if units * features > MOST:
        return None
    return [
        ((o,), (o, i), (i,))
        for o in range(units)
        for i in range(features)
        if layer.mask is None or layer.mask[o, i]
    ]


def conv(layer, x_shape, window):
    """Return the triples of a convolution, without taps in the padding; None of a large one."""
    spatial = product(*_taps(window))
    places = [_split(taps) for taps in spatial] if _few(window.output, layer.weight) else None
    return places and _grouped(layer, x_shape, places)


def conv_transpose(layer, x_shape, window):
    """Return the triples of a transposed convolution; None of a large one.

    Its window is that of the convolution that it is the transpose of, input and output exchanged.
    """
    if not _few(window.input, layer.weight):
        return None
    swapped = window._replace(input=window.output, output=window.input)
    places = [_split(taps) for taps in product(*_taps(swapped))]
    return _grouped(layer, x_shape, [(q, k, p) for p, k, q in places])


def local_conv(layer, x_shape, window):
    """Return the triples of a locally connected layer; None of a large one."""
    if layer.weight.size > MOST:
        return None
    return [
        ((*p, f), (*p, f, *k, c), (*i, c))
        for p, k, i in (_split(taps) for taps in product(*_taps(window)))
        for f in range(layer.filters)
        for c in range(x_shape[-1])
    ]


def pool(x_shape, window):
    """Return pairs (output, input) of a pooling; None of a large one."""
    if math.prod(window.output) * math.prod(window.size) * x_shape[-1] > MOST:
        return None
    return [
        ((*p, c), (*i, c))
        for p, _, i in (_split(taps) for taps in product(*_taps(window)))
        for c in range(x_shape[-1])
    ]


def gather(pairs):
    """Return a dict from the first of each pair to a list of the seconds."""
    found = defaultdict(list)
    for key, value in pairs or ():
        found[key].append(value)
    return None if pairs is None else found


def _few(positions, weight):
    return math.prod(positions) * weight.size <= MOST


def _split(taps):
    """Turn (output, tap, input) of each axis into output, tap and input of all."""
    return tuple(zip(*taps, strict=True))


def _grouped(layer, x_shape, places):
    """Return the triples of filters and channels of the same group at these places."""
    inside = x_shape[-1] // layer.groups
    together = layer.filters // layer.groups
    return [
        ((*p, f), (f, *k, c), (*i, f // together * inside + c))
        for p, k, i in places
        for f in range(layer.filters)
        for c in range(inside)
    ]


def _taps(window):
    """Return, per axis, the triples (output, tap, input) that lie within the input."""
    if 0 in window.stride:
        return [
            [
                (p, i - first, i)
                for p, (first, end) in enumerate(geometry.adaptive_bounds(inputs, outputs))
                for i in range(first, end)
            ]
            for inputs, outputs in zip(window.input, window.output, strict=True)
        ]
    axes = zip(
        window.input, window.output, window.size, window.stride, window.dilation, window.before,
        strict=True,
    )  # fmt: skip
    return [
        [
            (p, k, p * stride + k * dilation - before)
            for p in range(outputs)
            for k in range(size)
            if 0 <= p * stride + k * dilation - before < inputs
        ]
        for inputs, outputs, size, stride, dilation, before in axes
    ]
