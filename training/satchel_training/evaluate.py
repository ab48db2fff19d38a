"""How good a model is on rows that it has not seen, and how good the naive guess is there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    train_test_split,
)

from satchel import DataError
from satchel.decode.decoder import decode_output, exact_score, raw_positive
from satchel.measure import metrics
from satchel.measure.scores import score as score
from satchel.prediction import Answers
from satchel.progress import progress
from satchel.spec import Classes, Metric, Score, Segment
from satchel_training.fit import Fitted, fit, fit_output, require_target
from satchel_training.models import MONOTONE
from satchel_training.tasks.task import Task

DRAWS, DRAWS_SEED = 200, 0  # of a bootstrap
# From the name of an output to its figures, by the name of the metric.
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a model and the naive guess answer for rows that they have not seen.

    Attributes
    ----------
    true : dict
        From the name of an output to the true scores or labels, shape (rows,).
    answers, naive : dict
        From the name of an output to what is answered.
    exact : dict
        From the name of an output to the score before rounding, of a distribution its mean, or
        the probability of the positive class before calibration, shape (rows,).
    """

    true: Mapping[str, NDArray[Any]]
    answers: Mapping[str, Answers]
    naive: Mapping[str, Answers]
    exact: Mapping[str, NDArray[np.float64]]


