"""Constraints: where parameters have to be, and are moved to, after every update.

Layers take them for each of their parameters: `Dense(10, weight_constraint=MaxNorm(3.0))`. A
constraint holds from the first update on; initial values and what the user assigns may break it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from fastnn import functional
from fastnn.checks import lookup, positive


class Constraint:
    """Base class of constraints.

    Attributes
    ----------
    name : str
        The operation of `fastnn.functional`, less "constrain_".
    limit : float
        What it takes, if anything.
    of_rows : bool
        Whether it is about all weights that lead to an output, rather than about each number.
    """

    name: ClassVar[str]
    limit: ClassVar[float] = 0.0
    of_rows: ClassVar[bool] = False

    def __call__(self, weight):
        """Return the allowed weights that are nearest."""
        limits = [getattr(self, field.name) for field in fields(self)]
        return getattr(functional, f"constrain_{self.name}")(weight, *limits)

    @property
    def settings(self):
        """What `get` makes the same constraint of, and JSON can hold."""
        return {"name": self.name} | {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class MaxAbs(Constraint):
    """No number larger than `limit`, whatever its sign.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.constraints.MaxAbs(0.5)([[-3.0, 0.25]]).tolist()
    [[-0.5, 0.25]]
    """

    name: ClassVar[str] = "max_abs"
    limit: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "limit", positive("MaxAbs", "limit", self.limit))


@dataclass(frozen=True)
class MaxNorm(Constraint):
    """No output whose weights have a norm of more than `limit`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.constraints.MaxNorm(2.5)([[3.0, 4.0], [0.0, 1.0]]).tolist()
    [[1.5, 2.0], [0.0, 1.0]]
    """

    name: ClassVar[str] = "max_norm"
    of_rows: ClassVar[bool] = True
    limit: float = 2.0

    def __post_init__(self):
        object.__setattr__(self, "limit", positive("MaxNorm", "limit", self.limit))


@dataclass(frozen=True)
class NonNegative(Constraint):
    """No number below 0.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.constraints.NonNegative()([-3.0, 0.25]).tolist()
    [0.0, 0.25]
    """

    name: ClassVar[str] = "non_negative"


@dataclass(frozen=True)
class UnitNorm(Constraint):
    """Weights of norm 1 for every output; where all are 0, they stay.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.constraints.UnitNorm()([[3.0, 4.0]]).round(6).tolist()
    [[0.6, 0.8]]
    """

    name: ClassVar[str] = "unit_norm"
    of_rows: ClassVar[bool] = True


CONSTRAINTS = {kind.name: kind for kind in (MaxAbs, MaxNorm, NonNegative, UnitNorm)}


def get(constraint):
    """Return the constraint of this name, or of these settings; an object is one already.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.constraints.get("max_norm").limit
    2.0
    """
    if isinstance(constraint, Constraint):
        return constraint
    if isinstance(constraint, Mapping):
        settings = dict(constraint)
        return lookup("constraint", settings.pop("name", None), CONSTRAINTS)(**settings)
    if isinstance(constraint, type):
        raise TypeError(f"expected a constraint, got its class; write {constraint.__name__}(…)")
    return lookup("constraint", constraint, CONSTRAINTS)()
