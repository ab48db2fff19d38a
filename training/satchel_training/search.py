"""Searches hyperparameters and inputs by cross-validation on the training part."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pandas as pd

from satchel_training.evaluate import cross_validate, mean_scores, total_loss
from satchel_training.fit import fit
from satchel_training.importance import permutation_importance
from satchel_training.models import load_builder
from satchel_training.tasks.task import Task, narrow

FOLDS = 5
RUNS = 3
SHUFFLES = 3
ALLOWED = 1.01  # of the loss with all inputs


def search(
    task: Task, train: pd.DataFrame, model: str, trials: int, verbose: bool = False
) -> dict[str, Any]:
    """Return the hyperparameters with the lowest cross-validated loss by the task's measure.

    Parameters
    ----------
    task : Task
    train : DataFrame
        The training part; the test part plays no role.
    model : str
    trials : int
        Number of settings that are tried, by the tree-structured Parzen estimator of optuna.
    verbose : bool
        Whether to show progress on a terminal.
    """
    builder = load_builder(model)

    def loss(trial: optuna.Trial) -> float:
        hyperparameters = builder.suggest(model, trial)
        trial.set_user_attr("hyperparameters", hyperparameters)
        return _loss(task, train, model, hyperparameters, 1, FOLDS)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task.seed))
    study.optimize(loss, n_trials=trials, show_progress_bar=verbose)
    found: dict[str, Any] = study.best_trial.user_attrs["hyperparameters"]
    return found


def find_features(
    task: Task, train: pd.DataFrame, model: str, hyperparameters: dict[str, Any]
) -> tuple[str, ...]:
    """Return the fewest inputs with which the model is as good as with all.

    Inputs are dropped along one ranking: sensitive ones first, within both groups the least
    important first, by permutation importance on rows left out (Breiman 2001). Of the inputs
    that are then left, the fewest are taken whose loss in repeated cross-validation is within
    `ALLOWED` of that of all, and ahead of the published figure where that of all is. Inputs
    that segments are found by always stay.

    Parameters
    ----------
    task : Task
    train : DataFrame
        The training part; the test part plays no role.
    model, hyperparameters
        As for `satchel_training.fit.fit`.
    """
    needed = task.needed
    importance = rank(task, train, model, hyperparameters)
    sensitive = {name: task.dataset.field(name).sensitive for name in task.features}
    order = sorted(
        task.features,
        key=lambda name: (name in needed, not sensitive[name], importance[name]),
    )
    full = _loss(task, train, model, hyperparameters, RUNS, task.folds)
    bound = full * ALLOWED
    published = bound if task.published is None else task.published.loss(task.measure, bound)
    if full < published:
        bound = min(bound, published)
    for count in range(max(1, len(needed)), len(order)):
        narrowed = narrow(task, tuple(order[-count:]))
        if _loss(narrowed, train, model, hyperparameters, RUNS, task.folds) <= bound:
            return narrowed.features
    return task.features


def _loss(
    task: Task, rows: pd.DataFrame, model: str, hyperparameters: Any, runs: int, folds: int
) -> float:
    answered = cross_validate(task, rows, model, hyperparameters, runs, folds)
    return total_loss(task, mean_scores(task, answered)[0])


def rank(
    task: Task, train: pd.DataFrame, model: str, hyperparameters: dict[str, Any]
) -> dict[str, float]:
    """Return the permutation importance of each input, on rows left out in turn."""
    rng = np.random.default_rng(task.seed)
    importance = dict.fromkeys(task.features, 0.0)
    order = rng.permutation(len(train))
    for left_out in np.array_split(order, FOLDS):
        kept, rows = train.iloc[np.setdiff1d(order, left_out)], train.iloc[left_out]
        fitted = fit(task, kept, model, hyperparameters, task.seed)
        for one in permutation_importance(task, fitted, kept, rows, SHUFFLES, rng):
            importance[one.feature] += one.value / FOLDS
    return importance
