"""Locally connected layers: a convolution whose every output position has a kernel of its own.

Inside, the spatial axes are flattened: `x[n][i][c]`, `y[n][p][f]` and `w[p][f][k][c]` with pixel
`i`, output position `p`, tap `k`, channel `c` and filter `f`. `Windows` knows which tap meets which
pixel.
"""

import math

from ._arrays import (
    activated,
    as_array,
    as_floats,
    as_result,
    as_shape,
    check_shape,
    gradients_into,
    pixel_lists,
    spatial_rank,
    through_relu,
    zeros,
)
from ._windows import Windows, per_axis


def local_conv_forward(x, weight, bias=None, *, stride=1, padding=0, dilation=1, activation=None):
    """Multiply every window with filters of its own.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
        1 to 3 spatial axes.
    weight : array_like, shape (*output, filters, *kernel, C)
    bias : array_like, shape (*output, filters), optional
    stride, dilation : int or one per axis
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Pixels of zeros; "same" as TensorFlow defines it.
    activation : {None, "relu"}
        What follows, in the same pass.

    Returns
    -------
    y : ndarray, shape (N, *output, filters)

    Raises
    ------
    ValueError
        If the shapes do not fit together, or the kernel does not fit into the padded input.

    Notes
    -----
    ``y[n, p, f] = bias[p, f] + sum_{k, c} weight[p, f, k, c] x[n, p stride + k dilation - before,
    c]`` over the taps inside the input: a convolution whose positions share nothing.

    Examples
    --------
    >>> from fastnn import reference
    >>> weight = [[[[-1], [1]]], [[[2], [0]]]]
    >>> reference.local_conv_forward([[[1], [2], [4]]], weight).tolist()
    [[[1.0], [4.0]]]
    """
    operation = "local_conv_forward"
    x, weight = as_array(operation, "x", x), as_array(operation, "weight", weight)
    rank = spatial_rank(operation, "x", x)
    windows = _windows(operation, weight, rank, x.shape[1:], stride, padding, dilation)
    filters = weight.shape[rank]
    if bias is not None:
        bias = as_array(operation, "bias", bias)
        check_shape(operation, "bias", bias, weight.shape[: rank + 1])
    samples, positions = len(x), len(windows.inside)

    v, w = pixel_lists(x), _kernels(weight, rank)
    b = zeros(positions, filters) if bias is None else as_floats(bias, positions, filters)
    y = zeros(samples, positions, filters)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for f in range(filters):
                terms = (
                    tap_weight * value
                    for k, i in window
                    for tap_weight, value in zip(w[p][f][k], v[n][i], strict=True)
                )
                y[n][p][f] = sum(terms, start=b[p][f])
    y = as_result(y, (samples, *windows.output_sizes, filters), x, weight, bias)
    return activated(operation, activation, y)


def local_conv_backward_input(
    dy, weight, input_shape, *, stride=1, padding=0, dilation=1, relu_output=None
):
    """Gradient of a locally connected layer with respect to its input.

    Parameters
    ----------
    dy : array_like, shape (N, *output, filters)
    weight : array_like, shape (*output, filters, *kernel, C)
    input_shape : tuple of int
        `(N, *spatial, C)`, the whole shape of the forward pass's `x`.
    stride, padding, dilation
        As in the forward pass.
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
    ``dx[n, i, c] = sum_{p, f, k} weight[p, f, k, c] dy[n, p, f]`` over all windows ``p`` and taps
    ``k`` with ``i = p stride + k dilation - before``.

    Examples
    --------
    >>> from fastnn import reference
    >>> weight = [[[[-1], [1]]], [[[2], [0]]]]
    >>> reference.local_conv_backward_input([[[1], [10]]], weight, (1, 3, 1)).tolist()
    [[[-1.0], [21.0], [0.0]]]
    """
    operation = "local_conv_backward_input"
    dy, weight = as_array(operation, "dy", dy), as_array(operation, "weight", weight)
    rank = spatial_rank(operation, "dy", dy)
    samples, *spatial, channels = as_shape(operation, input_shape, rank)
    windows = _windows(operation, weight, rank, (*spatial, channels), stride, padding, dilation)
    filters = weight.shape[rank]
    check_shape(operation, "dy", dy, (samples, *windows.output_sizes, filters))

    d, w = pixel_lists(dy), _kernels(weight, rank)
    dx = zeros(samples, math.prod(spatial), channels)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for f in range(filters):
                for k, i in window:
                    for c in range(channels):
                        # forward: y[n][p][f] += w[p][f][k][c] * x[n][i][c]
                        dx[n][i][c] += w[p][f][k][c] * d[n][p][f]
    dx = as_result(dx, (samples, *spatial, channels), dy, weight)
    return through_relu(operation, relu_output, dx)


