"""Whole runs of training: labels, epochs, figures, callbacks."""

import copy

import numpy as np
import pytest

import fastnn as fn

L, SGD, Adam = fn.layers, fn.optimizers.SGD, fn.optimizers.Adam


def linear(units=3, features=4, activation=None, **how):
    how = {"dtype": "float64"} | how
    return fn.Sequential([L.Dense(units, activation)], input_shape=(features,), **how)


def samples(n=10, features=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, features))


def separable(n=64, seed=0):
    """Points of two classes, 0 left and 1 right of a gap."""
    x = np.random.default_rng(seed).normal(size=(n, 2))
    label = (x[:, 0] > 0).astype(int)
    return x + np.array([2.0, 0.0]) * (2 * label[:, None] - 1), label


LABELS = [  # labels given, classes
    (["no", "yes"], ["no", "yes"]),
    ([1, -1], [-1, 1]),
    ([1, 2], [1, 2]),
    ([0.0, 1.0], [0.0, 1.0]),
    ([False, True], [False, True]),
    ([2**63 - 1, -(2**63)], [-(2**63), 2**63 - 1]),
    (np.array(["b", "a"], object), ["a", "b"]),
    (np.array([3, 4], object), [3, 4]),
    (np.array([b"b", b"a"]), ["a", "b"]),
    (np.array([7, 9], np.uint8), [7, 9]),
]


@pytest.mark.parametrize(("labels", "classes"), LABELS, ids=[str(c) for _, c in LABELS])
@pytest.mark.parametrize(("units", "loss"), [(1, "binary_cross_entropy"), (2, "cross_entropy")])
def test_fit_takes_any_labels(labels, classes, units, loss):
    x, index = separable()
    net = linear(units, features=2)
    y = np.asarray(labels)[index]
    net.fit(x, y, loss=loss, optimizer=Adam(0.1), epochs=20, verbose=0)
    assert net.classes_.tolist() == classes
    assert net.evaluate(x, y)["accuracy"] == 1
    predicted = net.predict_classes(x)
    assert predicted.tolist() == [v.decode() if isinstance(v, bytes) else v for v in y.tolist()]
    right = net.classes_.tolist().index(predicted[index == 1][0])
    assert (net.predict_proba(x)[index == 1, right] > 0.5).all()


def test_numbers_of_classes_may_be_absent():
    net = linear(4, features=2)
    net.fit(*separable(), verbose=0)
    assert net.classes_.tolist() == [0, 1, 2, 3]
    net.fit([[0.0, 0.0]], [3], verbose=0)


@pytest.mark.parametrize("column", [False, True])
def test_a_second_fit_keeps_the_classes(column):
    x, index = separable()
    y = np.array(["a", "b"])[index]
    net = linear(2, features=2)
    net.fit(x, y[:, None] if column else y, verbose=0)
    net.fit(x[index == 1], y[index == 1], verbose=0)
    assert net.classes_.tolist() == ["a", "b"]


def test_rows_of_shares_need_no_labels():
    x, index = separable()
    net = linear(2, features=2)
    history = net.fit(x, np.eye(2)[index], optimizer=Adam(0.1), epochs=20, verbose=0)
    assert history["accuracy"][-1] == 1
    assert net.classes_ is None
    assert net.predict_classes(x).tolist() == index.tolist()


def test_labels_that_do_not_exclude_each_other():
    x = samples(200, 3)
    y = (x > 0).astype(int)
    net = linear(3, features=3)
    net.fit(x, y, loss="binary_cross_entropy", optimizer=Adam(0.1), epochs=30, verbose=0)
    assert net.evaluate(x, y)["accuracy"] > 0.95
    assert (net.predict_classes(x) == y).mean() == net.evaluate(x, y)["accuracy"]
    assert net.classes_ is None


