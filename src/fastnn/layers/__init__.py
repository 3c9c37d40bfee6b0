"""Layers, one module a family."""

from .activation import Activation
from .base import Layer
from .conv import Conv1D, Conv2D, Conv3D
from .dense import Dense
from .named_activations import (
    ELU,
    GELU,
    SELU,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    LogSoftmax,
    Mish,
    ReLU6,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
)
from .pool import AveragePool1D, AveragePool2D, AveragePool3D, MaxPool1D, MaxPool2D, MaxPool3D
from .prelu import PReLU
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
        ELU,
        Flatten,
        GELU,
        HardSigmoid,
        HardSwish,
        LeakyReLU,
        LogSoftmax,
        MaxPool1D,
        MaxPool2D,
        MaxPool3D,
        Mish,
        PReLU,
        ReLU6,
        Rescale,
        SELU,
        SiLU,
        Softmax,
        Softplus,
        Softsign,
        Standardize,
    )
}

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "AveragePool1D",
    "AveragePool2D",
    "AveragePool3D",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Dense",
    "Flatten",
    "HardSigmoid",
    "HardSwish",
    "Layer",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "Mish",
    "PReLU",
    "ReLU6",
    "Rescale",
    "SiLU",
    "Softmax",
    "Softplus",
    "Softsign",
    "Standardize",
]
