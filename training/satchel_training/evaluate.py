"""How good a model is on rows that it has not seen, and how good the naive guess is there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold, train_test_split

from satchel import DataError
from satchel.metrics import (
    accuracy_score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)
from satchel.progress import progress
from satchel.spec import Metric, Regression
from satchel_training.fit import Fitted, fit
from satchel_training.tasks import Task

FOLDS = 10
CHOICE = f"{FOLDS}-fold cross-validation on the training part"
ALL_ROWS = f"{FOLDS}-fold cross-validation on all rows"
TEST = "test split"

Scores = dict[str, float]


def split(task: Task, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the test part, as scikit-learn's `train_test_split` makes them.

    Raises
    ------
    DataError
        Where the rows are too few for the folds.
    """
    if len(frame) * (1 - task.test_size) < 2 * FOLDS:
        raise DataError(
            f"{len(frame)} rows are too few: {FOLDS}-fold cross-validation needs at least "
            f"{2 * FOLDS} in the training part"
        )
    train, test = train_test_split(frame, test_size=task.test_size, random_state=task.seed)
    return train, test


def score(output: Regression, y: NDArray[np.float64], value: NDArray[np.float64]) -> Scores:
    """Return the metrics of predicted scores, each of shape (rows,), in the target's unit."""
    scores = {
        "mse": mean_squared_error(y, value),
        "rmse": root_mean_squared_error(y, value),
        "mae": mean_absolute_error(y, value),
        "r2": r2_score(y, value),
    }
    if output.pass_at is not None:
        scores["pass_accuracy"] = accuracy_score(y >= output.pass_at, value >= output.pass_at)
    return scores


def cross_validate(
    task: Task,
    frame: pd.DataFrame,
    model: str,
    hyperparameters: Mapping[str, Any],
    seed: int,
    folds: int = FOLDS,
    verbose: bool = False,
) -> tuple[Scores, Scores]:
    """Return the metrics of a model and of the naive guess, over all out-of-fold predictions.

    The spec's numbers are estimated anew in each fold, from its training rows alone.
    """
    value = np.empty(len(frame))
    naive = np.empty(len(frame))
    parts: Iterator[Any] = iter(
        KFold(folds, shuffle=True, random_state=seed).split(np.arange(len(frame)))
    )
    for train, test in progress(parts, "folds", "folds", folds) if verbose else parts:
        train_rows, test_rows = frame.iloc[train], frame.iloc[test]
        value[test] = _values(fit(task, train_rows, model, hyperparameters, seed), test_rows)
        naive[test] = task.naive(train_rows, test_rows)
    y = frame[task.target].to_numpy(np.float64)
    return score(task.output, y, value), score(task.output, y, naive)


def test(
    task: Task, fitted: Fitted, train: pd.DataFrame, test: pd.DataFrame
) -> tuple[Scores, Scores]:
    """Return the metrics of a fitted model and of the naive guess on the test part."""
    y = test[task.target].to_numpy(np.float64)
    naive = score(task.output, y, task.naive(train, test))
    return score(task.output, y, _values(fitted, test)), naive


def metrics(
    task: Task, protocol: str, scores: Scores, naive: Scores, published: bool = False
) -> tuple[Metric, ...]:
    """Return scores as a card holds them; one that is no number is left out."""
    return tuple(
        Metric(
            output=task.target,
            name=name,
            protocol=protocol,
            value=value,
            naive=naive[name] if math.isfinite(naive[name]) else None,
            published=task.published.get(name) if published else None,
        )
        for name, value in scores.items()
        if math.isfinite(value)
    )


def _values(fitted: Fitted, rows: pd.DataFrame) -> NDArray[np.float64]:
    value = fitted.predict(rows).value
    assert value is not None  # a regression gives values
    return value
