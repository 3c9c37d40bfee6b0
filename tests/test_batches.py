"""Training on batches that are made on the way: the same as on arrays, or a clear error."""

import copy
import itertools

import numpy as np
import pytest

import fastnn as fn
from fastnn import replaying

N, SIZE = 70, 16
X = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
INDEX = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)
WORDS = np.array(["low", "mid", "top"])[INDEX]
WEIGHT = np.abs(X[:, 2]) + 0.5
Batches, L = fn.data.Batches, fn.layers


def net(*first, units=3):
    return fn.Sequential([*first, L.Dense(8, "tanh"), L.Dense(units)], input_shape=(3,), seed=2)


def parts(*arrays):
    return [tuple(array[start : start + SIZE] for array in arrays) for start in range(0, N, SIZE)]


class Sequence:
    """Nothing but a length and an index, as Keras has it."""

    def __init__(self, items):
        self.items, self.asked = items, []

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        if not 0 <= index < len(self.items):
            raise IndexError(index)
        self.asked.append(int(index))
        return self.items[index]


class Loader:
    """Can be iterated over again and again, as PyTorch has it."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)


SOURCES = {
    "list": lambda items: items,
    "tuple": tuple,
    "sequence": Sequence,
    "function": lambda items: lambda: iter(items),
    "function with steps": lambda items: Batches(
        lambda: itertools.cycle(items), steps_per_epoch=len(items)
    ),
    "generator function": lambda items: lambda: (item for item in items),
    "loader": Loader,
    "iterator": lambda items: Batches(itertools.cycle(items), steps_per_epoch=len(items)),
    "generator": lambda items: Batches(
        (item for _ in range(3) for item in items), steps_per_epoch=len(items)
    ),
}
HOWS = {  # targets, loss, what else
    "labels": (WORDS, {"loss": "cross_entropy"}),
    "numbers": (X[:, :1] * 2, {"loss": "mean_squared_error"}),
    "own metric": (WORDS, {"metrics": ["accuracy", lambda true, seen: (true == seen).mean()]}),
    "class weights": (WORDS, {"class_weight": {"top": 3.0}}),
}


def without_seconds(history):
    return {name: figures for name, figures in history.items() if name != "seconds"}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("weighted", [False, True])
def test_batches_train_as_arrays_do(source, how, weighted):
    y, options = HOWS[how]
    units = 1 if how == "numbers" else 3
    one, two = net(units=units), net(units=units)
    options = {"epochs": 3, "verbose": 0, "shuffle": False, "validation_data": (X, y)} | options
    weights = {"sample_weight": WEIGHT} if weighted else {}
    expected = one.fit(X, y, batch_size=SIZE, **options, **weights)
    arrays = (X, y, WEIGHT) if weighted else (X, y)
    found = two.fit(SOURCES[source](parts(*arrays)), **options)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert without_seconds(found) == without_seconds(expected)
    assert (one.steps, one.epochs) == (two.steps, two.epochs)
    if how != "numbers":
        assert two.classes_.tolist() == ["low", "mid", "top"]
    assert two.evaluate(X, y) == one.evaluate(X, y)


def test_batches_of_several_inputs_and_outputs():
    def make():
        a, b = fn.Input((3,)), fn.Input((1,))
        joined = L.Concatenate()([a, b])
        return fn.Model([a, b], [L.Dense(3)(joined), L.Dense(1)(joined)])

    loss = fn.losses.Joint(["cross_entropy", "mean_squared_error"])
    how = {"loss": loss, "epochs": 2, "shuffle": False, "verbose": 0}
    one, two = make(), make()
    expected = one.fit([X, X[:, :1]], [INDEX, X[:, 1]], batch_size=SIZE, **how)
    items = [([x, x[:, :1]], [index, x[:, 1]]) for x, index in parts(X, INDEX)]
    found = two.fit(lambda: iter(items), **how)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert without_seconds(found) == without_seconds(expected)


def test_a_network_stage_by_stage_trains_on_batches_too():
    class Own(L.Layer):
        def _forward(self, x, training):
            return x

        def _backward(self, dy, input_gradient):
            return dy

    one, two = net(Own()), net(Own())
    one.fit(X, WORDS, batch_size=SIZE, shuffle=False, verbose=0)
    two.fit(parts(X, WORDS), shuffle=False, verbose=0)
    np.testing.assert_array_equal(one.parameters, two.parameters)


def test_a_sequence_is_shuffled_by_the_seed():
    source = Sequence(parts(X, WORDS))
    model = net()
    model.fit(source, epochs=3, verbose=0)
    asked = source.asked[1:]  # after the first, which tells the classes
    orders = [asked[i : i + 5] for i in range(0, 15, 5)]
    for epoch, order in enumerate(orders):
        keys = fn.functional.random_uint32(5, seed=2, stream=2**31, counter=epoch)
        assert order == np.argsort(keys, kind="stable").tolist()
    again = Sequence(parts(X, WORDS))
    other = net()
    other.fit(again, epochs=3, verbose=0)
    assert again.asked == source.asked
    np.testing.assert_array_equal(model.parameters, other.parameters)


def test_part_of_a_sequence_makes_an_epoch():
    source = Sequence(parts(X, WORDS))
    net().fit(Batches(source, steps_per_epoch=2), epochs=4, shuffle=False, verbose=0)
    assert source.asked[1:] == [0, 1] * 4


def test_an_iterator_goes_on_where_the_last_epoch_ended():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield X[:8] + number, WORDS[:8]

    batches = Batches(endless(), steps_per_epoch=3, classes=["low", "mid", "top"])
    model = net()
    model.fit(batches, epochs=2, verbose=0)
    assert taken == [0, 1, 2, 3, 4, 5]
    model.fit(batches, epochs=1, verbose=0)
    assert taken == list(range(9))
    assert model.steps == 9


def test_a_function_is_called_once_an_epoch():
    calls = []

    def source():
        calls.append(len(calls))
        return iter(parts(X, WORDS))

    net().fit(source, epochs=3, verbose=0)
    assert len(calls) == 3


@pytest.mark.parametrize("source", ["sequence", "function", "loader"])
def test_standardize_learns_from_all_batches(source):
    model = net(L.Standardize())
    model.fit(SOURCES[source](parts(X * 3 + 5, WORDS)), epochs=2, verbose=0)
    np.testing.assert_allclose(model.layers[0].mean, (X * 3 + 5).mean(axis=0, dtype=float), 1e-6)
    np.testing.assert_allclose(model.layers[0].spread, (X * 3 + 5).std(axis=0, dtype=float), 1e-6)


def test_standardize_cannot_learn_from_an_iterator():
    batches = Batches(iter(parts(X, WORDS)), steps_per_epoch=5)
    with pytest.raises(ValueError, match=r"Standardize has to see all data .* learn\(x\) first"):
        net(L.Standardize()).fit(batches, verbose=0)
    layer = L.Standardize()
    layer.learn(X)
    net(layer).fit(batches, verbose=0)  # which still has its first batch


def test_batches_build_a_network():
    model = fn.Sequential([L.Dense(3)])
    model.fit(parts(X, WORDS), verbose=0)
    assert model.input_shape == (3,)


def test_labels_that_the_first_batch_lacks():
    order = np.argsort(INDEX, kind="stable")
    items = parts(X[order], WORDS[order])
    with pytest.raises(ValueError, match=r"batch 0 .* 1 classes .*low.*; .*Batches\(…, classes="):
        net().fit(items, verbose=0)
    model = net()
    model.fit(Batches(items, classes=["top", "low", "mid"]), verbose=0)
    assert model.classes_.tolist() == ["low", "mid", "top"]
    model.fit(items, verbose=0)  # known by now
    numbered = net()
    numbered.fit(parts(X[order], INDEX[order]), verbose=0)
    assert numbered.classes_.tolist() == [0, 1, 2]


def test_callbacks_hear_of_every_batch():
    heard = []

    class Listener:
        def on_train_begin(self, net, logs):
            heard.append(("begin", logs["epochs"], logs["batches"]))

        def on_batch_end(self, net, logs):
            heard.append((logs["epoch"], logs["batch"], logs["loss"] > 0))

        def on_epoch_end(self, net, logs):
            heard.append(("epoch", logs["epoch"], logs["samples_per_second"] > 0))

    net().fit(lambda: iter(parts(X, WORDS)[:2]), epochs=2, callbacks=[Listener()], verbose=0)
    epochs = [[(e, 0, True), (e, 1, True), ("epoch", e, True)] for e in range(2)]
    assert heard == [("begin", 2, None), *epochs[0], *epochs[1]]


def test_a_line_an_epoch_is_printed(capsys):
    net().fit(parts(X, WORDS), epochs=2)
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "epoch 1/2",
        "epoch 2/2",
    ]


def bad(*batch, at=1):
    items = parts(X, WORDS)
    items[at] = batch
    return items


def ending():
    yield from parts(X, WORDS)[:2]


def failing():
    yield from parts(X, WORDS)[:2]
    raise ZeroDivisionError("of the user's own")


NAN_X = np.where(np.arange(12).reshape(4, 3) == 5, np.nan, 1.0)
ERRORS = [  # source, options, error, what it says
    (list, {}, ValueError, "fit: expected at least 1 batches, got 0"),
    (lambda: lambda: iter([]), {}, ValueError, "fit: expected at least one batch, got none"),
    (lambda: Batches(iter([]), 3), {}, ValueError, "fit: expected at least one batch, got none"),
    (lambda: ending(), {}, ValueError, "fit: an iterator needs steps_per_epoch"),
    (lambda: X, {}, TypeError, r"fit: expected batches \(x, y\), got a single ndarray; give its y"),
    (lambda: {"x": X}, {}, TypeError, "got a single dict"),
    (lambda: 5, {}, TypeError, "expected a sequence of batches .*; got 5"),
    (lambda: None, {}, TypeError, "expected a sequence of batches .*; got None"),
    (lambda: lambda: 5, {}, TypeError, r"fit: expected an iterator over batches .*, got 5"),
    (lambda: fn.data.Dataset(X), {}, TypeError, r"got a Dataset; use fit\(data.x, data.y\)"),
    (lambda: [X, X], {}, TypeError, "got a ndarray as batch 0"),
    (lambda: bad(X), {}, TypeError, "got a tuple of 1 as batch 1"),
    (lambda: bad(X, INDEX, WEIGHT, X), {}, TypeError, "got a tuple of 4 as batch 1"),
    (
        lambda: bad(X[:4, :2], WORDS[:4]),
        {},
        ValueError,
        r"fit: batch 1 of epoch 0: Sequential: expected x of shape \(N, 3\), got shape \(4, 2\)",
    ),
    (lambda: bad(X[:4], WORDS[:3]), {}, ValueError, "batch 1 of epoch 0: expected a y for every x"),
    (lambda: bad(X[:4], WORDS[:4], [1]), {}, ValueError, "batch 1 .* sample_weight of shape"),
    (lambda: bad(X[:0], WORDS[:0]), {}, ValueError, "batch 1 .*: expected at least one sample"),
    (lambda: bad(X[:0], WORDS[:0], at=0), {}, ValueError, "batch 0 .*: expected at least one"),
    (lambda: bad(NAN_X, WORDS[:4]), {}, ValueError, r"batch 1 .*: x holds 1 NaN.*\(1, 2\)"),
    (lambda: bad(X[:4], ["odd"] * 4), {}, ValueError, "batch 1 .*: label 'odd' at index 0 is none"),
    (lambda: bad("ab", WORDS[:4]), {}, TypeError, "batch 1 .*: Sequential: expected x of real"),
    (lambda: bad(X[:4], WORDS[:4], at=0), {"sample_weight": WEIGHT}, ValueError, "bring their w"),
    (lambda: parts(X, WORDS), {"class_weight": "balanced"}, ValueError, "needs all labels at once"),
    (lambda: Batches(parts(X, WORDS), 6), {}, ValueError, "at least 6 batches, got 5"),
    (lambda: Batches(parts(X, WORDS), 0), {}, ValueError, "steps_per_epoch must be from 1"),
    (lambda: Batches(ending, 3), {}, ValueError, r"expected 3 batches \(steps_per_epoch\) .*got 2"),
    (lambda: Batches(ending(), 2), {"epochs": 2}, ValueError, "expected 2 batches .*, got 0"),
    (lambda: Batches(parts(X, WORDS), classes=["a", "b"]), {}, ValueError, "found 2 classes"),
    (lambda: failing, {}, ZeroDivisionError, "^of the user's own$"),
]


@pytest.mark.parametrize(("make", "options", "error", "message"), ERRORS)
def test_batches_that_cannot_be_trained_on(make, options, error, message):
    model = net()
    with pytest.raises(error, match=message):
        model.fit(make(), shuffle=False, verbose=0, **options)
    model.fit(X, WORDS, verbose=0)  # nothing is broken


def test_an_error_leaves_the_steps_before_it():
    model = net()
    by_hand = copy.deepcopy(model)
    with pytest.raises(ZeroDivisionError):
        model.fit(failing, verbose=0)
    trainer = fn.Trainer(by_hand, "cross_entropy", "adam")
    for x, index in parts(X, INDEX)[:2]:
        trainer.step(x, index)
    np.testing.assert_array_equal(model.parameters, by_hand.parameters)


@pytest.mark.parametrize("held", [0, 1000])
def test_only_a_batch_is_kept_and_so_many_bytes(held, monkeypatch):
    """What was trained on is free again before the next batch is asked for, but for these."""
    import weakref

    monkeypatch.setattr(replaying, "HELD", held)
    monkeypatch.setattr(replaying, "COPIES", 0)

    alive = []

    def source():
        for start in range(0, 64, 8):
            kept = [ref().nbytes for ref in alive if ref() is not None]
            assert sum(kept) <= held + X[:8].nbytes
            x = X[start : start + 8].copy()
            alive.append(weakref.ref(x))
            yield x, INDEX[start : start + 8]
            del x

    net().fit(source, epochs=2, verbose=0)


# --- random changes of images ---------------------------------------------------------------------

CHANGES = [fn.augment.Rotate(20), fn.augment.Flip(), fn.augment.Noise(0.1), fn.augment.CutOut(2)]


def pictures(n=50):
    x = np.random.default_rng(4).integers(0, 256, (n, 6, 5, 2), np.uint8)
    return x, (x[:, 2, 2, 0] > 127).astype(int)


def cut(x, y, ends=(0, 13, 14, 30, 50)):
    return [(x[a:b], y[a:b]) for a, b in itertools.pairwise(ends)]


def seeing():
    layers = [fn.layers.Flatten(), fn.layers.Dense(2)]
    return fn.Sequential(layers, input_shape=(6, 5, 2), seed=8)


def trained(source, net=None, **how):
    net = seeing() if net is None else net
    how = {"augment": CHANGES, "epochs": 1, "shuffle": False, "verbose": 0} | how
    net.fit(source, optimizer=fn.optimizers.SGD(1e-4), **how)
    return net.parameters.tobytes()


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("staged", [False, True])
def test_images_of_batches_change_by_batch_and_row(steps, staged, monkeypatch):
    if staged:
        monkeypatch.setattr("fastnn.running.compile_program", lambda *how: None)
    x, y = pictures()
    settings, fill, limits = fn.augment.Changes(CHANGES).settings((6, 5, 2), x.dtype)
    seen = []
    for number, (part, labels) in enumerate(cut(x, y)):
        keys = [(number * 2654435769 + row) % 2**32 for row in range(len(part))]
        how = {"seed": 8, "epoch": 0, "samples": keys, "fill": fill, "limits": limits}
        seen.append((fn.functional.augment_images(part.astype("f4"), settings, **how), labels))
    assert np.mean(seen[0][0] != x[:13]) > 0.5
    accumulated = {"gradient_accumulation_steps": steps}
    expected = trained(seen, augment=None, **accumulated)
    assert trained(cut(x, y), **accumulated) == expected
    assert trained(lambda: iter(cut(x, y)), **accumulated) == expected


def test_changes_of_a_batch_do_not_depend_on_its_place_in_an_epoch():
    x, y = pictures()
    batches = cut(x, y)
    found = set()
    for seed in (1, 2):  # which shuffle, and change, in their own ways
        whole = seeing()
        whole.seed = seed
        found.add(trained(batches, whole, shuffle=True, epochs=3, gradient_accumulation_steps=4))
    assert len(found) == 2
    rate = {"shuffle": True, "gradient_accumulation_steps": 4, "epochs": 1}
    one, other = seeing(), seeing()
    trained(batches, one, **rate)
    trained(batches, other, **(rate | {"shuffle": False}))
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-4, atol=1e-6)


def test_changes_of_batches_go_on_where_they_were(tmp_path):
    x, y = pictures()
    path = tmp_path / "checkpoint"

    class Break(Exception):
        def on_batch_end(self, net, logs):
            if (logs["epoch"], logs["batch"]) == (1, 1):
                raise self

    expected = trained(cut(x, y), epochs=3, shuffle=True)
    callbacks = [fn.callbacks.Checkpoint(path, every=1), Break()]
    with pytest.raises(Break):
        trained(cut(x, y), epochs=3, shuffle=True, callbacks=callbacks)
    assert trained(cut(x, y), epochs=3, shuffle=True, resume=path) == expected


def test_two_samples_are_mixed_of_arrays_alone():
    with pytest.raises(ValueError, match="MixUp takes any two samples of an array, got batches"):
        trained(cut(*pictures()), augment=[fn.augment.MixUp(0.2)])
