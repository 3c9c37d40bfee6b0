"""Networks as exported C, compiled and called, for the tests of the export."""

import ctypes
import os
import shutil
import subprocess

import numpy as np
import pytest

import fastnn as fn

WARNINGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]


def compiled(sources, target, *flags, compiler=None):
    """Compile and link C files; whatever the compiler says is an error."""
    compiler = compiler or os.environ.get("CC") or shutil.which("cc")
    if compiler is None:
        pytest.skip("this machine has no C compiler")
    command = [*compiler.split(), *WARNINGS, *flags, *map(str, sources), "-lm", "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


class Library:
    """Exported networks in one shared object.

    Parameters
    ----------
    nets : dict of str to network
    folder : path
        Where the files go.
    """

    def __init__(self, nets, folder, *flags):
        self.nets, sources = nets, []
        for name, net in nets.items():
            sources.append(folder / f"{name}.c")
            fn.export_c(net, sources[-1], name=name)
        target = folder / f"lib{'-'.join(flags).replace('=', '-')}.so"
        flags = ["-shared", "-fPIC", "-DFASTNN_NO_MAIN", *flags]
        self.library = ctypes.CDLL(str(compiled(sources, target, *flags)))

    def function(self, name, what):
        return getattr(self.library, f"{name}_{what}")

    def predict(self, name, x):
        """The outputs of a batch, or of a list of them for several inputs; as `net.predict`."""
        net, xs = self.nets[name], x if isinstance(x, list) else [x]
        rows = np.concatenate([np.reshape(x, (len(x), -1)) for x in xs], axis=1)
        rows = np.ascontiguousarray(rows, net.dtype)
        sizes = [int(np.prod(shape)) for shape in net.output_shapes]
        y = np.full((len(rows), sum(sizes)), np.nan, net.dtype)
        predict = self.function(name, "predict")
        for row, out in zip(rows, y, strict=True):
            predict(ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(out.ctypes.data))
        parts = np.split(y, np.cumsum(sizes)[:-1], axis=1)
        ys = [
            part.reshape(len(rows), *shape)
            for part, shape in zip(parts, net.output_shapes, strict=True)
        ]
        return ys if len(ys) > 1 else ys[0]

    def classes(self, name, y):
        """The classes that outputs decide for: numbers, a row a sample."""
        y = np.ascontiguousarray(y, self.nets[name].dtype)
        decisions = np.full((len(y), y[0].size), -1, np.int32)
        decide = self.function(name, "classes")
        for row, out in zip(y, decisions, strict=True):
            decide(ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(out.ctypes.data))
        return decisions
