"""Global, adaptive and Lp pools beyond the case table: gradients, networks, infinities, ranges."""

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, reference
from operations_pools import (
    ADAPTIVE_POOLS,
    GLOBAL_POOLS,
    LP_POOLS,
    MORE_POOLS,
    AdaptiveAveragePool,
    GlobalAveragePool,
    GlobalMaxPool,
    GlobalPool,
    LpPool,
)
from test_gradients import check
from test_training_path import RANKS, Step, assert_close, small
from tolerances import DIFFERENCE, EPSILON, STEP

SMALL_POOLS = [case for case in MORE_POOLS if small(case)]
IMAGES = [case for case in SMALL_POOLS if case.shape[0] > 1]
NAN, INFINITY = np.nan, np.inf


def objective(operands):
    return lambda results: np.sum(operands["dy"] * results["y"])


@pytest.mark.parametrize("case", ADAPTIVE_POOLS + GLOBAL_POOLS, ids=repr)
def test_gradients_of_means_and_maxima_equal_their_differences(case):
    operands = case.operands()
    # all different: a step of a quarter changes no order
    x = np.random.default_rng(1).permutation(operands["x"].size)
    operands["x"] = x.reshape(case.shape).astype(np.float64)
    gradient = case.run(functional, operands)["dx"]
    size = np.max(x) * np.sum(np.abs(operands["dy"]))
    allowed = 0.0 if isinstance(case, GlobalMaxPool) else 8 * EPSILON["float64"] * size
    check(case, operands, "x", gradient, objective(operands), allowed, (0.25, -0.25))


@pytest.mark.parametrize("case", [c for c in LP_POOLS if np.prod(c.shape) < 5000], ids=repr)
def test_gradients_of_norms_equal_central_differences(case):
    operands = case.operands("zero_mean")
    operands["x"] += np.sign(operands["x"]) / 8  # no number is within a step of 0
    operands["y"] = case.forward(functional, operands["x"])[0]
    gradient = case.run(functional, operands)["dx"]
    allowed = DIFFERENCE * max(1.0, np.max(np.abs(gradient)))
    check(case, operands, "x", gradient, objective(operands), allowed, (STEP, -STEP))


def layer_of(case):
    """The layer that makes a case's operation."""
    kind = getattr(fn.layers, type(case).__name__ + RANKS[len(case.shape) - 2])
    if isinstance(case, GlobalPool):
        return kind(**case.settings)
    if isinstance(case, AdaptiveAveragePool):
        return kind(case.output_size)
    return kind(case.size, **case.settings)


def through_reference(case, net, x, dy):
    """Output and flat gradients of a convolution of one pixel, the case, and a dense layer."""
    first, _, _, last = net.layers
    a = reference.conv_forward(x, first.weight.astype(float), first.bias.astype(float))
    b, *kept = case.forward(reference, a)
    flat, weight = b.reshape(len(x), -1), last.weight.astype(float)
    y = reference.dense_forward(flat, weight, last.bias.astype(float))
    db = reference.dense_backward_input(dy, weight).reshape(b.shape)
    da = case.backward(reference, db, a, *kept)
    gradients = [
        *reference.conv_backward_weights(x, da, (1,) * (x.ndim - 2)),
        *reference.dense_backward_weights(flat, dy),
    ]
    return y, np.concatenate([gradient.ravel() for gradient in gradients])


@pytest.mark.parametrize("case", IMAGES, ids=repr)
def test_gradients_of_a_step_are_the_references(case):
    before = getattr(fn.layers, "Conv" + RANKS[len(case.shape) - 2])(case.shape[-1], 1)
    layers = [before, layer_of(case), fn.layers.Flatten(), fn.layers.Dense(2)]
    net = fn.Sequential(layers, input_shape=case.shape[1:], dtype="float64")
    step = Step(net, lambda *given: through_reference(case, *given))
    assert_close(step.run(net), step.loss)
    assert_close(net.gradients, step.gradients)
    assert np.any(step.gradients)


