from ._fused import Reals, fused

AXES: int

@fused
def permute(
    x: Reals, y: Reals, order: tuple[tuple[int, ...], tuple[int, ...], int], n_threads: int
) -> None: ...
