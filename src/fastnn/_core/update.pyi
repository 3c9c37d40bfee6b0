from ._fused import Reals, fused

@fused
def sgd_update(
    parameters: Reals,
    gradients: Reals,
    velocity: Reals | None,
    rate: float,
    momentum: float,
    nesterov: bool,
    n_threads: int,
) -> None: ...
@fused
def adam_update(
    parameters: Reals,
    gradients: Reals,
    first_moment: Reals,
    second_moment: Reals,
    rate: float,
    beta1: float,
    rest1: float,
    beta2: float,
    rest2: float,
    root_scale: float,
    epsilon: float,
    n_threads: int,
) -> None: ...
