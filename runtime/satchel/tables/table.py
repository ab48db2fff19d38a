"""What every format gives: a header, and chunks of rows that know where they stood."""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.values import quoted
from satchel.wording import plain_name

ROWS_PER_CHUNK = 10_000
ROWS_TO_HEADER = 20
CERTAIN = 2  # names that are known make a header; one may be a cell that is spelled like it

# Signs that take no room though they are no format characters: joiners, fillers, selectors.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | {
    *map(chr, range(0xFE00, 0xFE10))
}
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d[\d.,\s]*%?")

Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class FileOptions:
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
    unlimited : bool
        Whether the file is trusted: a workbook or a Parquet file may then unpack to any size.
    """

    __module__ = "satchel"

    sheet: str = ""
    header_row: int | None = None
    decimal: str = ""
    delimiter: str = ""
    encoding: str = ""
    unlimited: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names of columns by which a header is known, as the table would spell them.

    Attributes
    ----------
    required, known : collection of str
        Columns that must be there, and all that are of use; kept as `clean_name` gives them.
    numbers : collection of str
        Those that hold numbers.
    """

    required: Collection[str] = ()
    known: Collection[str] = ()
    numbers: Collection[str] = ()

    def __post_init__(self) -> None:
        for attribute in ("required", "known", "numbers"):
            names = getattr(self, attribute)
            object.__setattr__(self, attribute, [clean_name(name) for name in names])

    def likeness(self, names: Collection[str]) -> float:
        """Return how many of the known names are there; a near spelling counts half."""
        clean = {clean_name(name) for name in names}
        near = {plain_name(name) for name in clean}
        return sum(
            1.0 if name in clean else 0.5 * (plain_name(name) in near) for name in self.known
        )

    def satisfied(self, names: Collection[str]) -> bool:
        """Whether all required names are there."""
        return {clean_name(name) for name in names}.issuperset(self.required)

    def fits(self, rows: Sequence[Row]) -> bool:
        """Whether one of the first rows of a table holds all required names."""
        return any(self.satisfied([*map(name_of, row)]) for row in rows[:ROWS_TO_HEADER])


DEFAULT = FileOptions()
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

    def mentions(self, text: str) -> bool:
        """Whether a text may stand in some cell, where that is known without reading them."""
        return False

    @abstractmethod
    def column(self, place: int) -> Sequence[object] | NDArray[Any]:
        """Return the cells of one column."""


def column_of(rows: Sequence[Row], place: int) -> Sequence[object] | NDArray[Any]:
    """Return the cells of one column; a row that is too short has none."""
    if isinstance(rows, Columnar):
        return rows.column(place)
    return [row[place] for row in rows if place < len(row)]


class SheetRow(list[object]):
    """The cells of a row of a spreadsheet, and how that shows them.

    Attributes
    ----------
    styles : dict of int to int
        The styles of its cells by their places, as the workbook numbers them, where one is set.
    """

    def __init__(self, cells: Iterable[object], styles: dict[int, int]) -> None:
        super().__init__(cells)
        self.styles = styles


def answered(row: Row, places: Sequence[int], cells: Iterable[object]) -> Row:
    """Return some cells of a row, and the styles of these, with the cells of an answer after them.

    A row that is too short is filled with None.
    """
    kept = [*(row[i] if i < len(row) else None for i in places), *cells]
    if isinstance(row, SheetRow):
        return SheetRow(kept, {i: row.styles[p] for i, p in enumerate(places) if p in row.styles})
    return kept


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
        """Yield the rows of the answer."""
        for row, cells in zip(self.rows, zip(*self.columns, strict=True), strict=True):
            yield answered(row, self.places, cells)


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
    titles : sequence of sequence
        The rows above the header.
    unit, total : str and int or None
        What is counted for progress, and how much of it there is.
    """

    kind: str
    header: list[str]
    decimal: str
    remarks: list[str]
    titles: Sequence[Row]
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

    It is the first row that holds all required names. Failing that, it is the one that holds most
    of the known names, spelled so or nearly so; a row without numbers goes before one with them,
    in which a single cell is spelled like a name. Where no name is known it is the fullest: the
    titles above a header fill few cells.

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
    first = rows[:ROWS_TO_HEADER]
    named = [[*map(name_of, row)] for row in first]
    sizes = [sum(map(bool, map(clean_name, names))) for names in named]
    fullest = max(sizes, default=0)
    if not fullest:
        return None
    if wanted.required:
        for i, names in enumerate(named):
            if wanted.satisfied(names):
                return i
    known = [wanted.likeness(names) for names in named]

    def rank(i: int) -> tuple[bool, bool, float, int]:
        return known[i] >= CERTAIN, not any(map(_is_number, first[i])), known[i], sizes[i]

    # A title such as "School: ..." is spelled nearly like a name too.
    places = [i for i, size in enumerate(sizes) if 2 * size >= fullest or known[i] >= 1]
    return max(places, key=rank)  # the first of equals


def check_header(names: Sequence[str], where: str) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    TableError
        Where there are none, or one stands there twice.
    """
    clean = [clean_name(name) for name in names]
    if not any(clean):
        raise TableError("{where} holds no names of columns", where=where)
    repeated = [name for name, count in Counter(clean).items() if name and count > 1]
    if repeated:
        raise TableError(
            "{where}: {names} stands there twice as a column; rename one",
            where=where,
            names=quoted(sorted(repeated)),
        )
    return list(names)


def name_of(cell: object) -> str:
    """Return a cell of the header as the name of its column, in the letters that came."""
    return "" if cell is None else str(cell).strip()


def clean_name(name: str) -> str:
    """Return a name as it is compared: in Unicode's NFKC, with single spaces, no invisible signs.

    Two names that look the same are the same, whichever program wrote them.
    """
    if not name.isascii():
        visible = (sign for sign in name if sign not in _INVISIBLE)
        letters = "".join(sign for sign in visible if unicodedata.category(sign) != "Cf")
        name = unicodedata.normalize("NFKC", letters)
    return " ".join(name.split())


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing."""
    if isinstance(cell, str):
        return not cell or cell.isspace()
    return cell is None or cell != cell  # NaN


def _is_number(cell: object) -> bool:
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell.strip()) is not None
    return cell is not None


@contextmanager
def telling(remarks: Sequence[str]) -> Iterator[None]:
    """Let an error end with the remarks on how the table is read: it may come of that."""
    try:
        yield
    except TableError as error:
        said = error.sentence
        for remark in remarks:
            if remark not in said:
                said = Sentence("{error} ({remark})", error=said, remark=remark)
        if said is error.sentence:
            raise
        raise TableError(said) from None


def passed_over(place: int, rows: Sequence[Row]) -> list[str]:
    """Return a remark where rows above the header hold something."""
    titles = [i + 1 for i, row in enumerate(rows[:place]) if not all(map(is_blank, row))]
    if not titles:
        return []
    return [
        Sentence("Row {row} names the columns; what stands above it is left out", row=place + 1)
    ]
