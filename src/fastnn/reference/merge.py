"""Merges by arithmetic: several arrays of one shape become one, number by number."""

import math

from ._merging import merge_backward, merge_forward


def add_forward(xs):
    """Sum of several arrays: ``y = x₀ + x₁ + …``.

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

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.add_forward([[1, 2], [10, 20], [100, 200]]).tolist()
    [111.0, 222.0]
    """
    return merge_forward("add_forward", xs, _total)


def add_backward(dy, xs, *, wanted=None):
    """Gradients of :func:`add_forward`: ``dx = dy`` for every input.

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

    Examples
    --------
    >>> from fastnn import reference
    >>> [dx.tolist() for dx in reference.add_backward([5, 7], [[1, 2], [10, 20]])]
    [[5.0, 7.0], [5.0, 7.0]]
    """
    # forward: y = Σ x
    return merge_backward("add_backward", dy, xs, wanted, lambda d, values, i: d)


def subtract_forward(xs):
    """Difference of two arrays: ``y = x₀ − x₁``.

    Parameters
    ----------
    xs : list of two array_like, of one shape (N, ...)

    Returns
    -------
    y : ndarray, shape of each x

    Raises
    ------
    ValueError
        If the shapes are not equal, or there are not two.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.subtract_forward([[10, 20], [1, 2]]).tolist()
    [9.0, 18.0]
    """
    return merge_forward("subtract_forward", xs, lambda values: values[0] - values[1], count=2)


def subtract_backward(dy, xs, *, wanted=None):
    """Gradients of :func:`subtract_forward`: ``dx₀ = dy``, ``dx₁ = −dy``.

    Parameters
    ----------
    dy, xs, wanted
        As for :func:`add_backward`.

    Returns
    -------
    dxs : list of two ndarray, each of the shape of dy
        None in place of one that is not wanted.

    Raises
    ------
    ValueError
        If the shapes are not equal, or there are not two inputs.

    Examples
    --------
    >>> from fastnn import reference
    >>> [dx.tolist() for dx in reference.subtract_backward([5, 7], [[10, 20], [1, 2]])]
    [[5.0, 7.0], [-5.0, -7.0]]
    """
    # forward: y = x₀ − x₁
    return merge_backward(
        "subtract_backward", dy, xs, wanted, lambda d, values, i: -d if i else d, count=2
    )


def multiply_forward(xs):
    """Product of several arrays, number by number: ``y = x₀ · x₁ · …``.

    Parameters
    ----------
    xs
        As for :func:`add_forward`.

    Returns
    -------
    y : ndarray, shape of each x

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Notes
    -----
    Factors are multiplied in the order of the list.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.multiply_forward([[1, 2], [10, 20]]).tolist()
    [10.0, 40.0]
    """
    return merge_forward("multiply_forward", xs, math.prod)


def multiply_backward(dy, xs, *, wanted=None):
    """Gradients of :func:`multiply_forward`: ``dxᵢ = dy · Π xⱼ`` over all other inputs j.

    Parameters
    ----------
    dy, xs, wanted
        As for :func:`add_backward`.

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
    dy is multiplied by one input after the other, in the order of the list. No product is divided,
    so that an input of 0 does no harm.

    Examples
    --------
    >>> from fastnn import reference
    >>> [dx.tolist() for dx in reference.multiply_backward([5, 7], [[1, 0], [10, 20]])]
    [[50.0, 140.0], [5.0, 0.0]]
    """

    # forward: y = Π x
    def gradient(d, values, i):
        for j, value in enumerate(values):
            if j != i:
                d = d * value
        return d

    return merge_backward("multiply_backward", dy, xs, wanted, gradient)


def average_forward(xs):
    """Mean of several arrays, number by number: ``y = (x₀ + x₁ + … ) / n``.

    Parameters
    ----------
    xs
        As for :func:`add_forward`.

    Returns
    -------
    y : ndarray, shape of each x

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.average_forward([[1, 2], [2, 4]]).tolist()
    [1.5, 3.0]
    """
    return merge_forward("average_forward", xs, lambda values: _total(values) / len(values))


def average_backward(dy, xs, *, wanted=None):
    """Gradients of :func:`average_forward`: ``dx = dy / n`` for every input.

    Parameters
    ----------
    dy, xs, wanted
        As for :func:`add_backward`.

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
    >>> [dx.tolist() for dx in reference.average_backward([5, 7], [[1, 2], [2, 4]])]
    [[2.5, 3.5], [2.5, 3.5]]
    """
    # forward: y = Σ x / n
    return merge_backward("average_backward", dy, xs, wanted, lambda d, values, i: d / len(values))


def _total(values):
    """Σ values; of nothing but −0, that is −0."""
    total = values[0]
    for value in values[1:]:
        total += value
    return total
