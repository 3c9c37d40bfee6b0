from ._fused import Reals, fused

@fused
def dense_backward_weights(
    x: Reals, dy: Reals, samples: int, dweight: Reals, dbias: Reals, n_threads: int
) -> None: ...
