"""Parameter updates of Adam and AdamW, in place on flat vectors."""

import math

from ._arrays import as_integer
from .update import check_at_least_zero, check_below_one, check_positive, check_vectors


def adam_update(
    parameters,
    gradients,
    first_moment,
    second_moment,
    largest=None,
    *,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.0,
):
    """One step of Adam, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    first_moment, second_moment : ndarray, shape (P,)
        Overwritten; zeros before the first step.
    largest : ndarray, shape (P,), or None
        Overwritten: the largest second moments so far, which AMSGrad divides by.
    step : int
        Number of this step, counted from 1.
    learning_rate, epsilon : float
    beta1, beta2 : float
        Decay of the moments, at least 0 and below 1.
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
    ``g = g + weight_decay p``, ``m = beta1 m + (1 - beta1) g`` and
    ``v = beta2 v + (1 - beta2) g^2``, then ``p = p - learning_rate m' / (sqrt(v') + epsilon)`` with
    ``m' = m / (1 - beta1^step)`` and ``v' = v / (1 - beta2^step)`` (Kingma and Ba, Adam, 2015,
    algorithm 1). With `largest`, ``l = max(l, v)`` stands for v there (Reddi et al., On the
    convergence of Adam and beyond, 2018; of moments before their correction, as in PyTorch).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> parameters, moments = np.array([1.0]), np.zeros((2, 1))
    >>> reference.adam_update(parameters, np.array([3.0]), *moments, step=1, learning_rate=0.25)
    >>> parameters.round(6).tolist()
    [0.75]
    """
    vectors = [parameters, gradients, first_moment, second_moment, largest]
    how = {"step": step, "learning_rate": learning_rate, "epsilon": epsilon}
    _adam("adam_update", vectors, beta1, beta2, weight_decay, False, **how)


def adamw_update(
    parameters,
    gradients,
    first_moment,
    second_moment,
    largest=None,
    *,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.01,
):
    """One step of AdamW, in place: Adam with decoupled weight decay.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    first_moment, second_moment : ndarray, shape (P,)
        Overwritten; zeros before the first step.
    largest : ndarray, shape (P,), or None
        Overwritten: the largest second moments so far, which AMSGrad divides by.
    step : int
        Number of this step, counted from 1.
    learning_rate, epsilon : float
    beta1, beta2 : float
        Decay of the moments, at least 0 and below 1.
    weight_decay : float
        Parameters shrink by the learning rate times this part before the step.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``p = p - learning_rate weight_decay p``, then the step of Adam without weight decay (Loshchilov
    and Hutter, Decoupled weight decay regularization, 2019, algorithm 2).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> parameters, moments = np.array([1.0]), np.zeros((2, 1))
    >>> reference.adamw_update(parameters, np.array([3.0]), *moments, step=1, learning_rate=0.25)
    >>> parameters.round(6).tolist()
    [0.7475]
    """
    vectors = [parameters, gradients, first_moment, second_moment, largest]
    how = {"step": step, "learning_rate": learning_rate, "epsilon": epsilon}
    _adam("adamw_update", vectors, beta1, beta2, weight_decay, True, **how)


def _adam(
    operation, vectors, beta1, beta2, weight_decay, decoupled, *, step, learning_rate, epsilon
):
    names = "parameters", "gradients", "first_moment", "second_moment", "largest"
    *_, largest = vectors
    present = zip(names, vectors, strict=True)
    check_vectors(operation, {name: vector for name, vector in present if vector is not None})
    check_at_least_zero(operation, learning_rate=learning_rate, weight_decay=weight_decay)
    check_below_one(operation, beta1=beta1, beta2=beta2)
    check_positive(operation, epsilon=epsilon)
    step = as_integer(operation, "step", step, 1)

    p, g, m, v = (vector.tolist() for vector in vectors[:4])
    peak = [0.0] * len(p) if largest is None else largest.tolist()
    for i in range(len(p)):
        if decoupled:
            p[i] -= learning_rate * weight_decay * p[i]
        elif weight_decay != 0:
            g[i] += weight_decay * p[i]
        m[i] = beta1 * m[i] + (1.0 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1.0 - beta2) * g[i] * g[i]
        size = v[i]
        if largest is not None:
            if not v[i] <= peak[i]:  # a NaN takes its place too
                peak[i] = v[i]
            size = peak[i]
        corrected_m = m[i] / (1.0 - beta1**step)
        corrected_v = size / (1.0 - beta2**step)
        p[i] -= learning_rate * corrected_m / (math.sqrt(corrected_v) + epsilon)
    _, _, first_moment, second_moment, _ = vectors
    vectors[0][:], first_moment[:], second_moment[:] = p, m, v
    if largest is not None:
        largest[:] = peak
