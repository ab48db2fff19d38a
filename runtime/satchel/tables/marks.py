"""What the cells of a column mean: marks for missing, decimal marks, percentages, other totals."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satchel.encode.texts import Texts
from satchel.spec import Category, Classes, Number, Regression
from satchel.tables.cells import Percent
from satchel.tables.csv.dialect import may_be_thousands
from satchel.tables.csv.digits import read_plain_numbers
from satchel.values import is_missing, plain, read_number, shown

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn

MISSING = ("-", "–", "—", "n/a", "na", "#n/a", "nan", "null", "abs")  # noqa: RUF001

_PERCENT = re.compile(r"%|\bpercent\b|\bof 100\b")
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?", re.ASCII)
_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


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


def full_marks(field: Number | Regression) -> float | None:
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
    field : Number, Category, Regression or Classes
        What the column holds.
    marks : Marks
    total : float or None
        What the column's marks are out of, where that is not the field's upper limit.
    column : str
        Name of the column, for messages, where it is not that of the field.
    """

    def __init__(
        self,
        name: str,
        field: Number | Category | Regression | Classes,
        marks: Marks,
        total: float | None = None,
        column: str = "",
    ) -> None:
        self._name, self._marks, self._total = name, marks, total
        self._column = column or name
        self._is_number = isinstance(field, Number | Regression)
        self._integer = isinstance(field, Number) and field.integer
        self._upper: float | None = None
        own: tuple[str, ...] = ()
        if isinstance(field, Number | Regression):
            self._upper = full_marks(field)
        else:
            own = field.values if isinstance(field, Category) else field.labels
        # What is a value of the field is no mark.
        self._missing = {mark.strip().casefold() for mark in marks.missing} - {
            value.casefold() for value in own
        }
        self._texts = Texts(own)
        self._marked_by_digits = any(mark[:1] in "0123456789." for mark in self._missing)

    def column(self, cells: RawColumn) -> tuple[RawColumn, dict[int, str]]:
        """Return the values of a column, and by its row what is wrong with a cell."""
        wrong: dict[int, str] = {}
        if isinstance(cells, np.ndarray):
            values = self._plain_column(cells)
            if values is not None:
                return values, wrong
            cells = cells.tolist()
        if set(map(type, cells)) <= {str}:
            # A school's columns hold few different texts: each is read once.
            read: dict[object, object] = {}
            bad: dict[object, str] = {}
            for cell in set(cells):
                try:
                    read[cell] = self.read(cell)
                except ValueError as error:
                    read[cell], bad[cell] = "", str(error)
            if bad:
                wrong = {i: bad[cell] for i, cell in enumerate(cells) if cell in bad}
            return list(map(read.__getitem__, cells)), wrong
        listed: list[object] = []
        for i, cell in enumerate(cells):
            try:
                listed.append(self.read(cell))
            except ValueError as error:
                listed.append(None)
                wrong[i] = str(error)
        return listed, wrong

    def _plain_column(self, cells: NDArray[np.str_]) -> NDArray[Any] | None:
        """Return the values of a column that is plain all through, but for blank cells."""
        if not self._is_number:
            found = self._texts.find(cells)
            # Blank cells are among no values; numpy 1.26 cannot ask any() of texts.
            return cells if found is not None and (cells[found[1]] == "").all() else None
        if self._total is not None or self._marked_by_digits:
            return None
        return read_plain_numbers(cells, point=self._marks.decimal == ".")

    def read(self, cell: object) -> object:
        """Return the value of a cell.

        Raises
        ------
        ValueError
            Where it may mean this or that; the message says what to do.
        """
        if is_missing(cell):
            return None if not isinstance(cell, str) else ""
        if isinstance(cell, str) and cell.strip().casefold() in self._missing:
            return ""
        if not self._is_number:
            return str(cell) if isinstance(cell, Percent) else cell
        percent = False
        value = cell
        if isinstance(cell, Percent):
            value, percent = round(float(cell) * 100, 10), True
        elif isinstance(cell, str):
            text = cell.strip()
            percent = text.endswith("%")
            value = self._with_point(cell, text.removesuffix("%").rstrip())
            if not percent and self._total is None:
                return value
        if not percent and self._total is None:
            return cell
        try:
            number = read_number(value)
        except ValueError:
            return cell  # the field's own reader says what is wrong
        return self._scaled(cell, number, percent)

    def _with_point(self, cell: str, text: str) -> str:
        comma, point = _COMMA.fullmatch(text), _POINT.fullmatch(text)
        if not self._marks.decimal and may_be_thousands(text):
            raise ValueError(
                f"{self._name} = {shown(cell)} may be a thousand or not; "
                "say --decimal comma or --decimal point"
            )
        if comma and self._marks.decimal != ".":
            return text.replace(",", ".")
        if comma or (point and self._marks.decimal == ","):
            here, there = ("comma", "point") if self._marks.decimal == "," else ("point", "comma")
            raise ValueError(
                f"{self._name} = {shown(cell)} has a decimal {there}, the table's other numbers "
                f"a decimal {here}; write it in the same way"
            )
        return text

    def _scaled(self, cell: object, number: float, percent: bool) -> object:
        total, upper = self._total, self._upper
        if total is None:
            total = 100.0
            if upper not in (1.0, 100.0):
                raise ValueError(
                    f"{self._name} = {shown(_as_written(cell))} is a percentage, and {self._name} "
                    + (
                        "has no upper limit; give the number itself"
                        if upper is None
                        else f"goes up to {plain(upper)}; "
                        f'--map "{self._column}={self._name}/100" brings it there'
                    )
                )
        assert upper is not None
        if not 0 <= number <= total:
            raise ValueError(
                f"{self._name} = {shown(_as_written(cell))} is out of bounds; "
                f"give a number from 0 to {plain(total)}, its total"
            )
        value = number * upper / total
        return float(math.floor(value + 0.5)) if self._integer else value


def _as_written(cell: object) -> object:
    return str(cell) if isinstance(cell, Percent) else cell
