"""Losses by name: what training minimises, and which targets it compares with.

A loss is one operation of `fastnn.functional`. The two cross-entropies see logits: the activation
that belongs to them, softmax or sigmoid, is part of the loss, so training leaves it out at the end
of the network (`δ = y − t` is then exact where the long way would divide 0 by 0).
"""

from dataclasses import dataclass

import numpy as np

from fastnn import functional
from fastnn._core.loss import labels_within
from fastnn.checks import check_no_nan, lookup, real_array, text_of
from fastnn.functional._losses import check_shares
from fastnn.layers import Activation, Flatten


@dataclass(frozen=True)
class Loss:
    """A loss function.

    Parameters
    ----------
    name : str
        The operation of `fastnn.functional` that computes it.
    activation : str, optional
        The activation that it includes: the loss then sees logits, and is one of classification.

    Examples
    --------
    >>> import fastnn as fn
    >>> loss, gradient = fn.losses.squared_error([[3.0]], [[1.0]])
    >>> loss, gradient.tolist()
    (4.0, [[4.0]])
    """

    name: str
    activation: str | None = None

    def __call__(self, outputs, target, sample_weight=None):
        """Return the mean loss of a batch and its gradient with respect to `outputs`."""
        return getattr(functional, self.name)(outputs, target, sample_weight=sample_weight)

    def stages(self, stages):
        """Return the network's stages that training runs: without the activation in the loss.

        Raises
        ------
        ValueError
            If the network ends with another activation than the one in the loss.
        """
        core = [stage for stage in stages if not isinstance(stage, Flatten)]
        last = core[-1] if core else None
        ending = last.function if isinstance(last, Activation) else "linear"
        if self.activation is None or ending == "linear":
            return stages
        if ending != self.activation or last is not stages[-1]:
            raise ValueError(
                f"{self.name}: expected a network that ends in logits or {self.activation}, "
                f"got one whose last activation is {ending}"
                + (" followed by Flatten" if ending == self.activation else "")
                + "; end it with a Dense without activation"
            )
        return stages[:-1]

    def target(self, target, outputs, dtype):
        """Return `target` checked, as an array to compare with outputs of the shape `outputs`."""
        if self._are_labels(target, outputs):
            return target
        if not hasattr(target, "toarray") and (kind := np.asarray(target).dtype.kind) in "OSTU":
            got = "objects" if kind == "O" else "text"
            raise TypeError(f"{self.name}: expected numbers as target, got {got}; {self._mend()}")
        target = real_array(self.name, "target", target)
        if self.name == "cross_entropy" and outputs[-1] < 2:
            raise ValueError(
                f"{self.name}: expected a network with an output for each class, got "
                f"{outputs[-1]}; use binary_cross_entropy for one output"
            )
        check_no_nan(self.name, "target", target)
        if target.shape != outputs and self.name == "cross_entropy":
            return self._labels(target, outputs)
        if self.activation:
            check_shares(self.name, target)
        if target.shape == outputs:
            return np.ascontiguousarray(target, dtype)
        if outputs[1:] != (1,) or target.shape != outputs[:1]:
            also = f" or {text_of(outputs[:1])}" if outputs[1:] == (1,) else ""
            raise ValueError(
                f"{self.name}: expected target of shape {text_of(outputs)}{also}, the network's "
                f"output, got {text_of(target.shape)}"
            )
        return np.ascontiguousarray(target.reshape(outputs), dtype)

    def decided(self, values, logits=False):
        """Return the decisions of logits, or of targets: class numbers, or 0 and 1."""
        if self.activation == "sigmoid":
            return (values > (0 if logits else 0.5)).astype(np.int64)
        return values if values.dtype == np.int64 else values.argmax(axis=-1)

    def decisions(self, target, output_shape):
        """Return how many decisions there are for these targets."""
        rows = self.activation == "softmax" and target.dtype != np.int64
        return target.size // output_shape[-1] if rows else target.size

    def _are_labels(self, target, outputs):
        """Whether these are labels as they shall be: what training mostly sees."""
        return (
            self.name == "cross_entropy"
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
            raise ValueError(
                f"{self.name}: expected labels of shape {text_of(outputs[:-1])} or rows of shape "
                f"{text_of(outputs)}, got {text_of(target.shape)}"
            )
        classes = outputs[-1]
        wrong = (target < 0) | (target >= classes)
        if target.dtype.kind == "f":
            wrong |= target != np.floor(target)
        if wrong.any():
            where = tuple(np.argwhere(wrong)[0].tolist())
            raise ValueError(
                f"{self.name}: expected labels 0 … {classes - 1}, got {target[where]} at index "
                f"{where[0] if len(where) == 1 else where}; {self._mend()}"
            )
        return np.ascontiguousarray(target, np.int64)

    def _mend(self):
        if self.activation:
            return "the network's fit takes labels of any kind"
        return 'for classes use loss="cross_entropy"'


cross_entropy = Loss("cross_entropy", activation="softmax")
binary_cross_entropy = Loss("binary_cross_entropy", activation="sigmoid")
half_squared_error = Loss("half_squared_error")
squared_error = Loss("squared_error")
mean_squared_error = Loss("mean_squared_error")

LOSSES = {
    loss.name: loss
    for loss in (
        cross_entropy,
        binary_cross_entropy,
        half_squared_error,
        squared_error,
        mean_squared_error,
    )
}


def get(loss):
    """Return the loss of this name; a `Loss` is one already.

    Raises
    ------
    ValueError
        If the name is not known.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.losses.get("cross_entropy").activation
    'softmax'
    """
    return loss if isinstance(loss, Loss) else lookup("loss", loss, LOSSES)
