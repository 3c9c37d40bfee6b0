"""Dataset: samples and their labels, as they came from a file."""

from dataclasses import dataclass

import numpy as np

from fastnn import functional
from fastnn.checks import integer, number, real_array
from fastnn.columns import is_frame
from fastnn.labels import label_array

SPLIT_STREAM = 2**32 - 3  # of random numbers; _core/random.pyx lists the others


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dataset:
    """Samples, and what they are labelled with. Nothing of it can be changed.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        Numbers. An array is not copied, one that is mapped from a file stays mapped.
    y : array_like, shape (N, ...), optional
        Labels of any kind, or numbers.
    feature_names : sequence of str, optional
        Of the last axis of `x`; those of a frame by default.
    source : str
        Where the data are from.
    test : Dataset, optional
        What the source sets aside to test with.

    Attributes
    ----------
    x, y : ndarray
        Read-only.
    feature_names : tuple of str, or None
    source, test
        As given.

    Raises
    ------
    ValueError
        If there is not a label for each sample, or a name for each feature.

    Examples
    --------
    >>> import fastnn as fn
    >>> data = fn.data.Dataset([[1.0], [2.0], [3.0], [4.0]], ["a", "b", "a", "b"])
    >>> train, test = data.split(0.5)
    >>> len(train), len(test), sorted(test.y.tolist())
    (2, 2, ['a', 'b'])
    """

    x: np.ndarray
    y: np.ndarray | None = None
    feature_names: tuple | None = None
    source: str = ""
    test: "Dataset | None" = None

    def __post_init__(self):
        names = self.feature_names
        if names is None and is_frame(self.x):
            names = map(str, self.x.columns)
        x, y = real_array("Dataset", "x", self.x), self.y
        if x.ndim == 0:
            raise ValueError("Dataset: expected x of samples, got a single number")
        if y is not None:
            y = real_array("Dataset", "y", y) if is_frame(y) and len(y.columns) > 1 else _labels(y)
            if y.shape[:1] != x.shape[:1]:
                raise ValueError(
                    f"Dataset: expected a y for every x, got x of shape {x.shape} and y of shape "
                    f"{y.shape}"
                )
        if names is not None:
            names = tuple(names)
            if names and len(names) != (x.shape[-1] if x.ndim > 1 else 0):
                raise ValueError(
                    f"Dataset: expected a name for each feature of x of shape {x.shape}, "
                    f"got {len(names)} names"
                )
        for name, value in [("x", _read_only(x)), ("y", _read_only(y)), ("feature_names", names)]:
            object.__setattr__(self, name, value)

    def __len__(self):
        return len(self.x)

    @property
    def classes(self):
        """The sorted labels, or None where `y` holds none: one for each sample, no fractions."""
        y = self.y
        if y is None or y.ndim != 1 or y.dtype.kind == "f":
            return None
        return np.unique(y)

    def split(self, fraction, seed=0, stratify=True):
        """Return the data in two parts, the same on every machine and for ever.

        Parameters
        ----------
        fraction : float
            Share of the samples in the second part, more than 0 and less than 1; rounded to whole
            samples, at least one in each part.
        seed : int
            Another one gives other parts.
        stratify : bool
            Whether each class has its share of both parts, to within a sample; where `y` holds
            labels.

        Returns
        -------
        first, second : Dataset
            Copies in memory, in the order of the whole. For what does not fit there take slices
            of `x` and `y`.

        Notes
        -----
        Samples are sorted by random words (`functional.random_uint32`), then by their class; of n
        samples the ith is one of the k of the second part if ``(k i + shift) mod n < k``.

        Examples
        --------
        >>> import fastnn as fn
        >>> data = fn.data.Dataset([[n] for n in range(10)])
        >>> train, test = data.split(0.2)
        >>> test.x.ravel().tolist(), data.split(0.2, seed=1)[1].x.ravel().tolist()
        ([7, 9], [3, 5])
        """
        n = len(self)
        fraction = number("split", "fraction", fraction)
        seed = integer("split", "seed", seed, 0, 2**64 - 1)
        if not 0 < fraction < 1:
            raise ValueError(f"split: expected fraction between 0 and 1, got {fraction}")
        if n < 2:
            raise ValueError(f"split: expected at least two samples, got {n}")
        words = functional.random_uint32(n + 1, seed=seed, stream=SPLIT_STREAM)
        order = np.argsort(words[:n], kind="stable")
        if stratify and self.y is not None and self.y.ndim == 1 and self.y.dtype.kind != "f":
            order = order[np.argsort(self.y[order], kind="stable")]
        k = min(n - 1, max(1, round(n * fraction)))
        steps = np.arange(n, dtype=np.int64) * k + int(words[n]) % n
        in_second = np.zeros(n, bool)
        in_second[order[steps % n < k]] = True
        return self._part(~in_second), self._part(in_second)

    def _part(self, rows):
        y = None if self.y is None else self.y[rows]
        return Dataset(self.x[rows], y, self.feature_names, self.source)

    def __repr__(self):
        parts = [f"x {self.x.shape} {self.x.dtype}"]
        if self.y is not None:
            parts.append(f"y {self.y.shape} " + self._kind_of_y())
        text = f"{len(self)} samples: " + ", ".join(parts)
        if self.source:
            text += f", from {self.source}"
        if self.test is not None:
            text += f"; {len(self.test)} to test"
        return f"<Dataset of {text}>"

    def _kind_of_y(self):
        classes = self.classes
        if classes is None or (classes.dtype.kind != "U" and len(classes) > max(20, len(self) / 2)):
            return str(self.y.dtype)
        return f"of {len(classes)} class{'es' if len(classes) != 1 else ''}"


def _labels(y):
    """A y as it is if it is of numbers, else as text."""
    if isinstance(y, np.ndarray) and y.dtype.kind in "biufU":
        return y
    try:
        return real_array("Dataset", "y", y)
    except TypeError:
        return label_array("Dataset", y)


def _read_only(array):
    if array is None:
        return None
    view = array.view()
    view.flags.writeable = False
    return view
