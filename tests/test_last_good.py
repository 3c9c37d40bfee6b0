"""A loss that is no number leaves the network as the last update that left all finite."""

import gc
import weakref

import numpy as np
import pytest

import fastnn as fn
from fastnn import replaying, running

L, SGD = fn.layers, fn.optimizers.SGD


class Record:
    """Keeps what the network and its optimizer are after every update that leaves all finite."""

    def __init__(self):
        self.all = []

    def on_train_begin(self, net, logs):
        self.on_batch_end(net, logs)

    def on_batch_end(self, net, logs):
        if np.isfinite(net.parameters).all():
            self.all.append(state(net))


def state(net):
    layers = [array.tobytes() for layer in net.layers for array in layer.state().values()]
    optimizer = net.optimizer
    return {
        "parameters": net.parameters.tobytes(),
        "layers": layers,
        "steps": (net.steps, optimizer.steps, net.epochs),
        "optimizer": [vector.tobytes() for vector in optimizer.state],
        "rate": optimizer.rate,
    }


def data(n=330):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 4)).astype("f4")
    return x, (x[:, :1] * 3 + 1).astype("f4")


def network(*layers, **how):
    layers = [L.Dense(6, "tanh"), L.Dropout(0.2), *layers, L.Dense(1)]
    return fn.Sequential(layers, input_shape=(4,), seed=2, **how)


X, Y = data()


def batches():
    return [(X[s : s + 11], Y[s : s + 11]) for s in range(0, 330, 11)]


def growing(rate=1.3):
    """An optimizer that overflows after some dozens of updates."""
    return SGD(fn.schedules.Exponential(0.05, rate), momentum=0.9)


CASES = {
    # how to fit, layers between
    "arrays": ({"x": X, "y": Y}, []),
    "batch norm": ({"x": X, "y": Y}, [L.BatchNorm()]),
    "clipped": ({"x": X, "y": Y, "optimizer": lambda: SGD(
        fn.schedules.Exponential(0.05, 4.0), clip_norm=1.0)}, []),
    "Adam": ({"x": X, "y": Y, "optimizer": lambda: fn.optimizers.Adam(
        fn.schedules.Exponential(0.05, 4.0))}, [L.BatchNorm()]),
    "plateaus": ({"x": X, "y": Y, "optimizer": lambda: SGD(
        fn.schedules.ReduceOnPlateau(9.0, 0.9, patience=0), momentum=0.99)}, []),
    "in order": ({"x": X, "y": Y, "shuffle": False}, []),
    "accumulated": ({"x": X, "y": Y, "gradient_accumulation_steps": 2}, [L.BatchNorm()]),
    "a list of batches": ({"x": batches()}, []),
    "batches that come": ({"x": lambda: iter(batches())}, [L.BatchNorm()]),
    "accumulated batches": ({"x": batches(), "gradient_accumulation_steps": 4}, []),
}  # fmt: skip


def train(case, **more):
    how, layers = CASES[case]
    how = {"epochs": 40, "batch_size": 11, "loss": "squared_error", "verbose": 0} | how | more
    how["optimizer"] = how.get("optimizer", growing)()
    net = network(*[type(layer)() for layer in layers])
    with pytest.raises(fn.NonFiniteLossError) as raised:
        net.fit(**how)
    return net, raised.value


