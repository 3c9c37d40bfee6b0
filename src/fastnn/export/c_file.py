"""A network as one file of C: its parts, put together.

    network --steps--> Buffers (where values stand), Source (arrays, functions, lines) --> text

The file is, from top to bottom: what it is for, sizes, a function for each kind of operation,
constant arrays, `predict`, which calls the functions, the decision for a class, and `main`.
"""

import math
import re
from typing import NamedTuple

import numpy as np

from fastnn._build import __version__
from fastnn.checks import text_of
from fastnn.export.buffers import Buffers, Step
from fastnn.export.decisions import decision_of
from fastnn.export.emitters import EMITTERS, Call
from fastnn.export.source import Source, functions, safe
from fastnn.files import write_whole

NAMES = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


def write_c(net, path, name):
    """Write the file; see `fastnn.export_c`."""
    write_whole(path, text_of_c(net, name).encode())


def text_of_c(net, name="model"):
    """Return a network as a file of C."""
    if not isinstance(name, str):
        raise TypeError(f"export_c: expected name to be text, got {name!r}")
    if not NAMES.fullmatch(name):
        raise ValueError(
            f"export_c: expected name to be a C identifier, letters, digits and _ with a letter "
            f"first, got {name!r}"
        )
    if not net.built:
        raise ValueError("export_c: expected a built network; give input_shape or fit it first")
    source = Source(net.dtype)
    inputs, outputs = (sum(map(math.prod, each)) for each in (net.input_shapes, net.output_shapes))
    pointers, work = _write_steps(net, source)
    for size in (inputs, outputs, work):
        source.count(size)
    decision = decision_of(net)
    parts = [
        _about(net, name, source),
        _sizes(net, name, source, inputs, outputs, work, decision),
        *source.used.values(),
        *source.arrays.values(),
        _predict(name, source.lines, pointers),
    ]
    if decision is not None:
        parts += [*decision.tables(name), _renamed(functions()[decision.function], name)]
    parts.append(_renamed(functions()["main"], name))
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _renamed(text, name):
    """A function of the file's interface, whose names begin with the model's."""
    text = re.sub(r"\bMODEL_", f"{name.upper()}_", text)
    return re.sub(r"\bmodel(?=_|:)", name, text)


# --- the network's steps --------------------------------------------------------------------------


class _Stage(NamedTuple):
    """An operation of a layer at one place of the network."""

    index: int  # the layer's
    stage: object
    x: tuple  # the values that it reads
    y: int  # the value that it makes
    first: bool  # whether the layer begins with it


def _stages(net):
    """Return the operations in order, the shapes of all values, and the outputs' numbers."""
    number, shapes, stages = list(range(len(net.input_shapes))), list(net.input_shapes), []
    for index, read in net.calls:
        x, layer = tuple(number[value] for value in read), net.layers[index]
        for place, stage in enumerate(layer.stages):
            stages.append(_Stage(index, stage, x, len(shapes), place == 0))
            x = (len(shapes),)
            # an activation behind a layer was never told its shape
            shapes.append(stage.output_shape or shapes[stages[-1].x[0]])
        number.append(x[0])
    return stages, shapes, [number[value] for value in net.outputs]


def _emitter(stage):
    if type(stage) not in EMITTERS:
        raise ValueError(
            f"export_c: {stage.label} is a {type(stage).__name__}, and no layer of fastnn.layers; "
            f"how to compute it in C is not known"
        )
    return EMITTERS[type(stage)]


def _write_steps(net, source):
    """Write the lines of `predict`; return those that name the places of values, and their size."""
    stages, shapes, outputs = _stages(net)
    steps = [Step(each.x, each.y, _emitter(each.stage).how) for each in stages]
    sizes = [source.count(math.prod(shape)) for shape in shapes]
    buffers = Buffers(steps, sizes, len(net.input_shapes), outputs)
    places, pointers = _expressions(buffers)
    for index, stage, x, y, first in stages:
        layer, x_shapes = net.layers[index], [shapes[value] for value in x]
        if first:
            read = " and ".join(map(text_of, x_shapes))
            what = f"{safe(layer.title)}: {read} to {text_of(layer.output_shape)}"
            source.lines.append(f"\n/* {what} */")
        name = f"{_words(type(layer).__name__)}_{index}"
        read = [places[value] for value in x]
        call = Call(source, stage, name, read, places[y], x_shapes, shapes[y])
        EMITTERS[type(stage)].write(call)
    for value, place in buffers.copies:
        source.use("copy")
        source.lines.append(f"\ncopy({places[value]}, {sizes[value]}, {_at(place)});")
    return pointers, buffers.work


