"""How a CSV file is written: its encoding, what separates its cells, its decimal mark.

What stands in the file is used where it says so (``sep=;``, a byte order mark), what was said
where it was (``--encoding``, ``--delimiter``); the rest is found out.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.tables.table import FileOptions, Row, Wanted, find_header, name_of
from satchel.wording import meant

DELIMITERS = ";\t|,"  # of equals the first: commas stand in texts too
MARK = "\ufeff"
SAMPLE = 1 << 20  # bytes
SAMPLE_LINES = 60  # the header and some rows, also where cells hold line breaks

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first line of a file that names its delimiter for Excel; a sheet saved again pads it.
_SEP = re.compile(r'"?sep=(\\t|[^"\r\n])"?(?:\1)* *(\r\n|\r|\n|$)', re.IGNORECASE)
# 1,234 may be a thousand or a little more than one: only what cannot be is evidence.
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
LINE_END = "\r\n"
DOUBLED = "\r\r\n"  # of a file that was written as text twice
_LINE_END = re.compile(r"\r\r\n|\r\n|\r|\n")
# Of a row's cells, one in each line: two that are halves of a number; the later of "Roe, Jo".
_HALVES = re.compile(r"^[+-]?\d+\n\d+%?$", re.ASCII | re.MULTILINE)
_LATER_NAME = re.compile(r" +[^\W\d]")
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
    sep : str
        The line that names the delimiter (``sep=;``), with its end, or nothing.
    """

    mark: str = ""
    delimiter: str = ","
    line_end: str = "\n"
    encoding: str = "utf-8"
    decimal: str = "."
    sep: str = ""


def find_encoding(file: BinaryIO, start: bytes, name: str, said: str = "") -> tuple[str, str, str]:
    """Return a text file's encoding, its byte order mark, and a remark where it was guessed.

    Parameters
    ----------
    file : binary file
        At its beginning; where it can seek, it is read through once, and returns there: a
        byte that is not UTF-8 may stand in the last line.
    start : bytes
        What it begins with, one block at most.
    name : str
        Its name, for messages.
    said : str
        The encoding, where it is not to be found out.

    Raises
    ------
    TableError
        Where nothing is known of such an encoding, or the file begins with the mark of another;
        and where none was said and it is neither UTF-8, UTF-16 nor Windows-1252.
    """
    said = _known(said) if said else ""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            if said and said.removesuffix("-sig") not in encoding:
                raise TableError(
                    "{name} begins with the mark of {encoding}, not of {said}",
                    "; leave --encoding out",
                    name=name,
                    encoding=encoding.upper(),
                    said=said,
                )
            return encoding, MARK, ""
    utf16 = _unmarked_utf16(start[:4096])
    if said:
        return (
            {"utf-8-sig": "utf-8", "utf-16": utf16 or "utf-16-le", "utf-32": "utf-32-le"}.get(
                said, said
            ),
            "",
            "",
        )
    if utf16:
        remark = Sentence(
            "{name} was read as UTF-16, although it lacks the mark of that", name=name
        )
        return utf16, "", remark
    if b"\0" in start[:4096]:
        raise TableError(
            "{name} holds NUL bytes: it is no text file; {remedy}",
            _SAY_ENCODING,
            name=name,
            remedy=_SAVE_AGAIN,
        )
    blocks: Iterable[bytes] = [start] if len(start) == SAMPLE else [start, b""]
    if file.seekable():
        blocks = itertools.chain(iter(lambda: file.read(SAMPLE), b""), [b""])
    try:
        if _is_utf8(blocks, name):
            return "utf-8", "", ""
    finally:
        if file.seekable():
            file.seek(0)
    return (
        "cp1252",
        "",
        Sentence(
            "{name} is not UTF-8 text and was read as Windows-1252 (Western European)",
            "; --encoding for another, such as cp1251",
            name=name,
        ),
    )


_SAVE_AGAIN = Sentence("save it again as 'CSV UTF-8' in the spreadsheet")
_SAY_ENCODING = ", or say its --encoding"


def _known(encoding: str) -> str:
    """Return the name that Python has for an encoding."""
    try:
        "é".encode(encoding, "replace")  # what is no encoding of text may have a codec too
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        from encodings.aliases import aliases

        raise TableError(
            f"--encoding: nothing is known of {encoding!r}"
            f"{meant(encoding, {*aliases, *aliases.values()}) or '; cp1251, for example, is'}"
        ) from None


def _unmarked_utf16(start: bytes) -> str:
    """Return in which order text is UTF-16 without its mark; nothing where it is not.

    Half of the bytes of Latin letters, digits, delimiters and line ends are then NUL.
    """
    nulls = start[0::2].count(0), start[1::2].count(0)
    if not max(nulls) or 8 * max(nulls) < len(start) or 8 * min(nulls) > max(nulls):
        return ""
    return "utf-16-be" if nulls[0] > nulls[1] else "utf-16-le"


