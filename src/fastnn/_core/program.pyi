from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_AXES: int

class Program:
    def __init__(
        self,
        instructions: list[dict[str, Any]],
        sizes: list[int],
        input_shape: tuple[int, ...],
        output_shape: tuple[int, ...],
        preprocessing: list[dict[str, Any]],
        parameters: NDArray[np.floating],
        gradients: NDArray[np.floating],
        steps: NDArray[np.int64],
        loss: dict[str, Any] | None,
        training: bool,
    ) -> None: ...
    def plan(self, samples: int, n_threads: int) -> int: ...
    def run(
        self,
        data: tuple[NDArray[Any] | None, ...],
        first: int,
        stop: int,
        batch: int,
        *,
        optimizer: Any = None,
        counts_right: bool = False,
        outputs: NDArray[np.floating] | None = None,
        augment: Any = None,
        accumulate: int = 1,
        ends: NDArray[np.int64] | None = None,
        row: int = 0,
        penalised: bool = True,
        seconds: float = 1e9,
    ) -> list[tuple[float, float, int, float]]: ...
    def step(self, x: Any, labels: Any, optimizer: Any) -> float | None: ...
