"""Which samples a fit takes: a share set aside for validation, or draws with replacement."""

import math

import numpy as np

from fastnn import functional
from fastnn.checks import number

# streams of random numbers; _core/random.pyx lists the others
SPLIT_STREAM = 2**32 - 16
BOOTSTRAP_STREAM = 2**32 - 17


def split(who, n, share, seed, labels=None):
    """Part n samples in two, by the seed alone: the same samples always part alike.

    Parameters
    ----------
    who : str
        Whose messages these are.
    n : int
    share : float
        Of the second part, more than 0 and less than 1; it gets `round(share · n)` samples.
    seed : int
    labels : ndarray of int, shape (n,), optional
        Both parts then have the same share of every class, up to rounding, and the first part has
        some of each.

    Returns
    -------
    first, second : ndarray of int64
        Numbers of samples, ascending.

    Notes
    -----
    The second part takes the samples with the smallest keys of `functional.random_uint32`, within
    each class; what is left of the rounded classes goes to the largest remainders.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.splitting import split
    >>> labels = np.array([0] * 6 + [1] * 4)
    >>> first, second = split("fit", 10, 0.5, seed=0, labels=labels)
    >>> np.bincount(labels[first]).tolist(), np.bincount(labels[second]).tolist()
    ([3, 2], [3, 2])
    """
    share = number(who, "validation_split", share, 0, 1)
    wanted = math.floor(share * n + 0.5)
    if not 0 < wanted < n:
        raise ValueError(
            f"{who}: expected a validation_split that leaves samples on both sides, got {share} "
            f"of {n} samples"
        )
    keys = functional.random_uint32(n, seed=seed, stream=SPLIT_STREAM)
    index = np.zeros(n, np.int64) if labels is None else np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(index)
    exact = sizes * (wanted / n)
    most = sizes - (len(sizes) > 1)
    taken = np.minimum(np.floor(exact).astype(np.int64), most)
    for group in np.argsort(taken - exact, kind="stable"):
        if taken.sum() < wanted and taken[group] < most[group]:
            taken[group] += 1
    order = np.lexsort((keys, index))  # class by class, each by its keys
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    second = rank < taken[index]
    return np.flatnonzero(~second), np.flatnonzero(second)


class Bootstrap:
    """As many draws with replacement as there are samples.

    Parameters
    ----------
    seed : int
        Also decides which samples are set aside for validation.
    member : int or None
        Each has draws of its own; None takes every sample once.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.splitting import Bootstrap
    >>> Bootstrap(seed=0, member=3).draw(np.arange(6)).tolist()
    [5, 2, 4, 4, 5, 2]
    """

    def __init__(self, seed, member):
        self.seed, self.member = seed, member

    def draw(self, rows):
        """Return as many of these rows, drawn with replacement."""
        if self.member is None:
            return rows
        key = {"seed": self.seed, "stream": BOOTSTRAP_STREAM, "counter": self.member}
        words = functional.random_uint32(len(rows), **key).astype(np.uint64)
        return rows[((words * np.uint64(len(rows))) >> np.uint64(32)).astype(np.int64)]
