"""Convolution (cross-correlation) over one to three spatial axes."""

from fastnn._core import conv as core
from fastnn._core import conv_weights as core_weights
from fastnn.geometry import as_integer, is_winograd
from fastnn.resampling import padded_window

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
    vector,
    window_of,
)
from .pad import pad_packs, unpad_packs
from .pointwise import relu_backward

_forward = both(core.conv_forward)
_backward_input = both(core.conv_backward_input)
_backward_weights = both(core_weights.conv_backward_weights)


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
    n_threads=None,
):
    """Cross-correlate every sample with a bank of filters.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    weight : array_like, shape (filters, *size, C / groups)
    bias : array_like, shape (filters,), optional
    stride, dilation : int or one per axis
        Pixels between windows, and between the taps of a window.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Around the input; "same" as TensorFlow defines it.
    groups : int
        Filters and channels are split into so many groups that do not see each other.
    padding_mode : {"zeros", "reflect", "edge", "replicate", "circular"}
        What the padding holds, as for :func:`pad_forward`. A tap that meets a padded zero
        contributes no term.
    algorithm : {"direct", "winograd"}
        How the sums are made, see Notes.
    activation : {None, "relu"}
        What follows, in the same pass.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output, filters)

    Raises
    ------
    ValueError
        If the shapes do not fit together, the kernel does not fit the padded input, the padding is
        too large for its mode, or the algorithm is not made for this convolution.

    Notes
    -----
    ``y[n, p, f] = bias[f] + Σ_{k, c} weight[f, k, c] x[n, p·stride + k·dilation − before, c]``, and
    an output axis has ``⌊(in + before + after − dilation (size − 1) − 1) / stride⌋ + 1`` positions
    (Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016).

    "winograd" makes two by two outputs of an image at once, with 16 multiplications a channel where
    the sum above has 36: ``Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`` of four by four inputs `d` and a kernel
    `g`, summed over channels within the brackets (Lavin and Gray, Fast algorithms for convolutional
    neural networks, 2016). It is for kernels of 3x3, stride, dilation and groups of 1, and at least
    32 channels and filters. Its terms are differences of inputs and means of weights, so that it
    rounds otherwise than "direct", and more: where all numbers are of one size, about seven times
    as much at worst. NaN and infinite inputs reach the outputs that read them and no others; of an
    infinite one these may become NaN. A NaN or infinite weight makes all outputs of its filter NaN
    or infinite, also where only padding meets it.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.conv_forward([[[1], [2], [4]]], [[[-1], [1]]]).tolist()
    [[[1.0], [2.0]]]
    """
    name = "conv_forward"
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
    window = window_of(name, x.shape[1:-1], weight.shape[1:-1], stride, padding, dilation)
    window, pairs = padded_window(name, window, padding_mode)
    winograd = is_winograd(name, algorithm, *window[2:5], groups, filters, channels)
    relu = is_relu(name, activation)
    dtype, threads = common_dtype(x, weight, bias), resolve(n_threads)
    y = empty_packs(len(x), (*window.output, filters), dtype)
    x_packs = pad_packs(packed(x, dtype, n_threads=threads), pairs, padding_mode, threads)
    _forward[dtype](
        x_packs.rows, matrix(weight, dtype), vector(bias, dtype), relu, y.rows, window.sizes,
        False, groups, channels, winograd, threads,
    )  # fmt: skip
    return answer(y, x, threads)


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
    n_threads=None,
):
    """Gradient of :func:`conv_forward` with respect to its input.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output, filters)
    weight : array_like, shape (filters, *size, C / groups)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    stride, padding, dilation, groups, padding_mode
        As in the forward pass.
    algorithm : {"direct", "winograd"}
        As for :func:`conv_forward`, for the sums of this pass.
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
        If the shapes do not fit together, or the algorithm is not made for this convolution.

    Notes
    -----
    ``dx[n, q, c] = Σ_{k, f} weight[f, k, c] dy[n, p, f]`` over all ``p·stride + k·dilation − before
    = q``; exactly 0 where no window reads an input.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.conv_backward_input([[[1], [10]]], [[[-1], [1]]], (1, 3, 1)).tolist()
    [[[-1.0], [-9.0], [10.0]]]
    """
    name = "conv_backward_input"
    dy, weight = operand(name, "dy", dy), real_array(name, "weight", weight)
    input_shape = input_shape_of(name, input_shape)
    groups, channels = _check_groups(name, groups, input_shape[-1], weight)
    window = window_of(name, input_shape[1:-1], weight.shape[1:-1], stride, padding, dilation)
    window, pairs = padded_window(name, window, padding_mode)
    check_shape(name, "dy", dy, (input_shape[0], *window.output, weight.shape[0]))
    winograd = is_winograd(name, algorithm, *window[2:5], groups, weight.shape[0], channels)
    dtype, threads = common_dtype(dy, weight), resolve(n_threads)
    positive = positive_rows(name, relu_output, input_shape, dtype)
    dx = empty_packs(len(dy), (*window.input, channels), dtype)
    _backward_input[dtype](
        packed(dy, dtype, "zero", threads).rows, matrix(weight, dtype),
        positive if pairs is None else None, dx.rows, window.sizes, False, groups, channels,
        winograd, threads,
    )  # fmt: skip
    if pairs is not None:
        dx = unpad_packs(dx, pairs, padding_mode, input_shape[1:-1], threads)
        if relu_output is not None:
            dx = relu_backward(dx, relu_output, n_threads=threads)
    return answer(dx, dy, threads)


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
    n_threads=None,
):
    """Gradients of :func:`conv_forward` with respect to its weight and bias.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
    dy : array_like or Packs, shape (N, *output, filters)
    kernel_size : int or one per axis
    stride, padding, dilation, groups, padding_mode
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
    ``dweight[f, k, c] = Σ_{n, p} dy[n, p, f] x[n, p·stride + k·dilation − before, c]`` and
    ``dbias[f] = Σ_{n, p} dy[n, p, f]``: sums over the batch, always made directly.

    Examples
    --------
    >>> from fastnn import functional
    >>> x, dy = [[[1], [2], [4]]], [[[1], [10]]]
    >>> dweight, dbias = functional.conv_backward_weights(x, dy, 2)
    >>> dweight.tolist(), dbias.tolist()
    ([[[21.0], [42.0]]], [11.0])
    """
    name = "conv_backward_weights"
    x, dy = operand(name, "x", x), operand(name, "dy", dy)
    check_images(name, "x", x.shape)
    window = window_of(name, x.shape[1:-1], kernel_size, stride, padding, dilation)
    window, pairs = padded_window(name, window, padding_mode)
    check_shape(name, "dy", dy, (len(x), *window.output, None))
    channels, filters = x.shape[-1], dy.shape[-1]
    groups = as_integer(name, "groups", groups, 1)
    if filters < 1 or channels % groups or filters % groups:
        raise ValueError(
            f"{name}: groups must divide {channels} channels and {filters} filters, got {groups}"
        )
    dtype, threads = common_dtype(x, dy), resolve(n_threads)
    dweight, dbias = gradient_arrays(name, out, (filters, *window.size, channels // groups), dtype)
    x_packs = pad_packs(packed(x, dtype, n_threads=threads), pairs, padding_mode, threads)
    _backward_weights[dtype](
        x_packs.rows, packed(dy, dtype, "zero", threads).rows, len(x),
        dweight.reshape(filters, -1), dbias, window.sizes, False, groups, channels, threads,
    )  # fmt: skip
    return dweight, dbias


def _check_groups(name, groups, channels, weight):
    """Return groups and channels, for a weight that fits them."""
    groups = as_integer(name, "groups", groups, 1)
    if not 3 <= weight.ndim <= 5 or 0 in weight.shape:
        raise ValueError(
            f"{name}: expected weight of shape (filters, *size, channels / groups), "
            f"got shape {weight.shape}"
        )
    if channels % groups or weight.shape[0] % groups:
        raise ValueError(
            f"{name}: groups must divide {channels} channels and {weight.shape[0]} filters, "
            f"got {groups}"
        )
    if weight.shape[-1] * groups != channels:
        raise ValueError(
            f"{name}: expected weight for {channels // groups} channels a group, got shape "
            f"{weight.shape} for {channels} channels in groups={groups}; "
            f"images are channels last: np.moveaxis(x, 1, -1)"
        )
    return groups, channels
