"""The same bytes on any number of threads, and again: outputs, losses, gradients, parameters.

Every row of the network table trains on batches of several sizes, with weights and without.
"""

import copy
import os
import pathlib
import subprocess
import sys
from itertools import cycle

import numpy as np
import pytest

import fastnn as fn
from fastnn.layers.activation import ACTIVATIONS
from networks import DTYPES, LENET, MANY_TERMS, TABLE, L, Network

pytestmark = pytest.mark.usefixtures("threads_for_all_work")

THREADS = [2, 3, 4, 7, 16, 1]  # each is compared with one thread, which thus runs twice


@pytest.fixture(autouse=True)
def restore_num_threads():
    before = fn.get_num_threads()
    yield
    fn.set_num_threads(before)


def on_threads(n_threads, compute, *arguments):
    fn.set_num_threads(n_threads)
    return compute(*arguments)


def step(trainer, batch):
    """Gradients and one training step: all that they leave behind, by name."""
    net = trainer.net
    losses = trainer.loss_and_gradients(*batch), trainer.step(*batch)
    return {"loss": losses, "gradients": net.gradients.copy(), "parameters": net.parameters.copy()}


def passes(net, x):
    """A network's passes without a trainer, by name; statistics that they move stay as they are."""
    net = copy.deepcopy(net)
    y = net.forward(x, training=True)
    dx = net.backward(np.cos(y))
    return {"predict": net.predict(x), "forward": y, "dx": dx, "gradients": net.gradients.copy()}


def differences(results, expected):
    """Names of the results that are not the same bytes."""
    arrays = ((name, results[name], np.asarray(value)) for name, value in expected.items())
    return [name for name, a, b in arrays if np.asarray(a).tobytes() != b.tobytes()]


def assert_trained(network, net, losses):
    """Assert that the numbers were worth comparing: finite, and moved by training."""
    assert np.isfinite(losses).all()
    assert np.isfinite(net.parameters).all()
    assert np.mean(net.parameters != network.build(net.dtype).parameters) > 0.1


def assert_same_steps(network, dtype, batches):
    """Train on one thread, and beside it on a changing number; compare after every step."""
    one, other, losses = network.trainer(dtype), network.trainer(dtype), []
    for number, (batch, n_threads) in enumerate(zip(batches, cycle(THREADS), strict=False)):
        expected = on_threads(1, step, one, batch)
        results = on_threads(n_threads, step, other, batch)
        found = differences(results, expected)
        assert not found, f"step {number} of {len(batch[0])} samples on {n_threads} threads"
        losses.append(expected["loss"])
    assert_trained(network, one.net, losses)
    return one.net


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", TABLE, ids=repr)
def test_every_step_gives_the_same_bytes_on_any_number_of_threads(network, dtype):
    net = assert_same_steps(network, dtype, network.batches())
    x = network.x(min(network.sizes[0], 77))
    expected = on_threads(1, passes, net, x)
    for n_threads in THREADS:
        found = differences(on_threads(n_threads, passes, net, x), expected)
        assert not found, f"{n_threads} threads"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", TABLE[::27], ids=repr)
def test_whole_runs_give_the_same_bytes_on_any_number_of_threads(network, dtype):
    def run():
        trainer = network.trainer(dtype)
        losses = [trainer.step(*batch) for batch in batches]
        return {"losses": losses, "parameters": trainer.net.parameters}

    batches = network.batches()
    expected = on_threads(1, run)
    for n_threads in THREADS:
        assert not differences(on_threads(n_threads, run), expected), f"{n_threads} threads"


FEW = [  # large enough for threads with one pack of samples already
    MANY_TERMS,
    LENET,
    Network("wide", (30, 31, 2), [L.Conv2D(12, 3), L.MaxPool2D(3, stride=2), L.Conv2D(20, 3)]),
    Network("long", (700, 4), [L.Conv1D(16, 7, stride=2, activation="tanh"), L.AveragePool1D(5)]),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 5, 16, 17])
@pytest.mark.parametrize("network", FEW, ids=repr)
def test_batches_of_fewer_packs_than_threads_give_the_same_bytes(network, n, dtype):
    assert_same_steps(network, dtype, [network.batch(n, key)[:2] for key in range(6)])


STEP = """
import os, statistics, sys
import fastnn as fn
from fastnn._core import threads
from networks import TABLE

threads.set_small_work(0)
fn.set_num_threads(1)
network = next(network for network in TABLE if network.name == sys.argv[1])
trainer, batch = network.trainer(), network.batch(statistics.median_low(network.sizes))
trainer.step(*batch)
before = len(os.listdir("/proc/self/task"))
fn.set_num_threads(3)
trainer.step(*batch)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs /proc")
@pytest.mark.skipif(not fn.build_info()["openmp"], reason="needs OpenMP")
def test_the_smallest_network_of_the_table_runs_on_threads():
    smallest = min(TABLE, key=Network.multiply_adds)
    run = subprocess.run(
        [sys.executable, "-c", STEP, smallest.name],
        cwd=pathlib.Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) == 2


def test_the_table_holds_every_layer_loss_and_optimizer():
    layers = {type(layer) for network in TABLE for layer in network.patterns}
    assert layers == {layer for layer in L.REGISTRY.values() if not layer.merges}
    assert {fn.losses.get(network.loss).name for network in TABLE} == set(fn.losses.LOSSES)
    optimizers = {*fn.optimizers.OPTIMIZERS.values()} - {fn.optimizers.LBFGS}  # makes no steps
    assert {type(network.optimizer()) for network in TABLE} == optimizers
    activations = {getattr(layer, "function", None) for n in TABLE for layer in n.patterns}
    activations |= {
        getattr(layer.activation, "function", None) for n in TABLE for layer in n.patterns
    }
    assert activations == {None, "prelu", *ACTIVATIONS}
