"""JSON Lines: one object per line, its keys the names of the columns."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from satchel.errors import TableError
from satchel.tables.cells import as_json
from satchel.tables.csv.plain import LONGEST_LINE
from satchel.tables.table import ROWS_PER_CHUNK, Chunk, Options, Row, check_header, is_blank

LARGEST_CHUNK = 1 << 23  # characters; rows may be long


class JsonLinesReader:
    """Reads objects; what one of them leaves out is blank.

    Parameters
    ----------
    file : binary file
    name : str
        Its name, for messages.
    options : Options

    The attributes are those of `Table`: the columns are the keys of the first rows.

    Raises
    ------
    TableError
        Where a line is no JSON object.
    """

    kind = "jsonl"
    unit = "B"

    def __init__(self, file: BinaryIO, name: str, options: Options) -> None:
        if options.sheet or options.header_row is not None:
            raise TableError(f"{name} is JSON Lines: leave --sheet and --header-row out")
        self._name = name
        self.decimal = options.decimal or "."
        self._file = file
        self.total: int | None = None
        if file.seekable():
            self.total = file.seek(0, io.SEEK_END)
            file.seek(0)
        self.remarks: list[str] = []
        self._text = io.TextIOWrapper(file, "utf-8-sig")
        try:
            self._objects = self._read()
            self._size = 0
            first = []
            for item in self._objects:
                first.append(item)
                if len(first) == ROWS_PER_CHUNK or self._size > LARGEST_CHUNK:
                    break
            self._objects = itertools.chain(first, self._objects)
            names = dict.fromkeys(key for row, _ in first for key in row)
            # A name is the same with spaces around it, as in every other format.
            self._keys = list(names)
            self.header = check_header([key.strip() for key in names], f"{name}: the first line")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

    def done(self) -> int:
        """Return how many bytes have been read."""
        return self._file.tell() if self._file.seekable() else 0

    def chunks(self, size: int = ROWS_PER_CHUNK) -> Iterator[Chunk]:
        """Yield up to `size` rows at a time; empty ones are none."""
        chunk, known = Chunk(), set(self._keys)
        self._size = 0
        for row, number in self._objects:
            if not row.keys() <= known:
                alien = sorted(row.keys() - known)
                raise TableError(
                    f"{self._name}: line {number} has the keys {alien[:5]}, which none of the "
                    "first lines has; give all keys in the first line, null where there is none"
                )
            cells = [row.get(key) for key in self._keys]
            if not all(map(is_blank, cells)):
                chunk.add(cells, number)
            if len(chunk.rows) == size or self._size > LARGEST_CHUNK:
                yield chunk
                chunk = Chunk()
                self._size = 0
        if chunk.rows:
            yield chunk

    def _read(self) -> Iterator[tuple[dict[str, Any], int]]:
        for number in itertools.count(1):
            try:
                line = self._text.readline(LONGEST_LINE)
                if not line:
                    return
                if len(line) == LONGEST_LINE:
                    raise ValueError(f"it has more than {LONGEST_LINE:,} characters")
                if line.isspace():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError(f"it begins with {line[:20]!r}")
            except UnicodeDecodeError:
                raise TableError(
                    f"{self._name} is not UTF-8 text, which JSON Lines must be; export it again"
                ) from None
            except (ValueError, RecursionError) as error:
                raise TableError(
                    f"{self._name}: line {number} is no JSON object ({error}); JSON Lines has one "
                    'object in each line, as in {"name": "Ada"}'
                ) from None
            self._size += len(line)
            yield row, number


class JsonLinesWriter:
    """Writes one object per row.

    Parameters
    ----------
    file : binary file
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._names: list[str] = []

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows; the first row written is the header."""
        for row in rows:
            if not self._names:
                self._names = named([str(cell) for cell in row])
                continue
            plain = dict(zip(self._names, map(as_json, row), strict=True))
            self._file.write(_encoded(plain) + b"\n")

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""


def named(header: list[str]) -> list[str]:
    """Return the names of the columns, those without one by their place."""
    taken, names = set(header), []
    for place, name in enumerate(header, 1):
        while not name or (name in taken and name in names):
            name = f"column {place}" if not name else f"{name} "
        names.append(name)
    return names


def _encoded(plain: dict[str, object]) -> bytes:
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, default=str).encode()
    except (UnicodeEncodeError, ValueError):  # half a surrogate pair, or NaN within a list
        return json.dumps(plain, default=str).encode()
