"""The lines of a text file, one by one or in blocks of many."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO

from satchel.errors import TableError
from satchel.tables.csv.dialect import DOUBLED, LINE_END, MARK, not_text
from satchel.tables.csv.plain import LONGEST_LINE

BLOCK = 1 << 18  # bytes
_END_OF_FILE = "\x1a"  # of programs as old as DOS

Place = tuple[int, int, int]


class Lines:
    """Reads lines, each with its end: a line feed, a carriage return or both.

    Parameters
    ----------
    file : binary file
    encoding : str
        As Python names it.
    name : str
        Its name, for messages.
    doubled : bool
        Whether its lines end in two carriage returns and a line feed, which is read as one end.

    Attributes
    ----------
    number, blocks : int
        How many lines, and blocks of lines, have been read.

    Raises
    ------
    TableError
        Where it is not text in that encoding, or a line is too long or holds a NUL.
    """

    def __init__(self, file: BinaryIO, encoding: str, name: str, doubled: bool) -> None:
        self._file, self._encoding, self._name = file, encoding, name
        self._doubled = doubled
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._carried = ""
        self.number = self.blocks = 0
        self.put_back(self._read().lstrip(MARK))

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        """Return the next line."""
        if not self.left:
            text = self._read()
            if not text:
                raise StopIteration
            self.put_back(text)
        line = self._block.readline()
        self.number += 1
        if len(line) >= LONGEST_LINE:
            raise self._too_long()
        if "\0" in line:
            raise TableError(
                "{name}: line {line} holds a NUL byte; the file is damaged, export it again",
                name=self._name,
                line=self.number,
            )
        return line

    @property
    def left(self) -> bool:
        """Whether there are more lines in the block that the last line was of."""
        return self._block.tell() < self._size

    def block(self) -> str:
        """Return all other lines of the block, or the next one; nothing at the end.

        They are not counted, and may be put back.
        """
        return self._block.read() or self._read()

    def put_back(self, text: str) -> None:
        """Make whole lines those that come next, in place of what is left of a block."""
        self._block, self._size = io.StringIO(text, newline=""), len(text)

    def place(self) -> Place:
        """Return where the next line stands."""
        return self.blocks, self._block.tell(), self.number

    def go_back(self, place: Place) -> bool:
        """Return to a place; False where the block that it was in is gone."""
        block, position, number = place
        if block != self.blocks:
            return False
        self._block.seek(position)
        self.number = number
        return True

    def _read(self) -> str:
        while True:
            data = self._file.read(BLOCK)
            try:
                text = self._carried + self._decoder.decode(data, final=not data)
            except UnicodeError:
                raise not_text(self._name, self._encoding) from None
            cut = text.rfind("\n") + 1
            if not cut and not self._doubled:
                # A carriage return that comes last may be half of a line end.
                cut = text.rfind("\r", 0, -1) + 1
            if not data:
                text = text.removesuffix(_END_OF_FILE)
                cut = len(text)
            self._carried = text[cut:]
            if cut or not data:
                self.blocks += cut > 0
                text = text[:cut]
                return text.replace(DOUBLED, LINE_END) if self._doubled else text
            if len(text) >= LONGEST_LINE:
                self.number += 1
                raise self._too_long()

    def _too_long(self) -> TableError:
        return TableError(
            "{name}: line {line} has more than {most:,} characters; is it a table?",
            name=self._name,
            line=self.number,
            most=LONGEST_LINE,
        )
