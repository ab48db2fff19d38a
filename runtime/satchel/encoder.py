"""Raw records to the float32 matrix that a graph reads.

The order is fixed: impute, clip, derive, then ``(x - mean) / scale`` in float64, and one cast
to float32. There are two ways in, one record and many. Every formula is written once, for
Python floats and numpy arrays alike, and every value that is not plain goes through the same
function in both, so both give the same bits, notes and errors. A record that is plain all
through takes the short cut of `satchel.packing`.
"""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.columns import column_of, derive
from satchel.errors import LISTED_PROBLEMS, Problem, RecordError
from satchel.note import Note
from satchel.packing import Packer
from satchel.readers import ABSENT, CategoryReader, NumberReader, RawColumn, keep
from satchel.spec import Category, Derived, Inputs, Number
from satchel.values import shown

# Rows that are encoded at a time: what one column needs stays in the processor's cache.
ROWS_AT_A_TIME = 2048


class Encoded:
    """Many records, encoded.

    Attributes
    ----------
    matrix : ndarray of float32, shape (rows, columns)
        Rows with problems are all zero.
    problems : dict
        From the number of a row to all that is wrong with it.
    notes : dict
        From the number of a row to its notes.
    """

    def __init__(self, matrix: NDArray[np.float32]) -> None:
        self.matrix = matrix
        self.problems: dict[int, list[Problem]] = {}
        self.notes: dict[int, list[Note]] = {}


