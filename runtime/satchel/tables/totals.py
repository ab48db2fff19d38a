"""What a table itself says that its marks are out of: in a row of totals, or in names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from satchel.sentence import Sentence
from satchel.spec import Number, Spec
from satchel.tables.mapping import Held, TableMapping, read_columns, takes_total
from satchel.tables.marks import full_marks
from satchel.tables.students import POINTS, STATISTICS, VOCABULARY, plain_label
from satchel.tables.table import Chunk, Row, Table, clean_name, is_blank
from satchel.values import plain, read_number

PATIENCE = 20  # rows among which those that say totals are looked for
# "Midterm [Total Pts: 80 Score]", "Grade/10.00", "Lecture /20", "Test (out of 25)".
_TOTAL_IN_NAME = re.compile(
    r"(?:\[total (?:pts|points|de puntos)[^\d\]]*|(?<![\d\s])\s*/\s*|\b(?:out of|von|sur|de) )"
    r"(\d{1,4}(?:[.,]\d{1,2})?)(?: ?(?:pts|points|punkte|puntos|score)\b)?[^/\d]*$",
    re.IGNORECASE,
)
# Beside marks Blackboard and Moodle give percentages and letters, under the same total.
_NO_MARKS = re.compile(r"percent|letter|%|prozent|pourcentage|porcentaje|letra", re.IGNORECASE)


def with_totals(
    spec: Spec, table: Table, first: Chunk, mapping: TableMapping
) -> tuple[TableMapping, list[str]]:
    """Return a mapping with the totals that the table says where none was said, and what it says.

    Parameters
    ----------
    spec : Spec
    table : Table
        Its names, and the rows above them.
    first : Chunk
        The first rows below them.
    mapping : TableMapping
    """
    features = {feature.name: feature for feature in spec.inputs.features}
    names = [clean_name(name) for name in table.header]
    held = read_columns(spec, mapping.columns)
    # In the order of who counts more: a row of totals, one above the header, the names.
    said = [*_rows_of_totals(table, first), (Sentence("The header"), totals_in_names(names))]
    found: dict[str, float] = {}
    remarks: list[str] = []
    for where, totals in said:
        new = {}
        for place, total in totals.items():
            name = names[place] if place < len(names) else ""
            one = held.get(name, Held(name))
            feature = features.get(one.field)
            if not isinstance(feature, Number) or one.total is not None or name in found:
                continue
            if takes_total(feature) and total != full_marks(feature):
                new[name] = total
        if new:
            listed = ", ".join(f"{name} {plain(total)}" for name, total in new.items())
            remarks.append(
                Sentence(
                    "{where} says what the marks are out of: {listed}", where=where, listed=listed
                )
            )
            found |= new
    return (mapping.with_totals(found) if found else mapping), remarks


def _rows_of_totals(table: Table, first: Chunk) -> Iterator[tuple[Sentence, dict[int, float]]]:
    below = zip(first.numbers[:PATIENCE], first.rows[:PATIENCE], strict=True)
    for number, row in (*below, *enumerate(table.titles, 1)):
        if totals := totals_of(row):
            yield Sentence("Row {number}", number=number), totals


def totals_of(row: Row) -> dict[int, float]:
    """Return by place what the marks of a table are out of, where a row says it."""
    texts = [cell for cell in row if isinstance(cell, str) and any(map(str.isalpha, cell))]
    found: dict[int, float] = {}
    if not texts or not _says_totals(plain_label(texts[0])):
        return found
    for place, cell in enumerate(row):
        try:
            number = 0.0 if is_blank(cell) else read_number(_with_point(cell))
        except ValueError:
            continue
        if number > 0:
            found[place] = number
    return found


def totals_in_names(names: Sequence[str]) -> dict[int, float]:
    """Return by place what the names of columns say that their marks are out of."""
    found = {}
    for place, name in enumerate(names):
        text = name.partition("|")[0]  # behind it Blackboard puts a number of its own
        match = _TOTAL_IN_NAME.search(text)
        if match and not _NO_MARKS.search(text):
            found[place] = float(match[1].replace(",", "."))
    return {place: total for place, total in found.items() if total > 0}


def _says_totals(plain: str) -> bool:
    words = frozenset(plain.split(" "))
    return plain == "out of" or bool(
        words <= VOCABULARY and words & POINTS and not words & STATISTICS
    )


def _with_point(cell: object) -> object:
    # A total such as 20,00 has no thousands.
    return cell.replace(",", ".") if isinstance(cell, str) and cell.count(",") == 1 else cell
