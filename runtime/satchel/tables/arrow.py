"""Parquet files, through pyarrow: the extra ``[arrow]``.

A table stays in Arrow's columns all the way: of those that the model reads numpy arrays are made,
and those that pass through are written as they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from satchel.errors import SatchelError, TableError
from satchel.tables.cells import as_text
from satchel.tables.csv.plain import WIDEST
from satchel.tables.jsonl import named
from satchel.tables.parquet_pages import check_sizes, unsafe
from satchel.tables.table import (
    ROWS_PER_CHUNK,
    Answered,
    Chunk,
    Columnar,
    FileOptions,
    Row,
    Wanted,
    check_header,
    name_of,
)
from satchel.tables.typed import decimal_mark
from satchel.wording import reason

MOST_CELLS = 1 << 18  # of a chunk: rows may be wide
BUFFER = 1 << 16  # bytes of each column that are read at a time
LARGEST_GROUP = 8 << 20  # bytes that are held until they are written together
LARGEST_TEXTS = 64 << 20  # bytes of one column in the rows that are read together
_EVERY = 1 << 30


class ArrowRows(Columnar):
    """Rows of a record batch; Python's values are made of what is asked for.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
    """

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def __getitem__(self, row: Any) -> Any:
        """Return the cells of one row, or some rows for a slice."""
        places = range(len(self))[row]
        if isinstance(places, int):
            return next(iter(ArrowRows(self.batch.slice(places, 1))))
        if places.step == 1:
            return ArrowRows(self.batch.slice(places.start, len(places)))
        return ArrowRows(self.batch.take(np.array(places, np.int64)))

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return zip(*map(_values, self.batch.columns), strict=True)

    def column(self, place: int) -> Sequence[object] | NDArray[Any]:
        """Return the cells of one column: an array of numbers or of texts, a list of others.

        A missing number is NaN there, a missing text empty.
        """
        return _cells(self.batch.column(place))


class ParquetReader:
    """Reads a table with the types that its columns have.

    Parameters
    ----------
    file : binary file
        That can seek.
    name : str
        Its name, for messages.
    options : FileOptions
    wanted : Wanted
        Names the columns of numbers, in which texts may show the decimal mark.

    Attributes
    ----------
    types : list of pyarrow.DataType
        The type of each column.

    The others are those of `Table`.

    Raises
    ------
    TableError
        Where it is no whole Parquet file, or names a column twice.
    """

    kind = "parquet"
    unit = "rows"
    titles: Sequence[Row] = ()  # there is nothing above the names

    def __init__(self, file: BinaryIO, name: str, options: FileOptions, wanted: Wanted) -> None:
        from pyarrow import parquet

        if options.sheet or options.header_row is not None:
            raise TableError(f"{name} is Parquet: leave --sheet and --header-row out")
        self._name = name
        self._done = 0
        self.remarks: list[str] = []
        with self._reading():
            arguments: dict[str, Any] = {"buffer_size": BUFFER, "pre_buffer": False}
            self._file = parquet.ParquetFile(file, **arguments)
            schema = self._file.schema_arrow
            self.total: int | None = self._file.metadata.num_rows
            self._large = [] if options.unlimited else check_sizes(file, name)
            if self._large:
                self._file = parquet.ParquetFile(file, read_dictionary=self._large, **arguments)
        self.header = check_header([*map(name_of, schema.names)], f"{name}: its schema")
        self.types = list(schema.types)
        first = next((chunk.rows for chunk in self._chunks(ROWS_PER_CHUNK)), [])
        self.decimal = options.decimal or decimal_mark(first, self.header, wanted, name)

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty ones are none."""
        for chunk in self._chunks(size):
            self._done = chunk.numbers[-1]
            yield chunk

    def _chunks(self, size: int) -> Iterator[Chunk]:
        import pyarrow

        size = max(1, min(size, MOST_CELLS // len(self.header)))
        with self._reading():
            batches = self._file.iter_batches(batch_size=size, use_threads=False)
        number = 1
        while True:
            with self._reading():
                batch = next(batches, None)
                if batch is None:
                    return
                batch.validate(full=True)
                if self._large:
                    batch = _repeated(batch, self._name)
                blank = _blank(batch)
                numbers: Sequence[int] = range(number, number + len(batch))
                number += len(batch)
                if blank.any():
                    batch = batch.filter(pyarrow.array(~blank))
                    numbers = (np.flatnonzero(~blank) + numbers[0]).tolist()
            if len(batch):
                yield Chunk(ArrowRows(batch), numbers)

    def done(self) -> int:
        """Return how many rows have been read."""
        return self._done

    def close(self) -> None:
        """Let go of the file, which stays open."""

    @contextmanager
    def _reading(self) -> Iterator[None]:
        # A damaged file fails in many ways within pyarrow.
        try:
            yield
        except (SatchelError, ModuleNotFoundError):
            raise
        except Exception as error:
            raise TableError(
                f"{self._name} cannot be read as Parquet ({reason(error)}); "
                "write it again, or as CSV"
            ) from None


def _repeated(batch: Any, name: str) -> Any:
    """Return a batch with the texts of its dictionaries in each row that names them."""
    import pyarrow
    from pyarrow import compute

    columns = []
    for title, column in zip(batch.schema.names, batch.columns, strict=True):
        if pyarrow.types.is_dictionary(column.type):
            lengths = compute.binary_length(column.dictionary)
            size = compute.sum(compute.take(lengths, column.indices)).as_py() or 0
            if size > LARGEST_TEXTS:
                raise unsafe(name, title, f"unpacks to {size:,} bytes in {len(batch):,} rows")
            column = column.dictionary_decode()
        columns.append(column)
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


class ParquetWriter:
    """Writes a table whose columns have types.

    Parameters
    ----------
    file : binary file
    types : sequence of pyarrow.DataType, or None per column
        None for a column of text.
    """

    def __init__(self, file: BinaryIO, types: Sequence[Any]) -> None:
        import pyarrow

        self._file = file
        self._arrow = pyarrow
        self._types = [pyarrow.string() if one is None else one for one in types]
        self._text = [one is None for one in types]
        self._writer: Any = None
        self._tables: list[Any] = []

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        from pyarrow import parquet

        if self._writer is None:
            rows = iter(rows)
            names = named([str(cell) for cell in next(rows)])
            self._schema = self._arrow.schema(list(zip(names, self._types, strict=True)))
            self._writer = parquet.ParquetWriter(self._file, self._schema)
        columns = _columns(rows)
        if not columns:
            return
        with self._writing():
            arrays = [
                self._array(column, kind, text)
                for column, kind, text in zip(columns, self._types, self._text, strict=True)
            ]
            self._tables.append(self._arrow.table(arrays, schema=self._schema))
        if sum(table.nbytes for table in self._tables) >= LARGEST_GROUP:
            self._write()

    def finish(self) -> None:
        """Write what is left; the file stays open."""
        self._write()
        self.close()

    def close(self) -> None:
        """Let go of the writer; the file stays open."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _array(self, column: Any, kind: Any, text: bool) -> Any:
        """Return the cells of a column as one of Arrow's."""
        if isinstance(column, self._arrow.Array):
            return column
        if isinstance(column, np.ndarray):
            return self._arrow.array(column, kind, from_pandas=True)  # NaN becomes null
        if text and not set(map(type, column)) <= {str, type(None)}:
            column = [None if cell is None else as_text(cell) for cell in column]
        return self._arrow.array(column, kind)

    def _write(self) -> None:
        """Write the rows that are held as one group."""
        if self._tables:
            with self._writing():
                table = self._arrow.concat_tables(self._tables)
                self._tables.clear()
                self._writer.write_table(table, row_group_size=len(table))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (self._arrow.ArrowException, UnicodeEncodeError) as error:
            raise TableError(
                f"a row cannot be written as Parquet ({error}); write a .csv"
            ) from None


def number_type() -> Any:
    """Return the type of a column of predicted numbers."""
    import pyarrow

    return pyarrow.float64()


def _columns(rows: Iterable[Row]) -> list[Any]:
    """Return the columns of rows, those of a Parquet file as they are."""
    if isinstance(rows, Answered) and isinstance(rows.rows, ArrowRows):
        return [*(rows.rows.batch.column(place) for place in rows.places), *rows.columns]
    return list(zip(*rows, strict=True))


def _blank(batch: Any) -> NDArray[np.bool_]:
    """Return which rows hold nothing, as `is_blank` has it."""
    blank = np.ones(len(batch), bool)
    for column in batch.columns:
        if not blank.any():
            break
        blank &= _missing(column)
    return blank


def _missing(array: Any) -> NDArray[np.bool_]:
    from pyarrow import compute, types

    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    missing = array.is_null(nan_is_null=types.is_floating(array.type))
    if _is_text(array.type):
        empty = compute.equal(compute.binary_length(array), 0)
        blank = compute.or_(empty, compute.utf8_is_space(array))
        missing = compute.or_(missing, blank.fill_null(True))
    found: NDArray[np.bool_] = missing.to_numpy(zero_copy_only=False)
    return found


def _cells(array: Any) -> Sequence[object] | NDArray[Any]:
    from pyarrow import ArrowInvalid, float64, string, types

    if types.is_dictionary(array.type) and not _is_text(array.type.value_type):
        array = array.dictionary_decode()
    if types.is_binary(array.type) or types.is_large_binary(array.type):
        with suppress(ArrowInvalid):  # as some programs write text
            array = array.cast(string())
    if types.is_decimal(array.type):
        array = array.cast(float64())
    if types.is_integer(array.type) or types.is_floating(array.type):
        numbers: NDArray[Any] = array.to_numpy(zero_copy_only=False)
        return numbers
    if types.is_dictionary(array.type) or _is_text(array.type):
        return _texts(array)
    return _values(array)


def _texts(array: Any) -> list[str] | NDArray[Any]:
    """Return texts, of which a column holds few different."""
    encoded = array.dictionary_encode()
    texts = [*encoded.dictionary.fill_null("").to_pylist(), ""]
    places = encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
    # numpy ends a text where nothing but NUL follows, and makes all as wide as the widest.
    if max(map(len, texts)) > WIDEST or "\0" in "".join(texts):
        listed: list[str] = np.array(texts, object).take(places).tolist()
        return listed
    array_of_texts: NDArray[np.str_] = np.array(texts).take(places)
    return array_of_texts


def _values(array: Any) -> list[object]:
    """Return the values of a column as Python's own, as text where Python has none such."""
    import pyarrow

    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pyarrow.types.is_timestamp(array.type) and array.type.unit == "ns":
        # Finer than Python has it; where pandas is there, values would be of its own types.
        array = array.cast(pyarrow.timestamp("us", array.type.tz), safe=False)
    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError, pyarrow.ArrowException):  # the year 12000
        return [_printed(array[i : i + 1]) for i in range(len(array))]


def _printed(one: Any) -> str | None:
    """Return the text of an array of one value, without the brackets around it."""
    if one.null_count:
        return None
    text = one.to_string(window=_EVERY, container_window=_EVERY, skip_new_lines=True)
    return str(text).removeprefix("[").removesuffix("]").strip()


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))
