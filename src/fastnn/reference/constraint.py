"""Constraints: weights moved to the nearest that are allowed."""

import math

from ._arrays import as_array, as_floats, as_result, positive


def constrain_max_abs(weight, limit):
    """Let no weight be larger than `limit`.

    Parameters
    ----------
    weight : array_like, shape (out, ...)
    limit : float
        Above 0.

    Returns
    -------
    y : ndarray, shape of weight

    Raises
    ------
    ValueError
        If the limit is not above 0, or weight is a single number.

    Notes
    -----
    ``y = min(max(w, −limit), limit)``; NaN stays NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.constrain_max_abs([[-3, 0.5, 2]], 1).tolist()
    [[-1.0, 0.5, 1.0]]
    """
    weight = _checked("constrain_max_abs", weight)
    limit = positive("constrain_max_abs", "limit", limit)
    y = []
    for w in as_floats(weight, -1):
        if w < -limit:
            w = -limit
        elif w > limit:
            w = limit
        y.append(w)
    return as_result(y, weight.shape, weight)


def constrain_max_norm(weight, limit):
    """Let the weights that lead to one output have a norm of at most `limit`.

    Parameters
    ----------
    weight : array_like, shape (out, ...)
    limit : float
        Above 0.

    Returns
    -------
    y : ndarray, shape of weight

    Raises
    ------
    ValueError
        If the limit is not above 0, or weight is a single number.

    Notes
    -----
    For each output o, ``y[o] = w[o]`` where ``|w[o]| = √Σw[o]² ≤ limit``, else
    ``w[o] · limit / |w[o]|``. A NaN makes the output's
    weights NaN. An infinite norm leaves zeros, and NaN where a weight is infinite.
    Srebro, Shraibman: Rank, trace-norm and max-norm, 2005.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.constrain_max_norm([[3, 4], [0, 1]], 2.5).tolist()
    [[1.5, 2.0], [0.0, 1.0]]
    """
    weight = _checked("constrain_max_norm", weight)
    limit = positive("constrain_max_norm", "limit", limit)
    y = []
    for row in _rows(weight):
        norm = math.sqrt(math.fsum(w * w for w in row))
        y += row if norm <= limit else [w * (limit / norm) for w in row]
    return as_result(y, weight.shape, weight)


def constrain_non_negative(weight):
    """Put 0 in the place of negative weights.

    Parameters
    ----------
    weight : array_like, shape (out, ...)

    Returns
    -------
    y : ndarray, shape of weight

    Raises
    ------
    ValueError
        If weight is a single number.

    Notes
    -----
    ``y = max(w, 0)``; NaN stays NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.constrain_non_negative([[-3, 0.5]]).tolist()
    [[0.0, 0.5]]
    """
    weight = _checked("constrain_non_negative", weight)
    y = [0.0 if w < 0 else w for w in as_floats(weight, -1)]
    return as_result(y, weight.shape, weight)


def constrain_unit_norm(weight):
    """Let the weights that lead to one output have a norm of 1.

    Parameters
    ----------
    weight : array_like, shape (out, ...)

    Returns
    -------
    y : ndarray, shape of weight

    Raises
    ------
    ValueError
        If weight is a single number.

    Notes
    -----
    For each output o, ``y[o] = w[o] / |w[o]|`` with ``|w[o]| = √Σw[o]²``; weights of norm 0
    stay. A NaN makes the output's weights NaN. An infinite norm leaves zeros, and NaN where a
    weight is infinite.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.constrain_unit_norm([[0, -4], [0, 0]]).tolist()
    [[0.0, -1.0], [0.0, 0.0]]
    """
    weight = _checked("constrain_unit_norm", weight)
    y = []
    for row in _rows(weight):
        norm = math.sqrt(math.fsum(w * w for w in row))
        y += row if norm == 0 else [w * (1 / norm) for w in row]
    return as_result(y, weight.shape, weight)


def _checked(operation, weight):
    weight = as_array(operation, "weight", weight)
    if weight.ndim == 0:
        raise ValueError(f"{operation}: expected weight of shape (out, ...), got a single number")
    return weight


def _rows(weight):
    """The weights that lead to each output."""
    return as_floats(weight, len(weight), math.prod(weight.shape[1:]))
