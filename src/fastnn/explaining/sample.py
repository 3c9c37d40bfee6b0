"""One sample, its target, and the network in float64: what is explained."""

import copy

import numpy as np

from fastnn.checks import real_array, text_of
from fastnn.inputs import Inputs


def double(net):
    """Return a copy of a network that computes in float64."""
    net = copy.deepcopy(net)
    net.dtype = np.dtype(np.float64)
    net._join()
    return net


def one_sample(who, net, x):
    """Return a sample, given with a batch axis of 1 or without, as a batch: a copy in float64."""
    if len(net.input_shapes) == 1:
        return _one(who, "x", x, net.input_shape)
    if not isinstance(x, (list, tuple)) or len(x) != len(net.input_shapes):
        return net.check(x)  # which says what is wrong
    return Inputs(
        _one(who, f"x[{i}]", each, shape)
        for i, (each, shape) in enumerate(zip(x, net.input_shapes, strict=True))
    )


def _one(who, what, x, shape):
    x = real_array(who, what, x)
    if x.shape not in (shape, (1, *shape)):
        mend = ""
        if x.ndim == len(shape) + 1 and x.shape[1:] == shape:
            mend = f"; of {len(x)} samples take one: {what}[0]"
        raise ValueError(
            f"{who}: expected {what} as one sample, of shape {text_of(shape)} or "
            f"{text_of((1, *shape))}, got {text_of(x.shape)}{mend}"
        )
    return np.array(x, np.float64).reshape(1, *shape)


def one_target(who, net, loss, y):
    """Return a label or a target, given with a batch axis of 1 or without, with it."""
    if len(net.outputs) == 1:
        return _target(who, "y", y, net.output_shape)
    shapes = net.output_shapes
    if not isinstance(y, (list, tuple)) or len(y) != len(shapes):
        raise ValueError(f"{who}: expected y as a list of {len(shapes)} targets, one an output")
    return [
        _target(who, f"y[{i}]", each, shape)
        for i, (each, shape) in enumerate(zip(y, shapes, strict=True))
    ]


def _target(who, what, y, shape):
    if hasattr(y, "toarray"):
        y = y.toarray()
    given, y = y, np.asarray(y)
    alone = {shape, shape[:-1]} | ({()} if len(shape) <= 1 else set())
    if y.shape[:1] == (1,) and y.shape[1:] in alone:
        return y.copy()
    if y.shape in alone:
        return y[None].copy()
    known = " or ".join(text_of(each) for each in sorted(alone))
    raise ValueError(
        f"{who}: expected {what} as a label or a target of shape {known}, that of one sample, "
        f"got {text_of(np.shape(given))}"
    )
