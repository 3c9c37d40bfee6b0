from ._fused import Reals, fused

FUNCTIONS: dict[str, int]
FROM_INPUTS: frozenset[str]

@fused
def merge_forward(function: int, xs: list[Reals], y: Reals, n_threads: int) -> None: ...
@fused
def merge_backward(
    function: int, xs: list[Reals], dy: Reals, dxs: list[Reals | None], n_threads: int
) -> None: ...
@fused
def concatenate_part(x: Reals, y: Reals, start: int, n_threads: int) -> None: ...
@fused
def concatenate_part_backward(dy: Reals, start: int, dx: Reals, n_threads: int) -> None: ...
