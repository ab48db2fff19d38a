"""A file that cannot seek, of which the beginning has to be looked at before it is read."""

from __future__ import annotations

import io
from typing import BinaryIO


class Rejoined(io.RawIOBase):
    """A file that cannot seek, with what has been read of it put back."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next, and return how much that is."""
        data = self._start[: len(buffer)] or self._rest.read(len(buffer))
        self._start = self._start[len(data) :]
        buffer[: len(data)] = data
        return len(data)
