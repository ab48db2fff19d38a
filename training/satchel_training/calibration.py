"""Calibration: from a score to the share of such rows that come true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from satchel.decode.decoder import calibrate
from satchel.measure.metrics import brier_score
from satchel.spec import Calibration, Isotonic, Sigmoid
from satchel_training.out_of_fold import Floats, OutOfFold, cross_fitted, parts

MOST_BREAKPOINTS = 40


def fit_calibration(answers: OutOfFold, keep: bool = False) -> Calibration | None:
    """Return the calibration from a score to a probability with the lowest Brier score.

    Parameters
    ----------
    answers : OutOfFold
        `true` is 0 or 1.
    keep : bool
        Whether the scores are probabilities that may be the best already: then None.
    """
    ways: list[Callable[[OutOfFold], Calibration | None]] = [fit_sigmoid, fit_isotonic]
    if keep:
        ways.insert(0, lambda part: None)
    return min(ways, key=lambda way: cross_fitted(answers, way, _brier))(answers)


def calibrated(answers: OutOfFold, keep: bool = False) -> Floats:
    """Return probabilities whose calibration was estimated on all other rows, shape as `true`."""
    probabilities = np.empty_like(answers.score)
    for others, left_out in parts(answers):
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
        # Bins of equal mass: fewer points, and none of them is one student's.
        x = np.unique(np.quantile(answers.score, np.linspace(0, 1, MOST_BREAKPOINTS)))
        y = regression.predict(x)
    # By so many rows nothing is certain (Laplace's rule of succession).
    least = 1 / (len(np.unique(answers.row)) + 2)
    return Isotonic(x=tuple(x.tolist()), y=tuple(np.clip(y, least, 1 - least).tolist()))


def _brier(calibration: Calibration | None, answers: OutOfFold) -> float:
    return brier_score(answers.true, calibrate(calibration, answers.score))
