"""Excel workbooks (``.xlsx``), through openpyxl: the extra ``[excel]``."""

from __future__ import annotations

import datetime
import io
import itertools
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, BinaryIO

from satchel.errors import SatchelError, TableError
from satchel.sentence import Sentence
from satchel.tables.cells import Percent, as_number, as_text
from satchel.tables.formulas import neutralised
from satchel.tables.number_format import shows_percent
from satchel.tables.strict import UsualNames, is_strict
from satchel.tables.table import (
    ROWS_PER_CHUNK,
    ROWS_TO_HEADER,
    Chunk,
    FileOptions,
    Row,
    SheetRow,
    Wanted,
    check_header,
    find_header,
    is_blank,
    name_of,
    passed_over,
)
from satchel.tables.typed import decimal_mark
from satchel.tables.workbook_look import Look, width_for, widths_of
from satchel.tables.workbook_parts import Parts, shared_strings
from satchel.values import quoted
from satchel.wording import meant, reason

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
MOST_CELLS = 1 << 17  # of a chunk: rows may be wide
# Sheets are streamed, texts and the rest are held in memory.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_RETURN = "_x000D_"  # how a workbook writes a carriage return
_EXACT = 10**15  # a sheet holds 15 digits
_FIRST_YEAR = 1900  # of the dates of a sheet
_PERCENT = "0.##%"


