"""Initial weights: functions from a shape to an array, by name or by callable.

An initializer is called as `initializer(shape, seed=…, stream=…)` with the shape of a weight
`(out, …, in)` and returns an array of that shape. The random ones draw float64 numbers from the
counter-based generator of `fastnn.functional`, so the seed and the layer's place in its network
decide the weights, whatever the number of threads.

With `fan_in` the inputs of a unit, units of variance-preserving weights keep `E[x²] ≈ 1` from layer
to layer: `N(0, 1 / fan_in)` for sigmoid, tanh and linear units, `N(0, 2 / fan_in)` for ReLU units,
which drop half of their input's power (LeCun et al., Efficient BackProp, 1998; He et al., Delving
deep into rectifiers, 2015). Glorot's divide by the mean of `fan_in` and `fan_out` (Glorot and
Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010).

The normal ones of a name draw from whole normal distributions, as PyTorch's do; Keras's cut them at
two standard deviations, which is `VarianceScaling(…, distribution="truncated_normal")`.
"""

import math
from dataclasses import dataclass

import numpy as np

from fastnn import functional
from fastnn.checks import integer, lookup, number, real_array

# The standard deviation of what is left of N(0, 1) within ±2: sqrt(1 − 4 φ(2) / (2 Φ(2) − 1)).
CUT_SPREAD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


def _moved(draws, spread, mean):
    """Return `mean + spread · draws`, in place of draws."""
    draws *= spread
    draws += mean
    return draws


@dataclass(frozen=True)
class Constant:
    """Fill with `value`.

    Examples
    --------
    >>> from fastnn import initializers
    >>> initializers.Constant(0.1)((3,)).tolist()
    [0.1, 0.1, 0.1]
    """

    value: float

    def __post_init__(self):
        number("constant", "value", self.value)

    def __call__(self, shape, *, seed=0, stream=0):
        return np.full(shape, float(self.value))


@dataclass(frozen=True)
class Normal:
    """Draw from the normal distribution `N(mean, spread²)`."""

    spread: float = 0.05
    mean: float = 0.0

    def __post_init__(self):
        number("normal", "spread", self.spread, 0)
        number("normal", "mean", self.mean)

    def __call__(self, shape, *, seed=0, stream=0):
        draws = functional.random_normal(
            math.prod(shape), seed=seed, stream=stream, dtype="float64"
        )
        return _moved(draws, self.spread, self.mean).reshape(shape)


@dataclass(frozen=True)
class TruncatedNormal:
    """Draw from `N(mean, spread²)`, again wherever a number is more than `2 spread` off.

    As in Keras and PyTorch, `spread` is that before the cut; what is left has 0.88 of it. Numbers
    are drawn again from the generator's next counter, all at their own places.

    Examples
    --------
    >>> from fastnn import initializers
    >>> draws = initializers.TruncatedNormal(0.05)((50, 20))
    >>> bool(abs(draws).max() <= 0.1)
    True
    """

    spread: float = 0.05
    mean: float = 0.0

    def __post_init__(self):
        number("truncated_normal", "spread", self.spread, 0)
        number("truncated_normal", "mean", self.mean)

    def __call__(self, shape, *, seed=0, stream=0):
        n, counter = math.prod(shape), 0
        draws = np.full(n, np.inf)
        while (outside := np.abs(draws) > 2).any():
            key = {"seed": seed, "stream": stream, "counter": counter, "dtype": "float64"}
            draws[outside] = functional.random_normal(n, **key)[outside]
            counter += 1
        return _moved(draws, self.spread, self.mean).reshape(shape)


@dataclass(frozen=True)
class Uniform:
    """Draw evenly from `low` up to, without, `high`."""

    low: float = -0.05
    high: float = 0.05

    def __post_init__(self):
        low, high = number("uniform", "low", self.low), number("uniform", "high", self.high)
        if low > high:
            raise ValueError(f"uniform: expected low <= high, got {low} and {high}")

    def __call__(self, shape, *, seed=0, stream=0):
        n = math.prod(shape)
        draws = functional.random_uniform(n, seed=seed, stream=stream, dtype="float64")
        return _moved(draws, self.high - self.low, self.low).reshape(shape)


@dataclass(frozen=True)
class VarianceScaling:
    """Draw numbers of mean 0 and variance `scale / fan`.

    Parameters
    ----------
    scale : float
    fan : {"in", "out", "average"}
        Inputs of a unit, `kernel · in / groups`; outputs of an input, `kernel · out`; or their
        mean. A weight's shape tells nothing of groups, so that its outputs are those of all groups,
        as in PyTorch.
    distribution : {"normal", "truncated_normal", "uniform"}
        Normal, normal within two standard deviations (and as much wider before the cut that the
        variance is right, as in Keras), or even.

    Examples
    --------
    >>> from fastnn import initializers
    >>> keras_he_normal = initializers.VarianceScaling(2, "in", "truncated_normal")
    >>> round(float(keras_he_normal((500, 200)).std()), 2)
    0.1
    """

    scale: float = 1.0
    fan: str = "in"
    distribution: str = "normal"

    def __post_init__(self):
        number("VarianceScaling", "scale", self.scale, 0)
        lookup("fan", self.fan, {"in": 0, "out": 0, "average": 0})
        lookup("distribution", self.distribution, _DISTRIBUTIONS)

    def __call__(self, shape, *, seed=0, stream=0):
        fan_in, fan_out = math.prod(shape[1:]), math.prod(shape[:-1])
        fan = {"in": fan_in, "out": fan_out, "average": (fan_in + fan_out) / 2}[self.fan]
        draw = _DISTRIBUTIONS[self.distribution](self.scale, fan or 1)
        return draw(shape, seed=seed, stream=stream)


