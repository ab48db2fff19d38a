"""Evaluation on a table: which column holds the truth, and which rows can be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.errors import TableError
from satchel.measure.evaluation import Evaluation, evaluate
from satchel.prediction import Answers
from satchel.spec import Classes, Score
from satchel.tables.cells import as_text
from satchel.tables.columns import Part
from satchel.tables.mapping import read_columns
from satchel.tables.marks import CellReader
from satchel.tables.run import TableRun
from satchel.tables.table import Row, clean_name
from satchel.values import is_missing, read_number, read_text, shown
from satchel.wording import argument, meant, nearest

LISTED = 5
LIKE = 0.5  # less alike than a slip of the pen: a target may be called "math score" for "math"
BEYOND = 1e100  # squares and sums of smaller numbers stay finite


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that cannot be used, and why.

    Attributes
    ----------
    row : int
        As a spreadsheet counts.
    """

    row: int
    reason: str


class TableEvaluator:
    """Predicts the rows of one table, to hold the answers against the truth.

    Parameters
    ----------
    run : TableRun
        The table on its way through the model.
    targets : mapping of str to str
        From the name of an output to the column of its true values, where the two differ.
    by : sequence of str
        Columns, or fields of the model, whose values are the groups to compare.

    Attributes
    ----------
    outputs : dict
        The outputs that can be evaluated, by name: all but segments.
    columns : dict
        From the name of an output to the column of its true values, where there is one.
    absent : list of str
        Optional fields without a column, which are imputed.
    count, left_out : int
        Rows seen so far, and how many of them could not be used, for one output or for all.
    listed : list of LeftOut
        The first few of those.

    Raises
    ------
    TableError
        Where no output has a column of true values, or a name is not there.
    """

    def __init__(self, run: TableRun, targets: Mapping[str, str], by: Sequence[str] = ()) -> None:
        self._run = run
        spec, header = run.predictor.spec, [clean_name(name) for name in run.header]
        self.outputs = {
            output.name: output for output in spec.outputs if isinstance(output, Score | Classes)
        }
        self.absent = run.fields.absent
        targets = {name: clean_name(column) for name, column in targets.items()}
        self.columns = _target_columns(self.outputs, header, targets, run.fields.unused)
        self.count = self.left_out = 0
        self.listed: list[LeftOut] = []
        self._places = {name: header.index(column) for name, column in self.columns.items()}
        self._readers = {
            name: CellReader(column, self.outputs[name], run.marks)
            for name, column in self.columns.items()
        }
        mapped = read_columns(spec, run.mapping.columns).items()
        theirs = {held.field: column for column, held in mapped}
        self._by = {name: header.index(_group_column(name, header, theirs)) for name in by}
        self._true: dict[str, list[Any]] = {name: [] for name in self.columns}
        self._answers: dict[str, list[Answers]] = {name: [] for name in self.columns}
        self._groups: dict[str, list[str]] = {name: [] for name in self._by}

    def read(self) -> None:
        """Predict all rows, and read what is true of them."""
        for part in self._run:
            if isinstance(part, Part):
                self._read_part(part)

    def _read_part(self, part: Part) -> None:
        predictions = part.predictions
        for name, answers in self._answers.items():
            answers.append(predictions.outputs[name])
        for i, row in enumerate(part.rows):
            self.count += 1
            refused = predictions.errors.get(i)
            reasons = [str(refused)] if refused is not None else self._read_row(row)
            if refused is not None:
                for values in (*self._true.values(), *self._groups.values()):
                    values.append(None)
            if reasons:
                self.left_out += 1
                if len(self.listed) < LISTED:
                    self.listed.append(LeftOut(part.numbers[i], "; ".join(reasons)))

    def _read_row(self, row: Row) -> list[str]:
        """Take the true values and groups of a row, and return what is wrong with them."""
        wrong = []
        for name, place in self._places.items():
            true, problem = None, ""
            try:
                cell = self._readers[name].read(row[place])
            except ValueError as error:
                wrong.append(str(error))
            else:
                true, problem = _read_target(self.outputs[name], cell)
            self._true[name].append(true)
            if problem:
                wrong.append(f"{self.columns[name]} {problem}")
        for name, place in self._by.items():
            self._groups[name].append(as_text(row[place]).strip())
        return wrong

    def evaluate(self) -> dict[str, Evaluation]:
        """Return the evaluation of every output that has a row to evaluate.

        Raises
        ------
        TableError
            Where there is none at all.
        """
        found = {}
        for name, values in self._true.items():
            used = np.array([value is not None for value in values], bool)
            if not used.any():
                continue
            output = self.outputs[name]
            true = np.array(values, object)[used]
            found[name] = evaluate(
                output,
                true.astype(np.float64) if isinstance(output, Score) else true,
                _joined(self._answers[name], used),
                {by: np.array(groups, object)[used] for by, groups in self._groups.items()},
            )
        if not found:
            columns = " or ".join(repr(column) for column in self.columns.values())
            first = f": row {self.listed[0].row}: {self.listed[0].reason}" if self.listed else ""
            raise TableError(f"no row can be used with a true value in {columns}{first}")
        return found


