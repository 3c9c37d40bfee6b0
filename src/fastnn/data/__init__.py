"""Data from files, and in batches: what `fit` trains on.

>>> import fastnn as fn
>>> fn.data.Dataset([[1.0], [2.0], [3.0], [4.0]], ["a", "b", "a", "b"])
<Dataset of 4 samples: x (4, 1) float64, y (4,) of 2 classes>
"""

from .batches import Batches
from .dataset import Dataset
from .loading import load

__all__ = ["Batches", "Dataset", "load"]
