"""Convolution (cross-correlation) over 1, 2 or 3 spatial axes, with groups.

Inside, the spatial axes are flattened and the channels split into groups: `x[n][i][g][c]`,
`y[n][p][g][f]` and `w[g][f][k][c]` with pixel `i`, output position `p`, tap `k`, group `g`, and
channel `c` and filter `f` counted within the group. `Windows` knows which tap meets which pixel.
"""

import math

import numpy as np

from ._arrays import (
    activated,
    as_array,
    as_floats,
    as_integer,
    as_result,
    as_shape,
    check_shape,
    gradients_into,
    spatial_rank,
    through_relu,
    zeros,
)
from ._windows import Windows, per_axis
from .pad import pad_backward, pad_forward
from .winograd import goes_by_winograd, winograd_sums


def conv_forward(
    x,
    weight,
    bias=None,
    *,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    algorithm="direct",
    activation=None,
):
    """Cross-correlate every sample with a bank of filters.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    weight : array_like, shape (out, *kernel, C / groups)
    bias : array_like, shape (out,), optional
    stride, dilation : int or one per axis
        Pixels between windows, and between the taps of a window.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Pixels of padding; "same" as TensorFlow defines it.
    groups : int
        Filters and channels are split into this many groups that do not see each other.
    padding_mode : {"zeros", "reflect", "edge", "replicate", "circular"}
        What the padding holds, as in `pad_forward`. Where it is not zeros, the convolution is that
        of the padded input.
    algorithm : {"direct", "winograd"}
        How the sums are made: as below, or two by two outputs at once by `winograd.py`, for 3x3
        kernels with stride, dilation and groups of 1 and at least 32 channels and filters.
    activation : {None, "relu"}
        What follows, in the same pass.

    Returns
    -------
    y : ndarray, shape (N, *output, out)

    Raises
    ------
    ValueError
        If the shapes do not fit together, the kernel does not fit into the padded input, or the
        algorithm is not made for this convolution.

    Notes
    -----
    ``y[n, p, f] = bias[f] + sum_{k, c} weight[f, k, c] x[n, p stride + k dilation - before, c]``
    over the taps inside the input, and an output axis holds
    ``floor((in + before + after - dilation (kernel - 1) - 1) / stride) + 1`` positions
    (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.conv_forward([[[1], [2], [4]]], [[[-1], [1]]]).tolist()
    [[[1.0], [2.0]]]
    """
    operation = "conv_forward"
    x, weight = as_array(operation, "x", x), as_array(operation, "weight", weight)
    rank = spatial_rank(operation, "x", x)
    groups = _check_weight(operation, weight, rank, x.shape[-1], groups)
    outputs, *kernel, _ = weight.shape
    if bias is not None:
        bias = as_array(operation, "bias", bias)
        check_shape(operation, "bias", bias, (outputs,))
    windows = Windows(operation, x.shape[1:-1], kernel, stride, padding, dilation)
    if _pads_first(operation, padding_mode):
        x = pad_forward(x, windows.padding, mode=padding_mode)
        windows = Windows(operation, x.shape[1:-1], kernel, stride, 0, dilation)
    samples, shape = len(x), (len(x), *windows.output_sizes, outputs)
    if goes_by_winograd(operation, algorithm, windows, groups, x.shape[-1], outputs):
        before = [before for before, _ in windows.padding]
        y = winograd_sums(as_floats(x), as_floats(weight), before, windows.output_sizes)
        y = np.array(y).reshape(shape) + (0 if bias is None else bias.astype(np.float64))
        return activated(operation, activation, as_result(y, shape, x, weight, bias))

    v, w = _split_channels(x, groups), _split_filters(weight, groups)
    b = zeros(groups, outputs // groups) if bias is None else as_floats(bias, groups, -1)
    y = zeros(samples, len(windows.inside), groups, outputs // groups)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for g in range(groups):
                for f in range(outputs // groups):
                    terms = (
                        tap_weight * value
                        for k, i in window
                        for tap_weight, value in zip(w[g][f][k], v[n][i][g], strict=True)
                    )
                    y[n][p][g][f] = sum(terms, start=b[g][f])
    return activated(operation, activation, as_result(y, shape, x, weight, bias))


def conv_backward_input(
    dy,
    weight,
    input_shape,
    *,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    algorithm="direct",
    relu_output=None,
):
    """Gradient of a convolution with respect to its input.

    Parameters
    ----------
    dy : array_like, shape (N, *output, out)
    weight : array_like, shape (out, *kernel, C / groups)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    stride, padding, dilation, groups, padding_mode
        As in the forward pass.
    algorithm : {"direct", "winograd"}
        How the sums of this pass are made, as in `conv_forward`.
    relu_output : array_like, shape input_shape, optional
        The forward pass's `x`, if it came out of a ReLU: `dx` is then taken through that ReLU too,
        ``dx [x > 0]``.

    Returns
    -------
    dx : ndarray, shape (N, *spatial, C)
        Exactly 0 at pixels that no window reads.

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, i, c] = sum_{p, f, k} weight[f, k, c] dy[n, p, f]`` over all windows ``p`` and taps
    ``k`` with ``i = p stride + k dilation - before``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.conv_backward_input([[[1], [2]]], [[[-1], [1]]], (1, 3, 1)).tolist()
    [[[-1.0], [-1.0], [2.0]]]
    """
    operation = "conv_backward_input"
    dy, weight = as_array(operation, "dy", dy), as_array(operation, "weight", weight)
    rank = spatial_rank(operation, "dy", dy)
    samples, *spatial, channels = as_shape(operation, input_shape, rank)
    groups = _check_weight(operation, weight, rank, channels, groups)
    outputs, *kernel, _ = weight.shape
    windows = Windows(operation, spatial, kernel, stride, padding, dilation)
    check_shape(operation, "dy", dy, (samples, *windows.output_sizes, outputs))
    if _pads_first(operation, padding_mode):
        pads = windows.padding
        padded = [
            before + size + after for size, (before, after) in zip(spatial, pads, strict=True)
        ]
        how = {"stride": stride, "dilation": dilation, "groups": groups, "algorithm": algorithm}
        dpadded = conv_backward_input(
            dy.astype(np.float64), weight, (samples, *padded, channels), **how
        )
        dx = pad_backward(dpadded, (samples, *spatial, channels), pads, mode=padding_mode)
        return through_relu(operation, relu_output, as_result(dx, dx.shape, dy, weight))
    if goes_by_winograd(operation, algorithm, windows, groups, channels, outputs):
        # dx is dy, padded by what the taps reach beyond it, under kernels turned by half a turn
        before = [
            size - 1 - before for size, (before, _) in zip(kernel, windows.padding, strict=True)
        ]
        turned = np.swapaxes(weight[:, ::-1, ::-1], 0, -1)
        dx = winograd_sums(as_floats(dy), as_floats(turned), before, spatial)
        dx = as_result(dx, (samples, *spatial, channels), dy, weight)
        return through_relu(operation, relu_output, dx)

    d, w = _split_channels(dy, groups), _split_filters(weight, groups)
    dx = zeros(samples, math.prod(spatial), groups, channels // groups)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for g in range(groups):
                for f in range(outputs // groups):
                    for k, i in window:
                        for c in range(channels // groups):
                            # forward: y[n][p][g][f] += w[g][f][k][c] * x[n][i][g][c]
                            dx[n][i][g][c] += w[g][f][k][c] * d[n][p][g][f]
    dx = as_result(dx, (samples, *spatial, channels), dy, weight)
    return through_relu(operation, relu_output, dx)


def conv_backward_weights(
    x,
    dy,
    kernel_size,
    *,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    padding_mode="zeros",
    out=None,
):
    """Gradients of a convolution with respect to its weight and bias, summed over the batch.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
    dy : array_like, shape (N, *output, out)
    kernel_size : int or one per axis
    stride, padding, dilation, groups, padding_mode
        As in the forward pass.
    out : pair of ndarray, optional
        Arrays of the result's shapes and dtype to write `dweight` and `dbias` to.

    Returns
    -------
    dweight : ndarray, shape (out, *kernel, C / groups)
    dbias : ndarray, shape (out,)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dweight[f, k, c] = sum_{n, p} dy[n, p, f] x[n, p stride + k dilation - before, c]`` and
    ``dbias[f] = sum_{n, p} dy[n, p, f]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> x, dy = [[[1], [2], [4]]], [[[10], [1]]]
    >>> dweight, dbias = reference.conv_backward_weights(x, dy, 2)
    >>> dweight.tolist(), dbias.tolist()
    ([[[12.0], [24.0]]], [11.0])
    """
    operation = "conv_backward_weights"
    x, dy = as_array(operation, "x", x), as_array(operation, "dy", dy)
    rank = spatial_rank(operation, "x", x)
    if spatial_rank(operation, "dy", dy) != rank:
        raise ValueError(f"{operation}: x of shape {x.shape} and dy of shape {dy.shape} differ")
    samples, *spatial, channels = x.shape
    outputs = dy.shape[-1]
    kernel = per_axis(operation, "kernel_size", kernel_size, rank, 1)
    groups = _check_groups(operation, groups, channels, outputs)
    windows = Windows(operation, spatial, kernel, stride, padding, dilation)
    check_shape(operation, "dy", dy, (samples, *windows.output_sizes, outputs))
    if _pads_first(operation, padding_mode):
        x = pad_forward(x, windows.padding, mode=padding_mode)
        windows = Windows(operation, x.shape[1:-1], kernel, stride, 0, dilation)

    v, d = _split_channels(x, groups), _split_channels(dy, groups)
    dweight = zeros(groups, outputs // groups, math.prod(kernel), channels // groups)
    dbias = zeros(groups, outputs // groups)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for g in range(groups):
                for f in range(outputs // groups):
                    # forward: y[n][p][g][f] += bias[g][f]
                    dbias[g][f] += d[n][p][g][f]
                    for k, i in window:
                        for c in range(channels // groups):
                            # forward: y[n][p][g][f] += w[g][f][k][c] * x[n][i][g][c]
                            dweight[g][f][k][c] += d[n][p][g][f] * v[n][i][g][c]
    dweight_shape = (outputs, *kernel, channels // groups)
    dweight, dbias = as_result(dweight, dweight_shape, x, dy), as_result(dbias, (outputs,), x, dy)
    return gradients_into(operation, out, dweight, dbias)


def _pads_first(operation, padding_mode):
    """Whether the padding holds more than zeros, whose taps are absent."""
    modes = ("zeros", "reflect", "edge", "replicate", "circular")
    if padding_mode not in modes:
        raise ValueError(
            f"{operation}: expected padding_mode {', '.join(modes)}, got {padding_mode!r}"
        )
    return padding_mode != "zeros"


def _check_groups(operation, groups, channels, outputs):
    groups = as_integer(operation, "groups", groups, 1)
    if channels % groups or outputs % groups:
        raise ValueError(
            f"{operation}: expected groups to divide {channels} input channels and {outputs} "
            f"filters, got groups={groups}"
        )
    return groups


def _check_weight(operation, weight, rank, channels, groups):
    if weight.ndim != rank + 2 or 0 in weight.shape:
        raise ValueError(
            f"{operation}: expected weight (out, *kernel, in / groups) of {rank + 2} axes, "
            f"got shape {weight.shape}"
        )
    groups = _check_groups(operation, groups, channels, len(weight))
    check_shape(operation, "weight", weight, (*weight.shape[:-1], channels // groups))
    return groups


def _split_channels(array, groups):
    """`(N, *spatial, C)` as nested lists `[n][pixel][group][channel in the group]`."""
    samples, *spatial, channels = array.shape
    return as_floats(array, samples, math.prod(spatial), groups, channels // groups)


def _split_filters(weight, groups):
    """`(out, *kernel, C / groups)` as `[group][filter in the group][tap][channel]`."""
    outputs, *kernel, channels = weight.shape
    return as_floats(weight, groups, outputs // groups, math.prod(kernel), channels)
