"""The models: one builder per algorithm, found by the framework that holds it.

A framework's module offers ``build``, ``suggest`` (the space that a search covers), ``save``,
``load`` and ``versions``.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from satchel import DataError

FRAMEWORKS = {"ridge": "scikit_learn", "mlp": "torch"}


class Estimator(Protocol):
    """A model with scikit-learn's interface, on the encoded matrix and the scaled target."""

    def fit(self, X: NDArray[np.float32], y: NDArray[np.float64]) -> Any:
        """Fit to a matrix of shape (rows, columns) and a target of shape (rows,)."""

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return the scaled target of shape (rows,)."""


class Builder(Protocol):
    """What the module of a framework offers."""

    def build(
        self,
        model: str,
        hyperparameters: Mapping[str, Any],
        seed: int,
        pass_at: float | None,
        verbose: bool,
    ) -> Estimator:
        """Return an estimator that is not fitted yet; `pass_at` is on the scaled target."""

    def suggest(self, model: str, trial: Any) -> dict[str, Any]:
        """Return hyperparameters drawn by an optuna trial."""

    def save(self, estimator: Any, folder: Path) -> None:
        """Save the fitted estimator in the framework's own format."""

    def load(self, model: str, folder: Path) -> Any:
        """Load what `save` has saved."""

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that matter."""


def load_builder(model: str) -> Builder:
    """Import the framework of `model` and return its module.

    Raises
    ------
    DataError
        Where no model has that name.
    """
    if model not in FRAMEWORKS:
        raise DataError(f"there is no model {model!r}; there are: {', '.join(FRAMEWORKS)}")
    return importlib.import_module(f"{__name__}.{FRAMEWORKS[model]}")  # type: ignore[return-value]


def read_hyperparameters(task: str, model: str) -> dict[str, Any]:
    """Return the hyperparameters that a search found and that were kept; empty where none were."""
    path = Path(__file__).parent / f"{task}.{model}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
