"""`all_finite`: whether arrays hold numbers alone, as NumPy would say number by number."""

import numpy as np
import pytest

import fastnn as fn
from fastnn.finite import all_finite

REALS = (np.float32, np.float64)


@pytest.mark.parametrize("wrong", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [*REALS, np.float16, np.longdouble, ">f4"])
def test_seen_at_every_place(dtype, wrong):
    x = np.linspace(-9, 9, 2048 + 37).astype(dtype)
    assert all_finite(x)
    for place in (*range(40), *range(2040, 2085)):
        x[place], kept = wrong, x[place]
        assert not all_finite(x), place
        x[place] = kept
    assert all_finite(x)


@pytest.mark.parametrize("dtype", REALS)
def test_large_numbers_are_finite(dtype):
    x = np.full(5000, np.finfo(dtype).max)
    x[::2] *= -1
    assert all_finite(x)
    x[4999] = np.inf
    assert not all_finite(x)


@pytest.mark.usefixtures("one_thread")  # which gives back what there were
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("threads", [1, 2])
def test_many_of_any_layout(dtype, threads):
    fn.set_num_threads(threads)
    x = np.zeros((700, 900), dtype)
    x[699, 899] = np.nan
    x.setflags(write=False)
    layouts = [x, x.T, np.asfortranarray(x), x[1:, 1::2], x.reshape(7, 100, 900)[::-1]]
    assert not any(all_finite(layout) for layout in layouts)
    without = [x[:-1], x.T[:, :-1], np.asfortranarray(x[:, :-1]), x[:, ::2], x[:0], x[0, 0]]
    assert all(all_finite(layout) for layout in without)


def test_integers_are_finite():
    assert all_finite(np.arange(9)) and all_finite(np.array([True]))


def test_unaligned_numbers():
    x = np.zeros(9 * 4 + 1, np.uint8)[1:].view(np.float32)
    assert all_finite(x)
    x[8] = np.nan
    assert not all_finite(x)