class Encoder:
    """Encodes records as a spec's `inputs` say.

    Parameters
    ----------
    inputs : Inputs
        Features, derived numbers and columns.
    """

    def __init__(self, inputs: Inputs) -> None:
        self._readers = [
            NumberReader(f) if isinstance(f, Number) else CategoryReader(f) for f in inputs.features
        ]
        self._names = [feature.name for feature in inputs.features]
        # itemgetter gives a lone value without its tuple.
        lone = len(self._names) == 1
        self._get: Callable[[Any], tuple[Any, ...]] = (
            (lambda row: (row[self._names[0]],)) if lone else itemgetter(*self._names)
        )
        self._used = frozenset(self._names)
        self._ignored = frozenset(inputs.ignored)
        places = {name: i for i, name in enumerate(self._names)}
        self._derived: list[tuple[Derived, list[int]]] = []
        for derived in inputs.derived:
            self._derived.append((derived, [places[name] for name in derived.inputs]))
            places[derived.name] = len(places)
        codes = {f.name: f.values for f in inputs.features if isinstance(f, Category)}
        self._columns = [column_of(column, places, codes) for column in inputs.columns]
        self._sources = [column.source for column in inputs.columns]
        # "=" rather than the native "@": only the former refuses what float32 cannot hold.
        self._row = struct.Struct(f"={len(self._columns)}f")
        # The row of a plain record, None for any other: see `encode`.
        self.pack = Packer(inputs, self._readers).pack

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self._columns)

    def encode(self, record: Mapping[str, object]) -> tuple[bytes, tuple[Note, ...]]:
        """Encode one record.

        Parameters
        ----------
        record : mapping
            From field name to raw value.

        Returns
        -------
        row : bytes
            The float32 columns in the machine's byte order; `numpy.frombuffer` reads them.
        notes : tuple of Note

        Raises
        ------
        RecordError
            Where a field is unknown, absent, unreadable, not allowed or beyond its limits.
        """
        packed = self.pack(record)
        return (packed, ()) if packed is not None else self._encode_carefully(record)

    def _encode_carefully(self, record: Mapping[str, object]) -> tuple[bytes, tuple[Note, ...]]:
        problems: list[Problem] = []
        notes: list[Note] = []
        if not isinstance(record, Mapping):
            raise RecordError([_no_mapping(record)])
        if not record.keys() <= self._used:
            self._check_names(record, problems, notes)
        values = [
            reader.read(record.get(reader.name, ABSENT), problems, notes)
            for reader in self._readers
        ]
        if problems:
            raise RecordError(problems)
        for derived, places in self._derived:
            try:
                value = derive(derived, [values[i] for i in places], math.sqrt)
            except (ZeroDivisionError, ValueError):
                value = math.nan
            if not math.isfinite(value):
                raise RecordError([_not_derived(derived)])
            values.append(value)
        row = [column(values) for column in self._columns]
        try:
            packed = self._row.pack(*row)
        except OverflowError:
            packed = b""
        if not packed or not all(map(math.isfinite, row)):
            with np.errstate(over="ignore"):
                raise RecordError([self._too_large(np.array(row).astype(np.float32))])
        return packed, tuple(notes)

    def encode_rows(self, rows: Sequence[Mapping[str, object]]) -> Encoded:
        """Encode many records; what is wrong with one is kept with its number."""
        encoded = Encoded(np.empty((len(rows), self.width), np.float32))
        strangers: dict[int, list[Problem]] = {}
        for start in range(0, len(rows), ROWS_AT_A_TIME):
            part = rows[start : start + ROWS_AT_A_TIME]
            places = range(start, start + len(part))
            columns = self._transpose(part)
            if columns is None:
                columns = self._gather(part, places, encoded, strangers)
            encoded.matrix[start : places.stop] = self._encode(columns, places, encoded)
        encoded.problems.update(strangers)
        encoded.matrix[list(strangers)] = 0
        return encoded

    def _transpose(self, rows: Sequence[Mapping[str, object]]) -> Mapping[str, RawColumn] | None:
        """Return the columns of dicts that hold the model's fields and no others, else None.

        All values of a row are taken at once, in a third of the time that one by one takes.
        """
        if set(map(type, rows)) == {dict} and set(map(len, rows)) == {len(self._names)}:
            with contextlib.suppress(KeyError):
                columns = zip(*map(self._get, rows), strict=True)
                return dict(zip(self._names, columns, strict=True))
        return None

    def _gather(
        self,
        rows: Sequence[Mapping[str, object]],
        places: Sequence[int],
        encoded: Encoded,
        strangers: dict[int, list[Problem]],
    ) -> Mapping[str, RawColumn]:
        """Return the columns of any records; what is no record goes to `strangers`."""
        records: list[Mapping[str, object]] = []
        for i, row in zip(places, rows, strict=True):
            if not isinstance(row, Mapping):
                strangers[i] = [_no_mapping(row)]
                row = {}
            elif not row.keys() <= self._used:
                found: tuple[list[Problem], list[Note]] = [], []
                self._check_names(row, *found)
                keep(i, *found, encoded.problems, encoded.notes)
            records.append(row)
        return {name: [row.get(name, ABSENT) for row in records] for name in self._names}

    def encode_columns(self, columns: Mapping[str, RawColumn]) -> Encoded:
        """Encode many records, given as one sequence or array of equal length per field.

        Raises
        ------
        RecordError
            Where a column is unknown, a required one is absent, or lengths differ: then no
            row could be read.
        """
        problems: list[Problem] = []
        notes: list[Note] = []
        self._check_names(columns, problems, notes)
        for reader in self._readers:
            if reader.name not in columns and reader.feature.required:
                reader.read(ABSENT, problems, notes)
        arrays = {
            name: column if isinstance(column, list | tuple) else _array(column)
            for name, column in columns.items()
        }
        for name, column in arrays.items():
            if isinstance(column, np.ndarray) and column.ndim != 1:
                problems.append(Problem(name, f"{name} is no column: its shape is {column.shape}"))
        if problems:
            raise RecordError(problems)
        lengths = {name: len(column) for name, column in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise RecordError([Problem("", f"the columns differ in length: {lengths}")])
        count = next(iter(lengths.values()), 0)
        absent = [ABSENT] * min(count, ROWS_AT_A_TIME)
        encoded = Encoded(np.empty((count, self.width), np.float32))
        if notes:
            encoded.notes.update((i, list(notes)) for i in range(count))
        for start in range(0, count, ROWS_AT_A_TIME):
            end = min(start + ROWS_AT_A_TIME, count)
            part = {
                name: arrays[name][start:end] if name in arrays else absent[: end - start]
                for name in self._names
            }
            encoded.matrix[start:end] = self._encode(part, range(start, end), encoded)
        return encoded

    def _encode(
        self, columns: Mapping[str, RawColumn], places: Sequence[int], encoded: Encoded
    ) -> NDArray[np.float32]:
        """Return the matrix of some rows; what is found goes to their places among all."""
        problems, notes = encoded.problems, encoded.notes
        values = [
            reader.read_many(columns[reader.name], places, problems, notes)
            for reader in self._readers
        ]
        matrix = np.empty((len(places), self.width), np.float32)
        with np.errstate(all="ignore"):
            for derived, inputs in self._derived:
                value = derive(derived, [values[i] for i in inputs], np.sqrt)
                for i in np.flatnonzero(~np.isfinite(value)).tolist():
                    problems.setdefault(places[i], [_not_derived(derived)])
                values.append(value)
            for j, column in enumerate(self._columns):
                matrix[:, j] = column(values)
            # A sum takes a tenth of the time of a look at each row, and is not finite where any
            # column is not.
            if not np.isfinite(matrix.sum()):
                for i in np.flatnonzero(~np.isfinite(matrix).all(axis=1)).tolist():
                    problems.setdefault(places[i], [self._too_large(matrix[i])])
        if problems:
            matrix[[i for i, place in enumerate(places) if place in problems]] = 0
        return matrix

    def _check_names(
        self, names: Iterable[object], problems: list[Problem], notes: list[Note]
    ) -> None:
        for name in names:
            if name in self._used:
                continue
            text = name if isinstance(name, str) else shown(name)
            if name in self._ignored:
                notes.append(Note("ignored", text, f"{text} is not used by this model"))
                continue
            message = f"{shown(name)} is no field of this model"
            if len(problems) < LISTED_PROBLEMS:
                import difflib  # takes a millisecond, for a message that few need

                close = difflib.get_close_matches(text[:80], self._names, n=1)
                message += f"; did you mean {close[0]!r}?" if close else ""
            problems.append(Problem(text, message))

    def _too_large(self, row: NDArray[np.float32]) -> Problem:
        source = self._sources[int(np.flatnonzero(~np.isfinite(row))[0])]
        return Problem(source, f"{source} is too large for this model")


def _array(column: Any) -> NDArray[Any]:
    """Return a column as an array, the masked values of a masked one as None."""
    if hasattr(column, "filled"):
        return np.array(column.tolist(), object)
    return np.asarray(column)


def _no_mapping(record: object) -> Problem:
    return Problem("", f"a record maps field names to values; got {shown(record)}")


def _not_derived(derived: Derived) -> Problem:
    inputs = ", ".join(derived.inputs)
    return Problem(derived.name, f"{derived.name} cannot be computed from {inputs}")