_DISTRIBUTIONS = {
    "normal": lambda scale, fan: Normal(math.sqrt(scale / fan)),
    "truncated_normal": lambda scale, fan: TruncatedNormal(math.sqrt(scale / fan) / CUT_SPREAD),
    "uniform": lambda scale, fan: Uniform(-math.sqrt(3 * scale / fan), math.sqrt(3 * scale / fan)),
}


@dataclass(frozen=True)
class Orthogonal:
    """Make the rows of the weight `(out, rest)`, or else its columns, orthogonal, of length `gain`.

    The Q of a normal matrix's QR decomposition, columns signed as the diagonal of R, is drawn
    evenly from all orthogonal matrices (Saxe et al., Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks, 2014). Its last digits are those of NumPy's LAPACK.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import initializers
    >>> weight = initializers.Orthogonal(2.0)((3, 5))
    >>> bool(np.allclose(weight @ weight.T, 4 * np.eye(3)))
    True
    """

    gain: float = 1.0

    def __post_init__(self):
        number("orthogonal", "gain", self.gain)

    def __call__(self, shape, *, seed=0, stream=0):
        if len(shape) < 2:
            raise ValueError(
                f"orthogonal: expected the shape (out, …, in) of a weight, got {tuple(shape)}"
            )
        rows, columns = shape[0], math.prod(shape[1:])
        tall = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(Normal(1.0)(tall, seed=seed, stream=stream))
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain)
        return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)


@dataclass(frozen=True)
class Identity:
    """Make a dense layer pass on its inputs, `gain` times: 1s on the diagonal, else 0s.

    Examples
    --------
    >>> from fastnn import initializers
    >>> initializers.Identity()((2, 3)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """

    gain: float = 1.0

    def __post_init__(self):
        number("identity", "gain", self.gain)

    def __call__(self, shape, *, seed=0, stream=0):
        if len(shape) != 2:
            raise ValueError(
                f"identity: expected the shape (out, in) of a dense weight, got {tuple(shape)}; "
                f"for convolutions use dirac"
            )
        return self.gain * np.eye(*shape)


@dataclass(frozen=True)
class Dirac:
    """Make a convolution pass on its inputs: 1s at the middle of its kernels, else 0s.

    They lead from each input channel of a group to the output of the same number. The middle of an
    even kernel is the tap after it, `size // 2`.

    Parameters
    ----------
    groups : int
        Those of the layer.

    Examples
    --------
    >>> from fastnn import initializers
    >>> initializers.Dirac()((2, 3, 2)).tolist()
    [[[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]
    """

    groups: int = 1

    def __post_init__(self):
        integer("dirac", "groups", self.groups)

    def __call__(self, shape, *, seed=0, stream=0):
        if len(shape) < 3 or shape[0] % self.groups:
            raise ValueError(
                f"dirac: expected the shape (out, *kernel, in) of a convolution's weight in "
                f"{self.groups} groups, got {tuple(shape)}"
            )
        weight = np.zeros(shape)
        middle = tuple(size // 2 for size in shape[1:-1])
        outputs = shape[0] // self.groups  # of a group
        for output in range(shape[0]):
            if output % outputs < shape[-1]:
                weight[(output, *middle, output % outputs)] = 1.0
        return weight


def zeros(shape, *, seed=0, stream=0):
    """Fill with 0."""
    return np.zeros(shape)


def ones(shape, *, seed=0, stream=0):
    """Fill with 1."""
    return np.ones(shape)


constant, normal, uniform = Constant, Normal, Uniform
lecun_normal = VarianceScaling(1.0, "in", "normal")
lecun_uniform = VarianceScaling(1.0, "in", "uniform")
he_normal = VarianceScaling(2.0, "in", "normal")
he_uniform = VarianceScaling(2.0, "in", "uniform")
glorot_normal = VarianceScaling(1.0, "average", "normal")
glorot_uniform = VarianceScaling(1.0, "average", "uniform")

INITIALIZERS = {
    "zeros": zeros,
    "ones": ones,
    "normal": Normal(),
    "truncated_normal": TruncatedNormal(),
    "uniform": Uniform(),
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
    "orthogonal": Orthogonal(),
    "identity": Identity(),
    "dirac": Dirac(),
}


def get(initializer):
    """Return the initializer of this name; a callable is one already, a number is a constant.

    Examples
    --------
    >>> from fastnn import initializers
    >>> initializers.get("zeros")((2,)).tolist()
    [0.0, 0.0]
    """
    if isinstance(initializer, type):
        name = initializer.__name__
        raise TypeError(f"expected an initializer, got its class; write {name}(…)")
    if callable(initializer):
        return initializer
    if isinstance(initializer, (int, float)) and not isinstance(initializer, bool):
        return Constant(initializer)
    return lookup("initializer", initializer, INITIALIZERS)


def draw(who, initializer, shape, *, seed, stream):
    """Return what `initializer` makes of `shape`, checked: users bring their own."""
    if isinstance(initializer, str) and initializer == "zeros":  # any number of which is one
        return np.broadcast_to(0.0, shape)
    array = real_array(
        who, "the initializer's array", get(initializer)(shape, seed=seed, stream=stream)
    )
    if array.shape != tuple(shape):
        raise ValueError(
            f"{who}: expected an initializer that returns shape {tuple(shape)}, got {array.shape}"
        )
    return array
