"""Raw records to the float32 matrix that a graph reads.

The order is fixed: impute, clip, derive, then ``(x - mean) / scale`` in float64, and one cast
to float32. There are two ways in, one record and many. Every formula is written once, for
Python floats and numpy arrays alike, and every value that is not plain goes through the same
function in both, so both give the same bits, notes and errors. A record that is plain all
through takes the short cut of `satchel.encode.packing`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.encode.columns import column_of, derive, source_of
from satchel.encode.filling import ColumnFiller
from satchel.encode.packing import Packer
from satchel.encode.readers import ABSENT, CategoryReader, Column, NumberBlock, NumberReader
from satchel.errors import LISTED_PROBLEMS, Problem, RecordError
from satchel.note import MISSING, Found, Note
from satchel.sentence import Sentence
from satchel.spec import Category, Derived, Inputs, Missing, Number
from satchel.values import shown
from satchel.wording import LONGEST_NAME, meant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satchel.encode.rows import Columns, Records

    # Some rows: their places among all, and their columns.
    Part = tuple[range, Columns]

# What so many rows need stays in the processor's cache. A multiple of `ROWS_PER_RUN` in
# `satchel.bundle.graph`, so that a graph meets the same runs of rows whichever way they come.
ROWS_PER_BLOCK = 2048


class Encoded(Found):
    """Many records, encoded, and what was found in them.

    Attributes
    ----------
    matrix : ndarray of float32, shape (rows, columns)
        Rows with problems are all zero.
    """

    matrix: NDArray[np.float32]


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
        self._inputs = inputs
        self._names = [feature.name for feature in inputs.features]
        self._numbers = NumberBlock([r for r in self._readers if isinstance(r, NumberReader)])
        self._used = frozenset(self._names)
        self._ignored = frozenset(inputs.ignored)
        places = {name: i for i, name in enumerate(self._names)}
        self._derived: list[tuple[Derived, list[int]]] = []
        for derived in inputs.derived:
            self._derived.append((derived, [places[name] for name in derived.inputs]))
            places[derived.name] = len(places)
        # Fields of which a column tells whether they were missing.
        self._missing: list[str] = []
        for column in inputs.columns:
            if isinstance(column, Missing) and source_of(column) not in places:
                self._missing.append(column.source)
                places[source_of(column)] = len(places)
        for reader in self._readers:
            reader.told = reader.name in self._missing
        codes = {f.name: f.values for f in inputs.features if isinstance(f, Category)}
        self._columns = [column_of(column, places, codes) for column in inputs.columns]
        self._sources = [column.source for column in inputs.columns]
        # "=" rather than the native "@": only the former refuses what float32 cannot hold.
        self._row = struct.Struct(f"={len(self._columns)}f")
        # The row of a plain record, None for any other: see `encode`.
        self.pack = Packer(inputs, self._readers).pack

    @cached_property
    def _filler(self) -> ColumnFiller:
        # Made for the first batch: whoever asks for one record needs no tables.
        return ColumnFiller(self._inputs, self._columns)

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
        return (packed, ()) if packed is not None else self.encode_carefully(record)

    def encode_carefully(self, record: Mapping[str, object]) -> tuple[bytes, tuple[Note, ...]]:
        """Encode one record field by field, as `encode` does where it cannot be packed."""
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
        if self._missing:
            imputed = {note.field for note in notes if note.kind in MISSING}
            values += [float(name in imputed) for name in self._missing]
        row = [column(values) for column in self._columns]
        try:
            packed = self._row.pack(*row)
        except OverflowError:
            packed = b""
        if not packed or not all(map(math.isfinite, row)):
            with np.errstate(over="ignore"):
                raise RecordError([self._too_large(np.array(row).astype(np.float32))])
        return packed, tuple(notes)

    def encode_many(self, rows: Records | Columns) -> Encoded:
        """Encode many records; what is wrong with one is kept with its number.

        Parameters
        ----------
        rows : sequence of mappings, or mapping of columns
            Columns are sequences or one-dimensional arrays of equal length.

        Raises
        ------
        RecordError
            Where columns are given and one is unknown, a required one is absent, or lengths
            differ: then no row could be read.
        """
        encoded = Encoded()
        blocks = [block.copy() for block in self.blocks(rows, encoded)]
        encoded.matrix = np.concatenate([np.empty((0, self.width), np.float32), *blocks])
        return encoded

    def blocks(self, rows: Records | Columns, found: Found) -> Iterator[NDArray[np.float32]]:
        """Yield the matrix of many records, `ROWS_PER_BLOCK` at most at a time.

        Each block is overwritten by the next: a million rows take the memory of one block.

        Parameters
        ----------
        rows : sequence of mappings, or mapping of columns
            As in `encode_many`, whose errors are raised.
        found : Found
            Gets what is to be said of each row.
        """
        parts = (
            self._of_columns(rows, found)
            if isinstance(rows, Mapping)
            else self._of_rows(rows, found)
        )
        memory = np.empty((0, self.width), np.float32)
        for places, columns in parts:
            if len(memory) < len(places):
                memory = np.empty((len(places), self.width), np.float32)
            block = memory[: len(places)]
            self._fill(block, columns, places, found)
            yield block

    def _of_rows(self, rows: Records, found: Found) -> Iterator[Part]:
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            part = rows[start : start + ROWS_PER_BLOCK]
            places = range(start, start + len(part))
            columns = self._transpose(part)
            yield places, self._gather(part, places, found) if columns is None else columns

    def _transpose(self, rows: Records) -> Columns | None:
        """Return the columns of dicts that hold the same fields of the model in the same order.

        Their values are taken without a look-up, in a quarter of the time that one by one takes.
        """
        if set(map(type, rows)) != {dict} or not rows[0].keys() <= self._used:
            return None
        names = list(rows[0])
        values: list[object] = []
        for row in rows:
            if [*row] != names:
                return None
            values += row.values()
        return {name: values[i :: len(names)] for i, name in enumerate(names)}

    def _gather(self, rows: Records, places: Sequence[int], found: Found) -> Columns:
        """Return the columns of any records; what is none is refused, and blank."""
        records: list[Mapping[str, object]] = []
        for i, row in zip(places, rows, strict=True):
            if not isinstance(row, Mapping):
                found.refuse(i, _no_mapping(row))
                row = {}
            elif not row.keys() <= self._used:
                heard: tuple[list[Problem], list[Note]] = [], []
                self._check_names(row, *heard)
                found.add(i, *heard)
            records.append(row)
        return {name: [row.get(name, ABSENT) for row in records] for name in self._names}

    def _of_columns(self, columns: Columns, found: Found) -> Iterator[Part]:
        problems: list[Problem] = []
        notes: list[Note] = []
        self._check_names(columns, problems, notes)
        for reader in self._readers:
            if reader.name not in columns and reader.feature.required:
                reader.read(ABSENT, problems, notes)
        arrays = {
            name: column if isinstance(column, list | tuple | Column) else _array(column)
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
        if notes:
            found.notes.update((i, list(notes)) for i in range(count))
        for start in range(0, count, ROWS_PER_BLOCK):
            places = range(start, min(start + ROWS_PER_BLOCK, count))
            yield places, {n: a[places.start : places.stop] for n, a in arrays.items()}

    def _fill(
        self,
        matrix: NDArray[np.float32],
        columns: Columns,
        places: Sequence[int],
        found: Found,
    ) -> None:
        """Fill the matrix of some rows; what is found goes to their places among all."""
        numbers = self._numbers.read(columns)
        values: list[Any] = []
        for reader in self._readers:
            name = reader.name
            if name not in columns:
                values.append(reader.read_absent(places, found))
                continue
            raw = columns[name]
            if isinstance(reader, CategoryReader):
                plain, unsettled = reader.read_plain(raw)
            else:
                plain, unsettled = numbers[name]
            values.append(reader.settle(plain, unsettled, raw, places, found))
        with np.errstate(all="ignore"):
            for derived, inputs in self._derived:
                value = derive(derived, [values[i] for i in inputs], np.sqrt)
                for i in np.flatnonzero(~np.isfinite(value)).tolist():
                    found.problems.setdefault(places[i], [_not_derived(derived)])
                values.append(value)
            values += self._imputed(places, found)
            self._filler.fill(matrix, values)
            # A sum takes a tenth of the time of a look at each row, and is not finite where any
            # column is not.
            if not np.isfinite(matrix.sum()):
                for i in np.flatnonzero(~np.isfinite(matrix).all(axis=1)).tolist():
                    found.problems.setdefault(places[i], [self._too_large(matrix[i])])
        if found.problems:
            matrix[[i for i, place in enumerate(places) if place in found.problems]] = 0

    def _imputed(self, places: Sequence[int], found: Found) -> list[NDArray[np.float64]]:
        """Return 0 or 1 for some rows, for each field of which a column tells what is missing."""
        imputed = {name: np.zeros(len(places)) for name in self._missing}
        for i, place in enumerate(places) if imputed and found.notes else ():
            for note in found.notes.get(place, ()):
                if note.kind in MISSING and note.field in imputed:
                    imputed[note.field][i] = 1.0
        return list(imputed.values())

    def _check_names(
        self, names: Iterable[object], problems: list[Problem], notes: list[Note]
    ) -> None:
        unknown = 0
        for name in names:
            if name in self._used:
                continue
            text = name if isinstance(name, str) else shown(name)
            if name in self._ignored:
                notes.append(Note("ignored", text, f"{text} is not used by this model"))
                continue
            unknown += 1
            if unknown <= LISTED_PROBLEMS:
                hint = meant(text, self._names) if isinstance(name, str) else ""
                message = f"{shown(name)} is no field of this model{hint}"
                problems.append(Problem(text[:LONGEST_NAME], message, "unknown-field"))
        if unknown > LISTED_PROBLEMS:
            message = f"{unknown - LISTED_PROBLEMS} more are no fields of this model"
            problems.append(Problem("", message, "unknown-field"))

    def _too_large(self, row: NDArray[np.float32]) -> Problem:
        source = self._sources[int(np.flatnonzero(~np.isfinite(row))[0])]
        message = Sentence("{field} is too large for this model", field=source)
        return Problem(source, message, "too-large")


def _array(column: Any) -> NDArray[Any]:
    """Return a column as an array, the masked values of a masked one as None."""
    if hasattr(column, "filled"):
        return np.array(column.tolist(), object)
    return np.asarray(column)


def _no_mapping(record: object) -> Problem:
    if hasattr(record, "columns"):
        got = "got a table: give it to predict_many"
    elif hasattr(record, "to_dict"):
        got = f"got a {type(record).__name__}: call its .to_dict()"
    else:
        got = f"got {shown(record)}"
    return Problem("", f"a record maps field names to values; {got}")


def _not_derived(derived: Derived) -> Problem:
    inputs = ", ".join(derived.inputs)
    message = Sentence(
        "{field} cannot be computed from {inputs}", field=derived.name, inputs=inputs
    )
    return Problem(derived.name, message)
