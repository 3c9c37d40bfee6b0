"""Memory that a process keeps: many calls, of batches of every size, leave no more than the first.

Each row runs in a process of its own and prints its resident set after the first calls, when all
sizes have been seen, and after the last.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fn
from networks import SGD, Adam, L

ALLOWED = 2**20  # bytes
LARGEST = 64  # samples of a batch

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")


def resident():
    """Bytes of this process that are in memory."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def dense():
    return [L.Dense(20, "tanh"), L.Dense(5)], (30,)


def pooled():
    layers = [L.Conv2D(4, 3, activation="relu"), L.MaxPool2D(2), L.Flatten(), L.Dense(5)]
    return layers, (8, 8, 1)


def threaded():
    return [L.Dense(300, "relu"), L.Dense(5)], (400,)


class Calls:
    """A network, data, and the calls that a row makes over and over."""

    def __init__(self, layers, shape):
        rng = np.random.default_rng(0)
        self.net = fn.Sequential(layers, shape)
        self.x = rng.standard_normal((LARGEST, *shape), "float32")
        self.y = rng.integers(0, 5, LARGEST)
        self.weight = rng.random(LARGEST)
        self.trainer = fn.Trainer(self.net, "cross_entropy", Adam())
        self.optimizer = SGD(0.01, momentum=0.9)

    def step(self, n):
        self.trainer.step(self.x[:n], self.y[:n], self.weight[:n] if n % 2 else None)

    def wrong_step(self, n):
        try:
            self.trainer.step(self.x[:n], self.y[:n] + 5)
        except ValueError:
            self.trainer.step(self.x[:n], self.y[:n])

    def predict(self, n):
        self.net.predict(self.x[:n])

    def forward_and_backward(self, n):
        self.net.backward(self.net.forward(self.x[:n], training=True))

    def fit(self, n):
        how = {"optimizer": self.optimizer, "batch_size": 1 + n // 3, "verbose": 0}
        self.net.fit(self.x[:n], self.y[:n], **how)

    def new_network(self, n):
        layers = [type(layer)(**layer.config()) for layer in self.net.layers]
        fn.Trainer(fn.Sequential(layers, self.net.input_shape)).step(self.x[:n], self.y[:n])


ROWS = [  # network, call, how often until the first figure, and until the last
    (dense, "step", 1000, 10_000),
    (pooled, "step", 1000, 4000),
    (threaded, "step", 450, 1000),
    (dense, "wrong_step", 500, 3000),
    (pooled, "predict", 1000, 4000),
    (pooled, "forward_and_backward", 500, 2000),
    (pooled, "fit", 400, 1500),
    (pooled, "new_network", 400, 1500),
]


def measure(network, call, first, last):
    """Print both figures: what the processes started below do."""
    sizes = np.random.default_rng(1).integers(1, LARGEST + 1, last).tolist()
    assert len(set(sizes[:first])) == LARGEST
    fn.set_num_threads(2)
    calls = Calls(*network())
    for number, n in enumerate(sizes):
        if number == first:
            print(resident())
        getattr(calls, call)(n)
    print(resident())


@pytest.mark.parametrize("row", range(len(ROWS)), ids=[f"{r[0].__name__} {r[1]}" for r in ROWS])
def test_calls_leave_no_memory_behind(row):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    run = subprocess.run(
        [sys.executable, __file__, str(row)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    first, last = map(int, run.stdout.split())
    assert last - first < ALLOWED


if __name__ == "__main__":
    measure(*ROWS[int(sys.argv[1])])
