"""Losses by name or object: what training minimises, and which targets it compares with.

A loss is one operation of `fastnn.functional` with its settings. Those that see logits include the
activation that belongs to them, softmax or sigmoid: training leaves it out at the end of the
network (`δ = y − t` is then exact where the long way would divide 0 by 0).

The settings are those of the operation. All have `reduction`, those that compare classes with
labels also `class_weight` and `ignore_label`.
"""

from dataclasses import dataclass
from typing import ClassVar

from fastnn.checks import lookup
from fastnn.loss import ClassLoss, LabelLoss, Loss

# --- numbers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HalfSquaredError(Loss):
    """`Σ (y − t)² / 2` over a sample's outputs; see `functional.half_squared_error`."""

    name: ClassVar[str] = "half_squared_error"


@dataclass(frozen=True)
class SquaredError(Loss):
    """`Σ (y − t)²` over a sample's outputs; see `functional.squared_error`."""

    name: ClassVar[str] = "squared_error"


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The mean of `(y − t)²` over a sample's outputs; see `functional.mean_squared_error`."""

    name: ClassVar[str] = "mean_squared_error"


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """The mean of `|y − t|` over a sample's outputs; see `functional.mean_absolute_error`."""

    name: ClassVar[str] = "mean_absolute_error"


@dataclass(frozen=True)
class Huber(Loss):
    """Squared errors up to `delta`, then linear, over all outputs; see `functional.huber`."""

    name: ClassVar[str] = "huber"
    delta: float = 1.0


@dataclass(frozen=True)
class Poisson(Loss):
    """Counts, over a sample's outputs; see `functional.poisson`."""

    name: ClassVar[str] = "poisson"
    log_input: bool = True
    epsilon: float = 1e-8


# --- two classes an output ----------------------------------------------------------------------


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Cross-entropy of sigmoids; see `functional.binary_cross_entropy`."""

    name: ClassVar[str] = "binary_cross_entropy"
    activation: ClassVar[str] = "sigmoid"
    decides: ClassVar[str] = "sign"


@dataclass(frozen=True)
class BinaryFocal(Loss):
    """Focal loss of sigmoids; see `functional.binary_focal`."""

    name: ClassVar[str] = "binary_focal"
    activation: ClassVar[str] = "sigmoid"
    decides: ClassVar[str] = "sign"
    gamma: float = 2.0


@dataclass(frozen=True)
class Hinge(Loss):
    """`max(0, 1 − t y)` with targets ±1, or labels of two classes; see `functional.hinge`."""

    name: ClassVar[str] = "hinge"
    decides: ClassVar[str] = "sign"


@dataclass(frozen=True)
class Perceptron(Loss):
    """`max(0, −t y)` with targets ±1, or labels of two classes; see `functional.perceptron`."""

    name: ClassVar[str] = "perceptron"
    decides: ClassVar[str] = "sign"


# --- classes, an output each --------------------------------------------------------------------


@dataclass(frozen=True)
class CrossEntropy(LabelLoss):
    """Cross-entropy of a softmax, of labels or shares; see `functional.cross_entropy`."""

    name: ClassVar[str] = "cross_entropy"
    activation: ClassVar[str] = "softmax"
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class Focal(LabelLoss):
    """Focal loss of a softmax, of labels or shares; see `functional.focal`."""

    name: ClassVar[str] = "focal"
    activation: ClassVar[str] = "softmax"
    for_one_output: ClassVar[str] = "binary_focal"
    gamma: float = 2.0


@dataclass(frozen=True)
class MulticlassHinge(LabelLoss):
    """Hinge loss of the scores of classes, of labels; see `functional.multiclass_hinge`."""

    name: ClassVar[str] = "multiclass_hinge"
    takes_rows: ClassVar[bool] = False
    for_one_output: ClassVar[str] = "hinge"
    margin: float = 1.0


@dataclass(frozen=True)
class KLDivergence(ClassLoss):
    """Divergence of a distribution from a softmax; see `functional.kl_divergence`."""

    name: ClassVar[str] = "kl_divergence"
    activation: ClassVar[str] = "softmax"
    takes_labels: ClassVar[bool] = False


half_squared_error = HalfSquaredError()
squared_error = SquaredError()
mean_squared_error = MeanSquaredError()
mean_absolute_error = MeanAbsoluteError()
huber = Huber()
poisson = Poisson()
binary_cross_entropy = BinaryCrossEntropy()
binary_focal = BinaryFocal()
hinge = Hinge()
perceptron = Perceptron()
cross_entropy = CrossEntropy()
focal = Focal()
multiclass_hinge = MulticlassHinge()
kl_divergence = KLDivergence()

LOSSES = {
    loss.name: loss
    for loss in (
        cross_entropy,
        binary_cross_entropy,
        focal,
        binary_focal,
        multiclass_hinge,
        hinge,
        perceptron,
        kl_divergence,
        half_squared_error,
        squared_error,
        mean_squared_error,
        mean_absolute_error,
        huber,
        poisson,
    )
}


def get(loss):
    """Return the loss of this name; a `Loss` is one already, and a list stands for `Joint`.

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
    if isinstance(loss, type) and issubclass(loss, Loss):
        name = loss.__name__
        raise TypeError(f"expected a loss, got its class; write {name}()")
    if isinstance(loss, (list, tuple)):
        return joint.Joint(loss)
    return loss if isinstance(loss, Loss) else lookup("loss", loss, LOSSES)


def compiled(loss):
    """Return whether a loss is one of these, and not your own: then programs know it."""
    if type(loss) is joint.Joint:
        return all(map(compiled, loss.losses))
    return type(loss) is type(LOSSES.get(loss.name))


from fastnn import joint  # noqa: E402 - which needs `get`

Joint = joint.Joint