def _is_utf8(blocks: Iterable[bytes], name: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    beyond_ascii = False
    for block in blocks:
        try:
            beyond_ascii |= not decoder.decode(block, final=not block).isascii()
        except UnicodeDecodeError as error:
            text = bytes(error.object).decode("utf-8", "replace")
            wrong = text.count("\ufffd")
            right = sum(not letter.isascii() for letter in text) - wrong
            # Two letters of another encoding may happen to be one of UTF-8.
            if beyond_ascii or right >= wrong:
                # As Windows-1252 the letters that are UTF-8 would become others.
                raise TableError(
                    "{name} is UTF-8 text in one part and not in another; {remedy}",
                    _SAY_ENCODING,
                    name=name,
                    remedy=_SAVE_AGAIN,
                ) from None
            return False
    return True


def not_text(name: str, encoding: str) -> TableError:
    """Return the error for bytes that are no text in the encoding that was said or found."""
    tried = "UTF-8 nor Windows-1252" if encoding == "cp1252" else encoding.upper()
    return TableError(
        "{name} is not {encoding} text; {remedy}",
        _SAY_ENCODING,
        name=name,
        encoding=tried,
        remedy=_SAVE_AGAIN,
    )


def find_sep(sample: str) -> tuple[str, str]:
    """Return the line that names the delimiter, with its end, and that; nothing without it."""
    found = _SEP.match(sample)
    return (found[0], {"\\t": "\t"}.get(found[1], found[1])) if found is not None else ("", "")


def find_delimiter(sample: str, wanted: Wanted, options: FileOptions) -> str:
    """Return what separates the cells, where that is not said.

    With it the header has most of the known names; where none is known, most rows have equally
    many cells, and many.
    """

    def likelihood(delimiter: str) -> tuple[float, float, bool]:
        rows = first_rows(sample, delimiter)
        sizes = Counter(map(len, filter(None, rows)))
        agreed = max((size * n for size, n in sizes.items() if size > 1), default=0)
        place = find_header(rows, wanted, options.header_row)
        likeness = 0.0 if place is None else wanted.likeness([*map(name_of, rows[place])])
        return likeness, agreed / len(rows) if rows else 0, agreed > 0 or delimiter == ","

    return max(DELIMITERS, key=likelihood)


def check_delimiter(delimiter: str) -> None:
    """Refuse a delimiter that can separate no cells."""
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise TableError(
            f"--delimiter: {delimiter!r} cannot separate cells; give one character, such as ';'"
        )


def is_padded(sample: str, delimiter: str) -> bool:
    """Whether quoted cells have spaces before them, as in ``1, "Roe, Jo", 2``.

    Otherwise no quotation mark stands so, unless it is the last of a cell or one of two.
    """
    mark = re.escape(delimiter)
    if delimiter == " " or not re.search(f'{mark} +"(?!["\r\n{mark}]|$)', sample):
        return False
    try:
        lines = io.StringIO(sample, newline="")
        rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        for _ in itertools.islice(rows, SAMPLE_LINES):
            pass
    except csv.Error:  # marks within a cell, as of a nickname
        return False
    return True


def first_rows(sample: str, delimiter: str) -> list[Row]:
    """Return the rows that a sample begins with; what cannot be read ends them."""
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            rows.append(unwrapped(row, delimiter))
            if len(rows) == SAMPLE_LINES:
                break
    except csv.Error:  # told with its line when the table itself is read
        pass
    return rows


def unwrapped(row: list[str], delimiter: str) -> list[str]:
    """Return the cells of a row; those in its only one, where marks enclose the whole line.

    So programs write lines that they took for single cells: ``"Ada,12,3"``.
    """
    if len(row) != 1 or delimiter not in row[0]:
        return row
    try:
        (cells,) = csv.reader(row, delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):  # no cells, or more than a line of them
        return row
    return cells


def find_line_end(sample: str) -> str:
    """Return how the first line ends that does not end within a cell."""
    for part in sample.split('"')[::2]:
        if end := _LINE_END.search(part):
            return end[0]
    return "\n"


def check_widths(long: Sequence[Row], count: int, width: int, name: str) -> None:
    """Refuse a table most rows of which have more cells than its header, split at commas.

    Parameters
    ----------
    long : sequence of rows
        Those of the first rows that have more cells.
    count : int
        How many rows these first ones are.
    width : int
        How many cells the header has.
    name : str
        Name of the file, for messages.

    Raises
    ------
    TableError
        Where commas within cells seem to be the reason, without quotation marks around these.
    """
    if 2 * len(long) <= count:
        return
    surplus = sum(len(row) - width for row in long)
    names = sum(_LATER_NAME.match(str(cell)) is not None for row in long for cell in row)
    decimals = sum(len(_HALVES.findall("\n".join(map(str, row)))) for row in long)
    if surplus < 2 or names + decimals < surplus:
        return  # each is refused, with its cells beyond the header
    raise TableError(
        "{name}: most rows have more cells than the header ({count}, not {width}): do {what} stand "
        "without quotation marks (save it again with semicolons between the cells)?",
        name=name,
        count=len(long[0]),
        width=width,
        what=Sentence("commas in names") if names >= surplus else Sentence("decimal commas"),
    )


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
        raise TableError(
            "{name}: which decimal mark its numbers have cannot be told ({what})",
            "; say --decimal comma or --decimal point",
            name=name,
            what=Sentence("{number} may be a thousand or not", number=text)
            if text
            else Sentence("commas and points are mixed"),
        )
    return ""


def may_be_thousands(text: str) -> bool:
    """Whether a number's mark may stand before thousands as well as before decimals."""
    return _EITHER.fullmatch(text.strip()) is not None
