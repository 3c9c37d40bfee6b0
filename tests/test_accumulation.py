"""Several batches that make one update: what they add up to is one batch with all their samples."""

import itertools

import numpy as np
import pytest

import fastnn as fn
from fastnn import running
from fastnn.layers.batch_norm import BatchNorm
from fastnn.running import Samples
from networks import TABLE
from tolerances import EPSILON, TRAINING

L = fn.layers
OPTIMIZERS = {
    "SGD": lambda: fn.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "RMSprop": lambda: fn.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Adagrad": lambda: fn.optimizers.Adagrad(0.01, rate_decay=0.1),
    "Adadelta": lambda: fn.optimizers.Adadelta(),
    "Adam": lambda: fn.optimizers.Adam(fn.schedules.OneCycle(0.01, 8), amsgrad=True),
    "AdamW": lambda: fn.optimizers.AdamW(0.01, weight_decay=0.1, decay_biases=False),
    "Lion": lambda: fn.optimizers.Lion(0.003),
    "clipped": lambda: fn.optimizers.SGD(0.1, clip_value=0.5, clip_norm=0.05),
    "noisy": lambda: fn.optimizers.Adam(0.01, gradient_noise=0.01),
}


class Own(fn.optimizers.Optimizer):
    """An optimizer of the user's."""

    def update(self, parameters, gradients):
        parameters -= 0.1 * self.prepared(gradients)
        self.steps += 1


@pytest.fixture
def staged(monkeypatch):
    """Networks run stage by stage."""

    def use():
        monkeypatch.setattr(running, "compile_program", lambda *how: None)

    return use


def data(n=103):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(n, 7, 6, 2)), np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    weight = rng.random(n) * (np.arange(n) % 5 != 0)
    weight[24:40] = 0  # whole batches of no weight
    weight[40:48] *= 100
    return x, y, weight


def network(dtype="float64", seed=4):
    layers = [
        L.Conv2D(5, 3, activation="relu", weight_regularizer="l2"),
        L.GroupNorm(5),
        L.SpatialDropout(0.2),
        L.Flatten(),
        L.Dense(17, "tanh", weight_constraint=fn.constraints.MaxNorm(1.0)),
        L.Dropout(0.3),
        L.Dense(9, "tanh", weight_regularizer="shared_l2"),
        L.Dense(3, weight_regularizer="l1_l2"),
    ]
    return fn.Sequential(layers, input_shape=(7, 6, 2), dtype=dtype, seed=seed)


def fitted(optimizer, dtype="float64", **how):
    x, y, weight = data()
    net, settings = network(dtype), {"epochs": 2, "sample_weight": weight, "verbose": 0} | how
    history = net.fit(x, y, optimizer=optimizer, **settings)
    return net, history


