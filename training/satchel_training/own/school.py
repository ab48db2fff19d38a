"""A school's declaration and its rows as a task, like any published one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec

import pandas as pd

from satchel import DataError
from satchel.spec import Category, Classes, Feature, Number, Regression
from satchel_training.datasets.source import DataSource
from satchel_training.own.declared import Declared
from satchel_training.own.sheet import Sheet, to_frame
from satchel_training.tasks.task import Task, last_known, logistic_on, mean

LEAST_ROWS, LEAST_RARE = 60, 15
FEW_ROWS, MANY_ROWS = 200, 2_000
SOURCE = "this school's own data"


@dataclass(frozen=True, kw_only=True)
class OwnData(DataSource):
    """A school's own table, read already."""

    frame: pd.DataFrame

    def load(self, folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
        """Return the rows, wherever `folder` is."""
        return self.frame


def task_of(declared: Declared, sheet: Sheet) -> tuple[Task, int]:
    """Return the task, and how many rows are left out because they have no result.

    Parameters
    ----------
    declared : Declared
    sheet : Sheet

    Raises
    ------
    DataError
        Where the table does not hold what is declared.
    """
    target = target_of(declared)
    beside = [_plain_column(sheet, name) for name in (declared.group, declared.year) if name]
    frame = to_frame(sheet, (target, *declared.fields, *beside))
    known = frame[declared.target].notna()
    if not known.any():
        raise DataError(f"{declared.target} has no value in any row")
    frame = frame[known].reset_index(drop=True)
    naive = declared.naive
    marks = naive or next((n for n, way in declared.directions.items() if way == "increasing"), "")
    has_chance = declared.pass_at is not None and bool(marks)
    text = f"the last mark, {naive}" if naive else "the mean"
    if has_chance:
        text += f"; for the probability of passing a logistic regression on {marks}"
    dataset = OwnData(
        name=SOURCE,
        title=f"This school's own data, {len(frame):,} students",
        url="",
        licence="",
        fields=(target, *declared.fields),
        targets=(target.name,),
        identifiers=tuple(declared.left_out),
        generate=_no_more,
        collection="Made by this school from its own data: the school is responsible for the model "
        "and for what is decided with it.",
        composition="One row per student.",
        known_issues="",
        frame=frame,
    )
    small = len(frame) < MANY_ROWS
    return (
        Task(
            name=declared.name,
            title=f"{declared.target}, from this school's own data",
            dataset=dataset,
            features=tuple(one.name for one in declared.fields),
            outputs=(output_of(declared),),
            models=models_of(declared),
            naive=last_known(naive) if naive else mean,
            naive_text=text if declared.kind == "score" else "the share of each label",
            naive_chance=logistic_on(marks) if has_chance else None,
            targets={output_name(declared.target): declared.target},
            measure={"score": "rmse", "outcome": "log_loss", "levels": "accuracy"}[declared.kind],
            monotonic=declared.directions,
            required=declared.needed,
            grouped_by=declared.group,
            last_of=declared.year,
            refit=True,
            runs=3 if small else 1,
            folds=10 if small else 5,
            intended_use="A second opinion for a teacher of this school on which students may need "
            "support.",
            unintended_use="Any automatic decision about a student: grading, admission, streaming "
            "or discipline.",
            limitations=(
                "It knows this school as it was in the rows that it learned from; other years, "
                "teachers and tests may differ.",
            ),
        ),
        int((~known).sum()),
    )


def models_of(declared: Declared) -> tuple[str, ...]:
    """Return the models that are compared, the simplest first; a network where PyTorch is."""
    has_network = declared.kind != "levels" and find_spec("torch") is not None
    return (
        "ridge" if declared.kind == "score" else "logistic-unbalanced",
        *(("monotonic-mlp",) if has_network else ()),
        "gradient-boosting",
        "random-forest",
    )


def too_few(task: Task, declared: Declared) -> str:
    """Return why the rows are too few to learn from; nothing where they are not."""
    frame = task.dataset.load()
    if len(frame) < LEAST_ROWS:
        return few(len(frame))
    if len(declared.fields) > len(frame):
        return (
            f"{len(declared.fields):,} fields are more than the {len(frame):,} students: keep "
            "those that matter in the declaration"
        )
    if declared.kind == "outcome":
        counts = frame[declared.target].value_counts()
        rare = counts.idxmin()
        if counts[rare] < LEAST_RARE:
            return (
                f"{declared.target} is {rare!r} for {counts[rare]} students: at least "
                f"{LEAST_RARE} of the rarer outcome are needed"
            )
    return ""


def few(rows: int) -> str:
    """Return that so many rows are too few; nothing where they are not."""
    if rows >= LEAST_ROWS:
        return ""
    return f"{rows} students with a result are too few: at least {LEAST_ROWS} are needed"


def output_name(target: str) -> str:
    """Return a target's name as that of an output, which names a folder too."""
    return re.sub(r"[^\w .-]+", " ", target).strip(" .") or "result"


def output_of(declared: Declared) -> Regression | Classes:
    """Return the output that answers what is declared."""
    name = output_name(declared.target)
    if declared.kind == "score":
        high = declared.limits[1]
        return Regression(
            name=name,
            label=declared.target,
            unit=f"points of {high:g}" if high is not None else "points",
            limits=declared.limits,
            decimals=1,
            pass_at=declared.pass_at,
        )
    positive = declared.labels[1] if declared.kind == "outcome" else None
    return Classes(name=name, label=declared.target, labels=declared.labels, positive=positive)


def target_of(declared: Declared) -> Feature:
    """Return the column with the results, as a field."""
    name = declared.target
    if declared.kind == "score":
        return Number(name=name, label=name, limits=declared.limits)
    return Category(name=name, label=name, values=declared.labels)


def _plain_column(sheet: Sheet, name: str) -> Category:
    """Return a column of groups or years, whatever it holds."""
    if name not in sheet.header:
        raise DataError(f"the table has no column {name!r}")
    values = tuple(sorted(set(filter(None, sheet.texts(name)))))
    return Category(name=name, label=name, values=values)


def _no_more(rows: int, seed: int) -> pd.DataFrame:
    raise DataError("nobody can make more rows of a school's own data")
