"""Parameter updates with a step width for every parameter, in place on flat vectors."""

import math

from ._arrays import as_integer
from .update import check_at_least_zero, check_below_one, check_positive, check_vectors


def rmsprop_update(
    parameters,
    gradients,
    squares,
    velocity=None,
    means=None,
    *,
    learning_rate,
    alpha=0.99,
    momentum=0.0,
    epsilon=1e-8,
    weight_decay=0.0,
):
    """One step of RMSprop, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    squares : ndarray, shape (P,)
        Overwritten; zeros before the first step.
    velocity, means : ndarray, shape (P,), or None
        Overwritten; zeros before the first step. Without a velocity there is no momentum; with
        means, the gradients' spread around them takes the place of their size.
    learning_rate, epsilon, momentum : float
    alpha : float
        Decay of the means, at least 0 and below 1.
    weight_decay : float
        What is added to the gradient for every unit of a parameter.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``g = g + weight_decay p``, ``s = alpha s + (1 - alpha) g^2``, ``a = alpha a + (1 - alpha) g``;
    ``u = g / (sqrt(s) + epsilon)``, centered ``u = g / (sqrt(s - a^2) + epsilon)`` where a negative
    difference counts as 0; ``v = momentum v + u``; ``p = p - learning_rate v`` (Tieleman and
    Hinton, Lecture 6.5, 2012; Graves, Generating sequences with recurrent neural networks, 2013).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> p, s = np.array([1.0]), np.array([0.0])
    >>> reference.rmsprop_update(p, np.array([4.0]), s, learning_rate=0.25, alpha=0.75)
    >>> p.round(6).tolist(), s.tolist()
    ([0.5], [4.0])
    """
    operation = "rmsprop_update"
    vectors = {"parameters": parameters, "gradients": gradients, "squares": squares}
    if velocity is not None:
        vectors["velocity"] = velocity
    elif momentum != 0:
        raise ValueError(f"{operation}: expected a velocity with momentum {momentum}, got None")
    if means is not None:
        vectors["means"] = means
    check_vectors(operation, vectors)
    check_at_least_zero(
        operation, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay
    )
    check_below_one(operation, alpha=alpha)
    check_positive(operation, epsilon=epsilon)

    p, g, s = parameters.tolist(), gradients.tolist(), squares.tolist()
    v = [0.0] * len(p) if velocity is None else velocity.tolist()
    a = [0.0] * len(p) if means is None else means.tolist()
    for i in range(len(p)):
        if weight_decay != 0:
            g[i] += weight_decay * p[i]
        s[i] = alpha * s[i] + (1.0 - alpha) * g[i] * g[i]
        spread = s[i]
        if means is not None:
            a[i] = alpha * a[i] + (1.0 - alpha) * g[i]
            spread -= a[i] * a[i]
        if spread < 0:
            spread = 0.0
        v[i] = momentum * v[i] + g[i] / (math.sqrt(spread) + epsilon)
        p[i] -= learning_rate * v[i]
    parameters[:], squares[:] = p, s
    if velocity is not None:
        velocity[:] = v
    if means is not None:
        means[:] = a


def adagrad_update(
    parameters,
    gradients,
    squares,
    *,
    step,
    learning_rate,
    rate_decay=0.0,
    epsilon=1e-10,
    weight_decay=0.0,
):
    """One step of Adagrad, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    squares : ndarray, shape (P,)
        Overwritten: the sum of the gradients' squares so far.
    step : int
        Number of this step, counted from 1.
    learning_rate, rate_decay, epsilon : float
    weight_decay : float
        What is added to the gradient for every unit of a parameter.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``g = g + weight_decay p``, ``s = s + g^2``, then
    ``p = p - learning_rate / (1 + (step - 1) rate_decay) g / (sqrt(s) + epsilon)`` (Duchi et al.,
    Adaptive subgradient methods for online learning and stochastic optimization, 2011).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> p, s = np.array([1.0]), np.array([16.0])
    >>> reference.adagrad_update(p, np.array([3.0]), s, step=1, learning_rate=0.5)
    >>> p.round(6).tolist(), s.tolist()
    ([0.7], [25.0])
    """
    operation = "adagrad_update"
    check_vectors(operation, {"parameters": parameters, "gradients": gradients, "squares": squares})
    check_at_least_zero(
        operation, learning_rate=learning_rate, rate_decay=rate_decay, weight_decay=weight_decay
    )
    check_positive(operation, epsilon=epsilon)
    step = as_integer(operation, "step", step, 1)

    p, g, s = parameters.tolist(), gradients.tolist(), squares.tolist()
    rate = learning_rate / (1.0 + (step - 1) * rate_decay)
    for i in range(len(p)):
        if weight_decay != 0:
            g[i] += weight_decay * p[i]
        s[i] += g[i] * g[i]
        p[i] -= rate * g[i] / (math.sqrt(s[i]) + epsilon)
    parameters[:], squares[:] = p, s


def adadelta_update(
    parameters,
    gradients,
    squares,
    changes,
    *,
    learning_rate=1.0,
    rho=0.9,
    epsilon=1e-6,
    weight_decay=0.0,
):
    """One step of Adadelta, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    squares, changes : ndarray, shape (P,)
        Overwritten: mean squares of gradients and of steps; zeros before the first step.
    learning_rate, epsilon : float
    rho : float
        Decay of the means, at least 0 and below 1.
    weight_decay : float
        What is added to the gradient for every unit of a parameter.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``g = g + weight_decay p``, ``s = rho s + (1 - rho) g^2``,
    ``u = sqrt(c + epsilon) / sqrt(s + epsilon) g``, ``c = rho c + (1 - rho) u^2``,
    ``p = p - learning_rate u`` (Zeiler, ADADELTA: an adaptive learning rate method, 2012).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> p, s, c = np.array([1.0]), np.array([3.0]), np.array([0.75])
    >>> reference.adadelta_update(p, np.array([3.0]), s, c, rho=0.5, epsilon=0.25)
    >>> p.round(6).tolist(), s.tolist(), c.round(3).tolist()
    ([-0.2], [6.0], [1.095])
    """
    operation = "adadelta_update"
    vectors = {
        "parameters": parameters,
        "gradients": gradients,
        "squares": squares,
        "changes": changes,
    }
    check_vectors(operation, vectors)
    check_at_least_zero(operation, learning_rate=learning_rate, weight_decay=weight_decay)
    check_below_one(operation, rho=rho)
    check_positive(operation, epsilon=epsilon)

    p, g, s, c = (vector.tolist() for vector in vectors.values())
    for i in range(len(p)):
        if weight_decay != 0:
            g[i] += weight_decay * p[i]
        s[i] = rho * s[i] + (1.0 - rho) * g[i] * g[i]
        u = math.sqrt(c[i] + epsilon) / math.sqrt(s[i] + epsilon) * g[i]
        c[i] = rho * c[i] + (1.0 - rho) * u * u
        p[i] -= learning_rate * u
    parameters[:], squares[:], changes[:] = p, s, c
