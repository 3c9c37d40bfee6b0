from typing import Any

from ._fused import Reals, fused

@fused
def update(
    name: str,
    parameters: Reals,
    gradients: Reals,
    first: Reals | None,
    second: Reals | None,
    third: Reals | None,
    figures: dict[str, Any],
    step: int,
    n_threads: int,
) -> None: ...
