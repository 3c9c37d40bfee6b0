"""Gradients of the compiled operations against finite differences of their forward passes, float64.

The objective is Σ dy · y. Linear operations take steps of 1.0 on integers, where differences are
exact; others take central differences.
"""

import copy

import numpy as np
import pytest

from cases import (
    ACTIVATIONS,
    BATCH_NORMS,
    CONV_1D,
    CONV_2D,
    CONV_3D,
    DENSE,
    GROUPED,
    LOSSES,
    MERGES,
    NOISES,
    NORMS,
    POOLS,
    PRELUS,
    TRANSPOSED,
    WINOGRAD,
)
from fastnn import functional
from operations import AveragePool, MaxPool
from operations_resampling import CONV_PADDED, RESAMPLINGS
from tolerances import DIFFERENCE, EPSILON, STEP, assert_within

COORDINATES = 30  # of an operand, chosen at random
GRADIENTS = {"x": "dx", "weight": "dweight", "bias": "dbias"}


def coordinates(array):
    rng = np.random.default_rng(array.size)
    return rng.choice(array.size, min(array.size, COORDINATES), replace=False)


def moved(operands, name, where, step):
    """The operands with one number moved."""
    operands = dict(operands)
    operands[name] = operands[name].copy()
    operands[name].reshape(-1)[where] += step
    return operands


def check(case, operands, name, gradient, objective, allowed, steps):
    up, down = steps
    for where in coordinates(operands[name]):
        above = objective(case.run(functional, moved(operands, name, where, up)))
        below = objective(case.run(functional, moved(operands, name, where, down)))
        difference = (above - below) / (up - down)
        assert_within(gradient.reshape(-1)[where], difference, allowed, f"{case}: {name}[{where}]")


CONVS = CONV_1D + CONV_2D + CONV_3D + CONV_PADDED + WINOGRAD + TRANSPOSED + GROUPED
LINEAR = [case for case in DENSE + CONVS if not case.relu]


@pytest.mark.parametrize("case", LINEAR, ids=repr)
def test_gradients_of_linear_operations_equal_their_differences(case):
    operands = case.operands()
    results = case.run(functional, operands)
    for name, gradient in GRADIENTS.items():
        if operands.get(name) is not None:
            check(
                case, operands, name, results[gradient],
                lambda y: np.sum(operands["dy"] * y["y"]), 0.0, (1.0, 0.0),
            )  # fmt: skip


@pytest.mark.parametrize("case", RESAMPLINGS, ids=repr)
def test_gradients_of_resamplings_equal_their_differences(case):
    operands = case.operands()
    gradient = case.run(functional, operands)["dx"]
    # a third is rounded: y is about 4, and Σ dy · y has one rounding for each
    allowed = 16 * EPSILON["float64"] * np.sum(np.abs(operands["dy"])) * (not case.exact)
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    check(case, operands, "x", gradient, objective, allowed, (1.0, 0.0))


@pytest.mark.parametrize("case", [c for c in POOLS if isinstance(c, AveragePool)], ids=repr)
def test_gradients_of_average_pools_equal_their_differences(case):
    operands = case.operands()
    gradient = case.run(functional, operands)["dx"]
    # a mean of three is rounded: y is about 4, and Σ dy · y has one rounding for each
    allowed = 4 * EPSILON["float64"] * np.sum(np.abs(operands["dy"])) * 4
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    check(case, operands, "x", gradient, objective, allowed, (1.0, 0.0))


@pytest.mark.parametrize("case", [c for c in POOLS if isinstance(c, MaxPool)], ids=repr)
def test_gradients_of_max_pools_equal_their_differences(case):
    operands = case.operands()
    # all different: a step of a quarter changes no order
    x = np.random.default_rng(1).permutation(operands["x"].size)
    operands["x"] = x.reshape(case.shape).astype(np.float64)
    gradient = case.run(functional, operands)["dx"]
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    check(case, operands, "x", gradient, objective, 0.0, (0.25, -0.25))


@pytest.mark.parametrize(
    "case", [case for case in ACTIVATIONS if case.function not in ("relu", "sign")], ids=repr
)
def test_gradients_of_activations_equal_central_differences(case):
    operands = case.operands("zero_mean")
    operands["y"] = case.run(functional, operands)["y"]
    gradient = case.run(functional, operands)["dx"]
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    check(case, operands, "x", gradient, objective, DIFFERENCE, (STEP, -STEP))


@pytest.mark.parametrize("case", PRELUS, ids=repr)
def test_gradients_of_prelu_equal_their_differences(case):
    operands = case.operands()
    results = case.run(functional, operands)
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    check(case, operands, "weight", results["dweight"], objective, 0.0, (1.0, 0.0))
    operands["x"] += 0.5  # no number is within a step of 0
    results = case.run(functional, operands)
    check(case, operands, "x", results["dx"], objective, 0.0, (0.25, -0.25))


@pytest.mark.parametrize("case", BATCH_NORMS + NORMS, ids=repr)
def test_gradients_of_normalisation_equal_central_differences(case):
    case = copy.copy(case)
    case.settings = case.settings | {"epsilon": 0.5}  # no variance is small beside a step
    operands = case.operands("zero_mean")
    results = case.run(functional, operands)
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    for name in ("weight", "bias"):  # y is linear in these
        if operands[name] is not None:
            result = results[GRADIENTS[name]]
            check(case, operands, name, result, objective, DIFFERENCE, (1.0, 0.0))
    # every number is in y, and every y is rounded: a random walk of as many steps
    allowed = DIFFERENCE + np.sqrt(operands["x"].size) * EPSILON["float64"] / STEP
    check(case, operands, "x", results["dx"], objective, allowed, (STEP, -STEP))


@pytest.mark.parametrize("case", MERGES, ids=repr)
def test_gradients_of_merges_equal_their_differences(case):
    operands, allowed, steps = case.operands(), 0.0, (1.0, 0.0)
    if case.function == "average":
        allowed = 4 * EPSILON["float64"] * np.sum(np.abs(operands["dy"])) * 4
    elif case.function in ("maximum", "minimum"):
        # all different: a step of a quarter changes no order
        shape, steps = (len(case.names), *case.shape), (0.25, -0.25)
        numbers = np.random.default_rng(1).permutation(np.prod(shape)).reshape(shape)
        operands |= dict(zip(case.names, numbers.astype(np.float64), strict=True))
    results = case.run(functional, operands)
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    for name in case.names:
        check(case, operands, name, results[f"d{name}"], objective, allowed, steps)


@pytest.mark.parametrize("case", NOISES, ids=repr)
def test_gradients_of_noise_equal_their_differences(case):
    operands = case.operands()
    gradient = case.run(functional, operands)["dx"]
    # a rounding of y for each number, y being at most so large
    largest = 1e7 if case.strength > 1 else 1e4 if case.strength > 0.9 else 100
    allowed = 0.0 if case.exact else largest * EPSILON["float64"] * operands["dy"].size
    objective = lambda y: np.sum(operands["dy"] * y["y"])  # noqa: E731
    check(case, operands, "x", gradient, objective, allowed, (1.0, 0.0))


@pytest.mark.parametrize("case", LOSSES, ids=repr)
def test_gradients_of_losses_equal_central_differences(case):
    operands = case.operands("zero_mean")
    results = case.run(functional, operands)
    allowed = DIFFERENCE * max(1, results["loss"])
    objective = lambda results: results["loss"]  # noqa: E731
    check(case, operands, case.first, results["gradient"], objective, allowed, (STEP, -STEP))
