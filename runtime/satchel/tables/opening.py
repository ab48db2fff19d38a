"""Opens a table of any format: chosen by its name, and checked by how it begins."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import BinaryIO

from satchel.errors import TableError
from satchel.tables.csv.reader import CsvReader
from satchel.tables.pipe import Rejoined
from satchel.tables.table import ANY, DEFAULT, Options, Table, Wanted

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".parquet": "parquet",
}
NAMES = {
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "xlsx": "an Excel workbook",
    "parquet": "Parquet",
}
# What is no table that can be read, by its name or how it begins.
OTHERS = {
    ".xls": "is an old Excel workbook, or one with a password; save it as .xlsx without",
    ".ods": "is an OpenDocument sheet; save it as .xlsx",
    ".numbers": "is a sheet of Numbers; export it as .xlsx",
    ".json": "is JSON; write JSON Lines instead, one object in each line, and name it .jsonl",
    ".gz": "is compressed; unpack it first",
    ".zip": "is an archive; unpack it first",
    ".pdf": "is a PDF; ask for the table itself, as .xlsx or CSV",
}
_BEGINNINGS = (
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0", ".xls"),
    (b"\x1f\x8b", ".gz"),
    (b"%PDF", ".pdf"),
)
LARGEST_PIPE = 256 << 20


def open_file(file: BinaryIO, name: str, options: Options = DEFAULT, wanted: Wanted = ANY) -> Table:
    """Open a table.

    Parameters
    ----------
    file : binary file
        At its beginning. Where it cannot seek and is Excel or Parquet, it is read into memory.
    name : str
        Its name, of which the suffix says what it is; without one, its first bytes do.
    options : Options
    wanted : Wanted
        By which its header is known among rows above it.

    Raises
    ------
    TableError
        Where it is of another kind than its name says, of none that can be read, or damaged.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in OTHERS:
        raise TableError(f"{name} {OTHERS[suffix]}")
    start = file.read(512)
    if file.seekable():
        file.seek(0)
    else:
        file = io.BufferedReader(Rejoined(start, file))
    found = _kind(start)
    if found in OTHERS:
        raise TableError(f"{name} {OTHERS[found]}")
    kind = SUFFIXES.get(suffix, found or "csv")
    _check(kind, found, start, name, suffix)
    if kind == "csv":
        return CsvReader(file, name, options, wanted)
    if kind == "jsonl":
        from satchel.tables.jsonl import JsonLinesReader

        return JsonLinesReader(file, name, options, wanted)
    if not file.seekable():
        data = file.read(LARGEST_PIPE + 1)
        if len(data) > LARGEST_PIPE:
            raise TableError(
                f"{name} has more than {LARGEST_PIPE >> 20} MB, which are held in memory where "
                "they come through a pipe; give the file by its name"
            )
        file = io.BytesIO(data)
    if kind == "xlsx":
        from satchel.tables.excel import ExcelReader

        return ExcelReader(file, name, options, wanted)
    from satchel.tables.arrow import ParquetReader

    return ParquetReader(file, name, options, wanted)


def _kind(start: bytes) -> str:
    """Return what a file is by how it begins; nothing where that is text."""
    if start.startswith(b"PK\x03\x04"):
        if b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in start:
            return ".ods"
        return "xlsx"
    for beginning, kind in _BEGINNINGS:
        if start.startswith(beginning):
            return kind
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if text.startswith(b'{"') else ""


def _check(kind: str, found: str, start: bytes, name: str, suffix: str) -> None:
    if kind == found or (kind in ("csv", "jsonl") and found in ("", "jsonl")):
        return
    if found in ("xlsx", "parquet"):
        remedy = f"name it {PurePath(name).stem}.{found}"
        raise TableError(f"{name} is {NAMES[found]}, not {NAMES[kind]} as its name says; {remedy}")
    what = "is empty" if not start else f"is not {NAMES[kind]}"
    is_text = start and b"\0" not in start
    remedy = "it looks like text: name it .csv" if is_text else "save or export it again"
    raise TableError(f"{name} {what}, although its name ends in {suffix}; {remedy}")
