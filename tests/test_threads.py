"""The number of threads changes no bit, and a forked child computes."""

import math
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

import fastnn as fn
from cases import LARGE, LARGE_BATCHES, SMALL
from fastnn import functional
from fastnn._core import threads
from fastnn.packs import pack

MORE_THREADS = [2, 3, 7]


@pytest.fixture(autouse=True)
def restore_num_threads():
    before = fn.get_num_threads()
    yield
    fn.set_num_threads(before)


@cache
def results(case, dtype, n_threads):
    return case.run(functional, case.operands("zero_mean", dtype), n_threads=n_threads)


def assert_same_bytes(results, expected, label):
    for name in expected:
        assert results[name].tobytes() == expected[name].tobytes(), f"{label}: {name}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_threads", MORE_THREADS)
@pytest.mark.parametrize("case", LARGE + SMALL, ids=repr)
def test_operations_do_not_depend_on_the_number_of_threads(case, dtype, n_threads):
    assert_same_bytes(results(case, dtype, n_threads), results(case, dtype, 1), case)


@pytest.mark.parametrize("case", LARGE_BATCHES, ids=repr)
def test_a_large_batch_gives_what_its_parts_give(case):
    operands = case.operands("integer", "float32")
    whole = case.run(functional, operands, n_threads=3)
    samples, size = case.shape[0], max(1, 3000 // math.prod(case.shape[1:]))
    parts = [
        case.run_part(functional, operands, slice(start, start + size), n_threads=1)
        for start in range(0, samples, size)
    ]
    for name, result in whole.items():
        pieces = [part[name] for part in parts]
        summed = name in ("dweight", "dbias")
        expected = sum(pieces) if summed else np.concatenate(pieces)
        np.testing.assert_array_equal(result, expected, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_packing_does_not_depend_on_the_number_of_threads(dtype):
    x = np.random.default_rng(1).standard_normal((83, 700)).astype(dtype)
    expected = pack(x, n_threads=1)
    for n_threads in MORE_THREADS:
        packs = pack(x, n_threads=n_threads)
        assert packs.data.tobytes() == expected.data.tobytes()
        assert packs.unpack(n_threads).tobytes() == x.tobytes()


def trained(dtype, n_threads):
    """The parameters and losses of a network after some steps."""
    fn.set_num_threads(n_threads)
    rng = np.random.default_rng(1)
    net = fn.Sequential(
        [
            fn.layers.Conv2D(6, 5, activation="relu"),
            fn.layers.MaxPool2D(2),
            fn.layers.Conv2D(17, 3, activation="tanh", padding="same"),
            fn.layers.Conv2D(8, 3),
            fn.layers.AveragePool2D(2),
            fn.layers.Flatten(),
            fn.layers.Dense(50, activation="sigmoid"),
            fn.layers.Dense(10),
        ],
        input_shape=(20, 20, 1),
        dtype=dtype,
        seed=3,
    )
    trainer = fn.Trainer(net, "cross_entropy", fn.optimizers.SGD(0.1, momentum=0.9))
    x, y = rng.standard_normal((3, 77, 20, 20, 1)), rng.integers(0, 10, (3, 77))
    losses = [trainer.step(x[i], y[i]) for i in range(3)]
    return net.parameters.tobytes(), losses


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_does_not_depend_on_the_number_of_threads(dtype):
    expected = trained(dtype, 1)
    for n_threads in MORE_THREADS:
        assert trained(dtype, n_threads) == expected


FORK = """
import os, sys
import numpy as np
from fastnn import functional
from fastnn._core import threads

x, weight = np.ones((200, 300), "float32"), np.ones((100, 300), "float32")

def compute():
    return functional.dense_forward(x, weight, n_threads=2).tobytes()

expected = compute()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        os._exit(0 if compute() == expected else 1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
sys.exit(codes != [0] * 4 or compute() != expected)
"""


def test_a_forked_child_computes_on_threads_and_so_does_its_parent():
    # in a process of its own: what hangs here must not hang the tests
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)


def test_a_thread_of_python_has_threads_of_its_own():
    from concurrent.futures import ThreadPoolExecutor

    before = fn.get_num_threads()
    assert threads.set_own_threads(3) is None
    try:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(fn.get_num_threads).result() == before
        assert fn.get_num_threads() == 3
    finally:
        assert threads.set_own_threads(None) == 3
    assert fn.get_num_threads() == before
