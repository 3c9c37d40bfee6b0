"""The stubs of the compiled modules declare what these hold, with the same parameters."""

import ast
import importlib
import inspect
import pathlib
import pkgutil

import pytest

from fastnn import _core

FOLDER = pathlib.Path(_core.__file__).parent
MODULES = {
    info.name: importlib.import_module(f"fastnn._core.{info.name}")
    for info in pkgutil.iter_modules(_core.__path__)
}
SHARED = "_fused"  # a stub without a module: types of the others
STUBS = {
    path.stem: ast.parse(path.read_text())
    for path in sorted(FOLDER.glob("*.pyi"))
    if path.stem != SHARED
}


def public(name):
    """What a compiled module holds, by name."""
    return {
        key: value
        for key, value in vars(MODULES[name]).items()
        if not key.startswith("_") and not inspect.ismodule(value)
    }


def parameters_of(value):
    """A function's parameters, each with whether it has a default; else what the value is."""
    if isinstance(value, type):
        return "class"
    if not callable(value):
        return "constant"
    parameters = inspect.signature(value).parameters.values()
    return [(p.name, p.default is not p.empty) for p in parameters]


def functions(name):
    return [node for node in STUBS[name].body if isinstance(node, ast.FunctionDef)]


def declared(name):
    """The same of a stub."""
    found = {}
    for node in STUBS[name].body:
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            first = len(names) - len(node.args.defaults)
            found[node.name] = [(arg, i >= first) for i, arg in enumerate(names)]
        elif isinstance(node, ast.ClassDef):
            found[node.name] = "class"
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = "constant"
    return found


def test_every_compiled_module_that_python_can_use_has_a_stub_and_no_other():
    assert set(STUBS) == {name for name in MODULES if public(name)}
    assert SHARED not in MODULES


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_declares_what_its_module_holds(name):
    assert declared(name) == {key: parameters_of(value) for key, value in public(name).items()}


@pytest.mark.parametrize("name", STUBS)
def test_functions_declared_as_fused_can_be_had_for_each_real_type(name):
    decorated = {node.name for node in functions(name) if node.decorator_list}
    assert decorated == {key for key, value in public(name).items() if is_fused(value)}
    for key in decorated:
        function = public(name)[key]
        assert callable(function["float"]) and callable(function["double"])


def is_fused(value):
    return hasattr(value, "__signatures__")


@pytest.mark.parametrize("name", STUBS)
def test_every_parameter_and_result_of_a_stub_has_a_type(name):
    for node in functions(name):
        assert node.returns is not None, node.name
        assert all(argument.annotation for argument in node.args.args), node.name
