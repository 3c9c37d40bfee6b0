"""`functional` and `reference` are the same interface twice."""

import inspect

import pytest

from fastnn import functional, reference

NAMES = sorted(functional.__all__)


def parameters(function):
    return list(inspect.signature(function).parameters.values())


def test_both_have_the_same_names():
    assert sorted(reference.__all__) == NAMES
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_both_have_the_same_parameters_but_for_n_threads(name):
    *common, last = parameters(getattr(functional, name))
    assert (last.name, last.default, last.kind) == ("n_threads", None, last.KEYWORD_ONLY)
    assert [(p.name, p.default, p.kind) for p in common] == [
        (p.name, p.default, p.kind) for p in parameters(getattr(reference, name))
    ]


@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
@pytest.mark.parametrize("name", NAMES)
def test_every_operation_is_documented_with_an_example(name, module):
    text = inspect.getdoc(getattr(module, name))
    for section in ("Parameters\n---", "Examples\n---", ">>> "):
        assert section in text
