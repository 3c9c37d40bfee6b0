"""Which pixel of the input every pixel of a padded or cropped output copies.

Pixels are flat indices into the spatial grids, row-major, as in `_windows.py`; None stands for a
constant.
"""

from ._windows import padding_per_axis

MODES = ("constant", "zeros", "reflect", "edge", "replicate", "circular")


def padded(operation, spatial, padding, mode):
    """The output's sizes, and the source of each of its pixels."""
    if mode not in MODES:
        raise ValueError(f"{operation}: expected padding mode {', '.join(MODES)}, got {mode!r}")
    sizes, axes = [], []
    for size, (before, after) in zip(
        spatial, _pairs(operation, "padding", padding, spatial), strict=True
    ):
        most = {"reflect": size - 1, "circular": size}.get(mode)
        if size < 1 or (most is not None and max(before, after) > most):
            raise ValueError(
                f"{operation}: {mode} padding {(before, after)} is too much for an axis of {size}"
            )
        sizes.append(before + size + after)
        axes.append([_source(i, size, mode) for i in range(-before, size + after)])
    return sizes, _flat(axes, spatial)


def cropped(operation, spatial, cropping):
    """The output's sizes, and the source of each of its pixels."""
    axes = []
    for size, (before, after) in zip(
        spatial, _pairs(operation, "cropping", cropping, spatial), strict=True
    ):
        axes.append(range(before, size - after))
        if len(axes[-1]) == 0:
            raise ValueError(
                f"{operation}: cropping {(before, after)} leaves nothing of an axis of {size}"
            )
    return list(map(len, axes)), _flat(axes, spatial)


def _pairs(operation, name, value, spatial):
    """A pair `(before, after)` for every axis, from any way to write numbers."""
    if isinstance(value, str):
        raise TypeError(f"{operation}: expected numbers for {name}, got {value!r}")
    ones = (1,) * len(spatial)
    return padding_per_axis(operation, value, spatial, ones, ones)


def _source(i, size, mode):
    """Where position `i` of an axis, which may be beyond its ends, finds its number."""
    if 0 <= i < size:
        return i
    if mode in ("constant", "zeros"):
        return None
    if mode == "reflect":
        return -i if i < 0 else 2 * (size - 1) - i
    if mode == "circular":
        return i % size
    return 0 if i < 0 else size - 1


def _flat(axes, spatial):
    """Sources along each axis as sources of the pixels of all axes."""
    pixels = [0]
    for axis, size in zip(axes, spatial, strict=True):
        pixels = [
            None if pixel is None or i is None else pixel * size + i
            for pixel in pixels
            for i in axis
        ]
    return pixels