@pytest.mark.parametrize("optimizer", [lambda: SGD(0.1, momentum=0.9), lambda: Adam(), "adam"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_second_fit_goes_on_where_the_first_ended(optimizer, shuffle):
    (x, y), one, two = separable(), linear(2, features=2), linear(2, features=2)
    how = {"batch_size": 10, "shuffle": shuffle, "verbose": 0}
    a, b = (optimizer if isinstance(optimizer, str) else optimizer() for _ in range(2))
    whole = one.fit(x, y, optimizer=a, epochs=4, **how)
    halves = [two.fit(x, y, optimizer=b, epochs=2, **how) for _ in range(2)]
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert whole["loss"] == halves[0]["loss"] + halves[1]["loss"]


def test_fit_is_steps_over_shuffled_batches():
    (x, y), net = separable(50), linear(2, features=2, seed=7)
    by_hand = copy.deepcopy(net)
    net.fit(x, y, optimizer=SGD(0.1), epochs=2, batch_size=16, verbose=0)
    trainer = fn.Trainer(by_hand, "cross_entropy", SGD(0.1))
    orders = []
    for epoch in range(2):
        keys = fn.functional.random_uint32(50, seed=7, stream=2**31, counter=epoch)
        orders.append(np.argsort(keys, kind="stable"))
        for start in range(0, 50, 16):
            rows = orders[-1][start : start + 16]
            trainer.step(x[rows], y[rows])
    np.testing.assert_array_equal(net.parameters, by_hand.parameters)
    assert (orders[0] != orders[1]).any()


def test_without_shuffle_the_order_is_kept():
    (x, y), net = separable(50), linear(2, features=2)
    by_hand = copy.deepcopy(net)
    net.fit(x, y, optimizer=SGD(0.1), batch_size=16, shuffle=False, verbose=0)
    trainer = fn.Trainer(by_hand, "cross_entropy", SGD(0.1))
    for start in range(0, 50, 16):
        trainer.step(x[start : start + 16], y[start : start + 16])
    np.testing.assert_array_equal(net.parameters, by_hand.parameters)


def test_the_seed_decides_the_run():
    def run(seed):
        net = linear(2, features=2, seed=seed)
        return net.fit(*separable(), epochs=2, verbose=0)["loss"]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_history_holds_a_list_of_every_figure():
    (x, y), net = separable(), linear(2, features=2)
    history = net.fit(x, y, epochs=3, validation_data=(x[:20], y[:20]), verbose=0)
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert {len(column) for column in history.values()} == {3}
    assert net.evaluate(x[:20], y[:20])["loss"] == history["val_loss"][-1]
    assert net.evaluate(x[:20], y[:20])["accuracy"] == history["val_accuracy"][-1]


def test_the_epochs_loss_weighs_every_sample_alike():
    x, y = separable(33)  # the last batch holds one sample
    net = linear(2, features=2)
    history = net.fit(x, y, optimizer=SGD(0.0), batch_size=16, verbose=0)
    assert history["loss"][0] == pytest.approx(net.evaluate(x, y)["loss"], rel=1e-13)
    assert history["accuracy"][0] == net.evaluate(x, y)["accuracy"]


def test_evaluate_weighs_the_loss():
    (x, y), net = separable(40), linear(2, features=2)
    weight = np.random.default_rng(1).integers(0, 3, 40)
    rows = np.repeat(np.arange(40), weight)
    net.fit(x, y, verbose=0)
    got = net.evaluate(x, y, sample_weight=weight, batch_size=7)["loss"]
    assert got == pytest.approx(net.evaluate(x[rows], y[rows])["loss"], rel=1e-12)


def test_metrics_see_the_users_labels():
    x, index = separable()
    y, net, seen = np.array(["a", "b"])[index], linear(2, features=2), []

    def share_of_b(y_true, y_pred):
        seen.append((y_true, y_pred))
        return np.mean(y_pred == "b")

    history = net.fit(x, y, epochs=2, metrics=["accuracy", share_of_b], verbose=0)
    assert len(history["share_of_b"]) == len(history["accuracy"]) == 2
    assert sorted(seen[0][0]) == sorted(y)
    scores = net.evaluate(x, y, metrics=[share_of_b])
    assert scores == {"loss": scores["loss"], "share_of_b": np.mean(net.predict_classes(x) == "b")}


def test_metrics_of_numbers_see_outputs():
    x, y, net = samples(), samples(features=3, seed=1), linear()

    def worst(y_true, y_pred):
        return np.abs(y_true - y_pred).max()

    history = net.fit(x, y, loss="mean_squared_error", metrics=[worst], verbose=0)
    assert set(history) == {"loss", "worst", "seconds"}
    expected = np.abs(net.predict(x) - y).max()
    assert net.evaluate(x, y, metrics=[worst])["worst"] == pytest.approx(expected, rel=1e-15)


def test_callbacks_hear_of_every_moment():
    heard = []

    class Everything:
        def __getattr__(self, hook):
            if not hook.startswith("on_"):
                raise AttributeError(hook)
            return lambda net, logs: heard.append((hook, logs.get("epoch"), logs.get("batch")))

    linear(2, features=2).fit(
        *separable(20), batch_size=16, epochs=2, verbose=0, callbacks=[Everything()]
    )

    def epoch(number):
        for batch in (0, 1):
            yield from [("on_batch_begin", number, batch), ("on_batch_end", number, batch)]
            yield "on_progress", number, None
            if batch == 0:  # behind the last batch the epoch has to end first
                yield "on_resumable", number, None

    epochs = [
        (("on_epoch_begin", number, None), *epoch(number), ("on_epoch_end", number, None),
         ("on_resumable", number + 1, None))
        for number in (0, 1)
    ]  # fmt: skip
    end = ("on_train_end", 1, None)
    assert heard == [("on_train_begin", None, None), *epochs[0], *epochs[1], end]


def test_progress_is_a_line_an_epoch(capsys):
    (x, y), net = separable(), linear(2, features=2)
    net.fit(x, y, epochs=2, validation_data=(x, y))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    for word in ("loss ", "accuracy ", "val_loss ", "val_accuracy ", " samples/s"):
        assert all(word in line for line in lines)
    net.fit(x, y, verbose=0)
    assert capsys.readouterr().out == ""


def test_an_interrupt_leaves_the_network_usable():
    class Interrupt:
        def on_batch_end(self, net, logs):
            if logs["batch"] == 1:
                raise KeyboardInterrupt

    (x, y), net = separable(), linear(2, features=2)
    with pytest.raises(KeyboardInterrupt):
        net.fit(x, y, batch_size=16, callbacks=[Interrupt()], verbose=0)
    assert np.isfinite(net.predict(x)).all()
    history = net.fit(x, y, optimizer=Adam(0.1), epochs=20, verbose=0)
    assert history["accuracy"][-1] > 0.9


def test_fit_standardizes_by_its_first_data():
    x = samples(100, 3) * [1, 100, 0.01] + [5, 0, -3]
    layers = [L.Rescale(2.0), L.Standardize(), L.Dense(2), L.Standardize(), L.Dense(1)]
    net = fn.Sequential(layers, input_shape=(3,), dtype="float64")
    net.fit(x, x[:, 0], loss="mean_squared_error", verbose=0)
    mean, spread = layers[1].mean, layers[1].spread
    np.testing.assert_allclose(mean, 2 * x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, 2 * x.std(axis=0), rtol=1e-12)
    assert layers[3].mean.shape == (2,)
    net.fit(x + 1, x[:, 0], loss="mean_squared_error", verbose=0)
    assert layers[1].mean is mean


def test_a_network_learns_numbers():
    x = np.linspace(-1, 1, 200)[:, None]
    net = fn.Sequential([L.Dense(16, "tanh"), L.Dense(1)], input_shape=(1,), seed=1)
    how = {"loss": "mean_squared_error", "optimizer": Adam(0.01), "epochs": 400, "verbose": 0}
    net.fit(x, np.sin(3 * x), **how)
    assert net.evaluate(x, np.sin(3 * x)) == {"loss": pytest.approx(0, abs=1e-3)}


def test_fit_is_built_on_its_first_data():
    net = fn.Sequential([L.Dense(2)])
    net.fit(*separable(), verbose=0)
    assert net.input_shape == (2,)


def test_nothing_is_kept_of_the_last_batch():
    net = linear(2, features=2)
    net.fit(*separable(), verbose=0)
    assert net.layers[0]._saved is None
