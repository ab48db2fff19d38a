"""Reads the values of one feature: one by one, or a column at once.

A column's plain values are read together; each of which something is to be said goes through the
function that reads one.
"""

from __future__ import annotations

import contextlib
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.errors import Problem
from satchel.note import Note
from satchel.spec import Category, Number
from satchel.values import is_missing, plain, read_number, read_text, shown
from satchel.wording import allowed_number

Floats = NDArray[np.float64]
RawColumn = Sequence[object] | NDArray[Any]

_FLOAT_MAX = sys.float_info.max
_LISTED_VALUES = 12
_LARGEST_COMPARED, _LARGEST_BYTE = 16, 256


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


class Reader(ABC):
    """Reads the values of one feature."""

    feature: Number | Category
    allowed: str

    def __init__(self, feature: Number | Category) -> None:
        self.name = feature.name

    def read(self, value: object, problems: list[Problem], notes: list[Note]) -> float:
        """Return one value, ready for the columns; what is to be said goes into the lists."""
        if value is ABSENT and self.feature.required:
            problems.append(Problem(self.name, f"{self.name} is required and was not given"))
            return 0.0
        if value is ABSENT or is_missing(value):
            return self._impute(problems, notes)
        try:
            return self._read(value, notes)
        except ValueError as error:
            message = f"{self.name} = {shown(value)} {error}; {self.allowed}"
            problems.append(Problem(self.name, message))
            return 0.0

    def read_many(
        self,
        column: RawColumn,
        places: Sequence[int],
        problems: dict[int, list[Problem]],
        notes: dict[int, list[Note]],
    ) -> Floats:
        """Return many values; all but the plain ones go through `read`.

        What is found in a row goes to its place among all, as `places` gives it.
        """
        values, unsettled = self._read_plain(column)
        if unsettled:
            values = values.copy()  # it may be the column itself
        for i in unsettled:
            found: tuple[list[Problem], list[Note]] = [], []
            values[i] = self.read(column[i], *found)
            keep(places[i], *found, problems, notes)
        return values

    def _impute(self, problems: list[Problem], notes: list[Note]) -> float:
        imputed = self.feature.imputed
        if imputed is None:
            problems.append(Problem(self.name, f"{self.name} is blank; {self.allowed}"))
            return 0.0
        text = imputed if isinstance(imputed, str) else plain(imputed)
        message = f"{self.name} was not given; {text} was used in its place"
        notes.append(Note("imputed", self.name, message))
        return self._imputed_value()

    @abstractmethod
    def _imputed_value(self) -> float:
        """Return the value that stands for a missing one."""

    @abstractmethod
    def _read(self, value: object, notes: list[Note]) -> float:
        """Return a value that is there, or raise a ValueError that says what is wrong."""

    @abstractmethod
    def _read_plain(self, column: RawColumn) -> tuple[Floats, list[int]]:
        """Return the values, and the rows of those that are not plain: read them one by one."""


class NumberReader(Reader):
    """Reads numbers: limits, clipping, the range seen in training."""

    def __init__(self, feature: Number) -> None:
        super().__init__(feature)
        self.feature: Number = feature
        self._limits, self._clip = _closed(feature.limits), _closed(feature.clip)
        self._seen = feature.seen or (-_FLOAT_MAX, _FLOAT_MAX)
        ranges = (self._limits, self._clip, self._seen)
        # Of a number between these nothing is to be said.
        self.plain = max(low for low, _ in ranges), min(high for _, high in ranges)
        self.allowed = f"give a {allowed_number(feature)}"

    def _imputed_value(self) -> float:
        return self.feature.imputed or 0.0

    def _read(self, value: object, notes: list[Note]) -> float:
        number = read_number(value)
        if self.feature.integer and number != math.floor(number):
            raise ValueError("is not a whole number")
        if not self._limits[0] <= number <= self._limits[1]:
            raise ValueError("is out of bounds")
        low, high = self._clip
        if not low <= number <= high:
            bound = low if number < low else high
            message = f"{self.name} = {plain(number)} was brought to {plain(bound)}"
            notes.append(Note("clipped", self.name, message))
            return bound
        low, high = self._seen
        if not low <= number <= high:
            seen = f"the range seen in training ({plain(low)} to {plain(high)})"
            message = f"{self.name} = {plain(number)} is outside {seen}"
            notes.append(Note("outside", self.name, message))
        return number

    def _read_plain(self, column: RawColumn) -> tuple[Floats, list[int]]:
        values = _numbers(column)
        low, high = self.plain
        integer = self.feature.integer
        # Most columns are plain all through, which their ends tell faster than a mask.
        if (
            len(values)
            and low <= values.min()
            and values.max() <= high
            and not (integer and (values != np.floor(values)).any())
        ):
            return values, []
        settled = (values >= low) & (values <= high)
        if integer:
            settled &= values == np.floor(values)
        return values, np.flatnonzero(~settled).tolist()


