"""What fit takes beside data: a share for validation, numbers of epochs, seeds; and bad losses."""

import copy
import pickle
import sys
import types

import numpy as np
import pytest

import fastnn as fn
from fastnn import replaying
from fastnn.splitting import Bootstrap, split

L, SGD, Adam = fn.layers, fn.optimizers.SGD, fn.optimizers.Adam


def data(n=50, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)), rng.integers(0, classes, n)


def net(units=3, **how):
    how = {"dtype": "float64"} | how
    return fn.Sequential([L.Standardize(), L.Dense(units)], input_shape=(4,), **how)


def same(one, other):
    """Two histories, but for their seconds."""
    return one | {"seconds": 0} == other | {"seconds": 0}


# --- a share for validation ---------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("sizes", [[100], [50, 50], [90, 10], [60, 33, 7], [97, 1, 1, 1]], ids=str)
def test_a_split_keeps_the_share_of_every_class(sizes, share):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    first, second = split("fit", 100, share, 7, labels)
    assert sorted([*first, *second]) == list(range(100))
    assert (np.diff(first) > 0).all() and (np.diff(second) > 0).all()
    counts = np.bincount(labels[second], minlength=len(sizes))
    most = np.array(sizes) - (len(sizes) > 1)
    assert (counts <= most).all()
    if (np.ceil(np.array(sizes) * share) <= most).all():
        assert len(second) == round(100 * share)
        assert (abs(counts - np.array(sizes) * share) < 1).all()


def test_a_split_is_decided_by_the_seed_alone():
    labels = np.arange(100) % 3
    for groups in (None, labels):
        one, other = (split("fit", 100, 0.3, seed, groups)[1] for seed in (1, 2))
        assert one.tolist() == split("fit", 100, 0.3, 1, groups)[1].tolist()
        assert one.tolist() != other.tolist()
    keys = fn.functional.random_uint32(100, seed=1, stream=2**32 - 16)
    assert sorted(np.argsort(keys)[:30]) == split("fit", 100, 0.3, 1)[1].tolist()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("kind", ["labels", "numbers", "weights"])
def test_what_is_set_aside_is_not_trained_on(kind, shuffle):
    x, y = data()
    y = y.astype(float) if kind == "numbers" else np.array(list("abc"))[y]
    weight = np.random.default_rng(1).uniform(1, 2, len(x)) if kind == "weights" else None
    labels = None if kind == "numbers" else np.searchsorted(["a", "b", "c"], y)
    first, second = split("fit", len(x), 0.3, 5, labels)
    loss = "mean_squared_error" if kind == "numbers" else "cross_entropy"
    how = {"loss": loss, "epochs": 3, "batch_size": 8, "shuffle": shuffle, "verbose": 0}
    networks = [net(1 if kind == "numbers" else 3, seed=5) for _ in range(2)]
    got = networks[0].fit(x, y, validation_split=0.3, sample_weight=weight, **how)
    parts = [[a[rows] for a in (x, y, weight) if a is not None] for rows in (first, second)]
    weights = {"sample_weight": parts[0][2]} if kind == "weights" else {}
    expected = networks[1].fit(*parts[0][:2], validation_data=parts[1], **weights, **how)
    assert same(got, expected) and "val_loss" in got
    np.testing.assert_array_equal(networks[0].parameters, networks[1].parameters)
    assert networks[0].layers[0].mean.tolist() == networks[1].layers[0].mean.tolist()


def test_every_fit_sets_the_same_samples_aside():
    x, y = data()
    one, other = net(), net()
    whole = one.fit(x, y, validation_split=0.4, epochs=4, verbose=0)
    for epoch in range(4):
        part = other.fit(x, y, validation_split=0.4, verbose=0)
        assert part["val_loss"] == whole["val_loss"][epoch : epoch + 1]


def test_weights_of_classes_do_not_count_in_what_is_set_aside():
    x, y = data()
    network = net()
    how = {"optimizer": SGD(0.0), "validation_split": 0.4, "verbose": 0}
    even = network.fit(x, y, **how)["val_loss"]
    assert network.fit(x, y, class_weight={0: 9.0}, **how)["val_loss"] == even


def test_a_split_of_several_inputs_and_of_rows_in_a_file(tmp_path):
    x, y = data()
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    how = {"validation_split": 0.2, "epochs": 2, "verbose": 0}
    assert same(net().fit(x, y, **how), net().fit(mapped, y, **how))
    a, b = fn.Input((4,)), fn.Input((4,))
    model = fn.Model([a, b], L.Dense(3)(L.Add()([a, b])))
    history = model.fit([x, x], y, **how)
    assert len(history["val_accuracy"]) == 2


