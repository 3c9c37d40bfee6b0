"""Graphs of layers: `Input`, `Model`, several inputs and outputs."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn
from graphs import NETWORKS, L, forked, loss_of, samples, two_inputs

BATCHES = [1, 3, 16, 37]


def both_ways(net, n):
    """Loss and gradients by the program, and by the steps one by one."""
    x, y = samples(net, n)
    loss = loss_of(net)
    program = fn.Trainer(net, loss).loss_and_gradients(x, y), net.gradients.copy()
    outputs = net.run(net.enter(net.check(x)), loss.route(net), True)
    value, dys = loss.of_outputs(outputs, loss.targets(y, n, net), None)
    net.gradients[...] = 0
    net.run_back(dys)
    return program, (value, net.gradients.copy())


@pytest.mark.parametrize("n", BATCHES)
@pytest.mark.parametrize("make", NETWORKS)
def test_a_program_gives_the_bytes_of_its_steps(make, n):
    program, steps = both_ways(make(), n)
    assert program[0] == steps[0]
    assert program[1].tobytes() == steps[1].tobytes()
    assert program[1].any()


@pytest.mark.parametrize("make", NETWORKS)
def test_gradients_are_finite_differences(make):
    net = make(dtype="float64")
    (x, y), loss = samples(net, 5), loss_of(net)
    trainer = fn.Trainer(net, loss)
    trainer.loss_and_gradients(x, y)
    gradients, start = net.gradients.copy(), net.parameters.copy()
    for i in range(0, len(start), max(1, len(start) // 40)):
        losses = []
        for sign in (1, -1):
            net.parameters[...] = start
            net.parameters[i] += sign * 1e-5
            losses.append(trainer.loss_and_gradients(x, y))
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(gradients[i], rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("n", [37, 300])
@pytest.mark.parametrize("make", NETWORKS)
def test_nothing_depends_on_threads(make, n):
    results = set()
    for threads in (1, 2, 3, 7):
        fn.set_num_threads(threads)
        net = make()
        x, y = samples(net, n)
        trainer = fn.Trainer(net, loss_of(net), fn.optimizers.Adam(1e-2))
        losses = tuple(trainer.step(x, y) for _ in range(3))
        outputs = b"".join(array.tobytes() for array in np.atleast_1d(net.predict(x)[0]))
        results.add((losses, net.parameters.tobytes(), outputs))
    fn.set_num_threads(None)
    assert len(results) == 1


@pytest.mark.parametrize("make", NETWORKS)
def test_predictions_are_the_forward_pass_and_do_not_depend_on_the_batch(make):
    net = make()
    x, _ = samples(net, 20)
    few = [array[:3] for array in x] if isinstance(x, list) else x[:3]
    outputs = [net.predict(x), net.forward(x), net.predict(few)]
    if len(net.outputs) == 1:
        outputs = [[y] for y in outputs]
    for whole, forward, alone in zip(*outputs, strict=True):
        assert whole.tobytes() == forward.tobytes()
        assert whole[:3].tobytes() == alone.tobytes()


@pytest.mark.parametrize("make", NETWORKS)
def test_copies_and_saved_networks_are_the_same(make, tmp_path):
    net = make()
    x, y = samples(net, 40)
    net.fit(x, y, loss=loss_of(net), epochs=2, batch_size=16, verbose=0)
    net.save(tmp_path / "net.safetensors")
    expected = [array.tobytes() for array in net.predict(x)]
    for other in (
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
        fn.load(tmp_path / "net.safetensors"),
    ):
        assert [array.tobytes() for array in other.predict(x)] == expected
        assert other.evaluate(x, y) == net.evaluate(x, y)


def test_backward_gives_the_gradient_of_every_input():
    net = two_inputs(dtype="float64")
    x, _ = samples(net, 4)
    ys = net.forward(x, training=True)
    rng = np.random.default_rng(1)
    dys = [rng.integers(-3, 4, y.shape).astype(float) for y in ys]
    gradients = net.backward(dys)
    for which, place in [(0, (2, 3)), (1, (1, 2, 1, 0))]:
        values = []
        for sign in (1, -1):
            moved = [array.astype(np.float64) for array in x]
            moved[which][place] += sign * 1e-5
            outputs = net.forward(moved, training=True)
            values.append(sum((dy * y).sum() for dy, y in zip(dys, outputs, strict=True)))
        assert (values[0] - values[1]) / 2e-5 == pytest.approx(gradients[which][place], rel=1e-6)


def test_sequential_is_the_straight_line_case():
    layers = [L.Conv2D(3, 2, activation="relu"), L.MaxPool2D(2), L.Flatten(), L.Dense(3)]
    straight = fn.Sequential(layers, input_shape=(5, 6, 2), seed=4)
    x = y = fn.Input((5, 6, 2))
    for layer in (
        L.Conv2D(3, 2, activation="relu"), L.MaxPool2D(2), L.Flatten(), L.Dense(3)
    ):  # fmt: skip
        y = layer(y)
    graph = fn.Model(x, y, seed=4)
    data, labels = samples(graph, 37)
    assert fn.Trainer(straight).step(data, labels) == fn.Trainer(graph).step(data, labels)
    assert straight.parameters.tobytes() == graph.parameters.tobytes()
    assert straight.predict(data).tobytes() == graph.predict(data).tobytes()


def test_layers_may_standardize_inside_a_graph():
    x = fn.Input((4,))
    net = fn.Model(x, L.Dense(2)(L.Standardize()(L.Activation("tanh")(x))))
    data = np.random.default_rng(0).normal(size=(50, 4))
    net.fit(data, np.arange(50) % 2, verbose=0)
    (layer,) = net.learns
    np.testing.assert_allclose(layer.mean, np.tanh(data.astype("f")).mean(axis=0), atol=1e-6)


def test_the_summary_says_what_reads_what():
    lines = str(two_inputs()).splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["0", "1"]
    assert "Rescale" in lines[6]
    assert lines[6].endswith(" 1")


def cyclic():
    x = fn.Input((3,))
    first = L.Dense(3, name="first")(x)
    second = L.Dense(3, name="second")(first)
    first.inputs = (second,)
    return fn.Model(x, second)


def unread():
    x, other = fn.Input((3,)), fn.Input((4,), name="other")
    return fn.Model([x, other], L.Dense(2)(x))


def unknown():
    x, other = fn.Input((3,)), fn.Input((4,), name="other")
    return fn.Model(x, [L.Dense(2)(x), L.Dense(2)(other)])


def namesakes():
    x = fn.Input((3,))
    return fn.Model(x, L.Dense(2, name="twin")(L.Dense(3, name="twin")(x)))


def two_shapes():
    layer = L.Conv1D(2, 2, name="both")
    return layer(fn.Input((5, 1))), layer(fn.Input((6, 1)))


def used_twice():
    layer = L.Dense(3)
    fn.Sequential([layer], input_shape=(3,))
    x = fn.Input((3,))
    return fn.Model(x, layer(x))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (cyclic, ValueError, r"cycle through <(first|second): \(N, 3\)>"),
        (unread, ValueError, r"no output depends on the input <other: \(N, 4\)>"),
        (unknown, ValueError, r"<other: \(N, 4\)>, which is not among the inputs: <Input: \(N, 3"),
        (namesakes, ValueError, "two layers are called 'twin'"),
        (two_shapes, ValueError, r"both: .*one shape, got \(5, 1\) and \(6, 1\)"),
        (used_twice, ValueError, "Dense at index 0 is in a network already"),
        (lambda: L.Dense(2)([fn.Input((2,)), fn.Input((2,))]), ValueError, "Dense: expected one"),
        (lambda: L.Dense(2)(np.ones((2, 2))), TypeError, "Dense: expected nodes.*forward"),
        (lambda: fn.Model([], []), ValueError, "at least one node as inputs"),
        (lambda: fn.Model(L.Dense(2), 3), TypeError, "expected nodes as inputs, got Dense"),
        (lambda: fn.Input((0,)), ValueError, "Input: every size of shape"),
        (lambda: two_inputs().predict(np.ones((2, 6))), ValueError, r"a list of 2 arrays.*\(6,\)"),
        (
            lambda: two_inputs().predict([np.ones((2, 6)), np.ones((3, 4, 4, 2))]),
            ValueError,
            "as many samples in each array of x, got 2 and 3",
        ),
        (
            lambda: two_inputs().predict([np.ones((2, 6)), np.ones((2, 4, 4))]),
            ValueError,
            r"x\[1\] of shape \(N, 4, 4, 2\), got shape \(2, 4, 4\)",
        ),
        (lambda: fn.Trainer(forked()), ValueError, "cross_entropy: the network has 3 outputs"),
        (lambda: fn.Trainer(forked(), ["huber"]), ValueError, "1 losses for a network with 3"),
        (lambda: fn.losses.Joint(["huber"], [1, 2]), ValueError, "got 1 losses"),
        (lambda: fn.losses.Joint(["huber"], [-1]), ValueError, "joint: expected every weight"),
        (
            lambda: fn.losses.Joint([fn.losses.Huber(reduction="sum")]),
            ValueError,
            "joint: expected losses with reduction=.*got a sum: huber",
        ),
        (
            lambda: forked().evaluate(
                *samples(forked(), 3), loss=loss_of(forked()), metrics=["accuracy"]
            ),
            ValueError,
            "metrics: .*one output, got 3 outputs",
        ),
        (lambda: forked().predict_classes(np.ones((1, 5, 6, 2))), ValueError, "has 3 outputs"),
    ],
)
def test_bad_graphs_and_bad_calls_say_what_is_wrong(build, error, message):
    with pytest.raises(error, match=message):
        build()
