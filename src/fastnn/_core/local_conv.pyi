from ._fused import Reals, Window, fused

@fused
def local_conv_forward(
    x: Reals,
    weight: Reals,
    bias: Reals | None,
    relu: bool,
    y: Reals,
    window: Window,
    channels: int,
    filters: int,
    n_threads: int,
) -> None: ...
@fused
def local_conv_backward_input(
    dy: Reals,
    weight: Reals,
    positive: Reals | None,
    dx: Reals,
    window: Window,
    channels: int,
    filters: int,
    n_threads: int,
) -> None: ...
@fused
def local_conv_backward_weights(
    x: Reals,
    dy: Reals,
    samples: int,
    dweight: Reals,
    dbias: Reals,
    window: Window,
    channels: int,
    filters: int,
    n_threads: int,
) -> None: ...
