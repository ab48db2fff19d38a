"""What the pages of a Parquet file say of their size, before anything is unpacked.

pyarrow makes room for what a page declares, and texts of a dictionary are repeated in each row that
names them: 30 kB may become gigabytes. The headers are read here: Thrift's compact protocol, as
https://parquet.apache.org/docs/file-format/ has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from satchel.errors import TableError

LARGEST_PAGE = 64 << 20  # bytes unpacked; most programs write pages of one megabyte
HIGHEST_RATIO = 250
RATIO_FROM = 1 << 20
LARGE_DICTIONARY = 1 << 16  # bytes of texts, from which on they are not repeated unseen
_HEADER = 1 << 16  # bytes of a page's header, at most
_DICTIONARY = 2
_DEPTH = 8


def check_sizes(file: BinaryIO, metadata: Any, name: str) -> list[str]:
    """Check what a file would unpack to; return the columns with large dictionaries.

    Parameters
    ----------
    file : binary file
    metadata : pyarrow.parquet.FileMetaData
    name : str
        For messages.

    Raises
    ------
    TableError
        Where a part unpacks to more than is safe, or a page is damaged.
    """
    large: dict[str, None] = {}
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        for k in range(group.num_columns):
            chunk = group.column(k)
            column = chunk.path_in_schema
            if not chunk.num_values:
                continue  # nothing is there, not even a page
            _require(chunk.total_uncompressed_size, chunk.total_compressed_size, column, name, None)
            for kind, unpacked, packed in _pages(file, chunk, name):
                _require(unpacked, packed, column, name, LARGEST_PAGE)
                texts = chunk.physical_type == "BYTE_ARRAY"
                if kind == _DICTIONARY and texts and unpacked > LARGE_DICTIONARY:
                    large[column] = None
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


def _pages(file: BinaryIO, chunk: Any, name: str) -> Iterator[tuple[int, int, int]]:
    """Yield the kind of each page of a column, its size unpacked, and its size."""
    start = chunk.data_page_offset
    if chunk.dictionary_page_offset is not None:
        start = min(start, chunk.dictionary_page_offset)
    end = start + chunk.total_compressed_size
    while start < end:
        file.seek(start)
        header = _Compact(file.read(_HEADER))
        try:
            found = header.struct()
            kind, unpacked, packed = (int(found[field]) for field in (1, 2, 3))
        except (LookupError, TypeError, ValueError, RecursionError):
            raise TableError(f"{name} is a damaged Parquet file: a page has no header") from None
        if unpacked < 0 or packed < 0:
            raise TableError(f"{name} is a damaged Parquet file: a page has no size")
        yield kind, unpacked, packed
        start += header.place + packed


class _Compact:
    """Reads values of Thrift's compact protocol; of a struct the numbers alone are kept."""

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
            return self._skip(8)
        if kind == 8:
            return self._skip(self._varint())
        if kind in (9, 10):
            first = self._byte()
            count = self._varint() if first >> 4 == 15 else first >> 4
            for _ in range(min(count, len(self._data))):
                self._value(first & 15, depth + 1)
            return None
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

    def _skip(self, count: int) -> None:
        self.place += count
        if self.place > len(self._data):
            raise ValueError("a value ends beyond the header")


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
