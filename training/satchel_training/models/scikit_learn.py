"""Models of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import sklearn
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import (
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    QuantileRegressor,
    Ridge,
)
from sklearn.tree import DecisionTreeClassifier

from satchel.spec import Classes, Inputs, Output

FILE = "model.joblib"
TREES = 100  # of a forest: twice as many lower the error by less than one percent
MEAN_OF = ("random-forest", "extra-trees", "gradient-boosting")
REGRESSORS = {
    "linear": LinearRegression,
    "ridge": Ridge,
    "lasso": Lasso,
    "huber": HuberRegressor,
    "least-absolute": QuantileRegressor,
    "random-forest": RandomForestRegressor,
    "extra-trees": ExtraTreesRegressor,
    "gradient-boosting": GradientBoostingRegressor,
}
CLASSIFIERS = {
    "logistic": LogisticRegression,
    "logistic-unbalanced": LogisticRegression,
    "decision-tree": DecisionTreeClassifier,
    "random-forest": RandomForestClassifier,
    "extra-trees": ExtraTreesClassifier,
    "gradient-boosting": GradientBoostingClassifier,
}
FIXED: dict[str, dict[str, Any]] = {
    "huber": {"max_iter": 1000},
    "least-absolute": {"alpha": 0.0, "quantile": 0.5, "solver": "highs"},
    "logistic": {"class_weight": "balanced", "max_iter": 1000},
    "logistic-unbalanced": {"max_iter": 1000},
}


def build(
    model: str,
    output: Output,
    hyperparameters: Mapping[str, Any],
    seed: int,
    verbose: bool,
    inputs: Inputs | None = None,
) -> Any:
    """Return the estimator called `model`, a classifier where the output has classes.

    ``mean`` is the unweighted mean of `MEAN_OF`; its hyperparameters are one table for each.
    """
    classes = isinstance(output, Classes)
    if model == "mean":
        members = [
            (name, build(name, output, hyperparameters.get(name, {}), seed, verbose))
            for name in MEAN_OF
        ]
        if classes:
            # Not flattened: the converter to ONNX knows only that form.
            return VotingClassifier(members, voting="soft", flatten_transform=False)
        return VotingRegressor(members)
    estimator = (CLASSIFIERS if classes else REGRESSORS)[model]()
    estimator.set_params(**{**FIXED.get(model, {}), **hyperparameters})
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator


def suggest(model: str, trial: Any) -> dict[str, Any]:
    """Return hyperparameters drawn by an optuna trial."""
    if model == "mean":
        return {name: _trees(name, trial, f"{name}.") for name in MEAN_OF}
    if model == "decision-tree":
        return {
            "max_depth": trial.suggest_int("max_depth", 1, 6),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 30),
        }
    if model in ("random-forest", "extra-trees", "gradient-boosting"):
        return _trees(model, trial)
    spaces = {
        "ridge": ("alpha", 1e-2, 1e4),
        "lasso": ("alpha", 1e-4, 1.0),
        "huber": ("epsilon", 1.0, 10.0),
        "least-absolute": ("alpha", 1e-6, 1e-2),
        "logistic": ("C", 1e-3, 1e3),
        "logistic-unbalanced": ("C", 1e-3, 1e3),
    }
    if model not in spaces:
        return {}
    name, low, high = spaces[model]
    return {name: _round(trial.suggest_float(name, low, high, log=True))}


def _trees(model: str, trial: Any, prefix: str = "") -> dict[str, Any]:
    found = {
        "min_samples_leaf": trial.suggest_int(f"{prefix}min_samples_leaf", 1, 12),
        "max_features": _round(trial.suggest_float(f"{prefix}max_features", 0.2, 1.0)),
    }
    if model != "gradient-boosting":
        return {**found, "n_estimators": TREES}
    return {
        **found,
        "n_estimators": trial.suggest_int(f"{prefix}n_estimators", 50, 400, step=25),
        "learning_rate": _round(trial.suggest_float(f"{prefix}learning_rate", 0.01, 0.2, log=True)),
        "max_depth": trial.suggest_int(f"{prefix}max_depth", 2, 5),
        "subsample": _round(trial.suggest_float(f"{prefix}subsample", 0.4, 1.0)),
    }


def _round(number: float) -> float:
    return float(f"{number:.3g}")


def save(estimator: Any, folder: Path) -> None:
    """Save with joblib."""
    joblib.dump(estimator, folder / FILE)


def load(model: str, folder: Path) -> Any:
    """Load what `save` has saved."""
    return joblib.load(folder / FILE)


def versions() -> dict[str, str]:
    """Return the version of scikit-learn."""
    return {"scikit-learn": sklearn.__version__}