@pytest.mark.parametrize("special", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize(
    "case",
    [
        GlobalMaxPool(5, 3, 4, 2),
        GlobalAveragePool(5, 5, 4, 2),
        AdaptiveAveragePool(5, (7, 5), 2, (3, 4)),
        *(LpPool(5, (6, 5), 2, 3, p=p, stride=2, padding=1) for p in (1, 2, 1.5, 4)),
    ],
    ids=repr,
)
def test_nan_and_infinity_go_where_the_reference_sends_them(case, special):
    for name in case.operands():
        for row, corner in ((2, 0), (2, 1), (-1, -1)):
            operands = case.operands("positive")
            operands[name][row].reshape(-1)[corner] = special
            if name == "x" and "y" in operands:
                operands["y"] = case.forward(reference, operands["x"])[0]
            with np.errstate(invalid="ignore"):
                expected = case.run(reference, operands)
            for result, got in case.run(functional, operands).items():
                label = f"{special} in {name}: {result}"
                np.testing.assert_allclose(got, expected[result], rtol=1e-13, err_msg=label)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("module", [functional, reference])
def test_a_window_of_zeros_passes_back_zero_whatever_its_gradient(module, p):
    x = np.array([[0.0, -0.0, 3.0, 0.0]])[..., None]
    y = module.lp_pool_forward(x, 2, p=p)
    np.testing.assert_allclose(y.ravel(), [0, 3], rtol=1e-15)
    for wild in (1.0, NAN, INFINITY):
        dx = module.lp_pool_backward([[[wild], [2.0]]], x, y, 2, p=p)
        np.testing.assert_allclose(dx.ravel(), [0, 0, 2, 0], rtol=1e-15)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("p", [1.5, 3, 50])
def test_powers_of_a_norm_never_leave_the_range_of_numbers(p, size):
    x = np.float32(size) * np.random.default_rng(1).standard_normal((5, 9, 2), np.float32)
    y = functional.lp_pool_forward(x, 3, p=p)
    expected = reference.lp_pool_forward(x.astype(float), 3, p=p)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    dx = functional.lp_pool_backward(np.ones_like(y), x, y, 3, p=p)
    expected = reference.lp_pool_backward(np.ones(y.shape), x.astype(float), expected, 3, p=p)
    np.testing.assert_allclose(dx, expected, atol=4e-7 * (p + 8))
    assert np.abs(dx).max() > 0.5


def test_a_norm_of_large_p_comes_near_the_largest_number():
    x = np.random.default_rng(1).standard_normal((3, 8, 8, 2))
    y = functional.lp_pool_forward(x, 2, p=1000)
    np.testing.assert_allclose(y, functional.max_pool_forward(np.abs(x), 2)[0], rtol=2e-3)


@pytest.mark.parametrize("shape", [(3, 7, 2), (19, 6, 5, 3), (2, 3, 4, 5, 2)])
def test_a_global_pool_is_a_pool_with_one_window(shape):
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    size = shape[1:-1]
    for got, expected in zip(
        functional.global_max_pool_forward(x, keep_dims=True),
        functional.max_pool_forward(x, size),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)
    for got in (
        functional.global_average_pool_forward(x, keep_dims=True),
        functional.adaptive_average_pool_forward(x, 1),
    ):
        np.testing.assert_array_equal(got, functional.average_pool_forward(x, size))


def test_an_adaptive_pool_whose_sizes_divide_is_a_pool():
    x = np.random.default_rng(1).standard_normal((19, 12, 10, 3)).astype(np.float32)
    y = functional.average_pool_forward(x, (3, 5))
    np.testing.assert_array_equal(functional.adaptive_average_pool_forward(x, (4, 2)), y)
    dx = functional.average_pool_backward(y, x.shape, (3, 5))
    np.testing.assert_array_equal(functional.adaptive_average_pool_backward(y, x.shape), dx)


X, P = np.ones((2, 6, 5, 3)), np.ones((2, 3))
BAD = [
    ("global_max_pool_forward", (np.ones((2, 6)),), {}, ValueError, r"\(2, 6\).*x\[\.\.\., None\]"),
    ("global_max_pool_forward", (np.ones((2, 0, 4, 3)),), {}, ValueError, r"\(2, 0, 4, 3\)"),
    ("global_average_pool_forward", (np.ones((2, 6, 0, 3)),), {}, ValueError, r"one pixel.*6, 0"),
    ("global_average_pool_backward", (P, (2, 6, 3, 4)), {}, ValueError, r"\(2, 4\).*\(2, 3\)"),
    ("global_average_pool_backward", (X, X.shape), {}, ValueError, r"\(2, 1, 1, 3\).*\(2, 6, 5"),
    ("global_average_pool_backward", (P, (2, 3)), {}, ValueError, r"input_shape.*\(2, 3\)"),
    ("global_max_pool_backward", (P, P.astype(int) + 29, X.shape), {}, IndexError, r"29, got 30"),
    ("global_max_pool_backward", (P, P, X.shape), {}, TypeError, r"integers in argmax.*float64"),
    ("global_max_pool_backward", (P, P[:, :2].astype(int), X.shape), {}, ValueError,
     r"argmax of shape \(2, 3\).*\(2, 2\)"),
    ("adaptive_average_pool_forward", (X, 0), {}, ValueError, r"output_size.*from 1.*got 0"),
    ("adaptive_average_pool_forward", (X, (1, 2, 3)), {}, ValueError, r"2 axes, got \(1, 2, 3\)"),
    ("adaptive_average_pool_forward", (X, 2.5), {}, TypeError, r"output_size.*2\.5"),
    ("adaptive_average_pool_forward", (X[:, :0], 2), {}, ValueError, r"one pixel.*\(0, 5\)"),
    ("adaptive_average_pool_backward", (X, (2, 6, 5, 4)), {}, ValueError, r"4\).*\(2, 6, 5, 3\)"),
    ("adaptive_average_pool_backward", (X, (2, 6, 3)), {}, ValueError, r"\(2, 6, 3\) and \(2, 6"),
    ("lp_pool_forward", (X, 2), {"p": 0.5}, ValueError, r"p at least 1, got 0\.5"),
    ("lp_pool_forward", (X, 2), {"p": np.inf}, ValueError, r"p at least 1, got inf"),
    ("lp_pool_forward", (X, 2), {"p": "2"}, TypeError, r"number for p, got '2'"),
    ("lp_pool_forward", (X, 7), {}, ValueError, r"spans 7.*size 6"),
    ("lp_pool_forward", (X, 2), {"padding": 2}, ValueError, r"padding must be smaller"),
    ("lp_pool_backward", (X, X, X[:, :3, :2], 2), {}, ValueError, r"dy of shape \(2, 3, 2, 3\)"),
    ("lp_pool_backward", (X[:, :3, :2], X, X, 2), {}, ValueError, r"y of shape \(2, 3, 2, 3\)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "options", "error", "pattern"), BAD)
def test_bad_calls_say_what_was_expected(name, arguments, options, error, pattern):
    with pytest.raises(error, match=pattern) as raised:
        getattr(functional, name)(*arguments, **options)
    assert str(raised.value).startswith(name)
    with pytest.raises(error):
        getattr(reference, name)(*arguments, **options)


def test_a_layer_says_which_samples_it_wants():
    with pytest.raises(ValueError, match=r"squeeze: expected input of shape \(N, height, width"):
        fn.layers.GlobalMaxPool2D(name="squeeze").build((5, 3))
    with pytest.raises(ValueError, match=r"output_size must be from 1"):
        fn.layers.AdaptiveAveragePool2D((3, 0))
    with pytest.raises(ValueError, match=r"LpPool1D: expected p at least 1, got 0"):
        fn.layers.LpPool1D(2, p=0)
