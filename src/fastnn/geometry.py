"""Sliding windows: arguments per axis, padding, and output sizes, checked once."""

import operator
from typing import NamedTuple

# Sizes above this are mistakes.
LARGEST = 2**31 - 1

# Winograd's algorithm needs as many channels and filters: with fewer its transforms cost too much.
WINOGRAD_CHANNELS = 32


class Window(NamedTuple):
    """A window over one to three axes, whose every size may differ per axis.

    `sizes` is what the compiled core takes: input, output, size, stride, dilation and before of
    three axes in a row; missing leading axes have size 1. Of adaptive windows (:func:`adaptive`)
    the stride is 0, and the size the most that a window covers, or that cover an input.
    """

    input: tuple
    output: tuple
    size: tuple
    stride: tuple
    dilation: tuple
    before: tuple
    after: tuple
    sizes: tuple


def as_integer(name, what, value, minimum, maximum=LARGEST):
    """Return `value` as an int from `minimum` to `maximum`, or raise."""
    try:
        if isinstance(value, bool):
            raise TypeError
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: {what} must be an integer, got {value!r}") from None
    if not minimum <= value <= maximum:
        raise ValueError(f"{name}: {what} must be from {minimum} to {maximum}, got {value}")
    return value


def per_axis(name, what, value, rank, minimum=1):
    """Return `value`, an int or one per axis, as a tuple of `rank` ints."""
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return (as_integer(name, what, value, minimum),) * rank
    if len(value) != rank:
        raise ValueError(
            f"{name}: {what} must be an integer or one for each of {rank} axes, got {value!r}"
        )
    return tuple(as_integer(name, what, entry, minimum) for entry in value)


