from ._fused import Reals, Window, fused

@fused
def conv_forward(
    x: Reals,
    weight: Reals,
    bias: Reals | None,
    relu: bool,
    y: Reals,
    window: Window,
    transposed: bool,
    groups: int,
    channels: int,
    winograd: bool,
    n_threads: int,
) -> None: ...
@fused
def conv_backward_input(
    dy: Reals,
    weight: Reals,
    positive: Reals | None,
    dx: Reals,
    window: Window,
    transposed: bool,
    groups: int,
    channels: int,
    winograd: bool,
    n_threads: int,
) -> None: ...
