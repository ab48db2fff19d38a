"""Rows of a class list that are no students: averages, totals, remarks of the program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satchel.tables.table import Chunk, Columnar, Row, column_of, is_blank

NOTE = "not a student: passed through without a prediction"
MOST_LEADING = 4  # columns before the first field that may hold the label of such a row
LONGEST_NAME = 6  # words: a longer text that stands alone in its row is a remark


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A label is made of these words alone, without dots. One of the first two groups is among them.
STATISTICS = _words(
    """
    average averages avg mean median mode variance deviation std dev stddev sd highest lowest
    range count summary rate sum durchschnitt klassendurchschnitt gesamtdurchschnitt
    notendurchschnitt notenschnitt mittelwert mw schnitt klassenschnitt standardabweichung
    anzahl beste schlechteste moyenne moy médiane écart-type écart média media promedio
    mediana desviación desvio deviazione gemiddelde klassengemiddelde medel medelvärde
    gjennomsnitt gennemsnit keskiarvo średnia ø
    """
)
POINTS = _words(
    """
    points point pts marks punkte punktzahl höchstpunktzahl gesamtpunktzahl puntos pontos
    punti punten poäng poeng pkt punkty barème
    """
)
# These are labels where they stand alone, and say totals beside points.
WHOLE = _words(
    """
    total totals max maximum min minimum possible available summe gesamt maximal mögliche
    erreichbare totaal suma razem łącznie somme soma somma máximo mínimo massimo weight due
    date muted
    """
)
OTHERS = _words(
    """
    the of and overall class course group section grade grades school score scores mark number
    students grand out posting manual read only dates pass note noten max maximale klasse der
    die das de la le du des classe groupe générale générales possibles minimale totaux general
    geral generale clase turma di del grupo máxima máximos posibles puntuación puntaje
    pontuação punteggio típica estándar padrão standard
    """
)
PHRASES = frozenset(("out of", "manual posting", "read only", "read-only", "pass rate"))
VOCABULARY = STATISTICS | POINTS | WHOLE | OTHERS
# The student whose page a teacher looks at, in any order of these words.
TESTS = frozenset(
    frozenset(words.split())
    for words in (
        *("student test", "étudiant test", "élève test", "schüler test", "estudiante prueba"),
        *("estudiante de prueba", "estudante teste", "studente prova", "student demo"),
    )
)
_PREVIEW = "_previewuser"
# How a remark begins that stands alone in its row.
REMARKS = _words(
    """
    generated exported printed created produced downloaded report page date source note notes
    legend copyright last updated key teacher end stand gedruckt erstellt exportiert généré
    exporté édité imprimé generado exportado impreso gerado
    """
)
_BRACKETS = re.compile(r"\s*[(\[].*[)\]]$", re.DOTALL)
# By these letters a cell may be a label or remark: most names are told apart at once.
_FIRST = 3
_BEGINNINGS = frozenset(
    (text + end)[:_FIRST]
    for text in VOCABULARY | REMARKS | {word for words in TESTS for word in words}
    for end in ("", ":", ".", " ", ",")
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
    if len(filled) == 1 and isinstance(filled[0], str) and _is_remark(filled[0]):
        return False
    if not texts:
        return True
    if NOTE in texts or _is_preview(texts):  # the note is that of an earlier answer
        return False
    label = plain_label(texts[0])
    if _is_test(label):
        return False
    if not _is_label(label):
        return True
    # One word may be a name too: then the row holds other texts.
    return " " not in label and len(texts) > 1


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


def plain_label(text: str) -> str:
    """Return a label without case, brackets behind it, dots, and needless spaces."""
    text = " ".join(text.casefold().replace(".", " ").split())
    return _BRACKETS.sub("", text).strip(": ")


def _is_label(plain: str) -> bool:
    words = frozenset(plain.split(" "))
    if plain in PHRASES:
        return True
    return words <= VOCABULARY and bool(words & (STATISTICS | POINTS | WHOLE))


def _is_test(plain: str) -> bool:
    words = frozenset(plain.replace(",", " ").split())
    return words in TESTS


def _is_preview(cells: Row) -> bool:
    return any(isinstance(cell, str) and cell.casefold().endswith(_PREVIEW) for cell in cells)


def _is_remark(text: str) -> bool:
    """Whether a text that stands alone in its row is no name but a remark of a program."""
    words = text.casefold().split()
    return bool(
        any(map(str.isalpha, text))
        and (
            words[0].rstrip(":") in REMARKS
            or any(sign in text for sign in "*©#:")
            or any(map(str.isdigit, text))
            or len(words) > LONGEST_NAME
        )
    )


def _candidates(rows: Sequence[Row], leading: range) -> list[int]:
    """Return the rows that need a look: a leading cell is a label, or all of them are blank."""
    found: set[int] = set()
    if not isinstance(rows, Columnar) or rows.mentions(_PREVIEW):
        found.update(i for i, row in enumerate(rows) if _is_preview(row[: len(leading)]))
    blank: set[int] | None = None
    for place in leading:
        column = column_of(rows, place)
        if isinstance(column, np.ndarray) and column.dtype.kind == "U":
            likely = np.isin(column.astype(f"U{_FIRST}"), _SPELLED) | (column.astype("U1") == " ")
            likely[likely] = _may_be_labels(column[likely])
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


def _may_be_labels(cells: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which cells hold no digits, but in brackets: of names such as Student 12 many do."""
    width = cells.dtype.itemsize // 4
    letters = np.ascontiguousarray(cells).view(np.uint32).reshape(len(cells), width)
    digits = ((letters >= ord("0")) & (letters <= ord("9"))).any(axis=1)
    brackets = ((letters == ord("(")) | (letters == ord("["))).any(axis=1)
    found: NDArray[np.bool_] = ~digits | brackets
    return found


def _begins(cell: object) -> bool:
    if not isinstance(cell, str) or cell.lstrip()[:_FIRST].casefold() not in _BEGINNINGS:
        return False
    plain = plain_label(cell)
    return _is_label(plain) or _is_test(plain)
