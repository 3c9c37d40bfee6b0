from ._fused import Reals, fused

@fused
def all_finite(x: Reals, n_threads: int) -> bool: ...
