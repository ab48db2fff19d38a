"""What the cells of a column mean: marks for missing, decimal marks, percentages, other totals."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satchel.encode.readers import CategoryReader, Column, Unreadable
from satchel.encode.texts import Texts
from satchel.errors import Problem
from satchel.note import Note
from satchel.spec import Category, Classes, Number, Score
from satchel.tables.cells import Percent
from satchel.tables.csv.dialect import may_be_thousands
from satchel.tables.csv.digits import read_plain_numbers
from satchel.values import (
    LONGEST_NUMBER,
    MisreadError,
    is_missing,
    plain,
    plain_digits,
    printable,
    read_number,
    read_text,
    shown,
)
from satchel.wording import allowed_number, argument

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn


MISSING = (  # the last two are Blackboard's
    *("-", "–", "—", "n/a", "na", "#n/a", "nan", "null", "abs"),  # noqa: RUF001
    *("needs grading", "in progress"),
)
MOST_KNOWN = 1 << 14  # different cells of a column that are remembered
LONGEST_MARK = 24
_NUMBERS = {int, float, type(None)}

_PERCENT = re.compile(r"%|\bpercent\b|\bof 100\b")
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?", re.ASCII)
_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LETTER_GRADE = re.compile(r"[A-F][+-]?", re.IGNORECASE)
_DATE = re.compile(rf"(\d{{1,2}})[-./ ]({'|'.join(_MONTHS)})[a-z]*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Marks:
    """How a table writes what is missing, and its decimals.

    Attributes
    ----------
    missing : tuple of str
        Cells that stand for a missing value, whatever their case.
    decimal : str
        ``.`` or ``,``; empty where either may occur.
    """

    missing: tuple[str, ...] = MISSING
    decimal: str = "."


def full_marks(field: Number | Score) -> float | None:
    """Return what a field's numbers are out of: its upper limit, or 100 where they are percent.

    Attendance in percent may have a limit a little above 100.
    """
    return 100.0 if _PERCENT.search(field.unit) else field.limits[1]


class CellReader:
    """Reads the cells of one column as values that the model's own readers understand.

    Parameters
    ----------
    name : str
        Name of the field, for messages.
    field : Number, Category, Score or Classes
        What the column holds.
    marks : Marks
    total : float or None
        What the column's marks are out of, where that is not the field's upper limit.
    column : str
        Name of the column, for messages, where it is not that of the field.
    words : mapping of str to str
        From a cell of the column to the value that it stands for.
    """

    def __init__(
        self,
        name: str,
        field: Number | Category | Score | Classes,
        marks: Marks,
        total: float | None = None,
        column: str = "",
        words: Mapping[str, str] | None = None,
    ) -> None:
        self._name, self._marks, self._total = name, marks, total
        self._column = column or name
        self._words = {word.strip(): meaning for word, meaning in (words or {}).items()}
        self._is_number = isinstance(field, Number | Score)
        self._integer = isinstance(field, Number) and field.integer
        self._upper: float | None = None
        self._from_zero = False
        self._allowed = "give a number"
        own: tuple[str, ...] = ()
        if isinstance(field, Number | Score):
            self._upper = full_marks(field)
            self._from_zero = field.limits[0] in (None, 0.0)
            if isinstance(field, Number):
                self._allowed = f"give a {allowed_number(field)}"
        else:
            own = field.values if isinstance(field, Category) else field.labels
            category = Category(name=name, label=name, values=own)
            self._category = CategoryReader(category)
        # What is a value of the field is no mark.
        self._missing = {mark.strip().casefold() for mark in marks.missing} - {
            value.casefold() for value in own
        }
        self._texts = Texts(own)
        self._codes = {value: code for code, value in enumerate(own)}
        self._marked_by_digits = any(mark[:1] in "0123456789." for mark in self._missing)
        self._known = _Known(self._value)
        self._numbers = _Known(lambda cell: self._number(self._known[cell]))
        self._positions = _Known(lambda cell: self._position(self._known[cell]))

    def column(self, cells: RawColumn) -> Column:
        """Return a column as the model's readers take it, each different text read once."""
        known = self._known
        if isinstance(cells, np.ndarray):
            array = cells
            plain_column = self._plain_column(array)
            if plain_column is not None:
                return Column(*plain_column, lambda i: known[array[i].item()])
        listed: Sequence[Any] = cells.tolist() if isinstance(cells, np.ndarray) else cells
        types = set(map(type, listed))
        if types == {str}:
            code = self._numbers if self._is_number else self._positions
            return self._coded(map(code.__getitem__, listed), lambda i: known[listed[i]])
        if types <= _NUMBERS and self._is_number and self._total is None:
            with contextlib.suppress(OverflowError):  # an integer beyond float64
                return self._coded(listed, listed.__getitem__)  # None becomes NaN
        values = [self._value(cell) for cell in listed]
        read = self._number if self._is_number else self._position
        return self._coded(map(read, values), values.__getitem__)

    def _coded(self, codes: Iterable[float | None], value: Callable[[int], object]) -> Column:
        """Return a column of numbers, or of positions of which -1 is none."""
        found = np.array(list(codes), np.float64)
        unsettled = None if self._is_number else np.flatnonzero(found < 0).tolist()
        return Column(found, unsettled, value)

    def _plain_column(self, cells: NDArray[Any]) -> tuple[NDArray[Any], list[int] | None] | None:
        """Return the values of a column that is plain all through, but for blank cells."""
        if cells.dtype.kind != "U":
            plain_numbers = self._is_number and self._total is None and cells.dtype.kind in "iuf"
            return (cells.astype(np.float64), None) if plain_numbers else None
        if self._words:
            return None
        if not self._is_number:
            return self._texts.find(cells)
        if self._total is not None or self._marked_by_digits:
            return None
        values = read_plain_numbers(cells, point=self._marks.decimal == ".")
        return None if values is None else (values, None)

    def _value(self, cell: object) -> object:
        try:
            value = self.read(cell)
        except ValueError as error:
            return Unreadable(str(error), cell, getattr(error, "code", ""))
        if self._is_number or is_missing(value) or self._position(value) >= 0:
            return value
        said: tuple[list[Problem], list[Note]] = [], []
        self._category.read(value, *said)
        theirs = f"{self._column}:{str(cell).strip()}"
        remedy = f"--map-value {argument(f'{theirs}=VALUE')} says which one it is"
        message = "; ".join([*(problem.message for problem in said[0]), remedy])
        return Unreadable(message, value, said[0][0].code if said[0] else "")

    def _number(self, value: object) -> float:
        try:
            return math.nan if is_missing(value) else read_number(value)
        except ValueError:
            return math.nan

    def _position(self, value: object) -> int:
        try:
            return -1 if is_missing(value) else self._codes.get(read_text(value), -1)
        except ValueError:
            return -1

    def read(self, cell: object) -> object:
        """Return the value of a cell.

        Raises
        ------
        ValueError
            Where it may mean this or that; the message says what to do.
        """
        if is_missing(cell):
            return None if not isinstance(cell, str) else ""
        if self._words:
            cell = self._words.get(str(cell).strip(), cell)
        if isinstance(cell, str) and cell.strip().casefold() in self._missing:
            return ""
        if not self._is_number:
            return str(cell) if isinstance(cell, Percent) else cell
        if isinstance(cell, Percent):
            return self._scaled(cell, round(float(cell) * 100, 10), percent=True)
        if not isinstance(cell, str):
            return cell if self._total is None else self._scaled_if_number(cell, cell)
        if len(cell) > LONGEST_NUMBER:
            return cell  # the field's own reader says what is wrong
        text = plain_digits(cell.strip())
        marks, slash, total = text.partition("/")
        if slash and (fraction := self._fraction(cell, marks, total)) is not None:
            return fraction
        percent = text.endswith("%")
        value = self._with_point(cell, text.removesuffix("%").rstrip())
        self._check_word(cell, text)
        if percent or self._total is not None:
            return self._scaled_if_number(cell, value, percent)
        return value

    def _check_word(self, cell: str, text: str) -> None:
        """Refuse a date, and a word that may be a mark for missing, with what helps."""
        if date := _DATE.fullmatch(text):
            month = _MONTHS.index(date[2][:3].lower()) + 1
            raise MisreadError(
                f"{self._name} = {shown(cell)} looks like a date (a spreadsheet may have made it "
                f"of {date[1]}/{month}); {self._allowed}",
                "date",
            )
        if _LETTER_GRADE.fullmatch(text):
            raise MisreadError(
                f"{self._name} = {shown(cell)} looks like a letter grade; {self._allowed}",
                "letter-grade",
            )
        if len(text) <= LONGEST_MARK and not any(map(str.isdigit, text)):
            quoted = text if text.isalpha() else f"'{text}'"
            raise MisreadError(
                f"{self._name} = {shown(cell)} is not a number; {self._allowed}, or say "
                f"--missing={quoted} if it stands for no value",
                "word",
            )

    def _fraction(self, cell: str, marks: str, total: str) -> object:
        """Return the value of ``13/20``; None where it is no fraction."""
        try:
            number = read_number(self._with_point(cell, marks.strip()))
            whole = read_number(self._with_point(cell, total.strip()))
        except ValueError:
            return None
        if whole <= 0 or not 0 <= number <= whole:
            return None
        if self._upper is None or self._upper <= 0 or not self._from_zero:
            raise MisreadError(
                f"{self._name} = {shown(cell)} is out of a total, and {self._name} has none; "
                "give the number itself",
                "total",
            )
        return self._brought(number, whole)

    def _with_point(self, cell: str, text: str) -> str:
        comma, point = _COMMA.fullmatch(text), _POINT.fullmatch(text)
        if not self._marks.decimal and may_be_thousands(text):
            raise MisreadError(
                f"{self._name} = {shown(cell)} may be a thousand or not; "
                "say --decimal comma or --decimal point",
                "thousands",
            )
        if comma and self._marks.decimal != ".":
            return text.replace(",", ".")
        if comma or (point and self._marks.decimal == ","):
            here, there = ("comma", "point") if self._marks.decimal == "," else ("point", "comma")
            raise MisreadError(
                f"{self._name} = {shown(cell)} has a decimal {there}, the table's other numbers "
                f"a decimal {here}; write it in the same way",
                "decimal-mark",
            )
        return text

    def _scaled_if_number(self, cell: object, value: object, percent: bool = False) -> object:
        try:
            number = read_number(value)
        except ValueError:
            return cell  # the field's own reader says what is wrong
        return self._scaled(cell, number, percent)

    def _scaled(self, cell: object, number: float, percent: bool) -> object:
        total, upper = self._total, self._upper
        if percent and total is not None:
            total = 100.0
        if total is None:
            total = 100.0
            if upper not in (1.0, 100.0):
                raise MisreadError(
                    f"{self._name} = {shown(_as_written(cell))} is a percentage, and {self._name} "
                    + (
                        "has no upper limit; give the number itself"
                        if upper is None
                        else f"goes up to {plain(upper)}; "
                        f'--map "{printable(self._column)}={self._name}/100" brings it there'
                    ),
                    "percentage",
                )
        if not 0 <= number <= total:
            raise MisreadError(
                f"{self._name} = {shown(_as_written(cell))} is out of bounds; "
                f"give a number from 0 to {plain(total)}, its total",
                "out-of-bounds",
            )
        return self._brought(number, total)

    def _brought(self, number: float, total: float) -> float:
        assert self._upper is not None
        value = number * self._upper / total
        return float(math.floor(value + 0.5)) if self._integer else value


class _Known(dict[str, Any]):
    """What different texts are read as, each once; forgotten where they are many."""

    def __init__(self, read: Callable[[str], object]) -> None:
        self._read = read

    def __missing__(self, text: str) -> Any:
        if len(self) >= MOST_KNOWN:
            self.clear()
        value = self[text] = self._read(text)
        return value


def _as_written(cell: object) -> object:
    return str(cell) if isinstance(cell, Percent) else cell