def test_a_layer_without_an_instruction_takes_the_same_samples():
    class Double(L.Layer):
        def _forward(self, x, training):
            return type(x)(2 * x.data, x.n)

        def _backward(self, dy, input_gradient):
            return type(dy)(2 * dy.data, dy.n) if input_gradient else None

    x, y = data()
    how = {"validation_split": 0.2, "epochs": 2, "batch_size": 16, "verbose": 0}
    staged = fn.Sequential([Double(), L.Dense(3)], input_shape=(4,), dtype="float64")
    programmed = fn.Sequential([L.Rescale(2.0), L.Dense(3)], input_shape=(4,), dtype="float64")
    programmed.parameters[:] = staged.parameters
    one, other = staged.fit(x, y, **how), programmed.fit(x, y, **how)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


def test_draws_with_replacement_are_uniform_and_their_members_own():
    rows = np.arange(1000, 11000)
    draws = [Bootstrap(3, member).draw(rows) for member in range(2)]
    for drawn in draws:
        assert len(drawn) == 10000 and drawn.min() >= 1000 and drawn.max() < 11000
        kept = len(np.unique(drawn)) / 10000
        assert abs(kept - (1 - np.exp(-1))) < 0.015
        assert abs(drawn.mean() - rows.mean()) < 4 * rows.std() / 100
    assert (draws[0] != draws[1]).mean() > 0.99


# --- numbers of epochs, seeds -------------------------------------------------------------------


def test_epochs_are_counted_from_the_initial_one():
    seen, (x, y) = [], data()

    class Look:
        def on_train_begin(self, network, logs):
            seen.append((logs["initial_epoch"], logs["epochs"]))

        def on_epoch_end(self, network, logs):
            seen.append(logs["epoch"])

    one, other = net(), net()
    history = one.fit(x, y, epochs=5, initial_epoch=3, callbacks=[Look()], verbose=0)
    assert seen == [(3, 5), 3, 4]
    assert history.epochs == [3, 4]
    assert same(history, other.fit(x, y, epochs=2, verbose=0))
    assert one.fit(x, y, epochs=5, initial_epoch=5, verbose=0) == {}


def test_a_network_without_a_seed_draws_one_and_keeps_it():
    one, other = net(seed=None), net(seed=None)
    assert one.seed != other.seed
    assert 0 <= one.seed < 2**64
    again = net(seed=one.seed)
    np.testing.assert_array_equal(one.parameters, again.parameters)
    assert same(one.fit(*data(), verbose=0), again.fit(*data(), verbose=0))
    node = fn.Input((4,))
    models = [fn.Model(node, L.Dense(3)(node), seed=None) for node in (node, fn.Input((4,)))]
    assert models[0].seed != models[1].seed


# --- losses that are not finite -----------------------------------------------------------------


def straight(weight=1.0, **how):
    network = fn.Sequential([L.Dense(1, bias=False, name="only")], input_shape=(1,), **how)
    network.parameters[:] = weight
    return network


def overflowing(at=2):
    """Samples of which one makes an output of 2**30 times it infinite."""
    x = np.full((4, 1), 2.0**-30, np.float32)
    x[at] = 2.0**100
    return x


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("optimizer", [lambda: SGD(0.5, momentum=0.9), Adam])
def test_training_ends_where_the_loss_is_not_finite(optimizer, one_by_one):
    class Watch:
        def on_batch_end(self, network, logs):
            heard.append(logs["batch"])

    heard, network, by_hand = [], straight(2.0**30), straight(2.0**30)
    x, y = overflowing(), np.zeros(4)
    how = {"loss": "half_squared_error", "batch_size": 1, "shuffle": False, "verbose": 0}
    watching = [Watch()] if one_by_one else []
    with pytest.raises(fn.NonFiniteLossError) as caught:
        network.fit(x, y, optimizer=optimizer(), epochs=3, callbacks=watching, **how)
    error = caught.value
    assert (error.loss, error.epoch, error.batch, error.step) == (np.inf, 0, 2, 2)
    assert "batch 2 of epoch 0 (counted from 0) is inf, after 2 updates" in str(error)
    assert heard == ([0, 1] if one_by_one else [])
    trainer = fn.Trainer(by_hand, "half_squared_error", optimizer())
    for row in range(2):
        trainer.step(x[row : row + 1], y[row : row + 1])
    np.testing.assert_array_equal(network.parameters, by_hand.parameters)
    assert network.optimizer.steps == network.steps == 2


@pytest.fixture
def nobody_knows(monkeypatch):
    """Nobody looks into the layers."""
    monkeypatch.setitem(sys.modules, "fastnn.diagnosing", None)