def split(task: Task, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the test part, as scikit-learn's `train_test_split` makes them.

    Where the task has years, the last is the test part; where it has groups, the test part holds
    whole groups.

    Raises
    ------
    DataError
        Where the rows, or those of a class, are too few for the folds, or a target is missing.
    """
    if len(frame) * (1 - task.test_size) < 2 * task.folds:
        raise DataError(
            f"{len(frame)} rows are too few: {task.folds}-fold cross-validation needs at least "
            f"{2 * task.folds} in the training part"
        )
    for output in task.scored:
        require_target(frame[task.target(output)])
    labels = None
    if task.stratified_by is not None:
        labels = frame[task.target(task.stratified_by)]
        for label, count in labels.value_counts().items():
            if count * (1 - task.test_size) < task.folds:
                raise DataError(
                    f"{labels.name} is {label!r} in {count} rows: {task.folds}-fold "
                    f"cross-validation needs at least {task.folds} of each class in the "
                    "training part"
                )
    if task.last_of and frame[task.last_of].nunique() > 1:
        last = frame[task.last_of] == frame[task.last_of].max()
        return frame[~last], frame[last]
    groups = _groups(task, frame)
    if groups is not None:
        splitter = GroupShuffleSplit(1, test_size=task.test_size, random_state=task.seed)
        kept, left = next(splitter.split(frame, groups=groups))
        return frame.iloc[kept], frame.iloc[left]
    train, test = train_test_split(
        frame, test_size=task.test_size, random_state=task.seed, stratify=labels
    )
    return train, test


def cross_validate(
    task: Task,
    frame: pd.DataFrame,
    model: str,
    hyperparameters: Mapping[str, Any],
    runs: int | None = None,
    folds: int | None = None,
    verbose: bool = False,
) -> list[HeldOut]:
    """Return the out-of-fold answers for all rows, one item per run.

    The spec's numbers are estimated anew in each fold, from its training rows alone. Run `i`
    draws its folds, and all that is random in the model, with the task's seed plus `i`.

    Parameters
    ----------
    task : Task
    frame : DataFrame
        Rows of its data set.
    model : str
    hyperparameters : mapping
    runs, folds : int, optional
        The task's own unless given.
    verbose : bool
        Whether to show progress on a terminal.
    """
    runs, folds = runs or task.runs, folds or task.folds
    # Segments have nothing to be measured by; the scores of a distribution are those of all rows.
    outputs = [fit_output(task, output, frame, model in MONOTONE) for output in task.scored]
    task = replace(task, outputs=tuple(outputs) if model in MONOTONE else task.scored)
    parts: Iterator[Any] = iter(_parts(task, frame, runs, folds))
    gathered: list[list[tuple[NDArray[np.intp], HeldOut]]] = [[] for _ in range(runs)]
    title = f"{task.name}.{model}"
    for run, train, test in progress(parts, title, "folds", runs * folds) if verbose else parts:
        train_rows, test_rows = frame.iloc[train], frame.iloc[test]
        fitted = fit(task, train_rows, model, hyperparameters, task.seed + run)
        gathered[run].append((test, answer(task, fitted, train_rows, test_rows)))
    return [_join(parts) for parts in gathered]


def _groups(task: Task, frame: pd.DataFrame) -> NDArray[Any] | None:
    """Return the group of each row; None where they are not at least two."""
    if not task.grouped_by or frame[task.grouped_by].nunique() < 2:
        return None
    return np.asarray(frame[task.grouped_by])


def _parts(task: Task, frame: pd.DataFrame, runs: int, folds: int) -> Iterator[Any]:
    by = task.stratified_by
    labels = None if by is None else frame[task.target(by)].to_numpy()
    groups = _groups(task, frame)
    if groups is None:
        kind: Any = KFold if by is None else StratifiedKFold
    else:
        kind = GroupKFold if by is None else StratifiedGroupKFold
        folds = min(folds, len(set(groups)))
    for run in range(runs):
        splitter = kind(folds, shuffle=True, random_state=task.seed + run)
        for train, test in splitter.split(np.arange(len(frame)), labels, groups):
            yield run, train, test


def answer(task: Task, fitted: Fitted, train: pd.DataFrame, test: pd.DataFrame) -> HeldOut:
    """Return a model's answers for the rows `test`, beside what is true and the naive guess."""
    raw = fitted.raw(test)
    true, answers, naive, exact = {}, {}, {}, {}
    for output in fitted.outputs:
        if isinstance(output, Segment):
            continue
        name, target = output.name, task.target(output)
        true[name] = test[target].to_numpy()
        answers[name] = decode_output(output, raw[name])
        if isinstance(output, Score):
            exact[name] = exact_score(output, raw[name])
            naive[name] = Answers(value=task.naive(target, train, test))
            if task.naive_chance is not None and output.pass_at is not None:
                passed = train[target].to_numpy(np.float64) >= output.pass_at
                chance = task.naive_chance(passed, train, test)
                naive[name] = replace(naive[name], probability=chance, risk=1.0 - chance)
        else:
            exact[name] = raw_positive(output, raw[name])
            shares = [float((train[target] == label).mean()) for label in output.labels]
            naive[name] = decode_output(
                replace(output, calibration=None, threshold=0.5), np.tile(shares, (len(test), 1))
            )
    return HeldOut(true, answers, naive, exact)


def _join(parts: Sequence[tuple[NDArray[np.intp], HeldOut]]) -> HeldOut:
    """Return the answers of all folds in the order of the rows."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))

    def joined(arrays: Sequence[Any]) -> Any:
        return None if arrays[0] is None else np.concatenate(arrays)[order]

    def answers(many: Sequence[Answers]) -> Answers:
        return replace(
            many[0],
            value=joined([a.value for a in many]),
            label=joined([a.label for a in many]),
            probability=joined([a.probability for a in many]),
            probabilities=None,
            intervals=tuple(
                (
                    level,
                    joined([a.intervals[k][1] for a in many]),
                    joined([a.intervals[k][2] for a in many]),
                )
                for k, (level, _, _) in enumerate(many[0].intervals)
            ),
            risk=joined([a.risk for a in many]),
            reach=joined([a.reach for a in many]),
            mean=joined([a.mean for a in many]),
        )

    names = parts[0][1].true
    return HeldOut(
        {name: joined([part.true[name] for _, part in parts]) for name in names},
        {name: answers([part.answers[name] for _, part in parts]) for name in names},
        {name: answers([part.naive[name] for _, part in parts]) for name in names},
        {name: joined([part.exact[name] for _, part in parts]) for name in names},
    )


def scores(task: Task, answered: HeldOut) -> tuple[Scores, Scores]:
    """Return the metrics of a model and of the naive guess."""
    both = (answered.answers, answered.naive)
    model, naive = (
        {o.name: score(o, answered.true[o.name], answers[o.name]) for o in task.scored}
        for answers in both
    )
    return model, naive


def mean_scores(task: Task, runs: Sequence[HeldOut]) -> tuple[Scores, Scores]:
    """Return the metrics of a model and of the naive guess, each the mean over all runs."""
    every = [scores(task, answered) for answered in runs]
    model, naive = (
        {
            name: {
                metric: float(np.mean([one[which][name][metric] for one in every]))
                for metric in figures
            }
            for name, figures in every[0][which].items()
        }
        for which in (0, 1)
    )
    return model, naive


def standard_errors(
    output: Score | Classes, true: NDArray[Any], answers: Answers, naive: Answers
) -> dict[str, float]:
    """Return the standard error of each metric's difference between a model and the naive guess.

    By the bootstrap over rows, in pairs: both are judged on the same students of each draw (Efron
    and Tibshirani 1993). Where a draw has no such metric, it is left out.
    """
    drawn = np.random.default_rng(DRAWS_SEED)
    differences: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        rows = drawn.integers(len(true), size=len(true))
        own, other = (score(output, true[rows], rows_of(one, rows)) for one in (answers, naive))
        for metric in own.keys() & other.keys():
            differences.setdefault(metric, []).append(own[metric] - other[metric])
    return {metric: float(np.nanstd(found)) for metric, found in differences.items()}


def rows_of(answers: Answers, rows: NDArray[np.intp]) -> Answers:
    """Return the answers of some rows."""

    def of(array: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if array is None else array[rows]

    probabilities = answers.probabilities
    return replace(
        answers,
        value=of(answers.value),
        label=of(answers.label),
        probability=of(answers.probability),
        probabilities=probabilities and {name: p[rows] for name, p in probabilities.items()},
        intervals=tuple((level, low[rows], high[rows]) for level, low, high in answers.intervals),
        risk=of(answers.risk),
        reach=of(answers.reach),
        mean=of(answers.mean),
    )


def total_loss(task: Task, figures: Scores) -> float:
    """Return what models are compared by, lower is better: the mean over all outputs."""
    return float(
        np.mean([metrics.loss(task.measure, one[task.measure]) for one in figures.values()])
    )


def card_metrics(
    task: Task,
    protocol: str,
    figures: Scores,
    naive: Scores,
    bounds: Mapping[tuple[str, str], tuple[float, float]] | None = None,
) -> tuple[Metric, ...]:
    """Return scores as a card holds them; one that is no number is left out."""
    published = task.published
    beside = {} if published is None or published.protocol != protocol else published.figures
    found = []
    for output, of_output in figures.items():
        for name, value in of_output.items():
            guess = naive[output].get(name, math.nan)
            if math.isfinite(value):
                found.append(
                    Metric(
                        output=output,
                        name=name,
                        protocol=protocol,
                        value=value,
                        naive=guess if math.isfinite(guess) else None,
                        published=beside.get(name),
                        ceiling=task.ceiling.get(name),
                        bounds=(bounds or {}).get((output, name)),
                    )
                )
    return tuple(found)
