"""How sure an answer is: intervals of scores, probabilities of classes and of passing.

All is estimated from out-of-fold answers on the training part. Of several ways the one is kept
that is best on answers that it was not estimated from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from satchel.decode.decoder import calibrate, prediction_intervals
from satchel.measure.metrics import (
    accuracy_score,
    brier_score,
    expected_calibration_error,
    log_loss,
    proportion_bounds,
)
from satchel.spec import Classes, Output, Regression, Score
from satchel_training.calibration import calibrated, fit_calibration
from satchel_training.evaluate import HeldOut
from satchel_training.intervals import coverage, coverage_name, fit_intervals
from satchel_training.out_of_fold import Floats, OutOfFold, gather
from satchel_training.tasks.task import Task


def with_uncertainty(output: Output, runs: Sequence[HeldOut]) -> Output:
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


def figures(output: Score | Classes, runs: Sequence[HeldOut]) -> dict[str, float]:
    """Return what out-of-fold answers show of the intervals and probabilities of `output`.

    ``pass_accuracy``: of the likelier side of the pass mark. ``coverage_80``, ``coverage_90``:
    the share of true scores inside their interval. ``brier``, ``log_loss``, ``ece`` (expected
    calibration error): of the calibrated probability of the positive class, or of passing. Each
    row is judged by what all others estimate.
    """
    found: dict[str, float] = {}
    answers = gather(output, runs)
    if runs[0].answers[output.name].mean is not None:
        return _of_distributions(output, runs)
    if isinstance(output, Score):
        found = {coverage_name(level): share for level, share in coverage(answers).items()}
        if output.pass_at is None:
            return found
        answers = _passed(output, answers)
    elif len(output.labels) > 2:
        return found
    probability = calibrated(answers, keep=isinstance(output, Classes))
    if isinstance(output, Score):
        found["pass_accuracy"] = accuracy_score(answers.true == 1, probability >= 0.5)
    return found | _of_probability(answers, probability)


def with_calibrated(task: Task, run: HeldOut) -> HeldOut:
    """Return out-of-fold answers with probabilities as `figures` judges them."""
    answers = dict(run.answers)
    for output in task.scored:
        found = gather(output, [run])
        if isinstance(output, Classes) and len(output.labels) == 2:
            probability = calibrated(found, keep=True)
            answers[output.name] = replace(answers[output.name], probability=probability)
        elif answers[output.name].mean is not None:
            continue
        elif isinstance(output, Score) and output.pass_at is not None:
            probability = calibrated(_passed(output, found))
            label = np.array(output.pass_labels, object)[(probability >= 0.5).astype(int)]
            answers[output.name] = replace(
                answers[output.name], probability=probability, label=label
            )
    return replace(run, answers=answers)


def tested_figures(
    output: Score | Classes, tested: HeldOut
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
    if isinstance(output, Score):
        intervals: Sequence[tuple[float, Floats, Floats]] = tested.answers[output.name].intervals
        if isinstance(output, Regression):
            assert output.intervals is not None  # `with_uncertainty` has set them
            intervals = prediction_intervals(output.intervals, answers.score)
        for level, low, high in intervals:
            inside = (low <= answers.true) & (answers.true <= high)
            name = coverage_name(level)
            found[name] = float(inside.mean())
            bounds[name] = proportion_bounds(int(inside.sum()), len(inside))
        if output.pass_at is None:
            return found, bounds
        answers = _passed(output, answers)
    elif len(output.labels) > 2:
        return found, bounds
    probability = np.asarray(tested.answers[output.name].probability)
    return found | _of_probability(answers, probability), bounds


def _of_distributions(output: Score | Classes, runs: Sequence[HeldOut]) -> dict[str, float]:
    """Return the figures of answers that need nothing estimated from them."""
    found: dict[str, float] = {}
    for run in runs:
        answers, true = run.answers[output.name], run.true[output.name].astype(np.float64)
        one = {
            coverage_name(level): float(np.mean((low <= true) & (true <= high)))
            for level, low, high in answers.intervals
        }
        if isinstance(output, Score) and answers.probability is not None:
            passed = true >= (output.pass_at or 0.0)
            one["ece"] = expected_calibration_error(passed, answers.probability)
        for name, value in one.items():
            found[name] = found.get(name, 0.0) + value / len(runs)
    return found


def _of_probability(answers: OutOfFold, probability: Floats) -> dict[str, float]:
    return {
        "brier": brier_score(answers.true, probability),
        "log_loss": log_loss(answers.true, probability),
        "ece": expected_calibration_error(answers.true, probability),
    }


def _passed(output: Score, answers: OutOfFold) -> OutOfFold:
    assert output.pass_at is not None
    return replace(answers, true=(answers.true >= output.pass_at).astype(np.float64))
