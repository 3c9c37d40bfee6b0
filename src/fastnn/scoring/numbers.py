"""Deviations of numbers: MAE, RMSE, R²."""

import numpy as np

from fastnn.scoring._arrays import aligned, numbers, ratio, weights_of


def mae(y_true, y_pred, *, sample_weight=None):
    """Mean absolute error.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (N, ...)
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float
        ``Σ w |y_pred − y_true| / Σ w``, over all elements; 0 where nothing counts.

    Examples
    --------
    >>> from fastnn.metrics import mae
    >>> mae([0.0, 1.0], [1.0, 3.0])
    1.5
    """
    true, predicted, weight = _compared("mae", y_true, y_pred, sample_weight)
    return ratio(weight @ abs(predicted - true), weight.sum())


def rmse(y_true, y_pred, *, sample_weight=None):
    """Root of the mean squared error.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (N, ...)
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float
        ``√(Σ w (y_pred − y_true)² / Σ w)``, over all elements; 0 where nothing counts.

    Examples
    --------
    >>> from fastnn.metrics import rmse
    >>> rmse([0.0, 1.0], [1.0, 8.0])
    5.0
    """
    true, predicted, weight = _compared("rmse", y_true, y_pred, sample_weight)
    return float(np.sqrt(ratio(weight @ (predicted - true) ** 2, weight.sum())))


def r2(y_true, y_pred, *, sample_weight=None):
    """Coefficient of determination: the share of the variance that predictions explain.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (N, ...)
    sample_weight : array_like, shape (N,), optional

    Returns
    -------
    float
        ``1 − Σ w (y_pred − y_true)² / Σ w (y_true − mean)²`` of each output, with its weighted
        mean, averaged over the outputs. One that does not vary counts as 1 if predicted exactly,
        else 0. NaN of less than two samples.

    Examples
    --------
    >>> from fastnn.metrics import r2
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    true, predicted = aligned(
        "r2", numbers("r2", "y_true", y_true), numbers("r2", "y_pred", y_pred)
    )
    weight = weights_of("r2", sample_weight, true.shape[:1])
    if len(true) < 2 or true.size == 0 or weight.sum() == 0:
        return float("nan")
    true, predicted = true.reshape(len(true), -1), predicted.reshape(len(true), -1)
    unexplained = weight @ (predicted - true) ** 2
    spread = weight @ (true - weight @ true / weight.sum()) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(spread == 0, unexplained == 0, 1 - unexplained / spread)
    return float(shares.mean())


def _compared(who, y_true, y_pred, sample_weight):
    """Numbers and their weights as flat arrays."""
    true, predicted = numbers(who, "y_true", y_true), numbers(who, "y_pred", y_pred)
    true, predicted = aligned(who, true, predicted)
    return true.ravel(), predicted.ravel(), weights_of(who, sample_weight, true.shape)
