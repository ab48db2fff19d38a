"""The parts of a workbook, read with limits: a small file may unpack to any size.

A part is counted as it is unpacked, before it reaches the parser, which makes objects of many times
its size.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from satchel.errors import TableError
from satchel.sentence import Sentence

SHEETS, STRINGS = "xl/worksheets/", "xl/sharedStrings"
UNREAD = ("xl/media/", "xl/embeddings/", "xl/drawings/", "xl/charts/", "xl/pivotCache/")
# Bytes that a part may have, unpacked.
LARGEST = {SHEETS: 4 << 30, STRINGS: 128 << 20, "": 16 << 20}
HIGHEST_RATIO = 250  # of sheets of numbers 5 to 30
RATIO_FROM = 1 << 20
MOST_PARTS = 2000
MOST_TAGS = 100_000  # other than those of cells: of each some kilobytes of objects are made

_CELLS = [b"<c ", b"</c>", b"<v>", b"</v>", b"<row ", b"</row>", b"<f", b"</f>", b"<t", b"</t>"]
_CELLS += [b"<is>", b"</is>"]
_PREFIXED = re.compile(rb"</?\w+:(?:c|v|row|f|t|is)\b")
_DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_OVERLAP = 64
_BLOCK = 1 << 16


class Parts(zipfile.ZipFile):
    """The archive of a workbook, of which every part is read with limits.

    Parameters
    ----------
    file : binary file
    name : str
        Its name, for messages.
    unlimited : bool
        Whether the file is trusted, and may unpack to any size.

    Raises
    ------
    TableError
        Where a part unpacks to more than is safe, here by what it declares, or later as it is read.
    """

    def __init__(self, file: BinaryIO, name: str, unlimited: bool) -> None:
        super().__init__(file)
        self._name, self._unlimited = name, unlimited
        if not unlimited:
            self._check_declared()

    def _check_declared(self) -> None:
        parts = self.infolist()
        if len(parts) > MOST_PARTS:
            raise self._unsafe(Sentence("it has {count:,} parts", count=len(parts)))
        for one in parts:
            if one.filename.startswith(UNREAD):
                continue
            dense = one.file_size > RATIO_FROM and one.file_size > HIGHEST_RATIO * one.compress_size
            if dense or one.file_size > _most(one.filename):
                raise self._unsafe(
                    Sentence(
                        "{part} in it unpacks to {size:,} bytes",
                        part=one.filename,
                        size=one.file_size,
                    )
                )

    def open(self, name: Any, *_: Any, **__: Any) -> IO[bytes]:
        """Open a part for reading."""
        part = super().open(name)
        if self._unlimited:
            return part
        title = name.filename if isinstance(name, zipfile.ZipInfo) else str(name)
        return io.BufferedReader(_Counted(part, title, self), _BLOCK)

    def _unsafe(self, what: Sentence) -> TableError:
        return TableError(
            "{name}: {what}, more than is safe; save the table as 'CSV UTF-8' instead",
            ", or say --unlimited where you trust the file",
            name=self._name,
            what=what,
        )


class _Counted(io.RawIOBase):
    """A part that is looked at as it is unpacked."""

    def __init__(self, part: IO[bytes], title: str, parts: Parts) -> None:
        self._part, self._title, self._parts = part, title, parts
        self._tags, self._last = 0, b""
        self._most = MOST_TAGS * (1000 if title.startswith(STRINGS) else 1)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._part.read(len(buffer))
        self._check(block)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the part."""
        self._part.close()
        super().close()

    def _check(self, block: bytes) -> None:
        # A part in UTF-16 has a NUL beside each letter of ASCII.
        plain = (self._last + block).replace(b"\0", b"")
        if _DECLARED.search(plain):
            raise self._parts._unsafe(
                Sentence("{part} in it declares a document type", part=self._title)
            )
        # A name may have a prefix, which few programs write.
        cells = len(_PREFIXED.findall(block)) if b":row" in block else 0
        self._tags += block.count(b"<") - sum(map(block.count, _CELLS)) - cells
        if self._tags > self._most:
            raise self._parts._unsafe(
                Sentence(
                    "{part} in it holds more than {most:,} marks", part=self._title, most=self._most
                )
            )
        self._last = block[-_OVERLAP:]


def shared_strings(source: IO[bytes]) -> list[str]:
    """Return the texts that the cells of a workbook share.

    openpyxl makes some kilobytes of objects for each run of letters of one format, of which only
    the letters count.
    """
    found: list[str] = []
    pieces: list[str] = []
    place: list[str] = []

    def started(tag: str, _: dict[str, str]) -> None:
        place.append(tag.rpartition(" ")[2])
        if place[-1] == "si":
            pieces.clear()

    def ended(tag: str) -> None:
        if place.pop() == "si":
            found.append("".join(pieces).replace("x005F_", ""))

    def said(text: str) -> None:
        if place and place[-1] == "t" and "rPh" not in place:  # rPh says how Japanese is spoken
            pieces.append(text)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = started, ended
    parser.CharacterDataHandler = said
    parser.ParseFile(source)
    return found


def _most(title: str) -> int:
    return next(size for part, size in LARGEST.items() if title.startswith(part))
