"""Predictions for a table, written beside its rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, cast

from satchel.errors import TableError
from satchel.files import replacing
from satchel.predictor import Predictor, load
from satchel.tables.answer import answer_kind, open_writer
from satchel.tables.columns import AnswerColumn, Part, answer_columns
from satchel.tables.mapping import TableMapping
from satchel.tables.run import Progress, Source, TableRun, open_table, path_of
from satchel.tables.students import NOTE, Passed
from satchel.tables.table import Answered, Row, answered
from satchel.values import listed, printable, quoted

MOST_SORTED = 100_000  # rows that are held in memory to be sorted
LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How a table is read and answered.

    Attributes
    ----------
    mapping : TableMapping
        Which column is which field, and how the file is written.
    brief : bool
        Whether the answer leaves out the columns that the model has read.
    columns : tuple of str or None
        Names of the answer's own columns; None for all.
    reasons : int
        How many of the fields that moved an answer most to name, by their Shapley values.
    sort : str
        ``risk``: those with the highest risk first; empty: as they came.
    errors : str
        ``keep`` a row that cannot be read, with its error, or ``fail`` at the first.
    kind : str
        ``csv``, ``jsonl``, ``xlsx`` or ``parquet``; empty for what the target's name says, or for
        what came.
    again : bool
        Whether columns of the answer that an earlier one wrote are replaced; if not, a table that
        has them is refused.
    titles : bool
        Whether the rows above the header are written too, into CSV and Excel.
    blank : tuple of str
        Names of columns to add for people to fill in; one that came stays as it is.
    description : str
        What a workbook says of itself, among its properties.
    threads : int
        1 for one thing at a time; more overlap reading, predicting and writing. 0 for as many as
        there are processors, two at most.
    """

    __module__ = "satchel"

    mapping: TableMapping = field(default_factory=TableMapping)
    brief: bool = False
    columns: tuple[str, ...] | None = None
    reasons: int = 0
    sort: Literal["", "risk"] = ""
    errors: Literal["keep", "fail"] = "keep"
    kind: str = ""
    again: bool = False
    titles: bool = False
    blank: tuple[str, ...] = ()
    description: str = ""
    threads: int = 0


@dataclass(frozen=True, slots=True)
class TableSummary:
    """What became of a table.

    Attributes
    ----------
    rows, refused : int
        Students, and how many of them could not be read.
    first_refused : str
        Where the first of these stands, and why; empty where there is none.
    passed : tuple of int
        Where rows stand that are no students.
    mapping : TableMapping
        What was said of the table and what was found: the totals of its marks.
    unused : tuple of str
        Columns that hold no field of the model.
    absent : tuple of str
        Optional fields without a column, which the answers do without.
    remarks : tuple of str
        What a person should know.
    """

    __module__ = "satchel"

    rows: int
    refused: int
    first_refused: str
    passed: tuple[int, ...]
    mapping: TableMapping
    unused: tuple[str, ...]
    absent: tuple[str, ...]
    remarks: tuple[str, ...]


def predict_table(
    model: Predictor | str | os.PathLike[str],
    source: Source,
    target: Source | None = None,
    options: TableOptions | None = None,
    *,
    models: Iterable[str | os.PathLike[str]] = (),
    pass_at: float | str | None = None,
    progress: Progress | None = None,
) -> TableSummary:
    """Predict every row of a table, and write them all with their predictions beside them.

    Parameters
    ----------
    model : Predictor, str or path
        As `satchel.load` takes it.
    source : path or binary file
        The table.
    target : path or binary file, optional
        Where the answer goes; a file appears when it is whole. Without one nothing is written.
    options : TableOptions, optional
    models : iterable of paths
        Folders of your own models.
    pass_at : float or str, optional
        The school's own pass mark, as `satchel.load` takes it.
    progress : callable, optional
        Called with how much is done, how much there is, and the unit.

    Returns
    -------
    TableSummary

    Raises
    ------
    TableError
        Where the table cannot be read or answered, or a row is refused and `errors` is ``fail``.
    BundleError
        As `satchel.load`.
    """
    options = options or TableOptions()
    threads = options.threads or min(2, os.cpu_count() or 1)
    if isinstance(model, Predictor):
        if pass_at is not None:
            raise TableError("give pass_at to satchel.load, which made the predictor")
        predictor = model
    else:
        predictor = load(model, models=models, threads=max(1, threads - 1), pass_at=pass_at)
    with ExitStack() as stack:
        table = stack.enter_context(open_table(source, options.mapping, predictor.spec))
        run = TableRun(predictor, table, options.mapping, threads=threads, progress=progress)
        answer = _JsonAnswer(run) if options.kind == "json" else TableAnswer(run, options)
        if target is None:
            for _ in answer:
                pass
            return _summary(run)
        path = path_of(target)
        kind = options.kind or answer_kind(path, table.kind)
        file = stack.enter_context(_opened(target))
        if kind in ("xlsx", "parquet") and file.isatty():
            raise TableError(f"{kind} cannot be printed on a terminal; give -o FILE")
        titles = table.titles if options.titles and kind in ("csv", "xlsx") else ()
        heads = [*titles, answer.header] if answer.header else []
        writer = open_writer(
            file, kind, path, table, answer.places, answer.numbers, len(heads), options.description
        )
        stack.enter_context(closing(writer))
        if heads:
            writer.write(heads)
        for rows in answer:
            writer.write(rows)
        writer.finish()
        file.flush()
    return _summary(run)


