"""Changes of images that move pixels: all of a list make one map."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fastnn.changes import Change, pair, share, spread
from fastnn.checks import integer


@dataclass(frozen=True)
class Rotate(Change):
    """Turn by a random angle.

    Parameters
    ----------
    degrees : float or tuple (low, high)
        Counterclockwise, from −360 to 360; a number stands for (−degrees, degrees).

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2]], [[3], [4]]]]
    >>> fn.augment.apply(x, [fn.augment.Rotate((90, 90))])[0, ..., 0].tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """

    name: ClassVar[str] = "rotate"
    degrees: float | tuple

    def __post_init__(self):
        super().__post_init__()
        spread(self, "degrees", self.degrees, -360, 360)

    def _numbers(self, shape, span):
        return spread(self, "degrees", self.degrees, -360, 360)


@dataclass(frozen=True)
class Shear(Change):
    """Push rows sideways: each, beside the one above it, by the tangent of a random angle.

    Parameters
    ----------
    degrees : float or tuple (low, high)
        Of lines that were vertical, from −89 to 89; a number stands for (−degrees, degrees).

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]] * 3]
    >>> fn.augment.apply(x, [fn.augment.Shear((45, 45))])[0, ..., 0].round(3).tolist()
    [[2.0, 3.0, 3.0], [1.0, 2.0, 3.0], [1.0, 1.0, 2.0]]
    """

    name: ClassVar[str] = "shear"
    degrees: float | tuple

    def __post_init__(self):
        super().__post_init__()
        spread(self, "degrees", self.degrees, -89, 89)

    def _numbers(self, shape, span):
        return spread(self, "degrees", self.degrees, -89, 89)


@dataclass(frozen=True)
class Zoom(Change):
    """Enlarge by a random factor around the middle.

    Parameters
    ----------
    amount : float or tuple (low, high)
        Factors, below 1 to make it smaller; a number stands for (1 − amount, 1 + amount).
    keep_ratio : bool
        Whether both axes have the same factor.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.Zoom((2, 2))])[0, 0, :, 0].tolist()
    [1.5, 2.0, 2.5]
    """

    name: ClassVar[str] = "zoom"
    amount: float | tuple
    keep_ratio: bool = True

    def __post_init__(self):
        super().__post_init__()
        spread(self, "amount", self.amount, 2.0**-20, 2.0**20, around=1)

    def settings(self, shape, span):
        numbers = spread(self, "amount", self.amount, 2.0**-20, 2.0**20, around=1)
        return "zoom" if self.keep_ratio else "stretch", self.probability, *numbers


@dataclass(frozen=True)
class Translate(Change):
    """Move by a random distance along each axis.

    Parameters
    ----------
    distance : int, float or tuple (vertical, horizontal)
        At most so many pixels to either side if it is an int, else a share of the image's size from
        0 to 1. Distances are not rounded to whole pixels; those of `RandomCrop` are whole.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.Translate((0, 1))])[0, 0, :, 0].tolist()
    [1.7483694553375244, 2.7483692169189453, 3.0]
    """

    name: ClassVar[str] = "translate"
    distance: float | tuple

    def __post_init__(self):
        super().__post_init__()
        self._numbers((1, 1, 1), 1)

    def _numbers(self, shape, span):
        return tuple(
            integer(self._who, "distance", distance, 0)
            if isinstance(distance, (int, np.integer))
            else share(self, "distance", distance) * size
            for distance, size in zip(pair(self, "distance", self.distance), shape, strict=False)
        )


@dataclass(frozen=True)
class Flip(Change):
    """Mirror, along each axis with probability 1/2.

    Parameters
    ----------
    horizontal : bool
        Whether left and right may change places.
    vertical : bool
        Whether top and bottom may.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.Flip()])[0, 0, :, 0].tolist()
    [3.0, 2.0, 1.0]
    """

    name: ClassVar[str] = "flip"
    horizontal: bool = True
    vertical: bool = False

    def _numbers(self, shape, span):
        return 0.5 * bool(self.vertical), 0.5 * bool(self.horizontal)


@dataclass(frozen=True)
class RandomCrop(Change):
    """Pad on all sides and crop to the size it had, at a random place.

    Parameters
    ----------
    padding : int or tuple (vertical, horizontal)
        What is seen there is `fill` of `Changes`.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.RandomCrop((0, 1))])[0, 0, :, 0].tolist()
    [1.0, 1.0, 2.0]
    """

    name: ClassVar[str] = "crop"
    padding: int | tuple

    def __post_init__(self):
        super().__post_init__()
        self._numbers((1, 1, 1), 1)

    def _numbers(self, shape, span):
        padding = pair(self, "padding", self.padding)
        return tuple(integer(self._who, "padding", size, 0) for size in padding)
