"""The user's own labels (words, ±1, 1 … K), and the class numbers 0 … C − 1 that losses compare.

x, y, sample_weight, class_weight --Data--> checked x, target, weight
"""

import copy

import numpy as np

from fastnn.checks import check_no_nan, number, real_array
from fastnn.columns import is_missing

SHOWN = 5  # labels in a message


class Data:
    """Samples with their targets and weights as the loss takes them.

    Parameters
    ----------
    who : str
        Whose messages these are.
    net, loss
        A built network and its loss.
    x : ndarray
        Checked by the network.
    y, sample_weight, class_weight
        As for `Sequential.fit`.
    classes : ndarray, optional
        The labels that the network knows.
    learn : bool
        Whether to find the classes in `y` where there are none yet.

    Attributes
    ----------
    x, target, weight
        What losses take; the weight is that of sample and class.
    labels : ndarray of int, shape (N,), or None
        Class numbers, if each sample has one label.
    rows : ndarray of int64, or None
        Which samples count, if not all, or some more than once.
    """

    def __init__(
        self,
        who,
        net,
        loss,
        x,
        y,
        sample_weight=None,
        class_weight=None,
        *,
        classes=None,
        learn=False,
    ):
        n, outputs = len(x), net.output_shape
        self.labels = self.rows = self._sample_weight = None
        if len(net.outputs) > 1:
            self._compare_several(who, net, loss, x, y, sample_weight, class_weight)
            return
        shape = np.shape(y) if not hasattr(y, "toarray") else y.shape
        if shape[:1] != (n,):
            raise ValueError(
                f"{who}: expected a y for every x, got x of shape {x.shape} and y of shape {shape}"
            )
        weight = None
        if sample_weight is not None:
            weight = sample_weights(who, sample_weight, n, net.dtype)
        self._sample_weight = weight
        self.classes = None
        if _holds_labels(loss, shape, outputs) and (learn or classes is not None):
            y = label_array(who, y)
            if y.shape[1:] == (1,) and len(outputs) == 1:
                y = y[:, 0]
            self.classes = classes
            counted = counted_labels(loss, y)
            if classes is None and counted.any():
                self.classes = find_classes(who, y[counted], max(outputs[-1], 2))
            if self.classes is not None:
                y = encode_counted(who, y, counted, self.classes, loss)
                self.labels = y if y.ndim == 1 else None
        if class_weight is not None:
            if self.classes is None or y.ndim != 1:
                raise ValueError(
                    f"{who}: class_weight is for labels of shape (N,), got y of shape {shape} "
                    f"with {loss.name}; use sample_weight, or the class_weight of the loss"
                )
            factors = np.zeros(n)
            counted = loss.counted(y)
            factors[counted] = class_weights(who, class_weight, self.classes, y[counted])
            weight = factors if weight is None else weight * factors
            weight = sample_weights(who, weight, n, net.dtype)
        self.x, self.weight = x, weight
        self.target = loss.target(y, (n, *outputs), net.dtype)

    def _compare_several(self, who, net, loss, x, y, sample_weight, class_weight):
        """Of several outputs: class numbers as they are, no classes of the network."""
        if class_weight is not None:
            raise ValueError(f"{who}: class_weight is for networks with one output")
        self.x, self.classes, self.weight = x, None, None
        if sample_weight is not None:
            self.weight = sample_weights(who, sample_weight, len(x), net.dtype)
        self._sample_weight = self.weight
        self.target = loss.targets(y, len(x), net)

    def held_out(self, rows):
        """Return these samples of the data, without the weights of classes."""
        data = copy.copy(self)
        data.rows, data.weight = rows, self._sample_weight
        return data


def _holds_labels(loss, shape, outputs):
    """Whether a `y` of this shape holds labels, rather than the numbers that are compared."""
    if loss.decides == "largest":
        vector = len(outputs) == 1 and shape[1:] in ((), (1,))
        return outputs[-1] > 1 and (vector or shape[1:] == outputs[:-1])
    return loss.decides == "sign" and outputs == (1,) and shape[1:] in ((), (1,))


