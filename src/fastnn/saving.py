"""Networks as safetensors files: arrays as tensors, all else as JSON in the file's metadata.

A file holds nothing that runs. `load` builds only layers of `fastnn.layers.REGISTRY`, and compares
every tensor's shape with what the architecture asks for before it makes any array.
"""

import json

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from fastnn import losses
from fastnn.checks import real_dtype
from fastnn.files import write_whole
from fastnn.graph import Call
from fastnn.layers import REGISTRY
from fastnn.model import Model
from fastnn.network import Sequential

KEY = "fastnn"  # of the JSON text in the metadata
VERSION = 1


def save(net, path):
    """Write a network to a file, or leave what was there if that fails.

    Parameters
    ----------
    net : Sequential
        Built; its layers are those of `fastnn.layers`.
    path : path-like

    Raises
    ------
    ValueError
        If the network is not built or has a layer that `load` would not know.
    """
    if not net.built:
        raise ValueError("save: expected a built network; give input_shape or fit it first")
    tensors = {}
    for index, layer in enumerate(net.layers):
        if REGISTRY.get(type(layer).__name__) is not type(layer):
            raise ValueError(f"save: {type(layer).__name__} is not one of {', '.join(REGISTRY)}")
        arrays = layer.parameters | layer.state()
        tensors |= {f"{index}.{name}": np.ascontiguousarray(a) for name, a in arrays.items()}
    write_whole(path, to_bytes(tensors, {KEY: json.dumps(_describe(net))}))


def load(path):
    """Read a network that `Sequential.save` wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Sequential
        With its preprocessing, its classes and the loss it was trained with.

    Raises
    ------
    ValueError
        If the file is not a network's, or damaged.

    Examples
    --------
    >>> import os, tempfile, fastnn as fn
    >>> net = fn.Sequential([fn.layers.Rescale(0.5), fn.layers.Dense(1)], input_shape=(2,))
    >>> path = os.path.join(tempfile.mkdtemp(), "net.safetensors")
    >>> net.save(path)
    >>> bool((fn.load(path).predict([[1, 2]]) == net.predict([[1, 2]])).all())
    True
    """
    with open(path, "rb"):  # the system's own message where there is no such file
        pass
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            names = file.keys()
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            if KEY not in metadata:
                raise ValueError("it holds tensors, but no fastnn network")
            return _rebuild(json.loads(metadata[KEY]), shapes, file.get_tensor)
    except SafetensorError as error:
        raise ValueError(f"load: {path} is not a whole safetensors file ({error})") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"load: cannot read {path}: {reason}") from error


def _describe(net):
    """The network without its arrays, as JSON can hold it."""
    return {
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


def _joints(net):
    """How layers are joined; in a row where nothing else is said."""
    if isinstance(net, Sequential):
        return {"input_shape": net.input_shape}
    return {"input_shapes": net.input_shapes, "calls": net.calls, "outputs": net.outputs}


def _entry(layer):
    frozen = {} if layer.trainable else {"trainable": False}
    return {"layer": type(layer).__name__, **layer.config(), **frozen}


def _rebuild(description, shapes, tensor):
    """Make the network; `shapes` are those of the file's tensors, `tensor(name)` reads one."""
    if description["version"] != VERSION:
        raise ValueError(f"expected version {VERSION} of the format, got {description['version']}")
    layers = [_layer(**entry) for entry in description["layers"]]
    shapes_in, calls, outputs = _calls(description, len(layers))
    planned = list(shapes_in)
    for index, x in calls:
        planned.append(layers[index].plan(*(planned[value] for value in x)))
    dtype = real_dtype("Sequential", description["dtype"])
    if strangers := [n for n in shapes if n.partition(".")[0] not in map(str, range(len(layers)))]:
        raise ValueError(f"tensors of no layer: {', '.join(strangers)}")
    for index, layer in enumerate(layers):
        found = {n.partition(".")[2]: n for n in shapes if n.partition(".")[0] == str(index)}
        for name, expected in layer.parameter_shapes.items():
            if shapes.get(found.get(name)) != expected:
                raise ValueError(
                    f"{layer.label}: expected {name} of shape {expected}, "
                    f"got {shapes.get(found.get(name), 'none')}"
                )
        arrays = {name: tensor(key) for name, key in found.items()}
        parameters = {name: arrays.pop(name) for name in layer.parameter_shapes}
        layer.attach(parameters, {}, dtype)
        layer.restore(arrays)
    how = {"dtype": dtype, "seed": description["seed"]}
    if "calls" in description:
        net = Model.of_calls(layers, calls, outputs, shapes_in, **how)
    else:
        net = Sequential(layers, *shapes_in, **how)
    net.epochs, net.steps = description["epochs"], description["steps"]
    net.loss = description["loss"] and _loss(description["loss"])
    net.classes_ = _classes(net, description["classes"], description["classes_dtype"])
    return net


def _calls(description, layers):
    """Return the shapes of the inputs, calls of all these layers, and the outputs, checked."""
    if "calls" not in description:
        return [tuple(description["input_shape"])], [Call(i, (i,)) for i in range(layers)], [layers]
    shapes = [tuple(shape) for shape in description["input_shapes"]]
    calls = [Call(layer, tuple(x)) for layer, x in description["calls"]]
    outputs = description["outputs"]
    for known, (layer, x) in enumerate(calls, len(shapes)):
        if layer not in range(layers) or not x or any(value not in range(known) for value in x):
            raise ValueError(f"a call of layer {layer} of {layers} on values {x} of {known}")
    values = range(len(shapes) + len(calls))
    called = {layer for layer, _ in calls}
    if not outputs or any(v not in values for v in outputs) or len(called) != layers:
        raise ValueError(f"outputs {outputs} of {len(values)} values, {len(called)} layers called")
    return shapes, calls, outputs


def _classes(net, classes, dtype):
    if classes is None:
        return None
    dtype = np.dtype(dtype)
    outputs = max(net.output_shape[-1], 2)
    if dtype.kind not in "biufU" or len(classes) != outputs:
        raise ValueError(f"expected {outputs} classes, got {len(classes)} of dtype {dtype}")
    return np.array(classes, dtype)


def _loss(entry):
    if isinstance(entry, str):  # as it was before losses had settings
        return losses.get(entry)
    settings = dict(entry)
    if settings["name"] == losses.Joint.name:
        return losses.Joint([_loss(part) for part in settings["losses"]], settings["weights"])
    return type(losses.get(settings.pop("name")))(**settings)


def _layer(layer, *, trainable=True, **config):
    if layer not in REGISTRY:
        raise ValueError(f"unknown layer {layer!r}: known are {', '.join(REGISTRY)}")
    made = REGISTRY[layer](**config)
    made.trainable = trainable
    return made
