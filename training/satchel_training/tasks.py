"""The tasks: which data set, which inputs, which target, and what an answer stands beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satchel import DataError
from satchel.spec import Regression
from satchel_training.datasets.dataset import Dataset
from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE

NaiveGuess = Callable[[pd.DataFrame, pd.DataFrame], NDArray[np.float64]]


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
    naive: NaiveGuess
    naive_text: str
    intended_use: str
    unintended_use: str
    limitations: tuple[str, ...] = ()
    published: Mapping[str, float] = field(default_factory=dict)
    published_text: str = ""
    test_size: float = 0.2
    seed: int = 42

    @property
    def ignored(self) -> tuple[str, ...]:
        """Fields of the data set that are no features."""
        return tuple(f.name for f in self.dataset.fields if f.name not in self.features)

    @property
    def target(self) -> str:
        """Field that is predicted."""
        return self.output.name


def narrow(task: Task, features: tuple[str, ...]) -> Task:
    """Return the task with these features alone; the others become ignored fields."""
    return replace(task, features=tuple(name for name in task.features if name in features))


def _known_grade(grade: str) -> NaiveGuess:
    def guess(train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
        return test[grade].fillna(train[grade].median()).to_numpy(np.float64)

    return guess


def _mean_grade(train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
    return np.full(len(test), train["G3"].mean())


def _secondary(subject: str, dataset: Dataset, stage: str, rmse: float) -> Task:
    """Return the task of one subject at one stage of the year."""
    known, suffix, text = {
        "early": ((), "-early", "background and school life alone"),
        "midyear": (("G1",), "-midyear", "background, school life and the first grade"),
        "full": (("G1", "G2"), "", "background, school life and the first two grades"),
    }[stage]
    grades = ("G1", "G2", "G3")
    return Task(
        name=f"secondary-{subject.lower()}{suffix}",
        title=f"Final grade in {subject} from {text}",
        dataset=dataset,
        features=tuple(f.name for f in dataset.fields if f.name in known or f.name not in grades),
        output=Regression(
            name="G3",
            label="Final grade",
            unit="points of 20",
            limits=(0, 20),
            decimals=1,
            pass_at=10,
        ),
        models=("ridge", "random-forest", "extra-trees", "gradient-boosting", "mlp"),
        naive=_known_grade(known[-1]) if known else _mean_grade,
        naive_text=f"the last known grade, {known[-1]}" if known else "the mean grade",
        published={"rmse": rmse},
        published_text=(
            "Cortez and Silva 2008, best of five methods, 20 runs of 10-fold cross-validation"
        ),
        intended_use=(
            "A second opinion for a teacher on which pupils may need support before the final "
            "grade."
        ),
        unintended_use=(
            "Any automatic decision about a pupil: grading, admission, streaming or discipline."
        ),
        limitations=(
            "Learned from two schools in Portugal in 2005/06: elsewhere it is a guess until it "
            "has been checked on a school's own grades.",
            "A pupil who drops out has a final grade of 0, which no input foretells well.",
        ),
    )


TASKS = {
    task.name: task
    for task in (
        _secondary("mathematics", MATHEMATICS, "full", 1.75),
        _secondary("mathematics", MATHEMATICS, "midyear", 2.46),
        _secondary("mathematics", MATHEMATICS, "early", 3.90),
        _secondary("Portuguese", PORTUGUESE, "full", 1.32),
        _secondary("Portuguese", PORTUGUESE, "midyear", 1.78),
        _secondary("Portuguese", PORTUGUESE, "early", 2.67),
    )
}


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
