"""Transposed convolution over one to three spatial axes: the input gradient of a convolution."""

from fastnn._core import conv as core
from fastnn._core import conv_weights as core_weights
from fastnn.geometry import as_integer

from ._operands import (
    answer,
    both,
    check_images,
    check_shape,
    common_dtype,
    empty_packs,
    gradient_arrays,
    input_shape_of,
    is_relu,
    matrix,
    operand,
    packed,
    positive_rows,
    real_array,
    resolve,
    transposed_window_of,
    vector,
)
from .conv import _check_groups

_forward = both(core.conv_forward)
_backward_input = both(core.conv_backward_input)
_backward_weights = both(core_weights.conv_backward_weights)


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
    n_threads=None,
):
    """Spread every input over the outputs that its window covers, and add up what meets.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    weight : array_like, shape (filters, *size, C / groups)
        Output first, as all weights; PyTorch's are ``(C, filters / groups, *size)``.
    bias : array_like, shape (filters,), optional
    stride, dilation : int or one per axis
        Outputs between the windows of neighbouring inputs, and between the taps of a window.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        What is cut off the output: what the convolution that this one is the transpose of pads.
        "same" leaves ``in · stride`` outputs.
    output_padding : int or one per axis
        Outputs more at the end of an axis, fewer than the stride or the dilation: several sizes
        convolve to one, and this says which is meant.
    groups : int
        Filters and channels are split into so many groups that do not see each other.
    activation : {None, "relu"}
        What follows, in the same pass.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output, filters)

    Raises
    ------
    ValueError
        If the shapes do not fit together, or nothing is left of the output.

    Notes
    -----
    ``y[n, p, f] = bias[f] + Σ_{q, k, c} weight[f, k, c] x[n, q, c]`` over all ``q·stride +
    k·dilation − before = p``: the input gradient of :func:`conv_forward`. An output axis has
    ``(in − 1) stride + dilation (size − 1) + 1 + output_padding − before − after`` positions
    (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016).

    Examples
    --------
    >>> from fastnn import functional
    >>> y = functional.conv_transpose_forward([[[1], [2]]], [[[1], [10], [100]]], stride=2)
    >>> y.ravel().tolist()
    [1.0, 10.0, 102.0, 20.0, 200.0]
    """
    name = "conv_transpose_forward"
    x, weight = operand(name, "x", x), real_array(name, "weight", weight)
    check_images(name, "x", x.shape)
    if weight.ndim == x.ndim + 1:
        raise ValueError(
            f"{name}: expected x of {weight.ndim} axes (N, *spatial, channels) for weight of shape "
            f"{weight.shape}, got shape {x.shape}; a single sample is x[None]"
        )
    groups, channels = _check_groups(name, groups, x.shape[-1], weight)
    filters = weight.shape[0]
    if bias is not None:
        bias = real_array(name, "bias", bias)
        check_shape(name, "bias", bias, (filters,))
    window = transposed_window_of(
        name, x.shape[1:-1], weight.shape[1:-1], stride, padding, output_padding, dilation
    )
    dtype, threads = common_dtype(x, weight, bias), resolve(n_threads)
    y = empty_packs(len(x), (*window.output, filters), dtype)
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, matrix(weight, dtype), vector(bias, dtype),
        is_relu(name, activation), y.rows, window.sizes, True, groups, channels, False, threads,
    )  # fmt: skip
    return answer(y, x, threads)


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
    n_threads=None,
):
    """Gradient of :func:`conv_transpose_forward` with respect to its input.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output, filters)
    weight : array_like, shape (filters, *size, C / groups)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    stride, padding, output_padding, dilation, groups
        As in the forward pass.
    relu_output : array_like or Packs, shape input_shape, optional
        The forward pass's `x`, if it came out of a ReLU: `dx` is then taken through that ReLU too,
        ``dx [x > 0]``.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, q, c] = Σ_{k, f} weight[f, k, c] dy[n, q·stride + k·dilation − before, f]``: a
    convolution.

    Examples
    --------
    >>> from fastnn import functional
    >>> weight, dy = [[[1], [10], [100]]], [[[1], [2], [3], [4], [5]]]
    >>> dx = functional.conv_transpose_backward_input(dy, weight, (1, 2, 1), stride=2)
    >>> dx.tolist()
    [[[321.0], [543.0]]]
    """
    name = "conv_transpose_backward_input"
    dy, weight = operand(name, "dy", dy), real_array(name, "weight", weight)
    input_shape = input_shape_of(name, input_shape)
    groups, channels = _check_groups(name, groups, input_shape[-1], weight)
    window = transposed_window_of(
        name, input_shape[1:-1], weight.shape[1:-1], stride, padding, output_padding, dilation
    )
    check_shape(name, "dy", dy, (input_shape[0], *window.output, weight.shape[0]))
    dtype, threads = common_dtype(dy, weight), resolve(n_threads)
    dx = empty_packs(len(dy), input_shape[1:], dtype)
    _backward_input[dtype](
        packed(dy, dtype, "zero", threads).rows, matrix(weight, dtype),
        positive_rows(name, relu_output, dx.shape, dtype), dx.rows, window.sizes, True, groups,
        channels, False, threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


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
    n_threads=None,
):
    """Gradients of :func:`conv_transpose_forward` with respect to its weight and bias.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
    dy : array_like or Packs, shape (N, *output, filters)
    kernel_size : int or one per axis
    stride, padding, output_padding, dilation, groups
        As in the forward pass.
    out : pair of ndarray, optional
        C-contiguous arrays of the result's shapes and dtype to write `dweight` and `dbias` to.
    n_threads : int, optional

    Returns
    -------
    dweight : ndarray, shape (filters, *size, C / groups)
    dbias : ndarray, shape (filters,)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dweight[f, k, c] = Σ_{n, q} x[n, q, c] dy[n, q·stride + k·dilation − before, f]`` and
    ``dbias[f] = Σ_{n, p} dy[n, p, f]``: a convolution's, with `x` and `dy` exchanged.

    Examples
    --------
    >>> from fastnn import functional
    >>> x, dy = [[[1], [10]]], [[[1], [2], [3], [4], [5]]]
    >>> dweight, dbias = functional.conv_transpose_backward_weights(x, dy, 3, stride=2)
    >>> dweight.tolist(), dbias.tolist()
    ([[[31.0], [42.0], [53.0]]], [15.0])
    """
    name = "conv_transpose_backward_weights"
    x, dy = operand(name, "x", x), operand(name, "dy", dy)
    check_images(name, "x", x.shape)
    window = transposed_window_of(
        name, x.shape[1:-1], kernel_size, stride, padding, output_padding, dilation
    )
    check_shape(name, "dy", dy, (len(x), *window.output, None))
    channels, filters = x.shape[-1], dy.shape[-1]
    groups = as_integer(name, "groups", groups, 1)
    if filters < 1 or channels % groups or filters % groups:
        raise ValueError(
            f"{name}: groups must divide {channels} channels and {filters} filters, got {groups}"
        )
    dtype, threads = common_dtype(x, dy), resolve(n_threads)
    dweight, dbias = gradient_arrays(name, out, (filters, *window.size, channels // groups), dtype)
    _backward_weights[dtype](
        packed(x, dtype, n_threads=threads).rows, packed(dy, dtype, "zero", threads).rows, len(x),
        dweight.reshape(filters, -1), dbias, window.sizes, True, groups, channels, threads,
    )  # fmt: skip
    return dweight, dbias
