"""Demos: what networks do, and why, each in one short file to read, to copy and to change.

    fastnn demo --list          what there is
    fastnn demo blobs           ten to twenty lines, and a picture, blobs.png
    python my_blobs.py          a copy of the file runs as it is

A module of this package is a demo, unless its name begins with an underscore. It has

- a docstring, whose first line is its title
- ``compute()``: train or calculate, with fixed seeds; returns the numbers, by name
- ``describe(results)``: what is seen and why, as a list of lines with the numbers in them
- ``draw(results)``: the picture, a matplotlib figure
"""

import importlib
import pkgutil


def names():
    """Return the names of all demos, as the command line writes them.

    Examples
    --------
    >>> from fastnn import demos
    >>> "perceptron-gates" in demos.names()
    True
    """
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))


def load(name):
    """Import and return the module of a demo.

    Parameters
    ----------
    name : str
        One of `names()`; "-" and "_" are the same.

    Raises
    ------
    ValueError
        If there is no such demo.

    Examples
    --------
    >>> from fastnn import demos
    >>> demos.load("perceptron-gates").__name__
    'fastnn.demos.perceptron_gates'
    """
    if name.replace("_", "-") not in names():
        raise ValueError(f"load: no demo {name!r}; known are {', '.join(names())}")
    return importlib.import_module(f"fastnn.demos.{name.replace('-', '_')}")


def title(module):
    """Return what a demo is about: the first line of its docstring, without the full stop."""
    return module.__doc__.strip().partition("\n")[0].rstrip(".")
