"""What all losses do: a number and derivatives for every sample, and the mean over the samples.

Every sample, or every position of one, has a weight: the sample's times that of the class of its
label, 0 for a label that is ignored.
"""

import math

from ._arrays import as_array, as_floats, as_result, check_shape
from .softmax import last_axis_rows


def element_loss(
    operation,
    name,
    y,
    target,
    sample_weight,
    reduction,
    loss_of,
    gradient_of,
    check_target=None,
):
    """A loss that is a sum over elements, from the loss and the derivative of one element."""
    y, target = as_array(operation, name, y), as_array(operation, "target", target)
    if y.ndim == 0:
        raise ValueError(f"{operation}: expected {name} (N, ...), got a single number")
    samples = len(y)
    one_output = {(samples,), (samples, 1)}
    if not (y.shape in one_output and target.shape in one_output):
        check_shape(operation, "target", target, y.shape)
    if check_target is not None:
        check_target(target)
    weights, sample_weight = _weights(operation, samples, sample_weight)

    outputs = math.prod(y.shape[1:])
    losses, gradients = [], []
    for values, targets in zip(
        as_floats(y, samples, outputs), as_floats(target, samples, outputs), strict=True
    ):
        pairs = list(zip(values, targets, strict=True))
        losses.append(sum(loss_of(value, t) for value, t in pairs))
        gradients.append([gradient_of(value, t) for value, t in pairs])
    loss, dy = _reduced(operation, reduction, losses, gradients, weights)
    return loss, as_result(dy, y.shape, y, target, sample_weight)


def class_loss(
    operation,
    name,
    y,
    target,
    sample_weight,
    reduction,
    loss_and_gradient,
    *,
    class_weight=None,
    ignore_label=None,
    takes_labels=True,
    takes_rows=True,
):
    """A loss that compares the C outputs of a position with a row of shares, or a label."""
    y, target = as_array(operation, name, y), as_array(operation, "target", target)
    if y.ndim < 2:
        raise ValueError(f"{operation}: expected {name} (N, ..., C), got shape {y.shape}")
    sample_weights, sample_weight = _weights(operation, len(y), sample_weight)
    rows, classes = last_axis_rows(operation, name, y), y.shape[-1]
    positions = math.prod(y.shape[1:-1])
    has_rows = not takes_labels or (takes_rows and target.shape == y.shape)
    if has_rows:
        if class_weight is not None:
            raise ValueError(f"{operation}: class_weight is for labels, got a target of rows")
        shares, factors = _target_rows(operation, target, y.shape), [1.0] * len(rows)
    else:
        factors = _class_weights(operation, class_weight, classes)
        shares, factors = _label_rows(operation, target, y.shape, factors, ignore_label)

    losses, gradients, weights = [], [], []
    for p, (z, t) in enumerate(zip(rows, shares, strict=True)):
        weights.append(sample_weights[p // positions] * factors[p])
        if factors[p] == 0:
            loss, gradient = 0.0, [0.0] * classes
        else:
            loss, gradient = loss_and_gradient(z, t)
        losses.append(loss)
        gradients.append(gradient)
    loss, dy = _reduced(operation, reduction, losses, gradients, weights)
    return loss, as_result(dy, y.shape, y, target if has_rows else None, sample_weight)


def check_at_least_0(operation, name, value):
    """Raise unless a setting is finite and at least 0."""
    if not 0 <= value < math.inf:
        raise ValueError(f"{operation}: expected {name} at least 0, got {value}")


def _reduced(operation, reduction, losses, gradients, weights):
    """``sum w loss / sum w``, or ``sum w loss``, and its gradient; both 0 if the weights are."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f'{operation}: expected reduction "mean" or "sum", got {reduction!r}')
    total = sum(weights)
    if total == 0:
        return 0.0, [[0.0 for _ in gradient] for gradient in gradients]
    shares = [weight / (total if reduction == "mean" else 1.0) for weight in weights]
    loss = sum(share * loss for share, loss in zip(shares, losses, strict=True))
    # forward: loss += share * loss
    reduced = [
        [share * derivative for derivative in gradient]
        for share, gradient in zip(shares, gradients, strict=True)
    ]
    return float(loss), reduced


def _weights(operation, samples, sample_weight):
    """The samples' weights as floats, and the operand they came from."""
    if sample_weight is None:
        return [1.0] * samples, None
    sample_weight = as_array(operation, "sample_weight", sample_weight)
    check_shape(operation, "sample_weight", sample_weight, (samples,))
    weights = as_floats(sample_weight)
    if not all(weight >= 0 for weight in weights):
        raise ValueError(f"{operation}: expected every sample_weight to be at least 0")
    return weights, sample_weight


def _class_weights(operation, class_weight, classes):
    """The classes' weights as floats."""
    if class_weight is None:
        return [1.0] * classes
    class_weight = as_array(operation, "class_weight", class_weight)
    check_shape(operation, "class_weight", class_weight, (classes,))
    weights = as_floats(class_weight)
    if not all(0 <= weight < math.inf for weight in weights):
        raise ValueError(f"{operation}: expected every class_weight finite and at least 0")
    return weights


def _target_rows(operation, target, shape):
    """The given rows of C shares, one for every position."""
    check_shape(operation, "target", target, shape)
    rows = as_floats(target, -1, shape[-1])
    if not all(0 <= t < math.inf for row in rows for t in row):
        raise ValueError(f"{operation}: expected every element of a target row at least 0")
    return rows


def _label_rows(operation, target, shape, class_weights, ignore_label):
    """A one-hot row for the label of every position, and the position's weight."""
    classes = shape[-1]
    check_shape(operation, "target labels", target, shape[:-1])
    if target.dtype.kind not in "biu":
        raise TypeError(f"{operation}: expected integer labels, got dtype {target.dtype}")
    rows, weights = [], []
    for label in target.ravel().tolist():
        if label == ignore_label and ignore_label is not None:
            rows.append([0.0] * classes)
            weights.append(0.0)
            continue
        if not 0 <= label < classes:
            raise ValueError(f"{operation}: expected labels 0 ... {classes - 1}, got {label}")
        rows.append([1.0 if i == label else 0.0 for i in range(classes)])
        weights.append(class_weights[label])
    return rows, weights
