import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, fused

SQUARED: int
BINARY: int

@fused
def cross_entropy(
    logits: Reals,
    labels: NDArray[np.int64] | None,
    target: Reals | None,
    share: NDArray[np.float64],
    dlogits: Reals,
    channels: int,
    n_threads: int,
) -> float: ...
@fused
def elementwise_loss(
    loss: int,
    y: Reals,
    target: Reals,
    share: NDArray[np.float64],
    scale: float,
    dy: Reals,
    n_threads: int,
) -> float: ...
def labels_within(labels: NDArray[np.int64], classes: int) -> bool: ...
def weight_sum(weights: NDArray[np.float64]) -> float: ...
