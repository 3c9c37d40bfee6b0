"""Penalties, clipping, noise and constraints as operations on arrays: edges, odd numbers, layouts.

That they equal the reference is shown with all other cases, in test_equivalence.py.
"""

import numpy as np
import pytest

from fastnn import functional, reference
from fastnn._core import threads
from operations import allowed_errors, expected_results
from operations_penalties import PENALTIES, Change, Penalty
from test_layouts import LAYOUTS, assert_same
from tolerances import DIFFERENCE, STEP, assert_within

NAN, INF = np.nan, np.inf
BOTH = [functional, reference]
SETTINGS = {
    "clip_by_value": {"limit": 2.0},
    "clip_by_norm": {"limit": 2.0},
    "gradient_noise": {"spread": 0.5, "seed": 1, "step": 2},
    "constrain_max_abs": {"limit": 2.0},
    "constrain_max_norm": {"limit": 2.0},
    "constrain_non_negative": {},
    "constrain_unit_norm": {},
}
SIZES = [*range(1, 34), 127, 128, 129, 2047, 2048, 2049, 4095, 4096, 4097]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_around_the_edges_of_packs_and_sums_is_that_of_the_reference(size, dtype):
    cases = [Penalty(size, l1=0.5, l2=0.25), Penalty(2, size, l1=0.5)]
    for function, settings in SETTINGS.items():
        cases += [Change(function, size, **settings), Change(function, 3, size, **settings)]
    for case in cases:
        results = case.run(functional, case.operands("integer", dtype))
        allowed = allowed_errors(case, "integer", dtype)
        for name, expected in expected_results(case, "integer").items():
            assert_within(results[name], expected, allowed[name], f"{case} {name}")


@pytest.mark.parametrize("factors", [{"l1": 0.5}, {"l2": 0.25}, {"l1": 0.5, "l2": 2.0}])
@pytest.mark.parametrize("module", BOTH)
def test_gradients_of_penalties_equal_central_differences(module, factors):
    weight = np.random.default_rng(1).normal(size=(5, 7))
    weight[abs(weight) < STEP] = 1.0  # where |w| has a slope
    _, gradient = module.l1_l2_penalty(weight, **factors)
    for index in np.ndindex(weight.shape):
        above, below = weight.copy(), weight.copy()
        above[index] += STEP
        below[index] -= STEP
        rise = module.l1_l2_penalty(above, **factors)[0] - module.l1_l2_penalty(below, **factors)[0]
        assert gradient[index] == pytest.approx(rise / (2 * STEP), rel=DIFFERENCE, abs=DIFFERENCE)


@pytest.mark.parametrize("module", BOTH)
def test_penalties_are_the_formula_for_every_kind_of_number(module):
    weight = np.array([[-3.0, -0.0, 0.0], [2.0, INF, -INF]])
    penalty, gradient = module.l1_l2_penalty(weight, l1=0.5)
    assert (penalty, gradient.tolist()) == (INF, [[-0.5, 0, 0], [0.5, 0.5, -0.5]])
    penalty, gradient = module.l1_l2_penalty(weight, l2=0.5)
    assert (penalty, gradient.tolist()) == (INF, [[-3, 0, 0], [2, INF, -INF]])
    penalty, gradient = module.l1_l2_penalty(weight)
    assert (penalty, gradient.tolist()) == (0, [[0] * 3] * 2)
    for factors in ({"l1": 0.5}, {"l2": 0.5}):
        penalty, gradient = module.l1_l2_penalty([[1.0, NAN, 2.0]], **factors)
        assert np.isnan(penalty) and np.isnan(gradient).tolist() == [[False, True, False]]


