"""Every instruction set of this CPU, each in a process of its own (FASTNN_ISA is read at import).

AVX2 and AVX-512 give the same bytes. The generic build has no fused multiply-add: it is held to the
reference like the others, within the same errors.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

import fastnn as fn
from activations import EXACT, LIMITS, SLOPE_LIMIT
from cases import LARGE, SMALL
from fastnn import functional
from isas import FUSED, ISAS, results_by_isa
from operations import allowed_errors, expected_results
from test_precision import DTYPES, EXPONENTIALS, largest_error
from test_precision_activations import largest_errors
from tolerances import EXPONENTIAL_ULP, assert_within


def compute_all(path):
    """Save the results of every case: what the processes started below do."""
    arrays = {"isa": np.array(fn.build_info()["isa"])}
    for name, exact in EXPONENTIALS:
        for dtype in DTYPES:
            arrays[f"{name} {dtype}: units in the last place"] = largest_error(name, exact, dtype)
    for name in EXACT:
        for dtype in DTYPES:
            arrays[f"{name} {dtype}: errors"] = largest_errors(name, dtype)
    for kind in ("integer", "zero_mean", "positive"):
        for dtype in DTYPES:
            for case in SMALL + (LARGE if kind == "zero_mean" else []):
                for name, result in case.run(functional, case.operands(kind, dtype)).items():
                    arrays[f"{case} {kind} {dtype} {name}"] = result
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of every instruction set, by its name."""
    return results_by_isa(__file__, tmp_path_factory.mktemp("isa"))


def test_instruction_sets_with_fused_multiply_add_give_the_same_bytes(results):
    for isa in FUSED[1:]:
        assert results[isa].keys() == results[FUSED[0]].keys()
        different = [
            name
            for name, array in results[isa].items()
            if name != "isa" and array.tobytes() != results[FUSED[0]][name].tobytes()
        ]
        assert not different


@pytest.mark.parametrize("kind", ["integer", "zero_mean", "positive"])
@pytest.mark.parametrize("isa", ISAS)
def test_every_instruction_set_gives_the_reference_within_its_errors(results, isa, kind):
    for case in SMALL:
        for name, expected in expected_results(case, kind).items():
            for dtype in DTYPES if kind == "integer" else DTYPES[:1]:
                label = f"{case} {kind} {dtype} {name}"
                allowed = allowed_errors(case, kind, dtype)[name]
                assert_within(results[isa][label], expected, allowed, label)


@pytest.mark.parametrize("isa", ["nonsense", "avx1024", "avx512 avx2"])
def test_an_unknown_instruction_set_is_an_import_error_that_names_the_known_ones(isa):
    run = subprocess.run(
        [sys.executable, "-c", "import fastnn; fastnn.build_info()"],
        env=os.environ | {"FASTNN_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: FASTNN_ISA='{isa}'")
    assert "generic, avx2 or avx512" in last


@pytest.mark.parametrize("isa", ISAS)
def test_exponentials_of_every_instruction_set_are_within_their_units(results, isa):
    for name, _ in EXPONENTIALS:
        for dtype in DTYPES:
            error, where = results[isa][f"{name} {dtype}: units in the last place"]
            assert error <= EXPONENTIAL_ULP, f"{name} {dtype}: {error:.2f} units at {where!r}"


@pytest.mark.parametrize("isa", ISAS)
def test_activations_of_every_instruction_set_are_within_their_units(results, isa):
    for name in EXACT:
        for dtype in DTYPES:
            (error, where), (slope_error, slope_where) = results[isa][f"{name} {dtype}: errors"]
            assert error <= LIMITS[name], f"{name} {dtype}: {error:.2f} units at {where!r}"
            label = f"slope of {name} {dtype}: {slope_error:.2f} eps at {slope_where!r}"
            assert slope_error <= SLOPE_LIMIT, label


@pytest.mark.parametrize(("isa", "chosen"), [("", ISAS[-1]), (" GENERIC ", "generic")])
def test_the_best_instruction_set_is_chosen_unless_one_is_named(isa, chosen):
    run = subprocess.run(
        [sys.executable, "-c", "import fastnn; print(fastnn.build_info()['isa'])"],
        env=os.environ | {"FASTNN_ISA": isa},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == chosen


if __name__ == "__main__":
    compute_all(sys.argv[1])
