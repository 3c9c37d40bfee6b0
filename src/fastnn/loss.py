"""What losses have in common: their settings, the end of the network, targets, decisions.

The losses themselves are in `fastnn.losses`.
"""

from dataclasses import dataclass, field, fields
from typing import ClassVar

import numpy as np

from fastnn import functional
from fastnn._core.loss import labels_within
from fastnn.checks import check_no_nan, real_array, text_of
from fastnn.columns import is_frame, is_series
from fastnn.functional._losses import (
    check_options,
    check_target,
    check_weighs_labels,
    loss_settings,
    total_weight,
)
from fastnn.layers import Activation, Flatten, PReLU
from fastnn.packs import Packs

ENDINGS = Activation, PReLU
# softmax of log-softmax is softmax: a loss that sees logits leaves out the one as well as the other
FUSED = {"softmax": ("softmax", "log_softmax")}


@dataclass(frozen=True)
class Loss:
    """A loss function: those below, or your own.

    Parameters
    ----------
    reduction : {"mean", "sum"}
        `Σ w ℓ / Σ w`, or `Σ w ℓ`.

    Attributes
    ----------
    name : str
        The operation of `fastnn.functional` that computes it, with the same settings.
    activation : str or None
        The activation that it includes: the loss then sees logits.
    decides : {None, "sign", "largest"}
        How outputs decide for a class, if they do: each by its sign, or the largest.

    Examples
    --------
    >>> import fastnn as fn
    >>> loss, gradient = fn.losses.Huber(delta=2.0)([[3.0]], [[0.0]])
    >>> loss, gradient.tolist()
    (4.0, [[2.0]])
    """

    name: ClassVar[str] = "loss"
    activation: ClassVar[str | None] = None
    decides: ClassVar[str | None] = None
    reduction: str = field(default="mean", kw_only=True)

    def __post_init__(self):
        check_options(self.name, self.options)
        for name, value in self.options.items():
            if isinstance(value, np.generic):  # which JSON could not hold
                object.__setattr__(self, name, value.item())

    @property
    def options(self):
        """The settings, by name."""
        return {setting.name: getattr(self, setting.name) for setting in fields(self)}

    def __call__(self, outputs, target, sample_weight=None):
        """Return the loss of a batch and its gradient with respect to `outputs`."""
        operation = getattr(functional, self.name)
        return operation(outputs, target, sample_weight=sample_weight, **self.options)

    def of_outputs(self, outputs, target, sample_weight, shares=None):
        """Return the loss of a batch and its gradients, of a network's list of outputs.

        `shares` are what the batch counts in that of an update, by outputs.
        """
        (y,) = outputs
        loss, gradient = self(y, target, sample_weight)
        if shares is not None:
            loss, gradient = float(shares[0]) * loss, times(gradient, shares[0])
        return loss, [gradient]

    def total_weight(self, target, weight, outputs):
        """Return Σ w of a batch with outputs of the shape `outputs`."""
        return total_weight(outputs[0], weight)

    def total_weights(self, target, weight, outputs):
        """Return Σ w of a batch by outputs, of these shapes."""
        return [self.total_weight(target, weight, outputs[0])]

    def route(self, net):
        """Return the route that training takes: without the activation in the loss.

        Raises
        ------
        ValueError
            If the network ends with another activation than the one in the loss.
        """
        if len(net.outputs) > 1:
            raise ValueError(
                f"{self.name}: the network has {len(net.outputs)} outputs; give each its loss: "
                f"fn.losses.Joint([…])"
            )
        return net.route.without(self.fused(net.route, net.route.outputs[0]))

    def settings(self, output_shapes):
        """Return what a program makes of the loss of each output: its settings and its factor."""
        (shape,) = output_shapes
        return [(loss_settings(self.name, shape, **self.options), 1.0)]

    def fused(self, route, output):
        """Return the values that the activation in the loss makes: this output, or none."""
        value = output
        while isinstance(route.making(value), Flatten):
            value = route.reads(value)
        last = route.making(value)
        ending = last.function if isinstance(last, ENDINGS) else "linear"
        if self.activation is None or ending == "linear":
            return ()
        included = FUSED.get(self.activation, (self.activation,))
        if ending not in included or value != output:
            raise ValueError(
                f"{self.name}: expected a network that ends in logits or {self.activation}, "
                f"got one whose last activation is {ending}"
                + (" followed by Flatten" if ending in included else "")
                + "; end it with a Dense without activation"
            )
        return (output,)

    def targets(self, target, n, net):
        """Return `target` checked, for the outputs that a network has of n samples."""
        return self.target(target, (n, *net.output_shape), net.dtype)

    def target(self, target, outputs, dtype):
        """Return `target` checked, as an array to compare with outputs of the shape `outputs`."""
        target = self._numbers(target)
        check_no_nan(self.name, "target", target)
        return self._fitting(target, outputs, dtype)

    def decided(self, values, logits=False):
        """Return the decisions of logits, or of targets: class numbers, or 0 and 1."""
        if self.decides == "sign":
            return (values > (0 if logits else 0.5)).astype(np.int64)
        return values if values.dtype == np.int64 else values.argmax(axis=-1)

    def counted(self, target):
        """Return which decisions count, as a mask of those that these targets make."""
        return np.ones(target.shape, bool)

    def _numbers(self, target):
        if is_frame(target) or is_series(target):
            try:
                return real_array(self.name, "target", target)
            except TypeError as error:
                raise TypeError(f"{error}; {self._mend()}") from None
        if not hasattr(target, "toarray") and (kind := np.asarray(target).dtype.kind) in "OSTU":
            got = "objects" if kind == "O" else "text"
            raise TypeError(f"{self.name}: expected numbers as target, got {got}; {self._mend()}")
        return real_array(self.name, "target", target)

    def _fitting(self, target, outputs, dtype):
        check_target(self.name, target)
        if target.shape == outputs:
            return np.ascontiguousarray(target, dtype)
        if outputs[1:] != (1,) or target.shape != outputs[:1]:
            also = f" or {text_of(outputs[:1])}" if outputs[1:] == (1,) else ""
            raise ValueError(
                f"{self.name}: expected target of shape {text_of(outputs)}{also}, the network's "
                f"output, got {text_of(target.shape)}"
            )
        return np.ascontiguousarray(target.reshape(outputs), dtype)

    def _mend(self):
        if self.decides:
            return "the network's fit takes labels of any kind"
        return 'for classes use loss="cross_entropy"'


