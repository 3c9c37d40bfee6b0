"""Networks as model files: what is written, and how it becomes a network again.

A file holds nothing that runs. `load` builds only layers of `fastnn.layers.REGISTRY`, and compares
all shapes with those of the file's tensors, which are no larger than the file, before it makes any
array: a description costs what it is long, whatever it asks for.

`describe` and `rebuild` are a network's part of a file, for those who write more into one.
"""

import math

import numpy as np

from fastnn import losses, model_file
from fastnn.checks import LARGEST_SIZE, integer, real_dtype
from fastnn.graph import Call
from fastnn.layers import REGISTRY
from fastnn.layers.merging import Merge
from fastnn.model import Model
from fastnn.model_file import ModelFileError
from fastnn.network import Sequential

__all__ = ["ModelFileError", "describe", "load", "rebuild", "save"]

VERSION = 1
TRAINING = "training."  # how names of tensors begin that belong to no layer: see checkpoints.py
MOST_LAYERS = 10_000  # and calls of them
MOST_READS = 250_000  # values that these read
LONG_LABELS = 2**20  # bytes of them
MOST_AXES = 31  # of a sample; NumPy's arrays have one more, the batch's, or twice as many


def save(net, path, *, keep_previous=False):
    """Write a network to a file, or leave what was there if that fails.

    The file is complete on the disk before it takes its place; links stay links.

    Parameters
    ----------
    net : Sequential or Model
        Built; its layers are those of `fastnn.layers`.
    path : path-like
    keep_previous : bool
        Keep the file that was there, as ``path + ".previous"``.

    Raises
    ------
    ValueError
        If the network is not built or has a layer that `load` would not know.
    OSError
        If the file cannot be written.
    """
    if not net.built:
        raise ValueError("save: expected a built network; give input_shape or fit it first")
    tensors, description = describe(net)
    model_file.write(path, tensors, description, keep_previous=keep_previous)


def load(path):
    """Read a network that `Sequential.save` wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Sequential or Model
        With its preprocessing, its classes and the loss it was trained with.

    Raises
    ------
    fastnn.ModelFileError
        If the file is not a network's, is damaged, or describes a network that cannot be; a
        `ValueError`, with one line that says what is wrong.
    OSError
        If the file cannot be opened.

    Notes
    -----
    Files need not be trusted: nothing of them is run, and arrays are made only of tensors that the
    file holds. Networks of more than 10,000 layers, or with samples of more than 2³¹ − 1 numbers,
    are refused. What a network computes may still be more than a machine can.

    Examples
    --------
    >>> import os, tempfile, fastnn as fn
    >>> net = fn.Sequential([fn.layers.Rescale(0.5), fn.layers.Dense(1)], input_shape=(2,))
    >>> path = os.path.join(tempfile.mkdtemp(), "net.safetensors")
    >>> net.save(path)
    >>> bool((fn.load(path).predict([[1, 2]]) == net.predict([[1, 2]])).all())
    True
    """
    with model_file.read(path) as file:
        training = isinstance(file.description, dict) and "training" in file.description
        return rebuild(file.description, Part(file, TRAINING) if training else file)


class Part:
    """A model file without the tensors whose names begin with this."""

    def __init__(self, file, prefix):
        self.shapes = {n: shape for n, shape in file.shapes.items() if not n.startswith(prefix)}
        self.tensor, self.is_float = file.tensor, file.is_float


def describe(net):
    """Return a network as its arrays, by name, and all else, as JSON can hold it."""
    tensors = {}
    for index, layer in enumerate(net.layers):
        if REGISTRY.get(type(layer).__name__) is not type(layer):
            raise ValueError(f"save: {type(layer).__name__} is not one of {', '.join(REGISTRY)}")
        arrays = layer.parameters | layer.state()
        tensors |= {f"{index}.{name}": np.ascontiguousarray(a) for name, a in arrays.items()}
    calls, reads = len(net.calls), sum(len(call.x) for call in net.calls)
    if calls > MOST_LAYERS or reads > MOST_READS:
        raise ValueError(
            f"save: expected at most {MOST_LAYERS} calls of layers that read {MOST_READS} values, "
            f"got {calls} that read {reads}"
        )
    return tensors, {
        "version": VERSION,
        "layers": [_entry(layer) for layer in net.layers],
        **_joints(net),
        "dtype": str(net.dtype),
        "seed": net.seed,
        "epochs": net.epochs,
        "steps": net.steps,
        "classes": None if net.classes_ is None else net.classes_.tolist(),
        "classes_dtype": None if net.classes_ is None else net.classes_.dtype.str,
        "loss": net.loss and {"name": net.loss.name, **net.loss.options},
    }


