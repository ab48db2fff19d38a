"""Progress of long work, on a terminal: how much is done, how fast, and how long the rest takes."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

FIRST, BETWEEN = 0.5, 0.1  # seconds until the line is shown, and until it is shown anew


def progress(
    items: Iterable[T],
    what: str,
    unit: str = "rows",
    total: int | None = None,
    done: Callable[[], int] | None = None,
) -> Iterator[T]:
    """Yield `items`, showing how many have come by, under the title `what`.

    Parameters
    ----------
    items : iterable
    what, unit : str
        What is shown, and what is counted; ``B`` for bytes.
    total : int or None
        How much there is of it, for the time left.
    done : callable or None
        Returns how much of it is done; without it the items themselves are counted.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    start = time.monotonic()
    due = start + FIRST
    shown = False
    try:
        for count, item in enumerate(items):
            now = time.monotonic()
            if now >= due:
                line = state(count if done is None else done(), total, unit, now - start)
                width = shutil.get_terminal_size().columns - 1
                print(f"\r{f'{what} {line}':{width}.{width}}", end="", file=sys.stderr, flush=True)
                due, shown = now + BETWEEN, True
            yield item
    finally:
        if shown:
            print(f"\r{'':{shutil.get_terminal_size().columns - 1}}\r", end="", file=sys.stderr)


def state(done: int, total: int | None, unit: str, seconds: float) -> str:
    """Return what there is to say: ``45% of 120 MB, 38.2 MB a second, 0:02 left``."""
    rate = done / seconds
    speed = f"{amount(rate, unit)} a second"
    if not total:
        return f"{amount(done, unit)}, {speed}"
    text = f"{done / total:.0%} of {amount(total, unit)}, {speed}"
    if not rate:
        return text
    minutes, left = divmod(round((total - done) / rate), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{text}, {f'{hours}:{minutes:02}' if hours else minutes}:{left:02} left"


def amount(number: float, unit: str) -> str:
    """Return a number with its unit: ``38.2 MB``, ``1,200 rows``, ``0.35 folds``."""
    if unit == "B":
        power = min(4, max(0, math.floor(math.log10(number) / 3))) if number else 0
        return f"{number / 1000**power:,.4g} {('', 'k', 'M', 'G', 'T')[power]}B"
    return f"{number:,.0f} {unit}" if number >= 10 else f"{number:.2g} {unit}"
