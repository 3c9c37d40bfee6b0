"""Layers of several inputs alone: shapes, results against the reference, messages."""

import copy
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn import reference
from fastnn.layers.merge import Merge
from fastnn.packs import Packs, pack

L = fn.layers
IMAGE = (4, 3, 2)

CASES = [  # layer, shapes of a sample of each input, shape of the output
    (L.Add, [IMAGE] * 2, IMAGE),
    (L.Add, [(5,)] * 4, (5,)),
    (L.Subtract, [IMAGE] * 2, IMAGE),
    (L.Multiply, [IMAGE] * 3, IMAGE),
    (L.Average, [IMAGE] * 3, IMAGE),
    (L.Maximum, [IMAGE] * 3, IMAGE),
    (L.Minimum, [(5,)] * 2, (5,)),
    (L.Concatenate, [IMAGE, (4, 3, 5)], (4, 3, 7)),
    (lambda: L.Concatenate(3), [IMAGE, (4, 3, 5)], (4, 3, 7)),
    (lambda: L.Concatenate(axis=1), [(1, 3, 2), IMAGE, (2, 3, 2)], (7, 3, 2)),
    (lambda: L.Concatenate(axis=-2), [IMAGE, (4, 1, 2)], (4, 4, 2)),
]
cases = pytest.mark.parametrize(
    ("make", "shapes", "output"), CASES, ids=[f"{make()!r} of {len(s)}" for make, s, _ in CASES]
)


def batches(shapes, n=3):
    rng = np.random.default_rng(1)
    return [rng.normal(size=(n, *shape)) for shape in shapes]


@cases
def test_forward_and_backward_are_the_references(make, shapes, output):
    layer, xs, (dy,) = make(), batches(shapes), batches([output])
    options = {"axis": layer.axis} if layer.function == "concatenate" else {}
    y, dxs = layer.forward(xs), layer.backward(dy)
    assert layer.input_shape == tuple(shapes)
    assert layer.output_shape == output
    assert layer.dtype == y.dtype == "float64"
    expected = getattr(reference, f"{layer.function}_forward")(xs, **options)
    np.testing.assert_allclose(y, expected, rtol=1e-14)
    expected = getattr(reference, f"{layer.function}_backward")(dy, xs, **options)
    for dx, gradient in zip(dxs, expected, strict=True):
        np.testing.assert_allclose(dx, gradient, rtol=1e-14)


@cases
def test_packs_in_packs_out_with_the_same_bits(make, shapes, output):
    plain, packed, xs, (dy,) = make(), make(), batches(shapes, 18), batches([output], 18)
    y, dxs = plain.forward(xs), plain.backward(dy)
    packed_y = packed.forward([pack(xs[0]), *xs[1:]])  # of the kind of the first
    assert isinstance(packed_y, Packs)
    np.testing.assert_array_equal(packed_y.unpack(), y)
    for dx, expected in zip(packed.backward(pack(dy, empty="zero")), dxs, strict=True):
        np.testing.assert_array_equal(dx.unpack(), expected)


@cases
def test_only_wanted_gradients_are_computed(make, shapes, output):
    layer, (dy,) = make(), batches([output])
    layer.forward(batches(shapes))
    everything = layer.backward(dy)
    wanted = [i % 2 == 0 for i in range(len(shapes))]
    for dx, expected, want in zip(layer.backward(dy, wanted), everything, wanted, strict=True):
        assert (dx is not None) is want
        if want:
            np.testing.assert_array_equal(dx, expected)


@cases
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_merge_computes_in_its_own_dtype(make, shapes, output, dtype):
    layer = make().build(shapes, dtype)
    for given in ("float32", "float64", "int8", ">f8"):
        xs = [(10 * x).astype(given) for x in batches(shapes)]
        assert layer.forward(xs).dtype == dtype
        assert all(dx.dtype == dtype for dx in layer.backward(batches([output])[0].astype(given)))
    assert layer.forward([pack(x) for x in batches(shapes)]).dtype == dtype


@cases
def test_an_empty_batch_is_legal(make, shapes, output):
    layer = make()
    assert layer.forward(batches(shapes, 0)).shape == (0, *output)
    dxs = layer.backward(np.zeros((0, *output)))
    assert [dx.shape for dx in dxs] == [(0, *shape) for shape in shapes]


