"""Schedules: their rates, and training with them."""

import json
import math
import pickle

import numpy as np
import pytest

import fastnn as fn

S = fn.schedules
L = fn.layers

SCHEDULES = [
    lambda **how: S.Constant(0.3, **how),
    lambda **how: S.Step(0.3, 5, 0.5, **how),
    lambda **how: S.Step(0.3, [2, 3, 7], 0.5, **how),
    lambda **how: S.Exponential(0.3, 0.9, every=2, **how),
    lambda **how: S.Polynomial(0.3, 12, power=1.5, end=0.01, **how),
    lambda **how: S.Cosine(0.3, 9, minimum=0.01, **how),
    lambda **how: S.Cosine(0.3, 3, restarts=True, multiplier=2, **how),
    lambda **how: S.OneCycle(0.3, 12, **how),
    lambda **how: S.OneCycle(0.3, 12, rise=0.5, shape="linear", **how),
    lambda **how: S.LinearWarmup(4, S.Cosine(0.3, 6, **how)),
    lambda **how: S.LinearWarmup(3, S.LinearWarmup(2, S.Step(0.3, 2, **how)), start=0.5),
    lambda **how: S.ReduceOnPlateau(0.3, patience=1, **how),
]
PLANNED = [
    lambda **how: S.Polynomial(0.3, **how),
    lambda **how: S.Cosine(0.3, **how),
    lambda **how: S.OneCycle(0.3, **how),
    lambda **how: S.LinearWarmup(2, S.Cosine(0.3, **how)),
]


class Nothing(L.Flatten):
    """Not compiled: its network runs stage by stage."""

    _instruction = None


def network(way="program"):
    end = [Nothing()] if way == "stages" else []
    layers = [L.Dense(9, "tanh"), L.Dense(3), *end]
    return fn.Sequential(layers, input_shape=(5,), dtype="float64", seed=1)


def data(n=50):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 5)), rng.integers(0, 3, n)


class Seen:
    """The rate of every update, from the parameters' changes with SGD and constant gradients."""

    def __init__(self, schedule, way="program"):
        layer = L.Dense(1, bias=False, weight_initializer="zeros")
        end = [Nothing()] if way == "stages" else []
        self.net = fn.Sequential([layer, *end], input_shape=(1,), dtype="float64")
        self.optimizer = fn.optimizers.SGD(schedule)
        # the mean absolute error of an output far below its target has the slope −1
        self.trainer = fn.Trainer(self.net, "mean_absolute_error", self.optimizer)

    def step(self):
        before = self.net.parameters[0]
        self.trainer.step([[1.0]], [[1e3]])
        return self.net.parameters[0] - before


@pytest.mark.parametrize("way", ["program", "stages"])
@pytest.mark.parametrize("make", SCHEDULES)
def test_every_update_has_its_own_rate(make, way):
    schedule = make(per="step")
    seen = Seen(schedule, way)
    rates = [seen.step() for _ in range(20)]
    np.testing.assert_allclose(rates, [schedule(step) for step in range(20)], atol=1e-12)
    np.testing.assert_array_equal(schedule.rates(20), [schedule(step) for step in range(20)])
    assert seen.optimizer.steps == 20


@pytest.mark.parametrize("per", ["step", "epoch"])
@pytest.mark.parametrize("make", SCHEDULES)
def test_rates_do_not_depend_on_how_steps_are_grouped_into_calls(make, per):
    """Many steps in one call, one call a step (a callback watches), and by hand."""

    class Watch:
        def on_batch_end(self, net, logs):
            pass

    def fitted(epochs=(3,), **how):
        net, (x, y) = network(), data()
        optimizer = fn.optimizers.Adam(make(per=per))
        for count in epochs:
            net.fit(
                x, y, optimizer=optimizer, epochs=count, batch_size=7, shuffle=False, verbose=0,
                **how,
            )  # fmt: skip
        return net.parameters.tobytes()

    whole = fitted()
    assert fitted(callbacks=[Watch()]) == whole
    assert fitted((1, 2)) == whole
    net, (x, y) = network(), data()
    trainer = fn.Trainer(net, "cross_entropy", fn.optimizers.Adam(make(per=per)))
    for _ in range(3):
        losses = [
            trainer.step(x[i : i + 7], y[i : i + 7]) * len(x[i : i + 7]) for i in range(0, 50, 7)
        ]
        trainer.optimizer.end_epoch({"loss": sum(losses) / 50})
    assert net.parameters.tobytes() == whole


