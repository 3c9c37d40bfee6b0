from ._fused import Line, Reals, fused

@fused
def resample(
    x: Reals,
    y: Reals,
    lines: tuple[Line, Line, Line],
    nothing: float,
    channels: int,
    n_threads: int,
) -> None: ...
