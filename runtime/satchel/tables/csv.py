"""CSV files as schools have them; `dialect` finds out how one is written."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import BinaryIO

from satchel.errors import TableError
from satchel.tables.cells import as_text
from satchel.tables.dialect import (
    MARK,
    SAMPLE,
    Style,
    find_decimal,
    find_delimiter,
    find_encoding,
    find_line_end,
)
from satchel.tables.formulas import STARTS, neutralised
from satchel.tables.lines import Lines
from satchel.tables.pipe import Rejoined
from satchel.tables.plain import PlainRows, split
from satchel.tables.table import (
    ROWS_PER_CHUNK,
    ROWS_TO_HEADER,
    Answered,
    Chunk,
    Options,
    Row,
    Wanted,
    check_header,
    column_of,
    find_header,
    is_blank,
    passed_over,
)

_LINE_END = "\r\n"
DEFAULT = Options()
ANY = Wanted()


class CsvReader:
    """Reads a table of text cells.

    Parameters
    ----------
    file : binary file
        The table.
    name : str
        Its name, for messages.
    options : Options
    wanted : Wanted
        By which its header is known among rows above it.

    Attributes
    ----------
    style : Style
        How the file is written.

    The others are those of `Table`.

    Raises
    ------
    TableError
        Where the file is empty, is no text, or names a column twice.
    """

    kind = "csv"
    unit = "B"

    def __init__(
        self, file: BinaryIO, name: str, options: Options = DEFAULT, wanted: Wanted = ANY
    ) -> None:
        self._name = name
        self._file = file
        self.remarks: list[str] = []
        start = b""
        if file.seekable():
            self.total: int | None = file.seek(0, io.SEEK_END)
            file.seek(0)
            start = file.read(SAMPLE)
            file.seek(0)
        else:
            self.total = None
            start = file.read(SAMPLE)
            file = io.BufferedReader(Rejoined(start, file))
        self._encoding, mark = find_encoding(file, start, name)
        if self._encoding == "cp1252":
            self.remarks.append(
                f"{name} is not UTF-8 text and was read as Windows-1252 (Western European)"
            )
        self._lines = Lines(file, self._encoding, name)
        self._open(start, mark, options, wanted)

    def close(self) -> None:
        """Let go of the file, which stays open."""

    def done(self) -> int:
        """Return how many bytes have been read."""
        return self._file.tell() if self._file.seekable() else 0

    def _open(self, start: bytes, mark: str, options: Options, wanted: Wanted) -> None:
        if options.sheet:
            raise TableError(f"{self._name} is CSV and has no sheets; leave --sheet out")
        sample = start.decode(self._encoding, "replace").removeprefix(MARK)
        delimiter = find_delimiter(sample, wanted, options)
        self._delimiter, self._number = delimiter, 0
        self._rows = csv.reader(self._lines, delimiter=delimiter, strict=True)
        most = min(max(options.header_row or 0, ROWS_TO_HEADER), ROWS_PER_CHUNK)
        first, ends = [], []
        for row in itertools.islice(iter(self._next_row, None), most):
            first.append(row)
            ends.append(self._lines.place())
        place = find_header(first, wanted, options.header_row)
        if place is None:
            where = f"row {options.header_row}" if options.header_row else "the first line"
            raise TableError(f"{self._name}: {where} holds no names of columns")
        names = [str(cell).strip() for cell in first[place]]
        self.header = check_header(names, f"{self._name}: {_nth(place, first)}")
        self.remarks += passed_over(place, first)
        chunk = Chunk()
        if self._lines.go_back(ends[place]):  # as a rule: then these rows may be split too
            self._number = place + 1
        else:
            for number, row in enumerate(first[place + 1 :], place + 2):
                self._add(chunk, row, number)
        self._first = [chunk] if chunk.rows else []
        self._rest = self._chunks()
        decimal = options.decimal or self._find_decimal(delimiter, wanted)
        self.decimal = decimal
        # Excel writes semicolons where decimals have commas.
        written = decimal or ("," if delimiter == ";" else ".")
        self.style = Style(mark, delimiter, find_line_end(sample), self._encoding, written)

    def _find_decimal(self, delimiter: str, wanted: Wanted) -> str:
        """Look for the decimal mark in the first rows, which are kept for the first chunks."""
        places = [i for i, name in enumerate(self.header) if name in wanted.numbers]
        for chunk in self._rest:
            self._first.append(chunk)
            if sum(len(one.rows) for one in self._first) >= ROWS_PER_CHUNK:
                break
        cells = (cell for chunk in self._first for i in places for cell in column_of(chunk.rows, i))
        return find_decimal(map(str, cells), delimiter, self._name)

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty lines are no rows."""
        for chunk in itertools.chain(self._first, self._rest):
            yield from _slices(chunk, size)

    def _chunks(self) -> Iterator[Chunk]:
        """Yield the rows of a block at a time, from the line that comes next."""
        while text := self._lines.block():
            rows = split(text, self._delimiter, len(self.header))
            if rows is not None:
                start = self._number + 1
                self._number += len(rows)
                self._lines.number += len(rows)
                yield from _slices(Chunk(rows, range(start, self._number + 1)), ROWS_PER_CHUNK)
                continue
            self._lines.put_back(text)
            chunk = Chunk()
            # A row may reach into the next block, of which the rest is then split again.
            block = self._lines.blocks
            while self._lines.left and self._lines.blocks == block:
                if len(chunk.rows) == ROWS_PER_CHUNK or (row := self._next_row()) is None:
                    break
                self._add(chunk, row, self._number)
            if chunk.rows:
                yield chunk

    def _next_row(self) -> list[str] | None:
        try:
            row = next(self._rows, None)
        except csv.Error as error:
            raise TableError(
                f"{self._name}: line {self._lines.number} cannot be read: {error}; look for a "
                "quotation mark that is not closed"
            ) from None
        self._number += row is not None
        return row

    def _add(self, chunk: Chunk, row: Row, number: int) -> None:
        width = len(self.header)
        if not row or (len(row) == 1 < width and is_blank(row[0])):
            return
        if len(row) > width and all(map(is_blank, row[width:])):
            row = row[:width]
        chunk.add(row, number)


