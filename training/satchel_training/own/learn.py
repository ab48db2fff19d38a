"""``satchel train --from``: from a school's table to a bundle."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from satchel import DataError, TableMapping
from satchel.cli import main as satchel
from satchel.commands.table import read_mapping
from satchel.files import replacing
from satchel.findings import said
from satchel.spec import Number
from satchel.values import plain, printable
from satchel.wording import allowed
from satchel_training.models import Recipe
from satchel_training.own.choose import Choice, compare, settings
from satchel_training.own.declared import Declared, read_declared
from satchel_training.own.propose import propose
from satchel_training.own.school import FEW_ROWS, few, task_of, too_few
from satchel_training.own.sheet import Sheet, read_sheet
from satchel_training.report import write_report
from satchel_training.run import refuse_other_folder
from satchel_training.tasks import TASKS
from satchel_training.tasks.task import Task
from satchel_training.train import train_for_report

MORE = "; add earlier years, or say --anyway"
SHOWN = 60  # letters of a line of the proposal


def learn(arguments: argparse.Namespace) -> int:
    """Propose, compare, train and export; return the exit code.

    Raises
    ------
    DataError
        Where the table cannot be learned from.
    """
    mapping = read_mapping(arguments)
    declared, sheet = _declared(arguments, mapping)
    for line in describe(declared, sheet):
        print(printable(line))
    path = Path(f"{declared.name}.toml")
    if arguments.declared is None:
        with replacing(path) as file:
            file.write(declared.to_toml())
        print(f"{path}: correct it there, and give it back with --declared {path}")
        if arguments.propose:
            return 0
    task, unknown = task_of(declared, sheet)
    if unknown:
        print(f"{unknown} rows have no {declared.target}, and are left out")
    frame = task.dataset.load()
    refusal = too_few(task, declared)
    if refusal and not arguments.anyway:
        raise DataError(refusal + MORE)
    if len(frame) < FEW_ROWS:
        print(f"{len(frame)} students are few: take every figure as a rough one")
    if arguments.model is not None and arguments.model not in task.models:
        raise DataError(f"there is no model {arguments.model!r} here: {', '.join(task.models)}")
    verbose = sys.stderr.isatty()
    choice = compare(task, frame, verbose)
    for line in _compared(task, choice):
        print(line)
    if not choice.beats_naive and not arguments.anyway:
        raise DataError(
            f"no model is better than the naive guess, {task.naive_text.partition(';')[0]}, by "
            "more than chance explains; earlier marks, attendance or more years would help "
            "(--anyway trains it all the same)"
        )
    model = arguments.model or choice.picked
    folder = Path(arguments.out or f"runs/{task.name}.{model}")
    refuse_other_folder(folder)
    recipe = Recipe(settings(model, len(frame)))
    run, material = train_for_report(task, frame, model, recipe, verbose)
    run.save(folder, lambda new: write_report(new, material))
    print(run.spec.card.headline)
    print(f"{folder}: the run, with {folder / 'report.html'}")
    code = satchel(["export", str(folder), "-o", arguments.models])
    if code == 0:
        print(f"satchel serve --models {arguments.models}   shows it first on the page")
    return code


def _declared(arguments: argparse.Namespace, mapping: TableMapping) -> tuple[Declared, Sheet]:
    """Return what is declared, by a person or by a proposal, and the table."""
    if arguments.declared is not None:
        path = Path(arguments.declared)
        declared = read_declared(path.read_text("utf-8"), path.name)
        return declared, read_sheet(arguments.table, declared.mapping.updated(mapping))
    if not arguments.target:
        raise DataError("name the column with the results: --target COLUMN")
    sheet = read_sheet(arguments.table, mapping)
    if few(len(sheet.rows)) and not arguments.anyway:
        raise DataError(few(len(sheet.rows)) + MORE)
    name = arguments.name or _slug(Path(arguments.table).stem)
    if name in TASKS:
        raise DataError(f"{name} is a task of satchel's own: say another --name")
    proposed = propose(sheet, arguments.target, name, _mark(arguments.pass_at), mapping)
    # Marks for missing that the proposal found count from here on.
    return proposed, read_sheet(arguments.table, proposed.mapping)


def _mark(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise DataError(f"pass mark {text!r} is no number: give one such as 10") from None


def _slug(stem: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", stem.casefold()).strip("-") or "own"


def describe(declared: Declared, sheet: Sheet) -> Iterator[str]:
    """Yield what was found in a table, a line for each column."""
    kinds = {"score": "a score", "outcome": "an outcome", "levels": "levels"}
    yield f"{len(sheet.rows)} students; {declared.target} is {kinds[declared.kind]}"
    if declared.kind == "outcome":
        yield f"  {declared.labels[1]!r} counts as success, {declared.labels[0]!r} does not"
    elif declared.kind == "score" and declared.pass_at is None:
        yield "  no pass mark: say --pass-at MARK for risks"
    elif declared.pass_at is not None:
        yield f"  passed from {plain(declared.pass_at)} on"
    if declared.naive:
        yield f"  the naive guess is the last mark, {declared.naive}"
    width = max(len(one.name) for one in declared.fields)
    for one in declared.fields:
        text = allowed(one)
        if isinstance(one, Number):
            way = declared.directions.get(one.name, "")
            text += {"increasing": ", more is better", "decreasing": ", more is worse"}.get(way, "")
        text += ", sensitive" if one.sensitive else ""
        text = text if len(text) <= SHOWN else text[:SHOWN] + "..."
        yield f"  {one.name:{min(width, SHOWN)}}  {text}"
    for name, why in declared.left_out.items():
        yield f"  left out: {name}: {why}"
    if sheet.passed:
        yield f"  {sheet.passed} rows are no students, and are left out"
    for remark in sheet.remarks:
        yield f"  {remark}"


def _compared(task: Task, choice: Choice) -> Iterator[str]:
    measure = said(task.measure)
    sign = -1.0 if task.measure == "accuracy" else 1.0
    yield f"{measure} over all folds; the naive guess has {choice.naive:.3f}"
    for one in choice.compared:
        behind = (
            f"{one.behind:.3f} behind (standard error {one.error:.3f})" if one.behind else "best"
        )
        picked = "  <- picked" if one.model == choice.picked else ""
        yield f"  {one.model:20} {sign * one.loss:8.3f}  {behind}{picked}"
    by_model = {one.model: one for one in choice.compared}
    plausible, taken = by_model.get("monotonic-mlp"), by_model[choice.picked]
    if plausible is not None and plausible.loss > taken.loss:
        yield (
            f"Keeping the declared directions, as monotonic-mlp does, costs "
            f"{plausible.loss - taken.loss:.3f}; --model monotonic-mlp takes it"
        )
