"""Predictions for a table: which column is which field, and what is written."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satchel.errors import Problem, RecordError, TableError
from satchel.note import doubts
from satchel.prediction import Predictions
from satchel.predictor import Predictor
from satchel.spec import Classes, Number, Regression
from satchel.tables import average
from satchel.tables.csv.plain import PlainRows
from satchel.tables.mapping import Held, hint, read_mapping
from satchel.tables.marks import CellReader, Marks
from satchel.tables.scale import ScaleWatch
from satchel.tables.table import Answered, Row, column_of
from satchel.values import is_missing
from satchel.wording import meant

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn

LISTED_COLUMNS = 12


class TablePredictor:
    """Predicts the rows of one table, chunk by chunk.

    Parameters
    ----------
    predictor : Predictor
    header : sequence of str
        Names of the table's columns.
    mapping : mapping of str to str
        From the name of a column to the field it holds, where the two differ; ``FIELD/TOTAL``
        where its marks are out of another total than the field's upper limit.
    brief : bool
        Whether the answer leaves out the columns that the model has read.
    marks : Marks
        How the table writes what is missing, and its decimals.

    Attributes
    ----------
    header : list of str
        Names of the columns of the answer: those that came, then those of the prediction.
    places : list of int or None
        For each of them, which of the table's columns it is.
    numbers : list of bool
        For each of them, whether it is a predicted number.
    unused : list of str
        Columns that hold no field of the model; they pass through.
    absent : list of str
        Optional fields without a column; that they are imputed is said here once, and not
        among the notes of every row.
    count, refused : int
        Rows seen so far, and how many of them could not be read.

    Raises
    ------
    TableError
        Where a required field has no column, a mapping names what is not there, or the answer
        would name a column twice.
    """

    def __init__(
        self,
        predictor: Predictor,
        header: Sequence[str],
        mapping: Mapping[str, str],
        brief: bool = False,
        marks: Marks | None = None,
    ) -> None:
        self._predictor = predictor
        self._width, self._fields = len(header), len(predictor.spec.inputs.features)
        self.count = self.refused = 0
        features = {feature.name: feature for feature in predictor.spec.inputs.features}
        for theirs in mapping:
            if theirs not in header:
                raise TableError(f"there is no column {theirs!r} to map{meant(theirs, header)}")
        held = read_mapping(predictor.spec, mapping)
        fields = [held.get(name, Held(name)) for name in header]
        names = [one.field for one in fields]
        self._places = {name: i for i, name in enumerate(names) if name in features}
        repeated = {name for name in self._places if names.count(name) > 1}
        if repeated:
            raise TableError(f"several columns hold {sorted(repeated)}")
        self.unused = [name for name in names if name and name not in features]
        self.absent = [name for name in features if name not in self._places]
        required = [
            f"{name}{_map_hint(name, self.unused)}"
            for name in self.absent
            if features[name].required
        ]
        if required:
            raise TableError(
                f"the table has no column for {'; '.join(required)}{self._listed(header)}"
            )
        if not self._places:
            raise TableError(
                f"the table has no column that holds a field of the model{self._listed(header)}"
            )
        answers = dict(_columns(predictor))
        clash = [name for name in answers if name in header]
        if clash:
            raise TableError(f"the table already has the columns {clash}; rename or remove them")
        marks = marks or Marks()
        self._readers = {
            name: CellReader(name, features[name], marks, fields[i].total, header[i])
            for name, i in self._places.items()
        }
        self._scales = {
            name: ScaleWatch(feature, predictor.spec, header[i])
            for name, i in self._places.items()
            if isinstance(feature := features[name], Number)
        }
        self._blank = set(self._places)
        self._rounded = [
            one.field
            for one in fields
            if one.total is not None
            and isinstance(feature := features[one.field], Number)
            and feature.integer
        ]
        read = set(self._places.values()) if brief else set()
        self._kept = [i for i in range(len(header)) if i not in read]
        self.header = [*(header[i] for i in self._kept), *answers]
        self.places: list[int | None] = [*self._kept, *(None for _ in answers)]
        self.numbers = [*(False for _ in self._kept), *answers.values()]
        self._answers = len(answers)

    def _listed(self, header: Sequence[str]) -> str:
        """Return the table's columns, where none of them is a field of the model."""
        if self._places:
            return ""
        listed = ", ".join(map(repr, header[:LISTED_COLUMNS]))
        more = len(header) - LISTED_COLUMNS
        and_more = f" and {more} more" if more > 0 else ""
        return f"; its columns are {listed}{and_more} (--header-row, --map)"

    def predict(self, rows: Sequence[Row]) -> Predictions:
        """Predict one chunk of rows; an empty one, or one of another width, is refused."""
        return self.read_and_predict(rows)[1]

    def read_and_predict(self, rows: Sequence[Row]) -> tuple[dict[str, RawColumn], Predictions]:
        """Return the values by field, as read, and the predictions of one chunk of rows."""
        refused: dict[int, list[str]] = {}
        whole = rows
        if not isinstance(rows, PlainRows):
            refused = {
                i: [f"the row has {len(row)} cells, the header {self._width}"]
                for i, row in enumerate(rows)
                if len(row) != self._width
            }
            blank: Row = [""] * self._width
            whole = [blank if i in refused else row for i, row in enumerate(rows)]
        values: dict[str, RawColumn] = {}
        cells: dict[str, RawColumn] = {}
        unclear: dict[int, list[str]] = {}
        empty = np.ones(len(rows), bool)
        for name, place in self._places.items():
            cells[name] = column_of(whole, place)
            values[name], wrong = self._readers[name].column(cells[name])
            if name in self._scales:
                self._scales[name].see(values[name])
            for i, message in wrong.items():
                unclear.setdefault(i, []).append(message)
            if name in self._blank or empty.any():
                missing = _missing(values[name])
                if wrong or not missing.all():
                    self._blank.discard(name)
                empty &= missing
        for i in np.flatnonzero(empty).tolist():
            if i not in refused and i not in unclear:
                refused[i] = ["the row is empty"]
        predictions = self._predictor.predict_many(values)
        errors = self._with_texts(predictions.errors, values, cells)
        for i, messages in (unclear | refused).items():
            errors[i] = RecordError([Problem("", message) for message in messages])
        predictions = replace(predictions, errors=errors)
        self.count += len(rows)
        self.refused += len(predictions.errors)
        return values, predictions

    def _with_texts(
        self,
        errors: Mapping[int, RecordError],
        values: Mapping[str, RawColumn],
        cells: Mapping[str, RawColumn],
    ) -> dict[int, RecordError]:
        """Return the errors of rows as they are of their texts: '21' stood there, not 21.0."""
        if not errors:
            return {}
        rows = list(errors)
        texts = {
            name: [
                str(cells[name][i]) if isinstance(values[name], np.ndarray) else values[name][i]
                for i in rows
            ]
            for name in values
        }
        again = self._predictor.predict_many(texts).errors
        return {i: again.get(k, errors[i]) for k, i in enumerate(rows)}

    def answer(self, rows: Sequence[Row], items: Predictions) -> Answered:
        """Return the rows of the answer, under the columns of `header`."""
        notes: list[object] = [""] * len(rows)
        reasons: list[object] = [""] * len(rows)
        for i, found in items.notes.items():
            notes[i] = "; ".join(str(note) for note in found if note.field not in self.absent)
            reasons[i] = "; ".join(doubts(found, self._fields))
        errors: list[object] = [None] * len(rows)
        for i, error in items.errors.items():
            extra = rows[i][self._width :]
            lost = f"; cells beyond the header: {list(extra)}" if extra else ""
            errors[i] = f"{error}{lost}"
        columns = [*_cells(items), reasons, notes, errors]
        for column in columns[:-1]:
            for i in items.errors:
                column[i] = None
        return Answered(rows, self._kept, columns)

    def unpredicted(self, row: Row) -> list[object]:
        """Return the row of averages as a row of the answer."""
        cells = [row[i] if i < len(row) else None for i in self._kept]
        return [*cells, *[None] * (self._answers - 2), average.NOTE, None]

    def remarks(self) -> Iterator[str]:
        """Yield what a person should know of the columns, once all rows have been seen."""
        for name in self._rounded:
            yield f"{name} takes whole numbers: marks out of another total were rounded"
        for name in self._places if self.count else ():
            if name in self._blank:
                yield (
                    f"Warning: no row has a value of {name}; if its column is not empty, save the "
                    "table again, so that its formulas have values"
                )
        for scale in self._scales.values():
            if warning := scale.warning():
                yield f"Warning: {warning}"


