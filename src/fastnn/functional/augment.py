"""Random changes of images, which are functions of (seed, epoch, sample) and of nothing else."""

import math

import numpy as np

from fastnn._core import augment as core
from fastnn.checks import LARGEST_SIZE, number
from fastnn.geometry import as_integer

from ._operands import both, check_shape, common_dtype, real_array, resolve

_LARGEST = 2**62

# of each change: how many numbers it has, and the bounds of each
_TURN = (2, -360, 360)
_TILT = (2, -89, 89)
_FACTOR = (2, 2.0**-20, 2.0**20)
_PLACES = (2, 0, LARGEST_SIZE)
_SHARE = (2, 0, 1)
_TERM = (2, -math.inf, math.inf)
NUMBERS = {
    "rotate": _TURN,
    "shear": _TILT,
    "zoom": _FACTOR,
    "stretch": _FACTOR,
    "translate": _PLACES,
    "flip": _SHARE,
    "crop": _PLACES,
    "brightness": _TERM,
    "contrast": (2, 0, math.inf),
    "noise": (1, 0, math.inf),
    "cut_out": (3, -math.inf, math.inf),
}
_RANGES = ("rotate", "shear", "zoom", "stretch", "brightness", "contrast")  # low, high

_augment_images = both(core.augment_images)
_mix = both(core.mix)


def augment_images(
    x, changes, *, seed, epoch=0, samples=None, fill=None, limits=None, n_threads=None
):
    """Turn, move, recolour and pierce images at random, each in its own way.

    Parameters
    ----------
    x : array_like, shape (N, H, W, C)
    changes : list of tuple
        ``(name, probability, *numbers)``:

        ==============  ================  ======================================================
        name            numbers           of an image that it happens to, with uniform numbers u
        ==============  ================  ======================================================
        ``rotate``      low, high         turned counterclockwise by so many degrees
        ``shear``       low, high         each row pushed to the right of the one above, by the
                                          tangent of so many degrees
        ``zoom``        low, high         enlarged by a factor
        ``stretch``     low, high         enlarged along each axis, by a factor of its own
        ``translate``   vertical,         moved by up to so many pixels, or fractions of one, to
                        horizontal        either side along each axis
        ``flip``        vertical,         mirrored top to bottom with the first probability, left
                        horizontal        to right with the second
        ``crop``        vertical,         moved by up to so many whole pixels: padded by so many
                        horizontal        on all sides, and cropped to its size
        ``brightness``  low, high         a term for all numbers
        ``contrast``    low, high         a factor of each number's distance to its channel's mean
        ``noise``       stddev            a normal number for each
        ``cut_out``     height, width,    a hole of this size around a pixel, or what of it is in
                        value             the image, filled with a value
        ==============  ================  ======================================================

    seed : int
        0 to 2^64 − 1.
    epoch : int
        When; the low 32 bits count.
    samples : array_like of int, shape (N,), optional
        Which sample each image is, for its random numbers; 0 … N − 1 by default. The low 32 bits
        count.
    fill : float, optional
        What is seen beyond an image's borders; by default the nearest pixel of its edge.
    limits : tuple (low, high), optional
        Numbers beyond are set to these.
    n_threads : int, optional

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If x is no batch of images, or a number is out of range.

    Notes
    -----
    All that moves pixels makes one affine map of the list's order. Pixel (i, j) of y is x at the
    place ``(row, column)`` of the map, between pixels the mean of the four around it, weighted by
    ``(1 − |row − r|) (1 − |column − c|)``. A map by whole pixels copies them. Then come brightness,
    contrast and noise in their order, then the limits, then holes.

    Change k of sample s has the random words of :func:`random_uint32` of the stream
    ``2^31 + 2^30 + 1 + k``, the counter ``epoch``, and s in place of the upper half of the block:
    u₀ … u₃ are its first float64 numbers of :func:`random_uniform`. It happens if u₀ is below its
    probability; u₁ decides on what it has one number of, or on the first axis, u₂ on the second.
    Noise has the normal numbers from the fifth on.
    Cut-out: DeVries, Taylor: Improved regularization of convolutional neural networks, 2017.

    Examples
    --------
    >>> from fastnn import functional
    >>> x = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    >>> functional.augment_images(x, [("rotate", 1.0, 90, 90)], seed=0)[0, ..., 0].tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """
    name = "augment_images"
    x = real_array(name, "x", x)
    shape = image_shape(name, "x", x.shape)
    plan = make_plan(name, changes, shape, seed, epoch, fill, limits)
    samples = _sample_numbers(name, samples, len(x))
    return augment_rows(np.ascontiguousarray(x, common_dtype(x)), samples, plan, n_threads)


