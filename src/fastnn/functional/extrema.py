"""Merges by comparison: the largest or the smallest number of several arrays of one shape."""

from ._merging import merge_backward, merge_forward


def maximum_forward(xs, *, n_threads=None):
    """Largest number of several arrays, at each place.

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
    The first of equals is taken (−0 equals 0); a NaN wins over all, the first NaN first.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.maximum_forward([[1, 5], [3, 2]]).tolist()
    [3.0, 5.0]
    """
    return merge_forward("maximum_forward", "maximum", xs, n_threads)


def maximum_backward(dy, xs, *, wanted=None, n_threads=None):
    """Gradients of :func:`maximum_forward`: dy goes to the one input that was taken.

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

    Notes
    -----
    Of equals the first one gets all of dy. PyTorch's `maximum` gives each of two equals a half.

    Examples
    --------
    >>> from fastnn import functional
    >>> [dx.tolist() for dx in functional.maximum_backward([7, 8, 9], [[1, 5, 4], [3, 2, 4]])]
    [[0.0, 8.0, 9.0], [7.0, 0.0, 0.0]]
    """
    return merge_backward("maximum_backward", "maximum", dy, xs, wanted, n_threads)


def minimum_forward(xs, *, n_threads=None):
    """Smallest number of several arrays, at each place.

    Parameters
    ----------
    xs, n_threads
        As for :func:`maximum_forward`.

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
    The first of equals is taken (−0 equals 0); a NaN wins over all, the first NaN first.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.minimum_forward([[1, 5], [3, 2]]).tolist()
    [1.0, 2.0]
    """
    return merge_forward("minimum_forward", "minimum", xs, n_threads)


def minimum_backward(dy, xs, *, wanted=None, n_threads=None):
    """Gradients of :func:`minimum_forward`: dy goes to the one input that was taken.

    Parameters
    ----------
    dy, xs, wanted, n_threads
        As for :func:`maximum_backward`.

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
    >>> [dx.tolist() for dx in functional.minimum_backward([7, 8, 9], [[1, 5, 4], [3, 2, 4]])]
    [[7.0, 0.0, 9.0], [0.0, 8.0, 0.0]]
    """
    return merge_backward("minimum_backward", "minimum", dy, xs, wanted, n_threads)
