"""CSV files: comma, semicolon or tab between the cells, UTF-8 with or without its mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

from satchel.errors import TableError

DELIMITERS = ",;\t"
ROWS_PER_CHUNK = 10_000


MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written: UTF-8 mark or none, what separates cells, how lines end."""

    mark: str = ""
    delimiter: str = ","
    line_end: str = "\n"


class CsvReader:
    """Reads a table of text cells.

    Parameters
    ----------
    file : binary file
        The table, its first line holding the names of the columns.
    name : str
        Its name, for messages.

    Attributes
    ----------
    header : list of str
        Names of the columns.
    style : Style
        How the file is written.

    Raises
    ------
    TableError
        Where the file is empty, is not UTF-8, or names a column twice.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        self._text = io.TextIOWrapper(file, "utf-8", newline="")
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

    def _read_header(self) -> None:
        try:
            first = self._text.readline()
        except UnicodeDecodeError:
            raise self._not_utf8() from None
        mark = MARK if first.startswith(MARK) else ""
        first = first.removeprefix(MARK)
        line_end = "\r\n" if first.endswith("\r\n") else "\n"
        delimiter = max(DELIMITERS, key=_outside_quotes(first).count)
        self.style = Style(mark, delimiter, line_end)
        lines = (line for part in ([first], self._text) for line in part)
        self._rows = csv.reader(lines, delimiter=delimiter, strict=True)
        self.header = [cell.strip() for cell in next(self._cells(), [])]
        if not any(self.header):
            raise TableError(f"{self._name}: the first line holds no names of columns")
        repeated = {cell for cell in self.header if self.header.count(cell) > 1 and cell}
        if repeated:
            raise TableError(
                f"{self._name}: the columns {sorted(repeated)} stand there twice; rename one"
            )

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[list[list[str]]]:
        """Yield lists of up to `size` rows; empty lines are no rows."""
        chunk: list[list[str]] = []
        for row in self._cells():
            chunk.append(row)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _cells(self) -> Iterator[list[str]]:
        try:
            for row in self._rows:
                if row:
                    yield row
        except UnicodeDecodeError:
            raise self._not_utf8() from None
        except csv.Error as error:
            line = self._rows.line_num
            raise TableError(f"{self._name}: line {line} cannot be read: {error}") from None

    def _not_utf8(self) -> TableError:
        return TableError(
            f"{self._name} is not UTF-8 text; save it again as 'CSV UTF-8' in the spreadsheet"
        )


class CsvWriter:
    """Writes a table of text cells.

    Parameters
    ----------
    file : text file
        Opened with ``newline=""``.
    style : Style
        How to write it.
    """

    def __init__(self, file: IO[str], style: Style) -> None:
        file.write(style.mark)
        self._writer = csv.writer(file, delimiter=style.delimiter, lineterminator=style.line_end)

    def write(self, rows: Iterable[Iterable[str]]) -> None:
        """Write rows; the first row written is the header."""
        self._writer.writerows(rows)


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])
