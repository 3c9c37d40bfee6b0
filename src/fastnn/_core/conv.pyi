from ._fused import Reals, Window, fused

@fused
def conv_forward(
    x: Reals,
    weight: Reals,
    bias: Reals | None,
    y: Reals,
    window: Window,
    groups: int,
    channels: int,
    n_threads: int,
) -> None: ...
@fused
def conv_backward_input(
    dy: Reals,
    weight: Reals,
    dx: Reals,
    window: Window,
    groups: int,
    channels: int,
    n_threads: int,
) -> None: ...
