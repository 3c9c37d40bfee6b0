"""Data larger than memory: what is mapped from a file is trained on where it is.

Each row runs in a process of its own, over a file of zeros that takes no room on the disk, and
prints by how much the memory of its own (RssAnon, without mapped files) grew at its peak.
"""

import os
import pathlib
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fastnn as fn
from fastnn.compiling import source_array

SHAPE = (32, 32, 3)
MIB = 2**20
SIZE = 200 * MIB  # of the file
ALLOWED = 36 * MIB  # weights, activations, labels, what threads need

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")


def own_memory():
    """Bytes of this process in memory that no file stands behind."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon in /proc/self/status")


class Peak:
    """The most memory of its own that this process has, watched while a block runs."""

    def __enter__(self):
        self.first = self.most = own_memory()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.wait(0.002):
            self.most = max(self.most, own_memory())

    def __exit__(self, *error):
        self.over.set()
        self.thread.join()

    @property
    def growth(self):
        return max(self.most, own_memory()) - self.first


def network(*first, dtype="float32"):
    layers = [*first, fn.layers.AveragePool2D(8), fn.layers.Flatten(), fn.layers.Dense(10)]
    return fn.Sequential(layers, input_shape=SHAPE, dtype=dtype)


def stopped_soon(net, logs):
    """A callback's method: an epoch over the whole file is longer than this test."""
    if logs["batch"] == 3:
        raise KeyboardInterrupt


class Soon:
    on_batch_end = staticmethod(stopped_soon)


def fit(x, y, *layers):
    try:
        network(*layers).fit(x, y, callbacks=[Soon()], verbose=0)
    except KeyboardInterrupt:
        return
    raise AssertionError("it did not train")


def trained(x, y):
    network(fn.layers.Rescale(1 / 255)).fit(x, y, batch_size=64, verbose=0)


def standardized(x, y):
    layer, x = fn.layers.Standardize(), x[: len(x) // 3]  # a pass over all, and slow
    fit(x, y[: len(x)], fn.layers.Rescale(1 / 255), layer)
    assert layer.mean.tolist() == [0, 0, 0]


def learnt(x, y):
    fn.layers.Standardize().learn(x[: len(x) // 3])


def used(x, y):
    """All else that sees the whole file, for a few steps or once."""
    net = network()
    net.predict_classes(x)
    net.evaluate(x, y, loss="cross_entropy")
    net.fit(x[:64], y[:64], validation_data=(x, y), verbose=0)
    trainer = fn.Trainer(net)
    for start in range(0, 256, 64):
        trainer.step(x[start : start + 64], y[start : start + 64])


def copied(x, y):
    """What this test must find."""
    np.array(x)


ROWS = [  # what is done, with numbers of which type
    (trained, "u1"),
    (fit, "f4"),
    (fit, "f8"),
    (standardized, "u1"),
    (learnt, ">i2"),
    (used, "u1"),
]


def measure(row, path):
    """Print the growth: what the processes started below do."""
    action, dtype = (*ROWS, (copied, "u1"))[row]
    x = fn.data.load(path).x.view(dtype)
    x = x[: len(x) // 3072 * 3072].reshape(-1, *SHAPE)
    y = np.arange(len(x)) % 10
    warm = np.zeros((128, *SHAPE), dtype)
    if action is not copied:
        network().fit(warm, y[:128], verbose=0)  # code and threads
    with Peak() as peak:
        action(x, y)
        time.sleep(0.01)
    print(peak.growth)


def growth(row, folder):
    path = folder / "zeros.npy"
    header = np.lib.format.header_data_from_array_1_0(np.zeros(0, np.uint8)) | {"shape": (SIZE,)}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + SIZE)
    assert os.stat(path).st_blocks * 512 < MIB
    command = [sys.executable, __file__, str(row), str(path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return int(run.stdout)


@pytest.mark.parametrize("row", range(len(ROWS)), ids=[f"{r[0].__name__} {r[1]}" for r in ROWS])
def test_mapped_data_is_not_copied(row, tmp_path):
    assert growth(row, tmp_path) < ALLOWED


def test_a_copy_would_be_seen(tmp_path):
    assert growth(len(ROWS), tmp_path) > SIZE // 2


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2"])
def test_numbers_that_are_not_aligned_are_trained_on(dtype):
    """Compiled loops read whole numbers: such an array is copied first."""
    x = np.arange(24).astype(dtype).reshape(8, 3)
    shifted = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(dtype).reshape(8, 3)
    assert not shifted.flags.aligned
    assert source_array(shifted).flags.aligned
    nets = [fn.Sequential([fn.layers.Dense(2)], input_shape=(3,)) for _ in range(2)]
    for net, samples in zip(nets, (x, shifted), strict=True):
        net.fit(samples, np.arange(8) % 2, verbose=0)
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


if __name__ == "__main__":
    measure(int(sys.argv[1]), sys.argv[2])
