"""Merges by arithmetic: several arrays of one shape become one, number by number."""

from ._merging import merge_backward, merge_forward


def add_forward(xs, *, n_threads=None):
    """Sum of several arrays: ``y = x₀ + x₁ + …``.

    Parameters
    ----------
    xs : list of array_like or Packs, of one shape (N, ...)
        At least one; nothing is broadcast.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of each x
        Of the kind of the first.

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Notes
    -----
    Terms are added in the order of the list, in chains of 128.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.add_forward([[1, 2], [10, 20], [100, 200]]).tolist()
    [111.0, 222.0]
    """
    return merge_forward("add_forward", "add", xs, n_threads)


def add_backward(dy, xs, *, wanted=None, n_threads=None):
    """Gradients of :func:`add_forward`: ``dx = dy`` for every input.

    Parameters
    ----------
    dy : array_like or Packs, shape of each x
        Gradient of the output.
    xs : list of array_like or Packs, of one shape (N, ...)
        The inputs.
    wanted : sequence of bool, optional
        Which inputs' gradients to compute; all by default.
    n_threads : int, optional

    Returns
    -------
    dxs : list of ndarray or Packs, each of the shape and kind of dy
        None in place of those that are not wanted.

    Raises
    ------
    ValueError
        If the shapes are not equal.

    Examples
    --------
    >>> from fastnn import functional
    >>> [dx.tolist() for dx in functional.add_backward([5, 7], [[1, 2], [10, 20]])]
    [[5.0, 7.0], [5.0, 7.0]]
    """
    return merge_backward("add_backward", "add", dy, xs, wanted, n_threads)


def subtract_forward(xs, *, n_threads=None):
    """Difference of two arrays: ``y = x₀ − x₁``.

    Parameters
    ----------
    xs : list of two array_like or Packs, of one shape (N, ...)
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of each x
        Of the kind of the first.

    Raises
    ------
    ValueError
        If the shapes are not equal, or there are not two.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.subtract_forward([[10, 20], [1, 2]]).tolist()
    [9.0, 18.0]
    """
    return merge_forward("subtract_forward", "subtract", xs, n_threads, count=2)


def subtract_backward(dy, xs, *, wanted=None, n_threads=None):
    """Gradients of :func:`subtract_forward`: ``dx₀ = dy``, ``dx₁ = −dy``.

    Parameters
    ----------
    dy, xs, wanted, n_threads
        As for :func:`add_backward`.

    Returns
    -------
    dxs : list of two ndarray or Packs, each of the shape and kind of dy
        None in place of one that is not wanted.

    Raises
    ------
    ValueError
        If the shapes are not equal, or there are not two inputs.

    Examples
    --------
    >>> from fastnn import functional
    >>> [dx.tolist() for dx in functional.subtract_backward([5, 7], [[10, 20], [1, 2]])]
    [[5.0, 7.0], [-5.0, -7.0]]
    """
    return merge_backward("subtract_backward", "subtract", dy, xs, wanted, n_threads, count=2)


def multiply_forward(xs, *, n_threads=None):
    """Product of several arrays, number by number: ``y = x₀ · x₁ · …``.

    Parameters
    ----------
    xs, n_threads
        As for :func:`add_forward`.

    Returns
    -------
    y : ndarray or Packs, shape of each x
        Of the kind of the first.

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Notes
    -----
    Factors are multiplied in the order of the list.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.multiply_forward([[1, 2], [10, 20]]).tolist()
    [10.0, 40.0]
    """
    return merge_forward("multiply_forward", "multiply", xs, n_threads)


def multiply_backward(dy, xs, *, wanted=None, n_threads=None):
    """Gradients of :func:`multiply_forward`: ``dxᵢ = dy · Π xⱼ`` over all other inputs j.

    Parameters
    ----------
    dy, xs, wanted, n_threads
        As for :func:`add_backward`.

    Returns
    -------
    dxs : list of ndarray or Packs, each of the shape and kind of dy
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
    >>> from fastnn import functional
    >>> [dx.tolist() for dx in functional.multiply_backward([5, 7], [[1, 0], [10, 20]])]
    [[50.0, 140.0], [5.0, 0.0]]
    """
    return merge_backward("multiply_backward", "multiply", dy, xs, wanted, n_threads)


def average_forward(xs, *, n_threads=None):
    """Mean of several arrays, number by number: ``y = (x₀ + x₁ + … ) / n``.

    Parameters
    ----------
    xs, n_threads
        As for :func:`add_forward`.

    Returns
    -------
    y : ndarray or Packs, shape of each x
        Of the kind of the first.

    Raises
    ------
    ValueError
        If the shapes are not equal, or the list is empty.

    Notes
    -----
    The sum is that of :func:`add_forward`; it is multiplied by 1 / n, rounded to the result's
    dtype, and rounded again. A sum that overflows stays infinite.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.average_forward([[1, 2], [2, 4]]).tolist()
    [1.5, 3.0]
    """
    return merge_forward("average_forward", "average", xs, n_threads)


def average_backward(dy, xs, *, wanted=None, n_threads=None):
    """Gradients of :func:`average_forward`: ``dx = dy / n`` for every input.

    Parameters
    ----------
    dy, xs, wanted, n_threads
        As for :func:`add_backward`.

    Returns
    -------
    dxs : list of ndarray or Packs, each of the shape and kind of dy
        None in place of those that are not wanted.

    Raises
    ------
    ValueError
        If the shapes are not equal.

    Examples
    --------
    >>> from fastnn import functional
    >>> [dx.tolist() for dx in functional.average_backward([5, 7], [[1, 2], [2, 4]])]
    [[2.5, 3.5], [2.5, 3.5]]
    """
    return merge_backward("average_backward", "average", dy, xs, wanted, n_threads)
