"""Whole fits give the same bytes: on any number of threads, in parts, of any layout of the data."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn
from networks import DTYPES, SGD, Adam, L, Network, image

pytestmark = pytest.mark.usefixtures("threads_for_all_work")

COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda what: pickle.loads(pickle.dumps(what))}
OPTIMIZERS = {
    "SGD": lambda: SGD(0.05),
    "momentum": lambda: SGD(0.02, momentum=0.9),
    "Nesterov": lambda: SGD(0.02, momentum=0.9, nesterov=True),
    "Adam": lambda: Adam(0.003),
    "RMSprop": lambda: fn.optimizers.RMSprop(0.001, momentum=0.5, centered=True),
    "scheduled": lambda: fn.optimizers.Lion(fn.schedules.Exponential(0.001, 0.9)),
}
NETWORKS = [
    Network("dense", (130,), [L.Dense(90, "tanh"), L.Dense(40, "relu")]),
    Network("standardized", (130,), [L.Standardize(), L.Dense(90), L.Standardize()]),
    image("pooled", L.Activation("relu"), L.MaxPool2D(2)),
    Network("series", (40, 3), [L.Conv1D(18, 5, padding="same", activation="sigmoid")]),
    Network("numbers", (130,), [L.Dense(90, "tanh")], loss="mean_squared_error", target="numbers"),
]
SAMPLES, BATCH = 250, 77  # four batches an epoch, the last of 19 samples


@pytest.fixture(autouse=True)
def one_thread_unless_a_test_asks_for_more():
    before = fn.get_num_threads()
    fn.set_num_threads(1)
    yield
    fn.set_num_threads(before)


class Run:
    """A network that is fitted, perhaps in parts, and the figures that come of it."""

    def __init__(self, network, dtype="float32", **how):
        self.x, self.y, self.weight = network.batch(SAMPLES)
        self.net, self.figures = network.build(dtype), []
        self.how = {"batch_size": BATCH, "verbose": 0, "loss": network.loss} | how

    def fit(self, epochs, **how):
        history = self.net.fit(self.x, self.y, epochs=epochs, **self.how | how)
        losses = {name: figures for name, figures in history.items() if name != "seconds"}
        for epoch in zip(*losses.values(), strict=True):
            self.figures.append(dict(zip(losses, epoch, strict=True)))
        return self

    @property
    def result(self):
        return self.net.parameters.tobytes(), self.figures


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_fit_gives_the_same_bytes_on_any_number_of_threads(network, weighted, dtype):
    def run(n_threads):
        fn.set_num_threads(n_threads)
        one = Run(network, dtype, optimizer=OPTIMIZERS["Adam"]())
        validation = one.x[:101], one.y[:101]
        weight = one.weight if weighted else None
        return one.fit(3, sample_weight=weight, validation_data=validation).result

    expected = run(1)
    assert np.isfinite([list(epoch.values()) for epoch in expected[1]]).all()
    assert expected[1][0] != expected[1][1]
    for n_threads in (1, 2, 3, 7):
        assert run(n_threads) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("parts", [(1, 2), (2, 1), (1, 1, 1)], ids=str)
def test_fits_of_some_epochs_are_a_fit_of_their_sum(parts, shuffle, optimizer):
    for network in NETWORKS[:3]:
        make = OPTIMIZERS[optimizer]
        whole = Run(network, optimizer=make(), shuffle=shuffle).fit(3)
        in_parts = Run(network, optimizer=make(), shuffle=shuffle)
        for epochs in parts:
            in_parts.fit(epochs)
        assert in_parts.result == whole.result


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_a_copy_between_fits_goes_on_like_the_network(network, optimizer, duplicate):
    run = Run(network, optimizer=OPTIMIZERS[optimizer]()).fit(1)
    del run.how["optimizer"]  # that of the last fit goes on
    twin = COPIES[duplicate](run)
    assert twin.fit(2).result == run.fit(2).result
    assert len(run.figures) == 3


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_copy_made_at_the_end_of_an_epoch_goes_on_like_the_network(optimizer, duplicate):
    class Keep:
        def on_epoch_end(self, net, logs):
            kept.append(COPIES[duplicate](net))

    for network in NETWORKS[:3]:
        kept = []
        run = Run(network, optimizer=OPTIMIZERS[optimizer]()).fit(4, callbacks=[Keep()])
        assert len(kept) == 4
        for epochs, net in enumerate(kept, 1):
            rest = Run(network)
            rest.net = net
            if epochs < 4:
                rest.fit(4 - epochs)
            assert rest.net.parameters.tobytes() == run.net.parameters.tobytes(), epochs
            assert rest.figures == run.figures[epochs:]


def everything(trainer):
    """A copied trainer, copied as a whole."""
    return trainer


def net_and_optimizer(trainer):
    """What a user keeps who makes the trainer anew."""
    return trainer.net, trainer.optimizer


@pytest.mark.parametrize("kept", [everything, net_and_optimizer])
@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_a_copy_after_any_step_goes_on_like_the_trainer(network, optimizer, duplicate, kept):
    batches = [network.batch(n, key) for key, n in enumerate([77, 37, 77, 5, 100, 77, 37, 16])]
    trainer = fn.Trainer(network.build(), network.loss, OPTIMIZERS[optimizer]())
    copies, losses = {}, []
    for number, batch in enumerate(batches):
        if number in (0, 1, 2, 5):
            copies[number] = COPIES[duplicate](kept(trainer))
        losses.append(trainer.step(*batch))
    for number, twin in copies.items():
        if kept is net_and_optimizer:
            net, optimizer = twin
            twin = fn.Trainer(net, network.loss, optimizer)
        assert [twin.step(*batch) for batch in batches[number:]] == losses[number:], number
        assert twin.net.parameters.tobytes() == trainer.net.parameters.tobytes(), number


@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_copy_may_go_on_with_another_number_of_threads(n_threads):
    fn.set_num_threads(2)
    run = Run(NETWORKS[2], optimizer=Adam()).fit(1)
    del run.how["optimizer"]
    twin = pickle.loads(pickle.dumps(run))
    run.fit(2)
    fn.set_num_threads(n_threads)
    assert twin.fit(2).result == run.result


# --- layouts -----------------------------------------------------------------------------------


def memory_mapped(a, folder):
    path = folder / str(len(list(folder.iterdir())))
    a.tofile(path)
    return np.memmap(path, a.dtype, "r", shape=a.shape)


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = {  # of whole numbers from 0 to 255
    "float32": lambda a, folder: a.astype("float32"),
    "float64": lambda a, folder: a.astype("float64"),
    "uint8": lambda a, folder: a.astype("uint8"),
    "int64": lambda a, folder: a.astype("int64"),
    "int16, byte-swapped": lambda a, folder: a.astype(">i2"),
    "lists": lambda a, folder: a.tolist(),
    "Fortran-ordered": lambda a, folder: np.asfortranarray(a.astype("float32")),
    "Fortran-ordered float64": lambda a, folder: np.asfortranarray(a.astype("float64")),
    "strided": lambda a, folder: np.repeat(a.astype("float32"), 2, axis=-1)[..., ::2],
    "strided samples": lambda a, folder: np.repeat(a.astype("uint8"), 3, axis=0)[::3],
    "backwards": lambda a, folder: a[..., ::-1].astype("float32")[..., ::-1],
    "samples backwards": lambda a, folder: a[::-1].astype("float64")[::-1],
    "axes swapped": lambda a, folder: np.moveaxis(np.moveaxis(a, -1, 0).copy(), 0, -1),
    "read-only": lambda a, folder: read_only(a.astype("float32")),
    "read-only uint8": lambda a, folder: read_only(a.astype("uint8")),
    "unaligned": lambda a, folder: np.frombuffer(
        b"\0" + a.astype("float32").tobytes(), "float32", offset=1
    ).reshape(a.shape),
    "memory-mapped": lambda a, folder: memory_mapped(a.astype("float32"), folder),
    "memory-mapped uint8": lambda a, folder: memory_mapped(a.astype("uint8"), folder),
}
HEADS = {
    "no head": [],
    "Rescale": [L.Rescale(1 / 255, offset=-0.5)],
    "Standardize": [L.Standardize()],
    "both": [L.Rescale(1 / 255), L.Standardize()],
}
BODIES = {
    "vectors": ((30,), [L.Dense(40, "tanh")]),
    "images": ((7, 6, 3), [L.Conv2D(8, 3, activation="relu"), L.MaxPool2D(2)]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_fit_does_not_depend_on_the_layout_of_its_data(layout, head, body, dtype, tmp_path):
    shape, layers = BODIES[body]
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 256, (90, *shape)), rng.integers(0, 5, 90)
    weight = rng.integers(0, 4, 90)

    def run(x, y, weight):
        # not Network.build: Standardize shall learn from the fit
        patterns = [*HEADS[head], *layers, L.Flatten(), L.Dense(5)]
        made = [type(layer)(**layer.config()) for layer in patterns]
        net = fn.Sequential(made, shape, dtype=dtype, seed=1)
        how = {"optimizer": SGD(1e-4), "batch_size": 37, "epochs": 2, "verbose": 0}
        history = net.fit(x, y, sample_weight=weight, **how)
        outputs = net.predict(x)
        assert np.isfinite(outputs).all()
        states = [array.tobytes() for layer in made for array in layer.state().values()]
        return net.parameters.tobytes(), history["loss"], outputs.tobytes(), states

    expected = run(x.astype(dtype), y, weight)
    changed = [LAYOUTS[layout](array, tmp_path) for array in (x, y, weight)]
    before = np.array(changed[0])
    assert run(*changed) == expected
    np.testing.assert_array_equal(changed[0], before)
