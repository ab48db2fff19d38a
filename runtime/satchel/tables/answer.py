"""The file that an answer goes into: its kind by its name, or that of the table that came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, BinaryIO, Protocol

from satchel.errors import TableError
from satchel.tables.csv.dialect import MARK, Style
from satchel.tables.csv.reader import CsvReader
from satchel.tables.csv.writer import CsvWriter
from satchel.tables.opening import SUFFIXES
from satchel.tables.table import Row, Table

CANNOT_WRITE = (".xls", ".xlsm", ".ods", ".json", ".gz", ".zip", ".pdf", ".numbers")


class Writer(Protocol):
    """Writes a table."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""

    def finish(self) -> None:
        """Write what is left; the file stays open."""

    def close(self) -> None:
        """Let go of everything, whether it is finished or not; the file stays open."""


class PlainWriter:
    """Writes the one plain value that each row holds, as JSON, a line for each."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; there is no header."""
        for (plain,) in rows:
            self._file.write(f"{json.dumps(plain)}\n".encode())

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""


def answer_kind(path: str | None, table_kind: str) -> str:
    """Return the kind of file to write.

    Parameters
    ----------
    path : str or None
        Its name; None for standard output, which gets what came.
    table_kind : str
        The kind that came.

    Raises
    ------
    TableError
        Where its name ends in what cannot be written.
    """
    if path is None:
        return table_kind
    suffix = PurePath(path).suffix.lower()
    if suffix in CANNOT_WRITE:
        raise TableError(
            f"no {suffix} file can be written: {path}; name it .csv, .jsonl, .xlsx or .parquet"
        )
    return SUFFIXES.get(suffix, "csv")


def open_writer(
    file: BinaryIO,
    kind: str,
    path: str | None,
    table: Table,
    places: Sequence[int | None],
    numbers: Sequence[bool],
    heads: int = 1,
    description: str = "",
) -> Writer:
    """Return a writer of the answer to a table.

    Parameters
    ----------
    file : binary file
    kind : str
        As `answer_kind` gives it.
    path : str or None
        Its name.
    table : Table
        What the answer is about.
    places : sequence of int or None
        For each column of the answer, which of the table's it is.
    numbers : sequence of bool
        For each column of the answer, whether it is a predicted number.
    heads : int
        How many of the first rows are names of columns, or titles above them.
    description : str
        What a workbook says of itself, among its properties.
    """
    if kind == "json":
        return PlainWriter(file)
    if kind == "csv":
        return CsvWriter(file, _style(table, path))
    if kind == "jsonl":
        from satchel.tables.jsonl import JsonLinesWriter

        return JsonLinesWriter(file)
    if kind == "xlsx":
        from satchel.tables.excel import ExcelReader, ExcelWriter

        # Text that came as text, beside numbers, is meant to be text.
        decimal = table.style.decimal if isinstance(table, CsvReader) else ""
        look = table.look.placed(places) if isinstance(table, ExcelReader) else None
        return ExcelWriter(file, decimal, heads, look, description)
    from satchel.tables.arrow import ParquetReader, ParquetWriter, number_type

    of_table: Sequence[Any] = [None] * len(table.header)
    if isinstance(table, ParquetReader):
        of_table = table.types
    types = [
        number_type() if number else None if place is None else of_table[place]
        for place, number in zip(places, numbers, strict=True)
    ]
    return ParquetWriter(file, types)


def _style(table: Table, path: str | None) -> Style:
    if isinstance(table, CsvReader):
        return table.style
    # Excel knows UTF-8 by its mark alone.
    style = Style(MARK if table.kind == "xlsx" else "")
    tabs = path is not None and PurePath(path).suffix.lower() == ".tsv"
    return replace(style, delimiter="\t") if tabs else style
