"""How a CSV file is written: its encoding, what separates its cells, its decimal mark."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from satchel.errors import TableError
from satchel.tables.table import Options, Row, Wanted, find_header

DELIMITERS = ",;\t"
MARK = "\ufeff"
SAMPLE = 1 << 20  # bytes
SAMPLE_LINES = 60  # the header and some rows, also where cells hold line breaks

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# 1,234 may be a thousand or a little more than one: only what cannot be is evidence.
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")
_DECIMAL = re.compile(r"[+-]?(\d+[.,]\d*|[.,]\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written.

    Attributes
    ----------
    mark : str
        The byte order mark, or nothing.
    delimiter, line_end, decimal : str
        What separates cells, how lines end, what stands before decimals.
    encoding : str
        As Python names it.
    """

    mark: str = ""
    delimiter: str = ","
    line_end: str = "\n"
    encoding: str = "utf-8"
    decimal: str = "."


def find_encoding(file: BinaryIO, start: bytes, name: str) -> tuple[str, str]:
    """Return a text file's encoding and its byte order mark.

    Parameters
    ----------
    file : binary file
        At its beginning; where it can seek, it is read through once, and returns there: a
        byte that is not UTF-8 may stand in the last line.
    start : bytes
        What it begins with, one block at most.
    name : str
        Its name, for messages.

    Raises
    ------
    TableError
        Where it is neither UTF-8, UTF-16 with its mark, nor Windows-1252.
    """
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, MARK
    if b"\0" in start[:4096]:
        raise TableError(
            f"{name} holds NUL bytes: it is no CSV file, or UTF-16 without its mark; {_SAVE_AGAIN}"
        )
    blocks: Iterable[bytes] = [start] if len(start) == SAMPLE else [start, b""]
    if file.seekable():
        blocks = itertools.chain(iter(lambda: file.read(SAMPLE), b""), [b""])
    try:
        return ("utf-8" if _is_utf8(blocks, name) else "cp1252"), ""
    finally:
        if file.seekable():
            file.seek(0)


_SAVE_AGAIN = "save it again as 'CSV UTF-8' in the spreadsheet"


def _is_utf8(blocks: Iterable[bytes], name: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    beyond_ascii = False
    for block in blocks:
        try:
            beyond_ascii |= not decoder.decode(block, final=not block).isascii()
        except UnicodeDecodeError as error:
            beyond_ascii |= not error.object[: error.start].isascii()
            if beyond_ascii:
                # As Windows-1252 the letters that are UTF-8 would become others.
                raise TableError(
                    f"{name} is UTF-8 text in one part and not in another; {_SAVE_AGAIN}"
                ) from None
            return False
    return True


def not_text(name: str, encoding: str) -> TableError:
    """Return the error for bytes that are no text in the encoding that was found."""
    also = " nor Windows-1252" if encoding == "cp1252" else ""
    shown = {"cp1252": "UTF-8"}.get(encoding, encoding.upper())
    return TableError(f"{name} is not {shown} text{also}; {_SAVE_AGAIN}")


def find_delimiter(sample: str, wanted: Wanted, options: Options) -> str:
    """Return what separates the cells: where the header is found with most names."""

    def likelihood(delimiter: str) -> tuple[float, int]:
        rows = first_rows(sample, delimiter)
        place = find_header(rows, wanted, options.header_row)
        if place is None:
            return 0.0, max(map(len, rows), default=0)
        names = [str(cell).strip() for cell in rows[place]]
        return wanted.likeness(names), len(names)

    return max(DELIMITERS, key=likelihood)


def first_rows(sample: str, delimiter: str) -> list[Row]:
    """Return the rows that a sample begins with; what cannot be read ends them."""
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) == SAMPLE_LINES:
                break
    except csv.Error:  # told with its line when the table itself is read
        pass
    return rows


def find_line_end(sample: str) -> str:
    """Return how the first line ends that does not end within a cell."""
    for part in sample.split('"')[::2]:
        if end := _LINE_END.search(part):
            return end[0]
    return "\n"


def find_decimal(cells: Iterable[str], delimiter: str, name: str) -> str:
    """Return the decimal mark of cells that hold numbers; empty where none holds a mark.

    Raises
    ------
    TableError
        Where all that have a mark may be thousands as well.
    """
    sure = {".": 0, ",": 0}
    either = {".": "", ",": ""}
    for cell, count in Counter(cells).items():
        text = cell.strip().removesuffix("%").rstrip()
        if _EITHER.fullmatch(text):
            either["," if "," in text else "."] = text
        elif _DECIMAL.fullmatch(text):
            sure["," if "," in text else "."] += count
    if sure["."] != sure[","]:
        return max(sure, key=sure.__getitem__)
    if not sure["."] and delimiter == "," and not either[","]:
        return "."
    text = either[","] or either["."]
    if text or sure["."]:
        what = f"{text} may be a thousand or not" if text else "commas and points are mixed"
        raise TableError(
            f"{name}: which decimal mark its numbers have cannot be told ({what}); "
            "say --decimal comma or --decimal point"
        )
    return ""


def may_be_thousands(text: str) -> bool:
    """Whether a number's mark may stand before thousands as well as before decimals."""
    return _EITHER.fullmatch(text.strip()) is not None
