"""Layers, one module a family."""

from .activation import Activation, Softmax
from .base import Layer
from .conv import Conv1D, Conv2D, Conv3D
from .dense import Dense
from .pool import AveragePool1D, AveragePool2D, AveragePool3D, MaxPool1D, MaxPool2D, MaxPool3D
from .preprocess import Rescale, Standardize
from .shape import Flatten

# The layers that a saved network may name; `load` builds no other.
REGISTRY = {
    layer.__name__: layer
    for layer in (
        Activation,
        AveragePool1D,
        AveragePool2D,
        AveragePool3D,
        Conv1D,
        Conv2D,
        Conv3D,
        Dense,
        Flatten,
        MaxPool1D,
        MaxPool2D,
        MaxPool3D,
        Rescale,
        Softmax,
        Standardize,
    )
}

__all__ = [
    "Activation",
    "AveragePool1D",
    "AveragePool2D",
    "AveragePool3D",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "Rescale",
    "Softmax",
    "Standardize",
]
