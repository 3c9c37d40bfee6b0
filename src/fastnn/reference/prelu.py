"""PReLU: a ReLU whose slope where x is not positive is learnt."""

import math

from ._arrays import as_array, as_floats, as_integer, as_result, check_shape


def prelu_forward(x, slope):
    """ReLU with slopes of its own where x is not positive.

    Parameters
    ----------
    x : array_like, shape (N, ..., C)
    slope : array_like, shape (1,), (C,) or (..., C)
        One slope for all, one for each channel, or one for each element of a sample.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Notes
    -----
    ``y = x where x > 0, else slope · x``.
    He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.prelu_forward([[-4, 3]], [0.25, 0.5]).tolist()
    [[-1.0, 3.0]]
    """
    x, slope = as_array("prelu_forward", "x", x), as_array("prelu_forward", "slope", slope)
    features, count = _sizes("prelu_forward", x, slope.shape)
    slopes, y = as_floats(slope, -1), []
    for i, value in enumerate(as_floats(x, -1)):
        y.append(value if value > 0 else slopes[i % features % count] * value)
    return as_result(y, x.shape, x, slope)


def prelu_backward_input(dy, x, slope):
    """Gradient of PReLU with respect to its input.

    Parameters
    ----------
    dy, x : array_like, the same shape (N, ..., C)
        Gradient with respect to the output, and the input of the forward pass.
    slope : array_like, shape (1,), (C,) or (..., C)

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Notes
    -----
    ``dx = dy where x > 0, else slope · dy``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.prelu_backward_input([[4, 4]], [[-4, 3]], [0.25, 0.5]).tolist()
    [[1.0, 4.0]]
    """
    name = "prelu_backward_input"
    dy, x, slope = as_array(name, "dy", dy), as_array(name, "x", x), as_array(name, "slope", slope)
    check_shape(name, "dy", dy, x.shape)
    features, count = _sizes(name, x, slope.shape)
    slopes, dx = as_floats(slope, -1), []
    for i, (d, value) in enumerate(zip(as_floats(dy, -1), as_floats(x, -1), strict=True)):
        # forward: y = slope · x
        dx.append(d if value > 0 else slopes[i % features % count] * d)
    return as_result(dx, x.shape, dy, x, slope)


def prelu_backward_weights(x, dy, slope_shape):
    """Gradient of PReLU with respect to its slopes, summed over the batch.

    Parameters
    ----------
    x, dy : array_like, the same shape (N, ..., C)
        Input of the forward pass, and gradient with respect to its output.
    slope_shape : tuple of int
        ``(1,)``, ``(C,)`` or ``(..., C)``.

    Returns
    -------
    dslope : ndarray, shape slope_shape

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Notes
    -----
    ``dslope = Σ x · dy`` where x is not positive, over all elements that share the slope.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.prelu_backward_weights([[-4, 3], [-1, -1]], [[1, 1], [2, 5]], (2,)).tolist()
    [-6.0, -5.0]
    """
    name = "prelu_backward_weights"
    x, dy = as_array(name, "x", x), as_array(name, "dy", dy)
    check_shape(name, "dy", dy, x.shape)
    slope_shape = tuple(as_integer(name, "slope_shape", size, 0) for size in slope_shape)
    features, count = _sizes(name, x, slope_shape)
    dslope = [0.0] * count
    for i, (value, d) in enumerate(zip(as_floats(x, -1), as_floats(dy, -1), strict=True)):
        if not value > 0:
            # forward: y = slope · x
            dslope[i % features % count] += value * d
    return as_result(dslope, slope_shape, x, dy)


def _sizes(operation, x, slope_shape):
    """How many features a sample has, and how many slopes there are."""
    if x.ndim < 2 or 0 in x.shape[1:]:
        raise ValueError(f"{operation}: expected x of shape (N, ..., C), got shape {x.shape}")
    known = (1,), x.shape[-1:], x.shape[1:]
    if tuple(slope_shape) not in known:
        raise ValueError(
            f"{operation}: expected slope of shape {', '.join(map(str, known))}, "
            f"got {tuple(slope_shape)}"
        )
    return math.prod(x.shape[1:]), math.prod(slope_shape)