@pytest.mark.parametrize("at", [0, 1, 15, 16, 40, 2047, 2048, 4999])
@pytest.mark.parametrize("function", SETTINGS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_and_infinities_go_the_way_of_the_reference(function, at, dtype):
    for value in (NAN, INF, -INF):
        weight = np.random.default_rng(at).integers(-4, 5, (2, 5000)).astype(dtype)
        weight[1, at] = value
        results = [getattr(m, function)(weight, **SETTINGS[function]) for m in BOTH]
        np.testing.assert_array_equal(*map(np.isnan, results))
        np.testing.assert_array_equal(*map(np.isinf, results))
        np.testing.assert_array_equal(
            results[0][np.isinf(results[0])], results[1][np.isinf(results[1])]
        )


def test_a_nan_stays_with_its_number_its_row_or_its_vector():
    x = np.array([[3.0, 4.0], [NAN, 4.0]])

    def touched(function):
        return np.isnan(getattr(functional, function)(x, **SETTINGS[function])).tolist()

    own, row, all_ = [[False] * 2, [True, False]], [[False] * 2, [True] * 2], [[True] * 2] * 2
    for function in ("clip_by_value", "constrain_max_abs", "constrain_non_negative"):
        assert touched(function) == own
    assert touched("gradient_noise") == own
    assert touched("constrain_max_norm") == touched("constrain_unit_norm") == row
    assert touched("clip_by_norm") == all_


@pytest.mark.parametrize("module", BOTH)
def test_an_infinite_norm_leaves_zeros_and_nan(module):
    x = [[INF, 1.0], [1.0, 0.0]]
    np.testing.assert_array_equal(module.clip_by_norm(x, 2), [[NAN, 0], [0, 0]])
    np.testing.assert_array_equal(module.constrain_max_norm(x, 2), [[NAN, 0], [1, 0]])
    np.testing.assert_array_equal(module.constrain_unit_norm(x), [[NAN, 0], [1, 0]])


def test_norms_of_float32_neither_overflow_nor_vanish():
    for size in (1e30, 1e-30):
        x = np.full((1, 4), size, "float32")
        np.testing.assert_allclose(functional.constrain_unit_norm(x), [[0.5] * 4], rtol=1e-6)
        shorter = functional.clip_by_norm(x, size / 2)
        np.testing.assert_allclose(shorter, x / 4, rtol=1e-6)


def test_what_is_within_its_limit_stays_as_it_is():
    x = np.random.default_rng(3).normal(size=(20, 30)).astype("float32")
    norm = np.sqrt(np.sum(np.square(x, dtype=float)))
    for y in (
        functional.clip_by_value(x, 100),
        functional.clip_by_norm(x, norm * (1 + 1e-12)),
        functional.constrain_max_abs(x, abs(x).max()),
        functional.constrain_max_norm(x, 100),
        functional.gradient_noise(x, 0.0, seed=1, step=1),
    ):
        np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(functional.constrain_non_negative(abs(x)), abs(x))
    assert (functional.clip_by_norm(x, norm * (1 - 1e-6)) != x).any()


def test_norms_are_those_asked_for():
    x = np.random.default_rng(3).normal(size=(20, 3, 700))
    y = functional.clip_by_norm(x, 3.0)
    assert np.linalg.norm(y) == pytest.approx(3.0, rel=1e-14)
    y = functional.constrain_max_norm(x, 3.0).reshape(20, -1)
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), 3.0, rtol=1e-14)
    y = functional.constrain_unit_norm(x).reshape(20, -1)
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), 1.0, rtol=1e-14)


def test_rows_of_more_than_a_chain_of_terms_have_their_norm():
    x = np.random.default_rng(4).integers(-4, 5, (2, 270_000)).astype(float)
    norms = np.sqrt(np.sum(x**2, axis=1, keepdims=True))  # of integers: exact
    np.testing.assert_allclose(functional.constrain_max_norm(x, 2.5), x * (2.5 / norms), rtol=1e-15)


