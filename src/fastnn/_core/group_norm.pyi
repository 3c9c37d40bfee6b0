from ._fused import Reals, fused

@fused
def group_norm_forward(
    x: Reals,
    parameters: Reals,
    scales: bool,
    shifts: bool,
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
    scale: Reals,
    dx: Reals,
    gradients: Reals,
    blocks: int,
    groups: int,
    channels: int,
    epsilon: float,
    n_threads: int,
) -> None: ...
