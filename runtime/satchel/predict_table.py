"""Predictions for a table of text cells: which column is which field, and what is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from satchel.errors import Problem, RecordError, TableError
from satchel.prediction import Prediction, Predictions
from satchel.predictor import Predictor
from satchel.spec import Classes, Regression
from satchel.values import is_missing


class TablePredictor:
    """Predicts the rows of one table, chunk by chunk.

    Parameters
    ----------
    predictor : Predictor
    header : sequence of str
        Names of the table's columns.
    mapping : mapping of str to str
        From the name of a column to the field it holds, where the two differ.
    brief : bool
        Whether the answer leaves out the columns that the model has read.

    Attributes
    ----------
    header : list of str
        Names of the columns of the answer: those that came, then those of the prediction.
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
    ) -> None:
        self._predictor = predictor
        self._width = len(header)
        self.count = self.refused = 0
        features = {feature.name: feature for feature in predictor.spec.inputs.features}
        for theirs, ours in mapping.items():
            if theirs not in header:
                raise TableError(f"there is no column {theirs!r} to map{_hint(theirs, header)}")
            if ours not in features:
                raise TableError(f"the model has no field {ours!r}{_hint(ours, features)}")
        fields = [mapping.get(name, name) for name in header]
        self._places = {name: i for i, name in enumerate(fields) if name in features}
        repeated = {name for name in self._places if fields.count(name) > 1}
        if repeated:
            raise TableError(f"several columns hold {sorted(repeated)}")
        self.unused = [name for name in fields if name not in features]
        self.absent = [name for name in features if name not in self._places]
        required = [
            f"{name}{_hint(name, self.unused, map_to=name)}"
            for name in self.absent
            if features[name].required
        ]
        if required:
            raise TableError(f"the table has no column for {'; '.join(required)}")
        if not self._places:
            raise TableError("the table has no column that holds a field of the model")
        answers = list(_columns(predictor))
        clash = [name for name in answers if name in header]
        if clash:
            raise TableError(f"the table already has the columns {clash}; rename or remove them")
        read = set(self._places.values()) if brief else set()
        self._kept = [i for i in range(len(header)) if i not in read]
        self.header = [*(header[i] for i in self._kept), *answers]
        self._answers = len(answers)

    def predict(self, rows: Sequence[Sequence[str]]) -> Predictions:
        """Predict one chunk of rows; an empty one, or one of another width, is refused."""
        blank = [""] * self._width
        refused = {i: message for i, row in enumerate(rows) if (message := self._refuse(row))}
        cells = list(
            zip(*(blank if i in refused else row for i, row in enumerate(rows)), strict=True)
        )
        predictions = self._predictor.predict_many({n: cells[i] for n, i in self._places.items()})
        errors = {i: RecordError([Problem("", message)]) for i, message in refused.items()}
        predictions = replace(predictions, errors={**predictions.errors, **errors})
        self.count += len(rows)
        self.refused += len(predictions.errors)
        return predictions

    def _refuse(self, row: Sequence[str]) -> str:
        if len(row) != self._width:
            return f"the row has {len(row)} cells, the header {self._width}"
        if all(is_missing(row[i]) for i in self._places.values()):
            return "the row is empty"
        return ""

    def rows(self, rows: Sequence[Sequence[str]], items: Predictions) -> Iterator[list[str]]:
        """Yield the rows of the answer, under the columns of `header`."""
        empty = [""] * (self._answers - 1)
        for row, item in zip(rows, items, strict=True):
            cells = [row[i] if i < len(row) else "" for i in self._kept]
            if isinstance(item, Prediction):
                notes = [str(note) for note in item.notes if note.field not in self.absent]
                yield [*cells, *_cells(item), "; ".join(notes), ""]
            else:
                extra = row[self._width :]
                lost = f"; cells beyond the header: {list(extra)}" if extra else ""
                yield [*cells, *empty, f"{item}{lost}"]


def _columns(predictor: Predictor) -> Iterator[str]:
    for output in predictor.spec.outputs:
        name = f"predicted_{output.name}"
        yield name
        if isinstance(output, Regression):
            if output.pass_at is not None:
                yield f"{name}_label"
            if output.calibration is not None:
                yield f"{name}_probability"
            for level in () if output.intervals is None else output.intervals.levels:
                yield f"{name}_low_{level.level:g}"
                yield f"{name}_high_{level.level:g}"
        elif isinstance(output, Classes) and output.positive is not None:
            yield f"{name}_probability"
    if predictor.spec.advice is not None:
        yield "advice"
    yield "notes"
    yield "error"


def _cells(prediction: Prediction) -> Iterator[str]:
    for answer in prediction.outputs.values():
        if answer.value is not None:
            yield repr(answer.value)
        if answer.label is not None:
            yield answer.label
        if answer.probability is not None:
            yield repr(answer.probability)
        for interval in answer.intervals:
            yield repr(interval.low)
            yield repr(interval.high)
    if prediction.advice is not None:
        yield prediction.advice


def _hint(name: str, known: Iterable[str], map_to: str = "") -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    if not close:
        return ""
    return f" (--map {close[0]}={map_to}?)" if map_to else f"; did you mean {close[0]!r}?"
