"""Parquet files, through pyarrow: the extra ``[arrow]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from satchel.errors import SatchelError, TableError
from satchel.tables.cells import as_text
from satchel.tables.jsonl import named
from satchel.tables.table import ROWS_PER_CHUNK, Chunk, Options, Row, check_header, is_blank

MOST_CELLS = 1_000_000  # of a chunk: rows may be wide


class ParquetReader:
    """Reads a table with the types that its columns have.

    Parameters
    ----------
    file : binary file
        That can seek.
    name : str
        Its name, for messages.
    options : Options

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

    def __init__(self, file: BinaryIO, name: str, options: Options) -> None:
        from pyarrow import parquet

        if options.sheet or options.header_row is not None:
            raise TableError(f"{name} is Parquet: leave --sheet and --header-row out")
        self._name = name
        self.decimal = options.decimal or "."
        self._done = 0
        self.remarks: list[str] = []
        with self._reading():
            self._file = parquet.ParquetFile(file)
            schema = self._file.schema_arrow
            self.total: int | None = self._file.metadata.num_rows
        names = [column.strip() for column in schema.names]
        self.header = check_header(names, f"{name}: its schema")
        self.types = list(schema.types)

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty ones are none."""
        size = max(1, min(size, MOST_CELLS // len(self.header)))
        with self._reading():
            batches = self._file.iter_batches(batch_size=size)
        while True:
            with self._reading():
                batch = next(batches, None)
                if batch is None:
                    return
                rows: list[Row] = list(
                    zip(*(column.to_pylist() for column in batch.columns), strict=True)
                )
            chunk = Chunk()
            for number, row in enumerate(rows, self._done + 1):
                if not all(map(is_blank, row)):
                    chunk.add(row, number)
            self._done += len(rows)
            if chunk.rows:
                yield chunk

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
            what = str(error) or type(error).__name__
            raise TableError(
                f"{self._name} cannot be read as Parquet ({what[:100]}); write it again, or as CSV"
            ) from None


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

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        from pyarrow import parquet

        rows = iter(rows)
        if self._writer is None:
            names = named([str(cell) for cell in next(rows)])
            self._schema = self._arrow.schema(list(zip(names, self._types, strict=True)))
            self._writer = parquet.ParquetWriter(self._file, self._schema)
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        try:
            arrays = [
                self._arrow.array(
                    [None if cell is None else as_text(cell) for cell in column]
                    if text
                    else column,
                    kind,
                )
                for column, kind, text in zip(columns, self._types, self._text, strict=True)
            ]
            self._writer.write_table(self._arrow.table(arrays, schema=self._schema))
        except (self._arrow.ArrowException, UnicodeEncodeError) as error:
            raise TableError(
                f"a row cannot be written as Parquet ({error}); write a .csv"
            ) from None

    def finish(self) -> None:
        """Write what is left; the file stays open."""
        self.close()

    def close(self) -> None:
        """Let go of the writer; the file stays open."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def number_type() -> Any:
    """Return the type of a column of predicted numbers."""
    import pyarrow

    return pyarrow.float64()
