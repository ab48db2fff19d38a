"""Number formats of spreadsheets: which numbers one shows as percentages."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache

# Text in quotation marks, a sign behind a backslash, the width of a sign, a sign that fills the
# cell, a colour or condition in brackets, or one other sign.
_PARTS = re.compile(r'"[^"]*"?|[\\_*].|\[[^\]]*\]|.', re.DOTALL)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*([+-]?\d+(?:\.\d*)?)\]")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def shows_percent(number_format: str, number: float) -> bool:
    """Whether a number format shows a number as a percentage.

    The section that is for this number decides. A percent sign in quotation marks or behind a
    backslash is text: the number is then not a hundredth.

    Parameters
    ----------
    number_format : str
        Such as ``0.0%``, ``0"%"`` or ``[<1]0%;0``.
    number : float
    """
    if "%" not in number_format:
        return False
    for applies, percent in _sections(number_format):
        if applies(number):
            return percent
    return False


@lru_cache(maxsize=256)
def _sections(number_format: str) -> list[tuple[Callable[[float], bool], bool]]:
    """Return the sections for numbers: which numbers each shows, and whether as percentages."""
    sections: list[list[str]] = [[]]
    for part in _PARTS.findall(number_format):
        if part == ";":
            sections.append([])
        else:
            sections[-1].append(part)
    if len(sections) > 1 and "@" in sections[-1]:
        sections.pop()  # for text
    del sections[3:]
    # Sections without a condition of their own: positive, negative and zero. The last one takes
    # every number that is left.
    usual = ("[>0]", "[<0]") if len(sections) == 3 else ("[>=0]",)
    found = []
    for i, section in enumerate(sections):
        condition = next(filter(None, map(_CONDITION.fullmatch, section)), None)
        if condition is None and i < len(sections) - 1:
            condition = _CONDITION.fullmatch(usual[i])
        found.append((_test(condition), "%" in section))
    return found


def _test(condition: re.Match[str] | None) -> Callable[[float], bool]:
    if condition is None:
        return lambda number: True
    compare, limit = _COMPARE[condition[1]], float(condition[2])
    return lambda number: compare(number, limit)
