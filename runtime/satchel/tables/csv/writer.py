"""Writes CSV as the table that came was written."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import BinaryIO

from satchel.tables.cells import as_text
from satchel.tables.csv.dialect import LINE_END, Style
from satchel.tables.csv.plain import PlainRows
from satchel.tables.formulas import (
    SEPARATORS,
    STARTS,
    hides_formulas,
    neutralised,
    unhidden,
)
from satchel.tables.table import Answered, Row

MOST_KNOWN = 1 << 15  # texts of a column's cells that are kept


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
            lineterminator=LINE_END,
        )
        others = re.escape(SEPARATORS.replace(style.delimiter, ""))
        starts = re.escape("".join(STARTS - set(SEPARATORS)))
        self._hidden = re.compile(f"[{others}][{starts}]").search
        self._special = re.compile(f'[{re.escape(style.delimiter)}"\r\n]')
        self._known: list[_Texts] = []  # by column of the answer's own
        if style.mark or style.sep:
            self._write(style.mark + style.sep)

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        lines = self._beside(rows) if isinstance(rows, Answered) else None
        if lines is None:
            lines = self._written(rows)
        end = self._style.line_end
        if lines:
            self._write(end.join(lines) + end)

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""

    def _beside(self, answered: Answered) -> list[str] | None:
        """Return the lines of an answer, joined to what came; None where that is not plain."""
        rows, places = answered.rows, answered.places
        while len(self._known) < len(answered.columns):
            self._known.append(_Texts(self._text))
        columns: list[Iterable[str]] = [
            known.of(column) for column, known in zip(answered.columns, self._known, strict=False)
        ]
        if places:
            if not isinstance(rows, PlainRows) or rows.delimiter != self._style.delimiter:
                return None
            if hides_formulas(rows.mentions, self._style.delimiter):
                return None
            lines = rows.written(places)
            risky = rows.beginning_with(STARTS, places)
            again = self._written([row[i] for i in places] for row in map(rows.__getitem__, risky))
            for i, line in zip(risky, again, strict=True):
                lines[i] = line
            columns.insert(0, lines)
        return list(map(self._style.delimiter.join, zip(*columns, strict=True)))

    def _text(self, cell: object) -> str:
        """Return a cell as it stands in a line of several."""
        text = str(self._cell(cell))
        if self._special.search(text):
            (text,) = self._written([[text]])
        return text

    def _written(self, rows: Iterable[Row]) -> list[str]:
        """Return rows as lines without their ends."""
        self._lines.clear()
        # Most cells are text that begins harmlessly: they are written as they are.
        self._writer.writerows(
            [
                cell
                if type(cell) is str and cell[:1] not in STARTS and not self._hidden(cell)
                else self._cell(cell)
                for cell in row
            ]
            for row in rows
        )
        return [line.removesuffix(LINE_END) for line in self._lines]

    def _write(self, text: str) -> None:
        # What came in this encoding goes back in it; a letter of our own words may be missing.
        self._file.write(text.encode(self._style.encoding, "replace"))

    def _cell(self, cell: object) -> object:
        if type(cell) is float:
            text = repr(cell + 0.0) if cell == cell else ""  # -0.0 is 0.0
            return text.replace(".", ",") if self._style.decimal == "," else text
        plain = neutralised(as_text(cell))
        return unhidden(plain) if isinstance(plain, str) and self._hidden(plain) else plain


class _Texts(dict[object, str]):
    """The texts of cells of one column, most of which holds few different.

    Parameters
    ----------
    text : callable
        From a cell to its text.
    """

    def __init__(self, text: Callable[[object], str]) -> None:
        self._text = text

    def __missing__(self, cell: object) -> str:
        text = self[cell] = self._text(cell)
        return text

    def of(self, cells: Sequence[object]) -> Iterable[str]:
        """Return the texts of cells."""
        if len(self) > MOST_KNOWN:
            self.clear()
        first = cells[0] if cells else None
        if cells and cells[-1] is first and cells.count(first) == len(cells):
            return [self[first]] * len(cells)
        return map(self.__getitem__, cells)
