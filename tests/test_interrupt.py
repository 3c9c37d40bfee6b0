"""Ctrl-C during `fit`: it arrives soon, after whole steps, and what it leaves goes on.

Each row fits in a process of its own, without callbacks or lines of progress, and is interrupted
some times; every time the process compares what is left with as many steps by hand.
"""

import itertools
import signal
import statistics
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fastnn as fn
from networks import SGD, Adam, L

SOON = 0.2  # seconds; steps take much less
DELAYS = [0.15, 0.25, 0.2]  # seconds from the beginning of each fit
HANG = 60
SHUFFLE = 2**31  # stream of random numbers


def data(n, *shape):
    return np.random.default_rng(0).standard_normal((n, *shape), "float32"), np.arange(n) % 3


def long_epoch():
    """An epoch of many seconds."""
    layers = [L.Dense(200, "relu"), L.Dense(200, "relu"), L.Dense(3)]
    return layers, data(80_000, 6), {"batch_size": 1, "epochs": 5}


def short_epochs():
    """Many epochs, each of a few milliseconds."""
    return [L.Dense(40, "tanh"), L.Dense(3)], data(100, 30), {"batch_size": 16, "epochs": 10**6}


def on_threads():
    """Steps on two threads."""
    layers = [L.Conv2D(8, 3, activation="relu"), L.MaxPool2D(2), L.Flatten(), L.Dense(3)]
    return layers, data(3000, 12, 12, 2), {"batch_size": 77, "epochs": 10**6}


def validated():
    """Many epochs, most of their time spent on validation data."""
    layers, (x, y), how = short_epochs()
    return layers, (x, y), how | {"validation_data": (np.tile(x, (30, 1)), np.tile(y, 30))}


ROWS = [
    (long_epoch, lambda: Adam(1e-4)),
    (short_epochs, lambda: SGD(1e-4, momentum=0.9)),
    (on_threads, lambda: Adam(1e-4)),
    (validated, lambda: SGD(1e-4, momentum=0.9)),
]


def batches(x, y, batch_size, epoch):
    """Those of all epochs from this one on, as `fit` takes them; seed 0."""
    for counter in itertools.count(epoch):
        keys = fn.functional.random_uint32(len(x), seed=0, stream=SHUFFLE, counter=counter)
        order = np.argsort(keys, kind="stable")
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            yield x[rows], y[rows]


def check_what_is_left(net, by_hand, x, y, how):
    """Compare an interrupted network with a trainer that has not begun."""
    size, left = how["batch_size"], net.parameters.tobytes()
    assert np.isfinite(net.parameters).all()
    steps, coming = 0, batches(x, y, size, 0)
    while by_hand.net.parameters.tobytes() != left:
        by_hand.step(*next(coming))
        steps += 1
        assert steps < 100_000, "not the parameters after any number of steps"
    assert steps > 0, "interrupted before the first step"
    assert getattr(net.optimizer, "steps", steps) == steps
    an_epoch = -(-len(x) // size)
    assert net.epochs in (-(-steps // an_epoch), steps // an_epoch + 1), (net.epochs, steps)
    # it goes on, with the optimizer's vectors as they were after so many steps
    x, y = x[:90], y[:90]
    for batch in itertools.islice(batches(x, y, 16, net.epochs), 6):
        by_hand.step(*batch)
    net.fit(x, y, batch_size=16, verbose=0)
    assert net.parameters.tobytes() == by_hand.net.parameters.tobytes()
    assert net.predict(x).tobytes() == by_hand.net.predict(x).tobytes()


def be_interrupted(make, optimizer):
    """Fit until Ctrl-C comes, say when it came, check: what the processes started below do."""
    fn.set_num_threads(2)
    for _ in DELAYS:
        layers, (x, y), how = make()
        net = fn.Sequential(layers, x.shape[1:])
        twin = fn.Sequential(make()[0], x.shape[1:])
        try:
            print("fitting", flush=True)
            net.fit(x, y, optimizer=optimizer(), verbose=0, **how)
        except KeyboardInterrupt:
            print(time.monotonic(), flush=True)
        check_what_is_left(net, fn.Trainer(twin, "cross_entropy", optimizer()), x, y, how)


@pytest.mark.parametrize("row", range(len(ROWS)), ids=[row[0].__name__ for row in ROWS])
def test_an_interrupt_comes_soon_and_leaves_whole_steps(row):
    command, seconds = [sys.executable, __file__, str(row)], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = threading.Timer(HANG, process.kill)
        watch.start()
        for delay in DELAYS:
            assert process.stdout.readline() == "fitting\n"
            time.sleep(delay)
            sent = time.monotonic()
            process.send_signal(signal.SIGINT)
            seconds.append(float(process.stdout.readline()) - sent)
        assert process.wait() == 0
        watch.cancel()
    assert statistics.median(seconds) < SOON


if __name__ == "__main__":
    be_interrupted(*ROWS[int(sys.argv[1])])
