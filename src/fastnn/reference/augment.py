"""Random changes of images, and mixtures of samples."""

import math

import numpy as np

from ._arrays import as_array, as_floats, as_integer, as_number, as_result, check_shape
from .random import box_muller, row_words

_FIRST_STREAM = 2**31 + 2**30 + 1
_MAPS = ("rotate", "shear", "zoom", "stretch", "translate", "flip", "crop")
_COLOURS = ("brightness", "contrast", "noise")
_UNIFORM_WORDS = 8  # normal numbers are made of those behind


def augment_images(x, changes, *, seed, epoch=0, samples=None, fill=None, limits=None):
    """Turn, move, recolour and pierce images at random, each in its own way.

    Parameters
    ----------
    x : array_like, shape (N, H, W, C)
    changes : list of tuple
        ``(name, probability, *numbers)``; the names and their numbers are ``rotate``, ``shear``
        (low, high, in degrees), ``zoom``, ``stretch`` (low, high: factors of both axes, of each),
        ``translate`` (vertical, horizontal: at most so many pixels), ``flip`` (vertical,
        horizontal: probabilities), ``crop`` (vertical, horizontal: at most so many whole pixels),
        ``brightness``, ``contrast`` (low, high: terms, factors), ``noise`` (stddev), ``cut_out``
        (height, width, value).
    seed : int
        0 to 2^64 - 1.
    epoch : int
        When; the low 32 bits count.
    samples : array_like of int, shape (N,), optional
        Which sample each image is; 0 ... N - 1 by default. The low 32 bits count.
    fill : float, optional
        What is seen beyond an image's borders; by default the nearest pixel of its edge.
    limits : tuple (low, high), optional
        Numbers beyond are set to these.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If x is no batch of images, or a change is unknown.

    Notes
    -----
    Every change asks where in the image before it a pixel of its result lies, measured from the
    middle; the last change asks first. Between pixels an image is the mean of the four around a
    place, weighted by ``(1 - |row - r|) (1 - |column - c|)``. Then come brightness, contrast and
    noise in their order, then the limits, then holes.

    A change draws four float64 numbers from its words; it happens if the first is below its
    probability, and the next two say how. Change k of sample s has the words of the stream
    ``2^31 + 2^30 + 1 + k``, counter ``epoch``, row ``s``.

    Examples
    --------
    >>> from fastnn import reference
    >>> x = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    >>> reference.augment_images(x, [("rotate", 1.0, 90, 90)], seed=0)[0, ..., 0].tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """
    x = as_array("augment_images", "x", x)
    if x.ndim != 4:
        raise ValueError(f"augment_images: expected x of shape (N, H, W, C), got shape {x.shape}")
    for change in changes:
        if change[0] not in (*_MAPS, *_COLOURS, "cut_out"):
            raise ValueError(f"augment_images: expected a known change, got {change[0]!r}")
    seed = as_integer("augment_images", "seed", seed, 0)
    epoch = as_integer("augment_images", "epoch", epoch, 0) % 2**32
    samples = range(len(x)) if samples is None else np.asarray(samples).tolist()
    images = []
    for image, sample in zip(as_floats(x), samples, strict=True):
        drawn = [
            (change, *_draw(change, seed, epoch, sample, k)) for k, change in enumerate(changes)
        ]
        drawn = [(change, u, noise) for change, u, noise in drawn if u[0] < change[1]]
        images.append(_changed(image, x.shape[1:], drawn, fill, limits))
    return as_result(images, x.shape, x)


def mix_samples(x, other, share):
    """Mix each sample with another: ``y = share x + (1 - share) other``.

    Parameters
    ----------
    x, other : array_like, shape (N, ...)
    share : array_like, shape (N,)
        From 0 to 1.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If shapes differ, or a share is out of range.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.mix_samples([[4.0, 8.0]], [[0.0, 4.0]], [0.25]).tolist()
    [[1.0, 5.0]]
    """
    x, other = as_array("mix_samples", "x", x), as_array("mix_samples", "other", other)
    check_shape("mix_samples", "other", other, x.shape)
    share = as_array("mix_samples", "share", share)
    check_shape("mix_samples", "share", share, x.shape[:1])
    y = []
    for a, b, part in zip(x, other, share.tolist(), strict=True):
        part = as_number("mix_samples", "share", part, 0)
        if part > 1:
            raise ValueError(f"mix_samples: expected share of at most 1, got {part}")
        for u, v in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True):
            y.append(part * u + (1 - part) * v)
    return as_result(y, x.shape, x, other)


