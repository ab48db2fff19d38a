"""The metrics, in numpy: training and evaluation use these very ones.

Named and defined as in scikit-learn, without weights. Where a share has an empty denominator
it is 0, as with ``zero_division=0``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Of these a larger value is better; of all others a smaller one.
HIGHER_IS_BETTER = frozenset(
    [
        "r2",
        "accuracy",
        "pass_accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
    ]
)


def loss(metric: str, value: float) -> float:
    """Return a figure as something to minimise: a share or R2 as its distance from 1."""
    return 1.0 - value if metric in HIGHER_IS_BETTER else value


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
    true, predicted = _pair(y_true, y_pred)
    return float(np.mean(true == predicted))


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    """Return the counts of rows, of shape (labels, labels): true by predicted label."""
    true, predicted = _pair(y_true, y_pred)
    names = np.asarray(labels).tolist()
    return np.array([[np.sum((true == a) & (predicted == b)) for b in names] for a in names])


def precision_score(y_true: ArrayLike, y_pred: ArrayLike, positive: object) -> float:
    """Return the share of rows called `positive` that are."""
    true, predicted = _pair(y_true, y_pred)
    return _share(true == positive, predicted == positive)


def recall_score(y_true: ArrayLike, y_pred: ArrayLike, positive: object) -> float:
    """Return the share of `positive` rows that are called so."""
    true, predicted = _pair(y_true, y_pred)
    return _share(predicted == positive, true == positive)


def f1_score(y_true: ArrayLike, y_pred: ArrayLike, positive: object) -> float:
    """Return the harmonic mean of precision and recall of `positive`."""
    precision = precision_score(y_true, y_pred, positive)
    recall = recall_score(y_true, y_pred, positive)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def weighted_precision_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the precision of each label, weighted by how many rows truly have it."""
    return _weighted(precision_score, y_true, y_pred)


def weighted_f1_score(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the F1 of each label, weighted by how many rows truly have it."""
    return _weighted(f1_score, y_true, y_pred)


def roc_auc_score(positive: ArrayLike, score: ArrayLike) -> float:
    """Return the area under the ROC curve; NaN where all rows are of one class.

    Parameters
    ----------
    positive : array of bool, shape (rows,)
    score : array of float, shape (rows,)
        Higher where a row is more likely positive; ties count half (Hanley and McNeil 1982).
    """
    true, values = _pair(positive, score)
    true = true.astype(bool)
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    n, m = int(true.sum()), int((~true).sum())
    if not n or not m:
        return float("nan")
    return float((ranks[true].sum() - n * (n + 1) / 2) / (n * m))


def average_precision_score(positive: ArrayLike, score: ArrayLike) -> float:
    """Return the mean precision over the recalls that a ranking reaches; NaN without positives.

    Rows of equal score share a place, as in scikit-learn's function of that name.

    Parameters
    ----------
    positive : array of bool, shape (rows,)
    score : array, shape (rows,)
        The higher, the likelier positive.
    """
    true, p = _pair(np.asarray(positive, bool), score)
    if not true.any():
        return float("nan")
    order = np.argsort(-p, kind="stable")
    last = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)  # of each group of equals
    found = np.cumsum(true[order])[last]
    return float(np.sum(np.diff(found, prepend=0) * found / (last + 1)) / true.sum())


def brier_score(positive: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean squared distance of a probability from what came true (Brier 1950)."""
    return mean_squared_error(np.asarray(positive, np.float64), probability)


def log_loss(positive: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean negative log-likelihood of what came true."""
    true, p = _pair(np.asarray(positive, bool), probability)
    right = np.clip(np.where(true, p, 1.0 - p), np.finfo(np.float64).eps, 1.0)
    return float(-np.mean(np.log(right)))


def calibration_curve(
    positive: ArrayLike, probability: ArrayLike, bins: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return, per bin of equal mass, the mean probability, the share that came true, the rows.

    Rows of equal probability share a bin, so bins may be fewer than `bins`.
    """
    true, p = _pair(np.asarray(positive, bool), probability)
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins))
    places = np.searchsorted(edges, p, "left")
    rows = np.bincount(places, minlength=len(edges) + 1)
    kept = rows > 0
    mean = np.bincount(places, p, len(edges) + 1)[kept] / rows[kept]
    share = np.bincount(places, true, len(edges) + 1)[kept] / rows[kept]
    return mean, share, rows[kept]


def expected_calibration_error(
    positive: ArrayLike, probability: ArrayLike, bins: int = 10
) -> float:
    """Return the mean gap between probability and share, over bins of equal mass.

    Naeini et al. 2015, with quantiles as the edges of the bins.
    """
    mean, share, rows = calibration_curve(positive, probability, bins)
    return float(np.sum(np.abs(mean - share) * rows) / rows.sum())


def proportion_bounds(successes: int, trials: int) -> tuple[float, float]:
    """Return a 95 % interval around a share of independent trials (Wilson 1927)."""
    z = 1.959963984540054
    share, squared = successes / trials, z * z / trials
    centre = (share + squared / 2) / (1 + squared)
    half = z * float(np.sqrt(share * (1 - share) / trials + squared / (4 * trials))) / (1 + squared)
    # Rounding may put a bound just beyond a share of 0 or 1, where the two are the same.
    return min(max(0.0, centre - half), share), max(min(1.0, centre + half), share)


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    return float(np.mean(part[whole])) if whole.any() else 0.0


def _weighted(metric: Any, y_true: ArrayLike, y_pred: ArrayLike) -> float:
    labels, counts = np.unique(np.asarray(y_true), return_counts=True)
    scores = [metric(y_true, y_pred, label) for label in labels]
    return float(np.average(scores, weights=counts))


def _errors(y_true: ArrayLike, y_pred: ArrayLike) -> NDArray[np.float64]:
    true, predicted = _pair(np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64))
    return np.asarray(predicted - true)


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != predicted.shape or true.ndim != 1 or not true.size:
        raise ValueError(
            f"two one-dimensional arrays of equal length are needed, got shapes {true.shape} "
            f"and {predicted.shape}"
        )
    return true, predicted
