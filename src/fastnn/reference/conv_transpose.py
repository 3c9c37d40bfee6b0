"""Transposed convolution over 1, 2 or 3 spatial axes, with groups.

Every input is spread over the outputs that its window covers; outside them nothing is written.
Inside, the spatial axes are flattened and the channels split into groups: `x[n][q][g][c]`,
`y[n][p][g][f]` and `w[g][f][k][c]` with pixel `q`, output position `p`, tap `k`, group `g`, and
channel `c` and filter `f` counted within the group.
"""

import itertools
import math

from ._arrays import (
    activated,
    as_array,
    as_floats,
    as_result,
    as_shape,
    check_shape,
    gradients_into,
    spatial_rank,
    through_relu,
    zeros,
)
from ._windows import padding_per_axis, per_axis
from .conv import _check_groups, _check_weight, _split_channels, _split_filters


def conv_transpose_forward(
    x,
    weight,
    bias=None,
    *,
    stride=1,
    padding=0,
    output_padding=0,
    dilation=1,
    groups=1,
    activation=None,
):
    """Spread every input over the outputs that its window covers, and add up what meets.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    weight : array_like, shape (out, *kernel, C / groups)
    bias : array_like, shape (out,), optional
    stride, dilation : int or one per axis
        Outputs between the windows of neighbouring inputs, and between the taps of a window.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        What is cut off the output; "same" leaves ``in stride`` outputs.
    output_padding : int or one per axis
        Outputs more at the end, fewer than the stride or the dilation.
    groups : int
        Filters and channels are split into this many groups that do not see each other.
    activation : {None, "relu"}
        What follows, in the same pass.

    Returns
    -------
    y : ndarray, shape (N, *output, out)

    Raises
    ------
    ValueError
        If the shapes do not fit together, or nothing is left of the output.

    Notes
    -----
    ``y[n, p, f] = bias[f] + sum_{q, k, c} weight[f, k, c] x[n, q, c]`` over all ``p = q stride + k
    dilation - before``, and an output axis holds
    ``(in - 1) stride + dilation (kernel - 1) + 1 + output_padding - before - after`` positions
    (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016).

    Examples
    --------
    >>> from fastnn import reference
    >>> y = reference.conv_transpose_forward([[[1], [2]]], [[[1], [10], [100]]], stride=2)
    >>> y.ravel().tolist()
    [1.0, 10.0, 102.0, 20.0, 200.0]
    """
    operation = "conv_transpose_forward"
    x, weight = as_array(operation, "x", x), as_array(operation, "weight", weight)
    rank = spatial_rank(operation, "x", x)
    groups = _check_weight(operation, weight, rank, x.shape[-1], groups)
    outputs, *kernel, _ = weight.shape
    if bias is not None:
        bias = as_array(operation, "bias", bias)
        check_shape(operation, "bias", bias, (outputs,))
    how = kernel, stride, padding, output_padding, dilation
    output_sizes, reached = _spread(operation, x.shape[1:-1], *how)

    samples, v, w = len(x), _split_channels(x, groups), _split_filters(weight, groups)
    b = zeros(groups, outputs // groups) if bias is None else as_floats(bias, groups, -1)
    y = zeros(samples, math.prod(output_sizes), groups, outputs // groups)
    for n in range(samples):
        for p in range(math.prod(output_sizes)):
            y[n][p] = [list(row) for row in b]
        for q, outputs_of_q in enumerate(reached):
            for k, p in outputs_of_q:
                for g in range(groups):
                    for f in range(outputs // groups):
                        for c, value in enumerate(v[n][q][g]):
                            y[n][p][g][f] += w[g][f][k][c] * value
    y = as_result(y, (samples, *output_sizes, outputs), x, weight, bias)
    return activated(operation, activation, y)


def conv_transpose_backward_input(
    dy,
    weight,
    input_shape,
    *,
    stride=1,
    padding=0,
    output_padding=0,
    dilation=1,
    groups=1,
    relu_output=None,
):
    """Gradient of a transposed convolution with respect to its input.

    Parameters
    ----------
    dy : array_like, shape (N, *output, out)
    weight : array_like, shape (out, *kernel, C / groups)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    stride, padding, output_padding, dilation, groups
        As in the forward pass.
    relu_output : array_like, shape input_shape, optional
        The forward pass's `x`, if it came out of a ReLU: `dx` is then taken through that ReLU too,
        ``dx [x > 0]``.

    Returns
    -------
    dx : ndarray, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, q, c] = sum_{k, f} weight[f, k, c] dy[n, q stride + k dilation - before, f]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> weight, dy = [[[1], [10], [100]]], [[[1], [2], [3], [4], [5]]]
    >>> dx = reference.conv_transpose_backward_input(dy, weight, (1, 2, 1), stride=2)
    >>> dx.tolist()
    [[[321.0], [543.0]]]
    """
    operation = "conv_transpose_backward_input"
    dy, weight = as_array(operation, "dy", dy), as_array(operation, "weight", weight)
    rank = spatial_rank(operation, "dy", dy)
    samples, *spatial, channels = as_shape(operation, input_shape, rank)
    groups = _check_weight(operation, weight, rank, channels, groups)
    outputs, *kernel, _ = weight.shape
    how = kernel, stride, padding, output_padding, dilation
    output_sizes, reached = _spread(operation, spatial, *how)
    check_shape(operation, "dy", dy, (samples, *output_sizes, outputs))

    d, w = _split_channels(dy, groups), _split_filters(weight, groups)
    dx = zeros(samples, math.prod(spatial), groups, channels // groups)
    for n in range(samples):
        for q, outputs_of_q in enumerate(reached):
            for k, p in outputs_of_q:
                for g in range(groups):
                    for f in range(outputs // groups):
                        for c in range(channels // groups):
                            # forward: y[n][p][g][f] += w[g][f][k][c] * x[n][q][g][c]
                            dx[n][q][g][c] += w[g][f][k][c] * d[n][p][g][f]
    dx = as_result(dx, (samples, *spatial, channels), dy, weight)
    return through_relu(operation, relu_output, dx)


def conv_transpose_backward_weights(
    x,
    dy,
    kernel_size,
    *,
    stride=1,
    padding=0,
    output_padding=0,
    dilation=1,
    groups=1,
    out=None,
):
    """Gradients of a transposed convolution with respect to its weight and bias, over the batch.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
    dy : array_like, shape (N, *output, out)
    kernel_size : int or one per axis
    stride, padding, output_padding, dilation, groups
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
    ``dweight[f, k, c] = sum_{n, q} x[n, q, c] dy[n, q stride + k dilation - before, f]`` and
    ``dbias[f] = sum_{n, p} dy[n, p, f]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> x, dy = [[[1], [10]]], [[[1], [2], [3], [4], [5]]]
    >>> dweight, dbias = reference.conv_transpose_backward_weights(x, dy, 3, stride=2)
    >>> dweight.tolist(), dbias.tolist()
    ([[[31.0], [42.0], [53.0]]], [15.0])
    """
    operation = "conv_transpose_backward_weights"
    x, dy = as_array(operation, "x", x), as_array(operation, "dy", dy)
    rank = spatial_rank(operation, "x", x)
    if spatial_rank(operation, "dy", dy) != rank:
        raise ValueError(f"{operation}: x of shape {x.shape} and dy of shape {dy.shape} differ")
    samples, *spatial, channels = x.shape
    outputs = dy.shape[-1]
    kernel = per_axis(operation, "kernel_size", kernel_size, rank, 1)
    groups = _check_groups(operation, groups, channels, outputs)
    how = kernel, stride, padding, output_padding, dilation
    output_sizes, reached = _spread(operation, spatial, *how)
    check_shape(operation, "dy", dy, (samples, *output_sizes, outputs))

    v, d = _split_channels(x, groups), _split_channels(dy, groups)
    dweight = zeros(groups, outputs // groups, math.prod(kernel), channels // groups)
    dbias = zeros(groups, outputs // groups)
    for n in range(samples):
        for position in d[n]:
            for g, f in itertools.product(range(groups), range(outputs // groups)):
                # forward: y[n][p][g][f] += bias[g][f]
                dbias[g][f] += position[g][f]
        for q, outputs_of_q in enumerate(reached):
            for k, p in outputs_of_q:
                for g in range(groups):
                    for f in range(outputs // groups):
                        for c in range(channels // groups):
                            # forward: y[n][p][g][f] += w[g][f][k][c] * x[n][q][g][c]
                            dweight[g][f][k][c] += v[n][q][g][c] * d[n][p][g][f]
    shape = (outputs, *kernel, channels // groups)
    dweight, dbias = as_result(dweight, shape, x, dy), as_result(dbias, (outputs,), x, dy)
    return gradients_into(operation, out, dweight, dbias)


def _spread(operation, spatial, kernel, stride, padding, output_padding, dilation):
    """The output's sizes, and for every input in row-major order its `(tap, output)` pairs."""
    rank = len(spatial)
    kernel = per_axis(operation, "size", kernel, rank, 1)
    stride = per_axis(operation, "stride", stride, rank, 1)
    dilation = per_axis(operation, "dilation", dilation, rank, 1)
    more = per_axis(operation, "output_padding", output_padding, rank, 0)
    axes = [
        _axis_padding(operation, padding, *axis)
        for axis in zip(range(rank), [rank] * rank, kernel, stride, dilation, more, strict=True)
    ]
    sizes, reached = [], [[(0, 0)]]
    for size, taps, step, apart, (before, after, extra) in zip(
        spatial, kernel, stride, dilation, axes, strict=True
    ):
        output = (size - 1) * step + apart * (taps - 1) + 1 + extra - before - after
        if size < 1 or output < 1:
            raise ValueError(
                f"{operation}: nothing is left of the output of an input of size {size} with "
                f"kernel {taps}, stride {step}, dilation {apart} and padding {(before, after)}"
            )
        sizes.append(output)
        reached = [
            [
                (k * taps + tap, p * output + place)
                for k, p in outer
                for tap in range(taps)
                for place in [q * step + tap * apart - before]
                if 0 <= place < output
            ]
            for outer in reached
            for q in range(size)
        ]
    return tuple(sizes), reached


def _axis_padding(operation, padding, axis, rank, taps, step, apart, more):
    """What is cut off before and after one axis of the output, and what is added at its end."""
    if more >= max(step, apart):
        raise ValueError(
            f"{operation}: expected output_padding below stride {step} or dilation {apart}, "
            f"got {more}"
        )
    if isinstance(padding, str) and padding == "same":
        if more:
            raise ValueError(f'{operation}: expected no output_padding with padding "same"')
        surplus = apart * (taps - 1) + 1 - step  # beyond `step` outputs for every input
        cut = max(surplus, 0)
        return cut // 2, cut - cut // 2, max(-surplus, 0)
    ones = (1,) * rank
    return *padding_per_axis(operation, padding, ones, ones, ones)[axis], more
