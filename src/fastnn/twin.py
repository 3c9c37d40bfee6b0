"""Twins: layers that run by the reference's plain loops, and know how far others may be off.

A layer is thin over `self.operations`, and the reference has the same names and parameters: a twin
is a copy of the layer in float64 whose operations are the reference's. So every layer has one, also
those to come, and what a twin does is what the layer says that it does.
"""

import copy

import numpy as np

from fastnn import reference
from fastnn.layers.noise import Noise
from fastnn.layers.preprocess import Preprocess
from fastnn.packs import Packs
from fastnn.rounding import magnitudes

AFFINE = 4.0  # eps of scale · x and of the offset: preprocessing


class Plain:
    """A batch as a plain array of float64: what packs are for layers, these are for twins.

    Attributes
    ----------
    array : ndarray, shape (N, *features)
    magnitude : ndarray or float
        How many eps each number may be off by, multiplied out.
    """

    __slots__ = ("array", "magnitude")

    def __init__(self, array, magnitude=0.0):
        self.array, self.magnitude = array, magnitude

    @property
    def shape(self):
        return self.array.shape

    @property
    def ndim(self):
        return self.array.ndim

    @property
    def dtype(self):
        return self.array.dtype

    @property
    def n(self):
        return len(self.array)

    def __len__(self):
        return len(self.array)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)

    def reshape(self, *features):
        """Give each sample another shape of the same size."""
        magnitude = np.broadcast_to(self.magnitude, self.shape)
        shape = (self.n, *features)
        return Plain(self.array.reshape(shape), magnitude.reshape(shape))

    def unpack(self):
        """Return the plain array."""
        return self.array

    def like(self, array, *, empty="copy"):
        """Return what was computed of a batch outside operations: by a few roundings."""
        return Plain(np.asarray(array, np.float64), 4 * np.abs(array))


class Gradient(np.ndarray):
    """A parameter's gradient that knows how many eps it may be off by."""

    magnitude = 0.0

    def __setitem__(self, key, value):
        if isinstance(value, Plain):
            self.magnitude, value = value.magnitude, value.array
        super().__setitem__(key, value)


class Operations:
    """The operations of the reference, on `Plain` batches; counts how often one was asked for."""

    def __init__(self):
        self.calls = 0

    def __getattr__(self, name):
        operation = getattr(reference, name)

        def run(*arguments, out=None, wanted=None, **how):
            self.calls += 1
            arguments = [_array(argument) for argument in arguments]
            how = {key: _array(value) for key, value in how.items()}
            exact = how | ({} if wanted is None else {"wanted": wanted})
            if "algorithm" in how:  # which says how to round, and not what to compute
                exact["algorithm"] = "direct"
            results = operation(*arguments, **exact)
            several = list(results) if isinstance(results, (tuple, list)) else [results]
            allowed = magnitudes(name, arguments, how, several)
            if name.endswith("_forward"):  # what comes second is no batch: places, statistics
                found = [Plain(several[0], allowed[0]), *several[1:]]
            else:
                found = [
                    None if result is None else Plain(result, magnitude)
                    for result, magnitude in zip(several, allowed, strict=True)
                ]
            if out is not None:
                for array, result in zip(out, found, strict=True):
                    array[...] = result
            return type(results)(found) if isinstance(results, (tuple, list)) else found[0]

        return run


def _array(value):
    if isinstance(value, list):
        return [_array(each) for each in value]
    return value.array if isinstance(value, Plain) else value


def twin_of(stage):
    """Return a copy of a layer, or of its activation, that runs by the reference in float64."""
    twin = copy.deepcopy(stage)
    twin.operations, twin.dtype = Operations(), np.dtype(np.float64)
    if stage.parameters is not None:
        twin.parameters = {
            name: array.astype(np.float64) for name, array in stage.parameters.items()
        }
        twin.gradients = {
            name: np.zeros(array.shape).view(Gradient) for name, array in twin.parameters.items()
        }
    return twin


def exactly(value):
    """Return a batch, in packs or not, as what a twin reads: the same numbers in float64."""
    array = value.unpack() if isinstance(value, Packs) else value
    return Plain(np.asarray(array, np.float64))


def adopt(twin, kept):
    """Let a twin go back from the rounded numbers that the layer kept, where it kept a batch.

    Places of maxima and statistics of a batch remain the twin's own.
    """
    twin._saved = _adopted(twin._saved, kept)


def _adopted(own, kept):
    if isinstance(own, tuple) and isinstance(kept, tuple) and len(own) == len(kept):
        return tuple(map(_adopted, own, kept))
    if isinstance(own, Plain) and type(kept) is Packs and kept.dtype.kind == "f":
        return exactly(kept)
    return own


def run_twin(visit):
    """Let the twin of an operation read what it has read; return it, and what it makes."""
    stage, twin = visit.stage, twin_of(visit.stage)
    if isinstance(stage, Noise) and visit.kept:
        twin.seed, twin.index, twin.steps = (visit.kept[key] for key in ("seed", "layer", "step"))
    xs = [exactly(x) for x in visit.xs]
    y, dxs = twin._forward(xs if stage.merges else xs[0], True), []
    if visit.dy is not None:
        adopt(twin, visit.kept)
        dxs = twin._backward(exactly(visit.dy), (True,) * len(xs) if stage.merges else True)
        dxs = dxs if stage.merges else [dxs]
    if isinstance(stage, Preprocess):
        scaled = xs[0].array * stage.slope
        y.magnitude = AFFINE * (np.abs(scaled) + np.abs(y.array - scaled))
    if not is_ours(stage) and twin.operations.calls == 0:
        return None, None, None
    return twin, y, dxs


def is_ours(stage):
    """Whether the passes of a layer are those of fastnn's own layers."""
    passes = (getattr(type(stage), name) for name in ("_forward", "_backward"))
    return all(function.__module__.startswith("fastnn.") for function in passes)
