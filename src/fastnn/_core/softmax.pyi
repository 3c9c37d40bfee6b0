from ._fused import Reals, fused

@fused
def softmax_forward(x: Reals, y: Reals, logarithm: bool, channels: int, n_threads: int) -> None: ...
@fused
def softmax_backward(
    dy: Reals, y: Reals, dx: Reals, logarithm: bool, channels: int, n_threads: int
) -> None: ...
