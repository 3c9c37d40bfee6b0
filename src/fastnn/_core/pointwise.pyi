from ._fused import Reals, fused

FUNCTIONS: dict[str, int]
FROM_INPUT: frozenset[str]

@fused
def pointwise_forward(
    function: int, parameter: float, x: Reals, y: Reals, n_threads: int
) -> None: ...
@fused
def pointwise_backward(
    function: int, parameter: float, dy: Reals, kept: Reals, dx: Reals, n_threads: int
) -> None: ...
