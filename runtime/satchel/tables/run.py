"""The one way through a table: open, map, read, predict, answer, write."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from satchel.errors import Problem, RecordError, TableError
from satchel.files import replacing
from satchel.prediction import Predictions
from satchel.predictor import Predictor, load
from satchel.spec import Number, Spec
from satchel.tables.answer import answer_kind, open_writer
from satchel.tables.columns import AnswerColumn, Part, answer_columns
from satchel.tables.fields import Fields
from satchel.tables.mapping import Held, TableMapping, read_columns, takes_total, wanted
from satchel.tables.marks import MISSING, Marks, full_marks
from satchel.tables.opening import open_file
from satchel.tables.students import NOTE, Passed, is_student, students, totals_of
from satchel.tables.table import ANY, Answered, Chunk, Row, Table, clean_name
from satchel.values import plain

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn

    Read = tuple[dict[str, RawColumn], dict[int, str], list[int]]


MOST_SORTED = 100_000  # rows that are held in memory to be sorted
AHEAD = 1  # chunks that are read while one is predicted
EMPTY = "the row has no value of any field"
PATIENCE = 20  # rows among which those that say totals are looked for

Source = str | os.PathLike[str] | BinaryIO
# Told how much is done, how much there is of it (None: unknown), and its unit: B for bytes.
Progress = Callable[[int, int | None, str], None]


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
        Optional fields without a column: typical values were used.
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


@contextmanager
def open_table(
    source: Source,
    mapping: TableMapping | None = None,
    spec: Spec | None = None,
    targets: Mapping[str, str] | None = None,
) -> Iterator[Table]:
    """Open a table.

    Parameters
    ----------
    source : path or binary file
        CSV, JSON Lines, Excel or Parquet, by its name and its first bytes.
    mapping : TableMapping, optional
        How it is written, and what its columns are called.
    spec : Spec, optional
        Of the model whose fields its header names.
    targets : mapping of str to str, optional
        From the name of an output to the column of its true values.

    Raises
    ------
    TableError
        Where it is no table that can be read.
    """
    mapping = mapping or TableMapping()
    looked_for = ANY if spec is None else wanted(spec, mapping, targets or {})
    with ExitStack() as stack:
        name = _path_of(source) or "standard input"
        if isinstance(source, str | os.PathLike):
            file: BinaryIO = stack.enter_context(open(source, "rb"))
        else:
            file = source
        table = open_file(file, name, mapping.options, looked_for)
        stack.enter_context(closing(table))
        try:
            yield table
        except TableError as error:
            # What was guessed of the file may be why.
            raise TableError(
                " ".join([str(error), *(f"({one})" for one in table.remarks)])
            ) from None


def predict_table(
    model: Predictor | str | os.PathLike[str],
    source: Source,
    target: Source | None = None,
    options: TableOptions | None = None,
    *,
    models: Iterable[str | os.PathLike[str]] = (),
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
    predictor = (
        model
        if isinstance(model, Predictor)
        else load(model, models=models, threads=max(1, threads - 1))
    )
    with ExitStack() as stack:
        table = stack.enter_context(open_table(source, options.mapping, predictor.spec))
        run = TableRun(predictor, table, options.mapping, threads=threads, progress=progress)
        answer = _JsonAnswer(run) if options.kind == "json" else TableAnswer(run, options)
        if target is None:
            for _ in answer:
                pass
            return run.summary()
        path = _path_of(target)
        kind = options.kind or answer_kind(path, table.kind)
        file = stack.enter_context(_opened(target))
        if kind in ("xlsx", "parquet") and file.isatty():
            raise TableError(f"{kind} cannot be printed on a terminal; give -o FILE")
        writer = open_writer(file, kind, path, table, answer.places, answer.numbers)
        stack.enter_context(closing(writer))
        if answer.header:
            writer.write([answer.header])
        for rows in answer:
            writer.write(rows)
        writer.finish()
        file.flush()
    return run.summary()


@contextmanager
def _opened(target: Source) -> Iterator[BinaryIO]:
    if isinstance(target, str | os.PathLike):
        with replacing(target, "wb") as file:
            yield cast(BinaryIO, file)
    else:
        yield target


open_table.__module__ = predict_table.__module__ = "satchel"


class TableRun:
    """One table on its way through a model.

    Iterating gives a `Part` for some students, and a `Passed` for each row that is none, in the
    order of the table.

    Parameters
    ----------
    predictor : Predictor
    table : Table
    mapping : TableMapping
    threads : int
        More than 1: the next rows are read while these are predicted.
    progress : callable, optional

    Attributes
    ----------
    fields : Fields
    marks : Marks
    header : list of str
        Names of the table's columns.
    rows, refused : int
        Students seen so far, and how many of them were refused.
    passed : list of int
        Where rows stand that are no students.
    """

    def __init__(
        self,
        predictor: Predictor,
        table: Table,
        mapping: TableMapping,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.predictor, self._table, self._threads = predictor, table, threads
        self.header = table.header
        self.rows = self.refused = 0
        self.first_refused = ""
        self.passed: list[int] = []
        self._progress = progress
        self._chunks = table.chunks()
        self._first = next(self._chunks, None)
        self._said: list[str] = []
        self.mapping = self._with_totals(mapping)
        self.marks = Marks((*MISSING, *mapping.missing), table.decimal)
        self.fields = Fields(predictor.spec, table.header, self.mapping, self.marks)

    def __iter__(self) -> Iterator[Part | Passed]:
        if self._threads < 2:
            for item in self._students():
                yield item if isinstance(item, Passed) else self._part(*item)
            return
        waiting: deque[Passed | tuple[Chunk, Read, Future[Predictions]]] = deque()
        with ThreadPoolExecutor(1) as pool:
            for item in self._students():
                if isinstance(item, Passed):
                    waiting.append(item)
                else:
                    predictions = pool.submit(self.predictor.predict_many, item[1][0])
                    waiting.append((*item, predictions))
                if len(waiting) > AHEAD:
                    yield self._done(waiting.popleft())
            while waiting:
                yield self._done(waiting.popleft())

    def _done(self, item: Passed | tuple[Chunk, Read, Future[Predictions]]) -> Part | Passed:
        return item if isinstance(item, Passed) else self._part(item[0], item[1], item[2].result())

    def _students(self) -> Iterator[Passed | tuple[Chunk, Read]]:
        """Yield the rows that are no students, and what was read of those that are."""
        places = self.fields.places.values()
        for item in students(self._all_chunks(), places, len(self.header)):
            for part in [item] if isinstance(item, Passed) else self._read(item):
                if isinstance(part, Passed):
                    self.passed.append(part.number)
                yield part

    def _read(self, chunk: Chunk) -> Iterator[Passed | tuple[Chunk, Read]]:
        """Read some rows; one that holds no value and is no student either is set apart."""
        read = self.fields.read(chunk.rows)
        stray = [i for i in read[2] if not is_student(chunk.rows[i])]
        if not stray:
            yield chunk, read
            return
        start = 0
        for i in (*stray, len(chunk.rows)):
            if start < i:
                part = Chunk(chunk.rows[start:i], chunk.numbers[start:i])
                yield part, self.fields.read(part.rows)
            if i < len(chunk.rows):
                yield Passed(chunk.rows[i], chunk.numbers[i])
            start = i + 1

    def _all_chunks(self) -> Iterator[Chunk]:
        first, self._first = self._first, None  # not kept in memory to the end
        if first is not None:
            yield first
            del first
        for chunk in self._chunks:
            if self._progress is not None:
                self._progress(self._table.done(), self._table.total, self._table.unit)
            yield chunk

    def _part(self, chunk: Chunk, read: Read, predictions: Predictions | None = None) -> Part:
        values, refused, empty = read
        refused = {**refused, **dict.fromkeys(empty, EMPTY)}
        if predictions is None:
            predictions = self.predictor.predict_many(values)
        if refused:
            errors = {i: RecordError([Problem("", why)]) for i, why in refused.items()}
            predictions = replace(predictions, errors={**predictions.errors, **errors})
        self.rows += len(chunk.rows)
        self.refused += len(predictions.errors)
        if predictions.errors and not self.first_refused:
            first = min(predictions.errors)
            self.first_refused = f"row {chunk.numbers[first]}: {predictions.errors[first]}"
        return Part(chunk.rows, chunk.numbers, values, predictions)

    def _with_totals(self, mapping: TableMapping) -> TableMapping:
        """Return the mapping with the totals that the table itself says, where none was said."""
        features = {feature.name: feature for feature in self.predictor.spec.inputs.features}
        names = [clean_name(name) for name in self.header]
        held = read_columns(self.predictor.spec, mapping.columns)
        # In the order of who counts more: a row of totals, one above the header, the names.
        said = [*self._rows_of_totals(), ("The header", _totals_in(names))]
        found: dict[str, float] = {}
        for where, totals in said:
            new = {}
            for place, total in totals.items():
                name = names[place] if place < len(names) else ""
                one = held.get(name, Held(name))
                feature = features.get(one.field)
                if not isinstance(feature, Number) or one.total is not None or name in found:
                    continue
                if takes_total(feature) and total != full_marks(feature):
                    new[name] = total
            if new:
                listed = ", ".join(f"{name} {plain(total)}" for name, total in new.items())
                self._said.append(f"{where} says what the marks are out of: {listed}")
                found |= new
        return mapping.with_totals(found) if found else mapping

    def _rows_of_totals(self) -> Iterator[tuple[str, dict[int, float]]]:
        first = self._first or Chunk()
        for row, number in zip(first.rows[:PATIENCE], first.numbers[:PATIENCE], strict=True):
            if totals := totals_of(row):
                yield f"Row {number}", totals
        for i, row in enumerate(self._table.titles, 1):
            if totals := totals_of(row):
                yield f"Row {i}", totals

    def remarks(self) -> Iterator[str]:
        """Yield what a person should know, once all rows have been seen."""
        yield from self._said
        yield from self.fields.remarks()
        yield from self._table.remarks

    def summary(self) -> TableSummary:
        """Return what became of the table, once all rows have been seen."""
        return TableSummary(
            self.rows,
            self.refused,
            self.first_refused,
            tuple(self.passed),
            self.mapping,
            tuple(self.fields.unused),
            tuple(self.fields.absent),
            tuple(self.remarks()),
        )


class TableAnswer:
    """The rows of an answer: columns that came, then the answer's own."""

    def __init__(self, run: TableRun, options: TableOptions) -> None:
        self._run, self._options = run, options
        columns = answer_columns(run.predictor, run.fields.absent, options.columns, options.reasons)
        self._columns: list[AnswerColumn] = columns
        names = [column.name for column in columns]
        clash = [name for name in names if name in run.header]
        if clash:
            raise TableError(f"the table already has the columns {clash}; rename or remove them")
        if options.sort and options.sort not in names:
            raise TableError(f"the answer has no column {options.sort!r} to sort by")
        read = set(run.fields.places.values()) if options.brief else set()
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
        cells = [passed.row[i] if i < len(passed.row) else None for i in self._kept]
        return [*cells, *(NOTE if c.name == "notes" else None for c in self._columns)]

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