@contextmanager
def _opened(target: Source) -> Iterator[BinaryIO]:
    if isinstance(target, str | os.PathLike):
        with replacing(target, "wb") as file:
            yield cast(BinaryIO, file)
    else:
        yield target


predict_table.__module__ = "satchel"


def _summary(run: TableRun) -> TableSummary:
    return TableSummary(
        run.rows,
        run.refused,
        run.first_refused,
        tuple(run.passed),
        run.mapping,
        tuple(run.fields.unused),
        tuple(run.fields.absent),
        tuple(run.remarks()),
    )


class TableAnswer:
    """The rows of an answer: columns that came, then the answer's own."""

    def __init__(self, run: TableRun, options: TableOptions) -> None:
        self._run, self._options = run, options
        columns = answer_columns(run.predictor, run.fields.absent, options.columns, options.reasons)
        columns += [_blank_column(name) for name in options.blank if name not in run.header]
        self._columns: list[AnswerColumn] = columns
        names = [column.name for column in columns]
        clash = [name for name in names if name in run.header]
        if clash and not options.again:
            raise TableError(
                f"the table already has the columns {quoted(clash)}; rename or remove them"
            )
        if options.sort and options.sort not in names:
            raise TableError(f"the answer has no column {options.sort!r} to sort by")
        read = set(run.fields.places.values()) if options.brief else set()
        read |= {run.header.index(name) for name in clash}
        self._kept = [i for i in range(len(run.header)) if i not in read]
        self.header = [*(run.header[i] for i in self._kept), *names]
        self.places: list[int | None] = [*self._kept, *(None for _ in columns)]
        self.numbers = [*(False for _ in self._kept), *(column.is_number for column in columns)]

    def __iter__(self) -> Iterator[Answered | list[Row]]:
        """Yield rows to write."""
        if self._options.sort:
            yield self._sorted()
            return
        for item in self._run:
            yield [self._passed(item)] if isinstance(item, Passed) else self._answered(item)

    def _answered(self, part: Part) -> Answered:
        errors = part.predictions.errors
        if errors and self._options.errors == "fail":
            first = min(errors)
            raise TableError(
                f"row {part.numbers[first]}: {errors[first]} (--errors keep leaves such rows in)"
            )
        columns = []
        for column in self._columns:
            cells = column.cells(part)
            if errors and column.name != "error":
                cells = list(cells)
                for i in errors:
                    cells[i] = None
            columns.append(cells)
        return Answered(part.rows, self._kept, columns)

    def _passed(self, passed: Passed) -> Row:
        """Return a row that is no student as a row of the answer."""
        cells = [NOTE if column.name == "notes" else None for column in self._columns]
        return answered(passed.row, self._kept, cells)

    def _sorted(self) -> list[Row]:
        """Return all rows, those with the highest risk first, those without one last."""
        place = self.header.index(self._options.sort)
        rows: list[Row] = []
        passed: list[Row] = []
        for item in self._run:
            if isinstance(item, Passed):
                passed.append(self._passed(item))
                continue
            rows += self._answered(item)
            if len(rows) > MOST_SORTED:
                raise TableError(f"more than {MOST_SORTED:,} rows cannot be sorted; leave it out")
        return [*sorted(rows, key=lambda row: _order(row[place])), *passed]


def _blank_column(name: str) -> AnswerColumn:
    return AnswerColumn(name, "text", lambda part: [""] * len(part.rows))


class _JsonAnswer:
    """The predictions alone, as plain Python."""

    header: tuple[str, ...] = ()
    places: tuple[int | None, ...] = ()
    numbers: tuple[bool, ...] = ()

    def __init__(self, run: TableRun) -> None:
        self._run = run

    def __iter__(self) -> Iterator[list[Row]]:
        """Yield one plain value per row of the table."""
        for item in self._run:
            if isinstance(item, Passed):
                yield [[{"row": item.number, "note": NOTE}]]
            else:
                yield [[answer.as_dict()] for answer in item.predictions]


def _order(cell: object) -> float:
    return -cell if isinstance(cell, float) and cell == cell else 1.0


def described(summary: TableSummary) -> Sequence[str]:
    """Return what a person should know of a table that was predicted, line by line."""
    rows, refused = summary.rows, summary.refused
    lines = [f"{rows} rows: {rows - refused} predicted, {refused} refused"]
    if refused:
        lines.append(f"The first refused is {summary.first_refused}")
    lines += [f"Row {number} is {NOTE}" for number in summary.passed[:LISTED]]
    if len(summary.passed) > LISTED:
        lines.append(f"and {len(summary.passed) - LISTED} more such rows")
    if summary.unused:
        lines.append(f"Not used by the model: {listed(summary.unused)}")
    if summary.absent:
        lines.append(f"Not in the file; answered without: {listed(summary.absent)}")
    return list(map(printable, [*lines, *summary.remarks]))
