"""CSV files as schools have them; `dialect` finds out how one is written."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.tables.csv.dialect import (
    DOUBLED,
    LINE_END,
    MARK,
    SAMPLE,
    Style,
    check_delimiter,
    check_widths,
    find_decimal,
    find_delimiter,
    find_encoding,
    find_line_end,
    find_sep,
    is_padded,
    unwrapped,
)
from satchel.tables.csv.digits import with_marks
from satchel.tables.csv.lines import Lines
from satchel.tables.csv.plain import split
from satchel.tables.pipe import Rejoined
from satchel.tables.table import (
    ANY,
    DEFAULT,
    ROWS_PER_CHUNK,
    ROWS_TO_HEADER,
    Chunk,
    Columnar,
    FileOptions,
    Row,
    Wanted,
    check_header,
    clean_name,
    column_of,
    find_header,
    is_blank,
    name_of,
    passed_over,
    telling,
)


class CsvReader:
    """Reads a table of text cells.

    Parameters
    ----------
    file : binary file
        The table.
    name : str
        Its name, for messages.
    options : FileOptions
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
        self, file: BinaryIO, name: str, options: FileOptions = DEFAULT, wanted: Wanted = ANY
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
        self._encoding, mark, guess = find_encoding(file, start, name, options.encoding)
        self.remarks += [guess] if guess else []
        with telling(self.remarks):
            sample = start.decode(self._encoding, "replace").lstrip(MARK)
            doubled = find_line_end(sample) == DOUBLED
            sample = sample.replace(DOUBLED, LINE_END) if doubled else sample
            self._lines = Lines(file, self._encoding, name, doubled)
            style = Style(mark, line_end=find_line_end(sample), encoding=self._encoding)
            self._open(sample, style, options, wanted)

    def close(self) -> None:
        """Let go of the file, which stays open."""

    def done(self) -> int:
        """Return how many bytes have been read."""
        return self._file.tell() if self._file.seekable() else 0

    def _open(self, sample: str, style: Style, options: FileOptions, wanted: Wanted) -> None:
        name = self._name
        if options.sheet:
            raise TableError(f"{name} is CSV and has no sheets; leave --sheet out")
        sep, delimiter = find_sep(sample)
        if sep:
            sample = sample.removeprefix(sep)
            next(self._lines)
        delimiter = options.delimiter or delimiter or find_delimiter(sample, wanted, options)
        check_delimiter(delimiter)
        self._delimiter, self._number = delimiter, 0
        self._padded = is_padded(sample, delimiter)
        self._rows = csv.reader(
            self._lines, delimiter=delimiter, skipinitialspace=self._padded, strict=True
        )
        most = min(max(options.header_row or 0, ROWS_TO_HEADER), ROWS_PER_CHUNK)
        first, ends = [], []
        for row in itertools.islice(iter(self._next_row, None), most):
            first.append(unwrapped(row, delimiter))
            ends.append(self._lines.place())
        place = find_header(first, wanted, options.header_row)
        if place is None:
            where = Sentence("the first line")
            if options.header_row:
                where = Sentence("row {number}", number=options.header_row)
            raise TableError("{name}: {where} holds no names of columns", name=name, where=where)
        where = Sentence("{name}: {where}", name=name, where=_nth(place, first))
        self.header = check_header([*map(name_of, first[place])], where)
        self.remarks += passed_over(place, first)
        self.titles: Sequence[Row] = first[:place]
        if len(self.header) == 1 < len(wanted.known) and not wanted.likeness(self.header):
            self.remarks.append(
                Sentence(
                    "{name} has one column: no comma, semicolon, tab or | separates its cells",
                    "; --delimiter says by what",
                    name=name,
                )
            )
        chunk = Chunk()
        if self._lines.go_back(ends[place]):  # as a rule: then these rows may be split too
            self._number = place + 1
        else:
            for number, row in enumerate(first[place + 1 :], place + 2):
                self._add(chunk, row, number)
        self._first = [chunk] if chunk.rows else []
        self._rest = self._chunks()
        count = len(chunk.rows)
        while count < ROWS_PER_CHUNK and (chunk := next(self._rest, Chunk())).rows:
            self._first.append(chunk)
            count += len(chunk.rows)
        if delimiter == ",":
            listed = (one.rows for one in self._first if not isinstance(one.rows, Columnar))
            width = len(self.header)
            long = [row for rows in listed for row in rows if len(row) > width]
            check_widths(long, count, width, name)
        self.decimal = options.decimal or self._find_decimal(delimiter, wanted)
        # Excel writes semicolons where decimals have commas.
        decimal = self.decimal or ("," if delimiter == ";" else ".")
        self.style = replace(style, delimiter=delimiter, decimal=decimal, sep=sep)

    def _find_decimal(self, delimiter: str, wanted: Wanted) -> str:
        """Look for the decimal mark in the first rows, which are kept for the first chunks."""
        places = [i for i, name in enumerate(self.header) if clean_name(name) in wanted.numbers]
        columns = (column_of(chunk.rows, i) for chunk in self._first for i in places)
        cells = itertools.chain.from_iterable(map(with_marks, columns))
        return find_decimal(cells, delimiter, self._name)

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty ones are no rows."""
        while self._first:  # each is let go of when it has been used
            yield from _slices(self._first.pop(0), size)
        for chunk in self._rest:
            yield from _slices(chunk, size)

    def _chunks(self) -> Iterator[Chunk]:
        """Yield the rows of a block at a time, from the line that comes next."""
        while text := self._lines.block():
            rows = None if self._padded else split(text, self._delimiter, len(self.header))
            if rows is not None:
                numbers: Sequence[int] = range(self._number + 1, self._number + len(rows) + 1)
                self._number += len(rows)
                self._lines.number += text.count("\n")
                if blank := rows.blank():
                    kept = np.delete(np.arange(len(rows)), blank)
                    rows, numbers = rows[kept], (kept + numbers[0]).tolist()
                yield from _slices(Chunk(rows, numbers), ROWS_PER_CHUNK)
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
                "{name}: line {line} cannot be read: {reason}; look for a quotation mark that is "
                "not closed",
                name=self._name,
                line=self._lines.number,
                reason=error,
            ) from None
        self._number += row is not None
        return row

    def _add(self, chunk: Chunk, row: list[str], number: int) -> None:
        if all(map(is_blank, row)):
            return
        width = len(self.header)
        if len(row) == 1 < width:
            cells = unwrapped(row, self._delimiter)
            # A comma in a text has a space behind it.
            row = cells if len(cells) == width and " " not in {c[:1] for c in cells} else row
        if len(row) < width:  # what is blank at its end was left out
            row = [*row, *[""] * (width - len(row))]
        elif all(map(is_blank, row[width:])):
            row = row[:width]
        chunk.add(row, number)


def _slices(chunk: Chunk, size: int) -> Iterator[Chunk]:
    for start in range(0, len(chunk.rows), size):
        part = slice(start, start + size)
        yield Chunk(chunk.rows[part], chunk.numbers[part])


def _nth(place: int, rows: Sequence[Row]) -> Sentence:
    if any(map(any, rows[:place])):
        return Sentence("row {number}", number=place + 1)
    return Sentence("the first line")
