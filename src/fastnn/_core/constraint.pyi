from ._fused import Reals, fused

@fused
def constrain(weight: Reals, kind: str, limit: float, n_threads: int) -> None: ...
