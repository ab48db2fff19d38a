"""CSV files as schools have them; `dialect` finds out how one is written."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import BinaryIO

from satchel.errors import TableError
from satchel.tables.cells import as_text
from satchel.tables.dialect import (
    BLOCK,
    MARK,
    Style,
    find_decimal,
    find_delimiter,
    find_encoding,
    find_line_end,
    not_text,
)
from satchel.tables.formulas import STARTS, neutralised
from satchel.tables.pipe import Rejoined
from satchel.tables.table import (
    ROWS_PER_CHUNK,
    ROWS_TO_HEADER,
    Chunk,
    Options,
    Row,
    Wanted,
    check_header,
    find_header,
    is_blank,
    passed_over,
)

LONGEST_LINE = 1 << 20
LARGEST_CHUNK = 1 << 23  # characters; rows may be long

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
    start : bytes
        What has been read of a file that cannot seek.

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
            start = file.read(BLOCK)
            file.seek(0)
        else:
            self.total = None
            start = file.read(BLOCK)
            file = io.BufferedReader(Rejoined(start, file))
        self._encoding, mark = find_encoding(file, start, name)
        if self._encoding == "cp1252":
            self.remarks.append(
                f"{name} is not UTF-8 text and was read as Windows-1252 (Western European)"
            )
        self._text = io.TextIOWrapper(file, self._encoding, newline="")
        try:
            self._open(start, mark, options, wanted)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

    def done(self) -> int:
        """Return how many bytes have been read."""
        return self._file.tell() if self._file.seekable() else 0

    def _open(self, start: bytes, mark: str, options: Options, wanted: Wanted) -> None:
        if options.sheet:
            raise TableError(f"{self._name} is CSV and has no sheets; leave --sheet out")
        sample = start.decode(self._encoding, "replace").removeprefix(MARK)
        delimiter = find_delimiter(sample, wanted, options)
        self._read = 0
        self._rows = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        cells = self._cells()
        most = min(max(options.header_row or 0, ROWS_TO_HEADER), ROWS_PER_CHUNK)
        first = list(itertools.islice(cells, most))
        rows = [row for row, _ in first]
        place = find_header(rows, wanted, options.header_row)
        if place is None:
            where = f"row {options.header_row}" if options.header_row else "the first line"
            raise TableError(f"{self._name}: {where} holds no names of columns")
        names = [str(cell).strip() for cell in rows[place]]
        self.header = check_header(names, f"{self._name}: {_nth(place, rows)}")
        self.remarks += passed_over(place, rows)
        self._rest = itertools.chain(first[place + 1 :], cells)
        decimal = options.decimal or self._find_decimal(delimiter, wanted)
        self.decimal = decimal
        # Excel writes semicolons where decimals have commas.
        written = decimal or ("," if delimiter == ";" else ".")
        self.style = Style(mark, delimiter, find_line_end(sample), self._encoding, written)

    def _find_decimal(self, delimiter: str, wanted: Wanted) -> str:
        """Look for the decimal mark in the first rows, which are kept for the first chunk."""
        places = [i for i, name in enumerate(self.header) if name in wanted.numbers]
        self._read, rows = 0, []
        for item in self._rest:
            rows.append(item)
            if len(rows) == ROWS_PER_CHUNK or self._read > LARGEST_CHUNK:
                break
        self._rest = itertools.chain(rows, self._rest)
        cells = (str(row[i]) for row, _ in rows for i in places if i < len(row))
        return find_decimal(cells, delimiter, self._name)

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty lines are no rows."""
        chunk, width = Chunk(), len(self.header)
        self._read = 0
        for row, number in self._rest:
            if not row or (len(row) == 1 < width and is_blank(row[0])):
                continue
            if len(row) > width and all(map(is_blank, row[width:])):
                row = row[:width]
            chunk.add(row, number)
            if len(chunk.rows) == size or self._read > LARGEST_CHUNK:
                yield chunk
                chunk = Chunk()
                self._read = 0
        if chunk.rows:
            yield chunk

    def _cells(self) -> Iterator[tuple[Row, int]]:
        try:
            for number, row in enumerate(self._rows, 1):
                yield row, number
        except UnicodeDecodeError:
            raise not_text(self._name, self._encoding) from None
        except csv.Error as error:
            line = self._rows.line_num
            raise TableError(
                f"{self._name}: line {line} cannot be read: {error}; look for a quotation mark "
                "that is not closed"
            ) from None

    def _lines(self) -> Iterator[str]:
        number = 0
        while line := self._text.readline(LONGEST_LINE):
            number += 1
            if number == 1:
                line = line.removeprefix(MARK)
            if len(line) == LONGEST_LINE:
                raise TableError(
                    f"{self._name}: line {number} has more than {LONGEST_LINE:,} characters; "
                    "is it a table?"
                )
            if "\0" in line:
                raise TableError(
                    f"{self._name}: line {number} holds a NUL byte; the file is damaged, "
                    "export it again"
                )
            self._read += len(line)
            yield line


class CsvWriter:
    """Writes a table as CSV.

    Parameters
    ----------
    file : binary file
    style : Style
        How to write it.
    """

    def __init__(self, file: BinaryIO, style: Style) -> None:
        self._file, self._encoding, self._decimal = file, style.encoding, style.decimal
        if style.mark:
            self._write_text(style.mark)
        self._line_end = style.line_end
        # Only these ends make every Python quote cells that hold either half of them.
        text = SimpleNamespace(write=self._write_line)
        self._writer = csv.writer(text, delimiter=style.delimiter, lineterminator="\r\n")

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        # Most cells are text that begins harmlessly: they are written as they are.
        self._writer.writerows(
            [
                cell if type(cell) is str and cell[:1] not in STARTS else self._cell(cell)
                for cell in row
            ]
            for row in rows
        )

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""

    def _write_line(self, line: str) -> None:
        self._write_text(line.removesuffix("\r\n") + self._line_end)

    def _write_text(self, text: str) -> None:
        # What came in this encoding goes back in it; a letter of our own words may be missing.
        self._file.write(text.encode(self._encoding, "replace"))

    def _cell(self, cell: object) -> object:
        if cell is None:
            return ""
        if type(cell) is float and self._decimal == ",":
            return as_text(cell).replace(".", ",")
        return neutralised(as_text(cell))


def _nth(place: int, rows: list[Row]) -> str:
    return "the first line" if not any(map(any, rows[:place])) else f"row {place + 1}"
