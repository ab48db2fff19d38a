"""The tasks: which data set, which inputs, which target, and what an answer stands beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satchel import DataError
from satchel.spec import Regression
from satchel_training.datasets.dataset import Dataset
from satchel_training.datasets.uci import MATHEMATICS


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question about students.

    Attributes
    ----------
    name : str
        As in the names of its bundles.
    title : str
        The question in a few words.
    dataset : Dataset
    features : tuple of str
        Fields used as inputs.
    output : Regression
        The answer; its mean and scale are estimated from the training rows.
    models : tuple of str
        Models that can be trained for it.
    naive : callable
        From training and test rows to the naive guess for the test rows.
    naive_text : str
        The naive guess in words.
    published : mapping
        Best published figures, by metric.
    published_text : str
        Where they come from.
    test_size, seed : float, int
        Of the split into training and test rows, as scikit-learn's `train_test_split`.
    """

    name: str
    title: str
    dataset: Dataset
    features: tuple[str, ...]
    output: Regression
    models: tuple[str, ...]
    naive: Callable[[pd.DataFrame, pd.DataFrame], NDArray[np.float64]]
    naive_text: str
    intended_use: str
    unintended_use: str
    limitations: tuple[str, ...] = ()
    published: Mapping[str, float] = field(default_factory=dict)
    published_text: str = ""
    test_size: float = 0.2
    seed: int = 42

    @property
    def target(self) -> str:
        """Field that is predicted."""
        return self.output.name


def _last_grade(train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
    return test["G2"].fillna(train["G2"].median()).to_numpy(np.float64)


SECONDARY_MATHEMATICS = Task(
    name="secondary-mathematics",
    title="Final mathematics grade from background, school life and the first two grades",
    dataset=MATHEMATICS,
    features=tuple(f.name for f in MATHEMATICS.fields if f.name != "G3"),
    output=Regression(
        name="G3",
        label="Final grade",
        unit="points of 20",
        limits=(0, 20),
        decimals=1,
        pass_at=10,
    ),
    models=("ridge", "mlp"),
    naive=_last_grade,
    naive_text="the last known grade, G2",
    published={"rmse": 1.75},
    published_text="Cortez and Silva 2008, best of five methods, 20 runs of 10-fold "
    "cross-validation",
    intended_use=(
        "A second opinion for a teacher on which pupils may need support before the final grade."
    ),
    unintended_use=(
        "Any automatic decision about a pupil: grading, admission, streaming or discipline."
    ),
    limitations=(
        "Learned from two schools in Portugal in 2005/06: elsewhere it is a guess until it has "
        "been checked on a school's own grades.",
        "A pupil who drops out has a final grade of 0, which no input foretells well.",
    ),
)

TASKS = {task.name: task for task in (SECONDARY_MATHEMATICS,)}


def find_task(name: str) -> Task:
    """Return the task called `name`.

    Raises
    ------
    DataError
        Where there is none.
    """
    if name not in TASKS:
        raise DataError(f"there is no task {name!r}; there are: {', '.join(TASKS)}")
    return TASKS[name]
