from ._fused import Reals, Window, fused

@fused
def lp_pool_forward(
    x: Reals, y: Reals, p: float, window: Window, channels: int, n_threads: int
) -> None: ...
@fused
def lp_pool_backward(
    dy: Reals,
    x: Reals,
    y: Reals,
    dx: Reals,
    p: float,
    window: Window,
    channels: int,
    n_threads: int,
) -> None: ...
