"""What all losses do with their operands: check, weigh, and let the compiled core do the rest."""

import math

import numpy as np

from fastnn._core import loss as core
from fastnn.checks import integer, number

from ._operands import (
    Packs,
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    real_array,
    resolve,
)

_batch_loss = both(core.batch_loss)

# The kernel of every loss, and the factor of an element's loss; None: one over the outputs.
KERNELS = {
    "half_squared_error": ("squared", 0.5),
    "squared_error": ("squared", 1.0),
    "mean_squared_error": ("squared", None),
    "mean_absolute_error": ("absolute", None),
    "huber": ("huber", 1.0),
    "poisson": ("poisson", 1.0),
    "hinge": ("hinge", 1.0),
    "perceptron": ("perceptron", 1.0),
    "binary_cross_entropy": ("binary_cross_entropy", 1.0),
    "binary_focal": ("binary_focal", 1.0),
    "cross_entropy": ("cross_entropy", 1.0),
    "kl_divergence": ("kl_divergence", 1.0),
    "focal": ("focal", 1.0),
    "multiclass_hinge": ("multiclass_hinge", 1.0),
}
OF_CLASSES = ("cross_entropy", "kl_divergence", "focal", "multiclass_hinge")
LABELS_ONLY, ROWS_ONLY = "multiclass_hinge", "kl_divergence"


def check_options(name, options, classes=None):
    """Raise unless these settings of a loss make sense, for so many classes if given."""
    reduction = options.get("reduction", "mean")
    if reduction not in ("mean", "sum"):
        raise ValueError(f'{name}: expected reduction "mean" or "sum", got {reduction!r}')
    for what in ("gamma", "epsilon", "label_smoothing"):
        number(name, what, options.get(what, 0.0), 0)
    for what in ("delta", "margin"):
        if number(name, what, options.get(what, 1.0)) <= 0:
            raise ValueError(f"{name}: expected {what} greater than 0, got {options[what]!r}")
    if options.get("label_smoothing", 0) > 1:
        raise ValueError(
            f"{name}: expected label_smoothing from 0 to 1, got {options['label_smoothing']!r}"
        )
    if options.get("ignore_label") is not None:
        integer(name, "ignore_label", options["ignore_label"], -(2**63), 2**63 - 1)
    if options.get("class_weight") is None:
        return
    weights = real_array(name, "class_weight", options["class_weight"])
    if weights.ndim != 1 or weights.size != (classes or weights.size):
        expected = "of one number a class" if classes is None else f"of shape ({classes},)"
        raise ValueError(f"{name}: expected class_weight {expected}, got shape {weights.shape}")
    check_all(name, "class_weight", weights, 0, "finite and at least 0")


def loss_settings(
    name,
    shape,
    *,
    reduction="mean",
    label_smoothing=0.0,
    class_weight=None,
    ignore_label=None,
    log_input=True,
    **parameter,
):
    """Return what the compiled core is told of a loss, for samples of this shape."""
    kernel, scale = KERNELS[name]
    if class_weight is not None:
        class_weight = np.ascontiguousarray(class_weight, np.float64)
    return {
        "kind": kernel if log_input else "poisson_of_rate",
        "scale": 1.0 / max(math.prod(shape), 1) if scale is None else scale,
        "parameter": next(iter(parameter.values()), 0.0),
        "label_smoothing": label_smoothing,
        "class_weight": class_weight,
        "ignore_label": ignore_label,
        "reduction": reduction,
        "channels": shape[-1] if name in OF_CLASSES else 1,
    }


def element_loss(name, what, y, target, sample_weight, n_threads, **options):
    """Return a loss that compares each output with a target, and its gradient."""
    check_options(name, options)
    y, target = operand(name, what, y), operand(name, "target", target)
    shape = y.shape
    if len(shape) == 0:
        raise ValueError(f"{name}: expected {what} of shape (N, ...), got a single number")
    one_output = ((len(y),), (len(y), 1))
    if not (shape in one_output and target.shape in one_output):
        check_shape(name, "target", target, shape)
    check_target(name, target)
    weights, total = _weights(name, sample_weight, len(y))
    dtype, threads = common_dtype(y, target, weights), resolve(n_threads)
    dy = empty_packs(len(y), shape[1:], dtype)
    if total == 0 or not math.prod(shape):
        return _nothing(dy, y)
    settings = loss_settings(name, shape[1:], **options)
    loss = _batch_loss[dtype](
        settings, packed(y, dtype, n_threads=threads).rows, None,
        packed(target, dtype, n_threads=threads).rows,
        _shares(weights, total, len(y), settings), dy.rows, threads,
    )  # fmt: skip
    return loss, answer(dy, y, threads)


