import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, Window, fused

TAPS_IN_A_BYTE: int

# argmax: numbers of taps behind bytes, one each or as many as a real has
@fused
def max_pool_forward(
    x: Reals, y: Reals, argmax: NDArray[np.uint8], window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def max_pool_unpool(
    dy: Reals, argmax: NDArray[np.uint8], dx: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def average_pool_forward(
    x: Reals, scale: Reals, y: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def average_pool_backward(
    dy: Reals, scale: Reals, dx: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
