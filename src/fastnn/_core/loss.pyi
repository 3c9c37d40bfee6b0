from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, fused

@fused
def batch_loss(
    settings: dict[str, Any],
    y: Reals,
    labels: NDArray[np.int64] | None,
    target: Reals | None,
    share: NDArray[np.float64],
    dy: Reals,
    n_threads: int,
) -> float: ...
def weigh_labels(
    settings: dict[str, Any],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> None: ...
def labels_within(labels: NDArray[np.int64], classes: int) -> bool: ...
def weight_sum(weights: NDArray[np.float64]) -> float: ...
