"""Where the windows of a convolution or a pool lie: the geometry of any rank.

A window is the list of its `(tap, pixel)` pairs that lie inside the input: `tap` is the flat index
into the kernel, `pixel` the flat index into the input's spatial grid, both row-major. Padding holds
no pixel, so a padded tap is simply absent and contributes no term.
"""

from ._arrays import as_integer


class Windows:
    """The output sizes and the windows of one operation, one window an output position.

    Attributes
    ----------
    output_sizes : tuple of int
        Size of the output along each spatial axis.
    inside : list of list of (int, int)
        For each output position in row-major order, its `(tap, pixel)` pairs in the input.
    covered : list of int
        For each output position, how many of its taps lie in the input or in its padding.
    """

    def __init__(
        self, operation, input_sizes, size, stride, padding, dilation=1, *, ceil_mode=False
    ):
        rank = len(input_sizes)
        self.sizes = per_axis(operation, "size", size, rank, 1)
        self.strides = per_axis(operation, "stride", stride, rank, 1)
        self.dilations = per_axis(operation, "dilation", dilation, rank, 1)
        self.extents = tuple(
            dilation * (size - 1) + 1
            for size, dilation in zip(self.sizes, self.dilations, strict=True)
        )
        self.padding = padding_per_axis(operation, padding, input_sizes, self.extents, self.strides)
        self.output_sizes = tuple(
            _output_size(operation, *axis, ceil_mode)
            for axis in zip(input_sizes, self.extents, self.strides, self.padding, strict=True)
        )
        padded_sizes = tuple(
            before + input_size + after
            for input_size, (before, after) in zip(input_sizes, self.padding, strict=True)
        )
        befores = tuple(before for before, _ in self.padding)
        self.inside = self._windows(input_sizes, befores)
        self.covered = [len(window) for window in self._windows(padded_sizes, (0,) * rank)]

    def _windows(self, input_sizes, befores):
        windows = [[(0, 0)]]
        for axis, input_size in enumerate(input_sizes):
            windows = [
                [
                    (tap * self.sizes[axis] + k, pixel * input_size + i)
                    for tap, pixel in window
                    for k, i in axis_window
                ]
                for window in windows
                for axis_window in self._axis_windows(axis, input_size, befores[axis])
            ]
        return windows

    def _axis_windows(self, axis, input_size, before):
        stride, dilation = self.strides[axis], self.dilations[axis]
        for p in range(self.output_sizes[axis]):
            taps = [(k, p * stride + k * dilation - before) for k in range(self.sizes[axis])]
            yield [(k, i) for k, i in taps if 0 <= i < input_size]


def per_axis(operation, name, value, rank, minimum):
    """An integer for every axis, from one integer or one per axis."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return (as_integer(operation, name, value, minimum),) * rank
    if len(value) != rank:
        raise ValueError(
            f"{operation}: expected {name} to be an integer or {rank} integers, one per spatial "
            f"axis, got {value!r}"
        )
    return tuple(as_integer(operation, name, entry, minimum) for entry in value)


def padding_per_axis(operation, padding, input_sizes, extents, strides):
    """A pair `(before, after)` for every axis, from any of the ways to write padding."""
    rank = len(input_sizes)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * rank
        if padding == "same":
            return tuple(map(_same_padding, input_sizes, extents, strides))
        raise ValueError(f'{operation}: expected padding "same" or "valid", got {padding!r}')
    if not hasattr(padding, "__len__"):
        padding = (padding,) * rank
    if len(padding) != rank:
        raise ValueError(
            f"{operation}: expected padding to be an integer, {rank} integers or {rank} pairs "
            f"(before, after), got {padding!r}"
        )
    return tuple(per_axis(operation, "padding", entry, 2, 0) for entry in padding)


def _same_padding(input_size, extent, stride):
    """TensorFlow's "same": as many windows as strides fit, the odd element of padding after."""
    output_size = -(-input_size // stride)
    total = max((output_size - 1) * stride + extent - input_size, 0)
    return total // 2, total - total // 2


def _output_size(operation, input_size, extent, stride, padding, ceil_mode):
    before, after = padding
    room = before + input_size + after - extent  # how far the first window can move
    if room < 0:
        raise ValueError(
            f"{operation}: a window of extent {extent} does not fit into an input of size "
            f"{input_size} with padding {padding}; use a smaller window or more padding"
        )
    if not ceil_mode:
        return room // stride + 1
    output_size = -(-room // stride) + 1
    if (output_size - 1) * stride >= input_size + before:  # it would start beyond the input
        output_size -= 1
    return output_size
