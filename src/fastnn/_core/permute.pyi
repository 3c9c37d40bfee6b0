from ._fused import Reals, fused

AXES: int

@fused
def permute(
    x: Reals, y: Reals, sizes: tuple[int, ...], steps: tuple[int, ...], width: int, n_threads: int
) -> None: ...
