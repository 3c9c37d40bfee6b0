"""Random numbers from a counter: Philox 4x32-10.

A block of four 32-bit words is a function of a counter and a key alone, so any element of a
sequence can be computed without the ones before it.
"""

import math

import numpy as np

from ._arrays import as_integer

_LOW_32 = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)  # the golden ratio and sqrt(3) - 1, in 32 bits
_ROUNDS = 10


def random_uint32(n, *, seed, stream=0, counter=0):
    """Uniform 32-bit integers.

    Parameters
    ----------
    n : int
        How many.
    seed : int
        0 to 2^64 - 1.
    stream, counter : int
        Choose one of 2^64 independent sequences of a seed; their low 32 bits count.

    Returns
    -------
    words : ndarray of uint32, shape (n,)

    Raises
    ------
    ValueError
        If `n`, `stream` or `counter` is negative or `seed` is out of range.

    Notes
    -----
    Elements ``4 b ... 4 b + 3`` are Philox 4x32-10 (Salmon et al., Parallel random numbers: as
    easy as 1, 2, 3, 2011) of the counter ``(b low, b high, stream, counter)`` under the key
    ``(seed low, seed high)``, in words of 32 bits.

    Examples
    --------
    >>> from fastnn import reference
    >>> [hex(word) for word in reference.random_uint32(2, seed=0).tolist()]
    ['0x6627e8d5', '0xe169c58d']
    """
    return np.array(_words("random_uint32", n, seed, stream, counter), np.uint32)


def random_uniform(n, *, seed, stream=0, counter=0, dtype="float32"):
    """Uniform numbers from 0 (included) to 1 (excluded).

    Parameters
    ----------
    n : int
        How many.
    seed, stream, counter : int
        As for :func:`random_uint32`.
    dtype : {"float32", "float64"}

    Returns
    -------
    numbers : ndarray of dtype, shape (n,)

    Raises
    ------
    ValueError
        If an integer or `dtype` is out of range.

    Notes
    -----
    From the words ``u`` of :func:`random_uint32`: in float32 the high 24 bits, ``(u >> 8) 2^-24``;
    in float64 53 bits of two words, ``((u[2 i] >> 5) 2^26 + (u[2 i + 1] >> 6)) 2^-53``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.random_uniform(2, seed=0, dtype="float64").round(6).tolist()
    [0.399046, 0.735713]
    """
    n = as_integer("random_uniform", "n", n, 0)
    if _dtype("random_uniform", dtype) == np.float32:
        numbers = of_24_bits(_words("random_uniform", n, seed, stream, counter))
    else:
        numbers = _of_53_bits(_words("random_uniform", 2 * n, seed, stream, counter))
    return np.array(numbers, dtype)


def random_normal(n, *, seed, stream=0, counter=0, dtype="float32"):
    """Normal numbers of mean 0 and variance 1.

    Parameters
    ----------
    n : int
        How many.
    seed, stream, counter : int
        As for :func:`random_uint32`.
    dtype : {"float32", "float64"}
        The numbers are computed in float64 and rounded.

    Returns
    -------
    numbers : ndarray of dtype, shape (n,)

    Raises
    ------
    ValueError
        If an integer or `dtype` is out of range.

    Notes
    -----
    Box and Muller (1958): with uniform float64 numbers ``u``, elements ``2 i`` and ``2 i + 1`` are
    ``r cos(phi)`` and ``r sin(phi)``, where ``r = sqrt(-2 log(1 - u[2 i]))`` and
    ``phi = 2 pi u[2 i + 1]``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.random_normal(2, seed=0, dtype="float64").round(6).tolist()
    [-0.090473, -1.005132]
    """
    dtype = _dtype("random_normal", dtype)
    n = as_integer("random_normal", "n", n, 0)
    words = _words("random_normal", 2 * n + 2, seed, stream, counter)
    return np.array(box_muller(words)[:n], np.float64).astype(dtype)


def philox_4x32(counter, key):
    """The four words that Philox 4x32-10 makes of a counter of four words and a key of two."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        product0, product1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product1 >> 32) ^ c1 ^ k0,
            product1 & _LOW_32,
            (product0 >> 32) ^ c3 ^ k1,
            product0 & _LOW_32,
        )
        k0, k1 = (k0 + _KEY_STEPS[0]) & _LOW_32, (k1 + _KEY_STEPS[1]) & _LOW_32
    return c0, c1, c2, c3


def _words(operation, n, seed, stream, counter):
    n = as_integer(operation, "n", n, 0)
    seed = as_integer(operation, "seed", seed, 0)
    stream = as_integer(operation, "stream", stream, 0) & _LOW_32
    counter = as_integer(operation, "counter", counter, 0) & _LOW_32
    if seed >> 64:
        raise ValueError(f"{operation}: expected seed below 2^64, got {seed}")
    return row_words(n, seed, stream, counter, 0)


def row_words(n, seed, stream, counter, row):
    """The first words of this row of a batch; those of an array that is no batch are row 0's."""
    key = (seed & _LOW_32, seed >> 32)
    words = []
    for block in range((n + 3) // 4):
        words += philox_4x32((block, row, stream, counter), key)
    return words[:n]


def box_muller(words):
    """Two normal numbers of each four words."""
    uniform = _of_53_bits(words)
    numbers = []
    for u, v in zip(uniform[::2], uniform[1::2], strict=False):
        radius = math.sqrt(-2.0 * math.log(1.0 - u))
        angle = 2.0 * math.pi * v
        numbers += [radius * math.cos(angle), radius * math.sin(angle)]
    return numbers


def of_24_bits(words):
    """A number from 0 up to 1 of each word."""
    return [(word >> 8) * 2.0**-24 for word in words]


def _of_53_bits(words):
    """A number from 0 up to 1 of each two words."""
    return [
        ((high >> 5) * 2**26 + (low >> 6)) * 2.0**-53
        for high, low in zip(words[::2], words[1::2], strict=False)
    ]


def _dtype(operation, dtype):
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"{operation}: expected dtype float32 or float64, got {dtype!r}")
    return np.dtype(dtype)