class CategoryReader(Reader):
    """Reads categories: their positions among the values."""

    def __init__(self, feature: Category) -> None:
        super().__init__(feature)
        self.feature: Category = feature
        self._codes = {value: float(code) for code, value in enumerate(feature.values)}
        self._bytes: dict[object, int] = {value: code for code, value in enumerate(feature.values)}
        listed = ", ".join(map(repr, feature.values[:_LISTED_VALUES]))
        more = len(feature.values) - _LISTED_VALUES
        self.allowed = f"allowed: {listed}" + (f" and {more} more" if more > 0 else "")

    def _imputed_value(self) -> float:
        return self._codes[self.feature.imputed or ""]

    def _read(self, value: object, notes: list[Note]) -> float:
        text = read_text(value)
        code = self._codes.get(text)
        if code is None:
            import difflib  # takes a millisecond, for a message that few need

            close = difflib.get_close_matches(text[:80], self._codes, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ValueError(f"is not one of its values{hint}")
        return code

    def _read_plain(self, column: RawColumn) -> tuple[Floats, list[int]]:
        values = self._compare(column)
        if values is None:
            items = column.tolist() if isinstance(column, np.ndarray) else column
            values = self._look_up(items)
        return values, np.flatnonzero(np.isnan(values)).tolist()

    def _compare(self, column: RawColumn) -> Floats | None:
        """Return the codes of an array of texts of fixed width; None where it is something else.

        numpy compares such an array with one text in a tenth of the time that it takes to make
        Python texts of it.
        """
        fixed = isinstance(column, np.ndarray) and column.dtype.kind == "U"
        if not fixed or len(self._codes) > _LARGEST_COMPARED:
            return None
        values = np.full(len(column), np.nan)
        for text, code in self._codes.items():
            # numpy ends a text at its last character that is not NUL.
            if not text.endswith("\0"):
                np.copyto(values, code, where=column == text)
        return values

    def _look_up(self, items: Sequence[object]) -> Floats:
        if len(self._codes) <= _LARGEST_BYTE:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                # Codes as bytes take half the time of codes as floats.
                codes = bytes(itemgetter(*items)(self._bytes)) if len(items) > 1 else b""
                if len(codes) == len(items):
                    return np.frombuffer(codes, np.uint8).astype(np.float64)
        try:
            return np.array(list(map(self._codes.get, items)), np.float64)  # type: ignore[arg-type]
        except (TypeError, ValueError):  # a value that cannot be hashed
            return np.full(len(items), np.nan)


def _numbers(column: RawColumn) -> Floats:
    """Return the numbers of a column, NaN where one is missing or needs a closer look."""
    if isinstance(column, np.ndarray):
        if column.dtype.kind in "iuf" and column.ndim == 1:
            with np.errstate(over="ignore"):
                return column.astype(np.float64, copy=False)
        column = column.tolist()
    types = set(map(type, column))
    if types == {int}:
        with contextlib.suppress(ValueError):  # one beyond a byte
            # Most whole numbers of a school are small, and read as bytes in a third of the time.
            return np.frombuffer(bytes(column), np.uint8).astype(np.float64)  # type: ignore[arg-type]
    if types <= {int, float, type(None)}:
        try:
            return np.array(column, np.float64)
        except OverflowError:  # an integer beyond float64
            return np.full(len(column), np.nan)
    if types == {str}:
        # A school's columns hold few different texts: each is read once.
        numbers = {text: _number_or_nan(text) for text in set(column)}
        return np.array(list(map(numbers.__getitem__, column)), np.float64)
    return np.array([_number_or_nan(value) for value in column], np.float64)


def _number_or_nan(value: object) -> float:
    try:
        return read_number(value)
    except ValueError:
        return math.nan


def _closed(bounds: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = bounds
    return -_FLOAT_MAX if low is None else low, _FLOAT_MAX if high is None else high


def keep(
    row: int,
    problems: list[Problem],
    notes: list[Note],
    all_problems: dict[int, list[Problem]],
    all_notes: dict[int, list[Note]],
) -> None:
    """Add what was found in one row to what was found in all."""
    if problems:
        all_problems.setdefault(row, []).extend(problems)
    if notes:
        all_notes.setdefault(row, []).extend(notes)