def class_loss(name, what, y, target, sample_weight, n_threads, **options):
    """Return a loss that compares the outputs of a position with a class, and its gradient."""
    y, target = operand(name, what, y), operand(name, "target", target)
    shape = y.shape
    if len(shape) < 2 or 0 in shape[1:]:
        raise ValueError(f"{name}: expected {what} of shape (N, ..., C), got shape {shape}")
    check_options(name, options, shape[-1])
    weights, total = _weights(name, sample_weight, len(y))
    is_rows = name == ROWS_ONLY or (name != LABELS_ONLY and target.shape == shape)
    dtype = common_dtype(y, target if is_rows else None, weights)
    threads = resolve(n_threads)
    settings = loss_settings(name, shape[1:], **options)
    if is_rows:
        check_shape(name, "target", target, shape)
        check_target(name, target)
        check_weighs_labels(name, options)
        labels, rows = None, packed(target, dtype, n_threads=threads).rows
    else:
        labels, rows = _labels(name, target, shape, settings["ignore_label"]), None
        if settings["class_weight"] is not None or settings["ignore_label"] is not None:
            total = total_weight(len(y), weights, settings, labels)
    dy = empty_packs(len(y), shape[1:], dtype)
    if total == 0:
        return _nothing(dy, y)
    shares = _shares(weights, total * math.prod(shape[1:-1]), len(y), settings)
    loss = _batch_loss[dtype](
        settings, packed(y, dtype, n_threads=threads).rows, labels, rows, shares, dy.rows, threads
    )
    return loss, answer(dy, y, threads)


def total_weight(samples, weights, settings=None, labels=None):
    """Return Σ w of so many samples, whose labels may have weights of their own."""
    counted = np.ones(samples) if weights is None else weights.astype(np.float64)
    if labels is not None and labels.size:
        core.weigh_labels(settings, labels.reshape(-1), counted)
    return core.weight_sum(counted)


def _weights(name, sample_weight, samples):
    """Return the weights checked (None: all 1) and their sum."""
    if sample_weight is None:
        return None, float(samples)
    weights = real_array(name, "sample_weight", sample_weight)
    check_shape(name, "sample_weight", weights, (samples,))
    if samples and not weights.min() >= 0:
        raise ValueError(
            f"{name}: expected every sample_weight to be at least 0, got {weights.min()}"
        )
    return weights, core.weight_sum(np.ascontiguousarray(weights, np.float64))


def _shares(weights, total, samples, settings):
    """Return what each sample's loss counts in the mean, or in the sum."""
    if settings["reduction"] == "sum":
        total = 1.0
    if weights is None:
        return np.full(samples, 1.0 / total)
    return weights.astype(np.float64) / total


def _nothing(dy, like):
    """Return the loss of no sample, and its gradient."""
    dy.data[...] = 0
    return 0.0, answer(dy, like)


def check_target(name, target):
    """Raise unless a target holds what a loss can compare with: shares, counts or signs."""
    if name in ("binary_cross_entropy", "binary_focal"):
        check_all(name, "target", target, 0, "from 0 to 1", high=1)
    elif name in OF_CLASSES:
        check_all(name, "element of a target row", target, 0, "to be at least 0")
    elif name == "poisson":
        check_all(name, "target", target, 0, "finite and at least 0")
    elif name in ("hinge", "perceptron"):
        _check_signs(name, target)


def check_all(name, what, values, low, expected, high=math.inf):
    """Raise unless all values are finite numbers within these limits."""
    data = values.data if isinstance(values, Packs) else values
    if not data.size or (data.min() >= low and data.max() <= high and data.max() < math.inf):
        return
    if isinstance(values, Packs):  # whose empty lanes may hold anything
        data = values.unpack()
    right = (data >= low) & (data <= high) & (data < math.inf)
    if not right.all():
        where = tuple(np.argwhere(~right)[0].tolist())
        raise ValueError(
            f"{name}: expected every {what} {expected}, got {data[where]} at index "
            f"{where[0] if len(where) == 1 else where}"
        )


def _check_signs(name, target):
    values = target.unpack() if isinstance(target, Packs) else target
    other = 0 if (values == 0).any() else -1
    wrong = (values != 1) & (values != other)
    if wrong.any():
        where = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(
            f"{name}: expected every target -1 or 1, or every one 0 or 1, got {values[where]} at "
            f"index {where[0] if len(where) == 1 else where}"
        )


def check_weighs_labels(name, options):
    """Raise if classes have weights, but the target is no label of a class."""
    if options.get("class_weight") is not None:
        raise ValueError(
            f"{name}: class_weight is for labels, got a target of rows; use sample_weight"
        )


def _labels(name, target, shape, ignore_label):
    """Return class labels checked, as a flat int64 vector."""
    if isinstance(target, Packs):
        target = target.unpack()
    check_shape(name, "target labels", target, shape[:-1])
    if target.dtype.kind not in "biu":
        raise TypeError(
            f"{name}: expected integer labels, got dtype {target.dtype}; use .astype(int) if they "
            f"are whole numbers, or rows of shape {shape}"
        )
    counted = target if ignore_label is None else target[target != ignore_label]
    if counted.size:
        smallest, largest = counted.min(), counted.max()
        if smallest < 0 or largest >= shape[-1]:
            wrong = smallest if smallest < 0 else largest
            raise ValueError(f"{name}: expected labels 0 ... {shape[-1] - 1}, got {wrong}")
    return np.ascontiguousarray(target, np.int64).reshape(-1)
