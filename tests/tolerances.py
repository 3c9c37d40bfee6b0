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
ACTIVATION_ULP = 6.0  # at most; each by itself in activations.py
LOGARITHM_ULP = 1.0  # of random numbers, in double; so are the next two
SINE_ULP = 1.5  # and cosine, of the rounded angle
NORMAL_ULP = 4.0  # logarithm, root, sine and product, of this and of the other implementation

# error / (eps · magnitude)
PRODUCT = 2.0  # up to four roundings in a row: backward of sigmoid and tanh, scaled sums
UPDATE = 4.0  # up to eight: optimizers
ADAPTIVE = 6.0  # up to twelve: with weight decay, or roots of means; twice that for their squares
# for each pixel of an image's height and width: places in it, which are differences and products of
# numbers as large as these, and the differences between neighbours that they are multiplied by
PLACE = 4.0
LOSS = ONE_SIGN  # losses are sums in double precision
WINOGRAD = 6.0  # half an eps for each addition of transforms and bias: 2 of data, 4 and 4, and 1

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


# Winograd's transforms with all signs positive: |Bᵀ|, |G|, |Aᵀ|.
BORDERS = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]])
MEANS = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0, 0, 1]])
OUTPUTS = np.array([[1, 1, 1, 0], [0, 1, 1, 1]])


def winograd_magnitudes(x, weight, before, sizes):
    """Σ|a||b| of all that Winograd's algorithm adds up for each sum of a convolution.

    Every product v·u of transformed numbers, v of 4 inputs, u of up to 9 weights, counts with the
    magnitudes of these, and in each of the outputs that it is part of:
    |Aᵀ| Σ_c [(|G||g||G|ᵀ) ⊙ (|Bᵀ||d||B|)] |A|. The errors of v, u, their sum over channels and the
    transform of that sum are each at most so many eps of this; it is up to 64/9 times as much as
    Σ|x||weight| of numbers of one size.
    """
    far = 8  # more than any padding
    tiles = [-(-size // 2) for size in sizes]
    x = np.pad(np.abs(x), [(0, 0), (far, far), (far, far), (0, 0)])
    x = np.lib.stride_tricks.sliding_window_view(x, (4, 4), (1, 2))
    rows, columns = (
        slice(far - start, far - start + 2 * count, 2)
        for start, count in zip(before, tiles, strict=True)
    )
    data = np.einsum("nstcij,pi,qj->nstcpq", x[:, rows, columns], BORDERS, BORDERS)
    kernels = np.einsum("fklc,pk,ql->fcpq", np.abs(weight), MEANS, MEANS)
    products = np.einsum("nstcpq,fcpq->nstfpq", data, kernels)
    y = np.einsum("nstfpq,ap,bq->nsatbf", products, OUTPUTS, OUTPUTS)
    y = y.reshape(len(x), 2 * tiles[0], 2 * tiles[1], len(weight))
    return y[:, : sizes[0], : sizes[1]]


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
