"""Models of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import sklearn
from sklearn.linear_model import Ridge

FILE = "model.joblib"


def build(
    model: str,
    hyperparameters: Mapping[str, Any],
    seed: int,
    pass_at: float | None,
    verbose: bool,
) -> Any:
    """Return the estimator called `model`; a ridge has no use for the other arguments."""
    return {"ridge": Ridge}[model](**hyperparameters)


def suggest(model: str, trial: Any) -> dict[str, Any]:
    """Return hyperparameters drawn by an optuna trial."""
    return {"alpha": float(f"{trial.suggest_float('alpha', 1e-2, 1e4, log=True):.3g}")}


def save(estimator: Any, folder: Path) -> None:
    """Save with joblib."""
    joblib.dump(estimator, folder / FILE)


def load(model: str, folder: Path) -> Any:
    """Load what `save` has saved."""
    return joblib.load(folder / FILE)


def versions() -> dict[str, str]:
    """Return the version of scikit-learn."""
    return {"scikit-learn": sklearn.__version__}
