"""Reads the values of one feature: one by one, or a column at once.

A column's plain values are read together; each of which something is to be said goes through the
function that reads one.
"""

from __future__ import annotations

import contextlib
import marshal
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.encode.texts import Texts
from satchel.errors import Problem
from satchel.note import Found, Note, NoteKind
from satchel.spec import Category, Number
from satchel.values import MisreadError, is_missing, plain, read_number, read_text, shown
from satchel.wording import allowed_number, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    RawColumn = Sequence[object] | NDArray[Any]

_FLOAT_MAX = sys.float_info.max
_LISTED_VALUES = 12
_BYTES = 256
_SURE_DECIMALS = 9  # of a number that was computed
# How marshal writes a number: its tag, what follows, and their size. A list has a head of tag and
# length.
_MARSHALLED = {int: (b"i", "<i4", 5), float: (b"g", "<f8", 9)}
_HEAD = 5
# Equal values of these types are read alike.
_HASHED = frozenset((str, int, float, bool, type(None)))


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


class Unreadable:
    """A value that cannot be read, and why.

    Parameters
    ----------
    message : str
        The whole message of its problem.
    value : object
        What stands there.
    code : str
        Of its problem.
    """

    def __init__(self, message: str, value: object, code: str = "") -> None:
        self.message, self.value, self.code = message, value, code


class Column(Sequence[object]):
    """A column that was read already, as a table reads its cells: each text once.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        Numbers, or the positions of categories among the feature's values; of what is not plain,
        NaN or anything.
    unsettled : sequence of int or None
        The rows that are not plain; None for numbers, where they are those of NaN.
    value : callable
        Returns what one row holds, as `Reader.read` takes it: for the rows that are not plain.
    start : int
        The row of `value` that comes first.
    """

    def __init__(
        self,
        values: NDArray[Any],
        unsettled: Sequence[int] | None,
        value: Callable[[int], object],
        start: int = 0,
    ) -> None:
        self.values = values
        self._unsettled, self._value, self._start = unsettled, value, start

    @property
    def unsettled(self) -> Sequence[int]:
        """The rows that are not plain."""
        if self._unsettled is None:
            return np.flatnonzero(np.isnan(self.values)).tolist()
        return self._unsettled

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: Any) -> Any:
        """Return what one row holds, or some rows for a slice."""
        if not isinstance(row, slice):
            return self._value(self._start + row)
        start, stop, _ = row.indices(len(self.values))
        unsettled = self._unsettled
        if unsettled is not None:
            unsettled = [i - start for i in unsettled if start <= i < stop]
        return Column(self.values[start:stop], unsettled, self._value, self._start + start)


