from ._fused import Reals, fused

@fused
def group_norm_forward(
    x: Reals,
    scale: Reals | None,
    shift: Reals | None,
    y: Reals,
    blocks: int,
    groups: int,
    channels: int,
    epsilon: float,
    n_threads: int,
) -> None: ...
@fused
def group_norm_backward(
    dy: Reals,
    x: Reals,
    samples: int,
    scale: Reals | None,
    dx: Reals,
    gradients: Reals,
    blocks: int,
    groups: int,
    channels: int,
    epsilon: float,
    n_threads: int,
) -> None: ...
