"""Locally connected layers beyond the case table: gradients, networks, infinities, convolutions."""

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, reference
from operations_local import LOCAL, PADDED_LOCAL, SPECIAL_LOCAL
from test_equivalence import WHERE, check_special
from test_gradients import GRADIENTS, check
from test_training_path import RANKS, Step

L = fn.layers
IN_NETWORKS = [
    case
    for case in LOCAL
    if len(case.shape) < 5 and 1 < case.shape[0] < 100 and np.prod(case.weight_shape) < 4000
]


@pytest.mark.parametrize("case", [case for case in LOCAL if not case.relu], ids=repr)
def test_gradients_equal_their_differences(case):
    operands = case.operands()
    results = case.run(functional, operands)
    for name, gradient in GRADIENTS.items():
        if operands.get(name) is not None:
            check(
                case, operands, name, results[gradient],
                lambda y: np.sum(operands["dy"] * y["y"]), 0.0, (1.0, 0.0),
            )  # fmt: skip


def through_reference(case, net, x, dy):
    """Output and flat gradients: a convolution of one pixel, the case, a ReLU, a dense layer."""
    first, middle, last = net.layers[0], net.layers[1], net.layers[-1]
    a = reference.conv_forward(x, first.weight.astype(float), first.bias.astype(float))
    bias = None if middle.bias is None else middle.bias.astype(float)
    weight, how = middle.weight.astype(float), case.settings
    b = reference.relu_forward(reference.local_conv_forward(a, weight, bias, **how))
    flat, last_weight = b.reshape(len(x), -1), last.weight.astype(float)
    y = reference.dense_forward(flat, last_weight, last.bias.astype(float))
    db = reference.dense_backward_input(dy, last_weight).reshape(b.shape)
    db = reference.relu_backward(db, b)
    da = reference.local_conv_backward_input(db, weight, a.shape, **how)
    dweight, dbias = reference.local_conv_backward_weights(a, db, case.kernel, **how)
    gradients = [
        *reference.conv_backward_weights(x, da, (1,) * (x.ndim - 2)),
        dweight,
        *([dbias] if case.bias else []),
        *reference.dense_backward_weights(flat, dy),
    ]
    return y, np.concatenate([gradient.ravel() for gradient in gradients])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", IN_NETWORKS, ids=repr)
def test_loss_and_gradients_of_a_step_equal_the_references(case, dtype):
    rank = RANKS[len(case.shape) - 2]
    filters = case.output_shape[-1]
    layer = getattr(L, f"LocallyConnected{rank}")(
        filters, case.kernel, activation="relu", bias=case.bias, **case.settings
    )
    before = getattr(L, f"Conv{rank}")(case.shape[-1], 1)
    layers = [before, layer, L.Flatten(), L.Dense(2)]
    net = fn.Sequential(layers, input_shape=case.shape[1:], dtype=dtype)
    step = Step(net, lambda *given: through_reference(case, *given))
    assert step.run(net) == step.loss
    np.testing.assert_array_equal(net.gradients, step.gradients)
    assert np.any(step.gradients)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("case", SPECIAL_LOCAL + PADDED_LOCAL, ids=repr)
def test_nan_and_infinity_go_where_the_reference_sends_them(case, special):
    for name in case.operands():
        for where in WHERE:
            check_special(case, name, special, where, ())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("spatial", "channels", "filters", "kernel", "how"),
    [
        ((9,), 3, 5, (3,), {"stride": 2, "padding": 1}),
        ((6, 7), 2, 7, (3, 2), {"padding": "same"}),
        ((6, 7), 20, 6, (3, 3), {"dilation": 2, "padding": ((1, 2), (3, 0))}),
    ],
)
def test_equal_kernels_make_a_convolution(spatial, channels, filters, kernel, how, dtype):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((19, *spatial, channels)).astype(dtype)
    weight = rng.standard_normal((filters, *kernel, channels)).astype(dtype)
    bias = rng.standard_normal(filters).astype(dtype)
    y = functional.conv_forward(x, weight, bias, **how)
    places = y.shape[1:-1]
    every = np.broadcast_to(weight, (*places, *weight.shape))
    biases = np.broadcast_to(bias, (*places, filters))
    np.testing.assert_array_equal(functional.local_conv_forward(x, every, biases, **how), y)
    dx = functional.conv_backward_input(y, weight, x.shape, **how)
    np.testing.assert_array_equal(
        functional.local_conv_backward_input(y, every, x.shape, **how), dx
    )
    dweight, dbias = functional.local_conv_backward_weights(x, y, kernel, **how)
    expected, expected_bias = functional.conv_backward_weights(x, y, kernel, **how)
    axes, scale = tuple(range(len(places))), 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(dweight.sum(axes), expected, rtol=scale, atol=10 * scale)
    np.testing.assert_allclose(dbias.sum(axes), expected_bias, rtol=scale, atol=10 * scale)


