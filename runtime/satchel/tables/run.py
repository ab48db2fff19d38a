"""The one way through a table: open, map, read, predict."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from satchel.errors import Problem, RecordError
from satchel.prediction import Predictions
from satchel.predictor import Predictor
from satchel.spec import Spec
from satchel.tables.columns import Part
from satchel.tables.fields import Fields
from satchel.tables.mapping import TableMapping, wanted
from satchel.tables.marks import MISSING, Marks
from satchel.tables.opening import open_file
from satchel.tables.students import Passed, is_student, students
from satchel.tables.table import ANY, Chunk, Table, telling
from satchel.tables.totals import with_totals

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn

    Read = tuple[dict[str, RawColumn], dict[int, str], list[int]]


AHEAD = 1  # chunks that are read while one is predicted
EMPTY = "the row has no value of any field"

Source = str | os.PathLike[str] | BinaryIO
# Told how much is done, how much there is of it (None: unknown), and its unit: B for bytes.
Progress = Callable[[int, int | None, str], None]


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
        name = path_of(source) or "standard input"
        if isinstance(source, str | os.PathLike):
            file: BinaryIO = stack.enter_context(open(source, "rb"))
        else:
            file = source
        table = open_file(file, name, mapping.options, looked_for)
        stack.enter_context(closing(table))
        with telling(table.remarks):
            yield table


open_table.__module__ = "satchel"


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
        first = self._first or Chunk()
        self.mapping, self._said = with_totals(predictor.spec, table, first, mapping)
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

    def remarks(self) -> Iterator[str]:
        """Yield what a person should know, once all rows have been seen."""
        yield from self._said
        yield from self.fields.remarks()
        yield from self._table.remarks


def path_of(source: Source) -> str | None:
    """Return the name of a file; None of standard input and output, and of what has none."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and not name.startswith("<") else None