def _columns(predictor: Predictor) -> Iterator[tuple[str, bool]]:
    """Yield the names of the columns of a prediction, and whether each holds numbers."""
    for output in predictor.spec.outputs:
        name = f"predicted_{output.name}"
        yield name, isinstance(output, Regression)
        if isinstance(output, Regression):
            if output.pass_at is not None:
                yield f"{name}_label", False
            if output.calibration is not None:
                yield f"{name}_probability", True
            for level in () if output.intervals is None else output.intervals.levels:
                yield f"{name}_low_{level.level:g}", True
                yield f"{name}_high_{level.level:g}", True
        elif isinstance(output, Classes) and output.positive is not None:
            yield f"{name}_probability", True
    if predictor.spec.advice is not None:
        yield "advice", False
    yield "doubts", False
    yield "notes", False
    yield "error", False


def _cells(items: Predictions) -> Iterator[list[object]]:
    """Yield the columns of `_columns`, but for doubts, notes and errors."""
    for answers in items.outputs.values():
        columns = [answers.value, answers.label, answers.probability]
        columns += [bound for _, low, high in answers.intervals for bound in (low, high)]
        yield from (column.tolist() for column in columns if column is not None)
    if items.advice is not None:
        yield items.advice.tolist()


def _missing(values: RawColumn) -> NDArray[np.bool_]:
    if not isinstance(values, np.ndarray):
        return np.fromiter(map(is_missing, values), bool, len(values))
    return np.isnan(values) if values.dtype.kind == "f" else values == ""


def _map_hint(name: str, known: Iterable[str]) -> str:
    close = hint(name, known)
    return f" (--map {shlex.quote(f'{close}={name}')}?)" if close else ""