def _words(name):
    """MaxPool2D as max_pool2d."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower()


def _at(place):
    return f"{place.array} + {place.start}" if place.start else place.array


def _expressions(buffers):
    """Every value's place as C, and the pointers into the work array that these name."""
    names, pointers, expressions = {}, [], {}
    for value, place in buffers.places.items():
        expressions[value] = _at(place)
        if place.array == "work":
            if place not in names:
                names[place] = f"v{len(names) + 1}"
                pointers.append(f"real *const {names[place]} = {_at(place)};")
            expressions[value] = names[place]
    return expressions, pointers


# --- the file's interface -------------------------------------------------------------------------


def _about(net, name, source):
    """The comment at the top of the file."""
    real, macro = _type(source), name.upper()
    shapes = [" and ".join(map(text_of, each)) for each in (net.input_shapes, net.output_shapes)]
    return f"""\
/* {name}: a network of {len(net.layers)} layers and {net.parameters.size} parameters.
 * Written by fastnn {__version__} in C99: nothing but the standard library, no memory is allocated.
 *
 *     void {name}_predict(const {real} *x, {real} *y);
 *
 * takes a sample x, {macro}_INPUTS numbers: {shapes[0]},
 * to its outputs y, {macro}_OUTPUTS numbers: {shapes[1]};
 * in row-major order, channels last, several inputs or outputs one behind the other; x and y must
 * not overlap. It works in a static array, so that one thread may call it at a time;
 *
 *     void {name}_predict_with(const {real} *x, {real} *y, {real} *work);
 *
 * works in {macro}_WORK numbers of the caller's, and is reentrant.
 *
 * Each function below computes in double and rounds once, to its outputs. Where double is slow,
 * -DFASTNN_WIDE=float computes in float.
 *
 * As a program:               cc -std=c99 -O2 {name}.c -lm -o {name}
 * as a part of another one:   cc -std=c99 -O2 -DFASTNN_NO_MAIN -c {name}.c
 *
 * The program reads samples from stdin, numbers between white space, and prints the outputs of each
 * on a line; {name} -b reads raw numbers, of type {real}; {name} -c prints labels. */"""


def _type(source):
    return "float" if source.dtype == np.float32 else "double"


def _sizes(net, name, source, inputs, outputs, work, decision):
    """What is included, the sizes, and the functions that other files may call."""
    real, macro = _type(source), name.upper()
    single = real == "float"
    lines = [
        "#include <limits.h>",
        "#include <math.h>",
        "#include <stddef.h>",
        "#include <stdio.h>",
        "#include <stdlib.h>",
        "#include <string.h>",
        "",
        f"#define {macro}_INPUTS {inputs}",
        f"#define {macro}_OUTPUTS {outputs}",
        f"#define {macro}_WORK {max(work, 1)}",
        f'#define {macro}_TYPE "{real}"',
        f'#define {macro}_FORMAT "{"%.9g" if single else "%.17g"}"',
        f"#define {macro}_PARSE {'strtof' if single else 'strtod'}",
        *([] if decision is None else decision.sizes(macro)),
        "",
        f"#if INT_MAX < {source.largest}",
        '#error "the network needs a larger int"',
        "#endif",
        "#ifndef FASTNN_WIDE",
        "#define FASTNN_WIDE double",
        "#endif",
        "",
        f"typedef {real} real;        /* of all numbers that are kept */",
        "typedef FASTNN_WIDE wide; /* of sums, and all else within a function */",
        "",
        f"void {name}_predict(const real *x, real *y);",
        f"void {name}_predict_with(const real *x, real *y, real *work);",
        *([] if decision is None else decision.prototypes(name)),
    ]
    return "\n".join(lines)


def _predict(name, lines, pointers):
    """The function that computes the network: a list of calls."""
    pointers = pointers or ["(void)work;"]
    lines = "".join(f"    {line}\n".replace("    \n", "\n    ") for line in [*pointers, *lines])
    return f"""\
void {name}_predict_with(const real *x, real *y, real *work)
{{
{lines}}}

void {name}_predict(const real *x, real *y)
{{
    static real work[{name.upper()}_WORK];
    {name}_predict_with(x, y, work);
}}"""
