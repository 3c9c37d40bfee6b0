from ._fused import Reals, fused

@fused
def dense_forward(
    x: Reals, weight: Reals, bias: Reals | None, relu: bool, y: Reals, n_threads: int
) -> None: ...
@fused
def dense_backward_input(
    dy: Reals, weight: Reals, positive: Reals | None, dx: Reals, n_threads: int
) -> None: ...
