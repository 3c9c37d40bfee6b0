# Types of the stubs here; there is no such module at run time.
from collections.abc import Callable
from typing import Literal, ParamSpec, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R", covariant=True)

# All arrays of a call are of one of the two, C-contiguous and of this machine's byte order.
Reals: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

# three axes each of input, output, size, stride, dilation and before, in a row
Window: TypeAlias = tuple[int, ...]

# of one axis, resampling.Line: sources, and of all targets start, source and factor
Line: TypeAlias = tuple[int, NDArray[np.intp], NDArray[np.intp], Reals]

class Fused(Protocol[P, R]):
    __name__: str
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    def __getitem__(self, real: Literal["float", "double"], /) -> Callable[P, R]: ...

def fused(function: Callable[P, R]) -> Fused[P, R]: ...
