"""Train a model on a school's own table, or on a public data set; measure it, and keep it.

  satchel train --from lastyear.xlsx --target Final --pass-at 10
  satchel train --from lastyear.xlsx --declared lastyear.toml

The first proposes what the columns hold, and writes that as TOML for a person to correct; the
second takes it back. Both compare a few models, and write a bundle that the site shows first:
'satchel serve --models models'.

  satchel train --list
  satchel train secondary-mathematics --model mlp --data DIR
  satchel export runs/secondary-mathematics.mlp

A public data set is read from --data, or from the folder named by SATCHEL_DATA; without these
it is fetched from its source.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from satchel.commands.table_arguments import add_table_arguments

if TYPE_CHECKING:
    from pandas import DataFrame

    from satchel_training.tasks.task import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel train``."""
    parser.add_argument("task", metavar="TASK", nargs="?", help="name of a task")
    parser.add_argument("--list", action="store_true", help="list tasks and their models")
    parser.add_argument("--model", metavar="MODEL", help="train this model alone, not all")
    parser.add_argument("--data", metavar="DIR", help="folder with the data set's file")
    parser.add_argument(
        "--out", metavar="RUN", help="run folder to write (default: runs/TASK.MODEL)"
    )
    parser.add_argument(
        "--search",
        action="store_true",
        help="search the hyperparameters on the training part first",
    )
    parser.add_argument(
        "--narrow",
        action="store_true",
        help="search the fewest inputs that do on the training part first; what a search found "
        "is kept in the run folder's recipe.toml",
    )
    parser.add_argument(
        "--trials",
        metavar="N",
        type=_trials,
        default=60,
        help="settings that a search tries (default: 60)",
    )

    group = parser.add_argument_group("a school's own table")
    group.add_argument(
        "--from",
        metavar="FILE",
        dest="table",
        help="CSV, Excel, JSON Lines or Parquet to learn from",
    )
    group.add_argument("--target", metavar="COLUMN", help="the column with the results")
    group.add_argument(
        "--declared", metavar="FILE", help="what the columns hold, as an earlier run wrote it"
    )
    group.add_argument(
        "--propose", action="store_true", help="write what the columns hold, and train nothing yet"
    )
    group.add_argument("--name", help="name of the task (default: that of the file)")
    group.add_argument(
        "--pass-at", metavar="MARK", help="the pass mark, in the column's own points"
    )
    group.add_argument(
        "--anyway", action="store_true", help="train on few rows, or a model no better than a guess"
    )
    group.add_argument(
        "--models",
        metavar="DIR",
        default="models",
        help="folder that the bundle is written to (default: models)",
    )
    add_table_arguments(parser)


def _trials(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of trials: give 1 or more")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    from satchel import SatchelError

    if arguments.table is not None:
        from satchel_training.own.learn import learn

        return learn(arguments)
    from satchel_training.models import load_builder
    from satchel_training.tasks import TASKS, find_task

    if arguments.list:
        for task in TASKS.values():
            print(f"{task.name}: {', '.join(task.models)}\n    {task.title}")
        return 0
    if arguments.task is None:
        raise SatchelError(f"name a task: {', '.join(TASKS)}")
    task = find_task(arguments.task)
    chosen = task.models if arguments.model is None else (arguments.model,)
    unknown = set(chosen) - set(task.models)
    if unknown:
        raise SatchelError(
            f"{task.name} has no model {unknown.pop()!r}; there are: {', '.join(task.models)}"
        )
    if arguments.out and len(chosen) > 1:
        raise SatchelError("--out is for one model: name it with --model")
    for model in chosen:
        load_builder(model)  # so that a framework that is missing is missed at the start
    frame = task.dataset.load(arguments.data)
    for model in chosen:
        _train(task, frame, model, arguments)
    return 0


def _train(task: Task, frame: DataFrame, model: str, arguments: argparse.Namespace) -> None:
    from satchel_training import evaluate
    from satchel_training.models import kept_recipe
    from satchel_training.report import write_report
    from satchel_training.run import refuse_other_folder
    from satchel_training.search import find_features, search
    from satchel_training.train import train_for_report

    folder = Path(arguments.out or f"runs/{task.name}.{model}")
    refuse_other_folder(folder)
    verbose = sys.stderr.isatty()
    recipe = kept_recipe(task.name, model)
    train_rows, _ = evaluate.split(task, frame)
    if arguments.search:
        found = search(task, train_rows, model, arguments.trials, verbose)
        recipe = replace(recipe, hyperparameters=found)
    if arguments.narrow:
        features = find_features(task, train_rows, model, recipe.hyperparameters)
        recipe = replace(recipe, features=features)
    trained, material = train_for_report(task, frame, model, recipe, verbose)
    trained.save(folder, lambda new: write_report(new, material))
    print(f"{trained.spec.name}: {folder}, with {folder / 'report.html'}")
    for metric in trained.spec.card.metrics:
        beside = "" if metric.naive is None else f"  naive {metric.naive:8.3f}"
        beside += "" if metric.published is None else f"  published {metric.published:.3f}"
        name = f"{metric.output} {metric.name}"
        print(f"  {metric.protocol:38} {name:26} {metric.value:8.3f}{beside}")
    print(trained.spec.card.headline)
