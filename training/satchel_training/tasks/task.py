"""What a task is: which data set, which inputs, which targets, and what an answer stands beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from satchel import DataError
from satchel.measure.metrics import loss
from satchel.spec import (
    Advice,
    Bounds,
    Classes,
    Derived,
    Monotonic,
    Output,
    Regression,
    Score,
    Segment,
)
from satchel_training.datasets.source import DataSource

# From the target's field, training and test rows to a guess of each test row's score.
NaiveGuess = Callable[[str, pd.DataFrame, pd.DataFrame], NDArray[np.float64]]
# From whether each training row passed, training and test rows to a probability for each test row.
NaiveChance = Callable[[NDArray[np.bool_], pd.DataFrame, pd.DataFrame], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Published:
    """Figures that others have published, by metric, for one output under one protocol.

    Attributes
    ----------
    figures : mapping
        From the name of a metric to its best published value.
    protocol : str
        The protocol here that is most like theirs: `TEST` or `ALL_ROWS`.
    text : str
        Who, and how they measured.
    """

    figures: Mapping[str, float]
    protocol: str
    text: str

    def loss(self, metric: str, default: float) -> float:
        """Return the published figure of `metric` as something to minimise."""
        return loss(metric, self.figures[metric]) if metric in self.figures else default


@dataclass(frozen=True, kw_only=True)
class Classified:
    """A score cut into classes, as others have evaluated it; no bundle answers it.

    Attributes
    ----------
    name : str
        As in the names of its recipes: ``pass``, ``levels``.
    cuts : tuple of float
        The lowest score of each label but the first, rising.
    labels : tuple of str
        From the lowest scores to the highest.
    models : tuple of str
        Classifiers that are tried on it.
    published : float
        Best published accuracy.
    """

    name: str
    cuts: tuple[float, ...]
    labels: tuple[str, ...]
    models: tuple[str, ...]
    published: float

    def labels_of(self, scores: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the label of each score, shape (rows,)."""
        return np.array(self.labels, object)[np.searchsorted(self.cuts, scores, "right")]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question about students.

    Attributes
    ----------
    name : str
        As in the names of its bundles.
    title : str
        The question in a few words.
    dataset : DataSource
    features : tuple of str
        Fields used as inputs.
    outputs : tuple of Output
        The answers; what is estimated from training rows is not set yet. A monotone model makes a
        distribution of a score.
    models : tuple of str
        Models that can be trained for it.
    naive : callable
        The naive guess of a score; of classes it is always their shares in the training rows.
    naive_text : str
        The naive guess in words.
    naive_chance : callable or None
        The naive guess of the probability of passing, for a score with a pass mark.
    targets : mapping
        From the name of an output to its field, where the two differ.
    measure : str
        The metric that models are compared by.
    monotonic : mapping
        From a feature to ``increasing`` or ``decreasing``: what a monotone model promises of it.
    required : tuple of str or None
        Features that must be given; None for all but the sensitive ones.
    instead : mapping
        From a feature that much may rest on to the task that answers without it.
    imputation : str
        What stands for a missing number: ``median`` or ``mean``; of categories it is the mode.
    clip : mapping
        Bounds that a number is brought inside.
    clip_outliers : tuple of str
        Numbers that are brought inside 1.5 interquartile ranges beyond their quartiles (Tukey
        1977), too.
    derived : tuple of Derived
        Numbers computed from the features.
    min_max : bool
        Whether a score is scaled by its least and greatest value, not by mean and spread.
    segmented_by : mapping
        From a number, derived ones too, to its place in each segment's prototype, in standard
        deviations from its mean.
    advice : Advice or None
    published : Published or None
    ceiling : mapping
        From the name of a metric to the best that any model could reach, where that is known.
    classified : tuple of Classified
    runs, folds : int
        Of the repeated cross-validation that models are compared by.
    all_rows : bool
        Whether it is done on all rows, too.
    grouped_by : str
        A column of the rows whose values stay together: in one fold, or in the test part.
    last_of : str
        A column of years, of which the last is the test part; empty for none.
    refit : bool
        Whether the model that leaves is fitted to all rows, with what cross-validation on all of
        them says of it; the test part then measures the same settings on the other rows.
    test_size, seed : float, int
        Of the split into training and test rows, as scikit-learn's `train_test_split`;
        stratified where the task has classes.
    """

    name: str
    title: str
    dataset: DataSource
    features: tuple[str, ...]
    outputs: tuple[Output, ...]
    models: tuple[str, ...]
    naive: NaiveGuess
    naive_text: str
    intended_use: str
    unintended_use: str
    limitations: tuple[str, ...] = ()
    naive_chance: NaiveChance | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    measure: str = "rmse"
    monotonic: Mapping[str, Monotonic] = field(default_factory=dict)
    required: tuple[str, ...] | None = None
    instead: Mapping[str, str] = field(default_factory=dict)
    imputation: Literal["median", "mean"] = "median"
    clip: Mapping[str, Bounds] = field(default_factory=dict)
    clip_outliers: tuple[str, ...] = ()
    derived: tuple[Derived, ...] = ()
    min_max: bool = False
    segmented_by: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    advice: Advice | None = None
    published: Published | None = None
    ceiling: Mapping[str, float] = field(default_factory=dict)
    classified: tuple[Classified, ...] = ()
    runs: int = 3
    folds: int = 10
    all_rows: bool = True
    grouped_by: str = ""
    last_of: str = ""
    refit: bool = False
    test_size: float = 0.2
    seed: int = 42

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the data set that are no features."""
        fields = (f.name for f in self.dataset.fields if f.name not in self.features)
        return (*fields, *self.dataset.identifiers)

    @property
    def scored(self) -> tuple[Score | Classes, ...]:
        """The outputs that have a target."""
        return tuple(output for output in self.outputs if not isinstance(output, Segment))

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The features that are sensitive."""
        return tuple(name for name in self.features if self.dataset.field(name).sensitive)

    @property
    def stratified_by(self) -> Classes | None:
        """The output whose classes each part shall hold in equal shares."""
        return next((output for output in self.outputs if isinstance(output, Classes)), None)

    @property
    def needed(self) -> frozenset[str]:
        """The features that segments are computed from: no narrower task is without them."""
        needed = set(self.segmented_by)
        for derived in reversed(self.derived):
            if derived.name in needed:
                needed.update(derived.inputs)
        return frozenset(needed.intersection(self.features))

    def target(self, output: Output) -> str:
        """Return the field that `output` answers."""
        return self.targets.get(output.name, output.name)


def narrow(task: Task, features: tuple[str, ...]) -> Task:
    """Return the task with these features alone; the others become ignored fields.

    Derived numbers go with the features that they need; those that segments need stay.
    """
    known = task.needed.union(features)
    features = tuple(name for name in task.features if name in known)
    derived = []
    for number in task.derived:
        if known.issuperset(number.inputs):
            derived.append(number)
            known |= {number.name}
    return replace(
        task,
        features=features,
        derived=tuple(derived),
    )


def classification(task: Task, classified: Classified) -> Task:
    """Return the task of answering the classes of a score directly.

    Its rows hold labels in the target's field, as `Classified.labels_of` makes them.

    Raises
    ------
    DataError
        Where the task has no single score.
    """
    if len(task.outputs) != 1 or not isinstance(task.outputs[0], Regression):
        raise DataError(f"{task.name} has no single score that could be cut into classes")
    output = task.outputs[0]
    return replace(
        task,
        name=f"{task.name}-{classified.name}",
        outputs=(
            Classes(
                name=output.name,
                label=output.label,
                labels=classified.labels,
                positive=classified.labels[-1] if len(classified.labels) == 2 else None,
            ),
        ),
        models=classified.models,
        naive_text="the label of most training rows",
        measure="accuracy",
        published=None,
        classified=(),
    )


def last_known(field: str) -> NaiveGuess:
    """Return the guess that the target is what `field` is."""

    def guess(target: str, train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
        known: NDArray[np.float64] = test[field].fillna(train[field].median()).to_numpy(np.float64)
        return known

    return guess


def logistic_on(field: str) -> NaiveChance:
    """Return the chance by a logistic regression, all but unregularised, on one field."""

    def chance(
        passed: NDArray[np.bool_], train: pd.DataFrame, test: pd.DataFrame
    ) -> NDArray[np.float64]:
        centre = float(train[field].median())
        known, asked = (
            rows[[field]].fillna(centre).to_numpy(np.float64) - centre for rows in (train, test)
        )
        found: NDArray[np.float64] = (
            LogisticRegression(C=1e3).fit(known, passed).predict_proba(asked)[:, 1]
        )
        return found

    return chance


def mean(target: str, train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
    """Guess the mean of the training rows."""
    return np.full(len(test), train[target].mean())


def median(target: str, train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.float64]:
    """Guess the median of the training rows."""
    return np.full(len(test), train[target].median())
