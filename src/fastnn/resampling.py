"""Padding, cropping, enlarging and permuting: arguments checked once, and what happens to an axis.

All but the last are sums along an axis, ``y[t] = Σ_k factor[k] · x[source[k]]`` over the terms k of
target t; a gradient is the same sum with the list of terms turned. Factors of several axes are
multiplied (`_core/resample.pxd`).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fastnn import geometry
from fastnn._core.permute import AXES
from fastnn.geometry import as_integer, per_axis

PAD_MODES = {
    "constant": "constant",
    "zeros": "constant",
    "reflect": "reflect",
    "edge": "edge",
    "replicate": "edge",
    "circular": "circular",
}
UP_SAMPLE_MODES = "nearest", "linear"
LARGEST_SAMPLE = 2**40


class Line(NamedTuple):
    """The terms of every target along one axis; those of target t are start[t] … start[t + 1] − 1.

    `sources` is the size of the axis in the input, `start` has one entry more than there are
    targets, `source` and `factor` have one for each term.
    """

    sources: int
    start: np.ndarray
    source: np.ndarray
    factor: np.ndarray


# --- lines ----------------------------------------------------------------------------------------


def _line(sources, targets, target, source, factor, dtype):
    """Terms, given by their targets in ascending order, their sources and factors, as a Line."""
    start = np.zeros(targets + 1, np.intp)
    np.cumsum(np.bincount(target, minlength=targets), out=start[1:])
    source = np.ascontiguousarray(source, np.intp)
    return Line(sources, start, source, np.ascontiguousarray(factor, dtype))


def _copied(size, wanted, dtype):
    """A line that copies the sources `wanted`; those outside the axis are nothing."""
    there = (wanted >= 0) & (wanted < size)
    targets = np.flatnonzero(there)
    return _line(size, len(wanted), targets, wanted[there], np.ones(len(targets)), dtype)


@lru_cache(maxsize=64)
def pad_line(size, before, after, mode, dtype):
    """Return the line of an axis that is padded."""
    wanted = np.arange(-before, size + after)
    if mode == "reflect":
        wanted = np.abs(wanted)
        wanted = size - 1 - np.abs(size - 1 - wanted)
    elif mode == "edge":
        wanted = wanted.clip(0, size - 1)
    elif mode == "circular":
        wanted %= size
    return _copied(size, wanted, dtype)


@lru_cache(maxsize=64)
def crop_line(size, before, after, dtype):
    """Return the line of an axis that is cropped."""
    return _copied(size, np.arange(before, size - after), dtype)


@lru_cache(maxsize=64)
def up_sample_line(size, scale, mode, dtype):
    """Return the line of an axis that is enlarged `scale` times.

    Target t lies at (t + ½) / scale − ½ between sources, in units of half a target
    (2t + 1 − scale) / (2 scale), and beyond the first and the last it is that one itself. Its
    distance from the source before is the factor of the source after; a factor of 0 is no term.
    """
    target = np.arange(size * scale)
    if mode == "nearest":
        return _copied(size, target // scale, dtype)
    place = (2 * target + 1 - scale).clip(0, 2 * scale * (size - 1))
    source, rest = np.divmod(place, 2 * scale)
    # both neighbours of every target, in their order
    target = np.repeat(target, 2)
    source = np.stack([source, source + 1], 1).ravel()
    factor = np.stack([2 * scale - rest, rest], 1).ravel()
    there = factor > 0
    factor = factor[there] / (2 * scale)
    return _line(size, size * scale, target[there], source[there], factor, dtype)


@lru_cache(maxsize=64)
def _turned(kind, *arguments):
    """A line of the gradient: sources become targets, whose terms stay in ascending order."""
    line = kind(*arguments)
    targets = len(line.start) - 1
    target = np.repeat(np.arange(targets), np.diff(line.start))
    order = np.argsort(line.source, kind="stable")
    return _line(
        targets, line.sources, line.source[order], target[order], line.factor[order],
        line.factor.dtype,
    )  # fmt: skip


def lines_of(kind, axes, dtype, backward=False):
    """Return three lines of `kind`, given its arguments for each of one to three axes."""
    whole = ((1, 0, 0),) * (3 - len(axes))
    lines = [crop_line(*arguments, dtype) for arguments in whole]
    for arguments in axes:
        arguments = (*arguments, dtype)
        lines.append(_turned(kind, *arguments) if backward else kind(*arguments))
    return tuple(lines)


# --- arguments ------------------------------------------------------------------------------------


def pad_mode(name, mode):
    """Return the mode of a padding by its one name."""
    if mode not in tuple(PAD_MODES):
        names = ", ".join(f'"{mode}"' for mode in PAD_MODES)
        raise ValueError(f"{name}: mode must be one of {names}, got {mode!r}")
    return PAD_MODES[mode]


def conv_pad_mode(name, mode):
    """Return the padding mode of a convolution by its one name."""
    known = [mode for mode in PAD_MODES if mode != "constant"]
    if mode not in known:
        names = ", ".join(f'"{mode}"' for mode in known)
        raise ValueError(f"{name}: padding_mode must be one of {names}, got {mode!r}")
    return "zeros" if mode == "zeros" else PAD_MODES[mode]


def pad_pairs(name, padding, spatial, mode):
    """Return a padding checked against the input, as a pair (before, after) for every axis."""
    pairs = amounts(name, "padding", padding, len(spatial))
    for axis, (size, pair) in enumerate(zip(spatial, pairs, strict=True)):
        if size < 1:
            raise ValueError(f"{name}: expected an input to pad, got size {size} (axis {axis})")
        most, allowed = {"reflect": (size - 1, "less than"), "circular": (size, "at most")}.get(
            mode, (geometry.LARGEST, "")
        )
        if max(pair) > most:
            raise ValueError(
                f"{name}: {mode} padding must be {allowed} the input's size, got padding {pair} "
                f"for an input of size {size} (axis {axis})"
            )
    return pairs


def pad_value(name, value, mode):
    """Return what a padding is filled with as a float; only mode "constant" has a choice."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number for value, got {value!r}") from None
    if number != 0 and mode != "constant":
        raise ValueError(f'{name}: value={value!r} is for mode "constant", got mode {mode!r}')
    return number