class Reader(ABC):
    """Reads the values of one feature."""

    feature: Number | Category
    allowed: str
    told = False  # whether a column of the matrix tells the model that the value is missing

    def __init__(self, feature: Number | Category) -> None:
        self.name = feature.name

    def read(self, value: object, problems: list[Problem], notes: list[Note]) -> float:
        """Return one value, ready for the columns; what is to be said goes into the lists."""
        if value is ABSENT and self.feature.required:
            message = f"{self.name} is required and was not given"
            problems.append(Problem(self.name, message, "required"))
            return 0.0
        if value is ABSENT or is_missing(value):
            return self._impute(problems, notes)
        if isinstance(value, Unreadable):
            problems.append(Problem(self.name, value.message, value.code, shown(value.value)))
            return 0.0
        try:
            return self._read(value, notes)
        except ValueError as error:
            message = f"{self.name} = {shown(value)} {error}; {self.allowed}"
            code = getattr(error, "code", "")
            problems.append(Problem(self.name, message, code, shown(value)))
            return 0.0

    def read_absent(self, places: Sequence[int], found: Found) -> Floats:
        """Return the values of a field without a column, and say so of every row."""
        said: tuple[list[Problem], list[Note]] = [], []
        value = self.read(ABSENT, *said)
        for place in places:
            found.add(place, *said)
        return np.full(len(places), value)

    def settle(
        self,
        values: NDArray[Any],
        unsettled: Sequence[int],
        column: RawColumn,
        places: Sequence[int],
        found: Found,
    ) -> NDArray[Any]:
        """Return the values of a column, those that are not plain read one by one.

        Parameters
        ----------
        values : ndarray, shape (rows,)
            As `NumberBlock.read` or `CategoryReader.read_plain` gives them.
        unsettled : sequence of int
            The rows of those that are not plain: of them something is to be said, or their value
            is not known yet.
        column : sequence or ndarray
            The raw values.
        places : sequence of int
            The place of each row among all, for what is found.
        found : Found
        """
        # A school's columns hold few different values: each is read once.
        known: dict[object, tuple[float, list[Problem], list[Note]]] = {}
        for i in unsettled:
            value = column[i]
            key = (type(value), value) if type(value) in _HASHED else None
            if key is None or key not in known:
                said: tuple[list[Problem], list[Note]] = [], []
                known[key] = (self.read(value, *said), *said)
            values[i], problems, notes = known[key]
            found.add(places[i], problems, notes)
        return values

    def _impute(self, problems: list[Problem], notes: list[Note]) -> float:
        imputed = self.feature.imputed
        if imputed is None:
            message = f"{self.name} is blank; {self.allowed}"
            problems.append(Problem(self.name, message, "blank"))
            return 0.0
        kind: NoteKind = "blank"
        message = f"{self.name} was not given"
        if self.feature.essential:
            instead = self.feature.instead
            kind, message = (
                "essential",
                f"{message}, and much of the answer rests on it"
                + (f"; the task {instead} does without it" if instead else ""),
            )
        elif not self.told:
            text = imputed if isinstance(imputed, str) else plain(imputed)
            kind, message = "imputed", f"{message}; {text} was used in its place"
        notes.append(Note(kind, self.name, message))
        return self._imputed_value()

    @abstractmethod
    def _imputed_value(self) -> float:
        """Return the value that stands for a missing one."""

    @abstractmethod
    def _read(self, value: object, notes: list[Note]) -> float:
        """Return a value that is there, or raise a ValueError that says what is wrong."""


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
        if self._is_plain(number):
            return number
        if number != math.floor(number):
            # 12.999999999999998 is what a sum of tenths makes of 13.
            number = round(number, _SURE_DECIMALS)
        if self.feature.integer and number != math.floor(number):
            raise MisreadError("is not a whole number", "not-whole")
        if not self._limits[0] <= number <= self._limits[1]:
            raise MisreadError("is out of bounds", "out-of-bounds")
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
            notes.append(
                Note("beyond" if self._is_bounded(number) else "outside", self.name, message)
            )
        return number

    def _is_bounded(self, number: float) -> bool:
        """Whether limits bound a number on its side, and the model promises where it leads."""
        low, high = self.feature.limits
        bound = high if number > self._seen[1] else low
        return bool(self.feature.monotonic) and bound is not None

    def _is_plain(self, number: float) -> bool:
        low, high = self.plain
        return low <= number <= high and (not self.feature.integer or number == math.floor(number))


class NumberBlock:
    """Reads the columns of all numbers together: what is asked of each is asked once of all.

    Parameters
    ----------
    readers : sequence of NumberReader
    """

    def __init__(self, readers: Sequence[NumberReader]) -> None:
        self._readers = readers
        # One column each, beside the rows of `read`.
        self._low = np.array([[reader.plain[0]] for reader in readers])
        self._high = np.array([[reader.plain[1]] for reader in readers])
        self._fractional = np.array([[not reader.feature.integer] for reader in readers])

    def read(self, columns: Mapping[str, RawColumn]) -> dict[str, tuple[Floats, list[int]]]:
        """Return by name the values, and the rows of those that are not plain.

        Fields without a column are left out.
        """
        names = [reader.name for reader in self._readers]
        given = [i for i, name in enumerate(names) if name in columns]
        if not given:
            return {}
        raw = [columns[names[i]] for i in given]
        values = np.empty((len(given), len(raw[0])))
        with np.errstate(over="ignore"):
            for row, column in zip(values, raw, strict=True):
                row[:] = _numbers(column)
        settled = (values >= self._low[given]) & (values <= self._high[given])
        settled &= (values == np.floor(values)) | self._fractional[given]
        if settled.all():
            return {names[i]: (values[k], []) for k, i in enumerate(given)}
        return {
            names[i]: (values[k], np.flatnonzero(~settled[k]).tolist()) for k, i in enumerate(given)
        }