@cases
def test_config_and_copies_make_the_layer_anew(make, shapes, output):
    layer, xs = make(), batches(shapes)
    y = layer.forward(xs)
    twins = [type(layer)(**layer.config()), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    for twin in twins:
        assert twin.config() == layer.config()
        np.testing.assert_array_equal(twin.forward(xs), y)


@cases
def test_an_instruction_holds_the_sizes_of_a_sample(make, shapes, output):
    layer = make()
    assert layer.plan(*shapes) == output
    told, xs = layer._instruction(*layer.input_shape), batches(shapes)
    assert told.pop("kind") == ("concatenate" if layer.function == "concatenate" else "merge")
    if layer.function == "concatenate":
        parts = [
            x.reshape(len(x), told["outer"], inner)
            for x, inner in zip(xs, told["inners"], strict=True)
        ]
        y = np.concatenate(parts, axis=2).reshape(-1, *output)
        np.testing.assert_array_equal(y, layer.forward(xs))
        assert told["axis"] == layer.axis
    else:
        size = np.prod(output)
        assert told == {"function": layer.function, "inputs": len(shapes), "size": size}


def test_merges_are_told_from_other_layers():
    merges = {name for name, layer in L.REGISTRY.items() if layer.merges}
    assert merges == {layer.__name__ for layer in Merge.__subclasses__()}
    assert len(merges) == 7


@pytest.mark.parametrize(
    ("act", "exception", "message"),
    [
        (lambda: L.Add().plan((5,)), ValueError, r"Add: expected 2 to 16384 inputs, got 1: \(N, 5"),
        (lambda: L.Add().plan(), ValueError, "got 0"),
        (lambda: L.Subtract().plan((5,), (5,), (5,)), ValueError, "expected two inputs, got 3"),
        (
            lambda: L.Add(name="skip").plan((4, 3), (4, 3), (4, 1)),
            ValueError,
            r"skip: expected inputs of equal shapes, got \(N, 4, 3\) and \(N, 4, 3\) and \(N, 4, 1",
        ),
        (lambda: L.Maximum().plan((4,), (4, 1)), ValueError, r"\(N, 4\) and \(N, 4, 1\)"),
        (lambda: L.Add().plan((4, -1), (4, -1)), ValueError, "every size of input_shape .*-1"),
        (
            lambda: L.Concatenate().plan((4, 3), (5, 3)),
            ValueError,
            r"equal shapes but for axis -1, .* got \(N, 4, 3\) and \(N, 5, 3\)",
        ),
        (lambda: L.Concatenate(1).plan((4, 3), (5, 3), (4, 3, 1)), ValueError, "but for axis 1"),
        (lambda: L.Concatenate(-2).plan((4,), (5,)), ValueError, "axis -2, which is not the"),
        (lambda: L.Concatenate(2).plan((4,), (5,)), ValueError, "axis 2"),
        (lambda: L.Concatenate().plan((), ()), ValueError, r"\(N,\) and \(N,\)"),
        (lambda: L.Concatenate(0), ValueError, "expected an axis of the sample, got 0"),
        (lambda: L.Concatenate(1.5), TypeError, "axis must be an integer, got 1.5"),
        (lambda: L.Add().forward(np.ones((2, 3))), TypeError, "a list of inputs, got ndarray"),
        (lambda: L.Add().forward([np.ones((2, 3))]), ValueError, r"got 1: \(2, 3\)"),
        (
            lambda: L.Add().forward([np.ones((2, 3)), np.ones((1, 3))]),
            ValueError,
            r"equally many samples, got shapes \(2, 3\) and \(1, 3\)",
        ),
        (lambda: L.Add().forward([1.0, 2.0]), ValueError, r"got shapes \(\) and \(\)"),
        (lambda: L.Add().forward([[[1.0]], [["a"]]]), TypeError, r"x\[1\] of real numbers"),
        (
            lambda: L.Add().build([(3,)] * 2).forward([np.ones((2, 4))] * 2),
            ValueError,
            r"expected inputs of \(N, 3\) and \(N, 3\), got \(N, 4\) and \(N, 4\)",
        ),
        (lambda: L.Add().build([(3,)] * 2).build([(3,)] * 2), ValueError, "built already"),
        (lambda: L.Add().build([(3,)] * 2, "int8"), ValueError, "float32.*float64.*int8"),
        (lambda: L.Add().backward([[1.0]]), RuntimeError, "needs a forward pass first"),
        (lambda: backward(np.ones((2, 4))), ValueError, r"dy of shape \(N, 3\).*\(2, 4\)"),
        (lambda: backward(np.ones((2, 3)), [True]), ValueError, "each of 2 inputs, got"),
        (lambda: backward(np.ones((1, 3))), ValueError, r"dy of shape \(2, 3\)"),
        (
            lambda: fn.Sequential([L.Add()], input_shape=(3,)),
            ValueError,
            "Add: expected 2 to 16384 inputs, got 1",
        ),
    ],
)
def test_messages_say_what_was_expected_and_what_came(act, exception, message):
    with pytest.raises(exception, match=message):
        act()


def backward(dy, wanted=None):
    layer = L.Add()
    layer.forward([np.ones((2, 3))] * 2)
    layer.backward(dy, wanted)
