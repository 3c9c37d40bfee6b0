"""Dense layers: `y = W x + b`."""

from ._arrays import (
    activated,
    as_array,
    as_floats,
    as_result,
    check_shape,
    gradients_into,
    through_relu,
    zeros,
)


def dense_forward(x, weight, bias=None, *, activation=None):
    """Multiply every sample by a weight matrix and add a bias.

    Parameters
    ----------
    x : array_like, shape (N, in)
    weight : array_like, shape (out, in)
    bias : array_like, shape (out,), optional
    activation : {None, "relu"}
        What follows, in the same pass.

    Returns
    -------
    y : ndarray, shape (N, out)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``y[n, o] = bias[o] + sum_c weight[o, c] x[n, c]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.dense_forward([[1, 2]], [[3, 4], [5, 6]], [10, 20]).tolist()
    [[21.0, 37.0]]
    """
    x = _matrix("dense_forward", "x", x)
    weight = _matrix("dense_forward", "weight", weight)
    (samples, inputs), outputs = x.shape, weight.shape[0]
    check_shape("dense_forward", "weight", weight, (outputs, inputs))
    if bias is not None:
        bias = as_array("dense_forward", "bias", bias)
        check_shape("dense_forward", "bias", bias, (outputs,))

    rows, columns = as_floats(x), as_floats(weight)
    b = zeros(outputs) if bias is None else as_floats(bias)
    y = zeros(samples, outputs)
    for n in range(samples):
        for o in range(outputs):
            y[n][o] = sum((w * v for w, v in zip(columns[o], rows[n], strict=True)), start=b[o])
    y = as_result(y, (samples, outputs), x, weight, bias)
    return activated("dense_forward", activation, y)


def dense_backward_input(dy, weight, *, relu_output=None):
    """Gradient of a dense layer with respect to its input.

    Parameters
    ----------
    dy : array_like, shape (N, out)
    weight : array_like, shape (out, in)
    relu_output : array_like, shape (N, in), optional
        The forward pass's `x`, if it came out of a ReLU: `dx` is then taken through that ReLU too,
        ``dx [x > 0]``.

    Returns
    -------
    dx : ndarray, shape (N, in)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, c] = sum_o weight[o, c] dy[n, o]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.dense_backward_input([[1, 2]], [[3, 4], [5, 6]]).tolist()
    [[13.0, 16.0]]
    """
    dy = _matrix("dense_backward_input", "dy", dy)
    weight = _matrix("dense_backward_input", "weight", weight)
    samples, (outputs, inputs) = dy.shape[0], weight.shape
    check_shape("dense_backward_input", "dy", dy, (samples, outputs))

    d, w = as_floats(dy), as_floats(weight)
    dx = zeros(samples, inputs)
    for n in range(samples):
        for o in range(outputs):
            for c in range(inputs):
                # forward: y[n][o] += w[o][c] * x[n][c]
                dx[n][c] += w[o][c] * d[n][o]
    dx = as_result(dx, (samples, inputs), dy, weight)
    return through_relu("dense_backward_input", relu_output, dx)


def dense_backward_weights(x, dy, *, out=None):
    """Gradients of a dense layer with respect to its weight and bias, summed over the batch.

    Parameters
    ----------
    x : array_like, shape (N, in)
    dy : array_like, shape (N, out)
    out : pair of ndarray, optional
        Arrays of the result's shapes and dtype to write `dweight` and `dbias` to.

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
    ``dweight[o, c] = sum_n dy[n, o] x[n, c]`` and ``dbias[o] = sum_n dy[n, o]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> dweight, dbias = reference.dense_backward_weights([[1, 2]], [[3, 4]])
    >>> dweight.tolist(), dbias.tolist()
    ([[3.0, 6.0], [4.0, 8.0]], [3.0, 4.0])
    """
    x = _matrix("dense_backward_weights", "x", x)
    dy = _matrix("dense_backward_weights", "dy", dy)
    (samples, inputs), outputs = x.shape, dy.shape[1]
    check_shape("dense_backward_weights", "dy", dy, (samples, outputs))

    v, d = as_floats(x), as_floats(dy)
    dweight, dbias = zeros(outputs, inputs), zeros(outputs)
    for n in range(samples):
        for o in range(outputs):
            # forward: y[n][o] += bias[o]
            dbias[o] += d[n][o]
            for c in range(inputs):
                # forward: y[n][o] += w[o][c] * x[n][c]
                dweight[o][c] += d[n][o] * v[n][c]
    dweight, dbias = (
        as_result(dweight, (outputs, inputs), x, dy),
        as_result(dbias, (outputs,), x, dy),
    )
    return gradients_into("dense_backward_weights", out, dweight, dbias)


def _matrix(operation, name, value):
    array = as_array(operation, name, value)
    if array.ndim != 2:
        raise ValueError(
            f"{operation}: expected {name} with 2 axes, got shape {array.shape}; "
            f"flatten a sample's features with {name}.reshape(len({name}), -1)"
        )
    return array
