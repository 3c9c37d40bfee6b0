"""Merges by comparison: the largest or the smallest number of several arrays of one shape."""

import math
import operator

from ._merging import merge_backward, merge_forward


def maximum_forward(xs):
    """Largest number of several arrays, at each place.

    Parameters
    ----------
    xs : list of array_like, of one shape (N, ...)
        At least one; nothing is broadcast.

    Returns
    -------
    y : ndarray, shape of each x

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Notes
    -----
    The first of equals is taken (−0 equals 0); a NaN wins over all, the first NaN first.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.maximum_forward([[1, 5], [3, 2]]).tolist()
    [3.0, 5.0]
    """
    return merge_forward("maximum_forward", xs, lambda values: values[_first(values, operator.gt)])


def maximum_backward(dy, xs, *, wanted=None):
    """Gradients of :func:`maximum_forward`: dy goes to the one input that was taken.

    Parameters
    ----------
    dy : array_like, shape of each x
        Gradient of the output.
    xs : list of array_like, of one shape (N, ...)
        The inputs.
    wanted : sequence of bool, optional
        Which inputs' gradients to compute; all by default.

    Returns
    -------
    dxs : list of ndarray, each of the shape of dy
        None in place of those that are not wanted.

    Raises
    ------
    ValueError
        If the shapes are not equal.

    Notes
    -----
    Of equals the first one gets all of dy. PyTorch's `maximum` gives each of two equals a half.

    Examples
    --------
    >>> from fastnn import reference
    >>> [dx.tolist() for dx in reference.maximum_backward([7, 8, 9], [[1, 5, 4], [3, 2, 4]])]
    [[0.0, 8.0, 9.0], [7.0, 0.0, 0.0]]
    """

    def gradient(d, values, i):
        return d if _first(values, operator.gt) == i else 0.0

    return merge_backward("maximum_backward", dy, xs, wanted, gradient)


def minimum_forward(xs):
    """Smallest number of several arrays, at each place.

    Parameters
    ----------
    xs
        As for :func:`maximum_forward`.

    Returns
    -------
    y : ndarray, shape of each x

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Notes
    -----
    The first of equals is taken (−0 equals 0); a NaN wins over all, the first NaN first.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.minimum_forward([[1, 5], [3, 2]]).tolist()
    [1.0, 2.0]
    """
    return merge_forward("minimum_forward", xs, lambda values: values[_first(values, operator.lt)])


def minimum_backward(dy, xs, *, wanted=None):
    """Gradients of :func:`minimum_forward`: dy goes to the one input that was taken.

    Parameters
    ----------
    dy, xs, wanted
        As for :func:`maximum_backward`.

    Returns
    -------
    dxs : list of ndarray, each of the shape of dy
        None in place of those that are not wanted.

    Raises
    ------
    ValueError
        If the shapes are not equal.

    Examples
    --------
    >>> from fastnn import reference
    >>> [dx.tolist() for dx in reference.minimum_backward([7, 8, 9], [[1, 5, 4], [3, 2, 4]])]
    [[7.0, 0.0, 9.0], [0.0, 8.0, 0.0]]
    """

    def gradient(d, values, i):
        return d if _first(values, operator.lt) == i else 0.0

    return merge_backward("minimum_backward", dy, xs, wanted, gradient)


def _first(values, beats):
    """Where the first number is that no other one beats; a NaN beats all but a NaN."""
    best = 0
    for i, value in enumerate(values):
        if not math.isnan(values[best]) and (math.isnan(value) or beats(value, values[best])):
            best = i
    return best
