"""Random numbers from a counter: any element of a sequence is a function of its key and index."""

import numpy as np

from fastnn._core import random as core
from fastnn._core.threads import resolve
from fastnn.geometry import as_integer

_LARGEST = 2**62
_LOW_32 = 2**32 - 1


def random_uint32(n, *, seed, stream=0, counter=0, n_threads=None):
    """Uniform 32-bit integers.

    Parameters
    ----------
    n : int
        How many.
    seed : int
        0 to 2^64 − 1.
    stream, counter : int
        Choose one of 2^64 independent sequences of a seed; their low 32 bits count.
    n_threads : int, optional

    Returns
    -------
    words : ndarray of uint32, shape (n,)

    Notes
    -----
    Elements ``4 b ... 4 b + 3`` are Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy
    as 1, 2, 3, 2011) of the counter ``(b low, b high, stream, counter)`` under the key ``(seed low,
    seed high)``, in words of 32 bits.

    Examples
    --------
    >>> from fastnn import functional
    >>> [hex(word) for word in functional.random_uint32(2, seed=0).tolist()]
    ['0x6627e8d5', '0xe169c58d']
    """
    n, key = _arguments("random_uint32", n, seed, stream, counter)
    words = np.empty(n, np.uint32)
    core.fill_uint32(words, *key, 0, 0, resolve(n_threads))
    return words


def random_uniform(n, *, seed, stream=0, counter=0, dtype="float32", n_threads=None):
    """Uniform numbers from 0 (included) to 1 (excluded).

    Parameters
    ----------
    n : int
        How many.
    seed, stream, counter : int
        As for :func:`random_uint32`.
    dtype : {"float32", "float64"}
    n_threads : int, optional

    Returns
    -------
    numbers : ndarray of dtype, shape (n,)

    Notes
    -----
    From the words ``u`` of :func:`random_uint32`: in float32 the high 24 bits, ``(u >> 8) 2^-24``;
    in float64 53 bits of two words, ``((u[2 i] >> 5) 2^26 + (u[2 i + 1] >> 6)) 2^-53``.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.random_uniform(2, seed=0, dtype="float64").round(6).tolist()
    [0.399046, 0.735713]
    """
    n, key = _arguments("random_uniform", n, seed, stream, counter)
    numbers = np.empty(n, _real("random_uniform", dtype))
    core.fill_uniform(numbers, *key, 0, 0, resolve(n_threads))
    return numbers


def random_normal(n, *, seed, stream=0, counter=0, dtype="float32", n_threads=None):
    """Normal numbers of mean 0 and variance 1.

    Parameters
    ----------
    n : int
        How many.
    seed, stream, counter : int
        As for :func:`random_uint32`.
    dtype : {"float32", "float64"}
        The numbers are computed in float64 and rounded.
    n_threads : int, optional

    Returns
    -------
    numbers : ndarray of dtype, shape (n,)

    Notes
    -----
    Box and Muller (1958): with uniform float64 numbers ``u``, elements ``2 i`` and ``2 i + 1`` are
    ``r cos φ`` and ``r sin φ``, where ``r = sqrt(−2 log(1 − u[2 i]))`` and ``φ = 2π u[2 i + 1]``.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.random_normal(2, seed=0, dtype="float64").round(6).tolist()
    [-0.090473, -1.005132]
    """
    n, key = _arguments("random_normal", n, seed, stream, counter)
    numbers = np.empty(n, _real("random_normal", dtype))
    core.fill_normal(numbers, *key, 0, 0, resolve(n_threads))
    return numbers


def _arguments(name, n, seed, stream, counter):
    n = as_integer(name, "n", n, 0, _LARGEST)
    seed = as_integer(name, "seed", seed, 0, 2**64 - 1)
    stream = as_integer(name, "stream", stream, 0, _LARGEST) & _LOW_32
    counter = as_integer(name, "counter", counter, 0, _LARGEST) & _LOW_32
    return n, (seed, stream, counter)


def _real(name, dtype):
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.float32, np.float64):
        raise ValueError(f'{name}: expected dtype "float32" or "float64", got {dtype!r}')
    return found
