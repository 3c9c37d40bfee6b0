"""Lets the tests of this folder import its tables, and run small networks on threads too."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import fastnn as fn
from fastnn._core import threads

os.environ.setdefault("MPLBACKEND", "agg")  # pictures need no screen


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def threads_for_all_work():
    """However little there is to do, it is shared out."""
    before = threads.set_small_work(0)
    yield
    threads.set_small_work(before)


@pytest.fixture
def one_thread():
    before = fn.get_num_threads()
    fn.set_num_threads(1)
    yield
    fn.set_num_threads(before)
