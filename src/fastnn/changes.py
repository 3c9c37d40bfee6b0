"""Changes of images: what they have in common; those of colours, and holes."""

from dataclasses import dataclass, field
from typing import ClassVar

from fastnn.checks import integer, number


@dataclass(frozen=True)
class Change:
    """A change of images: one of those below.

    Parameters
    ----------
    probability : float
        The share of images that it happens to.
    """

    name: ClassVar[str]
    probability: float = field(default=1.0, kw_only=True)

    def __post_init__(self):
        share(self, "probability", self.probability)

    def settings(self, shape, span):
        """Return what `functional.augment_images` takes, for images (H, W, C) of a span."""
        return self.name, self.probability, *self._numbers(shape, span)

    def _numbers(self, shape, span):
        raise NotImplementedError

    @property
    def _who(self):
        return type(self).__name__


@dataclass(frozen=True)
class Brightness(Change):
    """Add a random number to all of an image.

    Parameters
    ----------
    amount : float or tuple (low, high)
        A share of the span between the limits (see `Changes`), which is 255 for images of uint8; in
        units of the data where there are no limits. A number stands for (−amount, amount).

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.Brightness((0.5, 0.5))])[0, 0, :, 0].tolist()
    [1.5, 2.5, 3.5]
    """

    name: ClassVar[str] = "brightness"
    amount: float | tuple

    def __post_init__(self):
        super().__post_init__()
        spread(self, "amount", self.amount)

    def _numbers(self, shape, span):
        return tuple(span * value for value in spread(self, "amount", self.amount))


@dataclass(frozen=True)
class Contrast(Change):
    """Multiply what differs from a channel's mean over the image by a random factor.

    Parameters
    ----------
    amount : float or tuple (low, high)
        Factors; a number stands for (1 − amount, 1 + amount).

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.Contrast((2, 2))])[0, 0, :, 0].tolist()
    [0.0, 2.0, 4.0]
    """

    name: ClassVar[str] = "contrast"
    amount: float | tuple

    def __post_init__(self):
        super().__post_init__()
        spread(self, "amount", self.amount, 0, around=1)

    def _numbers(self, shape, span):
        return spread(self, "amount", self.amount, 0, around=1)


@dataclass(frozen=True)
class Noise(Change):
    """Add a normal number to each number of an image.

    Parameters
    ----------
    stddev : float
        Their standard deviation, a share of the span between the limits as for `Brightness`.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.Noise(0)])[0, 0, :, 0].tolist()
    [1.0, 2.0, 3.0]
    """

    name: ClassVar[str] = "noise"
    stddev: float

    def __post_init__(self):
        super().__post_init__()
        number(self._who, "stddev", self.stddev, 0)

    def _numbers(self, shape, span):
        return (span * number(self._who, "stddev", self.stddev, 0),)


@dataclass(frozen=True)
class CutOut(Change):
    """Fill a rectangle around a random pixel, or what of it is in the image.

    Parameters
    ----------
    size : int or tuple (height, width)
    value : float
        What fills it, in units of the data.

    References
    ----------
    DeVries, Taylor: Improved regularization of convolutional neural networks with cutout, 2017.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[1], [2], [3]]]]
    >>> fn.augment.apply(x, [fn.augment.CutOut(1, -1.0)])[0, 0, :, 0].tolist()
    [-1.0, 2.0, 3.0]
    """

    name: ClassVar[str] = "cut_out"
    size: int | tuple
    value: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        self._numbers((1, 1, 1), 1)

    def _numbers(self, shape, span):
        height, width = (integer(self._who, "size", s) for s in pair(self, "size", self.size))
        return height, width, number(self._who, "value", self.value)


def pair(change, what, value):
    """Return a number, or one for each axis, as (vertical, horizontal)."""
    if not hasattr(value, "__len__") or isinstance(value, str):
        return value, value
    if len(value) != 2:
        raise ValueError(
            f"{type(change).__name__}: expected {what} as a number or (vertical, horizontal), "
            f"got {value!r}"
        )
    return tuple(value)


def spread(change, what, value, lowest=None, highest=None, around=0):
    """Return (low, high) of a pair, or of a number that stands for as much on either side."""
    who = type(change).__name__
    if hasattr(value, "__len__") and not isinstance(value, str):
        if len(value) != 2:
            raise ValueError(f"{who}: expected {what} as a number or (low, high), got {value!r}")
        low, high = (number(who, what, end) for end in value)
    else:
        amount = number(who, what, value, 0)
        low, high = around - amount, around + amount
    if low > high:
        raise ValueError(f"{who}: expected {what} from low to high, got {value!r}")
    if (lowest is not None and low < lowest) or (highest is not None and high > highest):
        bounds = f"at least {lowest:g}" + ("" if highest is None else f" and at most {highest:g}")
        raise ValueError(f"{who}: expected {what} {bounds}, got {low:g} to {high:g}")
    return low, high


def share(change, what, value):
    value = number(type(change).__name__, what, value)
    if not 0 <= value <= 1:
        raise ValueError(f"{type(change).__name__}: expected {what} from 0 to 1, got {value:g}")
    return value
