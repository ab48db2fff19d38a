"""Prediction intervals from the quantiles of out-of-fold residuals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from satchel.decode.decoder import prediction_intervals
from satchel.spec import Breakpoints, Intervals, Level
from satchel_training.out_of_fold import OutOfFold, cross_fitted

LEVELS = (0.8, 0.9)
SPREAD_BINS = 5
WORTH = 0.99  # of the score without a rule for the scale


def fit_intervals(answers: OutOfFold, levels: Sequence[float] = LEVELS) -> Intervals:
    """Return intervals from the quantiles of out-of-fold residuals.

    The quantiles are those of split conformal prediction (Lei et al. 2018), a tail each, with
    the residuals of cross-validation in place of those of a set apart (as CV+ of Barber et al.
    2021 has them, but around the prediction of the one final model): for exchangeable rows they
    cover about `level`, which `coverage` measures. A rule for their scale is kept where it makes
    the interval score (Gneiting and Raftery 2007) smaller by more than one percent.
    """

    def scaled(part: OutOfFold) -> Intervals:
        return _intervals(part, levels, _spread(part))

    def plain(part: OutOfFold) -> Intervals:
        return _intervals(part, levels, None)

    scores = [cross_fitted(answers, way, interval_score) for way in (plain, scaled)]
    return (scaled if scores[1] < WORTH * scores[0] else plain)(answers)


def coverage_name(level: float) -> str:
    """Return the name of the metric that says how many true values an interval holds."""
    return f"coverage_{round(100 * level)}"


def coverage(answers: OutOfFold, levels: Sequence[float] = LEVELS) -> dict[float, float]:
    """Return the share of true scores that intervals hold, estimated on all other rows."""

    def covered(level: int) -> Callable[[Intervals, OutOfFold], float]:
        def of(intervals: Intervals, part: OutOfFold) -> float:
            _, low, high = prediction_intervals(intervals, part.score)[level]
            return float(np.mean((low <= part.true) & (part.true <= high)))

        return of

    return {
        level: cross_fitted(answers, lambda part: fit_intervals(part, levels), covered(i))
        for i, level in enumerate(levels)
    }


def interval_score(intervals: Intervals, answers: OutOfFold) -> float:
    """Return the mean interval score over all levels: width, and a fine for what lies outside."""
    scores = []
    for level, low, high in prediction_intervals(intervals, answers.score):
        fine = 2.0 / (1.0 - level)
        outside = np.maximum(low - answers.true, 0) + np.maximum(answers.true - high, 0)
        scores.append(np.mean(high - low + fine * outside))
    return float(np.mean(scores))


def _intervals(answers: OutOfFold, levels: Sequence[float], scale: Breakpoints | None) -> Intervals:
    spread = 1.0 if scale is None else np.interp(answers.score, scale.x, scale.y)
    residuals = np.sort((answers.true - answers.score) / spread)
    n = len(residuals)

    def quantile(share: float) -> float:
        return float(residuals[int(np.clip(share, 1, n)) - 1])

    return Intervals(
        levels=tuple(
            Level(
                level=level,
                low=quantile(np.floor((n + 1) * (1 - level) / 2)),
                high=quantile(np.ceil((n + 1) * (1 + level) / 2)),
            )
            for level in levels
        ),
        scale=scale,
    )


def _spread(answers: OutOfFold) -> Breakpoints | None:
    """Return the mean absolute residual as a function of the predicted score."""
    edges = np.quantile(answers.score, np.linspace(0, 1, SPREAD_BINS + 1))
    points: dict[float, float] = {}
    for low, high in pairwise(edges):
        inside = (answers.score >= low) & (answers.score <= high)
        if not inside.any():
            continue
        place = float(np.mean(answers.score[inside]))
        points[place] = float(np.mean(np.abs(answers.true[inside] - answers.score[inside])))
    floor = 0.1 * max(points.values())  # no interval of no width
    if not floor:
        return None
    x = tuple(sorted(points))
    return Breakpoints(x=x, y=tuple(max(points[place], floor) for place in x))
