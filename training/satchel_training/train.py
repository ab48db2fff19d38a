"""Trains one model for one task: measures it, fits it, and writes its spec."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

import satchel
from satchel.findings import said
from satchel.measure.metrics import loss
from satchel.prediction import Answers
from satchel.spec import (
    ALL_ROWS,
    CHOICE,
    FRESH,
    TEST,
    WITHOUT,
    Card,
    Distribution,
    Metric,
    Score,
    Segment,
    Source,
    Spec,
)
from satchel_training import evaluate, uncertainty
from satchel_training.datasets.source import Generated
from satchel_training.evaluate import HeldOut
from satchel_training.fairness import measure_fairness
from satchel_training.fit import Fitted, fit
from satchel_training.importance import permutation_importance, with_essential
from satchel_training.models import Estimator, Recipe, Rescaled, load_builder
from satchel_training.reference import whole_reference
from satchel_training.report import Material
from satchel_training.run import Run
from satchel_training.scaling import scaled, scaling_of
from satchel_training.tasks.task import Task, narrow
from satchel_training.uncertainty import tested_figures, with_uncertainty

NO_VERSION = "0.0.0"  # a run has none: export gives one to the bundle
SHUFFLES = 10
FRESH_ROWS, FRESH_SEED = 100_000, 7


def train(
    task: Task,
    frame: pd.DataFrame,
    model: str,
    recipe: Recipe,
    verbose: bool = False,
) -> Run:
    """Return the run of `train_for_report`."""
    return train_for_report(task, frame, model, recipe, verbose)[0]


def train_for_report(
    task: Task,
    frame: pd.DataFrame,
    model: str,
    recipe: Recipe,
    verbose: bool = False,
) -> tuple[Run, Material]:
    """Train `model` for `task` on the training part of `frame`, and measure it.

    Cross-validation on the training part is for choosing between models, for intervals and
    calibration; cross-validation on all rows is for comparing with published figures; the test
    part is used once, at the end. The model that leaves has seen the training part alone, unless
    the task says that it is fitted anew to all rows.

    Raises
    ------
    DataError
        Where the rows are too few, or a target is constant.
    """
    task = _of_recipe(task, recipe)
    train_rows, test_rows = evaluate.split(task, frame)

    def cross_validated(task: Task, rows: pd.DataFrame) -> list[HeldOut]:
        return evaluate.cross_validate(task, rows, model, recipe.hyperparameters, verbose=verbose)

    def calibrated(task: Task, rows: pd.DataFrame) -> list[HeldOut]:
        return scaled(task, rows, cross_validated(task, rows))

    def ready(rows: pd.DataFrame, raw: list[HeldOut], choice: list[HeldOut]) -> Fitted:
        fitted = fit(task, rows, model, recipe.hyperparameters, task.seed, verbose)
        for output in fitted.outputs:
            if isinstance(output, Distribution):
                scaling = scaling_of(output.name, raw)
                if scaling is not None:
                    cast(Rescaled, fitted.heads[output.name]).rescale(scaling.scale, scaling.shift)
        outputs = tuple(with_uncertainty(output, choice) for output in fitted.outputs)
        return replace(fitted, outputs=outputs)

    raw = cross_validated(task, train_rows)
    choice = scaled(task, train_rows, raw)
    everything = cross_validated(task, frame) if task.all_rows else None
    everywhere = None if everything is None else scaled(task, frame, everything)
    fitted = ready(train_rows, raw, choice)
    tested = evaluate.answer(task, fitted, train_rows, test_rows)
    metrics = [*_tested(task, TEST, fitted, tested), *_out_of_fold(task, CHOICE, choice)]
    if everywhere is not None:
        metrics += _out_of_fold(task, ALL_ROWS, everywhere)
    if isinstance(task.dataset, Generated):
        rows = task.dataset.generate(FRESH_ROWS, FRESH_SEED)
        metrics += _tested(task, FRESH, fitted, evaluate.answer(task, fitted, train_rows, rows))
    if task.sensitive and len(task.sensitive) < len(task.features):
        kept = tuple(name for name in task.features if name not in task.sensitive)
        without = [
            uncertainty.with_calibrated(task, run)
            for run in calibrated(narrow(task, kept), train_rows)
        ]
        metrics += evaluate.card_metrics(task, WITHOUT, *evaluate.mean_scores(task, without))
    importance = permutation_importance(
        task, fitted, train_rows, test_rows, SHUFFLES, np.random.default_rng(task.seed)
    )
    leaves, learnt_from, unseen = fitted, train_rows, choice
    if task.refit and everything is not None and everywhere is not None:
        leaves, learnt_from, unseen = ready(frame, everything, everywhere), frame, everywhere
    leaves = replace(leaves, inputs=with_essential(leaves.inputs, importance, task.instead))
    card = replace(
        _card(task, model, tuple(metrics), len(frame)),
        importance=importance,
        fairness=measure_fairness(task, TEST, test_rows, tested)
        if everywhere is None
        else measure_fairness(
            task, ALL_ROWS, frame, uncertainty.with_calibrated(task, everywhere[0])
        ),
    )
    # Segments alone have no out-of-fold answers.
    learnt = leaves.predict(learnt_from)
    spec = _spec(task, model, leaves, learnt_from, {**learnt, **unseen[0].answers}, card)
    history = getattr(leaves.heads[task.scored[0].name], "history_", [])
    segment = next((o.name for o in leaves.outputs if isinstance(o, Segment)), None)
    material = Material(
        task=task,
        spec=spec,
        history=history,
        train=learnt_from,
        tested=tested,
        choice=choice,
        segments=None if segment is None else learnt[segment].label,
    )
    return Run(spec, leaves.heads, recipe, history), material


def _tested(task: Task, protocol: str, fitted: Fitted, tested: HeldOut) -> tuple[Metric, ...]:
    figures, naive = evaluate.scores(task, tested)
    bounds: dict[tuple[str, str], tuple[float, float]] = {}
    for output in fitted.outputs:
        if not isinstance(output, Segment):
            found, intervals = tested_figures(output, tested)
            figures[output.name] |= found
            bounds |= {(output.name, name): pair for name, pair in intervals.items()}
    return evaluate.card_metrics(task, protocol, figures, naive, bounds)


def _out_of_fold(task: Task, protocol: str, runs: list[HeldOut]) -> tuple[Metric, ...]:
    figures, naive = evaluate.mean_scores(task, runs)
    for output in task.scored:
        figures[output.name] |= uncertainty.figures(output, runs)
    return evaluate.card_metrics(task, protocol, figures, naive)


def _of_recipe(task: Task, recipe: Recipe) -> Task:
    """Return a task with the inputs that a recipe keeps, and what it says of its model."""
    task = replace(task, limitations=(*task.limitations, *recipe.limitations))
    return task if recipe.features is None else narrow(task, recipe.features)


def fit_only(
    task: Task, frame: pd.DataFrame, model: str, recipe: Recipe
) -> tuple[Spec, Mapping[str, Estimator]]:
    """Train `model` as `train` does, without measuring it: its card has no figures."""
    task = _of_recipe(task, recipe)
    train_rows, _ = evaluate.split(task, frame)
    fitted = fit(task, train_rows, model, recipe.hyperparameters, task.seed)
    card = _card(task, model, (), len(frame))
    return _spec(task, model, fitted, train_rows, fitted.predict(train_rows), card), fitted.heads


def _spec(
    task: Task,
    model: str,
    fitted: Fitted,
    train: pd.DataFrame,
    answers: Mapping[str, Answers],
    card: Card,
) -> Spec:
    spec = Spec(
        task=task.name,
        model=model,
        version=NO_VERSION,
        inputs=fitted.inputs,
        outputs=fitted.outputs,
        advice=task.advice,
        reference=whole_reference(fitted.inputs, train, fitted.outputs, answers),
        card=card,
    )
    # Through JSON, so that the spec in memory is the one that a saved run gives.
    return Spec.from_json(spec.to_json())


def _card(task: Task, model: str, metrics: tuple[Metric, ...], rows: int) -> Card:
    source = task.dataset
    versions = {"satchel": satchel.__version__, "python": platform.python_version()}
    versions |= {"numpy": np.__version__} | load_builder(model).versions()
    return Card(
        title=task.title,
        headline=_headline(task, metrics) if metrics else "Not measured.",
        measure=task.measure,
        source=Source(
            name=source.title,
            url=source.url,
            licence=source.licence,
            rows=rows,
            synthetic=source.synthetic,
            rule=source.rule,
            collection=source.collection,
            composition=source.composition,
            known_issues=source.known_issues,
        ),
        split=_split(task),
        naive=task.naive_text,
        metrics=metrics,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        versions=versions,
        intended_use=task.intended_use,
        unintended_use=task.unintended_use,
        limitations=task.limitations,
    )


def _split(task: Task) -> str:
    stratified = ", stratified by class" if task.stratified_by is not None else ""
    runs = f"{task.runs} runs of " if task.runs > 1 else ""
    text = (
        f"{1 - task.test_size:.0%} of the rows for training, {task.test_size:.0%} for the test, "
        f"drawn with seed {task.seed}{stratified}; cross-validation: {runs}{task.folds} folds"
    )
    if task.last_of:
        text = f"the last {task.last_of} for the test; cross-validation: {runs}{task.folds} folds"
    if task.grouped_by:
        text += f", with whole groups by {task.grouped_by}"
    if task.refit:
        text += "; what leaves was then fitted with the same settings to all rows"
    return text if task.published is None else f"{text}; published: {task.published.text}"


def _headline(task: Task, metrics: tuple[Metric, ...]) -> str:
    figures = {(m.protocol, m.output, m.name): m for m in metrics}
    measure = said(task.measure)

    def mean(protocol: str, which: str) -> float:
        found = [figures[protocol, output.name, task.measure] for output in task.scored]
        return float(np.mean([getattr(m, which) for m in found]))

    def beats(value: float, naive: float) -> bool:
        return loss(task.measure, value) < loss(task.measure, naive)

    chosen, chosen_naive = mean(CHOICE, "value"), mean(CHOICE, "naive")
    tested, tested_naive = mean(TEST, "value"), mean(TEST, "naive")
    verdict = {
        (True, True): "beats the naive guess",
        (True, False): "beats the naive guess in cross-validation, but not on the test split",
        (False, True): "does not beat the naive guess in cross-validation",
        (False, False): "does not beat the naive guess",
    }[beats(chosen, chosen_naive), beats(tested, tested_naive)]
    output = task.scored[0]
    unit = f" {output.unit}" if isinstance(output, Score) and output.unit else ""
    unit = unit if task.measure in ("rmse", "mae") else ""
    every = f", mean of {len(task.scored)} scores," if len(task.scored) > 1 else ""
    sentences = [
        f"{measure[0].upper() + measure[1:]} {chosen:.2f}{unit}{every} in cross-validation and "
        f"{tested:.2f} on the test split; by the naive guess, {task.naive_text}, "
        f"{chosen_naive:.2f} and {tested_naive:.2f}.",
        f"By its {measure} it {verdict}.",
    ]
    for name, what in (("pass_accuracy", "Pass or fail"), ("accuracy", "The exact answer")):
        right = figures.get((CHOICE, output.name, name))
        if right is not None:
            sentences.append(
                f"{what} is right for {right.value:.0%} in cross-validation, by the naive guess "
                f"for {right.naive:.0%}."
            )
    return " ".join(sentences)
