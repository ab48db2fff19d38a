"""The metrics of the answers of one output: on the card, and of anyone's own rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.measure import metrics
from satchel.prediction import Answers
from satchel.spec import Classes, Score


def score(output: Score | Classes, true: NDArray[Any], answers: Answers) -> dict[str, float]:
    """Return the metrics of the answers of one output.

    A score with a pass mark is judged as pass or fail, too; one that is given as a whole number
    also as a class, precision and F1 weighted by how many rows have each score. Of a distribution
    the mean is judged by squares, and the median by all else: each is the best guess there.
    """
    if isinstance(output, Classes):
        assert answers.label is not None
        figures = {"accuracy": metrics.accuracy_score(true, answers.label)}
        if output.positive is None:
            return figures | {"f1": metrics.weighted_f1_score(true, answers.label)}
        positive = true == output.positive
        for name, of_labels in (
            ("precision", metrics.precision_score),
            ("recall", metrics.recall_score),
            ("f1", metrics.f1_score),
        ):
            figures[name] = of_labels(true, answers.label, output.positive)
        for name, of_probabilities in (
            ("roc_auc", metrics.roc_auc_score),
            ("log_loss", metrics.log_loss),
            ("brier", metrics.brier_score),
        ):
            figures[name] = of_probabilities(positive, np.asarray(answers.probability))
        return figures | _of_risk(~positive, answers)
    value = np.asarray(answers.value)
    expected = value if answers.mean is None else answers.mean
    y = true.astype(np.float64)
    figures = {
        "mse": metrics.mean_squared_error(y, expected),
        "rmse": metrics.root_mean_squared_error(y, expected),
        "mae": metrics.mean_absolute_error(y, value),
        "r2": metrics.r2_score(y, expected),
    }
    if output.pass_at is not None:
        figures["pass_accuracy"] = metrics.accuracy_score(
            y >= output.pass_at, called_pass(output, answers)
        )
        if answers.probability is not None:
            passed = y >= output.pass_at
            figures["log_loss"] = metrics.log_loss(passed, answers.probability)
            figures["brier"] = metrics.brier_score(passed, answers.probability)
            figures |= _of_risk(~passed, answers)
    if output.decimals == 0:
        figures["accuracy"] = metrics.accuracy_score(y, np.round(value))
        figures["precision"] = metrics.weighted_precision_score(y, np.round(value))
        figures["f1"] = metrics.weighted_f1_score(y, np.round(value))
    return figures


def _of_risk(failed: NDArray[np.bool_], answers: Answers) -> dict[str, float]:
    """Return how well the risk ranks those who fail; nothing where there is no risk."""
    if answers.risk is None:
        return {}
    return {"average_precision": metrics.average_precision_score(failed, answers.risk)}


def called_pass(output: Score, answers: Answers) -> NDArray[np.bool_]:
    """Return which rows are said to pass: by their label, or where there is none by the score."""
    if answers.label is not None:
        return np.asarray(answers.label == output.pass_labels[1], bool)
    return np.asarray(np.asarray(answers.value) >= output.pass_at)
