from ._fused import Reals, fused

STREAM: int

@fused
def dropout(
    x: Reals,
    y: Reals,
    samples: int,
    channels: int,
    rate: float,
    seed: int,
    stream: int,
    counter: int,
    row: int,
    n_threads: int,
) -> None: ...
@fused
def gaussian(
    x: Reals,
    y: Reals,
    samples: int,
    multiplies: bool,
    stddev: float,
    seed: int,
    stream: int,
    counter: int,
    row: int,
    n_threads: int,
) -> None: ...
