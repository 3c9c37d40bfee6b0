"""Softmax over the last axis, and its logarithm."""

import math

from ._arrays import as_array, as_floats, as_result, check_shape


def softmax_forward(x):
    """Normalised exponentials over the last axis.

    Parameters
    ----------
    x : array_like, shape (..., C)

    Returns
    -------
    y : ndarray, shape of x
        Positive, with sum 1 along the last axis.

    Raises
    ------
    ValueError
        If the last axis is missing or empty.

    Notes
    -----
    ``y_i = exp(x_i) / sum_j exp(x_j)``, with the largest ``x`` subtracted first.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softmax_forward([[1000, 1000]]).tolist()
    [[0.5, 0.5]]
    """
    x = as_array("softmax_forward", "x", x)
    rows = last_axis_rows("softmax_forward", "x", x)
    return as_result([normalised_exponentials(row) for row in rows], x.shape, x)


def softmax_backward(dy, y):
    """Gradient of the softmax.

    Parameters
    ----------
    dy, y : array_like, shape (..., C)
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or the last axis is missing or empty.

    Notes
    -----
    ``dx_i = y_i (dy_i - sum_j dy_j y_j)``: the Jacobian ``y_i ([i = j] - y_j)`` times ``dy``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softmax_backward([[4, 0]], [[0.5, 0.5]]).tolist()
    [[1.0, -1.0]]
    """
    dy, y = as_array("softmax_backward", "dy", dy), as_array("softmax_backward", "y", y)
    check_shape("softmax_backward", "dy", dy, y.shape)
    dx = []
    for d, out in zip(
        last_axis_rows("softmax_backward", "dy", dy),
        last_axis_rows("softmax_backward", "y", y),
        strict=True,
    ):
        # forward: y_i = exp(x_i) / sum_j exp(x_j)
        total = sum(d_j * y_j for d_j, y_j in zip(d, out, strict=True))
        dx.append([y_i * (d_i - total) for d_i, y_i in zip(d, out, strict=True)])
    return as_result(dx, dy.shape, dy, y)


def log_softmax_forward(x):
    """Logarithm of the softmax over the last axis.

    Parameters
    ----------
    x : array_like, shape (..., C)

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the last axis is missing or empty.

    Notes
    -----
    ``y_i = (x_i - top) - log(1 + rest)``, where ``top`` is the largest ``x`` and ``rest`` the sum
    of ``exp(x_j - top)`` over all others.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.log_softmax_forward([[0, -1000]]).tolist()
    [[0.0, -1000.0]]
    """
    x = as_array("log_softmax_forward", "x", x)
    rows = last_axis_rows("log_softmax_forward", "x", x)
    return as_result([log_shares(row) for row in rows], x.shape, x)


def log_softmax_backward(dy, y):
    """Gradient of the logarithm of the softmax.

    Parameters
    ----------
    dy, y : array_like, shape (..., C)
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or the last axis is missing or empty.

    Notes
    -----
    ``dx_i = dy_i - exp(y_i) sum_j dy_j``: the Jacobian ``[i = j] - softmax(x)_i``, transposed,
    times ``dy``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.log_softmax_backward([[1, 2]], [[0, -1000]]).tolist()
    [[-2.0, 2.0]]
    """
    dy, y = as_array("log_softmax_backward", "dy", dy), as_array("log_softmax_backward", "y", y)
    check_shape("log_softmax_backward", "dy", dy, y.shape)
    dx = []
    for d, out in zip(
        last_axis_rows("log_softmax_backward", "dy", dy),
        last_axis_rows("log_softmax_backward", "y", y),
        strict=True,
    ):
        # forward: y_i = x_i - log sum_j exp(x_j)
        total = sum(d)
        dx.append([d_i - math.exp(y_i) * total for d_i, y_i in zip(d, out, strict=True)])
    return as_result(dx, dy.shape, dy, y)


def log_shares(row):
    """The logarithm of the softmax of one list of floats."""
    largest = max(row)
    below = [value - largest for value in row]
    first = row.index(largest) if largest == largest else 0
    # the largest is below itself by 0, or by NaN where it is infinite
    rest = sum(math.exp(value) for i, value in enumerate(below) if i != first) + below[first]
    return [value - math.log1p(rest) for value in below]


def normalised_exponentials(row):
    """The softmax of one list of floats."""
    largest = max(row)
    exponentials = [math.exp(value - largest) for value in row]
    total = sum(exponentials)
    return [exponential / total for exponential in exponentials]


def last_axis_rows(operation, name, array):
    """`(..., C)` as a list of lists of C floats."""
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{operation}: expected {name} with at least one element along its last axis, "
            f"got shape {array.shape}"
        )
    return as_floats(array, -1, array.shape[-1])
