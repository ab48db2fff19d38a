"""The metrics, in numpy: training and evaluation use these very ones.

Named and defined as in scikit-learn, without weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the mean squared error, in the target's unit squared."""
    return float(np.mean(np.square(_errors(y_true, y_pred))))


def root_mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the root of the mean squared error, in the target's unit."""
    return float(np.sqrt(mean_squared_error(y_true, y_pred)))


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(_errors(y_true, y_pred))))


def r2_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the coefficient of determination; NaN where the target is constant."""
    residual = float(np.sum(np.square(_errors(y_true, y_pred))))
    y = np.asarray(y_true, np.float64)
    total = float(np.sum(np.square(y - y.mean())))
    return 1.0 - residual / total if total else float("nan")


def accuracy_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the share of labels that are right."""
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    _require_like(true, predicted)
    return float(np.mean(true == predicted))


def _errors(y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[np.float64]:
    true, predicted = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    _require_like(true, predicted)
    return predicted - true


def _require_like(true: NDArray[Any], predicted: NDArray[Any]) -> None:
    if true.shape != predicted.shape or true.ndim != 1 or not true.size:
        raise ValueError(
            f"two one-dimensional arrays of equal length are needed, got shapes {true.shape} "
            f"and {predicted.shape}"
        )