def augment_rows(x, samples, plan, n_threads=None):
    """Return contiguous samples of a real type changed by a plan."""
    rows = x.reshape(len(x), math.prod(x.shape[1:]))
    y, threads = np.empty_like(rows), resolve(n_threads)
    if y.size:
        _augment_images[y.dtype](rows, samples, y, plan, threads)
    return y.reshape(x.shape)


def mix_samples(x, other, share, *, n_threads=None):
    """Mix each sample with another: ``y = share · x + (1 − share) · other``.

    Parameters
    ----------
    x, other : array_like, shape (N, ...)
    share : array_like, shape (N,)
        From 0 to 1.
    n_threads : int, optional

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If shapes differ, or a share is out of range.

    Notes
    -----
    Zhang, Cisse, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization, 2018, for inputs
    and for targets alike.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.mix_samples([[4.0, 8.0]], [[0.0, 4.0]], [0.25]).tolist()
    [[1.0, 5.0]]
    """
    name = "mix_samples"
    x, other = real_array(name, "x", x), real_array(name, "other", other)
    if x.ndim == 0:
        raise ValueError(f"{name}: expected x of shape (N, ...), got a single number")
    check_shape(name, "other", other, x.shape)
    share = np.ascontiguousarray(real_array(name, "share", share), np.float64)
    check_shape(name, "share", share, (len(x),))
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError(f"{name}: expected every share from 0 to 1, got {share.min()}")
    dtype, threads = common_dtype(x, other), resolve(n_threads)
    rows, others = (
        np.ascontiguousarray(array, dtype).reshape(len(x), math.prod(x.shape[1:]))
        for array in (x, other)
    )
    y = np.empty_like(rows)
    if y.size:
        _mix[dtype](rows, others, share, y, threads)
    return y.reshape(x.shape)


def image_shape(name, what, shape):
    """Return (H, W, C) of the shape of a batch of images."""
    if len(shape) == 4 and shape[-1] > 0:
        if math.prod(shape[1:]) > LARGEST_SIZE:
            raise ValueError(f"{name}: expected images of less than 2^31 numbers, got {shape[1:]}")
        return tuple(shape[1:])
    mend = f"; add a channel axis: {what}[..., None]" if len(shape) == 3 else ""
    raise ValueError(
        f"{name}: expected {what} of images, of shape (N, H, W, C), got shape {tuple(shape)}{mend}"
    )


def make_plan(name, changes, shape, seed, epoch, fill, limits, mixture=None, keys=None):
    """Return an `AugmentPlan` of these settings, checked; see :func:`augment_images`."""
    changes = [_change(name, change) for change in changes]
    seed = as_integer(name, "seed", seed, 0, 2**64 - 1)
    epoch = as_integer(name, "epoch", epoch, 0, _LARGEST) % 2**32
    fill = None if fill is None else number(name, "fill", fill)
    if limits is not None:
        limits = _limits(name, limits)
    return core.AugmentPlan(changes, shape, seed, epoch, fill, limits, mixture, keys)


def _change(name, change):
    """Return a change with floats for numbers."""
    if not isinstance(change, (tuple, list)) or len(change) < 2 or change[0] not in NUMBERS:
        raise ValueError(
            f"{name}: expected changes (name, probability, *numbers) with a name of "
            f"{', '.join(NUMBERS)}, got {change!r}"
        )
    kind, probability, *numbers = change
    count, low, high = NUMBERS[kind]
    probability = _bounded(name, f"the probability of {kind}", probability, 0, 1)
    if len(numbers) != count:
        raise ValueError(f"{name}: expected {count} numbers for {kind}, got {numbers}")
    numbers = [_bounded(name, kind, value, low, high) for value in numbers]
    if kind in _RANGES and numbers[0] > numbers[1]:
        raise ValueError(f"{name}: expected {kind} from low to high, got {numbers}")
    if kind == "crop" or kind == "cut_out":
        for value in numbers[:2]:
            if not 0 <= value <= LARGEST_SIZE or value % 1:
                raise ValueError(f"{name}: expected whole pixels for {kind}, got {value:g}")
    return kind, probability, *numbers


def _bounded(name, what, value, low, high):
    value = number(name, what, value)
    if not low <= value <= high:
        raise ValueError(f"{name}: expected {what} from {low:g} to {high:g}, got {value:g}")
    return value


def _limits(name, limits):
    try:
        low, high = limits
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected limits (low, high), got {limits!r}") from None
    low, high = number(name, "limits", low), number(name, "limits", high)
    if not low < high:
        raise ValueError(f"{name}: expected limits from low to high, got {limits!r}")
    return low, high


def _sample_numbers(name, samples, n):
    if samples is None:
        return np.arange(n)
    samples = np.asarray(samples)
    if samples.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected samples of integers, got dtype {samples.dtype}")
    check_shape(name, "samples", samples, (n,))
    if n and samples.min() < 0:
        raise ValueError(f"{name}: expected samples of at least 0, got {samples.min()}")
    return np.ascontiguousarray(samples, np.int64)