class ExcelReader:
    """Reads a sheet of a workbook; formulas give the values that were saved with them.

    Parameters
    ----------
    file : binary file
        That can seek.
    name : str
        Its name, for messages.
    options : FileOptions
    wanted : Wanted
        By which its header is known among rows above it.

    The attributes are those of `Table`, and what the workbook says of itself:
    `description`.

    Raises
    ------
    TableError
        Where it is no whole workbook, has no such sheet, or names a column twice.
    """

    kind = "xlsx"
    unit = "rows"

    def __init__(self, file: BinaryIO, name: str, options: FileOptions, wanted: Wanted) -> None:
        self._name = name
        self._done = 0
        self.remarks: list[str] = []
        with self._reading():
            self._book = _load(file, name, options.unlimited)
        try:
            with self._reading():
                self._open(options, wanted)
        except BaseException:
            self.close()
            raise

    def _open(self, options: FileOptions, wanted: Wanted) -> None:
        sheet = self._sheet(options, wanted)
        self.total: int | None = sheet.max_row
        rows, first = self._begin(sheet, options)
        place = find_header(first, wanted, options.header_row)
        if place is None:
            where = Sentence("its first rows")
            if options.header_row:
                where = Sentence("row {number}", number=options.header_row)
            raise TableError(
                "{name}, sheet {sheet!r}: {where} names no columns",
                name=self._name,
                sheet=sheet.title,
                where=where,
            )
        names = [name_of(as_text(cell)) for cell in first[place]]
        self.header = check_header(
            names, Sentence("{name}: row {row}", name=self._name, row=place + 1)
        )
        self.remarks += passed_over(place, first)
        self.titles: Sequence[Row] = first[:place]
        self.look = Look(self._book, widths_of(sheet, len(self.header)), first[place].styles)
        self.description = self._book.properties.description or ""
        self._number = place + 1
        most = min(ROWS_PER_CHUNK, MOST_CELLS // len(self.header))
        next_ones = [*first[place + 1 :], *itertools.islice(rows, most)]
        self.decimal = options.decimal or decimal_mark(next_ones, self.header, wanted, self._name)
        self._rest = itertools.chain(next_ones, rows)

    def _begin(self, sheet: Any, options: FileOptions) -> tuple[Iterator[SheetRow], list[SheetRow]]:
        """Return the rows of a sheet and, taken from them, the first ones."""
        # What a sheet says of its size may be wrong, and pads every row.
        sheet.reset_dimensions()
        rows = self._rows(sheet)
        most = min(max(options.header_row or 0, ROWS_TO_HEADER), ROWS_PER_CHUNK)
        return rows, list(itertools.islice(rows, most))

    def _sheet(self, options: FileOptions, wanted: Wanted) -> Any:
        chosen = options.sheet
        sheets = {sheet.title: sheet for sheet in self._book.worksheets}
        if not sheets:
            raise TableError("{name} has no sheet with cells", name=self._name)
        names = list(sheets)
        if chosen in sheets:
            return sheets[chosen]
        if chosen.isdecimal() and 0 < int(chosen) <= len(names):
            return sheets[names[int(chosen) - 1]]
        if chosen:
            hint = meant(chosen, names) or Sentence("; there are {names}", names=quoted(names))
            raise TableError(
                "{name} has no sheet {sheet!r}{hint}", name=self._name, sheet=chosen, hint=hint
            )
        if len(names) == 1:
            return sheets[names[0]]
        # A hidden sheet may be an old copy: it is read where nothing else fits.
        visible = [one for one in names if sheets[one].sheet_state == "visible"]
        likely = [*visible, *(one for one in names if one not in visible)]
        fitting = [one for one in likely if wanted.fits(self._begin(sheets[one], options)[1])]
        name = (fitting or likely)[0]
        self.remarks.append(
            Sentence(
                "Read the sheet {sheet!r} of {names}",
                " (--sheet for another)",
                sheet=name,
                names=", ".join(map(repr, names)),
            )
        )
        return sheets[name]

    def _rows(self, sheet: Any) -> Iterator[SheetRow]:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            if number > MOST_ROWS:  # a damaged sheet may claim any number
                raise TableError(
                    "{name} has more than {most:,} rows in a sheet", name=self._name, most=MOST_ROWS
                )
            if len(cells) > MOST_COLUMNS:
                raise TableError(
                    "{name} has more than {most:,} columns in a sheet",
                    name=self._name,
                    most=MOST_COLUMNS,
                )
            yield _row(cells)

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty rows are none."""
        width = len(self.header)
        most = max(1, min(size, MOST_CELLS // width))
        done = False
        while not done:
            chunk = Chunk()
            with self._reading():
                while len(chunk.rows) < most:
                    row = next(self._rest, None)
                    if row is None:
                        done = True
                        break
                    self._number += 1
                    if all(map(is_blank, row)):
                        continue
                    if len(row) < width:
                        row.extend([None] * (width - len(row)))
                    elif all(map(is_blank, row[width:])):
                        del row[width:]
                    chunk.add(row, self._number)
            self._done = self._number
            if chunk.rows:
                yield chunk

    def done(self) -> int:
        """Return how many rows have been read."""
        return self._done

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._book.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        # A broken workbook fails in a dozen ways within openpyxl, zipfile, zlib and expat.
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and charts, which are not read
                yield
        except (SatchelError, ModuleNotFoundError):
            raise
        except Exception as error:
            # openpyxl words some errors of the archive anew.
            if isinstance(error.__context__, SatchelError):
                raise error.__context__ from None
            raise TableError(
                "{name} cannot be read as an Excel workbook ({reason}); open it in a spreadsheet "
                "and save it again as .xlsx, or as 'CSV UTF-8'",
                name=self._name,
                reason=reason(error),
            ) from None


def _load(file: BinaryIO, name: str, unlimited: bool) -> Any:
    """Return a workbook of which the rows are read as they are needed."""
    import openpyxl  # noqa: F401  whose absence has its own message
    from openpyxl.reader.excel import ExcelReader as BookReader
    from openpyxl.styles import cell_style
    from openpyxl.xml.constants import SHARED_STRINGS

    class Book(BookReader):  # type: ignore[misc]
        def read_strings(self) -> None:
            part = self.package.find(SHARED_STRINGS)
            if part is not None:
                with self.archive.open(part.PartName[1:]) as source:
                    self.shared_strings = shared_strings(source)

    # It prints that a style is not there, to where the answer may go, and then says so properly.
    cell_style.print = lambda *words: None

    parts = Parts(file, name, unlimited)
    reader = Book(file, read_only=True, data_only=True, keep_links=False)
    reader.archive = UsualNames(file, name, unlimited) if is_strict(parts) else parts
    reader.read()
    return reader.wb


def _row(cells: Sequence[Any]) -> SheetRow:
    """Return the values of a row as its sheet shows them; empty cells at its end are left out."""
    # An empty cell that no one touched has no style at all.
    styles = {i: one for i, cell in enumerate(cells) if (one := getattr(cell, "_style_id", 0))}
    row = SheetRow([cell.value for cell in cells], styles)
    while row and row[-1] is None:
        row.pop()
    for place, value in enumerate(row):
        if isinstance(value, str) and _RETURN in value:
            row[place] = value.replace(_RETURN, "\r")
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if place in styles and shows_percent(cells[place].number_format, value):
            row[place] = Percent(value)
        elif isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
            row[place] = int(value)  # a sheet knows one kind of number
    return row


class ExcelWriter:
    """Writes a workbook with one sheet.

    Parameters
    ----------
    file : binary file
    decimal : str
        The decimal mark of numbers that came as text and become numbers again; empty where text
        is meant to be text, as in a table that came with types.
    heads : int
        How many of the first rows are names of columns, or titles above them: texts as they are.
    look : Look
        How the sheet looks that the rows came from, by the places of this one.
    description : str
        What the workbook says of itself, among its properties.
    """

    def __init__(
        self,
        file: BinaryIO,
        decimal: str,
        heads: int = 1,
        look: Look | None = None,
        description: str = "",
    ) -> None:
        import openpyxl

        self._file, self._heads = file, heads
        self._decimal = decimal
        self._look = look or Look()
        self._book = openpyxl.Workbook(write_only=True)
        self._book.properties.description = description or None
        self._styles = self._look.carry(self._book)
        self._sheet = self._book.create_sheet("predicted")
        self._in_memory = isinstance(file, io.BytesIO)
        self._count = 0
        self._text = lru_cache(maxsize=4096)(_safe_text)  # a column holds few different texts

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first rows written are the header and what stands above it."""
        if not self._count:
            rows = list(rows)
            self._begin(rows)
        for row in rows:
            self._count += 1
            if self._count > MOST_ROWS:
                raise TableError(
                    f"an Excel sheet holds {MOST_ROWS:,} rows at most; write a .csv or .parquet"
                )
            cells = [self._text(cell) if isinstance(cell, str) else _safe(cell) for cell in row]
            if self._decimal and self._count > self._heads:
                cells = [as_number(cell, self._decimal) for cell in cells]
            styles = self._look.header if self._count == self._heads else _styles(row)
            cells += [None] * (max(styles, default=-1) + 1 - len(cells))
            for place, style in styles.items():
                cells[place] = self._styled(cells[place], style)
            self._sheet.append(cells)

    def finish(self) -> None:
        """Write the workbook; the file stays open."""
        if self._in_memory:
            from satchel.tables.workbook_memory import save_in_memory

            save_in_memory(self._book, self._file)
        else:
            self._book.save(self._file)

    def close(self) -> None:
        """Let go of the temporary file that openpyxl writes a sheet to."""
        if not self._sheet.closed:
            self._sheet.close()

    def _begin(self, heads: Sequence[Row]) -> None:
        """Set the widths of columns, which a sheet writes first."""
        from openpyxl.utils import get_column_letter

        names = heads[self._heads - 1] if 0 < self._heads <= len(heads) else ()
        widths = {i: width_for(as_text(name)) for i, name in enumerate(names)}
        for place, width in (widths | dict(self._look.widths)).items():
            self._sheet.column_dimensions[get_column_letter(place + 1)].width = width
        if self._in_memory:  # what is to stay in memory is written to no disk
            from satchel.tables.workbook_memory import SheetInMemory

            self._sheet._writer = SheetInMemory(self._sheet)

    def _styled(self, value: object, style: int | str) -> object:
        """Return a cell in a style of the workbook that came, or with a number format."""
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self._sheet, value)
        if isinstance(style, str):
            cell.number_format = style
        elif style < len(self._styles):
            cell._style = self._styles[style]
        return cell


def _styles(row: Row) -> Mapping[int, int | str]:
    """Return the styles of a row by their places, or the format of a percentage."""
    if isinstance(row, SheetRow):
        return row.styles
    return {i: _PERCENT for i, cell in enumerate(row) if isinstance(cell, Percent)}


def _safe(cell: object) -> object:
    """Return a cell as a sheet can hold it."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, int) and abs(cell) >= _EXACT:
        return str(cell)
    if isinstance(cell, int | float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return cell.isoformat()
    if isinstance(cell, datetime.date) and cell.year < _FIRST_YEAR:
        return as_text(cell)
    if isinstance(cell, datetime.date | datetime.time | datetime.timedelta):
        return cell
    return _safe_text(as_text(cell))


def _safe_text(text: str) -> object:
    text = _CONTROL.sub("\ufffd", text)
    return neutralised(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
