"""The digits that ship with fastnn: what is in the file, and how it is split."""

import numpy as np
import pytest

from fastnn.datasets import digits_split, load_digits


def test_digits_are_1797_images_with_pixels_from_0_to_16():
    x, y = load_digits()
    assert x.shape == (1797, 8, 8, 1)
    assert x.dtype == np.uint8
    assert (x.min(), x.max()) == (0, 16)
    assert y.shape == (1797,)
    assert y.dtype == np.int64


def test_digits_have_the_counts_of_the_source():
    x, y = load_digits()
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert int(x.sum(dtype=np.int64)) == 561718
    first_row = [0, 0, 5, 13, 9, 1, 0, 0]
    assert x[0, 0, :, 0].tolist() == first_row


def test_digits_equal_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = load_digits()
    source = datasets.load_digits()
    np.testing.assert_array_equal(x[..., 0], source.images)
    np.testing.assert_array_equal(y, source.target)


def test_each_call_returns_arrays_of_its_own():
    x, y = load_digits()
    x[:], y[:] = 99, 99
    again_x, again_y = load_digits()
    assert again_x.max() == 16
    assert again_y.max() == 9


def test_split_gives_each_image_to_one_part():
    x, y = load_digits()
    x_train, y_train, x_test, y_test = digits_split()
    assert x_train.shape == (1438, 8, 8, 1)
    assert x_test.shape == (359, 8, 8, 1)

    def rows(images, labels):
        return sorted(zip(map(bytes, images), labels.tolist(), strict=True))

    assert sorted(rows(x_train, y_train) + rows(x_test, y_test)) == rows(x, y)


def test_split_is_stratified():
    _, y_train, _, y_test = digits_split()
    in_test, in_train = np.bincount(y_test), np.bincount(y_train)
    assert np.abs(in_test - (in_test + in_train) / 5).max() < 1


def test_split_is_the_one_that_it_always_was():
    """A changed split would make accuracies of different versions incomparable."""
    x, y = load_digits()
    _, _, x_test, y_test = digits_split()
    assert y_test[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 3]
    np.testing.assert_array_equal(x_test[y_test == 0], x[np.flatnonzero(y == 0)[2::5]])
