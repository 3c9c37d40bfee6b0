import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, fused

STREAM: int

class AugmentPlan:
    def __init__(
        self,
        changes: list[tuple[str | float, ...]],
        shape: tuple[int, int, int],
        seed: int,
        epoch: int,
        fill: float | None,
        limits: tuple[float, float] | None,
        mixture: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None,
        keys: NDArray[np.int64] | None = None,
    ) -> None: ...

@fused
def augment_images(
    x: Reals,
    samples: NDArray[np.int64],
    y: Reals,
    plan: AugmentPlan,
    n_threads: int,
) -> None: ...
@fused
def mix(
    x: Reals,
    other: Reals,
    share: NDArray[np.float64],
    y: Reals,
    n_threads: int,
) -> None: ...
