"""Dense layers: y = x Wᵀ + b."""

from fastnn._core import dense as core
from fastnn._core import dense_weights

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    gradient_arrays,
    is_relu,
    matrix,
    operand,
    packed,
    positive_rows,
    real_array,
    resolve,
    vector,
)

_forward = both(core.dense_forward)
_backward_input = both(core.dense_backward_input)
_backward_weights = both(dense_weights.dense_backward_weights)


def dense_forward(x, weight, bias=None, *, activation=None, n_threads=None):
    """Map every sample by the same weights.

    Parameters
    ----------
    x : array_like or Packs, shape (N, in)
    weight : array_like, shape (out, in)
    bias : array_like, shape (out,), optional
    activation : {None, "relu"}
        What follows, in the same pass.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, out)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``y[n, o] = bias[o] + Σ_i weight[o, i] x[n, i]``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.dense_forward([[1, 2]], [[3, 4], [5, 6]], [0, 100]).tolist()
    [[11.0, 117.0]]
    """
    name = "dense_forward"
    x, weight = operand(name, "x", x), real_array(name, "weight", weight)
    outputs, inputs = _check_weight(name, weight)
    _check_features(name, "x", x, inputs, "weight", weight)
    if bias is not None:
        bias = real_array(name, "bias", bias)
        check_shape(name, "bias", bias, (outputs,))
    dtype, threads = common_dtype(x, weight, bias), resolve(n_threads)
    y = empty_packs(len(x), (outputs,), dtype)
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, matrix(weight, dtype), vector(bias, dtype),
        is_relu(name, activation), y.rows, threads,
    )  # fmt: skip
    return answer(y, x, threads)


def dense_backward_input(dy, weight, *, relu_output=None, n_threads=None):
    """Gradient of :func:`dense_forward` with respect to its input.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, out)
    weight : array_like, shape (out, in)
    relu_output : array_like or Packs, shape (N, in), optional
        The forward pass's `x`, if it came out of a ReLU: `dx` is then taken through that ReLU too,
        ``dx [x > 0]``.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, in)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, i] = Σ_o weight[o, i] dy[n, o]``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.dense_backward_input([[1, 2]], [[3, 4], [5, 6]]).tolist()
    [[13.0, 16.0]]
    """
    name = "dense_backward_input"
    dy, weight = operand(name, "dy", dy), real_array(name, "weight", weight)
    outputs, inputs = _check_weight(name, weight)
    _check_features(name, "dy", dy, outputs, "weight", weight)
    dtype, threads = common_dtype(dy, weight), resolve(n_threads)
    dx = empty_packs(len(dy), (inputs,), dtype)
    _backward_input[dtype](
        packed(dy, dtype, "zero", threads).rows, matrix(weight, dtype),
        positive_rows(name, relu_output, dx.shape, dtype), dx.rows, threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def dense_backward_weights(x, dy, *, out=None, n_threads=None):
    """Gradients of :func:`dense_forward` with respect to its weight and bias.

    Parameters
    ----------
    x : array_like or Packs, shape (N, in)
    dy : array_like or Packs, shape (N, out)
    out : pair of ndarray, optional
        C-contiguous arrays of the result's shapes and dtype to write `dweight` and `dbias` to.
    n_threads : int, optional

    Returns
    -------
    dweight : ndarray, shape (out, in)
    dbias : ndarray, shape (out,)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dweight[o, i] = Σ_n dy[n, o] x[n, i]`` and ``dbias[o] = Σ_n dy[n, o]``: sums over the batch.

    Examples
    --------
    >>> from fastnn import functional
    >>> dweight, dbias = functional.dense_backward_weights([[1, 2], [3, 4]], [[1], [10]])
    >>> dweight.tolist(), dbias.tolist()
    ([[31.0, 42.0]], [11.0])
    """
    name = "dense_backward_weights"
    x, dy = operand(name, "x", x), operand(name, "dy", dy)
    check_shape(name, "x", x, (None, None))
    check_shape(name, "dy", dy, (len(x), None))
    inputs, outputs = x.shape[1], dy.shape[1]
    if inputs < 1 or outputs < 1:
        raise ValueError(f"{name}: expected at least one feature, got {x.shape} and {dy.shape}")
    dtype, threads = common_dtype(x, dy), resolve(n_threads)
    dweight, dbias = gradient_arrays(name, out, (outputs, inputs), dtype)
    _backward_weights[dtype](
        packed(x, dtype, n_threads=threads).rows, packed(dy, dtype, "zero", threads).rows, len(x),
        dweight, dbias, threads,
    )  # fmt: skip
    return dweight, dbias


def _check_weight(name, weight):
    if weight.ndim != 2 or 0 in weight.shape:
        raise ValueError(f"{name}: expected weight of shape (out, in), got shape {weight.shape}")
    return weight.shape


def _check_features(name, what, x, features, against, weight):
    if len(x.shape) == 2 and x.shape[1] == features:
        return
    mend = ""
    if len(x.shape) == 1:
        mend = f"; a single sample is {what}[None]"
    elif len(x.shape) > 2:
        mend = f"; flatten the features first: {what}.reshape(len({what}), -1)"
    raise ValueError(
        f"{name}: expected {what} of shape (N, {features}) for {against} of shape {weight.shape}, "
        f"got shape {x.shape}{mend}"
    )
