import numpy as np
from numpy.typing import NDArray

from ._fused import Reals, fused

def fill_uint32(
    out: NDArray[np.uint32],
    seed: int,
    stream: int,
    counter: int,
    row: int,
    first: int,
    n_threads: int,
) -> None: ...
@fused
def fill_uniform(
    out: Reals, seed: int, stream: int, counter: int, row: int, first: int, n_threads: int
) -> None: ...
@fused
def fill_normal(
    out: Reals, seed: int, stream: int, counter: int, row: int, first: int, n_threads: int
) -> None: ...
def fill_bits(
    out: NDArray[np.uint32],
    seed: int,
    stream: int,
    counter: int,
    row: int,
    first: int,
    n: int,
    rate: float,
    n_threads: int,
) -> None: ...
def box_muller(words: NDArray[np.uint32], out: NDArray[np.float64]) -> None: ...
