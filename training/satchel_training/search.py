"""Searches hyperparameters and inputs by cross-validation on the training part."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
import pandas as pd
from sklearn.model_selection import KFold

from satchel.metrics import mean_squared_error
from satchel_training.evaluate import cross_validate
from satchel_training.fit import fit
from satchel_training.models import load_builder
from satchel_training.tasks import Task, narrow

FOLDS = 5
SHUFFLES = 3
ALLOWED = 1.01  # of the error with all inputs


def search(
    task: Task, train: pd.DataFrame, model: str, trials: int, seed: int, verbose: bool = False
) -> dict[str, Any]:
    """Return the hyperparameters with the lowest cross-validated RMSE.

    Parameters
    ----------
    task : Task
    train : DataFrame
        The training part; the test part plays no role.
    model : str
    trials : int
        Number of settings that are tried, by the tree-structured Parzen estimator of optuna.
    seed : int
    verbose : bool
        Whether to show progress on a terminal.
    """
    builder = load_builder(model)

    def rmse(trial: optuna.Trial) -> float:
        hyperparameters = builder.suggest(model, trial)
        trial.set_user_attr("hyperparameters", hyperparameters)
        return cross_validate(task, train, model, hyperparameters, seed, FOLDS)[0]["rmse"]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(rmse, n_trials=trials, show_progress_bar=verbose)
    found: dict[str, Any] = study.best_trial.user_attrs["hyperparameters"]
    return found


def find_features(
    task: Task, train: pd.DataFrame, model: str, hyperparameters: dict[str, Any], seed: int
) -> tuple[str, ...]:
    """Return the fewest inputs with which the model is as good as with all.

    Inputs are dropped along one ranking: sensitive ones first, within both groups the least
    important first, by permutation importance on rows left out (Breiman 2001). Of the inputs
    that are then left, the fewest are taken whose cross-validated RMSE is within `ALLOWED` of
    that of all, and ahead of the published figure where that of all is.

    Parameters
    ----------
    task : Task
    train : DataFrame
        The training part; the test part plays no role.
    model, hyperparameters, seed
        As for `satchel_training.fit.fit`.
    """
    importance = permutation_importance(task, train, model, hyperparameters, seed)
    sensitive = {name: task.dataset.field(name).sensitive for name in task.features}
    order = sorted(task.features, key=lambda name: (not sensitive[name], importance[name]))

    def rmse(features: tuple[str, ...]) -> float:
        narrowed = narrow(task, features)
        return cross_validate(narrowed, train, model, hyperparameters, seed)[0]["rmse"]

    full = rmse(task.features)
    bound = full * ALLOWED
    published = task.published.get("rmse", bound)
    if full < published:
        bound = min(bound, published)
    for count in range(1, len(order)):
        features = tuple(order[-count:])
        if rmse(features) <= bound:
            return narrow(task, features).features
    return task.features


def permutation_importance(
    task: Task, train: pd.DataFrame, model: str, hyperparameters: dict[str, Any], seed: int
) -> dict[str, float]:
    """Return by how much the squared error grows on rows left out when one input is shuffled."""
    rng = np.random.default_rng(seed)
    importance = dict.fromkeys(task.features, 0.0)
    for fitted_rows, left_out in KFold(FOLDS, shuffle=True, random_state=seed).split(train):
        rows = train.iloc[left_out]
        fitted = fit(task, train.iloc[fitted_rows], model, hyperparameters, seed)
        y = rows[task.target].to_numpy(np.float64)
        error = mean_squared_error(y, fitted.predict(rows).value)
        for name in task.features:
            for _ in range(SHUFFLES):
                shuffled = rows.assign(**{name: rng.permutation(rows[name].to_numpy())})
                grown = mean_squared_error(y, fitted.predict(shuffled).value) - error
                importance[name] += grown / (FOLDS * SHUFFLES)
    return importance
