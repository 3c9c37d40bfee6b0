"""Both implementations against results of PyTorch stored in golden/pytorch.npz."""

import importlib
import inspect
import json
import pathlib

import numpy as np
import pytest

GOLDEN = np.load(pathlib.Path(__file__).parent / "golden" / "pytorch.npz", allow_pickle=False)
CASES = {case["name"]: case for case in map(json.loads, GOLDEN["configuration"])}
UPDATES = [name for name, case in CASES.items() if "repeat" in case["calls"][0]]
OPERATIONS = [name for name in CASES if name not in UPDATES]

TOLERANCE = 1e-12  # relative to the largest number of the result


@pytest.fixture(params=["reference", "functional"])
def implementation(request):
    return importlib.import_module(f"fastnn.{request.param}")


def tupled(value):
    """JSON knows lists only; sizes and shapes are tuples."""
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def check_close(result, expected, label):
    scale = np.max(np.abs(expected), initial=0.0)
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE * scale, err_msg=label)
    assert np.shape(result) == expected.shape, label


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_agrees_with_pytorch(implementation, name):
    def argument(spec):
        if isinstance(spec, str):
            return GOLDEN[f"{name}/{spec}"]
        if isinstance(spec, list):
            return list(map(argument, spec))
        if "shape_of" in spec:
            return GOLDEN[f"{name}/{spec['shape_of']}"].shape
        return tupled(spec["value"])

    for call in CASES[name]["calls"]:
        options = {option: tupled(value) for option, value in call["options"].items()}
        operation = getattr(implementation, call["function"])
        results = operation(*map(argument, call["arguments"]), **options)
        if len(call["returns"]) == 1:
            results = (results,)
        for array, result in zip(call["returns"], results, strict=True):
            expected = GOLDEN[f"{name}/{array}"]
            check_close(result, expected, f"{call['function']}: {array}")
            assert np.asarray(result).dtype == expected.dtype


@pytest.mark.parametrize("name", UPDATES)
def test_update_agrees_with_pytorch_step_by_step(implementation, name):
    (call,) = CASES[name]["calls"]
    gradients, history = GOLDEN[f"{name}/gradients"], GOLDEN[f"{name}/parameters"]
    parameters = history[0].copy()
    state = [np.zeros_like(parameters) for _ in call["arguments"]] or [None]
    for step in range(1, call["repeat"] + 1):
        options = dict(call["options"])
        update = getattr(implementation, call["function"])
        if "step" in inspect.signature(update).parameters:
            options["step"] = step
        update(parameters, gradients[step - 1], *state, **options)
        check_close(parameters, history[step], f"step {step}")


def test_the_golden_file_is_small_and_plain():
    assert (pathlib.Path(__file__).parent / "golden" / "pytorch.npz").stat().st_size < 512 * 1024
    assert len(CASES) == len(GOLDEN["configuration"])
    assert all(array.dtype.kind in "fiU" for array in GOLDEN.values())
