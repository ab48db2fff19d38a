"""The row of averages that many class lists end with: it is no pupil."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from satchel.tables.table import Chunk, Row

NOTE = "a row of averages: passed through without a prediction"

_OF = r"(overall|class|course|group) "
_SURE = re.compile(
    rf"({_OF}(average|mean)|(klassen|gesamt)?durchschnitt|mittelwert"
    r"|moyenne (générale|de (la )?classe|du groupe)"
    r"|(media|média|promedio) (general|geral|generale|de la clase|da turma|di classe|del grupo))"
    r"( \(.*\))?",
    re.IGNORECASE,
)
# Also names of people: a row of averages then holds no other text.
_MAYBE = re.compile(
    r"(average|avg|mean|ø|moyenne|media|média|promedio|gemiddelde|średnia|medel|keskiarvo)"
    r"( \(.*\))?",
    re.IGNORECASE,
)


def is_average(row: Row) -> bool:
    """Whether the first text in a row says that it holds averages."""
    texts = [cell for cell in row if isinstance(cell, str) and any(map(str.isalpha, cell))]
    first = " ".join(texts[0].replace("\u00a0", " ").split()).rstrip(":. ") if texts else ""
    return bool(_SURE.fullmatch(first) or (len(texts) == 1 and _MAYBE.fullmatch(first)))


class WithoutAverage:
    """The chunks of a table without the row of averages that it may end with.

    Parameters
    ----------
    chunks : iterable of Chunk

    Attributes
    ----------
    row : sequence or None
        That row, once all chunks have gone by and where there is one.
    number : int
        Where it stood.
    """

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._chunks = chunks
        self.row: Row | None = None
        self.number = 0

    def __iter__(self) -> Iterator[Chunk]:
        last: Chunk | None = None
        for chunk in self._chunks:
            if last is not None:
                yield last
            last = chunk
        if last is None:
            return
        if is_average(last.rows[-1]):
            self.row, self.number = last.rows[-1], last.numbers[-1]
            last = Chunk(last.rows[:-1], last.numbers[:-1])
        if last.rows:
            yield last
