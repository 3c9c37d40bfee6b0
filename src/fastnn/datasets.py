"""Data to try a network on: the handwritten digits that ship with fastnn.

The digits are the 1,797 images of the test part of "Optical Recognition of Handwritten Digits",
E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49 (CC BY 4.0),
as scikit-learn ships them. `data/README.md` says more.
"""

from importlib import resources

import numpy as np

__all__ = ["digits_split", "load_digits"]


def load_digits():
    """Return the 1,797 handwritten digits that ship with fastnn.

    Returns
    -------
    x : ndarray of uint8, (1797, 8, 8, 1)
        Images with one channel; pixels from 0 (blank paper) to 16 (full ink).
    y : ndarray of int64, (1797,)
        The digit that each image shows, 0 to 9.

    Notes
    -----
    Source: "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine
    Learning Repository, 1998, doi:10.24432/C50P49, CC BY 4.0; its test part, in the order of the
    original file.

    Examples
    --------
    >>> from fastnn.datasets import load_digits
    >>> x, y = load_digits()
    >>> x.shape, x.dtype, int(x.max())
    ((1797, 8, 8, 1), dtype('uint8'), 16)
    >>> y[:10].tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    source = resources.files("fastnn") / "data" / "digits.npz"
    with source.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return arrays["images"][..., np.newaxis], arrays["labels"].astype(np.int64)


def digits_split():
    """Return the digits in two fixed parts: 80 % to train on and 20 % to test with.

    Returns
    -------
    x_train, y_train : ndarray, (1438, 8, 8, 1) and (1438,)
        The part to train on, in the order of `load_digits`.
    x_test, y_test : ndarray, (359, 8, 8, 1) and (359,)
        The part to test with.

    Notes
    -----
    Every fifth image of each digit, counted in the order of the file and starting with the third,
    is a test image. The rule draws no random numbers, so the split is the same everywhere and for
    ever, and each digit and each writer has its share of both parts.

    Examples
    --------
    >>> from fastnn.datasets import digits_split
    >>> x_train, y_train, x_test, y_test = digits_split()
    >>> len(x_train), len(x_test)
    (1438, 359)
    """
    x, y = load_digits()
    is_test = np.zeros(len(y), dtype=bool)
    for digit in range(10):
        is_test[np.flatnonzero(y == digit)[2::5]] = True
    return x[~is_test], y[~is_test], x[is_test], y[is_test]