def test_first_weights_are_as_large_as_a_convolutions():
    layer = L.LocallyConnected2D(8, 3, activation="relu").build((12, 12, 4), "float64", seed=1)
    assert abs(layer.weight.std() - np.sqrt(2 / 36)) < 0.01
    assert not layer.bias.any()


@pytest.mark.parametrize("compiled", [True, False])
def test_constraints_hold_for_every_positions_filters(compiled):
    layer = L.LocallyConnected2D(3, 2, weight_constraint="unit_norm")
    net = fn.Sequential([layer, L.Flatten(), L.Dense(2)], input_shape=(4, 5, 2), seed=1)
    optimizer = fn.optimizers.SGD(0.1)
    if not compiled:
        optimizer = type("Own", (fn.optimizers.SGD,), {"update": fn.optimizers.SGD.update})(0.1)
        assert not optimizer.compiled
    x = np.random.default_rng(0).normal(size=(6, 4, 5, 2))
    fn.Trainer(net, "cross_entropy", optimizer).step(x, [0, 1, 0, 1, 1, 0])
    norms = np.linalg.norm(layer.weight.reshape(3, 4, 3, -1), axis=-1)
    np.testing.assert_allclose(norms, 1, rtol=1e-6)


def test_networks_run_in_the_program():
    net = fn.Sequential([L.LocallyConnected1D(3, 2)], input_shape=(5, 2))
    assert type(net.runner(training=True)).__name__ == "Compiled"


X, W = np.ones((2, 6, 5, 3)), np.ones((4, 4, 7, 3, 2, 3))
Y = np.ones((2, 4, 4, 7))
BAD = [
    ("local_conv_forward", (X[0], W), {}, ValueError, r"with 4 axes.*\(5, 3\).*\(4, 4, 7, 3"),
    ("local_conv_forward", (X[..., 0, 0], W), {}, ValueError, r"\(2, 6\); add a channel axis"),
    ("local_conv_forward", (X, W[:3]), {}, ValueError, r"\(4, 4, 7, 3, 2, 3\).*\(3, 4, 7, 3, 2, 3"),
    ("local_conv_forward", (X, W[..., :2]), {}, ValueError, r"2, 3\), got.*2, 2\)"),
    ("local_conv_forward", (X, W, np.ones(7)), {}, ValueError, r"bias.*\(4, 4, 7\).*\(7,\)"),
    ("local_conv_forward", (X, W), {"stride": 2}, ValueError, r"shape \(2, 2, 7, 3, 2, 3\), got"),
    ("local_conv_forward", (X, W), {"padding": -1}, ValueError, r"padding must be from 0.*-1"),
    ("local_conv_forward", (X, W), {"activation": "tanh"}, ValueError, r"None or \"relu\""),
    ("local_conv_forward", (X, W * 1j), {}, TypeError, r"weight of real numbers"),
    ("local_conv_backward_input", (Y[..., :6], W, X.shape), {}, ValueError,
     r"dy of shape \(2, 4, 4, 7\).*6\)"),
    ("local_conv_backward_input", (Y, W, (2, 6, 3)), {}, ValueError, r"\(2, 6, 3\) and \(2, 4, 4"),
    ("local_conv_backward_input", (Y, W, (2, 7, 5, 3)), {}, ValueError, r"\(5, 4, 7, 3, 2, 3\)"),
    ("local_conv_backward_weights", (X, Y, 3), {}, ValueError, r"\(2, 4, 3, any\).*\(2, 4, 4, 7\)"),
    ("local_conv_backward_weights", (X, Y, (7, 2)), {}, ValueError, r"spans 7.*size 6"),
    ("local_conv_backward_weights", (X, Y, (3, 2)), {"out": (W, np.ones(7))}, ValueError,
     r"dbias.*\(4, 4, 7\).*\(7,\)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "options", "error", "pattern"), BAD)
def test_bad_calls_say_what_was_expected(name, arguments, options, error, pattern):
    with pytest.raises(error, match=pattern) as raised:
        getattr(functional, name)(*arguments, **options)
    assert str(raised.value).startswith(name)
    with pytest.raises(error):
        getattr(reference, name)(*arguments, **options)