def assert_close(found, expected, dtype="float64"):
    allowed = TRAINING * EPSILON[dtype] / EPSILON["float64"] * np.max(np.abs(expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=allowed)


# --- gradients ------------------------------------------------------------------------------------

ROWS = [row for row in TABLE if not any(isinstance(layer, BatchNorm) for layer in row.patterns)]


def gradients(row, n, **how):
    """Gradients and figures of one update's batches."""
    trainer = row.trainer("float64")
    net, (x, y, weight) = trainer.net, row.batch(n)
    runner = net.runner(trainer.loss, training=True)
    x = net.check(x)
    samples = Samples(runner.source(x), trainer.loss.targets(y, n, net), weight)
    (figures,) = runner.run(samples, 0, n, optimizer=None, **how)
    return net.gradients.copy(), np.array(figures)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_gradients_add_up_to_those_of_one_batch(row):
    expected, figures = gradients(row, 77, batch_size=77)
    found, other = gradients(row, 77, batch_size=18, accumulate=5)
    assert_close(found, expected)
    assert_close(other, figures)


@pytest.mark.parametrize("row", ROWS[::9], ids=repr)
def test_so_they_do_stage_by_stage(row, staged):
    expected, figures = gradients(row, 77, batch_size=77)
    staged()
    found, other = gradients(row, 77, batch_size=18, accumulate=5)
    assert_close(found, expected)
    assert_close(other, figures)


@pytest.mark.parametrize("batches", [127, 128, 129, 256, 257, 300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_so_many_batches_that_sums_have_levels(dtype, batches):
    rng = np.random.default_rng(0)
    x, y = rng.integers(-3, 4, (batches, 5)), rng.integers(-3, 4, (batches, 2))
    sums = {}
    for size, steps in ((batches, 1), (1, batches)):
        layers = [L.Dense(2, weight_initializer="zeros")]
        net = fn.Sequential(layers, input_shape=(5,), dtype=dtype)
        loss = fn.losses.SquaredError(reduction="sum")
        how = {"shuffle": False, "batch_size": size, "gradient_accumulation_steps": steps}
        net.fit(x, y, loss=loss, optimizer=fn.optimizers.SGD(1.0), verbose=0, **how)
        sums[size] = net.parameters
    expected = np.concatenate([(2 * y.T @ x).ravel(), 2 * y.sum(axis=0)])  # whole numbers
    assert (sums[1] == expected).all() and (sums[batches] == expected).all()


# --- fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_is_that_of_one_batch_with_all_samples(name):
    """Weights of batches differ, some have none; the last update of an epoch has fewer batches."""
    big, expected = fitted(OPTIMIZERS[name](), batch_size=40)
    net, history = fitted(OPTIMIZERS[name](), batch_size=8, gradient_accumulation_steps=5)
    assert_close(net.parameters, big.parameters)
    assert net.steps == net.optimizer.steps == big.steps == 6
    for mine, other in zip(net.optimizer.state, big.optimizer.state, strict=True):
        assert_close(mine, other)
    for figure in ("loss", "accuracy"):
        assert_close(history[figure], expected[figure])
    assert (net.parameters != network().parameters).mean() > 0.9


@pytest.mark.parametrize("optimizer", [Own, OPTIMIZERS["Adam"]])
def test_so_it_is_stage_by_stage_and_for_optimizers_of_ones_own(optimizer, staged):
    big, expected = fitted(optimizer(), batch_size=40)
    accumulated = {"batch_size": 8, "gradient_accumulation_steps": 5}
    net, _ = fitted(optimizer(), **accumulated)
    assert_close(net.parameters, big.parameters)
    staged()
    net, history = fitted(optimizer(), **accumulated)
    assert_close(net.parameters, big.parameters)
    assert_close(history["loss"], expected["loss"])
    assert net.steps == 6


def test_in_single_precision_it_is_as_close_as_that():
    big, _ = fitted(OPTIMIZERS["SGD"](), "float32", batch_size=40)
    net, _ = fitted(OPTIMIZERS["SGD"](), "float32", batch_size=8, gradient_accumulation_steps=5)
    assert_close(net.parameters, big.parameters, "float32")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sums_are_sums_and_penalties_count_once(reduction):
    loss = fn.losses.CrossEntropy(reduction=reduction, class_weight=(1.0, 0.5, 2.0))
    how = {"loss": loss, "optimizer": fn.optimizers.SGD(0.003), "epochs": 1, "shuffle": False}
    big, expected = fitted(**how, batch_size=103)
    how["optimizer"] = fn.optimizers.SGD(0.003)
    net, history = fitted(**how, batch_size=10, gradient_accumulation_steps=99)
    assert_close(net.parameters, big.parameters)
    assert_close(history["loss"], expected["loss"])


def test_losses_of_several_outputs_have_weights_of_their_own(staged):
    rng = np.random.default_rng(3)
    x, classes, numbers = rng.normal(size=(50, 4)), rng.integers(-1, 3, 50), rng.random((50, 2))
    classes[:20] = -1  # ignored: the first batches count in the other loss alone

    def train(**how):
        given = fn.Input((4,))
        hidden = L.Dense(9, "tanh")(given)
        net = fn.Model(given, [L.Dense(3)(hidden), L.Dense(2)(hidden)], dtype="float64")
        losses = [fn.losses.CrossEntropy(ignore_label=-1), "mean_squared_error"]
        loss = fn.losses.Joint(losses, weights=[1.0, 0.3])
        net.fit(x, [classes, numbers], loss=loss, shuffle=False, epochs=3, verbose=0, **how)
        return net

    big = train(batch_size=50)
    accumulated = {"batch_size": 8, "gradient_accumulation_steps": 7}
    assert_close(train(**accumulated).parameters, big.parameters)
    staged()
    assert_close(train(**accumulated).parameters, big.parameters)


def test_statistics_of_batch_norms_are_those_of_each_batch():
    x, y, _ = data(48)
    trained = {}
    for rate in (0.0, 0.1):
        layers = [L.BatchNorm(momentum=0.5), L.Flatten(), L.Dense(3)]
        net = fn.Sequential(layers, input_shape=(7, 6, 2), dtype="float64")
        how = {"optimizer": fn.optimizers.SGD(rate), "shuffle": False, "verbose": 0}
        net.fit(x, y, batch_size=16, gradient_accumulation_steps=3, **how)
        trained[rate] = net
    mean = np.zeros(2)
    for start in (0, 16, 32):
        mean = 0.5 * mean + 0.5 * x[start : start + 16].mean(axis=(0, 1, 2))
    for net in trained.values():
        assert_close(net.layers[0].running_mean, mean)
    assert trained[0.1].steps == 1
    assert (trained[0.1].parameters != trained[0.0].parameters).mean() > 0.9


@pytest.mark.usefixtures("threads_for_all_work")
def test_threads_show_in_no_bit():
    before, found = fn.get_num_threads(), set()
    how = {"batch_size": 17, "gradient_accumulation_steps": 3}
    for dtype in ("float32", "float64"):
        for threads in (1, 2, 3, 7):
            fn.set_num_threads(threads)
            net, _ = fitted(OPTIMIZERS["clipped"](), dtype, **how)
            found.add((dtype, net.parameters.tobytes()))
    fn.set_num_threads(before)
    assert len(found) == 2


def test_one_batch_an_update_changes_no_bit():
    net, _ = fitted("adam", "float32", batch_size=16)
    same, _ = fitted("adam", "float32", batch_size=16, gradient_accumulation_steps=1)
    assert net.parameters.tobytes() == same.parameters.tobytes()


def test_all_that_counts_counts_updates(tmp_path):
    seen = []

    class Spy:
        def on_train_begin(self, net, logs):
            seen.append(logs["batches"])

        def on_batch_end(self, net, logs):
            seen.append((logs["epoch"], logs["batch"], net.steps))

    average = fn.callbacks.WeightAverage(0.5, every=1, use=False)
    how = {"batch_size": 8, "gradient_accumulation_steps": 5, "callbacks": [Spy(), average]}
    schedule = fn.schedules.Exponential(0.1, 0.5)
    net, _ = fitted(fn.optimizers.SGD(schedule), **how)
    assert seen == [3, (0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 4), (1, 1, 5), (1, 2, 6)]
    assert net.optimizer.rate == 0.1 * 0.5**6
    assert average._taken == 6


def test_batches_that_come_one_by_one_add_up_whatever_their_sizes():
    x, y, weight = data()
    ends = [0, 20, 25, 65, 66, 103]  # five batches, two to an update
    parts = [slice(a, b) for a, b in itertools.pairwise(ends)]
    wholes = [slice(0, 25), slice(25, 66), slice(66, 103)]

    def train(slices, weighted, **how):
        net = network()
        batches = [
            (x[s], y[s], weight[s]) if i in weighted else (x[s], y[s]) for i, s in enumerate(slices)
        ]
        source = fn.data.Batches(lambda: iter(batches), classes=["a", "b", "c"])
        history = net.fit(source, epochs=3, verbose=0, metrics=["accuracy", "f1"], **how)
        return net, history

    big, expected = train(wholes, {0, 1, 2})
    net, history = train(parts, {0, 1, 2, 3, 4}, gradient_accumulation_steps=2)
    assert_close(net.parameters, big.parameters)
    assert net.steps == big.steps == 9
    assert_close(history["loss"], expected["loss"])
    assert history["f1"] == expected["f1"]
    weight[20:25] = 1  # a batch without weights beside one with some
    big, _ = train(wholes, {0, 1})
    net, _ = train(parts, {0, 2, 3}, gradient_accumulation_steps=2)
    assert_close(net.parameters, big.parameters)


def test_batches_of_arrays_have_the_bits_of_arrays():
    x, y, _ = data(96)
    how = {"gradient_accumulation_steps": 3, "shuffle": False, "epochs": 2, "verbose": 0}
    nets = [network("float32"), network("float32")]
    nets[0].fit(x, y, batch_size=16, **how)
    nets[1].fit([(x[s : s + 16], y[s : s + 16]) for s in range(0, 96, 16)], **how)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


def test_changes_of_images_are_the_same():
    x = np.random.default_rng(0).integers(0, 255, (50, 9, 9, 1), np.uint8)
    y = x[:, 4, 4, 0] > 127
    trained = []
    for size, steps in ((20, 1), (5, 4)):
        layers = [L.Rescale(1 / 255), L.Flatten(), L.Dense(2)]
        net = fn.Sequential(layers, input_shape=(9, 9, 1), dtype="float64")
        augment = [fn.augment.Rotate(20), fn.augment.Noise(0.1), fn.augment.MixUp(0.3)]
        how = {"batch_size": size, "gradient_accumulation_steps": steps, "augment": augment}
        net.fit(x, y, epochs=3, verbose=0, **how)
        trained.append(net.parameters)
    assert_close(trained[1], trained[0])


def test_a_loss_that_is_no_number_stops_the_whole_update():
    x, y, _ = data()
    x[50] *= 1e30
    net = network("float32")
    how = {"batch_size": 8, "gradient_accumulation_steps": 13, "shuffle": False, "verbose": 0}
    net.layers[0].weight[...] *= 1e10
    before = net.parameters.copy()
    with pytest.raises(
        fn.NonFiniteLossError, match=r"infinity in its output .*, sample 50"
    ) as error:
        net.fit(x, y, **how)
    assert (error.value.epoch, error.value.batch, error.value.step) == (0, 0, 0)
    assert (net.parameters == before).all() and net.steps == 0


# --- Trainer --------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS.values(), Own])
def test_calls_of_a_trainer_add_up(optimizer):
    x, y, weight = data()
    y = np.searchsorted(["a", "b", "c"], y)
    one = fn.Trainer(network(), optimizer=optimizer())
    other = fn.Trainer(network(), optimizer=optimizer(), gradient_accumulation_steps=3)
    for _ in range(2):
        for update in ([0, 20, 45, 50], [50, 51, 90, 103]):
            all_of_it = slice(update[0], update[-1])
            one.step(x[all_of_it], y[all_of_it], weight[all_of_it])
            for start, end in itertools.pairwise(update):
                before = other.net.parameters.copy()
                part = x[start:end], y[start:end], weight[start:end]
                loss = other.step(*part)
                assert np.isfinite(loss)
                assert (other.net.parameters == before).all() == (end != update[-1])
            assert other.net.steps == one.net.steps
            assert_close(other.net.parameters, one.net.parameters)
    assert other.net.steps == 4 and not other.flush()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_trainer_makes_an_update_of_what_there_is(reduction):
    x, y, _ = data(50)
    y = np.searchsorted(["a", "b", "c"], y)
    loss = fn.losses.CrossEntropy(reduction=reduction)
    one = fn.Trainer(network(), loss, fn.optimizers.SGD(0.01))
    one.step(x, y)
    other = fn.Trainer(network(), loss, fn.optimizers.SGD(0.01), gradient_accumulation_steps=9)
    for part in (slice(0, 30), slice(30, 30), slice(30, 50)):
        other.step(x[part], y[part])
    assert other.net.steps == 0 and other.flush() and other.net.steps == 1
    assert_close(other.net.parameters, one.net.parameters)


def test_a_trainer_drops_an_update_with_a_loss_that_is_no_number():
    net = fn.Sequential([L.Dense(1)], input_shape=(1,))
    trainer = fn.Trainer(net, "squared_error", "sgd", gradient_accumulation_steps=2)
    before = net.parameters.copy()
    assert np.isfinite(trainer.step([[1.0]], [[0.0]]))
    assert trainer.step([[np.inf]], [[0.0]]) == np.inf
    assert (net.parameters == before).all() and net.steps == 0
    trainer.step([[1.0]], [[0.0]])
    trainer.step([[1.0]], [[0.0]])
    assert (net.parameters != before).all() and net.steps == 1


# --- what cannot be -------------------------------------------------------------------------------


def test_mistakes_say_what_was_expected():
    x, y, _ = data(8)
    with pytest.raises(ValueError, match=r"gradient_accumulation_steps.* 0"):
        network().fit(x, y, gradient_accumulation_steps=0)
    with pytest.raises(ValueError, match=r"gradient_accumulation_steps.*16384.* 16385"):
        fn.Trainer(network(), gradient_accumulation_steps=16385)
    with pytest.raises(ValueError, match="LBFGS takes the loss of all samples at once"):
        network().fit(x, y, optimizer=fn.optimizers.LBFGS(), gradient_accumulation_steps=2)
    with pytest.raises(ValueError, match="LBFGS takes the loss of all samples at once"):
        fn.Trainer(network(), optimizer=fn.optimizers.LBFGS(), gradient_accumulation_steps=2)
    given = fn.Input((2,))
    net = fn.Model(given, [L.Dense(3)(given), L.Dense(1)(given)])
    loss = fn.losses.Joint([fn.losses.CrossEntropy(ignore_label=-1), "squared_error"])
    trainer = fn.Trainer(net, loss, gradient_accumulation_steps=2)
    with pytest.raises(ValueError, match="weigh the same in the losses of all outputs, got 1, 2"):
        trainer.step([[1.0, 2.0], [3.0, 4.0]], [[0, -1], [[1.0], [2.0]]])


def test_labels_and_shares_of_classes_do_not_mix_in_an_update():
    batches = [([[1.0]], [[0.5, 0.5]]), ([[1.0]], [1])]
    net = fn.Sequential([L.Dense(2)], input_shape=(1,))
    how = {"gradient_accumulation_steps": 2, "shuffle": False, "verbose": 0}
    with pytest.raises(ValueError, match="labels and shares of classes"):
        net.fit(batches, **how)
