"""Workbooks that are written in memory alone: openpyxl puts each sheet into a temporary file."""

from __future__ import annotations

import io
import zipfile
from typing import Any, BinaryIO

from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter


class SheetInMemory(WorksheetWriter):  # type: ignore[misc]  # openpyxl has no types
    """Writes a sheet into memory; to be put into an `ArchiveOfSheets`."""

    def __init__(self, sheet: Any) -> None:
        super().__init__(sheet, out=io.BytesIO())
        self.write_top()

    def cleanup(self) -> None:
        """Leave nothing behind: there is no file."""


class ArchiveOfSheets(zipfile.ZipFile):
    """An archive that takes a sheet from memory where `zipfile.ZipFile` takes the path of one."""

    def write(self, filename: Any, *arguments: Any, **options: Any) -> None:
        """Put a sheet into the archive."""
        self.writestr(arguments[0], filename.getvalue())


def save_in_memory(book: Any, file: BinaryIO) -> None:
    """Write a workbook whose sheets are in memory."""
    archive = ArchiveOfSheets(file, "w", zipfile.ZIP_DEFLATED)
    ExcelWriter(book, archive).save()
