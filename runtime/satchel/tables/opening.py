"""Opens a table of any format: chosen by its name, and checked by how it begins."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import BinaryIO

from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.tables.csv.reader import CsvReader
from satchel.tables.kinds import BEGINNING, OTHERS, is_archive, kind_of
from satchel.tables.pipe import Rejoined
from satchel.tables.table import ANY, DEFAULT, FileOptions, Table, Wanted

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
    "csv": Sentence("CSV"),
    "jsonl": Sentence("JSON Lines"),
    "xlsx": Sentence("an Excel workbook"),
    "parquet": Sentence("Parquet"),
}
LARGEST_PIPE = 256 << 20


def open_file(
    file: BinaryIO, name: str, options: FileOptions = DEFAULT, wanted: Wanted = ANY
) -> Table:
    """Open a table.

    Parameters
    ----------
    file : binary file
        At its beginning. Where it cannot seek and is Excel or Parquet, it is read into memory.
    name : str
        Its name, of which the suffix says what it is; without one, its first bytes do.
    options : FileOptions
    wanted : Wanted
        By which its header is known among rows above it.

    Raises
    ------
    TableError
        Where it is of another kind than its name says, of none that can be read, or damaged.
    """
    suffix = PurePath(name).suffix.lower()
    start = file.read(BEGINNING)
    if file.seekable():
        file.seek(0)
    else:
        file = io.BufferedReader(Rejoined(start, file))
        file = _in_memory(file, name) if is_archive(start) else file
    found = kind_of(file, start, suffix)
    if found in OTHERS:
        raise TableError("{name} {what}", name=name, what=OTHERS[found])
    if suffix in OTHERS and suffix != ".xls" and found not in ("xlsx", "parquet"):
        raise TableError("{name} {what}", name=name, what=OTHERS[suffix])
    # Text, and workbooks, are named .xls by programs that have no other name for a sheet.
    kind = SUFFIXES.get(suffix, found or "csv")
    _check(kind, found, start, name, suffix)
    if kind != "csv" and (options.delimiter or options.encoding):
        raise TableError(f"{name} is {NAMES[kind]}: leave --delimiter and --encoding out")
    if kind == "csv":
        return CsvReader(file, name, options, wanted)
    if kind == "jsonl":
        from satchel.tables.jsonl import JsonLinesReader

        return JsonLinesReader(file, name, options, wanted)
    if not file.seekable():
        file = _in_memory(file, name)
    if kind == "xlsx":
        from satchel.tables.excel import ExcelReader

        return ExcelReader(file, name, options, wanted)
    from satchel.tables.arrow import ParquetReader

    return ParquetReader(file, name, options, wanted)


def _in_memory(file: BinaryIO, name: str) -> BinaryIO:
    data = file.read(LARGEST_PIPE + 1)
    if len(data) > LARGEST_PIPE:
        raise TableError(
            f"{name} has more than {LARGEST_PIPE >> 20} MB, which are held in memory where "
            "they come through a pipe; give the file by its name"
        )
    return io.BytesIO(data)


def _check(kind: str, found: str, start: bytes, name: str, suffix: str) -> None:
    if kind == found or (kind in ("csv", "jsonl") and not found):
        return
    if found:
        raise TableError(
            "{name} is {found}, not {kind} as its name says; name it {right}",
            name=name,
            found=NAMES[found],
            kind=NAMES[kind],
            right=f"{PurePath(name).stem}.{found}",
        )
    is_text = start and b"\0" not in start
    raise TableError(
        "{name} {what}, although its name ends in {suffix}; {remedy}",
        name=name,
        what=Sentence("is not {kind}", kind=NAMES[kind]) if start else Sentence("is empty"),
        suffix=suffix,
        remedy=Sentence("it looks like text: name it .csv")
        if is_text
        else Sentence("save or export it again"),
    )