def _target_columns(
    outputs: Mapping[str, object],
    header: Sequence[str],
    targets: Mapping[str, str],
    unused: Sequence[str],
) -> dict[str, str]:
    if not outputs:
        raise TableError("the model gives segments alone, and no segment is true or false")
    for name, column in targets.items():
        if name not in outputs:
            raise TableError(f"the model has no output {name!r}{meant(name, outputs, LIKE)}")
        if column not in header:
            raise TableError(
                f"there is no column {column!r} with the true {name}{meant(column, header, LIKE)}"
            )
    columns = {name: targets.get(name, name) for name in outputs}
    found = {name: column for name, column in columns.items() if column in header}
    if found:
        return found
    wanted = []
    for name in columns:
        pair = f"{name}={nearest(name, unused, LIKE) or 'COLUMN'}"
        wanted.append(f"{name!r} (--target {argument(pair)}?)")
    raise TableError(f"the table has no column of true values: {' or '.join(wanted)}")


def _group_column(name: str, header: Sequence[str], theirs: Mapping[str, str]) -> str:
    for column in (name, theirs.get(name, name)):
        if column in header:
            return column
    raise TableError(f"there is no column {name!r} to group by{meant(name, header, LIKE)}")


def _read_target(output: Score | Classes, cell: object) -> tuple[float | str | None, str]:
    """Return the true value, or what is wrong with it."""
    if is_missing(cell):
        return None, "is missing"
    if isinstance(output, Score):
        try:
            number = read_number(cell)
        except ValueError as error:
            return None, f"= {shown(cell)} {error}"
        return (number, "") if abs(number) < BEYOND else (None, f"= {shown(cell)} is too large")
    try:
        label = read_text(cell)
    except ValueError:
        label = ""
    if label in output.labels:
        return label, ""
    allowed = ", ".join(output.labels)
    return None, f"= {shown(cell)} is not one of {allowed}{meant(label, output.labels, LIKE)}"


def _joined(parts: Sequence[Answers], used: NDArray[np.bool_]) -> Answers:
    """Return the answers of all chunks as one, for the rows that are used."""

    def joined(arrays: Sequence[Any]) -> Any:
        return None if arrays[0] is None else np.concatenate(arrays)[used]

    intervals = []
    for same_level in zip(*(part.intervals for part in parts), strict=True):
        levels, lows, highs = zip(*same_level, strict=True)
        intervals.append((levels[0], joined(lows), joined(highs)))
    return Answers(
        value=joined([part.value for part in parts]),
        unit=parts[0].unit,
        label=joined([part.label for part in parts]),
        probability=joined([part.probability for part in parts]),
        intervals=tuple(intervals),
        risk=joined([part.risk for part in parts]),
        mean=joined([part.mean for part in parts]),
    )
