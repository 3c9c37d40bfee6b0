"""Training in forked children, in pools of processes and in threads of Python, several at once."""

import contextlib
import copy
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import fastnn as fn
from networks import LENET, Adam, L, Network, image

HANG = 60  # seconds
STEPS = [77, 37, 77]  # samples of each

POOLED = image("pooled", L.Activation("relu"), L.MaxPool2D(2), optimizer=Adam)
DENSE = Network("dense", (130,), [L.Dense(90, "tanh"), L.Dense(60, "sigmoid")], optimizer=Adam)
FITTED = Network("fitted", (60, 3), [L.Standardize(), L.Conv1D(16, 5, padding="same")])
NETWORKS = [DENSE, POOLED, LENET]


@pytest.fixture(autouse=True)
def two_threads():
    before = fn.get_num_threads()
    fn.set_num_threads(2)
    yield
    fn.set_num_threads(before)


def trained(network, repeat=1):
    """Losses and parameters of a new network after some steps."""
    batches = [network.batch(n, key) for key, n in enumerate(STEPS)] * repeat
    return go_on(network.trainer(), batches)


def go_on(trainer, batches):
    losses = [trainer.step(*batch) for batch in batches]
    return losses, trainer.net.parameters.tobytes()


def fitted(network, epochs=2):
    """Figures and parameters of a new network after `fit`."""
    (x, y, weight), net = network.batch(277), network.build()
    history = net.fit(x, y, sample_weight=weight, batch_size=77, epochs=epochs, verbose=0)
    return history["loss"], net.parameters.tobytes()


# --- processes: what hangs in them must not hang the tests -------------------------------------

BEFORE = """
import multiprocessing, os, sys, threading
import fastnn as fn
from test_processes import DENSE, NETWORKS, POOLED, STEPS, fitted, go_on, trained

fn.set_num_threads(2)
"""

FORK = """
batch = DENSE.batch(37)

def compute():
    return go_on(DENSE.trainer(), [batch])

expected = compute()
for round in range(100):
    child = os.fork()
    if child == 0:
        os._exit(0 if compute() == expected else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, f"round {round}: {code}"
    assert compute() == expected, f"round {round}: the parent"
"""

FORK_IN_THE_MIDDLE = """
batches = [POOLED.batch(n, key) for key, n in enumerate(STEPS)]
expected = go_on(POOLED.trainer(), batches * 2)
trainer = POOLED.trainer()
losses, _ = go_on(trainer, batches)
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        rest, parameters = go_on(trainer, batches)
        os._exit(0 if (losses + rest, parameters) == expected else 1)
    children.append(child)
rest, parameters = go_on(trainer, batches)
assert (losses + rest, parameters) == expected
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
assert codes == [0] * 4, codes
"""

FORK_OF_A_CHILD = """
expected = trained(DENSE)
child = os.fork()
if child == 0:
    ok = trained(DENSE) == expected
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(0 if trained(DENSE) == expected else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
    os._exit(0 if ok and code == 0 and trained(DENSE) == expected else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert trained(DENSE) == expected
"""

POOL = """
def work(index):
    return os.getpid(), trained(NETWORKS[index % 2]), fitted(NETWORKS[index % 2], epochs=1)

expected = [work(index)[1:] for index in range(2)]
for _ in range(2):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        results = pool.map(work, range(8), chunksize=1)
    for index, (process, *result) in enumerate(results):
        assert process != os.getpid()
        assert tuple(result) == expected[index % 2], index
assert [work(index)[1:] for index in range(2)] == expected
"""

FORK_BESIDE_A_THREAD = """
# another thread of Python trains on threads of its own while this one forks
expected, stop, wrong = trained(DENSE), threading.Event(), []

def keep_training():
    while not stop.is_set():
        if trained(DENSE) != expected:
            wrong.append(True)

thread = threading.Thread(target=keep_training, daemon=True)
thread.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        os._exit(0 if trained(DENSE) == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert trained(DENSE) == expected
stop.set()
thread.join(20)
assert not thread.is_alive() and not wrong
"""

