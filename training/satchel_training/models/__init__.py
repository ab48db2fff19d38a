"""The models: one builder per algorithm, found by the framework that holds it.

A framework's module offers ``build``, ``suggest`` (the space that a search covers), ``save``,
``load`` and ``versions``.
"""

from __future__ import annotations

import importlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from satchel import DataError
from satchel.spec import Inputs, Output, Segment

KMEANS = "kmeans"
# Models that give distributions, and hold the directions that a task declares.
MONOTONE = ("monotonic-mlp",)
FRAMEWORKS = {
    "linear": "scikit_learn",
    "ridge": "scikit_learn",
    "lasso": "scikit_learn",
    "huber": "scikit_learn",
    "least-absolute": "scikit_learn",
    "logistic": "scikit_learn",
    "logistic-unbalanced": "scikit_learn",
    "decision-tree": "scikit_learn",
    "random-forest": "scikit_learn",
    "extra-trees": "scikit_learn",
    "gradient-boosting": "scikit_learn",
    "mean": "scikit_learn",
    KMEANS: "scikit_learn",
    "mlp": "torch",
    "monotonic-mlp": "monotone",
    "ann": "keras",
    "cnn-small": "keras",
    "cnn-large": "keras",
}


class Estimator(Protocol):
    """A model with scikit-learn's interface, on the encoded matrix.

    It answers one output: the scaled target of a regression, the codes of classes (then it has
    ``predict_proba``, of shape (rows, labels), too), the codes of segments, or which scores of a
    distribution are reached (then ``predict_proba`` has the shape (rows, scores - 1)).
    """

    def fit(self, X: NDArray[np.float32], y: NDArray[Any]) -> Any:
        """Fit to a matrix of shape (rows, columns) and a target of shape (rows,)."""

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return the target of shape (rows,)."""


class Rescaled(Estimator, Protocol):
    """A model of distributions, whose log odds can be scaled and shifted."""

    def rescale(self, scale: float, shift: float) -> None:
        """Make of each probability that of ``scale * logit + shift``."""


class Builder(Protocol):
    """What the module of a framework offers."""

    def build(
        self,
        model: str,
        output: Output,
        hyperparameters: Mapping[str, Any],
        seed: int,
        verbose: bool,
        inputs: Inputs | None = None,
    ) -> Estimator:
        """Return an estimator for `output` that is not fitted yet.

        A monotone model needs to know what the columns of its matrix are: `inputs`.
        """

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
    return importlib.import_module(f"{__name__}.{FRAMEWORKS[model]}")


def head(model: str, output: Output) -> str:
    """Return the model that answers `output`: segments are KMeans' beside any model."""
    return KMEANS if isinstance(output, Segment) else model


@dataclass(frozen=True)
class Recipe:
    """What a search found for one model of one task.

    Attributes
    ----------
    hyperparameters : dict
        Arguments of the model's builder: text, numbers, truth values, lists of them, or one
        more dict of these.
    features : tuple of str or None
        The inputs it needs; None for all of the task's.
    limitations : tuple of str
        What its card must say beside what it says of the task: what was tried in vain.
    """

    hyperparameters: dict[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] | None = None
    limitations: tuple[str, ...] = ()

    def to_toml(self) -> str:
        """Return the recipe as TOML."""
        lines = [f"features = {json.dumps(self.features)}"] if self.features else []
        if self.limitations:
            lines.append(f"limitations = {json.dumps(self.limitations)}")
        return "\n".join([*lines, *_table("hyperparameters", self.hyperparameters)]) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Read what `to_toml` wrote."""
        plain = tomllib.loads(text)
        features = plain.get("features")
        return cls(
            plain["hyperparameters"],
            None if features is None else tuple(features),
            tuple(plain.get("limitations", ())),
        )


def _table(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{name}]"
    for key, value in content.items():
        if not isinstance(value, Mapping):
            # Such values are spelled alike in JSON and TOML.
            yield f"{key} = {json.dumps(value)}"
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _table(f"{name}.{key}", value)


def kept_recipe(task: str, model: str) -> Recipe:
    """Return the recipe that was kept with this package; an empty one where there is none."""
    path = Path(__file__).parent / f"{task}.{model}.toml"
    return Recipe.from_toml(path.read_text("utf-8")) if path.is_file() else Recipe()
