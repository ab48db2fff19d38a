"""Compare every model of a task under one protocol: error with its spread, size, speed.

  satchel leaderboard secondary-mathematics
  satchel leaderboard secondary-mathematics --runs 20 --data DIR

Each model is cross-validated on all rows with the hyperparameters and inputs that were kept for
it, then trained once, exported and timed. Behind its figure stands the spread over runs, then how
much better than the naive guess it is, with the standard error over students in brackets. Of a
score that others have judged in classes, too, the accuracy of those is measured both ways: the
score rounded, and classifiers of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

    from satchel_training.evaluate import HeldOut
    from satchel_training.models import Recipe
    from satchel_training.tasks.task import Classified, Task

TIMED_RECORDS, TIMED_SECONDS = 50, 0.5


@dataclass(frozen=True)
class Standing:
    """One line of the leaderboard.

    Attributes
    ----------
    question : str
        The output, or the name of the classes, and the metric.
    metric : str
    model : str
        ``naive guess`` for that.
    mean, spread : float
        Over the runs; the standard deviation, 0 for one run.
    ahead, error : float or None
        How much better than the naive guess it is, and the standard error of that over students.
    published : float or None
    fields : int or None
        Inputs that the model asks for.
    size : int or None
        Bytes of its bundle.
    microseconds : float or None
        Median time of one prediction, one record at a time.
    """

    question: str
    metric: str
    model: str
    mean: float
    spread: float
    ahead: float | None = None
    error: float | None = None
    published: float | None = None
    fields: int | None = None
    size: int | None = None
    microseconds: float | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel leaderboard``."""
    parser.add_argument("task", metavar="TASK", help="name of a task")
    parser.add_argument("--data", metavar="DIR", help="folder with the data set's file")
    parser.add_argument("--runs", metavar="N", type=int, help="runs of cross-validation")
    parser.add_argument("--folds", metavar="N", type=int, help="folds of each run")
    parser.add_argument("--model", metavar="MODEL", action="append", help="only this model")
    parser.add_argument(
        "--seed", metavar="N", type=int, help="of folds and models (default: the task's own)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def run(arguments: argparse.Namespace) -> int:
    """Print the leaderboard."""
    from satchel import SatchelError
    from satchel_training.tasks import find_task

    task = find_task(arguments.task)
    unknown = set(arguments.model or ()) - set(task.models)
    if unknown:
        raise SatchelError(
            f"{task.name} has no model {unknown.pop()!r}; there are: {', '.join(task.models)}"
        )
    runs = task.runs if arguments.runs is None else arguments.runs
    folds = task.folds if arguments.folds is None else arguments.folds
    if runs < 1 or folds < 2:
        raise SatchelError(f"{runs} runs of {folds} folds: give at least 1 run of at least 2 folds")
    if arguments.seed is not None:
        task = replace(task, seed=arguments.seed)
    frame = task.dataset.load(arguments.data)
    models = arguments.model or task.models
    standings = list(compare(task, frame, models, runs, folds))
    if arguments.json:
        print(json.dumps([asdict(standing) for standing in standings], indent=2))
        return 0
    print(f"{task.name}: {runs} x {folds}-fold cross-validation on all {len(frame)} rows")
    for question in dict.fromkeys(standing.question for standing in standings):
        print("\n".join(_table(question, [s for s in standings if s.question == question])))
    return 0


def compare(
    task: Task,
    frame: DataFrame,
    models: Sequence[str],
    runs: int | None = None,
    folds: int | None = None,
) -> Iterator[Standing]:
    """Yield the standings of `models`, question by question.

    Parameters
    ----------
    task : Task
    frame : DataFrame
        All rows of its data set.
    models : sequence of str
    runs, folds : int, optional
        The task's own unless given.
    """
    from satchel_training.evaluate import cross_validate
    from satchel_training.models import kept_recipe
    from satchel_training.scaling import scaled
    from satchel_training.tasks.task import narrow

    every: dict[str, list[HeldOut]] = {}
    for model in models:
        recipe = kept_recipe(task.name, model)
        narrowed = task if recipe.features is None else narrow(task, recipe.features)
        answered = cross_validate(
            narrowed, frame, model, recipe.hyperparameters, runs, folds, sys.stderr.isatty()
        )
        every[model] = scaled(narrowed, frame, answered)
        bundle = _measure(task, frame, model, recipe)
        yield from _scored(task, model, every[model], {"fields": len(narrowed.features)} | bundle)
    yield from _scored(task, "naive guess", next(iter(every.values())), {}, naive=True)
    for classified in task.classified:
        yield from _classes(task, frame, classified, every, runs, folds)


def _scored(
    task: Task,
    model: str,
    answered: Sequence[HeldOut],
    bundle: dict[str, Any],
    naive: bool = False,
) -> Iterator[Standing]:
    from satchel.measure.metrics import loss
    from satchel_training.evaluate import score, standard_errors

    published = {} if task.published is None else task.published.figures
    for output in task.scored:
        own, other = (
            [
                score(output, one.true[output.name], getattr(one, which)[output.name])
                for one in answered
            ]
            for which in ("answers", "naive")
        )
        first = answered[0]
        errors = (
            {}
            if naive
            else standard_errors(
                output,
                first.true[output.name],
                first.answers[output.name],
                first.naive[output.name],
            )
        )
        figures = other if naive else own
        for metric in figures[0]:
            values = [one[metric] for one in figures]
            ahead = None
            if metric in errors:
                guesses = [one[metric] for one in other]
                ahead = loss(metric, float(np.mean(guesses))) - loss(metric, float(np.mean(values)))
            yield Standing(
                f"{output.name} {metric}",
                metric,
                model,
                float(np.mean(values)),
                float(np.std(values)),
                ahead,
                errors.get(metric),
                published.get(metric),
                **bundle,
            )


def _classes(
    task: Task,
    frame: DataFrame,
    classified: Classified,
    every: dict[str, list[HeldOut]],
    runs: int | None,
    folds: int | None,
) -> Iterator[Standing]:
    from satchel.measure.metrics import accuracy_score
    from satchel_training.evaluate import cross_validate
    from satchel_training.models import kept_recipe
    from satchel_training.tasks.task import classification, narrow

    (output,) = task.scored
    question = f"{classified.name} accuracy"

    def standing(model: str, values: Sequence[float]) -> Standing:
        mean, spread = float(np.mean(values)), float(np.std(values))
        return Standing(question, "accuracy", model, mean, spread, published=classified.published)

    def cut(answered: Sequence[HeldOut], which: str) -> list[float]:
        return [
            accuracy_score(
                classified.labels_of(one.true[output.name]),
                classified.labels_of(np.round(getattr(one, which)[output.name].value)),
            )
            for one in answered
        ]

    for model, answered in every.items():
        yield standing(f"{model}, rounded", cut(answered, "answers"))
    yield standing("naive guess", cut(next(iter(every.values())), "naive"))
    direct = classification(task, classified)
    target = task.target(output)
    labelled = frame.assign(**{target: classified.labels_of(frame[target].to_numpy(np.float64))})
    for model in direct.models:
        recipe = kept_recipe(direct.name, model)
        narrowed = direct if recipe.features is None else narrow(direct, recipe.features)
        answered = cross_validate(
            narrowed, labelled, model, recipe.hyperparameters, runs, folds, sys.stderr.isatty()
        )
        values = [
            accuracy_score(one.true[output.name], np.asarray(one.answers[output.name].label))
            for one in answered
        ]
        yield standing(model, values)


def _measure(task: Task, frame: DataFrame, model: str, recipe: Recipe) -> dict[str, Any]:
    """Return the size and speed of the model's bundle, trained on the training part."""
    from satchel import load
    from satchel_export.invent import invent
    from satchel_export.write import write
    from satchel_training.train import fit_only

    spec, heads = fit_only(task, frame, model, recipe)
    with tempfile.TemporaryDirectory() as folder:
        path = write(spec, heads, Path(folder))
        predictor = load(path)
        size = path.stat().st_size
    records = invent(spec.inputs, TIMED_RECORDS, seed=3)
    times = []
    end = time.perf_counter() + TIMED_SECONDS
    while time.perf_counter() < end:
        for record in records:
            start = time.perf_counter()
            predictor.predict(record)
            times.append(time.perf_counter() - start)
    return {"size": size, "microseconds": float(np.median(times) * 1e6)}


def _table(question: str, standings: Sequence[Standing]) -> Iterator[str]:
    from satchel.measure.metrics import loss

    published = next((s.published for s in standings if s.published is not None), None)
    beside = "" if published is None else f" (published: {published:.3f})"
    yield ""
    yield f"{question}{beside}"
    for s in sorted(standings, key=lambda s: loss(s.metric, s.mean)):
        bundle = (
            ""
            if s.size is None
            else f"  {s.fields:3} fields {s.size / 1000:8.0f} kB {s.microseconds:7.0f} us a record"
        )
        ahead = "" if s.ahead is None else f"{s.ahead:+8.3f} ({s.error:.3f})"
        yield f"  {s.model:28} {s.mean:8.3f} +- {s.spread:.3f}{ahead:18}{bundle}"
