"""Plain CSV, split by numpy: whole lines of cells that need no parser.

A block of such lines is split in a tenth of the time that the csv module takes, and its cells are
looked up as arrays. `split` answers None for every block that could be read in another way, also
where it need not be: that one is the csv module's.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.tables.table import Columnar, is_blank

LONGEST_LINE = 1 << 20
WIDEST = 64
_QUOTE, _RETURN, _END = ord('"'), ord("\r"), ord("\n")
_LATIN_SPACES, _OTHER_SPACES = (0x85, 0xA0), 0x1680  # beyond ASCII; the latter is the first of many


class PlainRows(Columnar):
    """Rows of text cells; a row is made when it is asked for.

    Parameters
    ----------
    text : str
        Whole lines.
    letters : ndarray of uint8 or uint32
        Its code points, and `WIDEST` more of any value.
    starts, ends : ndarray of int32, shape (rows, columns)
        Where each cell lies in them, without the quotation marks around it. One that its line
        left out lies at the end of that.
    written : ndarray of int32, shape (rows,), or None
        How many of its cells each line holds, where not all hold all.
    doubled : collection of int
        Columns in which quotation marks are doubled, within those around a cell.
    delimiter : str
        What separates the cells.
    """

    def __init__(
        self,
        text: str,
        letters: NDArray[Any],
        starts: NDArray[np.int32],
        ends: NDArray[np.int32],
        written: NDArray[np.int32] | None,
        doubled: Collection[int],
        delimiter: str,
    ) -> None:
        self.delimiter = delimiter
        self._text, self._letters = text, letters
        self._starts, self._ends = starts, ends
        self._written, self._doubled = written, doubled

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: Any) -> Any:
        """Return the cells of one row, or some rows for a slice or an array of rising places."""
        if isinstance(row, slice | np.ndarray):
            return PlainRows(
                self._text,
                self._letters,
                self._starts[row],
                self._ends[row],
                None if self._written is None else self._written[row],
                self._doubled,
                self.delimiter,
            )
        places = zip(self._starts[row].tolist(), self._ends[row].tolist(), strict=True)
        cells = [self._text[start:end] for start, end in places]
        for place in self._doubled:
            cells[place] = cells[place].replace('""', '"')
        return cells

    def __iter__(self) -> Iterator[list[str]]:
        return (self[row] for row in range(len(self)))

    @property
    def width(self) -> int:
        """How many cells each row has."""
        return int(self._starts.shape[1])

    def mentions(self, text: str) -> bool:
        """Whether a text stands in some cell of the block that these rows are of."""
        return text in self._text

    def column(self, place: int) -> NDArray[np.str_] | list[str]:
        """Return the cells of one column: as an array, unless one is very long."""
        starts = self._starts[:, place]
        lengths = self._ends[:, place] - starts
        width = max(1, int(lengths.max(initial=0)))
        if width > WIDEST:
            ends = self._ends[:, place].tolist()
            texts = [self._text[a:b] for a, b in zip(starts.tolist(), ends, strict=True)]
            doubled = place in self._doubled
            return [one.replace('""', '"') for one in texts] if doubled else texts
        letters = self._letters
        shape, step = (len(letters) - width + 1, width), letters.strides[0]
        windows: NDArray[Any] = np.ndarray(shape, letters.dtype, letters, 0, (step, step))
        cells = windows[starts].astype(np.uint32, copy=False)
        if lengths.min(initial=0) < width:
            # numpy ends a text where nothing but NUL follows.
            cells *= np.tri(width + 1, width, -1, np.uint32).take(lengths, axis=0)
        column = cells.view(f"U{width}")[:, 0]
        if place in self._doubled:
            for row in np.flatnonzero((cells == _QUOTE).any(axis=1)).tolist():
                column[row] = column[row].replace('""', '"')
        return column

    def written(self, places: Sequence[int]) -> list[str]:
        """Return some cells of each row as they were written, separated as they were."""
        runs: list[list[int]] = []
        for place in places:
            if runs and place == runs[-1][1] + 1:
                runs[-1][1] = place
            else:
                runs.append([place, place])
        in_order = all(one < other for one, other in itertools.pairwise(places))
        if len(runs) > 1 and in_order and self._written is None and len(self):
            return self._cut_out(runs)
        parts = [self._run(first, last) for first, last in runs]
        if len(parts) == 1:
            return parts[0]
        return list(map(self.delimiter.join, zip(*parts, strict=True)))

    def _cut_out(self, runs: Sequence[Sequence[int]]) -> list[str]:
        """Return several runs of neighbouring cells, by leaving out the letters between them."""
        firsts, lasts = zip(*runs, strict=True)
        starts, ends = self._starts[:, firsts], self._ends[:, lasts]
        if '"' in self._text:
            starts = starts - (self._letters.take(starts - 1) == _QUOTE)
            ends = ends + (self._letters.take(ends) == _QUOTE)
        starts[:, 1:] -= 1  # the delimiter before it
        lengths = (ends - starts).sum(axis=1)
        begin, end = int(starts[0, 0]), int(ends[-1, -1]) + 1
        inside = np.zeros(end - begin, np.uint8)
        inside[starts - begin] = 1
        inside[ends - begin] ^= 1  # where an empty cell comes first, that is its start too
        np.bitwise_xor.accumulate(inside, out=inside)
        kept = self._letters[begin:end][inside.view(bool)]
        text = kept.tobytes().decode("latin-1" if kept.itemsize == 1 else "utf-32-le")
        stops = np.cumsum(lengths)
        pairs = zip((stops - lengths).tolist(), stops.tolist(), strict=True)
        return [text[start:end] for start, end in pairs]

    def _run(self, first: int, last: int) -> list[str]:
        """Return neighbouring cells of each row as they were written, marks and all."""
        starts, ends = self._starts[:, first], self._ends[:, last]
        opened = self._letters.take(starts - 1) == _QUOTE
        closed = self._letters.take(ends) == _QUOTE
        if self._written is None:
            pairs = zip((starts - opened).tolist(), (ends + closed).tolist(), strict=True)
            return [self._text[start:end] for start, end in pairs]
        opened &= self._written > first  # otherwise that mark is an earlier cell's
        left_out = last - np.clip(self._written - 1, first, last)
        ranges = ((starts - opened).tolist(), (ends + closed).tolist(), left_out.tolist())
        marks = [self.delimiter * n for n in range(last - first + 1)]
        return [self._text[a:b] + marks[n] for a, b, n in zip(*ranges, strict=True)]

    def beginning_with(self, letters: Iterable[str], places: Sequence[int]) -> list[int]:
        """Return the rows in which one of some cells begins with one of some letters."""
        codes = [ord(letter) for letter in letters if letter in self._text]
        if not codes:
            return []
        starts, ends = self._starts, self._ends
        if [*places] != [*range(self.width)]:
            starts, ends = starts[:, places], ends[:, places]
        firsts = self._letters.take(starts)
        if firsts.itemsize == 1:
            found = np.isin(np.arange(256), codes).take(firsts)
        else:
            found = np.isin(firsts, codes)
        found &= starts < ends
        rows: list[int] = np.unique(np.flatnonzero(found) // len(places)).tolist()
        return rows

    def blank(self) -> list[int]:
        """Return the rows in which all cells are blank."""
        rows = np.arange(len(self))
        for place in range(self.width):
            starts = self._starts[rows, place]
            firsts = self._letters.take(starts)
            space = (
                (firsts <= ord(" ")) | np.isin(firsts, _LATIN_SPACES) | (firsts >= _OTHER_SPACES)
            )
            rows = rows[space | (starts == self._ends[rows, place])]
            if not len(rows):
                return []
        return [row for row in rows.tolist() if all(map(is_blank, self[row]))]


def split(text: str, delimiter: str, width: int) -> PlainRows | None:
    """Split whole lines into cells; None where they need a parser.

    They do not where all lines end in a line feed, with or without a carriage return before it,
    and quotation marks enclose whole cells or are doubled within these. A line may leave out cells
    at its end, and have empty ones beyond `width`. What is too long for the csv module, or holds
    NUL, is left to it as well.

    Parameters
    ----------
    text : str
        The last line may lack its end.
    delimiter : str
        One letter.
    width : int
        How many cells a row has.

    Returns
    -------
    PlainRows or None
        One row for each that the csv module would read, an empty one for an empty line.
    """
    if not text.endswith("\n"):
        text += "\r\n" if "\r" in text else "\n"
    returns = "\r" in text
    if "\0" in text or (returns and text.count("\r") != text.count("\r\n")):
        return None
    letters = _letters(text)
    is_separator = (letters == ord(delimiter)) | (letters == _END)
    doubled: NDArray[np.intp] | None = None
    if '"' in text:
        quotes = letters == _QUOTE
        doubled = _doubled(letters, quotes, is_separator)
        if doubled is None:
            return None
        # Within marks, of which an odd number stands before it, it separates nothing.
        is_separator &= np.bitwise_xor.accumulate(quotes.view(np.uint8)) == 0
    separators = np.flatnonzero(is_separator).astype(np.int32)
    is_end = letters.take(separators) == _END
    last = np.flatnonzero(is_end).astype(np.int32)
    stops = separators
    if returns:
        stops = separators.copy()
        stops[last] -= letters.take(separators[last] - 1) == _RETURN
    count = len(last)
    lines = np.concatenate([[0], separators[last[:-1]] + 1]).astype(np.int32)
    lengths = stops[last] - lines
    written = None
    if len(separators) == count * width and (last == np.arange(1, count + 1) * width - 1).all():
        ends = stops.reshape(count, width)
        starts = np.empty_like(ends)
        starts[:, 1:] = separators.reshape(count, width)[:, :-1] + 1
    else:
        first = np.concatenate([[0], last[:-1] + 1]).astype(np.int32)
        written = last - first + 1
        cells = np.minimum(first[:, None] + np.arange(width, dtype=np.int32), last[:, None])
        ends = stops.take(cells)
        starts = np.minimum(separators.take(np.roll(cells, 1, axis=1)) + 1, ends)
        if width > 1 and '"' in text:
            alone = np.flatnonzero((written == 1) & (lengths > 0))
            pairs = zip(lines[alone].tolist(), stops[last[alone]].tolist(), strict=True)
            if any(delimiter in text[start:end] for start, end in pairs):
                return None  # marks may enclose a whole line
        # What stands beyond is no more than the delimiters before empty cells.
        beyond = written > width
        if (stops[last] - ends[:, -1] != written - width)[beyond].any():
            return None
    starts[:, 0] = lines
    if lengths.max(initial=0) >= LONGEST_LINE - 2 or (ends - starts).max() > csv.field_size_limit():
        return None
    if '"' in text:
        opened = (letters.take(starts) == _QUOTE) & (starts < ends)
        starts += opened
        ends = ends - opened
    padding = np.zeros(WIDEST, letters.dtype)
    letters = np.concatenate([letters, padding])
    columns: list[int] = []
    if doubled is not None and len(doubled):
        cell = np.searchsorted(separators, doubled)
        first = np.concatenate([[0], last + 1])[np.searchsorted(last, cell)]
        columns = np.unique(cell - first).tolist()
    return PlainRows(text, letters, starts, ends, written, columns, delimiter)


def _doubled(
    letters: NDArray[Any], quotes: NDArray[np.bool_], is_separator: NDArray[np.bool_]
) -> NDArray[np.intp] | None:
    """Return where quotation marks are doubled within cells; None where some need a parser."""
    places = np.flatnonzero(quotes)
    if len(places) % 2:
        return None
    opening, closing = places[0::2], places[1::2]
    # Before the first letter stands the last one, a line end.
    doubled = quotes.take(opening - 1)
    if not (doubled | is_separator.take(opening - 1)).all():
        return None
    after = closing + 1
    ended = is_separator.take(after) | (letters.take(after) == _RETURN) | quotes.take(after)
    return opening[doubled] if ended.all() else None


def _letters(text: str) -> NDArray[Any]:
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        return np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint32)
