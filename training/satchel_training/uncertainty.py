"""How sure an answer is: intervals of scores, probabilities of classes and of passing.

All is estimated from out-of-fold answers on the training part. Of several ways the one is kept
that is best on answers that it was not estimated from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from satchel.decoder import calibrate, prediction_intervals
from satchel.metrics import (
    accuracy_score,
    brier_score,
    expected_calibration_error,
    log_loss,
    proportion_bounds,
)
from satchel.spec import (
    Breakpoints,
    Classes,
    Intervals,
    Isotonic,
    Level,
    Output,
    Regression,
    Sigmoid,
)
from satchel_training.evaluate import Answered
from satchel_training.tasks.task import Task

LEVELS = (0.8, 0.9)
PARTS = 10  # of the rows, to estimate on all but one and judge on that one
SPREAD_BINS = 5
WORTH = 0.99  # of the score without a rule for the scale
MOST_BREAKPOINTS = 40

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Out-of-fold answers of one output, all runs one after the other.

    Attributes
    ----------
    row : ndarray of int, shape (runs * rows,)
        Which row is meant: the same one comes once in every run.
    score : ndarray, shape (runs * rows,)
        What is predicted, before rounding and calibration: the score, or the graph's
        probability of the positive class.
    true : ndarray, shape (runs * rows,)
        The true score, or whether the positive class came true.
    """

    row: NDArray[np.intp]
    score: Floats
    true: Floats

    def part(self, rows: NDArray[np.bool_]) -> OutOfFold:
        """Return the answers for which `rows` holds."""
        return OutOfFold(self.row[rows], self.score[rows], self.true[rows])


def gather(output: Regression | Classes, runs: Sequence[Answered]) -> OutOfFold:
    """Return the out-of-fold answers of `output`."""
    true = np.concatenate([run.true[output.name] for run in runs])
    if isinstance(output, Classes):
        true = true == output.positive
    count = len(runs[0].true[output.name])
    return OutOfFold(
        np.tile(np.arange(count), len(runs)),
        np.concatenate([run.exact[output.name] for run in runs]),
        true.astype(np.float64),
    )


def with_uncertainty(output: Output, runs: Sequence[Answered]) -> Output:
    """Return `output` with intervals and calibration, where its kind has them."""
    if isinstance(output, Regression):
        answers = gather(output, runs)
        output = replace(output, intervals=fit_intervals(answers))
        if output.pass_at is None:
            return output
        return replace(output, calibration=fit_calibration(_passed(output, answers)))
    if isinstance(output, Classes) and len(output.labels) == 2:
        calibration = fit_calibration(gather(output, runs), keep=True)
        if calibration is None:
            return output
        # The label stays what the model gives; the probability alone is mended.
        threshold = float(calibrate(calibration, np.array([output.threshold]))[0])
        return replace(output, calibration=calibration, threshold=threshold)
    return output


def figures(output: Regression | Classes, runs: Sequence[Answered]) -> dict[str, float]:
    """Return what out-of-fold answers show of the intervals and probabilities of `output`.

    ``pass_accuracy``: of the likelier side of the pass mark. ``coverage_80``, ``coverage_90``:
    the share of true scores inside their interval. ``brier``, ``log_loss``, ``ece`` (expected
    calibration error): of the calibrated probability of the positive class, or of passing. Each
    row is judged by what all others estimate.
    """
    found: dict[str, float] = {}
    answers = gather(output, runs)
    if isinstance(output, Regression):
        found = {f"coverage_{level:.0%}"[:-1]: share for level, share in coverage(answers).items()}
        if output.pass_at is None:
            return found
        answers = _passed(output, answers)
    elif len(output.labels) > 2:
        return found
    probability = calibrated(answers, keep=isinstance(output, Classes))
    if isinstance(output, Regression):
        found["pass_accuracy"] = accuracy_score(answers.true == 1, probability >= 0.5)
    return found | {
        "brier": brier_score(answers.true, probability),
        "log_loss": log_loss(answers.true, probability),
        "ece": expected_calibration_error(answers.true, probability),
    }


def with_calibrated(task: Task, run: Answered) -> Answered:
    """Return out-of-fold answers with probabilities as `figures` judges them."""
    answers = dict(run.answers)
    for output in task.scored:
        found = gather(output, [run])
        if isinstance(output, Classes) and len(output.labels) == 2:
            probability = calibrated(found, keep=True)
            answers[output.name] = replace(answers[output.name], probability=probability)
        elif isinstance(output, Regression) and output.pass_at is not None:
            probability = calibrated(_passed(output, found))
            label = np.array(output.pass_labels, object)[(probability >= 0.5).astype(int)]
            answers[output.name] = replace(
                answers[output.name], probability=probability, label=label
            )
    return replace(run, answers=answers)