def rebuild(description, file):
    """Return the network of a description.

    Parameters
    ----------
    description : object
        As `describe` made it, but from anywhere.
    file : ModelFile
        Which holds the network's tensors, and no others.
    """
    if not isinstance(description, dict):
        raise ValueError(f"expected a description of a network, got {description!r}")
    if description["version"] != VERSION:
        raise ValueError(f"expected version {VERSION} of the format, got {description['version']}")
    layers = [_layer(entry) for entry in _listed("layers", description["layers"])]
    shapes, calls, outputs = _calls(description, len(layers))
    _plan(layers, shapes, calls)
    dtype = real_dtype("Sequential", description["dtype"])
    states = _checked_tensors(layers, file)
    for index, (layer, state) in enumerate(zip(layers, states, strict=True)):
        parameters = {name: file.tensor(f"{index}.{name}") for name in layer.parameter_shapes}
        layer.attach(parameters, {}, dtype)
        layer.restore({name: file.tensor(f"{index}.{name}") for name in state})
    how = {"dtype": dtype, "seed": description["seed"]}
    if "calls" in description:
        net = Model.of_calls(layers, calls, outputs, shapes, **how)
    else:
        net = Sequential(layers, *shapes, **how)
    net.epochs = integer("epochs", "their number", description["epochs"], 0)
    net.steps = description["steps"]
    net.loss = description["loss"] and _loss(description["loss"])
    net.classes_ = _classes(net, description["classes"], description["classes_dtype"])
    return net


def _joints(net):
    """How layers are joined; in a row where nothing else is said."""
    if isinstance(net, Sequential):
        return {"input_shape": net.input_shape}
    return {"input_shapes": net.input_shapes, "calls": net.calls, "outputs": net.outputs}


def _entry(layer):
    frozen = {} if layer.trainable else {"trainable": False}
    return {"layer": type(layer).__name__, **layer.config(), **frozen}


# --- of descriptions that come from anywhere ------------------------------------------------------


def _listed(what, value, most=MOST_LAYERS):
    """Return a list, which shall be one and not too long."""
    if not isinstance(value, list):
        raise TypeError(f"expected {what} as a list, got {value!r}")
    if len(value) > most:
        raise ValueError(f"expected at most {most} {what}, got {len(value)}")
    return value


def _layer(entry):
    if not isinstance(entry, dict):
        raise TypeError(f"expected a layer's settings by name, got {entry!r}")
    config = dict(entry)
    layer, trainable = config.pop("layer"), config.pop("trainable", True)
    if not isinstance(layer, str) or layer not in REGISTRY:
        raise ValueError(f"unknown layer {layer!r}: known are {', '.join(REGISTRY)}")
    made = REGISTRY[layer](**config)
    made.trainable = trainable
    return made


def _shape(value):
    """Return the shape of a sample, checked."""
    sizes = _listed("sizes of input_shape", value, MOST_AXES)
    return _checked_shape("an input", tuple(integer("input_shape", "a size", n) for n in sizes))


def _checked_shape(what, shape):
    if len(shape) > MOST_AXES or math.prod(shape) > LARGEST_SIZE:
        raise ValueError(
            f"expected samples of at most {MOST_AXES} axes and {LARGEST_SIZE} numbers, "
            f"got {what} of shape {shape}"
        )
    return shape


