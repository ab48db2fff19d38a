"""Text that a spreadsheet would run as a formula is made plain text on the way out.

A name such as ``=HYPERLINK(...)`` in a class list would otherwise run where the answer is opened.
So would one behind a separator that is not the table's own: some programs part cells at them all.

References
----------
OWASP, "CSV Injection": cells that begin so get a leading apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Callable

SEPARATORS = ",;\t|"
STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide ones are formulas too
_HARMLESS = re.compile(r"[+-]?(\d[\d., ]*|[.,]\d+)([eE][+-]?\d+)? ?%?|-[- ]*", re.ASCII)


_HIDDEN = re.compile(rf"(?<=[{re.escape(SEPARATORS)}])(?=[{re.escape(''.join(sorted(STARTS)))}])")


def neutralised(cell: object) -> object:
    """Return a cell as it may stand in a spreadsheet; numbers, also as text, stay as they are."""
    if not isinstance(cell, str) or cell[:1] not in STARTS or _HARMLESS.fullmatch(cell):
        return cell
    return f"'{cell}"


def hides_formulas(mentions: Callable[[str], bool], delimiter: str) -> bool:
    """Whether a formula may stand behind a separator within a cell.

    Parameters
    ----------
    mentions : callable
        Whether a text stands in some of the cells.
    delimiter : str
        That of the table: within a cell it stands in quotation marks, which every program obeys.
    """
    others = [separator for separator in SEPARATORS if separator != delimiter]
    return any(
        mentions(start) and any(mentions(f"{separator}{start}") for separator in others)
        for start in STARTS
        if start not in others
    )


def unhidden(cell: str) -> str:
    """Return a cell with what would run behind a separator made plain text."""
    parts = _HIDDEN.split(cell)
    return parts[0] + "".join([str(neutralised(part)) for part in parts[1:]])
