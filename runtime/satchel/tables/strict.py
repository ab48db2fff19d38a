"""Workbooks saved as 'Strict Open XML Spreadsheet', read as if they were the usual kind.

The two differ in the names of their XML namespaces, and openpyxl knows those of one.
"""

from __future__ import annotations

import io
import zipfile
from typing import IO, Any, BinaryIO

from satchel.tables.workbook_parts import Parts

_STRICT = b"http://purl.oclc.org/ooxml/"
_NAMESPACES = {
    _STRICT + strict: b"http://schemas.openxmlformats.org/" + usual
    for strict, usual in (
        (b"spreadsheetml/main", b"spreadsheetml/2006/main"),
        (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
    )
}
_LONGEST = max(map(len, _NAMESPACES))
_BLOCK = 1 << 16
_BEGINNING = 4096


def is_strict(archive: zipfile.ZipFile) -> bool:
    """Whether a workbook names its parts as the strict kind does."""
    parts = [name for name in archive.namelist() if name.endswith("workbook.xml")]
    return any(_STRICT in archive.open(name).read(_BEGINNING) for name in parts)


class UsualNames(Parts):
    """The archive of a strict workbook, of which each part is read with the usual names."""

    def open(self, name: Any, *_: Any, **__: Any) -> IO[bytes]:
        """Open a part for reading."""
        return io.BufferedReader(_Translated(super().open(name)))


class _Translated(io.RawIOBase):
    def __init__(self, part: BinaryIO | IO[bytes]) -> None:
        self._part = part
        self._ready = self._kept = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            block = self._part.read(_BLOCK)
            text = self._kept + block
            for strict, usual in _NAMESPACES.items():
                text = text.replace(strict, usual)
            # The next block may hold the rest of a name that begins here.
            end = len(text) - _LONGEST + 1 if block else len(text)
            self._ready, self._kept = text[: max(end, 0)], text[max(end, 0) :]
            if not block:
                break
        data = self._ready[: len(buffer)]
        self._ready = self._ready[len(data) :]
        buffer[: len(data)] = data
        return len(data)
