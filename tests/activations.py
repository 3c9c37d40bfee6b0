"""Activations in numbers wider than those under test, and how far a compiled result may be off.

`EXACT[name]` is the function, `SLOPES[name]` its derivative as terms to be added, of x in float64
for float32, in long doubles for float64: nothing is shared with the reference or the kernels.
"""

import numpy as np
from scipy import special

WIDE = np.longdouble
PI = 4 * np.arctan(WIDE(1))
LAMBDA = WIDE("1.0507009873554804934193349852946")
ALPHA = WIDE("1.6732632423543772848170429916717")
CUBIC = WIDE("0.044715")

# units in the last place, and multiples of eps · Σ|terms of the derivative|
LIMITS = {
    "hard_sigmoid": 2,
    "hard_swish": 3,
    "elu": 2,
    "selu": 3,
    "softplus": 3,
    "softsign": 2,
    "gelu": 6,
    "gelu_tanh": 4,
    "silu": 4,
    "mish": 5,
}
SLOPE_LIMIT = 4


def upper_half(x, below, above):
    return np.where(x > 0, above, below)


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return upper_half(x, small, np.ones_like(x)) / (1 + small)


def normal_tail(a):
    """The normal distribution at −a, a ≥ 0: the series of Φ, or Laplace's continued fraction."""
    if a.dtype == np.float64:
        return special.ndtr(-a)
    term = total = np.minimum(a, 3)
    for k in range(1, 90):
        term = term * np.minimum(a, 3) ** 2 / (2 * k + 1)
        total = total + term
    bell = density(a)
    fraction = far = np.maximum(a, 3)
    for k in range(300, 0, -1):
        fraction = far + k / fraction
    return np.where(a < 3, 0.5 - bell * total, bell / fraction)


def density(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * PI).astype(x.dtype)


def normal(x):
    tail = normal_tail(np.abs(x))
    return upper_half(x, tail, 1 - tail)


def cubic(x):
    return (2 * np.sqrt(2 / PI)).astype(x.dtype) * (x + CUBIC.astype(x.dtype) * x**3)


def cubic_slope(x):
    return (2 * np.sqrt(2 / PI)).astype(x.dtype) * (1 + 3 * CUBIC.astype(x.dtype) * x**2)


def mish_gate(x):
    # n / (n + 2) with n = e (e + 2), e = exp x; for x > 0 over e²
    w = np.exp(-np.abs(x))
    rest = upper_half(x, 2 + 0 * w, 2 * w**2)
    return (n := upper_half(x, w * (w + 2), 1 + 2 * w)) / (n + rest)


def expm1(x):
    return np.expm1(np.minimum(x, 0))


def exp(x):
    return np.exp(np.minimum(x, 0))


def linear_unit(x, scale, alpha):
    scale, alpha = x.dtype.type(scale), x.dtype.type(alpha)
    return scale * upper_half(x, alpha * expm1(x), x)


EXACT = {
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * (np.clip(x + 3, 0, 6) / 6),
    "elu": lambda x: linear_unit(x, 1, 1),
    "selu": lambda x: linear_unit(x, LAMBDA, ALPHA),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "gelu": lambda x: x * normal(x),
    "gelu_tanh": lambda x: x * sigmoid(cubic(x)),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * mish_gate(x),
}
SLOPES = {
    "hard_sigmoid": lambda x: (np.where(np.abs(x) < 3, 1 / x.dtype.type(6), 0),),
    "hard_swish": lambda x: (
        np.where(np.abs(x) < 3, x / 3, x >= 3),
        np.where(np.abs(x) < 3, 0.5, 0),
    ),
    "elu": lambda x: (upper_half(x, exp(x), 1),),
    "selu": lambda x: (x.dtype.type(LAMBDA) * upper_half(x, x.dtype.type(ALPHA) * exp(x), 1),),
    "softplus": lambda x: (sigmoid(x),),
    "softsign": lambda x: ((1 + np.abs(x)) ** -2,),
    "gelu": lambda x: (normal(x), x * density(x)),
    "gelu_tanh": lambda x: (
        sigmoid(cubic(x)),
        x * sigmoid(cubic(x)) * sigmoid(-cubic(x)) * cubic_slope(x),
    ),
    "silu": lambda x: (sigmoid(x), x * sigmoid(x) * sigmoid(-x)),
    "mish": lambda x: (mish_gate(x), x * (1 - mish_gate(x) ** 2) * sigmoid(x)),
}


def function_and_options(name):
    """The operation, and its options: GELU has two forms."""
    return ("gelu", {"approximate": "tanh"}) if name == "gelu_tanh" else (name, {})
