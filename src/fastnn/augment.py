"""Random changes of images while training: `net.fit(…, augment=[fn.augment.Flip()])`.

A change is a function of the network's seed, the epoch, the sample's place in the array, and the
change's place in the list: not of threads, batches or the order of samples. Training that goes on
from a saved network repeats the changes that it would have seen. Of batches that come one by one
the place is the batch's number, in a sequence its index, and the row in it; MixUp needs arrays.

    Rotate, Shear, Zoom, Translate, Flip, RandomCrop     one map, sampled once, bilinearly
    Brightness, Contrast, Noise                          in their order; then within the limits
    CutOut                                               holes
    MixUp                                                two samples, and their targets

They see the raw data, before the network's preprocessing, and compute in the network's dtype. Only
training sees them: layers that standardise learn from the data as they are, and validation, metrics
of it and `predict` are those of whole images.
"""

import numpy as np

from fastnn import functional
from fastnn.changes import Brightness, Change, Contrast, CutOut, Noise
from fastnn.checks import number
from fastnn.functional.augment import image_shape, make_plan
from fastnn.mixing import MixUp
from fastnn.movements import Flip, RandomCrop, Rotate, Shear, Translate, Zoom

__all__ = [
    "Brightness",
    "Changes",
    "Contrast",
    "CutOut",
    "Flip",
    "MixUp",
    "Noise",
    "RandomCrop",
    "Rotate",
    "Shear",
    "Translate",
    "Zoom",
    "apply",
]


class Changes:
    """Changes in a row, and what they have in common.

    Parameters
    ----------
    changes : list of changes
    fill : "edge" or float
        What is seen beyond an image's borders: the nearest pixel, or a number in units of the data.
    limits : tuple (low, high), optional
        Of the data's numbers: changed images stay within them, and amounts of `Brightness` and
        `Noise` are shares of their span. Images of uint8 have the limits (0, 255); others have none
        where none are given, and amounts are then in units of the data.

    Examples
    --------
    >>> import fastnn as fn
    >>> crops = fn.augment.Changes([fn.augment.RandomCrop(1), fn.augment.Flip()], fill=0)
    >>> fn.augment.apply([[[[1], [2]], [[3], [4]]]], crops, epoch=1)[0, ..., 0].tolist()
    [[0.0, 0.0], [1.0, 2.0]]
    """

    def __init__(self, changes, *, fill="edge", limits=None):
        changes = tuple(changes) if isinstance(changes, (list, tuple)) else (changes,)
        for change in changes:
            if not isinstance(change, (Change, MixUp)):
                raise TypeError(
                    f"Changes: expected a list of changes such as Flip(), got {change!r}"
                )
        if sum(isinstance(change, MixUp) for change in changes) > 1:
            raise ValueError("Changes: expected one MixUp at most")
        self.changes, self.limits = changes, limits
        self.fill = fill if fill == "edge" else number("Changes", "fill", fill)
        make_plan("Changes", [], (1, 1, 1), 0, 0, None, limits)  # checks the limits

    def __repr__(self):
        return f"Changes({list(self.changes)}, fill={self.fill!r}, limits={self.limits})"

    @property
    def mixing(self):
        """The MixUp among them and its place, or None."""
        found = [(k, change) for k, change in enumerate(self.changes) if isinstance(change, MixUp)]
        return found[0] if found else None

    def settings(self, shape, dtype):
        """Return changes, fill and limits as `functional.augment_images` takes them."""
        limits = (0, 255) if self.limits is None and dtype == np.uint8 else self.limits
        span = 1 if limits is None else limits[1] - limits[0]
        settings = [
            # in its place nothing happens
            ("flip", 0.0, 0.0, 0.0) if isinstance(change, MixUp) else change.settings(shape, span)
            for change in self.changes
        ]
        return settings, None if self.fill == "edge" else self.fill, limits


def apply(x, changes, *, seed=0, epoch=0, samples=None):
    """Change images as `fit` does in an epoch, to look at them.

    Parameters
    ----------
    x : array_like, shape (N, H, W, C)
    changes : Changes or list of changes
        No `MixUp`, which changes targets too: see `fn.functional.mix_samples`.
    seed : int
        That of the network.
    epoch : int
        The network's `epochs` before it.
    samples : array_like of int, shape (N,), optional
        Where in the array that `fit` is given the images are; 0 … N − 1 by default.

    Returns
    -------
    ndarray, shape of x
        float64 if x is, else float32; what a network of this dtype sees.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = [[[[0], [1], [2]]]] * 4
    >>> fn.augment.apply(x, [fn.augment.Flip()])[:, 0, :, 0].tolist()[:2]
    [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]]
    """
    if not isinstance(changes, Changes):
        changes = Changes(changes)
    if changes.mixing is not None:
        raise ValueError("apply: MixUp changes targets too; use fn.functional.mix_samples")
    x = np.asarray(x)
    settings, fill, limits = changes.settings(image_shape("apply", "x", x.shape), x.dtype)
    return functional.augment_images(
        x, settings, seed=seed, epoch=epoch, samples=samples, fill=fill, limits=limits
    )