def local_conv_backward_weights(x, dy, kernel_size, *, stride=1, padding=0, dilation=1, out=None):
    """Gradients of a locally connected layer with respect to its weight and bias.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
    dy : array_like, shape (N, *output, filters)
    kernel_size : int or one per axis
    stride, padding, dilation
        As in the forward pass.
    out : pair of ndarray, optional
        Arrays of the result's shapes and dtype to write `dweight` and `dbias` to.

    Returns
    -------
    dweight : ndarray, shape (*output, filters, *kernel, C)
    dbias : ndarray, shape (*output, filters)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dweight[p, f, k, c] = sum_n dy[n, p, f] x[n, p stride + k dilation - before, c]`` and
    ``dbias[p, f] = sum_n dy[n, p, f]``; 0 for a tap in the padding.

    Examples
    --------
    >>> from fastnn import reference
    >>> x, dy = [[[1], [2], [4]]], [[[10], [1]]]
    >>> dweight, dbias = reference.local_conv_backward_weights(x, dy, 2)
    >>> dweight.ravel().tolist(), dbias.tolist()
    ([10.0, 20.0, 2.0, 4.0], [[10.0], [1.0]])
    """
    operation = "local_conv_backward_weights"
    x, dy = as_array(operation, "x", x), as_array(operation, "dy", dy)
    rank = spatial_rank(operation, "x", x)
    if spatial_rank(operation, "dy", dy) != rank:
        raise ValueError(f"{operation}: x of shape {x.shape} and dy of shape {dy.shape} differ")
    samples, *spatial, channels = x.shape
    filters = dy.shape[-1]
    kernel = per_axis(operation, "kernel_size", kernel_size, rank, 1)
    windows = Windows(operation, spatial, kernel, stride, padding, dilation)
    check_shape(operation, "dy", dy, (samples, *windows.output_sizes, filters))

    v, d = pixel_lists(x), pixel_lists(dy)
    dweight = zeros(len(windows.inside), filters, math.prod(kernel), channels)
    dbias = zeros(len(windows.inside), filters)
    for n in range(samples):
        for p, window in enumerate(windows.inside):
            for f in range(filters):
                # forward: y[n][p][f] += bias[p][f]
                dbias[p][f] += d[n][p][f]
                for k, i in window:
                    for c in range(channels):
                        # forward: y[n][p][f] += w[p][f][k][c] * x[n][i][c]
                        dweight[p][f][k][c] += d[n][p][f] * v[n][i][c]
    shape = (*windows.output_sizes, filters)
    dweight = as_result(dweight, (*shape, *kernel, channels), x, dy)
    return gradients_into(operation, out, dweight, as_result(dbias, shape, x, dy))


def _windows(operation, weight, rank, sample_shape, stride, padding, dilation):
    """The windows of a weight `(*output, filters, *kernel, C)` over samples `(*spatial, C)`."""
    *spatial, channels = sample_shape
    if weight.ndim != 2 * rank + 2:
        raise ValueError(
            f"{operation}: expected weight (*output, filters, *kernel, C) of {2 * rank + 2} axes, "
            f"got shape {weight.shape}"
        )
    kernel = weight.shape[rank + 1 : -1]
    windows = Windows(operation, spatial, kernel, stride, padding, dilation)
    shape = (*windows.output_sizes, weight.shape[rank], *kernel, channels)
    check_shape(operation, "weight", weight, shape)
    return windows


def _kernels(weight, rank):
    """`(*output, filters, *kernel, C)` as `[position][filter][tap][channel]`."""
    *output, filters = weight.shape[: rank + 1]
    *kernel, channels = weight.shape[rank + 1 :]
    return as_floats(weight, math.prod(output), filters, math.prod(kernel), channels)
