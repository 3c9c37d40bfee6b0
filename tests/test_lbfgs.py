"""L-BFGS: `fit` on all data at once."""

import builtins
import json

import numpy as np
import pytest
from scipy.optimize import minimize

import fastnn as fn

L, LBFGS = fn.layers, fn.optimizers.LBFGS


def data(n=90):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 5))
    return x, (x[:, 0] > x[:, 1] ** 2).astype(int)


def network(dtype="float64", end=(), **how):
    how = {"weight_regularizer": fn.regularizers.L2(1e-3)} | how
    layers = [L.Dense(7, "tanh", **how), L.Dense(2, **how), *end]
    return fn.Sequential(layers, input_shape=(5,), dtype=dtype, seed=2)


class Nothing(L.Flatten):
    """Not compiled: its network runs stage by stage."""

    _instruction = None


def test_it_is_scipys_minimisation_of_the_loss_of_all_data():
    (x, y), net, twin = data(), network(), network()
    history = net.fit(x, y, optimizer=LBFGS(30, 1e-8), batch_size=7, epochs=2, verbose=0)
    trainer, losses = fn.Trainer(twin), []

    def loss_and_gradients(parameters):
        twin.parameters = parameters
        return trainer.loss_and_gradients(x, y), twin.gradients.copy()

    found = minimize(
        loss_and_gradients, twin.parameters.copy(), jac=True, method="L-BFGS-B",
        callback=lambda p: losses.append(loss_and_gradients(p)[0]),
        options={"maxiter": 30, "gtol": 1e-8, "ftol": 0.0},
    )  # fmt: skip
    np.testing.assert_array_equal(net.parameters, found.x)
    assert len(losses) == len(history["loss"]) == 30 == net.optimizer.steps
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-13)
    assert net.evaluate(x, y)["accuracy"] == pytest.approx(history["accuracy"][-1])
    assert history["loss"][-1] < 0.3 * history["loss"][0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_ends_at_a_minimum(dtype):
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(50, 4)), rng.normal(size=(4, 3))
    net = fn.Sequential([L.Dense(3)], input_shape=(4,), dtype=dtype)
    tolerance = {"float32": 1e-3, "float64": 1e-9}[dtype]
    how = {"loss": "mean_squared_error", "optimizer": LBFGS(200, tolerance), "verbose": 0}
    history = net.fit(x, x @ weight + 0.5, validation_data=(x, x @ weight + 0.5), **how)
    fn.Trainer(net, "mean_squared_error").loss_and_gradients(x, x @ weight + 0.5)
    assert abs(net.gradients).max() <= tolerance * 1.01
    assert len(history["loss"]) < 100
    assert history["val_loss"][-1] == pytest.approx(history["loss"][-1], rel=1e-6)
    np.testing.assert_allclose(net.layers[0].weight, weight.T, atol=10 * tolerance)


def test_programs_and_stages_go_the_same_way_on_any_number_of_threads():
    (x, y), net = data(), network()
    net.fit(x, y, optimizer=LBFGS(15), verbose=0)
    stages = network(end=[Nothing()])
    before = fn.get_num_threads()
    try:
        for threads, other in [(1, stages), (2, network()), (3, network())]:
            fn.set_num_threads(threads)
            other.fit(x, y, optimizer=LBFGS(15), verbose=0)
            assert other.parameters.tobytes() == net.parameters.tobytes()
    finally:
        fn.set_num_threads(before)


def test_frozen_layers_stay():
    (x, y), net = data(), network()
    net.layers[0].trainable = False
    before = net.layers[0].weight.copy()
    history = net.fit(x, y, optimizer="lbfgs", verbose=0)
    np.testing.assert_array_equal(net.layers[0].weight, before)
    assert history["loss"][-1] < history["loss"][0]


def test_a_callback_watches_iterations_and_may_end_them():
    class Stop:
        def on_epoch_end(self, net, logs):
            seen.append((logs["epoch"], logs["loss"], net.parameters.copy()))
            if logs["epoch"] == 4:
                raise KeyboardInterrupt

    seen, (x, y), net = [], data(), network()
    with pytest.raises(KeyboardInterrupt):
        net.fit(x, y, optimizer=LBFGS(), callbacks=[Stop()], verbose=0)
    assert [epoch for epoch, *_ in seen] == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(net.parameters, seen[-1][2])
    assert net.evaluate(x, y)["loss"] == pytest.approx(seen[-1][1], rel=1e-12)


def test_an_exception_within_a_line_search_leaves_what_was_reached():
    (x, y), net, calls, reached = data(), network(), [], []
    trainer = fn.Trainer(net)

    def loss_and_gradients():
        calls.append(len(reached))
        if len(reached) == 3:
            raise RuntimeError("enough")
        return trainer.loss_and_gradients(x, y)

    with pytest.raises(RuntimeError, match="enough"):
        LBFGS().minimize(net, loss_and_gradients, lambda: reached.append(net.parameters.copy()))
    np.testing.assert_array_equal(net.parameters, reached[-1])


def test_without_scipy_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **how):
        if name.startswith("scipy"):
            raise ImportError("No module named 'scipy'")
        return real(name, *rest, **how)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"LBFGS: it needs scipy.*pip install 'fastnn\[scipy\]'"):
        network().fit(*data(), optimizer=LBFGS(), verbose=0)


@pytest.mark.parametrize("name", ["Checkpoint", "WeightAverage"])
def test_callbacks_that_need_updates_are_refused(name, tmp_path):
    callback = fn.callbacks.WeightAverage()
    if name == "Checkpoint":
        callback = fn.callbacks.Checkpoint(tmp_path / "a")
    net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    with pytest.raises(ValueError, match=f"LBFGS gives .* leave {name} out"):
        how = {"optimizer": fn.optimizers.LBFGS(), "callbacks": [callback], "verbose": 0}
        net.fit([[0.0], [1.0]], [0, 1], **how)


def test_it_is_for_fit_and_for_free_weights():
    (x, y), net = data(), network()
    with pytest.raises(TypeError, match=r"LBFGS: it needs the loss of all data.*use fit"):
        fn.Trainer(net, optimizer=LBFGS()).step(x, y)
    held = network(weight_constraint="non_negative")
    with pytest.raises(ValueError, match="LBFGS: expected a network without constraints"):
        held.fit(x, y, optimizer=LBFGS(), verbose=0)
    for wrong in ({"max_iterations": 0}, {"tolerance": 0}, {"memory": 0}):
        with pytest.raises(ValueError, match=f"LBFGS: .*{next(iter(wrong))}"):
            LBFGS(**wrong)
    config = json.loads(json.dumps(LBFGS(7, 0.5, memory=3).config()))
    assert fn.optimizers.from_config(config).config() == config