def times(gradient, factor):
    """Return a gradient that is scaled in place."""
    array = gradient.data if isinstance(gradient, Packs) else gradient
    array *= factor
    return gradient


@dataclass(frozen=True)
class ClassLoss(Loss):
    """A loss that compares the outputs of a position, one a class, with a label or shares."""

    takes_labels: ClassVar[bool] = True
    takes_rows: ClassVar[bool] = True
    for_one_output: ClassVar[str] = "binary_cross_entropy"

    def total_weight(self, target, weight, outputs):
        """Return Σ w of a batch with outputs of the shape `outputs`."""
        labels = target if target.dtype == np.int64 else None
        settings = loss_settings(self.name, outputs[1:], **self.options)
        return total_weight(outputs[0], weight, settings, labels)

    def targets(self, target, n, net):
        """Return `target` checked, for the outputs that a network has of n samples."""
        return self.target(target, (n, *net.output_shape), net.dtype)

    def target(self, target, outputs, dtype):
        """Return `target` checked, as labels or rows to compare with outputs of this shape."""
        if self._are_labels(target, outputs):
            return target
        target = self._numbers(target)
        if outputs[-1] < 2:
            raise ValueError(
                f"{self.name}: expected a network with an output for each class, got "
                f"{outputs[-1]}; use {self.for_one_output} for one output"
            )
        check_options(self.name, self.options, outputs[-1])
        check_no_nan(self.name, "target", target)
        if self.takes_labels and not (self.takes_rows and target.shape == outputs):
            return self._labels(target, outputs)
        check_weighs_labels(self.name, self.options)
        return self._fitting(target, outputs, dtype)

    def counted(self, target):
        """Return which decisions count, as a mask of those that these targets make."""
        if target.dtype != np.int64:
            return np.ones(target.shape[:-1], bool)
        ignore = self.options.get("ignore_label")
        return np.ones(target.shape, bool) if ignore is None else target != ignore

    def _are_labels(self, target, outputs):
        """Whether these are labels as they shall be: what training mostly sees."""
        return (
            self.takes_labels
            and self.options.get("class_weight") is None
            and type(target) is np.ndarray
            and target.dtype == np.int64
            and target.shape == outputs[:-1]
            and outputs[-1] > 1
            and target.flags.c_contiguous
            and labels_within(target.ravel(), outputs[-1])
        )

    def _labels(self, target, outputs):
        if target.shape == (*outputs[:-1], 1):
            target = target[..., 0]
        if target.shape != outputs[:-1]:
            rows = f" or rows of shape {text_of(outputs)}" if self.takes_rows else ""
            raise ValueError(
                f"{self.name}: expected labels of shape {text_of(outputs[:-1])}{rows}, got "
                f"{text_of(target.shape)}"
            )
        classes = outputs[-1]
        wrong = (target < 0) | (target >= classes)
        if target.dtype.kind == "f":
            wrong |= target != np.floor(target)
        if (ignore := self.options.get("ignore_label")) is not None:
            wrong &= target != ignore
        if wrong.any():
            where = tuple(np.argwhere(wrong)[0].tolist())
            raise ValueError(
                f"{self.name}: expected labels 0 … {classes - 1}, got {target[where]} at index "
                f"{where[0] if len(where) == 1 else where}; {self._mend()}"
            )
        return np.ascontiguousarray(target, np.int64)


@dataclass(frozen=True)
class LabelLoss(ClassLoss):
    """A loss of classes whose labels may have weights, or be ignored."""

    decides: ClassVar[str | None] = "largest"
    class_weight: tuple | None = field(default=None, kw_only=True)
    ignore_label: int | None = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.class_weight is not None:  # by which a loss can be found in a table
            weights = tuple(np.asarray(self.class_weight, float).tolist())
            object.__setattr__(self, "class_weight", weights)
