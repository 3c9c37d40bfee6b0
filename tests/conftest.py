"""Lets the tests of this folder import its tables, and run small networks on threads too."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import fastnn as fn
from fastnn._core import threads


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
