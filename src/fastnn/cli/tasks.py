"""What a network is to learn from labels: classes or numbers, with which loss, how many outputs."""

from dataclasses import dataclass

import numpy as np

from fastnn import losses
from fastnn.cli.errors import UserError, user_errors

FEW = 20  # so many different whole numbers are classes, however they are spread


@dataclass(frozen=True)
class Task:
    """What is learnt.

    Attributes
    ----------
    loss : str
    outputs : int
    text : str
        In words: "3 classes".
    centre, spread : float
        Of the numbers that the network is to predict; 0 and 1 for classes.
    """

    loss: str
    outputs: int
    text: str
    centre: float = 0.0
    spread: float = 1.0


def task_of(y, loss=None):
    """Return the Task of these labels, and of this loss if one is asked for."""
    if loss is None:
        loss = _usual(y)
    with user_errors("--loss"):
        known = losses.get(loss)
    if known.decides and y.ndim == 1:
        classes = len(np.unique(y))
        if classes < 2:
            raise UserError(f"expected labels of two classes at least, got {classes}")
        outputs = 1 if known.decides == "sign" else classes
        return Task(loss, outputs, f"{classes} classes")
    if known.decides or known.activation:
        return Task(loss, y.shape[-1], f"{y.shape[-1]} labels")
    if y.dtype.kind == "U":
        raise UserError(f"--loss {loss} is for numbers, the labels are text; try cross_entropy")
    outputs = 1 if y.ndim == 1 else y.shape[-1]
    text = "numbers" if outputs == 1 else f"{outputs} numbers a sample"
    centre, spread = float(np.mean(y, dtype=np.float64)), float(np.std(y, dtype=np.float64))
    if not np.isfinite(spread) or spread == 0:
        centre, spread = 0.0, 1.0
    return Task(loss, outputs, text, centre, spread)


def _usual(y):
    """The name of the loss for labels of this kind."""
    if y.ndim > 2:
        raise UserError(f"expected a label or a row of numbers a sample, got y of shape {y.shape}")
    if y.ndim == 2:
        every = y.dtype.kind in "biu" and np.isin(np.unique(y), (0, 1)).all()
        return "binary_cross_entropy" if every else "mean_squared_error"
    if y.dtype.kind in "Ub":
        return "cross_entropy"
    if y.dtype.kind == "f":
        return "mean_squared_error"
    values = np.unique(y)
    in_a_row = values[0] == 0 and values[-1] == len(values) - 1 and 2 * len(values) <= len(y)
    return "cross_entropy" if len(values) <= FEW or in_a_row else "mean_squared_error"