def _calls(description, layers):
    """Return the shapes of the inputs, calls of all these layers, and the outputs, checked."""
    if "calls" not in description:
        shape = _shape(description["input_shape"])
        return [shape], [Call(i, (i,)) for i in range(layers)], [layers]
    shapes = [_shape(shape) for shape in _listed("input_shapes", description["input_shapes"])]
    calls, read, reads = [], set(), 0
    for call in _listed("calls", description["calls"]):
        layer, x = _listed("a call", call, 2)
        last = len(shapes) + len(calls) - 1
        x = _listed("a call's values", x, Merge.most_inputs)
        x = tuple(integer("a call", "a value that it reads", value, 0, last) for value in x)
        calls.append(Call(integer("a call", "its layer", layer, 0, layers - 1), x))
        reads += len(x)
        if reads > MOST_READS:
            raise ValueError(f"expected calls that read at most {MOST_READS} values")
        if len(x) == 0:
            raise ValueError(f"a call of layer {layer} on no values")
        read.update(x)
    values = len(shapes) + len(calls)
    outputs = [
        integer("outputs", "a value", value, 0, values - 1)
        for value in _listed("outputs", description["outputs"])
    ]
    called = {layer for layer, _ in calls}
    unread = sorted(set(range(values)).difference(read, outputs))
    if not outputs or unread or len(called) != layers:
        raise ValueError(
            f"outputs {outputs} of {values} values, of which nobody reads {unread}; "
            f"{len(called)} of {layers} layers called"
        )
    return shapes, calls, outputs


def _plan(layers, shapes, calls):
    """Work out the shapes of all values and parameters; nothing is made."""
    planned, seen = list(shapes), {}
    for index, x in calls:
        read = tuple(planned[value] for value in x)
        layer = layers[index]
        if len(read) > 1 and not layer.merges:
            raise ValueError(f"{layer.label}: expected one value to read, got {len(read)}")
        if seen.setdefault(index, read) != read:
            raise ValueError(f"{layer.label}: called on samples of shapes {seen[index]} and {read}")
        planned.append(_checked_shape(f"{layer.label}'s output", layer.plan(*read)))
        for stage in layer.stages[:-1]:  # a convolution's padding
            if stage.output_shape:
                _checked_shape(f"{layer.label}'s padded input", stage.output_shape)


def _checked_tensors(layers, file):
    """Return the names of every layer's arrays beside its parameters; all shapes are checked."""
    found = [{} for _ in layers]
    places = {str(index): index for index in range(len(layers))}
    for name, shape in file.shapes.items():
        number, _, array = name.partition(".")
        if number not in places:
            raise ValueError(f"tensors of no layer: {name}")
        found[places[number]][array] = shape
    for index, (layer, arrays) in enumerate(zip(layers, found, strict=True)):
        for name, expected in layer.parameter_shapes.items():
            shape = arrays.pop(name, "none")
            if shape != expected:
                raise ValueError(f"{layer.label}: expected {name} of shape {expected}, got {shape}")
            if not file.is_float(f"{index}.{name}"):
                raise ValueError(f"{layer.label}: expected {name} of floats")
        layer.check_state(arrays)
    return found


def _classes(net, classes, dtype):
    if classes is None:
        return None
    if not isinstance(dtype, str) or len(dtype) > 20:
        raise ValueError(f"expected the dtype of the classes, got {dtype!r}")
    dtype, outputs = np.dtype(dtype), max(net.output_shape[-1], 2)
    classes = _listed("classes", classes, outputs)
    if dtype.kind not in "biufU" or len(classes) != outputs:
        raise ValueError(f"expected {outputs} classes, got {len(classes)} of dtype {dtype}")
    if dtype.kind == "U":
        if not all(isinstance(label, str) for label in classes):
            raise ValueError("expected labels that are all text")
        if dtype.itemsize * len(classes) > LONG_LABELS:  # in text that need not be as long
            dtype = np.dtype(f"U{max(map(len, classes))}")
    elif not all(isinstance(label, (bool, int, float)) for label in classes):
        raise ValueError("expected labels that are all numbers")
    array = np.array(classes, dtype)
    if array.tolist() != classes or not (array[:-1] < array[1:]).all():
        raise ValueError(f"expected ascending classes of dtype {dtype}, got {classes}")
    return array


def _loss(entry):
    if isinstance(entry, str):  # as it was before losses had settings
        return losses.get(entry)
    settings = dict(entry)
    name = settings.pop("name")
    if not isinstance(name, str):
        raise TypeError(f"expected the name of a loss, got {name!r}")
    if name == losses.Joint.name:
        parts = _listed("losses", settings["losses"])
        if any(isinstance(part, dict) and part.get("name") == name for part in parts):
            raise ValueError("a joint loss of joint losses")
        return losses.Joint([_loss(part) for part in parts], settings["weights"])
    return type(losses.get(name))(**settings)