SCRIPTS = {
    "a hundred children": FORK,
    "in the middle of a run": FORK_IN_THE_MIDDLE,
    "a child's child": FORK_OF_A_CHILD,
    "a pool": POOL,
    "beside a thread": FORK_BESIDE_A_THREAD,
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_forked_processes_train_to_their_parents_bytes(script):
    command = [sys.executable, "-c", BEFORE + SCRIPTS[script]]
    folder = pathlib.Path(__file__).parent
    process = subprocess.Popen(command, cwd=folder, start_new_session=True)
    try:
        assert process.wait(timeout=HANG) == 0
    finally:  # children that hang too
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# --- threads of Python --------------------------------------------------------------------------


def at_once(*functions):
    """Results of functions that start at the same moment, each in a thread of its own."""
    found, start = {}, threading.Barrier(len(functions))

    def run(index):
        start.wait(HANG)
        try:
            found[index] = functions[index]()
        except BaseException as error:
            found[index] = error

    threads = [
        threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(functions))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
    assert len(found) == len(functions), "a thread hangs"
    return [found[index] for index in range(len(functions))]


WORK = {
    "steps, dense": lambda: trained(DENSE, 8),
    "steps, pooled": lambda: trained(POOLED, 8),
    "steps, LeNet": lambda: trained(LENET, 2),
    "fit": lambda: fitted(FITTED, 6),
    "predict": lambda: [LENET.build().predict(LENET.x(130)).tobytes() for _ in range(4)],
}


@pytest.mark.parametrize("work", WORK)
def test_a_thread_of_python_computes_what_the_main_one_does(work):
    assert at_once(WORK[work]) == [WORK[work]()]


@pytest.mark.parametrize(
    "names",
    [
        ("steps, dense", "steps, dense"),
        ("steps, dense", "steps, pooled"),
        ("steps, pooled", "fit"),
        ("fit", "fit"),
        ("steps, LeNet", "predict"),
        tuple(WORK),
    ],
    ids=str,
)
def test_networks_that_train_at_once_give_what_they_give_alone(names):
    alone = {name: WORK[name]() for name in set(names)}
    assert at_once(*(WORK[name] for name in names)) == [alone[name] for name in names]


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_one_network_predicts_in_several_threads_at_once(network):
    net = network.build()
    batches = [network.x(n, n) for n in (130, 1, 77, 130)]
    expected = [net.predict(x).tobytes() for x in batches]

    def predict(x):
        return lambda: [net.predict(x).tobytes() for _ in range(12)]

    results = at_once(*map(predict, batches))
    assert results == [[expected[index]] * 12 for index in range(len(batches))]


def test_a_trainer_made_in_one_thread_goes_on_in_another():
    batches = [DENSE.batch(n, key) for key, n in enumerate(STEPS)]
    trainer = DENSE.trainer()
    losses = [at_once(lambda batch=batch: trainer.step(*batch))[0] for batch in batches]
    assert (losses, trainer.net.parameters.tobytes()) == trained(DENSE)


# --- copies ------------------------------------------------------------------------------------

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda what: pickle.loads(pickle.dumps(what)),
}


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_a_copied_network_is_another_one_with_the_same_numbers(network, steps, duplicate):
    trainer, (x, y, _) = network.trainer(), network.batch(37)
    for _ in range(steps):
        trainer.step(x, y)
    net = trainer.net
    twin, parameters, outputs = COPIES[duplicate](net), net.parameters.tobytes(), net.predict(x)
    assert twin.parameters.tobytes() == parameters
    assert twin.predict(x).tobytes() == outputs.tobytes()
    fn.Trainer(twin, network.loss, Adam()).step(x, y)
    assert twin.parameters.tobytes() != parameters
    assert net.parameters.tobytes() == parameters
    assert net.predict(x).tobytes() == outputs.tobytes()
    trainer.step(x, y)
    assert net.parameters.tobytes() != parameters


@pytest.mark.parametrize("duplicate", ["deepcopy", "pickle"])
@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_a_copied_trainer_trains_its_own_network(network, steps, duplicate):
    trainer = network.trainer()
    batches = [network.batch(n, key) for key, n in enumerate(STEPS)]
    go_on(trainer, batches[:steps])
    twin, before = COPIES[duplicate](trainer), trainer.net.parameters.tobytes()
    result = go_on(twin, batches[steps:])
    assert trainer.net.parameters.tobytes() == before
    assert go_on(trainer, batches[steps:]) == result
    assert twin.net.parameters.tobytes() == result[1] != before
    for layer in twin.net.layers:
        for name, array in layer.parameters.items():
            assert np.shares_memory(array, twin.net.parameters)
            assert np.shares_memory(layer.gradients[name], twin.net.gradients)
