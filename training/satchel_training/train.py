"""Trains one model for one task: measures it, fits it, and writes its spec."""

from __future__ import annotations

import datetime
import platform

import numpy as np
import pandas as pd

import satchel
from satchel.spec import Card, Metric, Source, Spec
from satchel_training import evaluate
from satchel_training.fit import fit, fit_reference
from satchel_training.models import Recipe, load_builder
from satchel_training.run import Run
from satchel_training.tasks import Task, narrow

BUNDLE_VERSION = "1.0.0"


def train(
    task: Task,
    frame: pd.DataFrame,
    model: str,
    recipe: Recipe,
    verbose: bool = False,
) -> Run:
    """Train `model` for `task` on the training part of `frame`, and measure it.

    Cross-validation on the training part is for choosing between models; cross-validation on
    all rows is for comparing with published figures; the test part is used once, at the end.
    The model that leaves has seen the training part alone.

    Raises
    ------
    DataError
        Where the rows are too few, or the target is constant.
    """
    if recipe.features is not None:
        task = narrow(task, recipe.features)
    train_rows, test_rows = evaluate.split(task, frame)
    arguments = (model, recipe.hyperparameters, task.seed)
    choice = evaluate.cross_validate(task, train_rows, *arguments, verbose=verbose)
    everywhere = evaluate.cross_validate(task, frame, *arguments, verbose=verbose)
    fitted = fit(task, train_rows, *arguments, verbose=verbose)
    tested = evaluate.test(task, fitted, train_rows, test_rows)
    metrics = (
        *evaluate.metrics(task, evaluate.TEST, *tested),
        *evaluate.metrics(task, evaluate.CHOICE, *choice),
        *evaluate.metrics(task, evaluate.ALL_ROWS, *everywhere, published=True),
    )
    spec = Spec(
        task=task.name,
        model=model,
        version=BUNDLE_VERSION,
        inputs=fitted.inputs,
        outputs=(fitted.output,),
        reference=fit_reference(fitted.inputs, train_rows),
        card=_card(task, model, metrics, len(frame)),
    )
    history = getattr(fitted.estimator, "history_", [])
    # Through JSON, so that the spec in memory is the one that a saved run gives.
    spec = Spec.from_json(spec.to_json())
    return Run(spec, fitted.estimator, recipe, history)


def _card(task: Task, model: str, metrics: tuple[Metric, ...], rows: int) -> Card:
    source = task.dataset
    versions = {"satchel": satchel.__version__, "python": platform.python_version()}
    versions |= {"numpy": np.__version__} | load_builder(model).versions()
    return Card(
        title=task.title,
        headline=_headline(task, metrics),
        source=Source(
            name=source.title,
            url=source.url,
            licence=source.licence,
            rows=rows,
            synthetic=source.synthetic,
        ),
        split=(
            f"{1 - task.test_size:.0%} of the rows for training, {task.test_size:.0%} for the "
            f"test, drawn with seed {task.seed}; published: {task.published_text}"
        ),
        naive=task.naive_text,
        metrics=metrics,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        versions=versions,
        intended_use=task.intended_use,
        unintended_use=task.unintended_use,
        limitations=task.limitations,
    )


def _headline(task: Task, metrics: tuple[Metric, ...]) -> str:
    figures = {(m.protocol, m.name): m for m in metrics}
    chosen, tested = (figures[protocol, "rmse"] for protocol in (evaluate.CHOICE, evaluate.TEST))
    right = figures[evaluate.CHOICE, "pass_accuracy"]
    beaten = [m.naive is not None and m.value < m.naive for m in (chosen, tested)]
    verdict = {
        (True, True): "beats the naive guess",
        (True, False): "beats the naive guess in cross-validation, but not on the test split",
        (False, True): "does not beat the naive guess in cross-validation",
        (False, False): "does not beat the naive guess",
    }[beaten[0], beaten[1]]
    return (
        f"RMSE {chosen.value:.2f} {task.output.unit} in cross-validation and "
        f"{tested.value:.2f} on the test split; {task.naive_text}: {chosen.naive:.2f} and "
        f"{tested.naive:.2f}. By its RMSE it {verdict}. Pass or fail is right for "
        f"{right.value:.0%} in cross-validation, by the naive guess for {right.naive:.0%}."
    )
