"""What the pages of a Parquet file say of their size, before anything is unpacked.

pyarrow makes room for what a page declares, and texts of a dictionary are repeated in each row that
names them: 30 kB may become gigabytes. The footer and the headers are read here: Thrift's compact
protocol, as https://parquet.apache.org/docs/file-format/ has them. pyarrow would show the footer,
too, but it ends the process where a part of that is damaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from satchel.errors import TableError

LARGEST_PAGE = 64 << 20  # bytes unpacked; most programs write pages of one megabyte
HIGHEST_RATIO = 250
RATIO_FROM = 1 << 20
LARGE_DICTIONARY = 1 << 16  # bytes of texts, from which on they are not repeated unseen
_HEADER = 1 << 16  # bytes of a page's header, at most
_DICTIONARY = 2
_DEPTH = 16
_TEXTS = 6  # the physical type BYTE_ARRAY
_DAMAGED = (LookupError, TypeError, ValueError, AttributeError, OSError, RecursionError)


def check_sizes(file: BinaryIO, name: str) -> list[str]:
    """Check what a file would unpack to; return the columns with large dictionaries.

    Parameters
    ----------
    file : binary file
    name : str
        For messages.

    Raises
    ------
    TableError
        Where a part unpacks to more than is safe, or a page is damaged.
    """
    large: dict[str, None] = {}
    for chunk in _chunks(file, name):
        if not chunk.values:
            continue  # nothing is there, not even a page
        _require(chunk.unpacked, chunk.packed, chunk.column, name, None)
        for kind, unpacked, packed in _pages(file, chunk, name):
            _require(unpacked, packed, chunk.column, name, LARGEST_PAGE)
            if kind == _DICTIONARY and chunk.texts and unpacked > LARGE_DICTIONARY:
                large[chunk.column] = None
    return list(large)


def unsafe(name: str, column: str, what: str) -> TableError:
    """Return the error of a column that would fill the memory."""
    return TableError(
        f"{name}: the column {column[:60]!r} {what}, more than is safe; write it as CSV instead, "
        "or say --unlimited where you trust the file"
    )


def _require(unpacked: int, packed: int, column: str, name: str, most: int | None) -> None:
    dense = unpacked > RATIO_FROM and unpacked > HIGHEST_RATIO * max(packed, 1)
    if dense or (most is not None and unpacked > most):
        raise unsafe(name, column, f"unpacks to {unpacked:,} bytes")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Where the pages of one column of a row group lie, and how large they are."""

    column: str
    texts: bool
    values: int
    unpacked: int
    packed: int
    start: int


def _chunks(file: BinaryIO, name: str) -> list[_Chunk]:
    """Return the column chunks that the footer of a file names."""
    try:
        file.seek(-8, 2)
        size = int.from_bytes(file.read(4), "little")
        file.seek(-8 - size, 2)
        footer = _Compact(file.read(size)).struct()
        columns = [column[3] for group in footer[4] for column in group[1]]
        return [
            _Chunk(
                column=str(b".".join(column[3]), "utf-8"),
                texts=column[1] == _TEXTS,
                values=int(column[5]),
                unpacked=int(column[6]),
                packed=int(column[7]),
                start=min(int(column[9]), int(column.get(11, column[9]))),
            )
            for column in columns
        ]
    except _DAMAGED:
        raise TableError(
            f"{name} is a damaged Parquet file: its end does not tell where its columns lie"
        ) from None


def _pages(file: BinaryIO, chunk: _Chunk, name: str) -> Iterator[tuple[int, int, int]]:
    """Yield the kind of each page of a column, its size unpacked, and its size."""
    start, end = chunk.start, chunk.start + chunk.packed
    while start < end:
        try:
            file.seek(start)
            header = _Compact(file.read(_HEADER))
            found = header.struct()
            kind, unpacked, packed = (int(found[field]) for field in (1, 2, 3))
        except _DAMAGED:
            raise TableError(f"{name} is a damaged Parquet file: a page has no header") from None
        if unpacked < 0 or packed < 0:
            raise TableError(f"{name} is a damaged Parquet file: a page has no size")
        yield kind, unpacked, packed
        start += header.place + packed


class _Compact:
    """Reads values of Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data, self.place = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Return the fields of a struct by their numbers."""
        found: dict[int, Any] = {}
        field = 0
        while True:
            first = self._byte()
            if first == 0:
                return found
            step, kind = first >> 4, first & 15
            field = field + step if step else _signed(self._varint())
            found[field] = kind == 1 if kind in (1, 2) else self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEPTH:
            raise ValueError("nested too deeply")
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return _signed(self._varint())
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in (9, 10):
            first = self._byte()
            count = self._varint() if first >> 4 == 15 else first >> 4
            return [self._value(first & 15, depth + 1) for _ in range(count)]
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError(f"no type {kind}")  # a header has no maps

    def _byte(self) -> int:
        self.place += 1
        return self._data[self.place - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number of too many bytes")

    def _bytes(self, count: int) -> bytes:
        self.place += count
        if self.place > len(self._data):
            raise ValueError("a value ends beyond the header")
        return self._data[self.place - count : self.place]


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
