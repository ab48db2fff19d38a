"""Models of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import sklearn
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge

FILE = "model.joblib"
TREES = 100  # of a forest: twice as many lower the error by less than one percent
ESTIMATORS = {
    "ridge": Ridge,
    "random-forest": RandomForestRegressor,
    "extra-trees": ExtraTreesRegressor,
    "gradient-boosting": GradientBoostingRegressor,
}


def build(
    model: str,
    hyperparameters: Mapping[str, Any],
    seed: int,
    pass_at: float | None,
    verbose: bool,
) -> Any:
    """Return the estimator called `model`; none of them has a use for the last two arguments."""
    return ESTIMATORS[model](**hyperparameters, random_state=seed)


def suggest(model: str, trial: Any) -> dict[str, Any]:
    """Return hyperparameters drawn by an optuna trial."""
    if model == "ridge":
        return {"alpha": _round(trial.suggest_float("alpha", 1e-2, 1e4, log=True))}
    found = {
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 12),
        "max_features": _round(trial.suggest_float("max_features", 0.2, 1.0)),
    }
    if model == "gradient-boosting":
        return {
            **found,
            "n_estimators": trial.suggest_int("n_estimators", 50, 400, step=25),
            "learning_rate": _round(trial.suggest_float("learning_rate", 0.01, 0.2, log=True)),
            "max_depth": trial.suggest_int("max_depth", 2, 5),
            "subsample": _round(trial.suggest_float("subsample", 0.4, 1.0)),
        }
    return {**found, "n_estimators": TREES}


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
