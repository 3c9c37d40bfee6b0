"""Networks as tables of TOML, one a layer: the layer's class, its arguments, what it reads.

    [[layers]]
    name = "Conv2D"     # a layer of fastnn.layers
    filters = 16        # its arguments
    size = 3
    label = "first"     # what others call it, if they do
    inputs = "input"    # what it reads, if not the layer above: a label, or a list of them

`units` and `filters` may be "outputs": as many as the labels want.
"""

import difflib
import inspect

import fastnn as fn
from fastnn.cli import toml
from fastnn.cli.errors import EXPECTED_ERRORS, UserError
from fastnn.cli.presets import PRESETS, choose, preset
from fastnn.layers import REGISTRY

INPUT, OUTPUTS = "input", "outputs"


def tables_for(settings, x, task):
    """Return the layers of a run, and for each of them what messages call it."""
    if settings.get("layers"):
        return settings["layers"], _numbered("config.toml", settings["layers"])
    model = settings["model"] or choose(x.shape[1:])
    if model in PRESETS:
        tables = preset(model, x, task)
        return tables, _numbered(f"--model {model}", tables)
    if not model.endswith(".toml"):
        known = ", ".join(PRESETS)
        meant = difflib.get_close_matches(model, PRESETS, n=1)
        hint = f"did you mean {meant[0]!r}? " if meant else ""
        raise UserError(f"--model {model}: {hint}Known are {known}, or a FILE.toml of layers")
    found, text = toml.read(model)
    tables = found.get("layers")
    if not isinstance(tables, list) or not tables or set(found) != {"layers"}:
        raise UserError(f"{model}: expected [[layers]] and nothing else, got {', '.join(found)}")
    lines = toml.lines_of(text, "layers")
    if len(lines) != len(tables):
        return tables, _numbered(model, tables)
    return tables, [f"{model}, line {line}" for line in lines]


def _numbered(what, tables):
    return [f"{what}, layer {number}" for number, _ in enumerate(tables, 1)]


def build(tables, places, shape, task, seed):
    """Return the network of these layers, for samples of this shape."""
    graph = any(isinstance(table, dict) and "inputs" in table for table in tables)
    nodes, value, layers = {}, fn.Input(shape) if graph else shape, []
    nodes[INPUT] = start = value
    for table, place in zip(tables, places, strict=True):
        layer, reads = make_layer(table, place, task)
        try:
            if graph:
                read = [value] if reads is None else [nodes[name] for name in reads]
                value = layer(read if layer.merges else _only(read))
            else:
                value = layer.plan(value)
        except KeyError as error:
            known = ", ".join(nodes)
            raise UserError(
                f"{place}: {table['name']} reads {error}, which is no label above it: {known}"
            ) from error
        except EXPECTED_ERRORS as error:
            raise UserError(f"{place}: {_about(table, error)}") from error
        layers.append(layer)
        if "label" in table:
            if table["label"] in nodes:
                raise UserError(f"{place}: a second layer called {table['label']!r}")
            nodes[table["label"]] = value
    try:
        if graph:
            return fn.Model(start, value, seed=seed)
        return fn.Sequential(layers, input_shape=shape, seed=seed)
    except EXPECTED_ERRORS as error:
        raise UserError(f"{places[0].rpartition(',')[0]}: {error}") from error


def make_layer(table, place, task):
    """Return the layer of a table, and the labels of what it reads, or None."""
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise UserError(f'{place}: expected name = "…", the class of a layer; got {table!r}')
    arguments = dict(table)
    name, reads = arguments.pop("name"), arguments.pop("inputs", None)
    if name not in REGISTRY:
        meant = difflib.get_close_matches(name, REGISTRY, n=1)
        hint = f"; did you mean {meant[0]}?" if meant else f"; known are {', '.join(REGISTRY)}"
        raise UserError(f"{place}: no layer {name!r}{hint}")
    trainable, label = arguments.pop("trainable", True), arguments.pop("label", None)
    takes = inspect.signature(REGISTRY[name]).parameters
    for argument in arguments:
        if argument not in takes:
            meant = difflib.get_close_matches(argument, takes, n=1)
            hint = f"did you mean {meant[0]!r}? " if meant else ""
            raise UserError(
                f"{place}: {name} has no {argument!r}: {hint}It takes {', '.join(takes)}"
            )
    for argument in ("units", "filters"):
        if arguments.get(argument) == OUTPUTS:
            arguments[argument] = task.outputs
    try:
        layer = REGISTRY[name](**arguments, name=label)
        layer.trainable = trainable
    except EXPECTED_ERRORS as error:
        raise UserError(f"{place}: {_about(table, error)}") from error
    if reads is not None and not isinstance(reads, list):
        reads = [reads]
    return layer, reads


def _only(nodes):
    if len(nodes) != 1:
        raise ValueError(f"it reads one value, got {len(nodes)} inputs; merge them, with Add")
    return nodes[0]


def _about(table, error):
    """What an error says, with the layer's name before it."""
    text, name = str(error), table["name"]
    return text if text.startswith(name) else f"{name}: {text}"
