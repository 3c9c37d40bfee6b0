"""Regularizers: penalties on large weights, which training adds to the loss.

Layers take them for each of their parameters: `Dense(10, weight_regularizer=L2(1e-4))`. The loss
that training and evaluation report is the objective that `gradients` differentiates: with all
penalties, also those of layers that are frozen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from fastnn import functional
from fastnn._core.threads import get_num_threads
from fastnn.checks import lookup, number
from fastnn.functional.penalty import add_l1_l2_penalty


@dataclass(frozen=True)
class L1L2:
    """The elastic net: `l1 Σ|w| + l2 Σ w²`.

    Parameters
    ----------
    l1, l2 : float
        At least 0.

    Attributes
    ----------
    name : str

    Notes
    -----
    The gradient is ``l1 sign(w) + 2 l2 w`` with ``sign(0) = 0``, as in Keras. What other libraries
    call a weight decay of λ is, with SGD, ``L2(λ / 2)``.

    Examples
    --------
    >>> import fastnn as fn
    >>> penalty, gradient = fn.regularizers.L1L2(0.5, 0.25)([[3.0, -1.0]])
    >>> penalty, gradient.tolist()
    (4.5, [[2.0, -1.0]])
    """

    name: ClassVar[str] = "l1_l2"
    shared: ClassVar[bool] = False  # whether training divides it by the weight of the batch
    l1: float = 0.01
    l2: float = 0.01

    def __post_init__(self):
        for factor, value in self.factors.items():
            object.__setattr__(self, factor, number(type(self).__name__, factor, value, 0))

    def __call__(self, weight):
        """Return the penalty and its gradient."""
        return functional.l1_l2_penalty(weight, l1=self.l1, l2=self.l2)

    def over(self, weight):
        """Return what a batch whose samples weigh so much is penalised by."""
        return self

    def add_to(self, gradient, weight):
        """Add the penalty's gradient to an array like `weight`; return the penalty."""
        return add_l1_l2_penalty(weight, gradient, self.l1, self.l2, get_num_threads())

    @property
    def factors(self):
        """Those that were asked for, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def settings(self):
        """What `get` makes the same regularizer of, and JSON can hold."""
        return {"name": self.name, **self.factors}


@dataclass(frozen=True)
class L1(L1L2):
    """`l1 Σ|w|`, which draws weights to 0 until they are 0."""

    name: ClassVar[str] = "l1"
    l2: ClassVar[float] = 0.0


@dataclass(frozen=True)
class L2(L1L2):
    """`l2 Σ w²`, which draws weights to 0 the more, the larger they are."""

    name: ClassVar[str] = "l2"
    l1: ClassVar[float] = 0.0


@dataclass(frozen=True)
class SharedL2(L2):
    """`l2 Σ w² / Σ` of the weights of the batch's samples: the more of them, the weaker.

    Without sample weights it is divided by the size of the batch: ``SharedL2(alpha / 2)`` is the
    penalty of scikit-learn's MLP. Called, it is that of one sample.

    Examples
    --------
    >>> import fastnn as fn
    >>> regularizer = fn.regularizers.SharedL2(0.5)
    >>> regularizer([[2.0]])[0], regularizer.over(4.0)([[2.0]])[0]
    (2.0, 0.5)
    """

    name: ClassVar[str] = "shared_l2"
    shared: ClassVar[bool] = True

    def over(self, weight):
        return L2(self.l2 / weight if weight > 0 else 0.0)


REGULARIZERS = {kind.name: kind for kind in (L1, L2, L1L2, SharedL2)}


def get(regularizer):
    """Return the regularizer of this name, or of these settings; an object is one already.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.regularizers.get("l2").l2
    0.01
    """
    if isinstance(regularizer, L1L2):
        return regularizer
    if isinstance(regularizer, Mapping):
        settings = dict(regularizer)
        return lookup("regularizer", settings.pop("name", None), REGULARIZERS)(**settings)
    if isinstance(regularizer, type):
        name = regularizer.__name__
        raise TypeError(f"expected a regularizer, got its class; write {name}(…)")
    return lookup("regularizer", regularizer, REGULARIZERS)()