def label_array(who, y):
    """Return labels as an array of text, whole numbers or truth values."""
    if hasattr(y, "toarray"):
        raise TypeError(f"{who}: expected dense labels, got a sparse matrix; use y.toarray()")
    given, y = y, np.asarray(y)
    if y.dtype.kind == "T" or (y.dtype.kind == "U" and not isinstance(given, np.ndarray)):
        y = np.asarray(given, object)  # NumPy makes text of all that stands beside text
    wrong = ""
    if y.dtype.kind == "O":  # a column of a data frame
        values = y.ravel().tolist()
        if all(isinstance(value, (str, bytes)) for value in values):
            kinds = {isinstance(value, str) for value in values}
            y = y.astype(np.str_ if True in kinds else np.bytes_) if len(kinds) == 1 else y
        elif all(isinstance(value, (bool, int, float, np.number, np.bool_)) for value in values):
            y = np.array(values).reshape(y.shape)
        missing = [row for row, value in enumerate(values) if is_missing(value)]
        wrong = f" ({len(missing)} missing, the first at index {missing[0]})" if missing else ""
    if y.dtype.kind == "S":
        y = np.char.decode(y)
    if y.dtype.kind not in "biufU":
        raise TypeError(
            f"{who}: expected labels that are all text or all whole numbers, got dtype {y.dtype}"
            f"{wrong}; drop samples without a label"
        )
    check_no_nan(who, "y", y, "drop samples without a label")
    if y.dtype.kind == "f" and (wrong := y != np.floor(y)).any():
        raise ValueError(
            f"{who}: expected labels, got {y[wrong][0]}; for numbers use "
            f'loss="mean_squared_error", for shares of classes rows of shape (N, classes)'
        )
    return y


def find_classes(who, y, outputs):
    """Return the sorted classes of these labels, for a network with so many classes."""
    classes = np.unique(y)
    if len(classes) == outputs:
        return classes
    numbered = classes.dtype.kind != "U" and classes[0] >= 0 and classes[-1] < outputs
    if len(classes) < outputs and numbered:  # 0 … C − 1, some absent
        return np.arange(outputs).astype(classes.dtype)
    raise ValueError(
        f"{who}: found {len(classes)} classes in y ({_some(classes)}), but the network tells "
        f"{outputs} apart; change its last layer, or check the labels"
    )


def encode(who, y, classes):
    """Return the index of each label in the sorted `classes`."""
    if (y.dtype.kind == "U") != (classes.dtype.kind == "U"):
        raise TypeError(f"{who}: expected labels like {_some(classes)}, got {_some(np.unique(y))}")
    index = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    unknown = classes[index] != y
    if unknown.any():
        where = tuple(np.argwhere(unknown)[0].tolist())
        raise ValueError(
            f"{who}: label {y[where].item()!r} at index {where[0] if len(where) == 1 else where} "
            f"is none of the network's classes ({_some(classes)})"
        )
    return index


def counted_labels(loss, y):
    """Return which of the user's labels the loss does not ignore."""
    ignore = loss.options.get("ignore_label")
    if ignore is None or y.dtype.kind == "U":
        return np.ones(y.shape, bool)
    return y != ignore


def encode_counted(who, y, counted, classes, loss):
    """Return the index of each label in the sorted `classes`; ignored ones stay what they are."""
    if counted.all() or classes.dtype.kind == "U":
        return encode(who, y, classes)
    ignore = loss.options["ignore_label"]
    if 0 <= ignore < len(classes) and classes[ignore] != ignore:
        raise ValueError(
            f"{who}: ignore_label {ignore} is also the number of the class {classes[ignore]}; "
            f"ignore a label that is no number of a class, for instance -100"
        )
    index = encode(who, np.where(counted, y, classes[0]), classes)
    index[~counted] = ignore
    return index


def class_weights(who, class_weight, classes, index):
    """Return each sample's weight, from `{label: weight}` or "balanced"."""
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                f'{who}: expected class_weight "balanced" or a dict, got {class_weight!r}'
            )
        counts = np.bincount(index, minlength=len(classes))
        table = 1 / np.maximum(counts, 1)  # a common factor would cancel in Σ w ℓ / Σ w
    else:
        if not hasattr(class_weight, "items"):
            raise TypeError(
                f'{who}: expected class_weight "balanced" or a dict, got {class_weight!r}'
            )
        table = np.ones(len(classes))
        for label, weight in class_weight.items():
            (at,) = encode(f"{who}: class_weight", np.asarray([label]), classes)
            table[at] = number(who, f"class_weight of {label!r}", weight, 0)
    return table[index]


def sample_weights(who, weights, n, dtype):
    """Return the weights of `n` samples, checked."""
    weights = real_array(who, "sample_weight", weights)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and refused below
        weights = np.ascontiguousarray(weights, dtype)
    if weights.shape != (n,):
        raise ValueError(
            f"{who}: expected sample_weight of shape ({n},), one a sample, got {weights.shape}"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        first = int(np.argmin(np.isfinite(weights) & (weights >= 0)))
        raise ValueError(
            f"{who}: expected every sample_weight finite and at least 0, got {weights[first]} "
            f"at index {first}"
        )
    return weights


def _some(classes):
    """The first few labels as text."""
    shown = ", ".join(map(repr, classes[:SHOWN].tolist()))
    return shown + (", …" if len(classes) > SHOWN else "")
