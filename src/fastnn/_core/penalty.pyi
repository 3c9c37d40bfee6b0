from ._fused import Reals, fused

@fused
def l1_l2_penalty(
    weight: Reals, gradient: Reals, l1: float, l2: float, n_threads: int
) -> float: ...
