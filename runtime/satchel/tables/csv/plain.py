"""Plain CSV, split by numpy: lines of the same number of cells, none of which needs a parser.

A block of such lines is split in a tenth of the time that the csv module takes, and its cells are
looked up as arrays. `split` answers None for every block that could be read in another way, also
where it need not be: that one is the csv module's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.tables.table import Columnar

LONGEST_LINE = 1 << 20
WIDEST = 64
_QUOTE, _END = ord('"'), ord("\n")


class PlainRows(Columnar):
    """Rows of text cells; a row is made when it is asked for.

    Parameters
    ----------
    text : str
        Whole lines.
    letters : ndarray of uint8 or uint32
        Its code points, and `WIDEST` more of any value.
    starts, ends : ndarray of int32, shape (rows, columns)
        Where each cell lies in them.
    lines : ndarray of int32, shape (rows, 2)
        Where each line begins, and where it ends before its line end.
    delimiter : str
        What separates the cells.
    """

    def __init__(
        self,
        text: str,
        letters: NDArray[Any],
        starts: NDArray[np.int32],
        ends: NDArray[np.int32],
        lines: NDArray[np.int32],
        delimiter: str,
    ) -> None:
        self.delimiter = delimiter
        self._text, self._letters, self._lines = text, letters, lines
        self._starts, self._ends = starts, ends

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: Any) -> Any:
        """Return the cells of one row, or some rows for a slice."""
        if isinstance(row, slice):
            parts = (self._starts[row], self._ends[row], self._lines[row])
            return PlainRows(self._text, self._letters, *parts, self.delimiter)
        places = zip(self._starts[row].tolist(), self._ends[row].tolist(), strict=True)
        return [self._text[start:end] for start, end in places]

    def __iter__(self) -> Iterator[list[str]]:
        return (self[row] for row in range(len(self)))

    @property
    def width(self) -> int:
        """How many cells each row has."""
        return int(self._starts.shape[1])

    def column(self, place: int) -> NDArray[np.str_] | list[str]:
        """Return the cells of one column: as an array, unless one is very long."""
        starts = self._starts[:, place]
        lengths = self._ends[:, place] - starts
        width = max(1, int(lengths.max(initial=0)))
        if width > WIDEST:
            ends = self._ends[:, place].tolist()
            return [self._text[a:b] for a, b in zip(starts.tolist(), ends, strict=True)]
        letters = self._letters
        shape, step = (len(letters) - width + 1, width), letters.strides[0]
        windows: NDArray[Any] = np.ndarray(shape, letters.dtype, letters, 0, (step, step))
        cells = windows[starts].astype(np.uint32, copy=False)
        if lengths.min(initial=0) < width:
            # numpy ends a text where nothing but NUL follows.
            cells *= np.tri(width + 1, width, -1, np.uint32).take(lengths, axis=0)
        return cells.view(f"U{width}")[:, 0]

    def lines(self) -> list[str]:
        """Return each row as it was written, without its line end."""
        return [self._text[start:end] for start, end in self._lines.tolist()]

    def beginning_with(self, letters: Iterable[str]) -> list[int]:
        """Return the rows in which a cell begins with one of some letters."""
        found = np.isin(self._letters[self._starts], [*map(ord, letters)])
        found &= self._starts < self._ends
        return np.flatnonzero(found.any(axis=1)).tolist()


def split(text: str, delimiter: str, width: int) -> PlainRows | None:
    """Split whole lines into cells; None where they are not plain.

    They are where every line has `width` cells, all end in a line feed or all in both a carriage
    return and that, and quotation marks enclose whole cells or stand nowhere. What is too long for
    the csv module, or holds NUL, is left to it as well.

    Parameters
    ----------
    text : str
        The last line may lack its end.
    delimiter : str
        One letter.
    width : int
    """
    if not text.endswith("\n"):
        text += "\r\n" if "\r" in text else "\n"
    count = text.count("\n")
    returns = text.count("\r")
    if "\0" in text or returns not in (0, count) or returns != text.count("\r\n"):
        return None
    letters = _letters(text)
    separators = np.flatnonzero((letters == ord(delimiter)) | (letters == _END)).astype(np.int32)
    if len(separators) != count * width:
        return None
    ends = separators.reshape(count, width)
    if (letters[ends[:, -1]] != _END).any():
        return None
    starts = np.concatenate([[0], separators[:-1] + 1]).astype(np.int32).reshape(count, width)
    ends[:, -1] -= returns > 0
    lines = np.stack([starts[:, 0], ends[:, -1]], axis=1)
    longest = (lines[:, 1] - lines[:, 0]).max(initial=0)
    lengths = ends - starts
    if longest >= LONGEST_LINE - 2 or lengths.max(initial=0) > csv.field_size_limit():
        return None
    if width == 1 and not lengths.all():  # an empty line is no row
        return None
    if '"' in text:
        opened = letters[starts] == _QUOTE
        closed = (letters[ends - 1] == _QUOTE) & (lengths >= 2)
        # None within a cell then: each of these has two at its ends, and there are no more.
        if (opened != closed).any() or text.count('"') != 2 * int(opened.sum()):
            return None
        starts += opened
        ends -= opened
    padding = np.zeros(WIDEST, letters.dtype)
    return PlainRows(text, np.concatenate([letters, padding]), starts, ends, lines, delimiter)


def _letters(text: str) -> NDArray[Any]:
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        return np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint32)
