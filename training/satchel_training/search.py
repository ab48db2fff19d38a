"""Searches hyperparameters by cross-validation on the training part."""

from __future__ import annotations

import json
from typing import Any

import optuna
import pandas as pd

from satchel_training.evaluate import cross_validate
from satchel_training.models import load_builder
from satchel_training.tasks import Task

FOLDS = 5


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


def to_toml(hyperparameters: dict[str, Any]) -> str:
    """Return hyperparameters (text, numbers, truth values, lists of them) as TOML."""
    # Such values are spelled alike in JSON and TOML.
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in hyperparameters.items())
