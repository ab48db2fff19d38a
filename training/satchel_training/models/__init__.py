"""The models: one builder per algorithm, found by the framework that holds it.

A framework's module offers ``build``, ``suggest`` (the space that a search covers), ``save``,
``load`` and ``versions``.
"""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from satchel import DataError

FRAMEWORKS = {
    "ridge": "scikit_learn",
    "random-forest": "scikit_learn",
    "extra-trees": "scikit_learn",
    "gradient-boosting": "scikit_learn",
    "mlp": "torch",
}


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


@dataclass(frozen=True)
class Recipe:
    """What a search found for one model of one task.

    Attributes
    ----------
    hyperparameters : dict
        Arguments of the model's builder: text, numbers, truth values, or lists of them.
    features : tuple of str or None
        The inputs it needs; None for all of the task's.
    """

    hyperparameters: dict[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] | None = None

    def to_toml(self) -> str:
        """Return the recipe as TOML."""
        # Such values are spelled alike in JSON and TOML.
        lines = [f"features = {json.dumps(self.features)}"] if self.features else []
        lines += ["[hyperparameters]"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in self.hyperparameters.items()]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Read what `to_toml` wrote."""
        plain = tomllib.loads(text)
        features = plain.get("features")
        return cls(plain["hyperparameters"], None if features is None else tuple(features))


def kept_recipe(task: str, model: str) -> Recipe:
    """Return the recipe that was kept with this package; an empty one where there is none."""
    path = Path(__file__).parent / f"{task}.{model}.toml"
    return Recipe.from_toml(path.read_text("utf-8")) if path.is_file() else Recipe()
