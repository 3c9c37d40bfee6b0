"""Lane packs: the layout in which activations live between operations.

A batch ``(N, *spatial, channels)`` becomes ``(chunks, *spatial, channels, LANES)``: 16 adjacent
numbers hold one activation of 16 different samples. Lanes of the last chunk that hold no sample
hold copies of the last one (zeros in gradients) and count in no result.
"""

import math

import numpy as np

from fastnn._core import lanes, threads

LANES = 16


class Packs:
    """A batch in lane packs.

    Attributes
    ----------
    data : ndarray, shape (chunks, *features, LANES)
        C-contiguous and 64-byte aligned.
    n : int
        Samples in the batch; ``chunks = ceil(n / LANES)``.
    """

    __slots__ = ("data", "n")

    def __init__(self, data, n):
        self.data = data
        self.n = n

    @property
    def shape(self):
        """Shape of the batch as a plain array: ``(n, *features)``."""
        return (self.n, *self.data.shape[1:-1])

    @property
    def ndim(self):
        return self.data.ndim - 1

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def rows(self):
        """The data as (chunks, everything else), a view."""
        data = self.data
        return data.reshape(data.shape[0], math.prod(data.shape[1:]))

    def __len__(self):
        return self.n

    def __repr__(self):
        return f"Packs(shape={self.shape}, dtype={self.dtype})"

    def reshape(self, *features):
        """Give each sample another shape of the same size; nothing is copied."""
        return Packs(self.data.reshape(self.data.shape[0], *features, LANES), self.n)

    def like(self, array, *, empty="copy"):
        """Bring another batch, a plain array, into packs of this dtype; see `pack`."""
        return pack(array, self.dtype, empty=empty)

    def unpack(self, n_threads=None):
        """Return the batch as a plain array (n, *features)."""
        array = np.empty(self.shape, self.dtype)
        features = math.prod(self.data.shape[1:-1])
        if array.size:
            lanes.unpack(self.rows, array.reshape(self.n, features), threads.resolve(n_threads))
        return array


def aligned_empty(shape, dtype):
    """An uninitialised array that starts on a cache line."""
    size = math.prod(shape)
    if size == 0:
        return np.empty(shape, dtype)
    memory = lanes.AlignedMemory(size * dtype.itemsize)
    return np.frombuffer(memory, dtype).reshape(shape)


def empty_packs(n, features, dtype):
    """Uninitialised packs for `n` samples of the shape `features`."""
    return Packs(aligned_empty((-(-n // LANES), *features, LANES), dtype), n)


def pack(x, dtype=None, *, empty="copy", n_threads=None):
    """Bring a batch into lane packs.

    Parameters
    ----------
    x : array_like, shape (N, *features)
        Real numbers in any layout; not changed.
    dtype : dtype, optional
        float32 or float64; by default float64 if `x` is, else float32.
    empty : {"copy", "zero"}
        What lanes without a sample hold: copies of the last sample (activations), or zeros.
        Gradients must be packed with "zero": sums over the batch take all lanes of them.
    n_threads : int, optional

    Returns
    -------
    packs : Packs

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.packs import pack
    >>> packs = pack(np.zeros((20, 8, 8, 3)))
    >>> packs.data.shape, packs.shape
    ((2, 8, 8, 3, 16), (20, 8, 8, 3))
    """
    x = np.asarray(x)
    if dtype is None:
        dtype = np.float64 if x.dtype.kind == "f" and x.dtype.itemsize >= 8 else np.float32
    x = np.ascontiguousarray(x, dtype)
    packs = empty_packs(len(x), x.shape[1:], x.dtype)
    if x.size:
        rows = x.reshape(len(x), math.prod(x.shape[1:]))
        lanes.pack(rows, packs.rows, empty == "zero", threads.resolve(n_threads))
    return packs
