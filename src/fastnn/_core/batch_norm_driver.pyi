import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, fused

@fused
def batch_norm_forward(
    x: Reals,
    samples: int,
    scale: Reals | None,
    shift: Reals | None,
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    y: Reals,
    epsilon: float,
    relu: bool,
    n_threads: int,
) -> None: ...
@fused
def batch_norm_inference(
    x: Reals,
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    scale: Reals | None,
    shift: Reals | None,
    y: Reals,
    epsilon: float,
    relu: bool,
    n_threads: int,
) -> None: ...
@fused
def batch_norm_backward(
    dy: Reals,
    x: Reals,
    samples: int,
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    scale: Reals | None,
    dx: Reals,
    dscale: Reals,
    dshift: Reals,
    epsilon: float,
    training: bool,
    n_threads: int,
) -> None: ...
def batch_norm_track(
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    running_mean: NDArray[np.float64],
    running_variance: NDArray[np.float64],
    count: float,
    momentum: float,
) -> None: ...
