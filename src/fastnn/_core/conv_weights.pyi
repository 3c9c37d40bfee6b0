from ._fused import Reals, Window, fused

@fused
def conv_backward_weights(
    x: Reals,
    dy: Reals,
    samples: int,
    dweight: Reals,
    dbias: Reals,
    window: Window,
    transposed: bool,
    groups: int,
    channels: int,
    n_threads: int,
) -> None: ...
