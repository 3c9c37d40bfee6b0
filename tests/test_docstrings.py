"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import fastnn

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fastnn.__path__, "fastnn.")
    if "._core" not in module.name and not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["fastnn", *MODULES])
def test_examples_run_as_they_stand(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("module", ["functional", "reference", "layers"])
def test_everything_public_has_an_example(module):
    package = getattr(fastnn, module)
    for name in package.__all__:
        value = getattr(package, name)
        if callable(value):
            assert ">>> " in value.__doc__, f"{module}.{name} has no example"
