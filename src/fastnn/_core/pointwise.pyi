from ._fused import Reals, fused

FUNCTIONS: dict[str, int]

@fused
def pointwise_forward(
    function: int, parameter: float, x: Reals, y: Reals, n_threads: int
) -> None: ...
@fused
def pointwise_backward(
    function: int, parameter: float, dy: Reals, y: Reals, dx: Reals, n_threads: int
) -> None: ...
@fused
def softmax_forward(x: Reals, y: Reals, channels: int, n_threads: int) -> None: ...
@fused
def softmax_backward(dy: Reals, y: Reals, dx: Reals, channels: int, n_threads: int) -> None: ...