class CsvWriter:
    """Writes a table as CSV.

    Parameters
    ----------
    file : binary file
    style : Style
        How to write it.
    """

    def __init__(self, file: BinaryIO, style: Style) -> None:
        self._file, self._style = file, style
        self._lines: list[str] = []
        # Only these ends make every Python quote cells that hold either half of them.
        self._writer = csv.writer(
            SimpleNamespace(write=self._lines.append),
            delimiter=style.delimiter,
            lineterminator=_LINE_END,
        )
        self._special = re.compile(f'[{re.escape(style.delimiter)}"\r\n]')
        if style.mark:
            self._write(style.mark)

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        lines = self._beside(rows) if isinstance(rows, Answered) else None
        if lines is None:
            lines = self._written(rows)
        end = self._style.line_end
        self._write("".join([line + end for line in lines]))

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""

    def _beside(self, answered: Answered) -> list[str] | None:
        """Return the lines of an answer, joined to those that came; None where they may not stand.

        They may where all of their cells are repeated, or none.
        """
        rows = answered.rows
        lines: list[str] | None = None
        if answered.places:
            if not isinstance(rows, PlainRows) or rows.delimiter != self._style.delimiter:
                return None
            if len(answered.places) < rows.width:
                return None
            lines = rows.lines()
            risky = rows.beginning_with(STARTS)
            for i, line in zip(risky, self._written(rows[i] for i in risky), strict=True):
                lines[i] = line
        columns = [self._texts(column) for column in answered.columns]
        if lines is not None:
            columns.insert(0, lines)
        return list(map(self._style.delimiter.join, zip(*columns, strict=True)))

    def _texts(self, column: Sequence[object]) -> list[str]:
        """Return cells as they stand in a line of several; most columns hold few different."""
        different = set(column)
        texts = dict(zip(different, map(str, map(self._cell, different)), strict=True))
        for cell, text in texts.items():
            if self._special.search(text):
                (texts[cell],) = self._written([[text]])
        return list(map(texts.__getitem__, column))

    def _written(self, rows: Iterable[Row]) -> list[str]:
        """Return rows as lines without their ends."""
        self._lines.clear()
        # Most cells are text that begins harmlessly: they are written as they are.
        self._writer.writerows(
            [
                cell if type(cell) is str and cell[:1] not in STARTS else self._cell(cell)
                for cell in row
            ]
            for row in rows
        )
        return [line.removesuffix(_LINE_END) for line in self._lines]

    def _write(self, text: str) -> None:
        # What came in this encoding goes back in it; a letter of our own words may be missing.
        self._file.write(text.encode(self._style.encoding, "replace"))

    def _cell(self, cell: object) -> object:
        if type(cell) is float:
            text = repr(cell) if cell == cell else ""
            return text.replace(".", ",") if self._style.decimal == "," else text
        return neutralised(as_text(cell))


def _slices(chunk: Chunk, size: int) -> Iterator[Chunk]:
    for start in range(0, len(chunk.rows), size):
        part = slice(start, start + size)
        yield Chunk(chunk.rows[part], chunk.numbers[part])


def _nth(place: int, rows: Sequence[Row]) -> str:
    return "the first line" if not any(map(any, rows[:place])) else f"row {place + 1}"
