from ._fused import Reals, fused

@fused
def prelu_forward(x: Reals, slope: Reals, y: Reals, channels: int, n_threads: int) -> None: ...
@fused
def prelu_backward_input(
    dy: Reals, x: Reals, slope: Reals, dx: Reals, channels: int, n_threads: int
) -> None: ...
@fused
def prelu_backward_weights(
    x: Reals, dy: Reals, samples: int, dslope: Reals, channels: int, n_threads: int
) -> None: ...
