"""Constraints: weights moved to the nearest that are allowed."""

import numpy as np

from fastnn._core import constraint as core
from fastnn.checks import positive

from ._operands import both, common_dtype, real_array, resolve

_constrain = both(core.constrain)


def constrain_max_abs(weight, limit, *, n_threads=None):
    """Let no weight be larger than `limit`.

    Parameters
    ----------
    weight : array_like, shape (out, ...)
    limit : float
        Above 0.
    n_threads : int, optional

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
    >>> from fastnn import functional
    >>> functional.constrain_max_abs([[-3, 0.5, 2]], 1).tolist()
    [[-1.0, 0.5, 1.0]]
    """
    limit = positive("constrain_max_abs", "limit", limit)
    return _constrained("constrain_max_abs", weight, "max_abs", limit, n_threads)


def constrain_max_norm(weight, limit, *, n_threads=None):
    """Let the weights that lead to one output have a norm of at most `limit`.

    Parameters
    ----------
    weight : array_like, shape (out, ...)
    limit : float
        Above 0.
    n_threads : int, optional

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
    ``w[o] · limit / |w[o]|``, with the squares summed in double precision. A NaN makes the output's
    weights NaN. An infinite norm leaves zeros, and NaN where a weight is infinite.
    Srebro, Shraibman: Rank, trace-norm and max-norm, 2005.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.constrain_max_norm([[3, 4], [0, 1]], 2.5).tolist()
    [[1.5, 2.0], [0.0, 1.0]]
    """
    limit = positive("constrain_max_norm", "limit", limit)
    return _constrained("constrain_max_norm", weight, "max_norm", limit, n_threads)


def constrain_non_negative(weight, *, n_threads=None):
    """Put 0 in the place of negative weights.

    Parameters
    ----------
    weight : array_like, shape (out, ...)
    n_threads : int, optional

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
    >>> from fastnn import functional
    >>> functional.constrain_non_negative([[-3, 0.5]]).tolist()
    [[0.0, 0.5]]
    """
    return _constrained("constrain_non_negative", weight, "non_negative", 0.0, n_threads)


def constrain_unit_norm(weight, *, n_threads=None):
    """Let the weights that lead to one output have a norm of 1.

    Parameters
    ----------
    weight : array_like, shape (out, ...)
    n_threads : int, optional

    Returns
    -------
    y : ndarray, shape of weight

    Raises
    ------
    ValueError
        If weight is a single number.

    Notes
    -----
    For each output o, ``y[o] = w[o] / |w[o]|`` with ``|w[o]| = √Σw[o]²``, the squares summed in
    double precision; weights of norm 0 stay. A NaN makes the output's weights NaN. An infinite norm
    leaves zeros, and NaN where a weight is infinite.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.constrain_unit_norm([[0, -4], [0, 0]]).tolist()
    [[0.0, -1.0], [0.0, 0.0]]
    """
    return _constrained("constrain_unit_norm", weight, "unit_norm", 0.0, n_threads)


def _constrained(name, weight, kind, limit, n_threads):
    weight = real_array(name, "weight", weight)
    if weight.ndim == 0:
        raise ValueError(f"{name}: expected weight of shape (out, ...), got a single number")
    dtype = common_dtype(weight)
    y = np.array(weight, dtype, order="C")
    if y.size:
        _constrain[dtype](y.reshape(len(y), -1), kind, limit, resolve(n_threads))
    return y