def test_noise_is_random_normal_of_the_step_and_the_place():
    g = np.random.default_rng(3).normal(size=5000)
    y = functional.gradient_noise(g, 2.0, seed=5, step=7)
    n = functional.random_normal(5000, seed=5, stream=2**32 - 1, counter=7, dtype="float64")
    np.testing.assert_allclose(y, g + 2 * n, rtol=1e-14)
    for how in ({"seed": 6, "step": 7}, {"seed": 5, "step": 8}):
        assert np.mean(functional.gradient_noise(g, 2.0, **how) == y) < 0.01
    few = functional.gradient_noise(g[:100], 2.0, seed=5, step=7)
    np.testing.assert_array_equal(few, y[:100])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", PENALTIES[::7], ids=repr)
def test_operands_may_have_any_layout_and_are_not_changed(case, layout):
    dtype = "float64" if layout in ("float64", "lists") else "float32"
    weight = case.operands("integer", "float32")["weight"]
    changed = LAYOUTS[layout](weight)
    results = case.run(functional, {"weight": changed})
    expected = case.run(functional, {"weight": weight.astype(dtype)})
    assert_same(results, expected, layout)
    assert results.popitem()[1].dtype == dtype
    np.testing.assert_array_equal(changed, weight)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
@pytest.mark.parametrize("module", BOTH)
def test_no_numbers_are_legal(module, shape):
    x = np.zeros(shape, "float32")
    penalty, gradient = module.l1_l2_penalty(x, l1=1, l2=1)
    assert penalty == 0 and gradient.shape == shape
    for function, settings in SETTINGS.items():
        y = getattr(module, function)(x, **settings)
        assert (y.shape, y.dtype) == (shape, x.dtype)


@pytest.mark.parametrize("case", PENALTIES[::5], ids=repr)
def test_any_number_of_threads_gives_the_same_bytes(case):
    before = threads.set_small_work(0)
    try:
        for kind in ("zero_mean", "constant"):
            operands = case.operands(kind, "float32")
            expected = case.run(functional, operands, n_threads=1)
            for n_threads in (2, 3, 7):
                results = case.run(functional, operands, n_threads=n_threads)
                assert all(results[k].tobytes() == v.tobytes() for k, v in expected.items())
    finally:
        threads.set_small_work(before)


WRONG = [
    ("l1_l2_penalty", (1j,), {}, TypeError),
    ("l1_l2_penalty", ([1.0],), {"l1": -1}, ValueError),
    ("l1_l2_penalty", ([1.0],), {"l2": INF}, ValueError),
    ("l1_l2_penalty", ([1.0],), {"l2": "much"}, TypeError),
    ("clip_by_value", ([1.0], 0), {}, ValueError),
    ("clip_by_value", (["1"], 1), {}, TypeError),
    ("clip_by_norm", ([1.0], -1), {}, ValueError),
    ("clip_by_norm", ([1.0], NAN), {}, ValueError),
    ("gradient_noise", ([1.0], -1), {"seed": 0, "step": 0}, ValueError),
    ("gradient_noise", ([1.0], 1), {"seed": -1, "step": 0}, ValueError),
    ("gradient_noise", ([1.0], 1), {"seed": 2**64, "step": 0}, ValueError),
    ("gradient_noise", ([1.0], 1), {"seed": 0, "step": 0.5}, TypeError),
    ("constrain_max_abs", ([1.0], 0), {}, ValueError),
    ("constrain_max_abs", (1.0, 1), {}, ValueError),
    ("constrain_max_norm", ([1.0], None), {}, TypeError),
    ("constrain_max_norm", (1.0, 1), {}, ValueError),
    ("constrain_non_negative", (1.0,), {}, ValueError),
    ("constrain_unit_norm", (1.0,), {}, ValueError),
    ("constrain_unit_norm", ([1j],), {}, TypeError),
]


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize(("function", "arguments", "options", "error"), WRONG)
def test_wrong_arguments_are_refused(module, function, arguments, options, error):
    with pytest.raises(error, match=f"{function}|random_normal"):
        getattr(module, function)(*arguments, **options)
