"""Estimators for scikit-learn: multi-layer perceptrons and convolutional networks.

`MLPClassifier` and `MLPRegressor` take the parameters of `sklearn.neural_network` and mean the same
by them, down to the random numbers that weights, batches and validation sets are drawn by; and some
more. `CNNClassifier` and `CNNRegressor` are made alike, for images and signals.

Needs scikit-learn: ``pip install 'fastnn[sklearn]'``.
"""

from fastnn.checks import extra

extra("fastnn.sklearn", "sklearn.base", "sklearn")

from .cnn import CNNClassifier, CNNRegressor  # noqa: E402 - which need it
from .mlp import MLPClassifier, MLPRegressor  # noqa: E402

__all__ = ["CNNClassifier", "CNNRegressor", "MLPClassifier", "MLPRegressor"]