def padding_pairs(name, padding, spatial, extent, stride):
    """Return (before, after) per axis from an int, one per axis, pairs, "same" or "valid"."""
    rank = len(spatial)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * rank
        if padding == "same":
            # TensorFlow's: ceil(input / stride) windows, the odd element of padding after
            totals = [
                max((-(-size // step) - 1) * step + reach - size, 0)
                for size, reach, step in zip(spatial, extent, stride, strict=True)
            ]
            return tuple((total // 2, total - total // 2) for total in totals)
        raise ValueError(f'{name}: padding must be "same", "valid" or numbers, got {padding!r}')
    if not hasattr(padding, "__len__"):
        padding = (padding,) * rank
    if len(padding) != rank:
        raise ValueError(
            f"{name}: padding must be an integer, one for each of {rank} axes, or a pair "
            f"(before, after) for each, got {padding!r}"
        )
    return tuple(per_axis(name, "padding", entry, 2, 0) for entry in padding)


def window(name, spatial, size, stride=1, padding=0, dilation=1, ceil_mode=False, pool=False):
    """Check the arguments of a convolution or a pool and work out its output size.

    Parameters
    ----------
    name : str
        Of the operation or layer; messages start with it.
    spatial : tuple of int
        Size of the input per axis.
    size, stride, dilation : int or one per axis
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
    ceil_mode : bool
        Also a last window that reaches beyond the padded input, if it starts in the input or in the
        padding before it.
    pool : bool
        Padding must be smaller than the window, and every window must meet the input.

    Returns
    -------
    window : Window
    """
    spatial = tuple(spatial)
    rank = len(spatial)
    size = per_axis(name, "size", size, rank)
    stride = per_axis(name, "stride", stride, rank)
    dilation = per_axis(name, "dilation", dilation, rank)
    extent = tuple(step * (taps - 1) + 1 for taps, step in zip(size, dilation, strict=True))
    pairs = padding_pairs(name, padding, spatial, extent, stride)
    output = []
    for axis, (inputs, reach, step, (before, after)) in enumerate(
        zip(spatial, extent, stride, pairs, strict=True)
    ):
        if pool and max(before, after) >= reach:
            raise ValueError(
                f"{name}: padding must be smaller than the window, got padding {(before, after)} "
                f"for a window that spans {reach} (axis {axis})"
            )
        room = before + inputs + after - reach
        if inputs < 1 or room < 0:
            raise ValueError(
                f"{name}: a window that spans {reach} does not fit an input of size {inputs} with "
                f"padding {(before, after)} (axis {axis}); use a smaller window, or padding"
            )
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= inputs + before:
            count -= 1
        output.append(count)
        if pool:
            _check_windows_meet_input(
                name, axis, inputs, count, size[axis], step, dilation[axis], before
            )
    before, after = zip(*pairs, strict=True)
    sizes = _core_sizes(spatial, tuple(output), size, stride, dilation, before)
    return Window(spatial, tuple(output), size, stride, dilation, before, after, sizes)


def _core_sizes(*axes):
    """The sizes of :class:`Window` for the core, with leading axes up to three."""
    *ones, before = axes
    missing = 3 - len(before)
    return sum(((1,) * missing + sizes for sizes in ones), ()) + (0,) * missing + before


def transposed_window(name, spatial, size, stride=1, padding=0, output_padding=0, dilation=1):
    """Check the arguments of a transposed convolution and work out its output size.

    Parameters
    ----------
    name : str
        Of the operation or layer; messages start with it.
    spatial : tuple of int
        Size of the input per axis.
    size, stride, dilation : int or one per axis
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        What is cut off the output; "same" leaves `stride` outputs for each input.
    output_padding : int or one per axis
        Outputs more at the end, fewer than the stride or the dilation.

    Returns
    -------
    window : Window
        Its `sizes` are those of the convolution that this one is the transpose of: there `input`
        and `output` have changed places.
    """
    spatial = tuple(spatial)
    rank = len(spatial)
    size = per_axis(name, "size", size, rank)
    stride = per_axis(name, "stride", stride, rank)
    dilation = per_axis(name, "dilation", dilation, rank)
    more = per_axis(name, "output_padding", output_padding, rank, 0)
    extent = tuple(step * (taps - 1) + 1 for taps, step in zip(size, dilation, strict=True))
    if isinstance(padding, str) and padding == "same":
        if any(more):
            raise ValueError(
                f'{name}: padding "same" says how large the output is; got output_padding {more}'
            )
        totals = [max(reach - step, 0) for reach, step in zip(extent, stride, strict=True)]
        pairs = tuple((total // 2, total - total // 2) for total in totals)
        more = tuple(max(step - reach, 0) for reach, step in zip(extent, stride, strict=True))
    else:
        pairs = padding_pairs(name, padding, spatial, extent, stride)
    output = []
    for axis, (inputs, reach, step, apart, (before, after), extra) in enumerate(
        zip(spatial, extent, stride, dilation, pairs, more, strict=True)
    ):
        if extra >= max(step, apart):
            raise ValueError(
                f"{name}: output_padding must be smaller than the stride or the dilation, got "
                f"{extra} for stride {step} and dilation {apart} (axis {axis})"
            )
        count = (inputs - 1) * step + reach + extra - before - after
        if inputs < 1 or not 1 <= count <= LARGEST:
            raise ValueError(
                f"{name}: an input of size {inputs} with stride {step}, a window that spans "
                f"{reach} and padding {(before, after)} has an output of size {count}, not from 1 "
                f"to {LARGEST} (axis {axis})"
            )
        output.append(count)
    output = tuple(output)
    before, after = zip(*pairs, strict=True)
    sizes = _core_sizes(output, spatial, size, stride, dilation, before)
    return Window(spatial, output, size, stride, dilation, before, after, sizes)


def adaptive(name, spatial, output_size):
    """Return `output_size` windows that spread over the input, along every axis.

    Parameters
    ----------
    name : str
        Of the operation or layer; messages start with it.
    spatial : tuple of int
        Size of the input per axis.
    output_size : int or one per axis

    Returns
    -------
    window : Window
    """
    spatial = tuple(spatial)
    rank = len(spatial)
    output = per_axis(name, "output_size", output_size, rank)
    if min(spatial) < 1:
        raise ValueError(f"{name}: expected an input of at least one pixel, got size {spatial}")
    size = tuple(
        max(end - first for ways in (sizes, sizes[::-1]) for first, end in adaptive_bounds(*ways))
        for sizes in zip(spatial, output, strict=True)
    )
    none, ones, missing = (0,) * rank, (1,) * rank, (1,) * (3 - rank)
    sizes = sum((missing + axes for axes in (spatial, output, size, none, ones)), ())
    return Window(spatial, output, size, none, ones, none, none, sizes + (0,) * (3 - rank) + none)


def adaptive_bounds(inputs, outputs):
    """Return the first input of every adaptive window of an axis, and one past its last.

    The outputs whose windows cover an input are those of the window with `inputs` and `outputs`
    exchanged.
    """
    return [(i * inputs // outputs, -(-(i + 1) * inputs // outputs)) for i in range(outputs)]


def _check_windows_meet_input(name, axis, inputs, count, size, stride, dilation, before):
    """Padding and dilation together can leave a window with nothing but padding to pool."""
    if dilation == 1:
        return
    # no window starts behind the input, and one that starts in it has its first tap there
    position = _first_around(inputs, min(count, -(-before // stride)), stride, dilation, before)
    if position is not None:
        raise ValueError(
            f"{name}: window {position} of axis {axis} holds nothing but padding (size {size}, "
            f"dilation {dilation}, padding {before} before, input {inputs}); use less padding"
        )


def _first_around(inputs, count, stride, dilation, before):
    """Which of the first windows, that start before the input, has it between two taps, or None.

    Of each, the first tap that is not before the input is `ahead` from its beginning. From window
    to window this grows by a step, modulo the dilation; it need not be followed one by one.
    """
    position, ahead, step = 0, -before % dilation, stride % dilation
    while position < count:
        if ahead >= inputs:
            return position
        if step == 0 or position >= dilation:  # from where on it repeats
            return None
        windows = -(-(inputs - ahead) // step)
        position, ahead = position + windows, ahead + windows * step
        if ahead >= dilation:
            ahead -= dilation
    return None


def is_winograd(name, algorithm, size, stride, dilation, groups, filters, channels=None):
    """Return whether a convolution goes by Winograd's algorithm; raise where it is not made for it.

    The arguments are those of the convolution, per axis, checked; None stands for channels that are
    not known yet.
    """
    if algorithm == "direct":
        return False
    if algorithm != "winograd":
        raise ValueError(f'{name}: algorithm must be "direct" or "winograd", got {algorithm!r}')
    if (
        size != (3, 3)
        or {*stride, *dilation, groups} != {1}
        or min(filters, filters if channels is None else channels) < WINOGRAD_CHANNELS
    ):
        given = "" if channels is None else f", {channels} channels"
        raise ValueError(
            f'{name}: algorithm "winograd" is for images, kernels of 3x3, stride, dilation and '
            f"groups of 1, and at least {WINOGRAD_CHANNELS} channels and filters; got size {size}, "
            f"stride {stride}, dilation {dilation}, groups={groups}{given}, {filters} filters; "
            f'use algorithm="direct"'
        )
    return True


def covered(window):
    """Return, per axis, how many taps of each window lie in the input or in its padding."""
    return [
        [min(size, before + inputs + after - position * stride) for position in range(outputs)]
        for inputs, outputs, size, stride, before, after in zip(
            window.input, window.output, window.size, window.stride, window.before, window.after,
            strict=True,
        )
    ]  # fmt: skip


def inside(window):
    """Return, per axis, how many taps of each window lie in the input itself."""
    if 0 in window.stride:
        return [
            [end - first for first, end in adaptive_bounds(*axis)]
            for axis in zip(window.input, window.output, strict=True)
        ]
    return [
        [
            min(position * stride - before + size, inputs) - max(position * stride - before, 0)
            for position in range(outputs)
        ]
        for inputs, outputs, size, stride, before in zip(
            window.input, window.output, window.size, window.stride, window.before, strict=True
        )
    ]
