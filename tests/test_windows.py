"""Sliding windows: which of them hold nothing but padding."""

import numpy as np
import pytest

from fastnn import geometry


def first_empty(inputs, count, size, stride, dilation, before):
    """The first window without a tap in the input, by looking at all; or None."""
    for position in range(count):
        start = position * stride - before
        if not any(0 <= start + tap * dilation < inputs for tap in range(size)):
            return position
    return None


def pools(n):
    """Windows of pools over an axis."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        inputs, size, stride, dilation = (int(rng.integers(1, most)) for most in (13, 7, 15, 15))
        reach = dilation * (size - 1) + 1
        before, after = map(int, rng.integers(0, reach, 2))
        if before + inputs + after >= reach:
            yield (inputs, size, stride, dilation, before, after), bool(rng.integers(2))


def test_windows_of_nothing_but_padding_are_found():
    found = 0
    for (inputs, size, stride, dilation, before, after), ceil_mode in pools(20_000):
        room = before + inputs + after - dilation * (size - 1) - 1
        count = (-(-room // stride) if ceil_mode else room // stride) + 1
        if ceil_mode and (count - 1) * stride >= inputs + before:
            count -= 1
        empty = first_empty(inputs, count, size, stride, dilation, before)
        arguments = (inputs,), size, stride, ((before, after),), dilation, ceil_mode
        if empty is None:
            assert geometry.window("pool", *arguments, pool=True).output == (count,)
        else:
            found += 1
            with pytest.raises(ValueError, match=f"window {empty} of axis 0 holds nothing"):
                geometry.window("pool", *arguments, pool=True)
    assert found > 1000
