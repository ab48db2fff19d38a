"""The columns that an answer adds to a table: one list, each with its name, type and cells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from satchel.errors import TableError
from satchel.note import doubts
from satchel.prediction import Floats, Predictions
from satchel.predictor import Predictor
from satchel.spec import Classes, Output, Score, Spec
from satchel.tables.table import Row
from satchel.wording import meant

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn


DECIMALS = 4  # of a probability
ALWAYS = ("error",)

Cells = Sequence[object]


@dataclass(frozen=True, slots=True)
class Part:
    """Some students of a table, and what the model says of them.

    Attributes
    ----------
    rows : sequence of sequence
        Their cells.
    numbers : sequence of int
        Where they stand in the table.
    values : mapping of str to columns
        What was read, by field.
    predictions : Predictions
    """

    rows: Sequence[Row]
    numbers: Sequence[int]
    values: Mapping[str, RawColumn]
    predictions: Predictions

    def record(self, row: int) -> dict[str, object]:
        """Return what was read of one row, as a record."""
        return {name: column[row] for name, column in self.values.items()}


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """One column of an answer.

    Attributes
    ----------
    name : str
    kind : str
        ``number``; ``probability``, a number from 0 to 1 of at most four decimals; or ``text``.
    cells : callable
        From a `Part` to one cell for each row; of rows that were refused anything.
    """

    name: str
    kind: Literal["number", "probability", "text"]
    cells: Callable[[Part], Cells]

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return self.kind != "text"


def answer_columns(
    predictor: Predictor,
    absent: Collection[str] = (),
    chosen: Sequence[str] | None = None,
    reasons: int = 0,
) -> list[AnswerColumn]:
    """Return the columns of an answer.

    Parameters
    ----------
    predictor : Predictor
    absent : collection of str
        Fields that the table has no column for: that they are imputed is not noted in each row.
    chosen : sequence of str, optional
        Names of those that are wanted, in this order; the error of a refused row always is.
    reasons : int
        How many fields that moved an answer most to name in a column of their own.

    Raises
    ------
    TableError
        Where one of these is no column of the answer.
    """
    spec = predictor.spec
    columns = [*_of_outputs(spec), *_of_reasons(predictor, reasons), *_of_rows(spec, absent)]
    if chosen is None:
        return columns
    by_name = {column.name: column for column in columns}
    for name in chosen:
        if name not in by_name:
            raise TableError(
                f"the answer has no column {name!r}{meant(name, by_name)}; "
                f"there are {', '.join(by_name)}"
            )
    return [by_name[name] for name in dict.fromkeys((*chosen, *ALWAYS))]


def answer_names(spec: Spec) -> set[str]:
    """Return the names of all columns that an answer of a model may have."""
    return {"reasons", *(column.name for column in (*_of_outputs(spec), *_of_rows(spec, ())))}


def _of_outputs(spec: Spec) -> Iterator[AnswerColumn]:
    for output in spec.outputs:
        yield from _of_output(output)
    for output in spec.outputs:
        if _has_risk(output):
            yield AnswerColumn("risk", "probability", partial(_risk, output.name))
            break
    if spec.advice is not None:
        yield AnswerColumn("advice", "text", lambda part: _listed(part.predictions.advice))


def _has_risk(output: Output) -> bool:
    """Whether an output tells the probability of falling below the pass mark."""
    if isinstance(output, Score):
        return output.gives_probability
    return isinstance(output, Classes) and output.passing is not None


def _of_output(output: Output) -> Iterator[AnswerColumn]:
    name, predicted = output.name, f"predicted_{output.name}"
    positive = None
    if isinstance(output, Score):
        yield AnswerColumn(predicted, "number", partial(_of, name, "value"))
        if output.pass_at is not None:
            yield AnswerColumn(f"{predicted}_label", "text", partial(_of, name, "label"))
        if output.gives_probability:
            positive = output.passing
    else:
        yield AnswerColumn(predicted, "text", partial(_of, name, "label"))
        if isinstance(output, Classes):
            positive = output.positive
    if positive is not None:
        title = f"{predicted}_probability_of_{positive}"
        yield AnswerColumn(title, "probability", partial(_probability, name))
    if isinstance(output, Score):
        for place, level in enumerate(output.levels):
            for side, bound in (("low", 1), ("high", 2)):
                title = f"{predicted}_{side}_{level:g}"
                yield AnswerColumn(title, "number", partial(_bound, name, place, bound))


def _of_reasons(predictor: Predictor, count: int) -> Iterator[AnswerColumn]:
    if not count:
        return
    output = predictor.spec.scored[0]

    def reasons(part: Part) -> Cells:
        return [
            ""
            if i in part.predictions.errors
            else _reasons(predictor, part.record(i), output, count)
            for i in range(len(part.rows))
        ]

    yield AnswerColumn("reasons", "text", reasons)


def _reasons(predictor: Predictor, record: dict[str, object], output: str, count: int) -> str:
    features = predictor.explain(record, output).features[:count]
    return "; ".join(f"{one.feature} {one.contribution:+.2f}" for one in features)


def _of_rows(spec: Spec, absent: Collection[str]) -> Iterator[AnswerColumn]:
    fields, unsaid = len(spec.inputs.features), frozenset(absent)

    def doubted(part: Part) -> Cells:
        cells = [""] * len(part.rows)
        for i, found in part.predictions.notes.items():
            cells[i] = "; ".join(doubts(found, fields))
        return cells

    def noted(part: Part) -> Cells:
        cells = [""] * len(part.rows)
        for i, found in part.predictions.notes.items():
            cells[i] = "; ".join([str(note) for note in found if note.field not in unsaid])
        return cells

    def refused(part: Part) -> Cells:
        cells: list[object] = [None] * len(part.rows)
        for i, error in part.predictions.errors.items():
            cells[i] = str(error)
        return cells

    yield AnswerColumn("doubts", "text", doubted)
    yield AnswerColumn("notes", "text", noted)
    yield AnswerColumn("error", "text", refused)


def _of(output: str, attribute: str, part: Part) -> Cells:
    return _listed(getattr(part.predictions.outputs[output], attribute))


def _bound(output: str, place: int, bound: int, part: Part) -> Cells:
    return _listed(part.predictions.outputs[output].intervals[place][bound])


def _probability(output: str, part: Part) -> Cells:
    return _listed(np.round(_probabilities(output, part), DECIMALS))


def _risk(output: str, part: Part) -> Cells:
    return _listed(np.round(1.0 - _probabilities(output, part), DECIMALS))


def _probabilities(output: str, part: Part) -> Floats:
    found = part.predictions.outputs[output].probability
    assert found is not None  # the spec says that the output has them
    return found


def _listed(cells: Any) -> Cells:
    listed: list[object] = cells.tolist()
    return listed