@pytest.fixture(params=[True, False], ids=["compiled", "staged"])
def ways(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(running, "compile_program", lambda *how: None)


@pytest.mark.parametrize("case", CASES)
def test_all_is_as_after_the_last_update_that_left_it_finite(case, ways):
    record = Record()
    net, error = train(case, callbacks=[record])
    assert len(record.all) > 9
    assert state(net) == record.all[-1]  # where every update is a run of its own
    net, same = train(case)
    assert state(net) == record.all[-1]
    assert str(error) == str(same)
    assert error.step >= net.steps
    if error.step > net.steps:
        assert f"Parameters are those after {net.steps} updates, while finite" in str(error)


def test_updates_do_lose_parameters_in_these_cases():
    lost = [case for case in CASES if train(case)[1].step > train(case)[0].steps]
    assert len(lost) >= 3, lost


@pytest.mark.parametrize("keep", [0.0, 0.002])
def test_copies_on_the_way_show_in_nothing(keep, monkeypatch):
    record = Record()
    train("batch norm", callbacks=[record])
    monkeypatch.setattr(replaying, "KEEP", keep)
    monkeypatch.setattr(replaying, "SHARE", 1.0)
    assert state(train("batch norm")[0]) == record.all[-1]


def test_rates_that_callbacks_set_are_those_of_then():
    class Rate:
        def on_epoch_begin(self, net, logs):
            net.optimizer.learning_rate = 0.01 * 8.0 ** logs["epoch"]

    record = Record()
    how = {"optimizer": lambda: SGD(0.01, momentum=0.5)}
    train("arrays", callbacks=[Rate(), record], **how)
    net, error = train("arrays", callbacks=[Rate()], **how)
    assert state(net) == record.all[-1] and error.epoch > 1


class CopyAt:
    """Has a copy taken after so many batches."""

    def __init__(self, batches):
        self.batches = batches

    def attach(self, course):
        self.course = course

    def on_batch_end(self, net, logs):
        if logs["batch"] == self.batches:
            self.course._replay.begin()


@pytest.mark.parametrize("callbacks", [[], [CopyAt(4)], [CopyAt(20)], [CopyAt(4), CopyAt(20)]])
@pytest.mark.parametrize("keep", [0.0, 1.0])
def test_parameters_that_no_loss_shows_to_be_lost(keep, callbacks, monkeypatch):
    """Behind a ReLU a bias of −∞ makes 0 for good; then a target is infinite."""
    monkeypatch.setattr(replaying, "KEEP", keep)
    monkeypatch.setattr(replaying, "SHARE", 1.0)
    x, y = np.full((40, 1), 1e-30, "f4"), np.zeros((40, 1), "f4")
    y[:7], y[-1] = 1e20, np.inf
    hidden, last = L.Dense(1, "relu"), L.Dense(1)
    net = fn.Sequential([hidden, last], input_shape=(1,))
    hidden.weight, hidden.bias, last.weight, last.bias = [[0.0]], [1.0], [[1e20]], [0.0]
    with pytest.raises(fn.NonFiniteLossError, match="those after 7 updates") as raised:
        net.fit(
            x, y, loss="squared_error", optimizer=SGD(1.0), batch_size=1, shuffle=False,
            verbose=0, callbacks=callbacks,
        )  # fmt: skip
    assert raised.value.batch == 39 and raised.value.step == 39
    assert net.steps == net.optimizer.steps == 7
    assert net.parameters.tolist() == [0.0, 1.0, np.float32(1e20), 0.0]


def test_nothing_of_a_run_waits_for_a_collection():
    gc.disable()
    try:
        x, net = X.copy(), network()
        net.fit(x, Y, loss="squared_error", epochs=2, verbose=0)
        gone = weakref.ref(x)
        del x
        assert gone() is None
    finally:
        gc.enable()


def test_where_updates_do_not_repeat_themselves_the_copy_comes_back():
    class Meddle:
        def on_epoch_end(self, net, logs):
            net.parameters += 1e-3

    how = {"optimizer": lambda: growing(1.1)}
    net, error = train("arrays", callbacks=[Meddle()], **how)
    assert (net.parameters == network().parameters).all() and net.steps == 0 and error.epoch > 0


def test_arrays_that_are_written_over_are_noticed():
    x, y = np.empty((11, 4), "f4"), np.empty((11, 1), "f4")

    def source():
        for xs, ys in batches():
            x[...], y[...] = xs, ys
            yield x, y

    net = network()
    first = net.parameters.copy()
    with pytest.raises(fn.NonFiniteLossError):
        net.fit(source, loss="squared_error", optimizer=growing(), epochs=40, verbose=0)
    assert (net.parameters == first).all() and net.optimizer.steps == 0


# --- Trainer --------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("optimizer", [growing, lambda: growing(8.0), lambda: fn.optimizers.Adam(
    fn.schedules.Exponential(0.05, 4.0), amsgrad=True)])  # fmt: skip
def test_a_step_of_a_trainer_is_made_or_taken_back(optimizer, steps, ways):
    trainer = fn.Trainer(
        network(L.BatchNorm()), "squared_error", optimizer(),
        gradient_accumulation_steps=steps, raise_non_finite=True,
    )  # fmt: skip
    free = fn.Trainer(
        network(L.BatchNorm()), "squared_error", optimizer(), gradient_accumulation_steps=steps
    )
    for trained in (trainer, free):
        trained.net.optimizer = trained.optimizer
    for x, y in 9 * batches():
        before = state(trainer.net)
        try:
            loss = trainer.step(x, y)
        except fn.NonFiniteLossError as raised:
            error = raised
            break
        assert loss == free.step(x, y)
        assert state(trainer.net) == state(free.net)
    assert state(trainer.net) == before
    assert error.step == trainer.net.steps > 3 and error.epoch is None
    assert "Trainer: the loss is" in str(error)


def test_a_trainer_says_where_and_goes_on():
    net = fn.Sequential([L.Dense(1, name="only")], input_shape=(1,))
    how = {"gradient_accumulation_steps": 2, "raise_non_finite": True}
    trainer, first = fn.Trainer(net, "squared_error", SGD(0.01), **how), net.parameters.copy()
    trainer.step([[1.0]], [[0.0]])
    with pytest.raises(fn.NonFiniteLossError, match="infinity in the input, sample 2"):
        trainer.step([[1.0], [np.inf]], [[0.0], [0.0]])
    assert (net.parameters == first).all() and net.steps == 0
    trainer.step([[3.0]], [[0.0]])  # the second of the group: the one before is as if not given
    other = fn.Sequential([L.Dense(1)], input_shape=(1,))
    other.parameters[:] = first
    fn.Trainer(other, "squared_error", SGD(0.01)).step([[1.0], [3.0]], [[0.0], [0.0]])
    np.testing.assert_allclose(net.parameters, other.parameters, rtol=1e-6)
    trainer.step([[1e18]], [[0.0]])
    trainer.optimizer.learning_rate = 1e30
    kept = net.parameters.copy()
    for update in (lambda: trainer.step([[2e18]], [[0.0]]), trainer.flush):
        sums = trainer._sums.gradients.copy()
        with pytest.raises(fn.NonFiniteLossError, match="would have made parameters NaN or inf"):
            update()
        assert (trainer._sums.gradients == sums).all() and trainer._sums.batches == 1
    assert (net.parameters == kept).all() and net.steps == 1
    trainer.optimizer.learning_rate = 0.0
    assert trainer.flush() and net.steps == 2
