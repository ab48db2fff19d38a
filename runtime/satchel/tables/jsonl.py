"""JSON Lines: one object per line, its keys the names of the columns."""

from __future__ import annotations

import io
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from satchel import strict_json
from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.tables.cells import as_json
from satchel.tables.csv.plain import LONGEST_LINE
from satchel.tables.table import (
    ROWS_PER_CHUNK,
    Answered,
    Chunk,
    Columnar,
    FileOptions,
    Row,
    Wanted,
    check_header,
    is_blank,
    name_of,
)
from satchel.tables.typed import decimal_mark

LARGEST_CHUNK = 1 << 21  # characters; rows may be long
MOST_CELLS = 1_000_000  # of a chunk: rows may be wide

Line = tuple[list[object], str, int]  # the cells, how they were written, and where

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


class JsonRows(Columnar):
    """Rows of equal width, and the objects that they were written as.

    Parameters
    ----------
    keys : list of str
        Those of the columns, as they were written.

    Attributes
    ----------
    lines : list of str
        For each row its object as it was written; empty where that does not hold just the columns
        in their order.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys, self._width = keys, len(keys)
        self._cells: list[object] = []  # of all rows, one after the other
        self.lines: list[str] = []

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, row: Any) -> Any:
        """Return the cells of one row, or some rows for a slice."""
        places = range(len(self))[row]
        if isinstance(places, int):
            return self._cells[places * self._width : (places + 1) * self._width]
        some = JsonRows(self.keys)
        for place in places:
            some.add(self[place], self.lines[place])
        return some

    def column(self, place: int) -> list[object]:
        """Return the cells of one column."""
        return self._cells[place :: self._width]

    def add(self, cells: Sequence[object], line: str) -> None:
        """Add one row, which may lack its last cells."""
        missing = self._width - len(cells)
        self._cells += cells
        self._cells += [None] * missing
        self.lines.append("" if missing else line)


class JsonLinesReader:
    """Reads objects; what one of them leaves out is blank.

    Parameters
    ----------
    file : binary file
    name : str
        Its name, for messages.
    options : FileOptions
    wanted : Wanted
        Names the columns of numbers, in which texts may show the decimal mark.

    The attributes are those of `Table`: the columns are the keys of the first rows.

    Raises
    ------
    TableError
        Where a line is no JSON object.
    """

    kind = "jsonl"
    unit = "B"
    titles: Sequence[Row] = ()  # there is nothing above the names

    def __init__(self, file: BinaryIO, name: str, options: FileOptions, wanted: Wanted) -> None:
        if options.sheet or options.header_row is not None:
            raise TableError(f"{name} is JSON Lines: leave --sheet and --header-row out")
        self._name = name
        self._file = file
        self.total: int | None = None
        if file.seekable():
            self.total = file.seek(0, io.SEEK_END)
            file.seek(0)
        self.remarks: list[str] = []
        self._text = io.TextIOWrapper(file, "utf-8-sig")
        self._objects = self._read()
        try:
            self._keys: list[str] = []
            self._known: set[str] = set()
            first = list(self._first())
            where = Sentence("{name}: {where}", name=name, where=Sentence("the first line"))
            self.header = check_header([*map(name_of, self._keys)], where)
            rows = [cells for cells, _, _ in first]
            self.decimal = options.decimal or decimal_mark(rows, self.header, wanted, name)
            self._rows = itertools.chain(first, self._rest())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

    def done(self) -> int:
        """Return how many bytes have been read."""
        return self._file.tell() if self._file.seekable() else 0

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty lines and objects are no rows."""
        size = max(1, min(size, MOST_CELLS // len(self._keys)))
        rows, numbers = JsonRows(self._keys), list[int]()
        self._size = 0
        for cells, line, number in self._rows:
            if all(map(is_blank, cells)):
                continue
            rows.add(cells, line)
            numbers.append(number)
            if len(rows) == size or self._size > LARGEST_CHUNK:
                yield Chunk(rows, numbers)
                rows, numbers = JsonRows(self._keys), []
                self._size = 0
        if len(rows):
            yield Chunk(rows, numbers)

    def _first(self) -> Iterator[Line]:
        """Yield the first rows, whose keys are the columns."""
        self._size = 0
        for count, (row, line, number) in enumerate(self._objects, 1):
            if not row.keys() <= self._known:
                self._keys += [key for key in row if key not in self._known]
                self._known.update(row)
            yield *self._cells(row, line, number), number
            most = min(ROWS_PER_CHUNK, MOST_CELLS // max(1, len(self._keys)))
            if count >= most or self._size > LARGEST_CHUNK:
                return

    def _rest(self) -> Iterator[Line]:
        for row, line, number in self._objects:
            yield *self._cells(row, line, number), number

    def _cells(self, row: dict[str, Any], line: str, number: int) -> tuple[list[object], str]:
        """Return the cells of an object, and its line where that names just the columns."""
        if [*row] == self._keys:
            return [*row.values()], line
        if not row.keys() <= self._known:
            alien = sorted(row.keys() - self._known)
            raise TableError(
                f"{self._name}: line {number} has the keys {alien[:5]}, which none of the "
                "first lines has; give all keys in the first line, null where there is none"
            )
        return [row.get(key) for key in self._keys], ""

    def _read(self) -> Iterator[tuple[dict[str, Any], str, int]]:
        for number in itertools.count(1):
            try:
                line = self._text.readline(LONGEST_LINE)
                if not line:
                    return
                if len(line) == LONGEST_LINE:
                    raise ValueError(f"it has more than {LONGEST_LINE:,} characters")
                if line.isspace():
                    continue
                row = _object(line)
                if not isinstance(row, dict):
                    raise ValueError(f"it begins with {line[:20]!r}")
            except UnicodeDecodeError:
                raise TableError(
                    f"{self._name} is not UTF-8 text, which JSON Lines must be; export it again"
                ) from None
            except (ValueError, RecursionError) as error:
                raise TableError(
                    f"{self._name}: line {number} is no JSON object ({error}); JSON Lines has one "
                    'object in each line, as in {"name": "Ada"}'
                ) from None
            self._size += len(line)
            yield row, line.strip(), number


class JsonLinesWriter:
    """Writes one object per row.

    Parameters
    ----------
    file : binary file
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._names: list[str] = []

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        if not self._names:
            rows = iter(rows)
            self._names = named([str(cell) for cell in next(rows)])
        lines = (
            _beside(rows, self._names)
            if isinstance(rows, Answered)
            else [_encoded(self._names, row) for row in rows]
        )
        # Half of a surrogate pair is written as it is escaped in JSON.
        self._file.write(
            "".join([f"{line}\n" for line in lines]).encode("utf-8", "backslashreplace")
        )

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""


def _object(line: str) -> Any:
    """Return what a line holds, of which no key may stand twice."""
    row = json.loads(line)
    # Twice as fast as to look at each key: most lines have a colon for each, and no others.
    if isinstance(row, dict) and line.count(":") != len(row):
        return strict_json.loads(line, constants=True)
    return row


def named(header: list[str]) -> list[str]:
    """Return the names of the columns, those without one by their place."""
    taken, names = set(header), []
    for place, name in enumerate(header, 1):
        while not name or (name in taken and name in names):
            name = f"column {place}" if not name else f"{name} "
        names.append(name)
    return names


def _beside(answered: Answered, names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of an answer; objects that come back whole stand as they were written."""
    rows, places = answered.rows, answered.places
    kept = names[: len(places)]
    lines = [""] * len(rows)
    if isinstance(rows, JsonRows) and rows.keys == kept:
        lines = rows.lines
    own = map(_members, names[len(places) :], answered.columns)
    for i, (line, members) in enumerate(zip(lines, zip(*own, strict=True), strict=True)):
        if not line or "NaN" in line or "Infinity" in line:  # Python's own, not JSON
            row = rows[i]
            line = _encoded(kept, [row[p] if p < len(row) else None for p in places])
        yield f"{line[:-1]}{', ' if kept else ''}{', '.join(members)}}}"


def _members(name: str, column: Sequence[object] | NDArray[Any]) -> list[str]:
    """Return the cells of a column as members of objects; most columns hold few different."""
    cells = column.tolist() if isinstance(column, np.ndarray) else column
    key = _encode(name)
    members = {
        cell: f"{key}: {cell!r}"
        if type(cell) is float and math.isfinite(cell)
        else f"{key}: {_encode(as_json(cell))}"
        for cell in set(cells)
    }
    return list(map(members.__getitem__, cells))


def _encoded(names: Sequence[str], row: Row) -> str:
    plain = dict(zip(names, map(as_json, row), strict=True))
    try:
        return _encode(plain)
    except ValueError:  # NaN within a list
        text = json.dumps(plain, default=str)
        return _encode(json.loads(text, parse_constant=lambda _: None))
