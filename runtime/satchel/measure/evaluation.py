"""What rows whose truth is known tell of one output: metrics, intervals, probabilities, groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satchel.measure.fairness import fairness
from satchel.measure.metrics import calibration_curve, expected_calibration_error, proportion_bounds
from satchel.measure.scores import score
from satchel.prediction import Answers
from satchel.spec import Classes, Disparity, Group, Score
from satchel.wording import positive_label


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many true scores an interval holds.

    Attributes
    ----------
    level : float
        The share that it claims to hold.
    share, low, high : float
        The share that it holds, and the bounds of its 95 % interval.
    """

    level: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows of like probability: its mean, and the share of them that came true."""

    probability: float
    share: float
    rows: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far probabilities are to be believed.

    Attributes
    ----------
    label : str
        The label whose probability is meant.
    error : float
        Expected calibration error: the mean gap between probability and share.
    bins : tuple of CalibrationBin
        Up to ten, of equally many rows.
    """

    label: str
    error: float
    bins: tuple[CalibrationBin, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good the answers of one output are.

    Attributes
    ----------
    metrics : dict
        As `satchel.measure.scores.score` gives them.
    calibration : Calibration or None
        None where the output gives no probability.
    groups, disparities : tuple
        As `satchel.measure.fairness.fairness` gives them.
    """

    rows: int
    metrics: Mapping[str, float]
    coverage: tuple[Coverage, ...]
    calibration: Calibration | None
    groups: tuple[Group, ...]
    disparities: tuple[Disparity, ...]


def evaluate(
    output: Score | Classes,
    true: NDArray[Any],
    answers: Answers,
    features: Mapping[str, ArrayLike],
) -> Evaluation:
    """Return how good the answers of one output are; at least one row is needed.

    Parameters
    ----------
    output : Score or Classes
    true : ndarray, shape (rows,)
        True scores or labels.
    answers : Answers
        What the model answers; no row may be without an answer.
    features : mapping
        From the name of a feature to the group of each row, as text.
    """
    groups, disparities = fairness(output, true, answers, features)
    return Evaluation(
        rows=len(true),
        metrics=score(output, true, answers),
        coverage=tuple(
            _coverage(level, (low <= true) & (true <= high))
            for level, low, high in answers.intervals
        ),
        calibration=_calibration(output, true, answers),
        groups=groups,
        disparities=disparities,
    )


def _coverage(level: float, inside: NDArray[np.bool_]) -> Coverage:
    count = int(inside.sum())
    return Coverage(level, count / len(inside), *proportion_bounds(count, len(inside)))


def _calibration(
    output: Score | Classes, true: NDArray[Any], answers: Answers
) -> Calibration | None:
    if answers.probability is None:
        return None
    label = positive_label(output)
    came = true == label if isinstance(output, Classes) else true >= output.pass_at
    mean, share, rows = calibration_curve(came, answers.probability)
    bins = zip(mean.tolist(), share.tolist(), rows.tolist(), strict=True)
    return Calibration(
        label=label,
        error=expected_calibration_error(came, answers.probability),
        bins=tuple(CalibrationBin(*one) for one in bins),
    )
