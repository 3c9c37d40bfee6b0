"""The elastic net: a penalty on large weights."""

import math

from ._arrays import as_array, as_floats, as_number, as_result


def l1_l2_penalty(weight, *, l1=0.0, l2=0.0):
    """Penalty on the sizes and the squares of weights, and its gradient.

    Parameters
    ----------
    weight : array_like, any shape
    l1, l2 : float
        At least 0.

    Returns
    -------
    penalty : float
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
    >>> from fastnn import reference
    >>> penalty, gradient = reference.l1_l2_penalty([[3, -1]], l1=0.5, l2=0.25)
    >>> penalty, gradient.tolist()
    (4.5, [[2.0, -1.0]])
    """
    name = "l1_l2_penalty"
    weight = as_array(name, "weight", weight)
    l1, l2 = as_number(name, "l1", l1, 0), as_number(name, "l2", l2, 0)
    weights = as_floats(weight, -1)
    penalty, gradient = 0.0, [0.0] * len(weights)
    if l1 != 0:
        penalty += l1 * math.fsum(abs(w) for w in weights)
        for i, w in enumerate(weights):
            gradient[i] += math.nan if math.isnan(w) else l1 * ((w > 0) - (w < 0))
    if l2 != 0:
        penalty += l2 * math.fsum(w * w for w in weights)
        for i, w in enumerate(weights):
            gradient[i] += 2 * l2 * w
    return penalty, as_result(gradient, weight.shape, weight)
