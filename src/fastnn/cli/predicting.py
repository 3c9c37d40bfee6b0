"""`fastnn predict` and `fastnn eval`."""

import csv
import json
import math
import sys

import numpy as np

from fastnn.cli.errors import UserError, user_errors
from fastnn.cli.sources import check_writable, data_for, load_model, samples_for, set_threads
from fastnn.digits import class_table

NUMBERS = ["mae", "rmse", "r2"]  # the metrics of networks that know no classes
MOST_CLASSES = 100  # in a table


def decides(net):
    """Whether a network tells classes apart."""
    return net.loss is None or bool(net.loss.decides or net.loss.activation)


def predict(args):
    """Predict, and print or write the result."""
    if args.output is not None:
        check_writable(args.output)
    set_threads(args.threads)
    net = load_model(args.model)
    x = samples_for(net, args.model, args.data, target=args.target, labels=args.labels)
    with user_errors(f"cannot predict {args.data} with {args.model}"):
        if args.proba:
            result = net.predict_proba(x)
        elif not decides(net):
            result = net.predict(x)  # trained on numbers: there are no labels
        else:
            result = net.predict_classes(x)
    rows = result.reshape(len(result), -1) if len(result) else result
    if args.output is not None:
        _write(args.output, result, rows, _heads(net, args.proba, rows))
    elif args.json:
        print(document({"predictions": result.tolist()}))
    else:
        for row in rows:
            print(*(f"{v:.6g}" if isinstance(v, float) else v for v in row.tolist()))


def _heads(net, proba, rows):
    """The names of the columns of a table of predictions."""
    width = rows.shape[1] if rows.ndim > 1 else 1
    if proba and net.classes_ is not None and len(net.classes_) == width:
        return [str(label) for label in net.classes_]
    return ["prediction"] if width == 1 else [f"prediction_{i}" for i in range(width)]


def _write(path, result, rows, heads):
    with user_errors(f"cannot write {path}"):
        if path.lower().endswith(".csv"):
            with open(path, "w", newline="", encoding="utf-8") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(heads)
                table.writerows(row.tolist() for row in rows)
            return
        with open(path, "wb") as file:
            np.save(file, result, allow_pickle=False)


def evaluate(args):
    """Print loss and metrics, and for classes a table."""
    set_threads(args.threads)
    net = load_model(args.model)
    if net.loss is None:
        raise UserError(f"{args.model} was never trained, so that there is no loss to evaluate")
    data = data_for(net, args.model, args.data, target=args.target, labels=args.labels)
    metrics = args.metrics.split(",") if args.metrics else None
    with user_errors(f"cannot evaluate {args.model} on {args.data}"):
        if metrics is None and not net.loss.decides:
            metrics = NUMBERS
        figures = net.evaluate(data.x, data.y, metrics=metrics)
    if args.json:
        print(document({"samples": len(data.x), **figures}))
        return
    print(f"{len(data.x):,} samples: {figures_text(figures)}")
    if net.classes_ is not None and len(net.classes_) <= MOST_CLASSES and data.y.ndim == 1:
        print()
        print(class_table(data.y, net.predict_classes(data.x)))


def document(found):
    """Return JSON of what was found; numbers that are not finite are text there."""
    return json.dumps(_finite(found), allow_nan=False)


def _finite(value):
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def figures_text(figures):
    """Return figures as text: `loss 0.1234, accuracy 96.7 %`."""
    return ", ".join(
        f"{name} {100 * value:.2f} %" if name == "accuracy" else f"{name} {value:.4g}"
        for name, value in figures.items()
    )


def tell(text, quiet=False):
    """Print a line of progress on stderr."""
    if not quiet and sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)
