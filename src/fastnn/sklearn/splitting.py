"""Which samples early stopping sets aside: drawn for what a sample holds, not for where it stands.

A sample of weight 3 is three samples, and one of weight 0 is none: weights and repeated samples
lead to the same split, in any order of the rows. Every copy of a sample has a random number, made
of the bits of its features and target, of the seed, and of how many equal ones came before; the
copies with the smallest numbers are set aside, of each class a share.
"""

import numpy as np
from scipy.sparse import issparse

PIECE = 2**20  # numbers that are looked at at once
MOST_COPIES = 64  # of a sample; heavier ones are divided into parts
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mixed(z):
    """Return 64 random bits for each of these (Steele et al., SplitMix, 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _bits(x):
    """Return the bits of numbers as integers; 0 and −0 are the same."""
    x = np.ascontiguousarray(x) + 0.0
    return x.view(np.uint32).astype(np.uint64) if x.dtype.itemsize == 4 else x.view(np.uint64)


def contents(x, target, seed):
    """Return a number for each sample that its features, dense or sparse, and target decide."""
    target = target.reshape(len(target), -1).astype(np.float64)
    columns = np.arange(x.shape[1] + target.shape[1], dtype=np.uint64)
    factors = _mixed((columns + np.uint64(seed)) * GOLDEN) | np.uint64(1)
    of_x, of_target = factors[: x.shape[1]], factors[x.shape[1] :]
    found = _bits(target) @ of_target
    if issparse(x):
        x = x.tocsr()
        terms = _bits(x.data) * of_x[x.indices]
        sums = np.concatenate([[np.uint64(0)], np.cumsum(terms, dtype=np.uint64)])
        return found + (sums[x.indptr[1:]] - sums[x.indptr[:-1]])
    step = max(PIECE // max(x.shape[1], 1), 1)
    for first in range(0, len(x), step):
        found[first : first + step] += _bits(x[first : first + step]) @ of_x
    return found


def split(settings, x, target, weight, seed, strata):
    """Return the rows and weights that are trained on, and those that are not.

    Parameters
    ----------
    x, target, weight
        All samples; the weight may be None, as are then the weights that are returned.
    seed : int
    strata : ndarray of int, shape (N,), or None
        Samples of one number are split by themselves.

    Returns
    -------
    train, held : tuple (rows, weights)
    """
    n, share = len(target), settings.validation_fraction
    if share == 0:
        raise ValueError(f"{settings.who}: early stopping expects validation_fraction above 0")
    rows, parts = _copies(n, weight)
    key = contents(x, target, seed)[rows]
    key = _mixed(key + _occurrence(key) * GOLDEN)
    strata = np.zeros(n, np.int64) if strata is None else strata
    numbers = np.unique(strata[rows])
    held = np.zeros(len(rows), bool)
    for number in numbers:
        among = np.flatnonzero(strata[rows] == number)
        among = among[np.argsort(key[among], kind="stable")]
        reached = np.cumsum(parts[among])
        take = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-9))) + 1
        least = 2 if len(numbers) == 1 else 1
        held[among[: min(max(take, least), len(among) - 1)]] = True
    if np.count_nonzero(held) < 2:
        raise ValueError(
            f"{settings.who}: The validation set is too small: {np.count_nonzero(held)} of {n} "
            f"samples (n_samples={n}), with validation_fraction={share:g}. Increase "
            f"'validation_fraction' or the size of your dataset."
        )
    return tuple(_weighed(rows[part], parts[part], weight) for part in (~held, held))


def _copies(n, weight):
    """Return the row of each copy of a sample, and what it weighs."""
    if weight is None:
        return np.arange(n), np.ones(n)
    counts = np.ceil(np.minimum(weight, MOST_COPIES)).astype(np.int64)
    rows = np.repeat(np.arange(n), counts)
    return rows, weight[rows] / counts[rows]


def _occurrence(key):
    """Return how many equal ones come before each of these numbers."""
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.append(True, key[order][1:] != key[order][:-1]))
    lengths = np.diff(np.append(first, len(key)))
    found = np.empty(len(key), np.uint64)
    found[order] = np.arange(len(key)) - np.repeat(first, lengths)
    return found


def _weighed(rows, parts, weight):
    """Return rows once each, in order, and an array of what each of all samples weighs there."""
    if weight is None:
        return rows, None
    total = np.bincount(rows, parts, minlength=len(weight))
    return np.flatnonzero(total > 0), total