class CategoryReader(Reader):
    """Reads categories: their positions among the values."""

    def __init__(self, feature: Category) -> None:
        super().__init__(feature)
        self.feature: Category = feature
        self._codes: dict[Any, int] = {value: i for i, value in enumerate(feature.values)}
        # Codes as letters of one byte: a column of them is made in half the time that floats take.
        self._letters: dict[Any, str] = {
            value: chr(i) for i, value in enumerate(feature.values[:_BYTES])
        }
        self._texts = Texts(feature.values)
        listed = ", ".join(map(repr, feature.values[:_LISTED_VALUES]))
        more = len(feature.values) - _LISTED_VALUES
        self.allowed = f"allowed: {listed}" + (f" and {more} more" if more > 0 else "")

    def _imputed_value(self) -> float:
        return self._codes[self.feature.imputed or ""]

    def _read(self, value: object, notes: list[Note]) -> float:
        text = read_text(value)
        code = self._codes.get(text)
        if code is None:
            close = nearest(text, self.feature.values)
            hint = f" (did you mean {close!r}?)" if close else ""
            raise MisreadError(f"is not one of its values{hint}", "not-a-value")
        return code

    def read_plain(self, column: RawColumn) -> tuple[NDArray[Any], list[int]]:
        """Return the positions of a column's values among the feature's: uint8 or float64.

        Beside them the rows of those that are not plain, whose position is not known yet.
        """
        if isinstance(column, Column):
            return column.values, list(column.unsettled)
        if isinstance(column, np.ndarray):
            if column.dtype.kind == "U" and (found := self._texts.find(column)) is not None:
                return found
            column = column.tolist()
        if len(column) > 1:
            with contextlib.suppress(KeyError, TypeError):
                letters = "".join(itemgetter(*column)(self._letters))
                return np.frombuffer(letters.encode("latin-1"), np.uint8), []
        try:
            values = np.array(list(map(self._codes.get, column)), np.float64)
        except TypeError:  # a value that cannot be hashed
            values = np.full(len(column), np.nan)
        return values, np.flatnonzero(np.isnan(values)).tolist()


def _numbers(column: RawColumn) -> NDArray[Any]:
    """Return the numbers of a column, NaN where one is missing or needs a closer look."""
    if isinstance(column, Column):
        return column.values
    if isinstance(column, np.ndarray):
        if column.dtype.kind in "iuf":
            return column
        if column.dtype.kind in "mM":  # times, of which Python would make numbers
            return np.full(len(column), np.nan)
        column = column.tolist()
    if len(column) and (numbers := _of_one_type(column)) is not None:
        return numbers
    types = set(map(type, column))
    if types <= {int, float, type(None)}:
        try:
            return np.array(column, np.float64)
        except OverflowError:  # an integer beyond float64
            return np.full(len(column), np.nan)
    if types == {str}:
        # A school's columns hold few different texts: each is read once.
        read = {text: _number_or_nan(text) for text in set(column)}
        return np.array(list(map(read.__getitem__, column)), np.float64)
    return np.array([_number_or_nan(value) for value in column], np.float64)


def _of_one_type(column: Any) -> NDArray[Any] | None:
    """Return the numbers of a column that holds ints of 32 bits alone, or floats alone.

    marshal tells type and value of each in one pass, in half the time of any two: and True, which
    is as good as 1 elsewhere, must not pass for a number.
    """
    tag, dtype, size = _MARSHALLED.get(type(column[0]), (b"", "", 0))
    if not tag:
        return None
    try:
        data = marshal.dumps(column, 2)
    except ValueError:
        return None
    count = len(column)
    if len(data) != _HEAD + size * count or data[_HEAD::size] != tag * count:
        return None
    return np.ndarray(count, dtype, data, _HEAD + 1, (size,))


def _number_or_nan(value: object) -> float:
    try:
        return read_number(value)
    except ValueError:
        return math.nan


def _closed(bounds: tuple[float | None, float | None]) -> tuple[float, float]:
    low, high = bounds
    return -_FLOAT_MAX if low is None else low, _FLOAT_MAX if high is None else high
