"""How each layer is written in C: one emitter a class, one module a family.

An emitter sees a `Call` and writes the calls of C functions that do the layer's work.
"""

from . import activations, merges, norms, pools, resampling, shapes, weighted
from .registry import EMITTERS, Call, Emitter

__all__ = [
    "EMITTERS",
    "Call",
    "Emitter",
    "activations",
    "merges",
    "norms",
    "pools",
    "resampling",
    "shapes",
    "weighted",
]
