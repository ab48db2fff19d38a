"""Out-of-fold answers of one output, and estimates that are judged on rows they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from satchel.spec import Classes, Score
from satchel_training.evaluate import HeldOut

PARTS = 10  # of the rows, to estimate on all but one and judge on that one

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


def gather(output: Score | Classes, runs: Sequence[HeldOut]) -> OutOfFold:
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


def cross_fitted(
    answers: OutOfFold, estimate: Callable[[OutOfFold], T], judge: Callable[[T, OutOfFold], float]
) -> float:
    """Return the mean of `judge` over parts of the rows, each with what all others estimate."""
    judged, weights = [], []
    for others, left_out in parts(answers):
        judged.append(judge(estimate(answers.part(others)), answers.part(left_out)))
        weights.append(left_out.sum())
    return float(np.average(judged, weights=weights))


def parts(answers: OutOfFold) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return, for each part of the rows, which answers are of all others and which of it."""
    # All answers for a row lie in one part.
    parts = folds_of(int(answers.row.max()) + 1)
    found = [(others[answers.row], left_out[answers.row]) for others, left_out in parts]
    return [(others, left_out) for others, left_out in found if left_out.any() and others.any()]


def folds_of(rows: int) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return, for each part of some rows, which are all others and which are in it."""
    place = np.random.default_rng(0).permutation(rows) % PARTS
    parts = [place == part for part in range(PARTS)]
    return [(~left_out, left_out) for left_out in parts if left_out.any() and not left_out.all()]
