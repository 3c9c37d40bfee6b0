"""How far a compiled result may be from the exact one: every tolerance of the tests of operations.

A dot product of any length is held to a multiple of ``eps Σ|a||b|``, which grows with the data's
roughness and not with its length: no chain of additions is longer than 128 terms. All other limits
follow by counting roundings, each at most half an eps of what it rounds.
"""

import numpy as np

EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}
TINY = {"float32": 2.0**-126, "float64": 2.0**-1022}  # smaller numbers count as zero

# error / (eps Σ|a||b|) of a dot product, by the kind of its data
DOT = {"integer": 0.0, "zero_mean": 4.0, "positive": 8.0, "constant": 32.0}
ONE_SIGN = DOT["positive"]

# error / unit in the last place
EXPONENTIAL_ULP = 2.0

# error / (eps · magnitude)
PRODUCT = 2.0  # up to four roundings in a row: backward of sigmoid and tanh, scaled sums
UPDATE = 4.0  # up to eight: optimizers
LOSS = ONE_SIGN  # losses are sums in double precision

# Finite differences in float64: truncation h² and rounding eps / h are both near 1e-10.
STEP = 2.0**-17
DIFFERENCE = 1e-8

# A training step in float64 against the reference, relative to the largest number of the result:
# some tens of operations, each within the limits above.
TRAINING = 1e-12


def ulp(value, dtype):
    """One unit in the last place at `value`; the smallest normal number at 0."""
    spacing = np.spacing(np.abs(value).astype(dtype)).astype(np.float64)
    return np.maximum(spacing, EPSILON[dtype] * TINY[dtype])


def softmax_errors(x, y):
    """How many eps each element of `y`, the softmax of `x`, may be wrong by.

    An exponential above, exponentials below, their sum and the quotient; and half an eps of the
    distances from the largest, which become relative errors of their exponentials.
    """
    distances = np.max(x, axis=-1, keepdims=True) - x
    below = np.sum(y * distances, axis=-1, keepdims=True)
    return 2 * EXPONENTIAL_ULP + ONE_SIGN + 1 + (distances + below) / 2


def assert_within(result, expected, allowed, label=""):
    """Assert `|result − expected| ≤ allowed` everywhere; NaN and infinities must be equal."""
    result, expected = np.asarray(result, np.float64), np.asarray(expected, np.float64)
    assert result.shape == expected.shape, f"{label}: shape {result.shape}, not {expected.shape}"
    equal = (result == expected) | (np.isnan(result) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        wrong = ~(equal | (np.abs(result - expected) <= allowed))
    if wrong.any():
        where = tuple(np.argwhere(wrong)[0])
        limit = np.broadcast_to(allowed, wrong.shape)[where]
        raise AssertionError(
            f"{label}: {np.count_nonzero(wrong)} of {wrong.size} wrong; at {where} got "
            f"{result[where]!r}, expected {expected[where]!r} within {limit:.3g}"
        )