# "Midterm [Total Pts: 80 Score]", "Grade/10.00", "Lecture /20", "Test (out of 25)".
_TOTAL_IN_NAME = re.compile(
    r"(?:\[total (?:pts|points|de puntos)[^\d\]]*|(?<![\d\s])\s*/\s*|\b(?:out of|von|sur|de) )"
    r"(\d{1,4}(?:[.,]\d{1,2})?)(?: ?(?:pts|points|punkte|puntos|score)\b)?[^/\d]*$",
    re.IGNORECASE,
)


# Beside marks Blackboard and Moodle give percentages and letters, under the same total.
_NO_MARKS = re.compile(r"percent|letter|%|prozent|pourcentage|porcentaje|letra", re.IGNORECASE)


def _totals_in(names: Sequence[str]) -> dict[int, float]:
    """Return by place what the names of columns say that their marks are out of."""
    found = {}
    for place, name in enumerate(names):
        text = name.partition("|")[0]  # behind it Blackboard puts a number of its own
        match = _TOTAL_IN_NAME.search(text)
        if match and not _NO_MARKS.search(text):
            found[place] = float(match[1].replace(",", "."))
    return {place: total for place, total in found.items() if total > 0}


def _order(cell: object) -> float:
    return -cell if isinstance(cell, float) and cell == cell else 1.0


def _path_of(source: Source) -> str | None:
    """Return the name of a file; None of standard input and output, and of what has none."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and not name.startswith("<") else None


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
        lines.append(f"Not used by the model: {', '.join(summary.unused)}")
    if summary.absent:
        lines.append(f"Not in the file, typical values were used: {', '.join(summary.absent)}")
    return [*lines, *summary.remarks]


LISTED = 5