def _draw(change, seed, epoch, sample, k):
    """Uniform numbers of a change, and a function that makes n normal ones."""

    def words(n):
        return row_words(n, seed, _FIRST_STREAM + k, epoch, sample % 2**32)

    first = words(_UNIFORM_WORDS)
    uniform = [
        ((high >> 5) * 2**26 + (low >> 6)) * 2.0**-53
        for high, low in zip(first[::2], first[1::2], strict=True)
    ]
    return uniform, lambda n: box_muller(words(_UNIFORM_WORDS + 2 * n + 2)[_UNIFORM_WORDS:])[:n]


def _changed(image, shape, drawn, fill, limits):
    """An image after the changes that happen to it."""
    height, width, channels = shape
    middle, centre = (height - 1) / 2, (width - 1) / 2
    y = []
    for i in range(height):
        y.append([])
        for j in range(width):
            row, column = i - middle, j - centre
            for change, u, _ in reversed(drawn):
                if change[0] in _MAPS:
                    row, column = _place_before(change, u, row, column)
            y[i].append(_seen(image, shape, row + middle, column + centre, fill))
    for change, u, noise in drawn:
        if change[0] in _COLOURS:
            _recolour(y, shape, change, u, noise)
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                if limits is not None:
                    y[i][j][c] = min(max(y[i][j][c], limits[0]), limits[1])
    for change, u, _ in drawn:
        if change[0] == "cut_out":
            _pierce(y, shape, change, u)
    return y


def _place_before(change, u, row, column):
    """Where a place of the changed image was before the change."""
    name, _, first, second, *_ = change
    number = first + (second - first) * u[1]  # of changes with low and high
    if name == "rotate":
        angle = math.radians(number)
        return (
            math.cos(angle) * row + math.sin(angle) * column,
            math.cos(angle) * column - math.sin(angle) * row,
        )
    if name == "shear":
        return row, column - math.tan(math.radians(number)) * row
    if name == "zoom":
        return row / number, column / number
    if name == "stretch":
        return row / number, column / (first + (second - first) * u[2])
    if name == "translate":
        return row - first * (2 * u[1] - 1), column - second * (2 * u[2] - 1)
    if name == "flip":
        return -row if u[1] < first else row, -column if u[2] < second else column
    return (
        row + math.floor((2 * first + 1) * u[1]) - first,
        column + math.floor((2 * second + 1) * u[2]) - second,
    )


def _seen(image, shape, row, column, fill):
    """The colours at a place between pixels."""
    height, width, channels = shape
    top, start = math.floor(row), math.floor(column)
    colours = [0.0] * channels
    for r in (top, top + 1):
        for c in (start, start + 1):
            weight = (1 - abs(row - r)) * (1 - abs(column - c))
            inside = 0 <= r < height and 0 <= c < width
            near = image[min(max(r, 0), height - 1)][min(max(c, 0), width - 1)]
            for k in range(channels):
                colours[k] += weight * (near[k] if inside or fill is None else fill)
    return colours


def _recolour(y, shape, change, u, noise):
    """Brightness, contrast or noise, in place."""
    height, width, channels = shape
    name, _, first, *rest = change
    number = first + (rest[0] - first) * u[1] if rest else first
    normal = noise(height * width * channels) if name == "noise" else None
    for c in range(channels):
        mean = math.fsum(y[i][j][c] for i in range(height) for j in range(width)) / (height * width)
        for i in range(height):
            for j in range(width):
                if name == "brightness":
                    y[i][j][c] += number
                elif name == "contrast":
                    y[i][j][c] = mean + number * (y[i][j][c] - mean)
                else:
                    y[i][j][c] += number * normal[(i * width + j) * channels + c]


def _pierce(y, shape, change, u):
    """A hole in an image, in place."""
    _, _, tall, wide, value = change
    top = math.floor(shape[0] * u[1]) - tall // 2
    start = math.floor(shape[1] * u[2]) - wide // 2
    for i in range(shape[0]):
        for j in range(shape[1]):
            if top <= i < top + tall and start <= j < start + wide:
                y[i][j] = [value] * shape[2]