def tested_figures(
    output: Regression | Classes, tested: Answered
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Return the figures of `figures` for rows that nothing was estimated from.

    Returns
    -------
    figures, bounds : dict
        `bounds` has the 95 % interval of each coverage (Wilson 1927).
    """
    found: dict[str, float] = {}
    bounds: dict[str, tuple[float, float]] = {}
    answers = gather(output, [tested])
    if isinstance(output, Regression):
        assert output.intervals is not None  # `with_uncertainty` has set them
        for level, low, high in prediction_intervals(output.intervals, answers.score):
            inside = (low <= answers.true) & (answers.true <= high)
            name = f"coverage_{level:.0%}"[:-1]
            found[name] = float(inside.mean())
            bounds[name] = proportion_bounds(int(inside.sum()), len(inside))
        if output.pass_at is None:
            return found, bounds
        answers = _passed(output, answers)
    elif len(output.labels) > 2:
        return found, bounds
    probability = np.asarray(tested.answers[output.name].probability)
    return found | {
        "brier": brier_score(answers.true, probability),
        "log_loss": log_loss(answers.true, probability),
        "ece": expected_calibration_error(answers.true, probability),
    }, bounds


def _passed(output: Regression, answers: OutOfFold) -> OutOfFold:
    assert output.pass_at is not None
    return replace(answers, true=(answers.true >= output.pass_at).astype(np.float64))


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
        x = float(np.mean(answers.score[inside]))
        points[x] = float(np.mean(np.abs(answers.true[inside] - answers.score[inside])))
    floor = 0.1 * max(points.values())  # no interval of no width
    if not floor:
        return None
    x = tuple(sorted(points))
    return Breakpoints(x=x, y=tuple(max(points[place], floor) for place in x))


def fit_calibration(answers: OutOfFold, keep: bool = False) -> Sigmoid | Isotonic | None:
    """Return the calibration from a score to a probability with the lowest Brier score.

    Parameters
    ----------
    answers : OutOfFold
        `true` is 0 or 1.
    keep : bool
        Whether the scores are probabilities that may be the best already: then None.
    """
    ways: list[Callable[[OutOfFold], Sigmoid | Isotonic | None]] = [fit_sigmoid, fit_isotonic]
    if keep:
        ways.insert(0, lambda part: None)
    return min(ways, key=lambda way: cross_fitted(answers, way, _brier))(answers)


def calibrated(answers: OutOfFold, keep: bool = False) -> Floats:
    """Return probabilities whose calibration was estimated on all other rows, shape as `true`."""
    probabilities = np.empty_like(answers.score)
    for others, left_out in _parts(answers):
        found = fit_calibration(answers.part(others), keep)
        probabilities[left_out] = calibrate(found, answers.score[left_out])
    return probabilities


def fit_sigmoid(answers: OutOfFold) -> Sigmoid:
    """Return Platt's sigmoid (Platt 1999), with his targets that keep off 0 and 1."""
    positive, negative = answers.true.sum(), (1 - answers.true).sum()
    target = np.where(answers.true == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    mean, spread = answers.score.mean(), answers.score.std() or 1.0
    x = (answers.score - mean) / spread

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * x + parameters[1]
        gradient = target - 0.5 * (1.0 - np.tanh(0.5 * z))
        return (
            float(np.mean(np.logaddexp(0, -z) + target * z)),
            np.array([np.mean(gradient * x), np.mean(gradient)]),
        )

    a, b = minimize(loss, np.array([-1.0, 0.0]), jac=True, method="BFGS").x
    return Sigmoid(a=float(a / spread), b=float(b - a * mean / spread))


def fit_isotonic(answers: OutOfFold) -> Isotonic:
    """Return an isotonic regression (Zadrozny and Elkan 2002), in a bounded number of points."""
    regression = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    regression.fit(answers.score, answers.true)
    x, y = regression.X_thresholds_, regression.y_thresholds_
    if len(x) > MOST_BREAKPOINTS:
        # Bins of equal mass: fewer points, and none of them is one pupil's.
        x = np.unique(np.quantile(answers.score, np.linspace(0, 1, MOST_BREAKPOINTS)))
        y = regression.predict(x)
    # By so many rows nothing is certain (Laplace's rule of succession).
    least = 1 / (len(np.unique(answers.row)) + 2)
    return Isotonic(x=tuple(x.tolist()), y=tuple(np.clip(y, least, 1 - least).tolist()))


def cross_fitted(
    answers: OutOfFold, estimate: Callable[[OutOfFold], T], judge: Callable[[T, OutOfFold], float]
) -> float:
    """Return the mean of `judge` over parts of the rows, each with what all others estimate."""
    judged, weights = [], []
    for others, left_out in _parts(answers):
        judged.append(judge(estimate(answers.part(others)), answers.part(left_out)))
        weights.append(left_out.sum())
    return float(np.average(judged, weights=weights))


def _parts(answers: OutOfFold) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    # All answers for a row lie in one part.
    place = np.random.default_rng(0).permutation(int(answers.row.max()) + 1) % PARTS
    parts = [place[answers.row] == part for part in range(PARTS)]
    return [(~left_out, left_out) for left_out in parts if left_out.any() and not left_out.all()]


def _brier(calibration: Sigmoid | Isotonic | None, answers: OutOfFold) -> float:
    return brier_score(answers.true, calibrate(calibration, answers.score))
