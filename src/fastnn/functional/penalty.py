"""The elastic net: a penalty on large weights."""

import numpy as np

from fastnn._core import penalty as core
from fastnn.checks import number

from ._operands import both, common_dtype, real_array, resolve, vector

_l1_l2 = both(core.l1_l2_penalty)


def l1_l2_penalty(weight, *, l1=0.0, l2=0.0, n_threads=None):
    """Penalty on the sizes and the squares of weights, and its gradient.

    Parameters
    ----------
    weight : array_like, any shape
    l1, l2 : float
        At least 0.
    n_threads : int, optional

    Returns
    -------
    penalty : float
        Summed in double precision.
    gradient : ndarray, shape of weight

    Raises
    ------
    ValueError
        If a factor is below 0 or not finite.

    Notes
    -----
    ``l1 Σ|w| + l2 Σ w²``, and ``l1 sign(w) + 2 l2 w`` with ``sign(0) = 0``, as in Keras. A term
    whose factor is 0 is left out, be it infinite.
    Zou, Hastie: Regularization and variable selection via the elastic net, 2005.

    Examples
    --------
    >>> from fastnn import functional
    >>> penalty, gradient = functional.l1_l2_penalty([[3, -1]], l1=0.5, l2=0.25)
    >>> penalty, gradient.tolist()
    (4.5, [[2.0, -1.0]])
    """
    name = "l1_l2_penalty"
    weight = real_array(name, "weight", weight)
    l1, l2 = number(name, "l1", l1, 0), number(name, "l2", l2, 0)
    dtype = common_dtype(weight)
    gradient = np.zeros(weight.shape, dtype)
    weight = vector(weight, dtype)
    return add_l1_l2_penalty(weight, gradient, l1, l2, resolve(n_threads)), gradient


def add_l1_l2_penalty(weight, gradient, l1, l2, threads):
    """Add the penalty's gradient to arrays of one dtype, C-contiguous; return the penalty."""
    return _l1_l2[weight.dtype](weight.reshape(-1), gradient.reshape(-1), l1, l2, threads)
