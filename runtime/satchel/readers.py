"""Reads the values of one feature: one by one, or a column at once.

A column's plain values are read together; each of which something is to be said goes through the
function that reads one.
"""

from __future__ import annotations

import difflib
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
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
        problems: dict[int, list[Problem]],
        notes: dict[int, list[Note]],
    ) -> Floats:
        """Return many values; all but the plain ones go through `read`."""
        values, settled = self._read_plain(column)
        for i in np.flatnonzero(~settled).tolist():
            found: tuple[list[Problem], list[Note]] = [], []
            values[i] = self.read(column[i], *found)
            keep(i, *found, problems, notes)
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
    def _read_plain(self, column: RawColumn) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the values, and which of them are plain: nothing is to be said of them."""


class NumberReader(Reader):
    """Reads numbers: limits, clipping, the range seen in training."""

    def __init__(self, feature: Number) -> None:
        super().__init__(feature)
        self.feature: Number = feature
        self._limits, self._clip = _closed(feature.limits), _closed(feature.clip)
        self._seen = feature.seen or (-_FLOAT_MAX, _FLOAT_MAX)
        ranges = (self._limits, self._clip, self._seen)
        self._plain = max(low for low, _ in ranges), min(high for _, high in ranges)
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

    def _read_plain(self, column: RawColumn) -> tuple[Floats, NDArray[np.bool_]]:
        values = _numbers(column)
        low, high = self._plain
        settled = (values >= low) & (values <= high)
        if self.feature.integer:
            settled &= values == np.floor(values)
        return values, settled


class CategoryReader(Reader):
    """Reads categories: their positions among the values."""

    def __init__(self, feature: Category) -> None:
        super().__init__(feature)
        self.feature: Category = feature
        self._codes = {value: float(code) for code, value in enumerate(feature.values)}
        listed = ", ".join(map(repr, feature.values[:_LISTED_VALUES]))
        more = len(feature.values) - _LISTED_VALUES
        self.allowed = f"allowed: {listed}" + (f" and {more} more" if more > 0 else "")

    def _imputed_value(self) -> float:
        return self._codes[self.feature.imputed or ""]

    def _read(self, value: object, notes: list[Note]) -> float:
        text = read_text(value)
        code = self._codes.get(text)
        if code is None:
            close = difflib.get_close_matches(text[:80], self._codes, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ValueError(f"is not one of its values{hint}")
        return code

    def _read_plain(self, column: RawColumn) -> tuple[Floats, NDArray[np.bool_]]:
        items = column.tolist() if isinstance(column, np.ndarray) else column
        try:
            values = np.array(list(map(self._codes.get, items)), np.float64)
        except TypeError:  # a value that cannot be hashed
            values = np.full(len(items), np.nan)
        return values, ~np.isnan(values)


def _numbers(column: RawColumn) -> Floats:
    """Return the numbers of a column, NaN where one is missing or needs a closer look."""
    if isinstance(column, np.ndarray):
        if column.dtype.kind in "iuf" and column.ndim == 1:
            with np.errstate(over="ignore"):
                return column.astype(np.float64)
        column = column.tolist()
    types = set(map(type, column))
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
