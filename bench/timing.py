"""Ratios of times, measured side by side: on a busy machine both sides wait alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, the ratio, and what was promised of it."""

    what: str
    ratio: float
    promise: float
    at_least: bool = False
    unit: str = "x"
    detail: str = ""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio >= self.promise if self.at_least else self.ratio <= self.promise


def seconds(work: Work, times: int = 1) -> float:
    """Return the time of one of `times` calls."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def compare(
    work: Sequence[Work], times: Sequence[int], rounds: int = 151
) -> tuple[list[float], list[float]]:
    """Time several kinds of work in turn, round after round.

    Returns
    -------
    least : list of float
        The shortest time of one call of each.
    ratios : list of float
        Each one's shortest time over that of the first: on a machine with other work, the
        shortest of many short rounds is what comes back from run to run.
    """
    for one in work:
        one()
    gc.collect()
    gc.disable()
    try:
        table = [
            [seconds(one, n) for one, n in zip(work, times, strict=True)] for _ in range(rounds)
        ]
    finally:
        gc.enable()
    least = [min(column) for column in zip(*table, strict=True)]
    return least, [own / least[0] for own in least]


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows as a table of Markdown."""
    print("| what | measured | promised | |\n|---|---|---|---|")
    for row in rows:
        sign = "at least" if row.at_least else "at most"
        digits = 0 if row.ratio >= 100 else 1 if row.ratio >= 20 else 2
        note = "" if row.kept else "missed"
        note = "; ".join(part for part in (note, row.detail) if part)
        measured = f"{row.ratio:,.{digits}f} {row.unit}"
        print(f"| {row.what} | {measured} | {sign} {row.promise:,g} {row.unit} | {note} |")
