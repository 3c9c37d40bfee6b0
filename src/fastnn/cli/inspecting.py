"""`fastnn info`, `diagnose`, `verify` and `export`."""

import dataclasses
import math

import fastnn as fn
from fastnn.cli.errors import user_errors
from fastnn.cli.predicting import document, tell
from fastnn.cli.sources import check_writable, data_for, load_model, set_threads

WRONG = 1  # exit code of verify


def info(args):
    """Print what this build runs on, or what a model consists of."""
    if args.model is None:
        about = fn.build_info()
        if args.json:
            print(document(about))
            return
        for key, value in about.items():
            print(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
        return
    net = load_model(args.model)
    if args.json:
        print(document(_about(net)))
        return
    net.summary()


def _about(net):
    return {
        "inputs": net.input_shapes,
        "outputs": net.output_shapes,
        "dtype": str(net.dtype),
        "parameters": int(net.parameters.size),
        "loss": net.loss and net.loss.name,
        "classes": None if net.classes_ is None else net.classes_.tolist(),
        "epochs": net.epochs,
        "steps": net.steps,
        "layers": [
            {
                "layer": type(layer).__name__,
                "name": layer.label,
                "output": layer.output_shape,
                "parameters": sum(map(math.prod, layer.parameter_shapes.values())),
            }
            for layer in net.layers
        ],
    }


def diagnose(args):
    """Print what stands in the way of training."""
    set_threads(args.threads)
    net = load_model(args.model)
    data = data_for(net, args.model, args.data, target=args.target, labels=args.labels)
    with user_errors(f"cannot diagnose {args.model} on {args.data}"):
        found = fn.diagnose(net, data.x, data.y)
    print(document(dataclasses.asdict(found)) if args.json else found)


def verify(args):
    """Compare a model with the reference; exit code 1 if something is wrong."""
    net, x, y = load_model(args.model), None, None
    if args.data is not None:
        data = data_for(net, args.model, args.data, target=args.target, labels=args.labels)
        x, y = data.x, data.y
    with user_errors(f"cannot verify {args.model}"):
        found = fn.verify(net, x, y, rows=args.rows, progress=lambda text: tell(text, args.quiet))
    print(document(dataclasses.asdict(found) | {"ok": found.ok}) if args.json else found)
    return 0 if found.ok else WRONG


def export(args):
    """Write a model as one file of C."""
    check_writable(args.c)
    net = load_model(args.model)
    with user_errors(f"cannot write {args.c}"):
        fn.export_c(net, args.c, name=args.name)
    print(f"wrote {args.c}")
