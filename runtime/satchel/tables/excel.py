"""Excel workbooks (``.xlsx``), through openpyxl: the extra ``[excel]``."""

from __future__ import annotations

import datetime
import itertools
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from satchel.errors import SatchelError, TableError
from satchel.tables.cells import Percent, as_number, as_text
from satchel.tables.formulas import neutralised
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
    name_of,
    passed_over,
)
from satchel.wording import meant

MOST_ROWS = 1_048_576
MOST_CELLS = 1_000_000  # of a chunk: rows may be wide
# Sheets are streamed, texts and the rest are held in memory.
LARGEST = {"xl/worksheets/": 4 << 30, "xl/sharedStrings": 128 << 20, "": 32 << 20}
UNREAD = ("xl/media/", "xl/embeddings/", "xl/drawings/", "xl/charts/", "xl/pivotCache/")
HIGHEST_RATIO = 250  # of sheets of numbers 5 to 30
RATIO_FROM = 32 << 20
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class ExcelReader:
    """Reads a sheet of a workbook; formulas give the values that were saved with them.

    Parameters
    ----------
    file : binary file
        That can seek.
    name : str
        Its name, for messages.
    options : Options
    wanted : Wanted
        By which its header is known among rows above it.

    The attributes are those of `Table`.

    Raises
    ------
    TableError
        Where it is no whole workbook, has no such sheet, or names a column twice.
    """

    kind = "xlsx"
    unit = "rows"

    def __init__(self, file: BinaryIO, name: str, options: Options, wanted: Wanted) -> None:
        import openpyxl

        self._name = name
        self._done = 0
        self.decimal = options.decimal
        self.remarks: list[str] = []
        with self._reading():
            _check_archive(file, name)
            self._book = openpyxl.load_workbook(
                file, read_only=True, data_only=True, keep_links=False
            )
        try:
            with self._reading():
                self._open(options, wanted)
        except BaseException:
            self.close()
            raise

    def _open(self, options: Options, wanted: Wanted) -> None:
        sheet = self._sheet(options, wanted)
        self.total: int | None = sheet.max_row
        rows, first = self._begin(sheet, options)
        place = find_header(first, wanted, options.header_row)
        if place is None:
            where = f"row {options.header_row}" if options.header_row else "its first rows"
            raise TableError(f"{self._name}, sheet {sheet.title!r}: {where} names no columns")
        names = [name_of(cell) for cell in first[place]]
        self.header = check_header(names, f"{self._name}: row {place + 1}")
        self.remarks += passed_over(place, first)
        self._rest = itertools.chain(first[place + 1 :], rows)
        self._number = place + 1

    def _begin(self, sheet: Any, options: Options) -> tuple[Iterator[Row], list[Row]]:
        """Return the rows of a sheet and, taken from them, the first ones."""
        # What a sheet says of its size may be wrong, and pads every row.
        sheet.reset_dimensions()
        rows = self._rows(sheet)
        most = min(max(options.header_row or 0, ROWS_TO_HEADER), ROWS_PER_CHUNK)
        return rows, list(itertools.islice(rows, most))

    def _sheet(self, options: Options, wanted: Wanted) -> Any:
        chosen = options.sheet
        sheets = {sheet.title: sheet for sheet in self._book.worksheets}
        if not sheets:
            raise TableError(f"{self._name} has no sheet with cells")
        names = list(sheets)
        if chosen in sheets:
            return sheets[chosen]
        if chosen.isdecimal() and 0 < int(chosen) <= len(names):
            return sheets[names[int(chosen) - 1]]
        if chosen:
            hint = meant(chosen, names) or f"; there are {names}"
            raise TableError(f"{self._name} has no sheet {chosen!r}{hint}")
        if len(names) == 1:
            return sheets[names[0]]
        fitting = [one for one in names if wanted.fits(self._begin(sheets[one], options)[1])]
        name = (fitting or names)[0]
        listed = ", ".join(map(repr, names))
        self.remarks.append(f"Read the sheet {name!r} of {listed} (--sheet for another)")
        return sheets[name]

    def _rows(self, sheet: Any) -> Iterator[Row]:
        for cells in sheet.iter_rows():
            row = [_value(cell) for cell in cells]
            while row and row[-1] is None:
                row.pop()
            yield row

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
                        row = [*row, *[None] * (width - len(row))]
                    elif all(map(is_blank, row[width:])):
                        row = row[:width]
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
            what = str(error) or type(error).__name__
            raise TableError(
                f"{self._name} cannot be read as an Excel workbook ({what[:100]}); open it in a "
                "spreadsheet and save it again as .xlsx, or as 'CSV UTF-8'"
            ) from None


def _value(cell: Any) -> object:
    value = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Percent(value) if "%" in cell.number_format else value
    return value


def _check_archive(file: BinaryIO, name: str) -> None:
    """Refuse what would fill the memory: a small file may unpack to any size."""
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    for one in members:
        if one.filename.startswith(UNREAD):
            continue
        dense = one.file_size > RATIO_FROM and one.file_size > HIGHEST_RATIO * one.compress_size
        most = next(size for part, size in LARGEST.items() if one.filename.startswith(part))
        if dense or one.file_size > most:
            raise TableError(
                f"{name}: {one.filename} in it unpacks to {one.file_size:,} bytes, more than is "
                "safe; save the table as 'CSV UTF-8' instead"
            )
    file.seek(0)


class ExcelWriter:
    """Writes a workbook with one sheet.

    Parameters
    ----------
    file : binary file
    decimal : str
        The decimal mark of numbers that came as text, which become numbers again.
    """

    def __init__(self, file: BinaryIO, decimal: str) -> None:
        import openpyxl

        self._file = file
        self._decimal = decimal or "."
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("predicted")
        self._count = 0

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        for row in rows:
            self._count += 1
            if self._count > MOST_ROWS:
                raise TableError(
                    f"an Excel sheet holds {MOST_ROWS:,} rows at most; write a .csv or .parquet"
                )
            header = self._count == 1
            self._sheet.append([cell if header else self._cell(cell) for cell in map(_safe, row)])

    def finish(self) -> None:
        """Write the workbook; the file stays open."""
        self._book.save(self._file)

    def close(self) -> None:
        """Let go of the temporary file that openpyxl writes a sheet to."""
        if not self._sheet.closed:
            self._sheet.close()

    def _cell(self, cell: object) -> object:
        if not isinstance(cell, Percent):
            return as_number(cell, self._decimal)
        from openpyxl.cell import WriteOnlyCell

        shown = WriteOnlyCell(self._sheet, float(cell))
        shown.number_format = "0.##%"
        return shown


def _safe(cell: object) -> object:
    """Return a cell as a sheet can hold it."""
    if cell is None or isinstance(cell, bool | Percent):
        return cell
    if isinstance(cell, int) and abs(cell) >= 10**15:
        return str(cell)  # a sheet holds 15 digits
    if isinstance(cell, int | float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return cell.isoformat()
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time | datetime.timedelta):
        return cell
    text = _CONTROL.sub("\ufffd", as_text(cell)).encode("utf-16", "surrogatepass")
    return neutralised(text.decode("utf-16", "replace"))
