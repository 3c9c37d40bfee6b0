"""Initial weights: functions from a shape to an array, by name or by callable.

An initializer is called as `initializer(shape, seed=…, stream=…)` with the shape of a weight
`(out, …, in)` and returns an array of that shape. The random ones draw float64 numbers from the
counter-based generator of `fastnn.functional`, so the seed and the layer's place in its network
decide the weights, whatever the number of threads.

With `fan_in` the inputs of a unit, units of variance-preserving weights keep `E[x²] ≈ 1` from layer
to layer: `N(0, 1 / fan_in)` for sigmoid, tanh and linear units, `N(0, 2 / fan_in)` for ReLU units,
which drop half of their input's power (LeCun et al., Efficient BackProp, 1998; He et al., Delving
deep into rectifiers, 2015).
"""

import math

import numpy as np

from fastnn import functional
from fastnn.checks import lookup, number, real_array


def constant(value):
    """Return an initializer that fills with `value`.

    Examples
    --------
    >>> from fastnn import initializers
    >>> initializers.constant(0.1)((3,)).tolist()
    [0.1, 0.1, 0.1]
    """
    value = number("constant", "value", value)
    return lambda shape, *, seed=0, stream=0: np.full(shape, value)


def normal(spread=0.05, mean=0.0):
    """Return an initializer that draws from the normal distribution `N(mean, spread²)`."""
    spread, mean = number("normal", "spread", spread, 0), number("normal", "mean", mean)

    def draw(shape, *, seed=0, stream=0):
        n = math.prod(shape)
        draws = functional.random_normal(n, seed=seed, stream=stream, dtype="float64")
        draws *= spread
        draws += mean
        return draws.reshape(shape)

    return draw


def uniform(low=-0.05, high=0.05):
    """Return an initializer that draws evenly from `low` up to, without, `high`."""
    low, high = number("uniform", "low", low), number("uniform", "high", high)
    if low > high:
        raise ValueError(f"uniform: expected low <= high, got {low} and {high}")

    def draw(shape, *, seed=0, stream=0):
        n = math.prod(shape)
        draws = functional.random_uniform(n, seed=seed, stream=stream, dtype="float64")
        draws *= high - low
        draws += low
        return draws.reshape(shape)

    return draw


def _fans(shape):
    """Inputs and outputs of a unit of the weight `(out, *kernel, in)`."""
    fan_in = math.prod(shape[1:])
    return fan_in, math.prod(shape[:-1])


def zeros(shape, *, seed=0, stream=0):
    """Fill with 0."""
    return np.zeros(shape)


def ones(shape, *, seed=0, stream=0):
    """Fill with 1."""
    return np.ones(shape)


def lecun_normal(shape, *, seed=0, stream=0):
    """Draw from `N(0, 1 / fan_in)`."""
    fan_in, _ = _fans(shape)
    return normal(math.sqrt(1 / max(fan_in, 1)))(shape, seed=seed, stream=stream)


def he_normal(shape, *, seed=0, stream=0):
    """Draw from `N(0, 2 / fan_in)`."""
    fan_in, _ = _fans(shape)
    return normal(math.sqrt(2 / max(fan_in, 1)))(shape, seed=seed, stream=stream)


def glorot_normal(shape, *, seed=0, stream=0):
    """Draw from `N(0, 2 / (fan_in + fan_out))`."""
    return normal(math.sqrt(2 / max(sum(_fans(shape)), 1)))(shape, seed=seed, stream=stream)


def glorot_uniform(shape, *, seed=0, stream=0):
    """Draw evenly, with the variance of `glorot_normal`."""
    limit = math.sqrt(6 / max(sum(_fans(shape)), 1))
    return uniform(-limit, limit)(shape, seed=seed, stream=stream)


INITIALIZERS = {
    "zeros": zeros,
    "ones": ones,
    "normal": normal(),
    "uniform": uniform(),
    "lecun_normal": lecun_normal,
    "he_normal": he_normal,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
}


def get(initializer):
    """Return the initializer of this name; a callable is one already, a number is a constant.

    Examples
    --------
    >>> from fastnn import initializers
    >>> initializers.get("zeros")((2,)).tolist()
    [0.0, 0.0]
    """
    if callable(initializer):
        return initializer
    if isinstance(initializer, (int, float)) and not isinstance(initializer, bool):
        return constant(initializer)
    return lookup("initializer", initializer, INITIALIZERS)


def draw(who, initializer, shape, *, seed, stream):
    """Return what `initializer` makes of `shape`, checked: users bring their own."""
    array = real_array(
        who, "the initializer's array", get(initializer)(shape, seed=seed, stream=stream)
    )
    if array.shape != tuple(shape):
        raise ValueError(
            f"{who}: expected an initializer that returns shape {tuple(shape)}, got {array.shape}"
        )
    return array
