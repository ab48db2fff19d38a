"""What a table of a school probably holds: a task proposed, for a person to correct."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from satchel import DataError, TableMapping
from satchel.spec import Category, Feature, Monotonic, Number
from satchel.tables.class_list import GROUPS, NAMES
from satchel.tables.marks import CellReader
from satchel.tables.totals import totals_in_names
from satchel.values import quoted
from satchel.wording import plain_name
from satchel_training.own.declared import Declared, Kind
from satchel_training.own.sheet import Sheet

NEARLY_EMPTY = 0.9  # of a column that is missing: too little to learn from
NUMERIC = 0.9  # of the cells of a column that are numbers: the others are marks for missing
MOST_VALUES = 20  # of a category
MOST_LABELS = 10  # of a target: a number of more different values is a score
TOO_WELL = 0.98  # rank correlation with a score, beyond which a column tells the answer
TOO_WELL_AUC = 0.995  # the same of an outcome
OFTEN = 5  # rows of a label: by chance alone a rarer one may lie apart
ALIKE = 0.75  # spellings of one label
RARE = 0.02  # of the rows: a label that is so rare and spelled like another is a slip
TOTALS = (5, 10, 20, 100)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[^\W_]+")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([ T].*)?|\d\d?[./-]\d\d?[./-]\d{2,4}([ T].*)?")
_MARKS = _words(
    """
    grade grades mark marks score scores test tests quiz quizzes exam exams points homework
    assignment assignments coursework midterm note notes punkte nota notas
    """
)
_MORE_IS_BETTER = _MARKS | _words(
    """
    attendance attended studytime study hours submitted completed effort
    """
)
_MORE_IS_WORSE = _words(
    """
    absence absences absent failure failures failed missed missing late lates tardy tardies
    detention detentions retakes repeats suspensions
    """
)
_SENSITIVE = _words(
    """
    sex gender race ethnicity ethnic religion nationality disability income ses guardian
    migration birthplace immigrant minority lunch poverty health romantic
    """
)
_CHANGEABLE = _words(
    """
    absence absences attendance homework study studytime hours late tardy tutoring submitted
    assignments sleep
    """
)
_LATER = _words(
    """
    next later resit retake final outcome result passed graduated graduation diploma certificate
    decision promoted following
    """
)
_YES = _words(
    """
    pass passed yes y true 1 success graduated completed promoted good
    """
)
_YEAR, _YEARS = frozenset(("year", "schoolyear", "cohort", "jahr", "annee", "ano")), (1950, 2100)


@dataclass(frozen=True, eq=False)
class _Column:
    """One column: its texts, and its numbers where it holds numbers."""

    name: str
    texts: list[str]
    numbers: NDArray[np.float64] | None
    words: tuple[str, ...]  # that are no numbers in a column of numbers

    @property
    def plain(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.name.casefold().replace("_", " ")))

    @property
    def present(self) -> list[str]:
        return [text for text in self.texts if text]

    @property
    def values(self) -> list[str]:
        return sorted(set(self.present))


def propose(
    sheet: Sheet,
    target: str,
    name: str,
    pass_at: float | None = None,
    mapping: TableMapping | None = None,
) -> Declared:
    """Return what can probably be learned from a table.

    Parameters
    ----------
    sheet : Sheet
    target : str
        The column with the results.
    name : str
        Of the task.
    pass_at : float or None
        The pass mark, in the target's own points.
    mapping : TableMapping, optional
        How the table was read.

    Raises
    ------
    DataError
        Where there is no such column, it holds nothing that can be learned, or no other column
        can be asked.
    """
    if target not in sheet.header:
        near = difflib.get_close_matches(target, sheet.header, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {quoted(sheet.header)}"
        raise DataError(f"the table has no column {target!r}{hint}")
    every = {one: _column(sheet, one) for one in sheet.header if one}
    answer = every.pop(target)
    kind, labels = _kind(answer)
    known = np.array([text != "" for text in answer.texts])
    truth = _truth(answer, kind, labels)
    limits = _limits(answer) if kind == "score" else (None, None)
    if pass_at is not None and kind != "score":
        raise DataError(f"{target} holds labels, so it needs no pass mark: leave --pass-at out")

    left_out: dict[str, str] = {}
    features: list[Feature] = []
    directions: dict[str, Monotonic] = {}
    missing: list[str] = list(answer.words if kind == "score" else ())
    group = year = naive = ""
    for column in every.values():
        if not year and _is_year(column):
            year = column.name
            left_out[year] = "it is the year: the last one is held out"
            continue
        if not group and _is_group(column):
            group = column.name
            left_out[group] = "it is the group: its students stay together in a fold"
            continue
        why = _why_not(column, answer, known, truth, kind)
        if why:
            left_out[column.name] = why
            continue
        feature = _feature(column)
        features.append(feature)
        if isinstance(feature, Number):
            missing += column.words
            direction = _direction(column, known, truth)
            if direction:
                directions[column.name] = direction
            if kind == "score" and feature.limits == limits and column.plain & _MARKS:
                naive = column.name  # the last mark on the scale of the result
    if not features:
        listed = "; ".join(f"{column}: {why}" for column, why in list(left_out.items())[:5])
        raise DataError(f"no column is left that {target} could be learned from ({listed})")
    mapping = mapping or TableMapping()
    marks = tuple(dict.fromkeys((*mapping.missing, *missing)))
    return Declared(
        name=name,
        target=target,
        kind=kind,
        labels=labels,
        limits=limits,
        pass_at=pass_at,
        naive=naive,
        group=group,
        year=year,
        fields=tuple(features),
        # Where some lacked it already, the model has learned what to say without it.
        needed=(naive,) if naive and all(every[naive].texts) and not every[naive].words else (),
        directions=directions,
        left_out=left_out,
        mapping=TableMapping(
            mapping.columns, mapping.values, mapping.constants, marks, mapping.options
        ),
    )


def _column(sheet: Sheet, name: str) -> _Column:
    texts = sheet.texts(name)
    reader = CellReader(name, Number(name=name, label=name), sheet.marks)
    read: dict[str, float] = {}
    for cell, text in zip(sheet.cells(name), texts, strict=True):
        if text and text not in read:
            try:
                read[text] = float(reader.read(cell))  # type: ignore[arg-type]
            except (TypeError, ValueError):
                if text.endswith("%"):
                    read[text] = _percent(text)
    present = [text for text in texts if text]
    right = sum(text in read and not np.isnan(read[text]) for text in present)
    if not present or right < NUMERIC * len(present):
        return _Column(name, texts, None, ())
    words = tuple(sorted({text for text in present if text not in read or np.isnan(read[text])}))
    numbers = np.array([read.get(text, np.nan) for text in texts])
    return _Column(name, texts, numbers, words)


def _percent(text: str) -> float:
    try:
        return float(text.rstrip("% ").replace(",", "."))
    except ValueError:
        return np.nan


def _kind(answer: _Column) -> tuple[Kind, tuple[str, ...]]:
    """Return whether a target is a score, an outcome or levels, with its labels."""
    values = answer.values
    if not values:
        raise DataError(f"{answer.name} has no value in any row")
    if len(values) < 2:
        raise DataError(
            f"{answer.name} is the same in every row, so there is nothing to learn from it"
        )
    if answer.numbers is not None and len(values) > 2:
        return "score", ()
    counts = Counter(answer.present)
    for label, count in counts.items():
        others = [one for one in values if counts[one] > count]
        near = difflib.get_close_matches(label, others, 1, ALIKE)
        if near and count <= max(2, RARE * len(answer.present)):
            raise DataError(
                f"{answer.name} is {label!r} in {count} of {len(answer.present)} rows: is it "
                f"{near[0]!r}? Mend the file, or say --map-value "
                f'"{answer.name}:{label}={near[0]}"'
            )
    if len(values) > MOST_LABELS:
        raise DataError(
            f"{answer.name} has {len(values)} different texts, {quoted(values[:3])} among them: "
            "name a column of scores, or of at most ten labels"
        )
    if len(values) > 2:
        return "levels", tuple(values)
    good = [value for value in values if plain_name(value) in _YES]
    success = good[0] if len(good) == 1 else values[-1]
    return "outcome", (next(value for value in values if value != success), success)


def _truth(answer: _Column, kind: Kind, labels: Sequence[str]) -> NDArray[np.float64]:
    """Return the target as numbers, NaN where it is missing."""
    if kind == "score":
        assert answer.numbers is not None
        return answer.numbers
    codes = {label: float(code) for code, label in enumerate(labels)}
    return np.array([codes.get(text, np.nan) for text in answer.texts])


def _limits(column: _Column) -> tuple[float | None, float | None]:
    """Return the least and the most that marks can be: by their name, or by their range."""
    assert column.numbers is not None
    low, high = float(np.nanmin(column.numbers)), float(np.nanmax(column.numbers))
    if low < 0:
        return None, None
    total = totals_in_names([column.name]).get(0)
    if total is not None and high <= total:
        return 0.0, float(total)
    if any(text.endswith("%") for text in column.present) and high <= 100:
        return 0.0, 100.0
    if column.plain & (_MARKS | _LATER):
        return 0.0, next((float(one) for one in TOTALS if 0.5 * one < high <= one), None)
    return 0.0, None


def _why_not(
    column: _Column,
    answer: _Column,
    known: NDArray[np.bool_],
    truth: NDArray[np.float64],
    kind: Kind,
) -> str:
    """Return why a column is not to be asked; nothing where it may be."""
    rows, present, values = len(column.texts), column.present, column.values
    if len(present) <= (1 - NEARLY_EMPTY) * rows:
        return "it is nearly empty" if present else "it is empty"
    if len(values) == 1:
        return "it is the same in every row"
    if plain_name(column.name) in NAMES or "email" in column.plain:
        return "it names the student"
    distinct = len(values) / len(present)
    if column.numbers is None:
        if sum(_DATE.fullmatch(text) is not None for text in present) > 0.5 * len(present):
            return "it holds dates"
        if len(values) > MOST_VALUES:
            return "it names the student" if distinct > 0.95 else "it is free text"
    elif distinct == 1 and len(present) > 30 and (column.numbers == column.numbers.round()).all():
        return "it numbers the rows"
    if _tells(column, known, truth, kind):
        return f"it gives {answer.name} away: it predicts it too well"
    if column.plain & _LATER and not (column.plain & answer.plain & _MARKS):
        return f"by its name it is known only after {answer.name}"
    return ""


def _tells(
    column: _Column, known: NDArray[np.bool_], truth: NDArray[np.float64], kind: Kind
) -> bool:
    """Whether one column alone predicts the target better than anything known beforehand does."""
    if column.numbers is not None:
        both = known & ~np.isnan(column.numbers) & ~np.isnan(truth)
        x, y = column.numbers[both], truth[both]
        if len(y) < 10 or np.ptp(x) == 0 or np.ptp(y) == 0:
            return False
        if kind == "outcome":
            auc = float(roc_auc_score(y, x))
            return max(auc, 1 - auc) > TOO_WELL_AUC
        return abs(float(pd.Series(x).corr(pd.Series(y), method="spearman"))) > TOO_WELL
    # Labels that were made from the result: the ranges of results behind them do not overlap.
    frame = pd.DataFrame({"label": column.texts, "truth": truth})
    frame = frame[(frame.label != "") & known & frame.truth.notna()]
    ranges = frame.groupby("label").truth.agg(["min", "max", "count"]).sort_values("min")
    ranges = ranges[ranges["count"] >= OFTEN]
    if len(ranges) < 2:
        return False
    return bool((ranges["min"].to_numpy()[1:] > ranges["max"].to_numpy()[:-1]).all())


def _feature(column: _Column) -> Feature:
    sensitive = bool(column.plain & _SENSITIVE)
    actionable = bool(column.plain & _CHANGEABLE) and not sensitive
    if column.numbers is None:
        return Category(
            name=column.name,
            label=column.name,
            values=tuple(column.values),
            sensitive=sensitive,
            actionable=actionable,
        )
    percent = any(text.endswith("%") for text in column.present)
    return Number(
        name=column.name,
        label=column.name,
        unit="percent" if percent else "",
        limits=_limits(column),
        sensitive=sensitive,
        actionable=actionable,
    )


def _direction(
    column: _Column, known: NDArray[np.bool_], truth: NDArray[np.float64]
) -> Literal["increasing", "decreasing"] | None:
    """Return the direction that a name tells and the rows do not contradict."""
    assert column.numbers is not None
    worse = bool(column.plain & _MORE_IS_WORSE)
    if not worse and not column.plain & _MORE_IS_BETTER:
        return None
    both = known & ~np.isnan(column.numbers) & ~np.isnan(truth)
    x, y = column.numbers[both], truth[both]
    if len(y) > 10 and np.ptp(x) and np.ptp(y):
        found = float(np.corrcoef(x, y)[0, 1])
        if (found > 0.1 and worse) or (found < -0.1 and not worse):
            return None
    return "decreasing" if worse else "increasing"


def _is_year(column: _Column) -> bool:
    if column.numbers is None or not column.plain & _YEAR or len(column.values) < 2:
        return False
    low, high = float(np.nanmin(column.numbers)), float(np.nanmax(column.numbers))
    return _YEARS[0] <= low and high <= _YEARS[1] and not np.isnan(column.numbers).any()


def _is_group(column: _Column) -> bool:
    is_named = plain_name(column.name) in GROUPS or column.plain & {"school", "class"}
    few = 2 < len(column.values) <= len(column.present) / 3
    return bool(is_named) and few and len(column.present) == len(column.texts)
