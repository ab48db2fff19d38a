"""What a report is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from satchel.spec import Spec
from satchel_training.evaluate import HeldOut
from satchel_training.tasks.task import Task


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """A trained model, the rows it was made from, and its answers for rows it has not seen.

    Attributes
    ----------
    task : Task
    spec : Spec
        With its card, whose figures are shown.
    history : sequence of mapping
        Per epoch, losses and accuracies; empty where a model has no epochs.
    train : DataFrame
        The training part.
    tested : HeldOut
        The answers for the test split.
    choice : sequence of HeldOut
        The out-of-fold answers for the training part, one item per run.
    segments : ndarray of str, shape (rows of `train`,), or None
        The segment of each training row.
    """

    task: Task
    spec: Spec
    history: Sequence[Mapping[str, float]]
    train: pd.DataFrame
    tested: HeldOut
    choice: Sequence[HeldOut] = ()
    segments: NDArray[Any] | None = None

    def suffix(self, output: str) -> str:
        """Return what keeps the file names of several outputs apart."""
        return f".{output}" if len(self.task.scored) > 1 else ""

    def prefix(self, label: str) -> str:
        """Return what keeps the titles of several outputs apart."""
        return f"{label}: " if len(self.task.scored) > 1 else ""

    def label(self, name: str) -> str:
        """Return the label for people of a field of the data set or of a derived number."""
        labels = {field.name: field.label for field in self.task.dataset.fields}
        return labels.get(name, name.replace("_", " "))

    def unit(self, name: str) -> str:
        """Return the unit of a field of the data set; empty where it has none."""
        units = {field.name: getattr(field, "unit", "") for field in self.task.dataset.fields}
        return units.get(name, "")
