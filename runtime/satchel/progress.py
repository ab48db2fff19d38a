"""Progress of long work, on a terminal: how much is done, how fast, and how long the rest takes."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

FIRST, BETWEEN = 0.5, 0.1  # seconds until the line is shown, and until it is shown anew


class Meter:
    """Shows on a terminal how much is done, where that takes longer; on leaving it is wiped off.

    Parameters
    ----------
    what : str
        What is being done, for the title.
    """

    def __init__(self, what: str) -> None:
        self._what, self._shown = what, False
        self._start = time.monotonic()
        self._due = self._start + FIRST
        self._visible = sys.stderr.isatty()

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print(f"\r{'':{_width()}}\r", end="", file=sys.stderr)

    def __call__(self, done: float, total: int | None, unit: str) -> None:
        """Show that so many are done of a total, which may be unknown; ``B`` are bytes."""
        now = time.monotonic()
        if not self._visible or now < self._due:
            return
        line, width = state(done, total, unit, now - self._start), _width()
        text = f"{self._what} {line}"
        print(f"\r{text:{width}.{width}}", end="", file=sys.stderr, flush=True)
        self._due, self._shown = now + BETWEEN, True


def _width() -> int:
    return shutil.get_terminal_size().columns - 1


def progress(
    items: Iterable[T], what: str, unit: str = "rows", total: int | None = None
) -> Iterator[T]:
    """Yield `items`, showing how many of `total` have come by, under the title `what`."""
    with Meter(what) as meter:
        for count, item in enumerate(items):
            meter(count, total, unit)
            yield item


def state(done: float, total: int | None, unit: str, seconds: float) -> str:
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