def test_it_says_which_parameters_are_lost(nobody_knows):
    network = fn.Sequential([L.Dense(1, bias=False, name="only")], input_shape=(1,))
    x, y, first = np.array([[1e30]], np.float32), np.zeros(1), network.parameters.copy()
    with pytest.raises(fn.NonFiniteLossError, match=r"weight of .*only.*from the update before"):
        network.fit(x, y, loss="squared_error", optimizer=SGD(1.0), epochs=5, verbose=0)
    np.testing.assert_array_equal(network.parameters, first)  # the last that were good


def test_what_layers_keep_comes_back_with_lost_parameters(monkeypatch):
    monkeypatch.setattr(replaying, "KEEP", 0.0)
    layers = [L.Dense(3), L.BatchNorm(), L.Dense(1, bias=False)]
    network, seen = fn.Sequential(layers, input_shape=(2,)), []

    class Look:
        def on_batch_end(self, net, logs):
            if np.isfinite(net.parameters).all():
                state = net.layers[1].state()
                seen.append((net.parameters.copy(), state["running_mean"].copy()))
            if len(seen) == 3:
                net.parameters[0] = np.nan

    x = np.arange(16.0).reshape(8, 2)
    with pytest.raises(fn.NonFiniteLossError):
        network.fit(x, x[:, :1], loss="squared_error", batch_size=2, epochs=9, verbose=0,
                    optimizer=SGD(1e-4), callbacks=[Look()])  # fmt: skip
    np.testing.assert_array_equal(network.parameters, seen[2][0])
    np.testing.assert_array_equal(network.layers[1].running_mean, seen[2][1])


def test_it_says_that_samples_are_infinite(nobody_knows):
    network, x = straight(), np.ones((4, 1))
    x[1] = np.inf
    with pytest.raises(fn.NonFiniteLossError, match="x holds infinities in this batch"):
        network.fit(x, np.zeros(4), loss="squared_error", batch_size=2, verbose=0)


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0, 4.0]])
def test_it_asks_who_can_say_where(monkeypatch, weight):
    asked = []

    def first_unsound(*arguments):
        asked.append(arguments)
        return "the output of layer 0, only, is infinite"

    module = types.SimpleNamespace(first_unsound=first_unsound)
    monkeypatch.setitem(sys.modules, "fastnn.diagnosing", module)
    network, x = straight(2.0**30), overflowing(at=3)
    how = {"loss": "squared_error", "batch_size": 2, "shuffle": False, "verbose": 0}
    with pytest.raises(fn.NonFiniteLossError, match="the output of layer 0, only, is infinite"):
        network.fit(x, np.arange(4.0), optimizer=SGD(0.0), sample_weight=weight, **how)
    ((who, rows, target, loss, weights, first_row),) = asked
    assert who is network and loss.name == "squared_error"
    np.testing.assert_array_equal(rows, x[2:])
    np.testing.assert_array_equal(target, [[2.0], [3.0]])
    assert first_row == 0
    assert weights is None if weight is None else weights.tolist() == [3.0, 4.0]


def test_a_network_goes_on_after_such_an_end():
    network = straight(2.0**30)
    how = {"loss": "squared_error", "optimizer": Adam(0.1), "verbose": 0}
    with pytest.raises(fn.NonFiniteLossError):
        network.fit(overflowing(), np.zeros(4), **how)
    network.parameters[:] = 1.0
    assert network.fit(np.ones((4, 1)), np.zeros(4), epochs=30, **how)["loss"][-1] < 0.1


def test_the_error_travels_between_processes():
    error = fn.NonFiniteLossError(float("inf"), 3, 2, 14, "somewhere")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (vars(twin), str(twin)) == (vars(error), str(error))


ERRORS = [
    ({"validation_split": 0.0}, ValueError, "leaves samples on both sides, got 0.0 of 50"),
    ({"validation_split": 0.999}, ValueError, "leaves samples on both sides, got 0.999 of 50"),
    ({"validation_split": 1.0}, ValueError, "validation_split at least 0 and less than 1, got 1.0"),
    ({"validation_split": "a"}, TypeError, "a number for validation_split, got 'a'"),
    ({"validation_split": 0.2, "validation_data": data()}, ValueError, "or .*, got both"),
    ({"initial_epoch": 2}, ValueError, "initial_epoch .* got 2"),
    ({"initial_epoch": -1}, ValueError, "initial_epoch .* got -1"),
]


@pytest.mark.parametrize(("how", "error", "message"), ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(how, error, message):
    with pytest.raises(error, match=message):
        net().fit(*data(), verbose=0, **how)
