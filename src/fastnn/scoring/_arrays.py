"""What metrics ask of arrays, and sums that they share."""

import numpy as np

from fastnn.checks import real_array
from fastnn.labels import sample_weights


def numbers(who, what, values):
    """Return numbers of any kind as float64."""
    return real_array(who, what, values).astype(np.float64)


def aligned(who, one, two):
    """Return both arrays in one shape: never broadcast, but for a last axis of 1."""
    if one.shape != two.shape:
        if one.shape == (*two.shape, 1):
            return one[..., 0], two
        if two.shape == (*one.shape, 1):
            return one, two[..., 0]
        raise ValueError(f"{who}: expected arrays of one shape, got {one.shape} and {two.shape}")
    return one, two


def weights_of(who, sample_weight, shape):
    """Return a weight for each element of an array of this shape, flat."""
    if not shape:
        raise ValueError(f"{who}: expected arrays with an axis of samples, got single numbers")
    weight = np.ones(shape[0])
    if sample_weight is not None:
        weight = sample_weights(who, sample_weight, shape[0], np.float64)
    return np.repeat(weight, int(np.prod(shape[1:], dtype=np.int64)))


def ratio(part, whole):
    """Return a share as a float; 0 of nothing."""
    return float(part / whole) if whole > 0 else 0.0