def pad_axes(name, spatial, padding, mode):
    """Return the arguments of every axis's `pad_line`, checked, and the output's sizes."""
    mode = pad_mode(name, mode)
    pairs = pad_pairs(name, padding, spatial, mode)
    axes = [(size, *pair, mode) for size, pair in zip(spatial, pairs, strict=True)]
    return axes, [size + before + after for size, before, after, _ in axes]


def crop_axes(name, spatial, cropping):
    """Return the arguments of every axis's `crop_line`, checked, and the output's sizes."""
    pairs = amounts(name, "cropping", cropping, len(spatial))
    for axis, (size, pair) in enumerate(zip(spatial, pairs, strict=True)):
        if sum(pair) >= size:
            raise ValueError(
                f"{name}: cropping must leave at least one, got cropping {pair} for an input of "
                f"size {size} (axis {axis})"
            )
    axes = [(size, *pair) for size, pair in zip(spatial, pairs, strict=True)]
    return axes, [size - before - after for size, before, after in axes]


def amounts(name, what, value, rank):
    """Return pairs (before, after) for every axis, from an int, one per axis, or pairs.

    Rank None: any; a single integer then stays one.
    """
    if isinstance(value, str):
        raise TypeError(f"{name}: {what} must be numbers, got {value!r}")
    if rank is None:
        if not hasattr(value, "__len__"):
            return as_integer(name, what, value, 0)
        rank = len(value)
    if not hasattr(value, "__len__"):
        value = (value,) * rank
    if len(value) != rank:
        raise ValueError(
            f"{name}: {what} must be an integer, one for each of {rank} axes, or a pair "
            f"(before, after) for each, got {value!r}"
        )
    return tuple(per_axis(name, what, entry, 2, 0) for entry in value)


