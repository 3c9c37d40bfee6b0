import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, Window, fused

def max_pool_argmax(
    numbers: NDArray[np.uint8],
    argmax: NDArray[np.int64],
    window: Window,
    channels: int,
    n_threads: int,
) -> None: ...
@fused
def max_pool_backward(
    dy: Reals, argmax: Reals, dx: Reals, outputs: int, channels: int, n_threads: int
) -> None: ...