@pytest.mark.parametrize("make", [lambda: S.Step(0.5, 300), lambda: S.Step(0.5, 2, per="epoch")])
def test_more_steps_than_are_looked_ahead_at_once(make):
    seen = Seen(make())
    if make().per == "epoch":
        rates = []
        for _ in range(5):
            rates += [seen.step(), seen.step()]
            seen.optimizer.end_epoch()
        np.testing.assert_allclose(rates, np.repeat([0.5, 0.5, 0.05, 0.05, 0.005], 2), rtol=1e-9)
        return
    x, y = np.ones((1000, 1)), np.full((1000, 1), 1e3)
    how = {"loss": "mean_absolute_error", "optimizer": seen.optimizer, "verbose": 0}
    seen.net.fit(x, y, batch_size=1, **how)
    wanted = make().rates(1000).sum()
    assert seen.net.parameters[0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("per", ["step", "epoch"])
@pytest.mark.parametrize("make", PLANNED)
def test_fit_tells_how_long_it_is(make, per):
    (x, y), net = data(), network()
    optimizer = fn.optimizers.SGD(make(per=per))
    for calls in (1, 2):
        net.fit(x, y, optimizer=optimizer, epochs=6, batch_size=13, verbose=0)
        begin = (calls - 1) * (6 if per == "epoch" else 24)
        told = make(per=per)
        inner = getattr(told, "then", told)
        length = 6 if per == "epoch" else 24
        inner.total = length - (2 if told is not inner else 0)
        if told is inner:  # a warmup is once
            steps = [optimizer.learning_rate(begin + step) for step in range(length + 3)]
            assert steps == [told(step) for step in range(length + 3)]
        elif calls == 1:
            assert [optimizer.learning_rate(s) for s in range(9)] == [told(s) for s in range(9)]


@pytest.mark.parametrize("make", PLANNED)
def test_a_length_that_nobody_told_is_an_error(make):
    with pytest.raises(ValueError, match="expected a total number of steps, got None outside"):
        Seen(make()).step()


def test_the_learning_rate_may_change_between_a_number_and_a_schedule():
    seen = Seen(0.25)
    rates = [seen.step()]
    seen.optimizer.learning_rate = S.Step(1.0, 2, 0.5)
    rates += [seen.step(), seen.step()]
    seen.optimizer.learning_rate = 2.0
    rates.append(seen.step())
    np.testing.assert_allclose(rates, [0.25, 1.0, 0.5, 2.0], rtol=1e-12)
    assert seen.optimizer.rate == 2.0


def test_a_plateau_that_is_observed_changes_the_next_update():
    schedule = S.ReduceOnPlateau(1.0, factor=0.5, patience=0)
    seen, rates = Seen(schedule), []
    for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
        rates.append(seen.step())
        schedule.observe(loss)
    np.testing.assert_allclose(rates, [1, 1, 1, 0.5, 0.25], rtol=1e-12)


def test_fit_shows_a_plateau_its_figures():
    x, y = data()
    for monitor, validated in [(None, True), (None, False), ("accuracy", False)]:
        mode = "max" if monitor else "min"
        schedule = S.ReduceOnPlateau(0.1, factor=0.5, patience=0, monitor=monitor, mode=mode)
        net = network()
        history = net.fit(
            x, y, optimizer=fn.optimizers.SGD(schedule), epochs=12, verbose=0, batch_size=50,
            validation_data=(x, (y + 1) % 3) if validated else None,
        )  # fmt: skip
        twin = S.ReduceOnPlateau(0.1, factor=0.5, patience=0, mode=mode)
        for value in history[monitor or ("val_loss" if validated else "loss")]:
            twin.observe(value)
        assert schedule.state == twin.state
        assert schedule(0) < 0.1 or not validated
    with pytest.raises(ValueError, match=r"expected the figure 'f1', got loss, accuracy"):
        schedule.monitor = "f1"
        net.fit(x, y, optimizer=net.optimizer, verbose=0)


@pytest.mark.parametrize("make", SCHEDULES + PLANNED)
def test_config_and_state_make_the_same_schedule(make):
    schedule = make()
    if make in PLANNED:
        schedule.plan(3, 30)
    if isinstance(schedule, S.ReduceOnPlateau):
        for loss in (2.0, 2.0, 3.0, math.nan):
            schedule.observe(loss)
    config, state = json.loads(json.dumps([schedule.config(), schedule.state]))
    twin = S.from_config(config)
    twin.restore(state)
    assert type(twin) is type(schedule)
    assert twin.config() == schedule.config()
    for other in (twin, pickle.loads(pickle.dumps(schedule))):
        assert other.rates(40).tolist() == schedule.rates(40).tolist()
        assert other.per == schedule.per


class Falling(S.Schedule):
    def __call__(self, step):
        return 1.0 - step


def test_a_schedule_of_ones_own_is_checked():
    seen = Seen(Falling())
    seen.optimizer.steps = 2
    with pytest.raises(ValueError, match="Falling: expected the rate of step 2 at least 0, got -1"):
        seen.step()
    with pytest.raises(TypeError, match="only schedules of fastnn have a config"):
        seen.optimizer.config()


ERRORS = [
    (lambda: S.Constant(-1), ValueError, "Constant: expected rate at least 0, got -1"),
    (lambda: S.Constant(1, per="batch"), ValueError, 'expected per "step" or "epoch"'),
    (lambda: S.Step(1, 0), ValueError, "Step: every must be from 1 .* got 0"),
    (lambda: S.Step(1, [3, 2]), ValueError, "every in ascending order"),
    (lambda: S.Exponential(1, 0), ValueError, "Exponential: expected factor more than 0"),
    (lambda: S.Polynomial(1, 0), ValueError, "Polynomial: total must be from 1 .* got 0"),
    (lambda: S.Cosine(1, restarts=True), ValueError, "expected a period with restarts=True"),
    (lambda: S.OneCycle(1, 10, rise=1), ValueError, "rise at least 0 and less than 1"),
    (lambda: S.OneCycle(1, 10, shape="sine"), ValueError, 'expected shape "cosine" or "linear"'),
    (lambda: S.LinearWarmup(0, 1.0), ValueError, "LinearWarmup: steps must be from 1 .* got 0"),
    (lambda: S.ReduceOnPlateau(1, factor=1), ValueError, "factor at least 0 and less than 1"),
    (lambda: S.from_config({"name": "cosin"}), ValueError, "did you mean 'cosine'"),
    (lambda: fn.optimizers.SGD("fast"), TypeError, "expected a number for learning_rate"),
]


@pytest.mark.parametrize(("call", "exception", "message"), ERRORS)
def test_wrong_settings_raise_and_name_the_schedule(call, exception, message):
    with pytest.raises(exception, match=message):
        call()
