"""Text that a spreadsheet would run as a formula is made plain text on the way out.

A name such as ``=HYPERLINK(...)`` in a class list would otherwise run where the answer is opened.

References
----------
OWASP, "CSV Injection": cells that begin so get a leading apostrophe.
"""

from __future__ import annotations

import re

STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide ones are formulas too
_HARMLESS = re.compile(r"[+-]?(\d[\d., ]*|[.,]\d+)([eE][+-]?\d+)? ?%?|-[- ]*", re.ASCII)


def neutralised(cell: object) -> object:
    """Return a cell as it may stand in a spreadsheet; numbers, also as text, stay as they are."""
    if not isinstance(cell, str) or cell[:1] not in STARTS or _HARMLESS.fullmatch(cell):
        return cell
    return f"'{cell}"
