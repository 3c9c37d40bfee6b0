"""Look into a network: which of its layers is meant, and what that makes of samples."""

import difflib
import math

import numpy as np

from fastnn.checks import real_array
from fastnn.inputs import Inputs
from fastnn.labels import label_array
from fastnn.layers import Activation, Flatten, Layer
from fastnn.layers.noise import Noise
from fastnn.layers.preprocess import Preprocess
from fastnn.layers.shape import _Reshape
from fastnn.layers.weighted import WeightedLayer
from fastnn.network import Network
from fastnn.route import Route
from fastnn.tracing import place_of, plain, scratch

NAMES = 12  # layers in a message
BATCH = 256  # samples at once: memory stays bounded


def network_of(who, estimator):
    """Return a network, or that of a fitted estimator."""
    if isinstance(estimator, Network):
        return estimator
    net = getattr(estimator, "network_", None)
    if isinstance(net, Network):
        return net
    mend = ""
    if hasattr(estimator, "steps") and hasattr(estimator, "named_steps"):
        mend = "; of a pipeline give the last step, and what those before make: p[:-1].transform(X)"
    elif hasattr(estimator, "fit"):
        mend = "; fit it first"
    raise TypeError(
        f"{who}: expected a network, or an estimator with one in its attribute network_; got "
        f"{type(estimator).__name__}{mend}"
    )


def samples_of(net, estimator, x):
    """Return checked samples; rows become an estimator's images, as in its own `predict`."""
    if net is not estimator and net.built and len(net.input_shapes) == 1:
        x = real_array(type(estimator).__name__, "X", x)
        if x.ndim == 2 and x.shape[1] == math.prod(net.input_shape):
            x = x.reshape(len(x), *net.input_shape)
    return net.check(x)


def targets_of(who, net, estimator, y, loss):
    """Return an estimator's targets and loss as its network takes them."""
    classes = getattr(estimator, "classes_", None)
    if loss is None and net.loss is None:
        entropy = "binary_cross_entropy" if net.output_shape == (1,) else "cross_entropy"
        loss = "half_squared_error" if classes is None else entropy
    if classes is None or net.classes_ is not None or np.ndim(y) != 1:
        return y, loss
    classes, y = np.asarray(classes), label_array(who, y)
    number = np.searchsorted(classes, y).clip(0, len(classes) - 1)
    wrong = classes[number] != y
    if wrong.any():
        raise ValueError(
            f"{who}: {y[wrong].tolist()[0]!r} is none of the estimator's classes: {classes}"
        )
    return number, loss


def check_built(who, net):
    """Raise if a network has no arrays yet."""
    if not net.built:
        raise ValueError(
            f"{who}: the network has no weights before its input's shape is known; give "
            f"input_shape or fit first"
        )


def layer_at(net, place):
    """Return the layer that is called at this place."""
    return net.layers[net.calls[place].layer]


def find_place(who, net, layer):
    """Return which of the network's calls of layers is meant.

    Parameters
    ----------
    layer : int, str or Layer
        The place, from 0, or from the end if negative; a name, a class that there is once, or what
        `place_of` says; or the layer itself, whose first place it is.
    """
    count = len(net.calls)
    names = [place_of(net, place) for place in range(count)]
    known = ", ".join(names[:NAMES]) + (f" and {count - NAMES} more" if count > NAMES else "")
    if isinstance(layer, Layer):
        found = [place for place in range(count) if layer_at(net, place) is layer]
    elif isinstance(layer, str):
        kinds = [type(layer_at(net, place)).__name__ for place in range(count)]
        labels = [layer_at(net, place).label for place in range(count)]
        found = [place for place in range(count) if layer in (names[place], labels[place])]
        found = found or [place for place in range(count) if layer == kinds[place]]
        if len({net.calls[place].layer for place in found}) > 1:
            which = ", ".join(map(str, found))
            raise ValueError(f"{who}: {layer!r} may be any of layers {which}; give a number")
        if not found:
            close = difflib.get_close_matches(layer, [*labels, *kinds], n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"{who}: there is no layer {layer!r}: {meant}There are {known}")
    elif isinstance(layer, (int, np.integer)) and not isinstance(layer, bool):
        if not -count <= layer < count:
            raise IndexError(
                f"{who}: expected a layer from 0 to {count - 1}, got {layer}: there are {known}"
            )
        found = [layer % count]
    else:
        raise TypeError(f"{who}: expected layer as a number or a name, got {layer!r}")
    if not found:
        raise ValueError(f"{who}: {layer.label} is no layer of this network: there are {known}")
    return int(found[0])


def behind(net, place, past):
    """Return the place whose output this one reads, over layers of these classes.

    None, if that is an input of the network.
    """
    while True:
        place = net.calls[place].x[0] - len(net.input_shapes)
        if place < 0 or not isinstance(layer_at(net, place), past):
            return None if place < 0 else place


def image_read(net, place):
    """Return the shape of the images whose numbers a layer reads as a row; else None."""
    before = behind(net, place, (Noise, Preprocess, Activation))
    if before is None or not isinstance(layer_at(net, before), Flatten):
        return None
    shape = layer_at(net, before).input_shape
    return shape if len(shape) > 1 else None


def last_hidden(net):
    """Return the place of what the last layer with weights reads.

    Of that layer itself, if nothing stands before it, or there is none.
    """
    places = range(len(net.calls))
    weighted = [place for place in places if isinstance(layer_at(net, place), WeightedLayer)]
    last = weighted[-1] if weighted else len(places) - 1
    before = behind(net, last, (Noise, _Reshape))
    return last if before is None or isinstance(layer_at(net, before), Preprocess) else before


def outputs_at(net, x, places):
    """Return what layers at these places make of samples, in inference.

    Parameters
    ----------
    net : Network
        It is left alone: a copy runs.
    x : ndarray or Inputs
        Checked by the network.
    places : list of int

    Returns
    -------
    list of ndarray, shape (N, *output_shape)
    """
    net = scratch(net)
    ends = {step.call: step.y for step in net.unfused.steps}  # of a call's stages, the last
    asked = [place for place in places if place in ends]
    last = max((i for i, step in enumerate(net.unfused.steps) if step.call in asked), default=-1)
    steps = net.unfused.steps[: last + 1]
    route = Route(steps, net.unfused.inputs, [ends[place] for place in asked])
    parts = {place: [] for place in places}
    for start in range(0, max(len(x), 1), BATCH):
        batch = x[start : start + BATCH]
        if asked:
            ys = net.run(net.enter(batch), route, False, keep=False)
            for place, y in zip(asked, ys, strict=True):
                parts[place].append(plain(y))
        for place, y in _preprocessed(net, batch):
            if place in parts:
                parts[place].append(np.asarray(y, net.dtype))
    return [np.concatenate(parts[place]) for place in places]


def _preprocessed(net, x):
    """What stands before the steps, and what it makes of samples."""
    arrays = x.arrays if isinstance(x, Inputs) else (x,)
    for array, head in zip(arrays, net.heads, strict=True):
        for layer in head:
            array = layer.apply(array)
            yield next(i for i in range(len(net.calls)) if layer_at(net, i) is layer), array
