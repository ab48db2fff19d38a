"""Rows of a class list that are no students: averages, totals, remarks of the program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from satchel.tables.table import Chunk, Row, column_of, is_blank
from satchel.values import read_number

NOTE = "not a student: passed through without a prediction"
MOST_LEADING = 4  # columns before the first field that may hold the label of such a row

# Labels of such rows, without dots, as `_plain` gives them.
TOTALS = frozenset(
    (
        *("out of", "points possible", "point possible", "possible points", "points available"),
        *("max points", "maximum points", "max marks", "maximum marks", "max score"),
        *("maximum score", "max grade", "maximum grade", "total points", "total marks"),
        *("full points", "full marks", "marks available", "marks out of"),
        *("max punkte", "maximale punkte", "maximale punktzahl", "mögliche punkte", "barème"),
        *("puntos posibles", "puntuación máxima", "puntaje máximo", "pontuação máxima"),
        *("punteggio massimo",),
    )
)
LABELS = TOTALS | frozenset(
    (
        *("average", "avg", "mean", "median", "mode", "std dev", "stddev", "std deviation"),
        *("standard deviation", "variance", "max", "maximum", "min", "minimum", "range"),
        *("highest", "highest mark", "highest grade", "highest score"),
        *("lowest", "lowest mark", "lowest grade", "lowest score"),
        *("total", "totals", "grand total", "sum", "count", "number of students", "pass rate"),
        *("summary", "weight", "manual posting", "read only", "read-only"),
        *("durchschnitt", "klassendurchschnitt", "gesamtdurchschnitt", "notendurchschnitt"),
        *("mittelwert", "schnitt", "standardabweichung", "summe", "anzahl", "klassenschnitt"),
        *("moyenne", "moyenne générale", "moyenne de classe", "moyenne de la classe"),
        *("moyenne du groupe", "médiane", "écart-type", "écart type", "note maximale"),
        *("note minimale", "media", "média", "promedio", "media general", "media geral"),
        *("média geral", "media generale", "media de la clase", "promedio general"),
        *("promedio de la clase", "promedio del grupo", "média da turma", "media di classe"),
        *("mediana", "desviación estándar", "desviación típica", "desvio padrão", "máximo"),
        *("mínimo", "deviazione standard", "gemiddelde", "klassengemiddelde", "medel"),
        *("medelvärde", "gjennomsnitt", "gennemsnit", "keskiarvo", "średnia", "ø"),
    )
)
# Words before a label that say whose it is.
OF = frozenset(("the", "overall", "class", "course", "group", "section", "grade", "school"))
# How a remark begins that stands alone in its row.
REMARKS = frozenset(
    (
        *("generated", "exported", "printed", "created", "produced", "downloaded", "report"),
        *("page", "date", "source", "note", "notes", "legend", "copyright", "erstellt"),
        *("exportiert", "généré", "exporté", "generado", "exportado", "gerado"),
    )
)
_BRACKETS = re.compile(r"\s*[(\[].*[)\]]$", re.DOTALL)
# By these letters a cell may be a label or remark: most names are told apart at once.
_FIRST = 3
_BEGINNINGS = frozenset(
    (text + end)[:_FIRST] for text in LABELS | OF | REMARKS for end in ("", ":", ".", " ")
)
_SPELLED = np.array(
    sorted({spelled for text in _BEGINNINGS for spelled in (text, text.title(), text.upper())})
)


@dataclass(frozen=True, slots=True)
class Passed:
    """A row that is no student.

    Attributes
    ----------
    row : sequence
    number : int
        Where it stands in the table.
    """

    row: Row
    number: int


def is_student(row: Row) -> bool:
    """Whether a row may be a student's, by its first text and what stands beside it."""
    filled = [cell for cell in row if not is_blank(cell)]
    texts = [cell for cell in filled if isinstance(cell, str) and any(map(str.isalpha, cell))]
    if not texts:
        return True
    label = _plain(texts[0])
    if len(filled) == 1 and _is_remark(label):
        return False
    if not _is_label(label):
        return True
    # One word may be a name too: then the row holds other texts.
    return " " not in label and len(texts) > 1


def totals_of(row: Row) -> dict[int, float]:
    """Return by place what the marks of a table are out of, where a row says it."""
    texts = [cell for cell in row if isinstance(cell, str) and any(map(str.isalpha, cell))]
    found: dict[int, float] = {}
    if not texts or _plain(texts[0]) not in TOTALS:
        return found
    for place, cell in enumerate(row):
        try:
            number = 0.0 if is_blank(cell) else read_number(cell)
        except ValueError:
            continue
        if number > 0:
            found[place] = number
    return found


def students(
    chunks: Iterable[Chunk], fields: Iterable[int], width: int
) -> Iterator[Chunk | Passed]:
    """Yield the chunks of a table without the rows that are no students, and these, in order.

    Parameters
    ----------
    chunks : iterable of Chunk
    fields : iterable of int
        The places of the columns that hold fields of the model: a label stands before them.
    width : int
        Number of columns.
    """
    leading = range(max(1, min(min(fields, default=width), MOST_LEADING)))
    for chunk in chunks:
        start = 0
        for i in _candidates(chunk.rows, leading):
            if is_student(chunk.rows[i]):
                continue
            if start < i:
                yield Chunk(chunk.rows[start:i], chunk.numbers[start:i])
            yield Passed(chunk.rows[i], chunk.numbers[i])
            start = i + 1
        if start < len(chunk.rows):
            yield Chunk(chunk.rows[start:], chunk.numbers[start:]) if start else chunk


def _plain(text: str) -> str:
    """Return a label without case, brackets behind it, dots, and needless spaces."""
    text = " ".join(text.casefold().replace(".", " ").split())
    return _BRACKETS.sub("", text).strip(": ")


def _is_label(plain: str) -> bool:
    words = plain.split(" ")
    while len(words) > 1 and words[0] in OF:
        if plain in LABELS:
            return True
        words = words[1:]
        plain = " ".join(words)
    return plain in LABELS


def _is_remark(label: str) -> bool:
    """Whether a text that stands alone in its row is no name but a remark of a program."""
    return label.split(" ", 1)[0].rstrip(":") in REMARKS


def _candidates(rows: Sequence[Row], leading: range) -> list[int]:
    """Return the rows that need a look: a leading cell is a label, or all of them are blank."""
    found: set[int] = set()
    blank: set[int] | None = None
    for place in leading:
        column = column_of(rows, place)
        if isinstance(column, np.ndarray) and column.dtype.kind == "U":
            likely = np.isin(column.astype(f"U{_FIRST}"), _SPELLED) | (column.astype("U1") == " ")
            found.update(i for i in np.flatnonzero(likely).tolist() if _begins(str(column[i])))
            empty = set(np.flatnonzero(column == "").tolist())
            blank = empty if blank is None else blank & empty
            continue
        if len(column) < len(rows):  # some rows are too short
            column = [row[place] if place < len(row) else None for row in rows]
        found.update(i for i, cell in enumerate(column) if _begins(cell))
        empty = {i for i, cell in enumerate(column) if is_blank(cell)}
        blank = empty if blank is None else blank & empty
    return sorted(found | (blank or set()))


def _begins(cell: object) -> bool:
    if not isinstance(cell, str) or cell.lstrip()[:_FIRST].casefold() not in _BEGINNINGS:
        return False
    plain = _plain(cell)
    return _is_label(plain) or _is_remark(plain)
