"""Compares a few models on a school's own rows, and takes the simplest that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from satchel.measure.metrics import loss
from satchel_training.evaluate import (
    HeldOut,
    cross_validate,
    mean_scores,
    standard_errors,
    total_loss,
)
from satchel_training.scaling import scaled
from satchel_training.tasks.task import Task

RUNS, FOLDS = 2, 5
TREES = 60
MOST_FOR_NETWORK = 20_000  # rows


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One model beside the others.

    Attributes
    ----------
    model : str
    loss : float
        In the task's measure, lower is better, over all folds and runs.
    behind : float
        By how much it is behind the best.
    error : float
        The standard error of that.
    """

    model: str
    loss: float
    behind: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a comparison found.

    Attributes
    ----------
    compared : tuple of Compared
        The simplest first.
    picked : str
    naive : float
        The loss of the naive guess.
    lead, error : float
        By how much the picked model is ahead of the naive guess, and the standard error of that.
    """

    compared: tuple[Compared, ...]
    picked: str
    naive: float
    lead: float
    error: float

    @property
    def beats_naive(self) -> bool:
        """Whether the lead over the naive guess is more than its spread."""
        return self.lead > self.error


def settings(model: str, rows: int) -> dict[str, Any]:
    """Return hyperparameters that suit so many rows; a bundle of trees stays below 500 kB."""
    leaf = max(5, rows // 100)
    every: dict[str, dict[str, Any]] = {
        "ridge": {"alpha": 3.0},
        "logistic-unbalanced": {"C": 0.3},
        "random-forest": {
            "n_estimators": TREES,
            "min_samples_leaf": leaf,
            "max_features": 0.4,
        },
        "gradient-boosting": {
            "n_estimators": 120,
            "learning_rate": 0.05,
            "max_depth": 3,
            "subsample": 0.7,
            "min_samples_leaf": leaf,
        },
        "monotonic-mlp": {"hidden": 8, "members": 2},
    }
    return every[model]


def compare(task: Task, frame: pd.DataFrame, verbose: bool = False) -> Choice:
    """Compare a task's models by repeated cross-validation on all rows.

    The simplest is taken that is within one standard error of the best (Breiman et al. 1984): of
    the difference, by a bootstrap over rows, in pairs.

    Parameters
    ----------
    task : Task
        Its models, the simplest first.
    frame : DataFrame
    verbose : bool
        Whether to show progress on a terminal.
    """
    answered: dict[str, list[HeldOut]] = {}
    for model in task.models:
        if model == "monotonic-mlp" and len(frame) > MOST_FOR_NETWORK:
            continue
        found = cross_validate(
            task, frame, model, settings(model, len(frame)), RUNS, FOLDS, verbose
        )
        answered[model] = scaled(task, frame, found)
    losses = {m: total_loss(task, mean_scores(task, runs)[0]) for m, runs in answered.items()}
    best = min(losses, key=losses.__getitem__)
    compared = tuple(
        Compared(
            model=model,
            loss=losses[model],
            behind=losses[model] - losses[best],
            error=0.0 if model == best else _error(task, answered[model][0], answered[best][0]),
        )
        for model in answered
    )
    picked = next(one for one in compared if one.behind <= one.error)
    run = answered[picked.model][0]
    output = task.scored[0].name
    naive = mean_scores(task, answered[picked.model])[1][output][task.measure]
    against = HeldOut(run.true, run.naive, run.naive, run.exact)
    return Choice(
        compared=compared,
        picked=picked.model,
        naive=naive,
        lead=loss(task.measure, naive) - picked.loss,
        error=_error(task, run, against),
    )


def _error(task: Task, one: HeldOut, other: HeldOut) -> float:
    output = task.scored[0]
    name = output.name
    found = standard_errors(output, one.true[name], one.answers[name], other.answers[name])
    return found[task.measure]
