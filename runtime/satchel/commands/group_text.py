"""What `satchel evaluate --by` prints of groups; and how figures stand below each other."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from satchel.spec import Disparity, Group

GROUPS_ABREAST = 3


def group_lines(groups: Sequence[Group]) -> Iterator[str]:
    """Yield the figures of groups, a few of them side by side."""
    names = list(dict.fromkeys(name for group in groups for name in group.figures))
    for start in range(0, len(groups), GROUPS_ABREAST):
        abreast = groups[start : start + GROUPS_ABREAST]
        yield from text_table(
            [
                ["", *(textwrap.shorten(group.group, 24) for group in abreast)],
                ["rows", *(str(group.rows) for group in abreast)],
                *([name, *(_bounded(group, name) for group in abreast)] for name in names),
            ]
        )


def _bounded(group: Group, name: str) -> str:
    if name not in group.figures:
        return ""
    value, low, high = group.figures[name]
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def disparity_lines(disparities: Sequence[Disparity]) -> Iterator[str]:
    """Yield the differences between groups, and whether chance explains them."""
    if not disparities:
        return
    yield "Differences; groups drawn by lot stay below chance 19 times in 20"
    rows = [
        [
            one.name,
            f"{one.value:.3f}",
            f"{one.low:.3f} to {one.high:.3f}",
            f"{one.chance:.3f}",
            "may be chance" if one.by_chance else "more than chance",
        ]
        for one in disparities
    ]
    yield from text_table([["", "value", "95% interval", "chance", ""], *rows])


def text_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows of cells as lines, the first column to the left, the others to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [f"{first:{wide[0]}}", *(f"{c:>{w}}" for c, w in zip(rest, wide[1:], strict=True))]
        yield ("  " + "  ".join(cells)).rstrip()