def up_sample_axes(name, spatial, scale, mode):
    """Return the arguments of every axis's `up_sample_line`, checked, and the output's sizes."""
    mode = up_sample_mode(name, mode)
    scales = per_axis(name, "scale", scale, len(spatial))
    for axis, (size, times) in enumerate(zip(spatial, scales, strict=True)):
        if size < 1 or size * times > geometry.LARGEST:
            raise ValueError(
                f"{name}: the output's size must be from 1 to {geometry.LARGEST}, got an input of "
                f"size {size} and scale {times} (axis {axis})"
            )
    axes = [(size, times, mode) for size, times in zip(spatial, scales, strict=True)]
    return axes, [size * times for size, times, _ in axes]


def up_sample_mode(name, mode):
    """Return the mode of an enlargement."""
    if mode not in UP_SAMPLE_MODES:
        raise ValueError(f'{name}: mode must be "nearest" or "linear", got {mode!r}')
    return mode


def check_size(name, shape):
    """Raise where a sample of this shape could only be a mistake: an axis, or all of it."""
    count = 1
    for size in shape:
        count *= size
    if max(shape) > geometry.LARGEST or count > LARGEST_SAMPLE:
        raise ValueError(
            f"{name}: a sample of shape {tuple(shape)} would hold {count} numbers; expected at "
            f"most {LARGEST_SAMPLE}, and {geometry.LARGEST} along an axis"
        )


def padded_window(name, window, mode):
    """Return a convolution's windows over an input that is padded beforehand, and its padding.

    Where zeros are padded, which the windows themselves take care of: the same windows, and None.
    """
    mode = conv_pad_mode(name, mode)
    if mode == "zeros":
        return window, None
    pairs = tuple(zip(window.before, window.after, strict=True))
    pad_pairs(name, pairs, window.input, mode)
    padded = tuple(b + size + a for size, (b, a) in zip(window.input, pairs, strict=True))
    return geometry.window(name, padded, window.size, window.stride, 0, window.dilation), pairs


def permuted_axes(name, axes, rank):
    """Return the axes of a sample in their new order, numbered from 0; rank None: as many."""
    if not hasattr(axes, "__len__") or isinstance(axes, str):
        raise TypeError(f"{name}: expected axes as a sequence of integers, got {axes!r}")
    rank = len(axes) if rank is None else rank
    if rank > AXES:
        raise ValueError(f"{name}: expected samples of at most {AXES} axes, got {rank}")
    found = tuple(as_integer(name, "every axis", axis, -rank, rank - 1) % rank for axis in axes)
    if sorted(found) != list(range(rank)):
        raise ValueError(
            f"{name}: expected every axis of a sample once, 0 … {rank - 1}, got {tuple(axes)}"
        )
    return found


def inverse(axes):
    """Return the order of axes that undoes this one."""
    return tuple(axes.index(axis) for axis in range(len(axes)))


def permutation(sizes, axes):
    """Return what the compiled core takes: sizes and steps of the output's axes, and a width.

    Axes that stay neighbours are merged. Steps lead through the input; as many elements as `width`
    stay together, since the last axis did not move.
    """
    steps, step = [0] * len(sizes), 1
    for axis in reversed(range(len(sizes))):
        steps[axis] = step
        step *= sizes[axis]
    merged = []
    for axis in axes:
        if merged and merged[-1][2] == axis - 1:
            merged[-1] = (merged[-1][0] * sizes[axis], steps[axis], axis)
        else:
            merged.append((sizes[axis], steps[axis], axis))
    width = merged.pop()[0] if merged and merged[-1][2] == len(sizes) - 1 else 1
    merged = merged or [(1, 0, 0)]
    return tuple(size for size, *_ in merged), tuple(step for _, step, _ in merged), width
