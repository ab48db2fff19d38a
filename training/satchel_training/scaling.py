"""Calibration of distributions: one scale and one shift of all log odds, which keep directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from satchel.decode.decoder import decode_output
from satchel.spec import Output
from satchel_training.evaluate import HeldOut
from satchel_training.fit import fit_output
from satchel_training.out_of_fold import folds_of
from satchel_training.tasks.task import Task

Floats = NDArray[np.float64]
WORTH = 0.99  # of the log loss without a scaling
FARTHEST = 1e-7  # nearest to 0 and 1 that a probability comes before its log odds are taken


@dataclass(frozen=True)
class Scaling:
    """``sigmoid(scale * logit + shift)``, the same for each score (Platt 1999, Guo et al. 2017)."""

    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, reach: Floats) -> Floats:
        """Return calibrated probabilities, shape as `reach`."""
        # tanh, because exp overflows where the probability is merely near 0.
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (self.scale * _logit(reach) + self.shift))))


def fit_scaling(reach: Floats, reached: Floats) -> Scaling:
    """Return the scaling with the lowest log loss over all rows and scores.

    Parameters
    ----------
    reach, reached : ndarray, shape (rows, scores - 1)
        Out-of-fold probabilities, and whether each score was reached.
    """
    z = _logit(reach)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        # The scale stays above 0, so that no answer turns round.
        scale = np.exp(parameters[0])
        scaled = scale * z + parameters[1]
        gradient = 0.5 * (1.0 + np.tanh(0.5 * scaled)) - reached
        return (
            float(np.mean(np.logaddexp(0, scaled) - reached * scaled)),
            np.array([np.mean(gradient * z) * scale, np.mean(gradient)]),
        )

    scale, shift = minimize(loss, np.zeros(2), jac=True, method="BFGS").x
    return Scaling(float(np.exp(scale)), float(shift))


def scaling_of(name: str, runs: Sequence[HeldOut]) -> Scaling | None:
    """Return the scaling of the output `name`, from all out-of-fold answers.

    None where it does not lower the log loss of rows that it was not estimated from by more than
    one percent.
    """
    both = [_both(name, run) for run in runs]
    before = np.mean([_log_loss(*one) for one in both])
    after = np.mean([_log_loss(_cross_fitted(*one), one[1]) for one in both])
    if after > WORTH * before:
        return None
    reach, reached = (np.concatenate([one[i] for one in both]) for i in (0, 1))
    return fit_scaling(reach, reached)


def scaled(task: Task, rows: pd.DataFrame, runs: Sequence[HeldOut]) -> list[HeldOut]:
    """Return out-of-fold answers with distributions scaled by what all other rows tell.

    Parameters
    ----------
    task : Task
    rows : DataFrame
        The rows that `evaluate.cross_validate` was given for these runs.
    runs : sequence of HeldOut
    """
    for output in task.scored:
        name = output.name
        if runs[0].answers[name].reach is not None and scaling_of(name, runs) is not None:
            distribution = fit_output(task, output, rows, monotone=True)
            runs = [_decoded(distribution, run, _cross_fitted(*_both(name, run))) for run in runs]
    return list(runs)


def _cross_fitted(reach: Floats, reached: Floats) -> Floats:
    """Return probabilities scaled by what all other rows tell."""
    better = np.empty_like(reach)
    for others, left_out in folds_of(len(reach)):
        better[left_out] = fit_scaling(reach[others], reached[others])(reach[left_out])
    return better


def _decoded(output: Output, run: HeldOut, reach: Floats) -> HeldOut:
    answers = decode_output(output, reach)
    exact = {**run.exact, output.name: np.asarray(answers.mean)}
    return replace(run, answers={**run.answers, output.name: answers}, exact=exact)


def _log_loss(reach: Floats, reached: Floats) -> float:
    z = _logit(reach)
    return float(np.mean(np.logaddexp(0, z) - reached * z))


def _both(name: str, run: HeldOut) -> tuple[Floats, Floats]:
    answers = run.answers[name]
    assert answers.reach is not None
    true = run.true[name].astype(np.float64)[:, None]
    return answers.reach, (true >= np.array(answers.scores[1:])).astype(np.float64)


def _logit(reach: Floats) -> Floats:
    share = np.clip(reach, FARTHEST, 1 - FARTHEST)
    return np.asarray(np.log(share) - np.log1p(-share))
