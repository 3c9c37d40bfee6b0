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
from .pad import Crop1D, Crop2D, Crop3D, Pad, ZeroPad1D, ZeroPad2D, ZeroPad3D
from .pool import AveragePool1D, AveragePool2D, AveragePool3D, MaxPool1D, MaxPool2D, MaxPool3D
from .prelu import PReLU
from .preprocess import Rescale, Standardize
from .shape import Flatten, Permute, Reshape
from .up_sample import UpSample1D, UpSample2D, UpSample3D

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
        Crop1D,
        Crop2D,
        Crop3D,
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
        Pad,
        Permute,
        PReLU,
        ReLU6,
        Rescale,
        Reshape,
        SELU,
        SiLU,
        Softmax,
        Softplus,
        Softsign,
        Standardize,
        UpSample1D,
        UpSample2D,
        UpSample3D,
        ZeroPad1D,
        ZeroPad2D,
        ZeroPad3D,
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
    "Crop1D",
    "Crop2D",
    "Crop3D",
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
    "Pad",
    "Permute",
    "ReLU6",
    "Rescale",
    "Reshape",
    "SiLU",
    "Softmax",
    "Softplus",
    "Softsign",
    "Standardize",
    "UpSample1D",
    "UpSample2D",
    "UpSample3D",
    "ZeroPad1D",
    "ZeroPad2D",
    "ZeroPad3D",
]
