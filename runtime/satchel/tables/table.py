"""What every format gives: a header, and chunks of rows that know where they stood."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from satchel.errors import TableError
from satchel.wording import plain_name

ROWS_PER_CHUNK = 10_000
ROWS_TO_HEADER = 20

Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a table, where that is said and not to be found out.

    Attributes
    ----------
    sheet : str
        Name of the sheet of a workbook, or its number counted from 1; empty for the first.
    header_row : int or None
        The row that names the columns, as a spreadsheet counts; None where it is to be found.
    decimal : str
        The decimal mark, ``.`` or ``,``; empty where it is to be found.
    delimiter : str
        What separates the cells of CSV: one character; empty where it is to be found.
    encoding : str
        The encoding of CSV, as Python names it; empty where it is to be found.
    """

    __module__ = "satchel"

    sheet: str = ""
    header_row: int | None = None
    decimal: str = ""
    delimiter: str = ""
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names of columns by which a header is known, as the table would spell them.

    Attributes
    ----------
    required, known : collection of str
        Columns that must be there, and all that are of use.
    numbers : collection of str
        Those that hold numbers.
    """

    required: Collection[str] = ()
    known: Collection[str] = ()
    numbers: Collection[str] = ()

    def likeness(self, names: Collection[str]) -> float:
        """Return how many of the known names are there; a near spelling counts half."""
        near = {plain_name(name) for name in names}
        return sum(
            1.0 if name in names else 0.5 * (plain_name(name) in near) for name in self.known
        )

    def fits(self, rows: Sequence[Row]) -> bool:
        """Whether one of the first rows of a table holds all required names."""
        named = ([name_of(cell) for cell in row] for row in rows[:ROWS_TO_HEADER])
        return any(all(name in names for name in self.required) for names in named)


DEFAULT = Options()
ANY = Wanted()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    Attributes
    ----------
    rows : sequence of sequence
        Their cells: text in CSV, numbers, dates and truth values too elsewhere.
    numbers : sequence of int
        The row of a spreadsheet, or the line of a JSON Lines file, that each one is.
    """

    __module__ = "satchel"

    rows: Sequence[Row] = field(default_factory=list)
    numbers: Sequence[int] = field(default_factory=list)

    def add(self, row: Row, number: int) -> None:
        """Add one row, to a chunk that was made without any."""
        cast(list[Row], self.rows).append(row)
        cast(list[int], self.numbers).append(number)


class Columnar(Sequence[Row]):
    """Rows that give a column at once; a row is made when it is asked for."""

    @abstractmethod
    def column(self, place: int) -> Sequence[object] | NDArray[Any]:
        """Return the cells of one column."""


def column_of(rows: Sequence[Row], place: int) -> Sequence[object] | NDArray[Any]:
    """Return the cells of one column; a row that is too short has none."""
    if isinstance(rows, Columnar):
        return rows.column(place)
    return [row[place] for row in rows if place < len(row)]


@dataclass(frozen=True, slots=True)
class Answered:
    """Rows of a table with an answer beside them.

    Attributes
    ----------
    rows : sequence of sequence
        The table's.
    places : list of int
        Those of their columns that the answer repeats.
    columns : list of list
        Its own columns, one cell per row each.
    """

    rows: Sequence[Row]
    places: Sequence[int]
    columns: Sequence[Sequence[object]]

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows of the answer; a row that is too short is filled with None."""
        for row, cells in zip(self.rows, zip(*self.columns, strict=True), strict=True):
            yield [*(row[i] if i < len(row) else None for i in self.places), *cells]


class Table(Protocol):
    """A table that is read in chunks.

    Attributes
    ----------
    kind : str
        ``csv``, ``jsonl``, ``xlsx`` or ``parquet``.
    header : list of str
        Names of the columns.
    decimal : str
        The decimal mark of numbers written as text; empty where both may occur.
    remarks : list of str
        What a person should know of how the table is read.
    unit, total : str and int or None
        What is counted for progress, and how much of it there is.
    """

    kind: str
    header: list[str]
    decimal: str
    remarks: list[str]
    unit: str
    total: int | None

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield the rows; empty ones are none."""

    def done(self) -> int:
        """Return how much of `total` has been read."""

    def close(self) -> None:
        """Let go of the file, which stays open."""


Table.__module__ = "satchel"


def find_header(rows: Sequence[Row], wanted: Wanted, header_row: int | None) -> int | None:
    """Return the place of the header among the first rows of a table.

    It is the first row that holds all required names; failing that, the one that holds most of
    the known names, spelled so or nearly so; failing that, the first that is not empty.

    Parameters
    ----------
    rows : sequence of rows
        The first rows, empty ones among them.
    wanted : Wanted
    header_row : int or None
        The row that it is, counted from 1, where that was said.

    Returns
    -------
    int or None
        None where there is no such row.
    """
    if header_row is not None:
        return header_row - 1 if 0 < header_row <= len(rows) else None
    named = [[name_of(cell) for cell in row] for row in rows[:ROWS_TO_HEADER]]
    filled = [i for i, names in enumerate(named) if any(names)]
    if not filled:
        return None
    if wanted.required:
        for i in filled:
            if all(name in named[i] for name in wanted.required):
                return i
    best = max(filled, key=lambda i: wanted.likeness(named[i]))  # the first of equals
    return best if wanted.likeness(named[best]) > 0 else filled[0]


def check_header(names: Sequence[str], where: str) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    TableError
        Where there are none, or one stands there twice.
    """
    if not any(names):
        raise TableError(f"{where} holds no names of columns")
    repeated = {name for name in names if name and names.count(name) > 1}
    if repeated:
        raise TableError(f"{where}: the columns {sorted(repeated)} stand there twice; rename one")
    return list(names)


def name_of(cell: object) -> str:
    """Return a cell of the header as the name of its column."""
    return "" if cell is None else str(cell).strip()


def clean_name(name: str) -> str:
    """Return a name as it is compared: NFKC, no invisible signs, single spaces."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
        name = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return " ".join(name.split())


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and (not cell or cell.isspace()))


def passed_over(place: int, rows: Sequence[Row]) -> list[str]:
    """Return a remark where rows above the header hold something."""
    titles = [i + 1 for i, row in enumerate(rows[:place]) if not all(map(is_blank, row))]
    if not titles:
        return []
    return [f"Row {place + 1} names the columns; what stands above it is left out"]
