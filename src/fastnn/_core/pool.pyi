from ._fused import Reals, Window, fused

@fused
def max_pool_forward(
    x: Reals, y: Reals, argmax: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def max_pool_backward(
    dy: Reals, argmax: Reals, dx: Reals, positions: int, channels: int, n_threads: int
) -> None: ...
@fused
def max_pool_unpool(
    dy: Reals, argmax: Reals, dx: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def average_pool_forward(
    x: Reals, scale: Reals, y: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def average_pool_backward(
    dy: Reals, scale: Reals, dx: Reals, window: Window, channels: int, n_threads: int
) -> None: ...
