"""How good predictions are, as functions of arrays: what the metrics of `fastnn.metrics` compute.

Weighted sums are those of float64. Arrays with more than one axis hold a decision, or a number, an
element; `(N,)` and `(N, 1)` mean the same.
"""

from fastnn.scoring.decisions import accuracy, f1, precision, recall
from fastnn.scoring.numbers import mae, r2, rmse
from fastnn.scoring.ranks import auc, top_k_accuracy

__all__ = ["accuracy", "auc", "f1", "mae", "precision", "r2", "recall", "rmse", "top_k_accuracy"]
