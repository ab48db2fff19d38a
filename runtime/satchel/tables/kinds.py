"""What kind of file it is, by how it begins, and what to do with one that is no table."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from satchel.bundle.onnx_file import LFS_POINTER
from satchel.sentence import Sentence

BEGINNING = 4096  # bytes that are looked at

_PICTURE = Sentence("is a picture: ask for the table itself, as .xlsx or CSV")
_COMPRESSED = Sentence("is compressed: unpack it first")
_ARCHIVE = Sentence("is an archive: unpack it")


def _document(what: Sentence) -> Sentence:
    return Sentence(
        "is {what}: copy its table into a spreadsheet and save that as .xlsx", what=what
    )


# What is no table that can be read, by its name or how it begins.
OTHERS = {
    ".xls": Sentence("is an old Excel workbook, or one with a password: save it as .xlsx without"),
    ".xlsb": Sentence("is a binary Excel workbook: save it as .xlsx"),
    ".xml": Sentence("is XML: open it in a spreadsheet and save it as .xlsx"),
    ".html": Sentence("is a web page: open it in a spreadsheet and save it as .xlsx"),
    ".ods": Sentence("is an OpenDocument sheet: save it as .xlsx"),
    ".numbers": Sentence("is a sheet of Numbers: export it as .xlsx"),
    ".json": Sentence(
        "is JSON: write JSON Lines instead, one object in each line, and name it .jsonl"
    ),
    ".docx": _document(Sentence("a Word document")),
    ".doc": _document(Sentence("a Word document")),
    ".odt": _document(Sentence("an OpenDocument text")),
    ".rtf": _document(Sentence("a document")),
    ".pptx": _document(Sentence("a PowerPoint presentation")),
    ".pdf": Sentence("is a PDF: ask for the table itself, as .xlsx or CSV"),
    ".png": _PICTURE,
    ".jpg": _PICTURE,
    ".sav": Sentence("is an SPSS file: export it as CSV"),
    ".gz": _COMPRESSED,
    ".bz2": _COMPRESSED,
    ".xz": _COMPRESSED,
    ".zip": _ARCHIVE,
    ".rar": _ARCHIVE,
    ".7z": _ARCHIVE,
    "OneRoster": Sentence("is an archive: unpack it and give one of the OneRoster files in it"),
    "LFS": Sentence("is a Git LFS pointer, not the table: run git lfs pull"),
}
_BEGINNINGS = (
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0", ".xls"),
    # The first record of a workbook older than 1995, which is no compound file.
    (b"\x09\x00\x04\x00", ".xls"),
    (b"\x09\x02\x06\x00", ".xls"),
    (b"\x09\x04\x06\x00", ".xls"),
    (b"\x1f\x8b", ".gz"),
    (b"BZh", ".bz2"),
    (b"\xfd7zXZ\x00", ".xz"),
    (b"Rar!\x1a", ".rar"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"%PDF", ".pdf"),
    (b"{\\rtf", ".rtf"),
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"$FL2", ".sav"),
    (b"$FL3", ".sav"),
    (LFS_POINTER, "LFS"),
)
# By a name within an archive, the first that fits.
_PARTS = (
    (re.compile(r"xl[/\\]workbook\.bin"), ".xlsb"),
    (re.compile(r"xl[/\\]"), "xlsx"),
    (re.compile(r"word[/\\]"), ".docx"),
    (re.compile(r"ppt[/\\]"), ".pptx"),
    (re.compile(r"index[/\\]document\.iwa|index\.zip"), ".numbers"),
)
_OPEN_DOCUMENT = re.compile(rb"mimetypeapplication/vnd\.oasis\.opendocument\.(spreadsheet)?")
_ONE_ROSTER = frozenset(
    f"{name}.csv"
    for name in (
        *("academicsessions", "categories", "classes", "courses", "demographics", "enrollments"),
        *("lineitems", "orgs", "results", "users"),
    )
)
_PAGE = re.compile(
    r"(?><\?xml[^>]*>|<!--.*?-->|\s+)*+"
    r"<(!doctype html|html|head|meta|title|style|script|body|table|center|div|p|b|font)\b",
    re.IGNORECASE | re.DOTALL,
)
_SAVED_PAGE = re.compile(r"(from|mime-version|subject|date): .*multipart/related", re.I | re.DOTALL)
_XML = re.compile(r"\s*<(\?xml|!doctype|workbook|[a-z]+:)", re.IGNORECASE)
# An array, or an object that goes on in the next line.
_JSON = re.compile(r"\s*(\[\s*(\{|\[|\]\s*$)|\{\s*[\r\n]\s*\")")
_JSON_LINE = re.compile(r"\s*\{\s*\"")


def kind_of(file: BinaryIO, start: bytes, suffix: str) -> str:
    """Return what a file is: of `SUFFIXES` or `OTHERS`, or nothing where it may be plain text.

    Parameters
    ----------
    file : binary file
        Into which is looked where it is an archive; it can seek, and is left at its beginning.
    start : bytes
        What it begins with.
    suffix : str
        That of its name, for what is told by nothing else.
    """
    if is_archive(start):
        return _kind_of_archive(file, start, suffix)
    for beginning, kind in _BEGINNINGS:
        if start.startswith(beginning):
            return ".doc" if (kind, suffix) == (".xls", ".doc") else kind
    text = _text(start)
    if _PAGE.match(text) or _SAVED_PAGE.match(text):
        return ".html"
    if _XML.match(text):
        return ".xml"
    if _JSON.match(text):
        return ".json"
    return "jsonl" if _JSON_LINE.match(text) else ""


def is_archive(start: bytes) -> bool:
    """Whether a file has to be looked into."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))  # the latter is empty


def _text(start: bytes) -> str:
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if start.startswith(mark):
            return start.decode("utf-16", "ignore")
    return start.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _kind_of_archive(file: BinaryIO, start: bytes, suffix: str) -> str:
    found = _OPEN_DOCUMENT.search(start)
    if found is not None:
        return ".ods" if found[1] else ".odt"
    names = _names(file)
    if names is None:  # damaged: its reader says so
        return "xlsx" if suffix in (".xlsx", ".xlsm") or b"xl/" in start else ".zip"
    for part, kind in _PARTS:
        if any(part.match(name) for name in names):
            return kind
    within = {name.rpartition("/")[2] for name in names}
    if "manifest.csv" in within and not _ONE_ROSTER.isdisjoint(within):
        return "OneRoster"
    return ".zip"


def _names(file: BinaryIO) -> list[str] | None:
    import zipfile  # takes some milliseconds that a CSV file does not need

    try:
        with zipfile.ZipFile(file) as archive:
            return [name.lower() for name in archive.namelist()]
    except Exception:  # zipfile has no one error for what is damaged
        return None
    finally:
        file.seek(0)
